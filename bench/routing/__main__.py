"""Measures routing's answers in one run: `python -m bench.routing [--short]`.

The service's RPCs and their one caller share a process and an event loop, on loopback, with tokens
and row-level security as in earnest; so the times are upper bounds. The long run writes
bench/results/routing.json and its section of docs/benchmarks.md; the short one prints only. Exit
code 1: a limit was exceeded in the long run, or it could not be measured. The servers and all data
are erased at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop
from google.protobuf.message import Message

from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_service_pb2_grpc
from bench.document import write_section
from bench.routing import scenario
from bench.routing.scenario import LARGE, LONG, SHORT, Sizes
from bench.timers import servers
from chassis.clock import decision_time
from chassis.convert import to_date_message, to_timestamp
from chassis.database import Database
from chassis.migrations import migrate
from chassis.pages import PageTokens
from chassis.provision import provision, roles_of
from chassis.server import Registration
from chassis.telemetry import configure_logging
from chassis.testing import Keys, bearer, serving
from deploy.local import files
from deploy.local.layout import ROOT
from deploy.local.problem import Problem
from services.routing.app import SPEC
from services.routing.peers import Cases, Terms
from services.routing.rpc import RoutingServicer

RESULTS: Final = ROOT / "bench" / "results" / "routing.json"
# Milliseconds, of the long run.
LIMITS: Final = {
    "who_answers_p99": 5.0,
    "who_answers_past_p99": 5.0,
    "publish_matrix_max": 5000.0,
    "coverage_year_of_the_large_site_max": 2000.0,
}
_WORDS: Final = {
    "who_answers_p50": "WhoAnswersFor, now, p50",
    "who_answers_p99": "WhoAnswersFor, now, p99",
    "who_answers_past_p50": "WhoAnswersFor, an instant of the past, p50",
    "who_answers_past_p99": "WhoAnswersFor, an instant of the past, p99",
    "who_answers_by_a_past_directory_max": "the same by a directory no longer in force, longest",
    "publish_matrix_max": "PublishMatrix, 10,000 rows, longest",
    "publish_directory_of_the_large_site": "PublishDirectory, the largest site",
    "coverage_year_of_the_large_site_max": "GetCoverage over a year, the largest site, longest",
    "coverage_year_of_all_sites": "GetCoverage over a year, all sites together",
}
_SERVICE: Final = "routing"
_DATABASE: Final = "bench_routing"
# Of servers that are erased after the run.
_PASSWORD: Final = "bench"  # noqa: S105
_CALL_SECONDS: Final = 30


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.routing", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of everything")
    options = parser.parse_args(arguments)
    sizes = SHORT if options.short else LONG
    load = os.getloadavg()[0]
    configure_logging(_SERVICE, level="warning", stream=sys.stderr)
    try:
        with files.locked(ROOT / ".backstop" / "bench.lock"):
            found = uvloop.run(_run(sizes))
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    for name, milliseconds in found.items():
        limit = f"  (limit {LIMITS[name]:g})" if name in LIMITS else ""
        print(f"{name:44}{milliseconds:12.2f} ms{limit}")
    if not options.short:
        machine = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            # What else ran: above the half of the cores the times say little.
            "load_before": round(load, 2),
        }
        results = {"machine": machine, "sizes": asdict(sizes), "milliseconds": found}
        files.write(RESULTS, json.dumps(results, indent=2) + "\n")
        write_section("routing", _section(sizes, found))
        print(f"written: {RESULTS}")
    # The short run shows that it works; what it measures depends on what else runs.
    return int(not options.short and any(found[name] > limit for name, limit in LIMITS.items()))


def _section(sizes: Sizes, found: Mapping[str, float]) -> str:
    """Returns the section of docs/benchmarks.md."""
    rows = [
        f"| {words} | {found[name]:,.1f} | {f'< {LIMITS[name]:,.0f}' if name in LIMITS else ''} |"
        for name, words in _WORDS.items()
    ]
    about = (
        f"{sizes.large_units + sizes.other_units:,} units over {1 + sizes.other_sites} sites, the "
        f"largest with {sizes.large_units:,} units and {4 * sizes.large_units:,} rows of the "
        f"matrix. One caller, in the service's own process, {os.cpu_count()} cores shared with "
        "PostgreSQL; milliseconds."
    )
    return "\n".join(
        [
            "## Who answers",
            "",
            about,
            "",
            "| what | ms | goal |",
            "| --- | --- | --- |",
            *rows,
            "",
            f"- PublishMatrix: the slowest of {sizes.publications} in which every row is another.",
            f"- WhoAnswersFor: {sizes.calls:,} calls each, half of them of the largest site.",
        ]
    )


async def _run(sizes: Sizes) -> dict[str, float]:
    try:
        running = await servers.start()
        dsn = await running.fresh(_DATABASE)
        await provision(
            dsn, [_SERVICE], dict.fromkeys(roles_of([_SERVICE]), _PASSWORD), database=_DATABASE
        )
        owner = _role(dsn, "owner")
        await migrate(owner, _SERVICE, "services.routing", demonstration=False)
        app = await Database.open(_role(dsn, "app"), schema=_SERVICE)
        worker = await Database.open(_role(dsn, "worker"), schema=_SERVICE)
        try:
            with tempfile.TemporaryDirectory() as folder:
                return await _measure(app, worker, sizes, Path(folder), running, _DATABASE)
        finally:
            await app.close()
            await worker.close()
    finally:
        servers.erase()


class _Caller:
    """One person of all sites, who waits for each answer."""

    def __init__(self, stub: Any, keys: Keys) -> None:
        self._stub = stub
        self._metadata = bearer(keys.person("bench", ["ADMINISTRATOR", "CLERK"], ["*"]))

    async def ask(self, method: str, request: Message) -> tuple[Any, float]:
        """Returns the answer and the milliseconds it took."""
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined] # has the field
        call = getattr(self._stub, method)
        begun = time.perf_counter()
        answer = await call(request, timeout=_CALL_SECONDS, metadata=self._metadata)
        return answer, 1000 * (time.perf_counter() - begun)


async def _measure(
    app: Database,
    worker: Database,
    sizes: Sizes,
    folder: Path,
    running: servers.Servers,
    database: str,
) -> dict[str, float]:
    keys = Keys()
    for name in ("intake", "routing", "sla", "notify"):
        keys.service(name)
    servicer = Registration(
        descriptor=rpc.DESCRIPTOR.services_by_name["RoutingService"],
        add=routing_service_pb2_grpc.add_RoutingServiceServicer_to_server,
        servicer=RoutingServicer(
            app, worker, Cases(None), Terms(None), PageTokens(b"pepper of the bench")
        ),
    )
    async with (
        serving(servicer, keys=keys, folder=folder, reasons=SPEC.catalogue()) as (_, address),
        grpc.aio.insecure_channel(
            address, options=[("grpc.max_receive_message_length", 64 << 20)]
        ) as channel,
    ):
        caller = _Caller(routing_service_pb2_grpc.RoutingServiceStub(channel), keys)
        found: dict[str, float] = {}
        await _publish_all(caller, sizes, found)
        await running.tidy(database)
        async with worker.connection() as connection:
            now = await decision_time(connection)
        await _ask_who(caller, sizes, found, "who_answers", None)
        await _ask_who(caller, sizes, found, "who_answers_past", now)
        await _cover(caller, sizes, found, now.date())
        await _ask_of_a_past_directory(caller, sizes, found, now)
        return found


async def _publish_all(caller: _Caller, sizes: Sizes, found: dict[str, float]) -> None:
    """The first matrices of all sites, then of the large one, where every row is another."""
    begun = time.perf_counter()
    for site_id, units in sizes.sites.items():
        directory = rpc.PublishDirectoryRequest(directory=scenario.directory(site_id, units))
        _, taken = await caller.ask("PublishDirectory", directory)
        if site_id == LARGE:
            found["publish_directory_of_the_large_site"] = taken
        await caller.ask("PublishMatrix", scenario.matrix(site_id, units, 0))
    found["publish_all_sites"] = 1000 * (time.perf_counter() - begun)
    times = []
    for turn in range(1, sizes.publications + 1):
        request = scenario.matrix(LARGE, sizes.large_units, turn)
        _, taken = await caller.ask("PublishMatrix", request)
        times.append(taken)
    found["publish_matrix_max"] = max(times)


async def _ask_who(
    caller: _Caller, sizes: Sizes, found: dict[str, float], name: str, at: Any
) -> None:
    """Units by chance, of the large site as often as of all others; now, or at an instant."""
    chance = random.Random(20261123)
    sites = list(sizes.sites.items())
    times = []
    for index in range(sizes.calls + sizes.calls // 10):
        site_id, units = sites[0] if index % 2 else chance.choice(sites[1:])
        request = organisation.WhoAnswersForRequest(
            site_id=site_id, unit_id=f"u{chance.randrange(units)}"
        )
        if at is not None:
            request.at_time.CopyFrom(to_timestamp(at))
        answer, taken = await caller.ask("WhoAnswersFor", request)
        if len(answer.holders) != len(scenario.ROLES):
            raise Problem(f"{site_id} {request.unit_id}: {len(answer.holders)} holders")
        times.append(taken)
    # The first tenth warms up.
    times = sorted(times[sizes.calls // 10 :])
    found[f"{name}_p50"] = times[len(times) // 2]
    found[f"{name}_p99"] = times[len(times) * 99 // 100]


async def _ask_of_a_past_directory(
    caller: _Caller, sizes: Sizes, found: dict[str, float], at: Any
) -> None:
    """The large site, by a directory that isn't in force any more: it is read whole."""
    directory = scenario.directory(LARGE, sizes.large_units)
    directory.name = "larger"
    await caller.ask("PublishDirectory", rpc.PublishDirectoryRequest(directory=directory))
    times = []
    for number in range(20):
        request = organisation.WhoAnswersForRequest(site_id=LARGE, unit_id=f"u{number}")
        request.at_time.CopyFrom(to_timestamp(at))
        times.append((await caller.ask("WhoAnswersFor", request))[1])
    found["who_answers_by_a_past_directory_max"] = max(times)


async def _cover(caller: _Caller, sizes: Sizes, found: dict[str, float], today: Any) -> None:
    """The gaps of a year, of each site."""
    times = {}
    for site_id in sizes.sites:
        request = rpc.GetCoverageRequest(
            site_id=site_id,
            start_date=to_date_message(today),
            end_date=to_date_message(today + timedelta(days=365)),
        )
        _, times[site_id] = await caller.ask("GetCoverage", request)
    again = [(await caller.ask("GetCoverage", _year(today)))[1] for _ in range(sizes.publications)]
    found["coverage_year_of_the_large_site_max"] = max(times[LARGE], *again)
    found["coverage_year_of_all_sites"] = sum(times.values())


def _year(today: Any) -> rpc.GetCoverageRequest:
    return rpc.GetCoverageRequest(
        site_id=LARGE,
        start_date=to_date_message(today),
        end_date=to_date_message(today + timedelta(days=365)),
    )


def _role(dsn: str, kind: str) -> str:
    """The address of the bench's database for one of the service's roles."""
    address = dsn.rpartition("@")[2]
    return f"postgresql://backstop_{_SERVICE}_{kind}:{_PASSWORD}@{address}"


if __name__ == "__main__":
    sys.exit(main())

"""What is measured among some number of cases, each by calls of the real service."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_measures_pb2 as measures
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.intake.v1 import intake_service_pb2_grpc
from bench.intake import scenario
from bench.intake.scenario import SITE
from bench.timers.servers import Servers
from chassis.clock import ClockGuard
from chassis.convert import to_date_message
from chassis.database import Database
from chassis.migrations import migrate
from chassis.pages import PageTokens
from chassis.provision import provision, roles_of
from chassis.spec import Runtime
from chassis.telemetry import Tracing
from chassis.testing import Keys, bearer, serving
from deploy.local.problem import Problem
from services.intake.app import SPEC, compose
from services.intake.settings import Settings

_DATABASE: Final = "bench_intake"
# Of servers that are erased after the run.
_PASSWORD: Final = "bench"  # noqa: S105
_CALL_SECONDS: Final = 30
_EXPORT_SECONDS: Final = 300
_PAGE_LIMIT: Final = 20.0
_SEARCH_LIMIT: Final = 60.0
_FILE_LIMIT: Final = 10.0
_MONTH_LIMIT: Final = 2_000.0
_LEDGER_LIMIT: Final = 40_000.0
_LEDGER_MEMORY_LIMIT: Final = 200.0
# A percentile of a hundred needs a few beyond it; what takes long is called less often.
_SLOW_CALLS: Final = 200
_LONG_CALLS: Final = 5
# Pages from the newest to where a deep one is asked for.
_DEEP: Final = 15


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds of one kind of call, or what `unit` says; `limit` of its p99, 0 without one.

    Of fewer than a hundred calls the p99 is the longest. `rows` are those of a page.
    """

    p50: float
    p99: float
    limit: float = 0
    grows_little: bool = False
    unit: str = "ms"
    calls: int = 1
    rows: int = 0


class _Caller:
    """A director of the site, who waits for each answer."""

    def __init__(self, stub: Any, keys: Keys, calls: int) -> None:
        self._stub = stub
        self._metadata = bearer(keys.person("p17", ["DIRECTOR", "LEADER"], [SITE]))
        self._calls = calls

    async def ask(self, request: Message) -> Any:
        method = type(request).__name__.removesuffix("Request")
        return await getattr(self._stub, method)(
            request, timeout=_CALL_SECONDS, metadata=self._metadata
        )

    async def time(
        self,
        make: Callable[[], Message],
        limit: float = 0,
        *,
        grows_little: bool = False,
        check: Callable[[Any], bool] = bool,
        most: int = 0,
    ) -> Row:
        """Calls again and again, at `most` so often; Problem where an answer fails the `check`."""
        times = []
        calls = min(self._calls, most or self._calls)
        first = max(calls // 10, 1)
        for _ in range(calls + first):
            request = make()
            begun = time.perf_counter()
            answer = await self.ask(request)
            times.append(1000 * (time.perf_counter() - begun))
            if not check(answer):
                raise Problem(f"nothing was found by {request}")
        rows = len(answer.cases) if isinstance(answer, finding.ListCasesResponse) else 0
        # The first tenth warms up.
        return _row(times[first:], limit, grows_little=grows_little, rows=rows)

    async def export(self, request: Message) -> tuple[int, float]:
        """Reads a file to its end; returns its rows and how long it took, in milliseconds."""
        method = getattr(self._stub, type(request).__name__.removesuffix("Request"))
        rows, begun = 0, time.perf_counter()
        async for message in method(request, timeout=_EXPORT_SECONDS, metadata=self._metadata):
            rows = message.row_count or rows
        return rows, 1000 * (time.perf_counter() - begun)


async def among(running: Servers, count: int, calls: int, folder: Path) -> Mapping[str, Row]:
    """Makes a database of so many cases and returns what was measured there."""
    dsn = await running.fresh(_DATABASE)
    await provision(
        dsn, ["intake"], dict.fromkeys(roles_of(["intake"]), _PASSWORD), database=_DATABASE
    )
    await migrate(_role(dsn, "owner"), "intake", "services.intake", demonstration=False)
    owner = await asyncpg.connect(dsn, server_settings={"search_path": "intake"})
    try:
        await scenario.fill(owner, count, datetime.now(UTC))
    finally:
        await owner.close()
    await running.tidy(_DATABASE)
    app = await Database.open(_role(dsn, "app"), schema="intake")
    worker = await Database.open(_role(dsn, "worker"), schema="intake")
    try:
        return await _measure(app, worker, count, calls, folder)
    finally:
        await app.close()
        await worker.close()


async def _measure(
    app: Database, worker: Database, count: int, calls: int, folder: Path
) -> Mapping[str, Row]:
    keys = Keys()
    for name in ("intake", "routing", "sla", "notify"):
        keys.service(name)
    for name in ("pepper", "root_key"):
        (folder / name).write_text("YmFja3N0b3AgYmVuY2g6IDMyIGJ5dGVzIG9mIGtleSA=")
    runtime = Runtime(
        service="intake",
        settings=Settings(pepper_file=folder / "pepper", root_key_file=folder / "root_key"),
        app=app,
        worker=worker,
        channels={},
        pages=PageTokens(b"pepper of the bench"),
        guard=ClockGuard(worker),
        tracing=Tracing("intake", endpoint="", ratio=0.0),
    )
    parts = await compose(runtime)
    async with (
        serving(*parts.servicers, keys=keys, folder=folder, reasons=SPEC.catalogue()) as (
            _,
            address,
        ),
        grpc.aio.insecure_channel(
            address, options=[("grpc.max_receive_message_length", 64 << 20)]
        ) as channel,
    ):
        caller = _Caller(intake_service_pb2_grpc.IntakeServiceStub(channel), keys, calls)
        # The collector's pauses are the bench's as much as the service's.
        gc.collect()
        gc.freeze()
        found: dict[str, Row] = {}
        await _lists(caller, found)
        await _views(caller, found)
        await _words(caller, found)
        await _files(caller, found, count)
        await _documents(caller, found, count)
        return found


def _list(**fields: Any) -> Callable[[], finding.ListCasesRequest]:
    return lambda: finding.ListCasesRequest(site_id=SITE, page_size=50, **fields)


async def _lists(caller: _Caller, found: dict[str, Row]) -> None:
    """Pages of 50, the first one and a deep one, plain and filtered, in every order."""

    def full(answer: Any) -> bool:
        return len(answer.cases) == 50

    def some(answer: Any) -> bool:
        return len(answer.cases) > 0

    async def page(name: str, check: Callable[[Any], bool] = full, **fields: Any) -> None:
        make = _list(**fields)
        found[name] = await caller.time(make, _PAGE_LIMIT, grows_little=True, check=check)

    await page("ListCases, first page")
    token = ""
    for _ in range(_DEEP):
        request = _list(page_token=token)()
        token = (await caller.ask(request)).next_page_token or token
    await page(f"ListCases, page {_DEEP + 1}", page_token=token)
    await page("ListCases, category and level", some, filter="category = BATHING AND cycle = 1")
    await page("ListCases, open of a state", some, filter="state = IN_PROGRESS")
    await page("ListCases, a unit", some, unit_id="u3")
    await page("ListCases, a steward", some, filter="steward = p17")
    await page("ListCases, a steward or a hazard", some, filter="steward = p17 OR hazard = true")
    for order in ("due_time", "due_time desc", "level desc", "number desc", "close_time desc"):
        await page(f"ListCases, by {order}", order_by=order)


async def _views(caller: _Caller, found: dict[str, Row]) -> None:
    """Each inbox, and the figures of all."""
    for value in finding.InboxView.DESCRIPTOR.values[1:]:
        name = value.name.removeprefix("INBOX_VIEW_")
        make = _list(view=value.number)
        found[f"ListCases, {name}"] = await caller.time(
            make, _PAGE_LIMIT, grows_little=True, check=_anything
        )
    found["GetInbox"] = await caller.time(
        lambda: finding.GetInboxRequest(site_id=SITE), most=_SLOW_CALLS
    )
    found["CountCases, by category"] = await caller.time(
        lambda: finding.CountCasesRequest(site_id=SITE, group_by=finding.COUNT_GROUP_CATEGORY),
        check=lambda answer: answer.total > 0,
        most=_SLOW_CALLS,
    )


async def _words(caller: _Caller, found: dict[str, Row]) -> None:
    """Words of two characters and of four, which many cases hold and which few do."""
    for name, query in (
        ("two characters, common", scenario.COMMON),
        ("four characters, common", scenario.COMMON_LONG),
        ("two characters, rare", scenario.RARE),
        ("four characters, rare", scenario.RARE_LONG),
        ("two words", f"{scenario.COMMON} {scenario.RARE}"),
    ):
        found[f"ListCases, query of {name}"] = await caller.time(
            _list(query=query), _SEARCH_LIMIT, check=_anything
        )


async def _files(caller: _Caller, found: dict[str, Row], count: int) -> None:
    chance = random.Random(20261123)

    def any_case() -> Message:
        number = chance.randrange(count)
        return rpc.GetCaseRequest(case_id=f"01930000-0000-7000-8000-{number:012x}")

    found["GetCase"] = await caller.time(any_case, _FILE_LIMIT, grows_little=True)


async def _documents(caller: _Caller, found: dict[str, Row], count: int) -> None:
    """The measures of a month, and the ledger of everything as a workbook."""
    today = datetime.now(UTC).date()
    found["GetMeasures, 30 days"] = await caller.time(
        lambda: measures.GetMeasuresRequest(
            site_ids=[SITE],
            start_date=to_date_message(today - timedelta(days=30)),
            end_date=to_date_message(today),
            group_by=measures.MEASURE_GROUP_CATEGORY,
        ),
        _MONTH_LIMIT,
        check=lambda answer: len(answer.sets) > 0,
        most=_LONG_CALLS,
    )
    ledger = measures.ExportLedgerRequest(site_id=SITE, format=measures.DOCUMENT_FORMAT_XLSX)
    before = _forget_largest()
    rows, took = await caller.export(ledger)
    grown = _megabytes("VmHWM") - before
    if rows != count:
        raise Problem(f"{rows} rows in a ledger of {count} cases")
    found["ExportLedger, XLSX of all"] = _row([took], _LEDGER_LIMIT)
    found["ExportLedger, the process's growth"] = _row([grown], _LEDGER_MEMORY_LIMIT, unit="MB")


def _row(
    values: Sequence[float],
    limit: float = 0,
    *,
    grows_little: bool = False,
    unit: str = "ms",
    rows: int = 0,
) -> Row:
    values = sorted(values)
    p99 = values[len(values) * 99 // 100]
    return Row(values[len(values) // 2], p99, limit, grows_little, unit, len(values), rows)


def _forget_largest() -> float:
    """Lets the kernel note this process's largest size from now on; returns the present one."""
    Path("/proc/self/clear_refs").write_text("5")
    return _megabytes("VmRSS")


def _megabytes(name: str) -> float:
    """A size of this process, as the kernel keeps it in kilobytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise Problem(f"the kernel doesn't tell {name}")


def _anything(_: Any) -> bool:
    return True


def _role(dsn: str, kind: str) -> str:
    """The address of the bench's database for one of the service's roles."""
    address = dsn.rpartition("@")[2]
    return f"postgresql://backstop_intake_{kind}:{_PASSWORD}@{address}"

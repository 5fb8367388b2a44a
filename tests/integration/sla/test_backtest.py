"""A site's past under other terms: exactly the known cases differ."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest

from backstop.sla.v1 import (
    sla_calendar_pb2,
    sla_pb2,
    sla_policy_pb2,
    sla_service_pb2,
    sla_service_pb2_grpc,
)
from chassis.convert import to_date_message
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.testing import PEPPER, Answer, Keys, bearer, read_refusal, serving
from deploy.local import processes
from services.sla.app import SPEC
from services.sla.domain.acts import Escalated
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import ClockKind
from services.sla.domain.replay import simulate
from services.sla.rpc import SlaServicer
from services.sla.rpc.backtest import Bench
from services.sla.store import files
from services.sla.store.questions import list_history, logged_of
from services.sla.store.terms import load_terms
from tests.integration.sla.conftest import SITE, Sla
from tests.integration.sla.past import COUNT, DAY, LADDER, MONDAY, QUIET, Known, at, lives, save
from tests.waiting import eventually

# The asynchronous stub exists for type checkers alone.
Stub: TypeAlias = "sla_service_pb2_grpc.SlaServiceAsyncStub"
Event: TypeAlias = sla_service_pb2.BacktestPolicyResponse

PLAN = sla_pb2.CLOCK_KIND_PLAN


# The call -------------------------------------------------------------------------------------


@dataclass
class Desk:
    """An sla with its server, a past, and a leader who asks about it."""

    sla: Sla
    stub: Stub
    keys: Keys
    servicer: SlaServicer

    @property
    def known(self) -> list[Known]:
        return [known for known, _ in lives()]

    def request(
        self,
        plan_days: int = 0,
        calendar: sla_calendar_pb2.Calendar | None = None,
        **fields: Any,
    ) -> sla_service_pb2.BacktestPolicyRequest:
        usual: dict[str, Any] = {
            "site_id": SITE,
            "start_date": to_date_message(MONDAY),
            "end_date": to_date_message(MONDAY + 30 * DAY),
            "calendar": calendar,
            "max_differences": 100_000,
        }
        if plan_days:
            usual["policy"] = plan_in(plan_days)
        return sla_service_pb2.BacktestPolicyRequest(**(usual | fields))

    def call(
        self, request: sla_service_pb2.BacktestPolicyRequest, *roles: str, site: str = SITE
    ) -> Any:
        metadata = bearer(self.keys.person(roles=roles or ["LEADER"], sites=[site]))
        return self.stub.BacktestPolicy(request, metadata=metadata)

    async def run(self, request: sla_service_pb2.BacktestPolicyRequest) -> "Report":
        return Report([event async for event in self.call(request)])

    async def refused(
        self, request: sla_service_pb2.BacktestPolicyRequest, *roles: str, site: str = SITE
    ) -> Answer:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            async for _ in self.call(request, *roles, site=site):
                pass
        return read_refusal(raised.value)

    async def calendar(self) -> sla_calendar_pb2.Calendar:
        director = bearer(self.keys.person(roles=["DIRECTOR"], sites=[SITE]))
        request = sla_service_pb2.GetCalendarRequest(site_id=SITE)
        response = await self.stub.GetCalendar(request, metadata=director, timeout=5)
        return response.calendar


@dataclass
class Report:
    """All that a backtest told."""

    events: list[Event]

    @property
    def summary(self) -> sla_service_pb2.BacktestSummary:
        (summary,) = (event.summary for event in self.events if event.HasField("summary"))
        assert self.events[-1].HasField("summary")
        return summary

    @property
    def differences(self) -> list[sla_service_pb2.BacktestDifference]:
        return [event.difference for event in self.events if event.HasField("difference")]

    @property
    def progress(self) -> list[tuple[int, int]]:
        return [
            (event.progress.done, event.progress.total)
            for event in self.events
            if event.HasField("progress")
        ]

    def plans(self, before: str, after: str) -> set[str]:
        """Returns the cases whose first PLAN would have ended otherwise, from state to state."""
        return {
            found.case_id
            for found in self.differences
            if found.before.kind == PLAN == found.after.kind
            and found.before.cycle == 1
            and state(found.before) == before
            and state(found.after) == after
        }


def state(clock: sla_pb2.Clock) -> str:
    return sla_pb2.ClockState.Name(clock.state).removeprefix("CLOCK_STATE_")


def plan_in(days: int) -> sla_policy_pb2.Policy:
    terms = sla_policy_pb2.ClockTerms(clock=PLAN, working_days=days)
    rule = sla_policy_pb2.PolicyRule(name="试行", clocks=[terms])
    return sla_policy_pb2.Policy(site_id=SITE, rules=[rule])


@pytest.fixture
async def empty(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    """An sla without a past."""
    keys = Keys()
    servicer = SlaServicer(sla.database.app, sla.database.worker, PageTokens(PEPPER))
    registration = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=servicer,
    )
    async with (
        serving(registration, keys=keys, folder=tmp_path, reasons=SPEC.catalogue()) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield Desk(sla, sla_service_pb2_grpc.SlaServiceStub(channel), keys, servicer)
    await servicer.close()
    assert not multiprocessing.active_children()


@pytest.fixture
async def desk(empty: Desk) -> Desk:
    await save(empty.sla, lives())
    return empty


# What comes out -------------------------------------------------------------------------------


async def test_a_case_about_the_caller_counts_without_being_named(desk: Desk) -> None:
    everything = await desk.run(desk.request(2))
    found = everything.differences[0].case_id
    async with desk.sla.database.worker.connection() as connection:
        # The caller is p-1.
        await files.save_about(connection, found, ["p-1"])
    without = await desk.run(desk.request(2))
    named = [one for one in everything.differences if one.case_id != found]
    key = attrgetter("case_id", "before.clock_id", "after.clock_id")
    assert sorted(map(key, without.differences)) == sorted(map(key, named))
    assert without.summary.differences == everything.summary.differences


async def test_exactly_the_known_cases_differ(desk: Desk) -> None:
    """Plans in two working days, and in five, where there were three."""
    plain = [known for known in desk.known if not known.paused]
    assert 200 < len(plain) < COUNT

    shorter = await desk.run(desk.request(2))
    breached = {known.case_id for known in plain if known.in_time(3) and not known.in_time(2)}
    assert len(breached) > 30
    unpaused = {known.case_id for known in plain}
    assert shorter.plans("MET", "MET_LATE") & unpaused == breached
    assert shorter.plans("MET_LATE", "MET") == set()

    longer = await desk.run(desk.request(5))
    saved = {known.case_id for known in plain if known.in_time(5) and not known.in_time(3)}
    assert len(saved) > 60
    assert longer.plans("MET_LATE", "MET") & unpaused == saved
    assert longer.plans("MET", "MET_LATE") == set()

    for report in (shorter, longer):
        assert report.summary.cases == COUNT
        assert report.summary.differences == len(report.differences)
        totals = report.summary.before, report.summary.after
        for groups in (
            report.summary.by_clock,
            report.summary.by_unit,
            report.summary.by_steward,
        ):
            for name in ("clocks", "warnings", "breaches", "escalations"):
                sums = (
                    sum(getattr(group.before, name) for group in groups),
                    sum(getattr(group.after, name) for group in groups),
                )
                assert sums == tuple(getattr(total, name) for total in totals)
    assert shorter.summary.after.breaches > shorter.summary.before.breaches
    assert longer.summary.after.escalations < longer.summary.before.escalations
    assert {group.key for group in shorter.summary.by_unit} == {"unit-0", "unit-1", "unit-2"}
    stewards = {known.case_id: known.steward for known in desk.known}
    assert all(found.steward == stewards[found.case_id] for found in shorter.differences)


async def test_a_closure_saves_exactly_those_whose_days_it_takes(desk: Desk) -> None:
    closed = (date(2025, 3, 12), date(2025, 3, 13))
    calendar = await desk.calendar()
    calendar.closures.add(
        name="停产检修", start_date=to_date_message(closed[0]), end_date=to_date_message(closed[1])
    )
    report = await desk.run(desk.request(calendar=calendar))
    plain = [known for known in desk.known if not known.paused]
    saved = {known.case_id for known in plain if known.in_time(3, *closed) and not known.in_time(3)}
    assert len(saved) > 10
    assert report.plans("MET_LATE", "MET") & {known.case_id for known in plain} == saved
    # A calendar has moved nothing that was over before it, or began after it.
    spoken = {known.case_id: known.spoken for known in desk.known}
    moved = [found for found in report.differences if found.before.kind == PLAN]
    assert all(spoken[found.case_id] <= closed[1] for found in moved if found.before.cycle == 1)


async def test_what_is_in_force_makes_no_difference(desk: Desk) -> None:
    calendar = await desk.calendar()
    for request in (desk.request(), desk.request(3), desk.request(3, calendar=calendar)):
        report = await desk.run(request)
        assert report.differences == []
        assert report.summary.differences == 0
        assert report.summary.before == report.summary.after
        assert report.summary.cases == COUNT


async def test_present_terms_come_to_the_recorded_verdicts(desk: Desk) -> None:
    """Counted over all cases by the call; clock beside clock for each case."""
    counted = {
        group.key: group.before for group in (await desk.run(desk.request())).summary.by_clock
    }
    rows = await desk.sla.rows(
        "SELECT kind, count(*) AS clocks, sum(warned_count) AS warnings, count(breach_time) AS late"
        " FROM clocks WHERE kind NOT IN ('REMINDER', 'PAUSE') GROUP BY kind"
    )
    recorded = {row["kind"]: (row["clocks"], row["warnings"], row["late"]) for row in rows}
    assert {
        kind: (counts.clocks, counts.warnings, counts.breaches) for kind, counts in counted.items()
    } == recorded
    # A case that was resolved meanwhile has climbed nowhere.
    climbs = [
        change
        for _, life in lives()
        for change, logged in life.steps
        if isinstance(logged.act, Escalated) and change.case.level_time == logged.act.time
    ]
    assert sum(counts.escalations for counts in counted.values()) == len(climbs) > 50

    async with desk.sla.database.worker.connection() as connection:
        terms = (await load_terms(connection, SITE))[SITE]
        past = await list_history(connection, SITE, QUIET, (at(MONDAY, 0), ""), COUNT)
        assert len(past) == COUNT
        for one in past:
            simulated = simulate(
                one.case_id, SITE, logged_of(one.acts), terms, LADDER, datetime.now(UTC)
            )
            stored = await files.load_all_clocks(connection, one.case_id)
            assert _verdicts(simulated.clocks) == _verdicts(stored), one.case_id


def _verdicts(clocks: Sequence[Clock]) -> list[Any]:
    return sorted(
        (
            clock.kind,
            clock.cycle,
            clock.reference,
            clock.start_time,
            clock.due_time,
            clock.state,
            str(clock.breach_time),
            str(clock.stop_time),
            clock.warned_count,
        )
        for clock in clocks
        if clock.kind is not ClockKind.REMINDER
    )


async def test_a_period_is_of_whole_days_of_the_site(desk: Desk) -> None:
    # Spoken at 9:00; at 1:00 in UTC.
    for first, last, expected in (
        (MONDAY, MONDAY, 24),
        (MONDAY + DAY, MONDAY + 2 * DAY, 48),
        (MONDAY - 30 * DAY, MONDAY - DAY, 0),
    ):
        request = desk.request(2, start_date=to_date_message(first), end_date=to_date_message(last))
        report = await desk.run(request)
        assert report.summary.cases == expected
        spoken = [known for known in desk.known if first <= known.spoken <= last]
        assert len(spoken) == expected
        assert report.progress[0] == (0, expected)
        assert report.progress[-1] in ((expected, expected), (0, 0))


async def test_as_many_are_listed_as_were_asked_for(desk: Desk) -> None:
    whole = await desk.run(desk.request(2))
    report = await desk.run(desk.request(2, max_differences=5))
    assert report.differences == whole.differences[:5]
    assert report.summary == whole.summary
    assert len(whole.differences) > 5


# Refusals -------------------------------------------------------------------------------------


async def test_who_may_not_ask(empty: Desk) -> None:
    for roles in (["DISPATCHER"], ["STEWARD"], ["REPORTER"]):
        answer = await empty.refused(empty.request(), *roles)
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
    await empty.sla.publish_directory("elsewhere")
    answers = [
        await empty.refused(empty.request(site_id=site)) for site in ("elsewhere", "nowhere")
    ]
    assert [answer.reason for answer in answers] == ["CALENDAR_NOT_FOUND"] * 2


def _one_rule(*names: str) -> sla_policy_pb2.Policy:
    terms = sla_policy_pb2.ClockTerms(clock=PLAN, working_days=2)
    return sla_policy_pb2.Policy(
        site_id=SITE,
        rules=[sla_policy_pb2.PolicyRule(name=name, clocks=[terms]) for name in names],
    )


_TWO_WEEKS = [
    sla_calendar_pb2.CalendarYear(year=2027, source="样例"),
    sla_calendar_pb2.CalendarYear(year=2027, source="样例"),
]


@pytest.mark.parametrize(
    ("fields", "reason", "named"),
    [
        ({"end_date": to_date_message(MONDAY - DAY)}, "INVALID_FIELD", "end_date"),
        ({"end_date": to_date_message(date(2035, 3, 3))}, "PERIOD_TOO_LONG", "end_date"),
        ({"start_date": to_date_message(date(1, 1, 1))}, "INVALID_FIELD", "start_date"),
        ({"policy": sla_policy_pb2.Policy(site_id="other")}, "INVALID_FIELD", "policy.site_id"),
        ({"policy": _one_rule("甲", "乙")}, "RULES_OVERLAP", "policy.rules"),
        ({"policy": _one_rule("甲", "甲")}, "RULE_NAME_TWICE", "policy.rules"),
        (
            {"calendar": sla_calendar_pb2.Calendar(site_id="other")},
            "INVALID_FIELD",
            "calendar.site_id",
        ),
        (
            {"calendar": sla_calendar_pb2.Calendar(site_id=SITE, years=_TWO_WEEKS)},
            "YEAR_TWICE",
            "calendar.years",
        ),
    ],
)
async def test_what_could_not_be_published_is_not_played(
    empty: Desk, fields: dict[str, Any], reason: str, named: str
) -> None:
    answer = await empty.refused(empty.request(**fields))
    assert answer.reason == reason
    assert any(field.startswith(named) for field in answer.fields)
    assert not multiprocessing.active_children()


async def test_one_at_a_time(desk: Desk) -> None:
    first = desk.call(desk.request(2))
    assert (await first.read()).HasField("progress")
    answer = await desk.refused(desk.request(2))
    assert (answer.code, answer.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert answer.retry
    first.cancel()

    async def again() -> Report | None:
        try:
            return await desk.run(desk.request(2))
        except grpc.aio.AioRpcError as error:
            if read_refusal(error).reason != "OVERLOADED":
                raise
            return None

    report = await eventually(again, what="the cancelled one has let go")
    assert report is not None
    assert report.summary.cases == COUNT


# Processes ------------------------------------------------------------------------------------


async def test_a_killed_process_costs_one_backtest(desk: Desk) -> None:
    call = desk.call(desk.request(2))
    assert (await call.read()).HasField("progress")
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _read_all(call)
    assert read_refusal(raised.value).reason == "INTERNAL"
    assert (await desk.run(desk.request(2))).summary.cases == COUNT


async def _read_all(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_idle_processes_end() -> None:
    bench = Bench(idle_seconds=0.05)
    async with bench.taken() as pool:
        assert await asyncio.wrap_future(pool.submit(os.getpid)) != os.getpid()
        assert len(multiprocessing.active_children()) == bench.workers

    async def gone() -> bool:
        return not multiprocessing.active_children()

    await eventually(gone, what="nobody works")
    # Whoever needs them gets others.
    async with bench.taken() as pool:
        assert await asyncio.wrap_future(pool.submit(os.getpid)) != os.getpid()
    await bench.close()
    assert await gone()


def test_processes_that_nobody_waited_for_are_ended_too() -> None:
    bench = Bench()

    async def take() -> None:
        async with bench.taken():
            pass

    async def body() -> None:
        taking = asyncio.create_task(take())
        started = asyncio.Event()
        asyncio.get_running_loop().call_soon(started.set)
        await started.wait()
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await bench.close()

    # Waits for its threads in the end, also for the one that starts processes.
    asyncio.run(body())
    assert not multiprocessing.active_children()


_ORPHANS = """
import os, signal
from services.sla.rpc.backtest import _open

if __name__ == "__main__":
    pool = _open(2)
    pool.submit(os.getpid).result()
    print(*pool._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_do_not_outlive_a_killed_service(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(_ORPHANS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        orphans = [int(pid) for pid in killed.stdout.readline().split()]
    assert killed.returncode == -signal.SIGKILL
    assert len(orphans) == 2
    try:
        assert processes.wait_for(lambda: not any(map(_runs, orphans)), 20)
    finally:
        for pid in filter(_runs, orphans):
            os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    # One that nobody has waited for yet is a zombie.
    return stat.rpartition(")")[2].split()[0] != "Z"

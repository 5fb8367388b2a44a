"""A site's past under other terms: exactly the known cases differ."""

import multiprocessing
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import grpc
import pytest

from backstop.sla.v1 import (
    sla_calendar_pb2,
    sla_policy_pb2,
)
from chassis.convert import to_date_message
from chassis.testing import read_refusal
from services.sla.domain.acts import Escalated
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import ClockKind
from services.sla.domain.replay import simulate
from services.sla.store import files
from services.sla.store.questions import list_history, logged_of
from services.sla.store.terms import load_terms
from tests.integration.sla.bench import (
    PLAN,
    Desk,
    Report,
    bench_of,
)
from tests.integration.sla.conftest import SITE, Sla
from tests.integration.sla.past import COUNT, DAY, LADDER, MONDAY, QUIET, at, lives, save
from tests.waiting import eventually


@pytest.fixture
async def empty(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    """An sla without a past."""
    async with bench_of(sla, tmp_path) as empty:
        yield empty


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

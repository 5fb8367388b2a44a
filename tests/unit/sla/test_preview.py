"""What other terms would do: where calendars differ, which clocks move, which verdicts flip."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.sla.domain import clocks
from services.sla.domain.calendar import (
    Calendar,
    CalendarPlan,
    Closure,
    Window,
    Year,
    check,
)
from services.sla.domain.clocks import Clock, Span
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    ClockState,
    Counting,
    DayEnd,
)
from services.sla.domain.policy import (
    DEFAULTS,
    ClockRule,
    Policy,
    PolicyRule,
    Profile,
    Scope,
    Terms,
)
from services.sla.domain.preview import (
    EVERYTHING,
    Running,
    Tally,
    changed_days,
)
from services.sla.domain.seeds import PLAIN_WEEK, announced_years, default_plan
from services.sla.domain.years import known_years, missing_years, with_years

CHINA = ZoneInfo("Asia/Shanghai")
BASE = default_plan()
IN_FORCE = Calendar(CHINA, BASE)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


def calendar(**changes: Any) -> Calendar:
    return Calendar(CHINA, replace(BASE, **changes), 2)


def closed(first: date, last: date | None = None, name: str = "检修") -> Calendar:
    return calendar(closures=(Closure(name, first, last or first),))


def without_year(plan: CalendarPlan, year: int) -> tuple[Year, ...]:
    return tuple(known for known in plan.years if known.year != year)


def a_clock(
    start: datetime,
    due: datetime,
    kind: ClockKind = ClockKind.PLAN,
    rule: ClockRule | None = None,
    state: ClockState = ClockState.RUNNING,
    **fields: Any,
) -> Clock:
    return Clock(
        clock_id="0198c5a0-0000-7000-8000-000000000001",
        subject_id="0198c5a0-0000-7000-8000-000000000002",
        site_id="yuwu",
        kind=kind,
        cycle=1,
        reference="",
        start_time=start,
        due_time=due,
        state=state,
        provisional=fields.pop("provisional", False),
        policy_version=1,
        calendar_version=1,
        rule=rule or DEFAULTS[kind],
        **fields,
    )


# What becomes of clocks -----------------------------------------------------------------------

# Friday; a plan of three working days is due at the end of Wednesday.
START = at("2026-11-20 09:00")
DUE = at("2026-11-26 00:00")
NOW = at("2026-11-23 09:00")


def tally_of(other: Calendar, now: datetime = NOW) -> Tally:
    return Tally(AmendmentCause.CALENDAR, changed_days(IN_FORCE, other), now)


def running(clock: Clock, **fields: Any) -> Running:
    return Running(clock, fields.pop("profile", Profile()), **fields)


def test_a_closed_day_moves_a_deadline_later() -> None:
    other = closed(date(2026, 11, 24))
    tally = tally_of(other)
    (moved,) = tally.count([running(a_clock(START, DUE))], Terms(other, Policy()))
    assert moved.due.time == DUE + DAY
    assert not moved.breaches
    assert (tally.moved_later, tally.moved_earlier) == (1, 0)


def test_a_day_worked_moves_it_earlier_and_may_breach_it() -> None:
    other = closed(date(2026, 11, 23), date(2026, 11, 24))
    late = a_clock(START, DUE + 2 * DAY)
    now = DUE + timedelta(hours=1)
    tally = Tally(AmendmentCause.CALENDAR, changed_days(other, IN_FORCE), now)
    (moved,) = tally.count([running(late)], Terms(IN_FORCE, Policy()))
    assert (moved.due.time, moved.breaches) == (DUE, True)
    assert (tally.moved_earlier, tally.breaching) == (1, 1)
    # What stands still doesn't breach.
    still = replace(late, state=ClockState.PAUSED, pauses=(Span(now - DAY),))
    (moved,) = tally.count([running(still)], Terms(IN_FORCE, Policy()))
    assert not moved.breaches


def test_what_only_settles_is_counted_apart() -> None:
    added = Year(2031, "样例", (), frozenset())
    other = calendar(years=(*BASE.years, added))
    start = at("2031-05-05 09:00")
    clock = a_clock(start, at("2031-05-09 00:00"), provisional=True)
    assert clocks.due(clock.rule, IN_FORCE, start).time == clock.due_time
    tally = tally_of(other)
    assert list(tally.count([running(clock)], Terms(other, Policy()))) == []
    assert (tally.settled, tally.moved_later) == (1, 0)
    # Shorter hours on one of its days leave it as it is, and as unsettled.
    day = date(2031, 5, 6)
    shorter = calendar(closures=(Closure("停电", day, day, Window(480, 600)),))
    tally = tally_of(shorter)
    assert list(tally.count([running(clock)], Terms(shorter, Policy()))) == []
    assert tally.settled == 0


def test_clocks_out_of_reach_do_not_move() -> None:
    other = closed(date(2026, 11, 26))
    tally = tally_of(other)
    assert list(tally.count([running(a_clock(START, DUE))], Terms(other, Policy()))) == []
    assert tally.moved_later == 0


def test_a_reminder_comes_daily_whatever_the_calendar() -> None:
    other = Calendar(ZoneInfo("Asia/Urumqi"), BASE, 2)
    reminder = a_clock(START, at("2026-11-21 00:00"), ClockKind.REMINDER)
    tally = tally_of(other)
    assert list(tally.count([running(reminder)], Terms(other, Policy()))) == []


def test_a_review_is_counted_from_the_last_one() -> None:
    last = at("2026-11-20 00:00")
    review = a_clock(START - 30 * DAY, at("2026-11-28 00:00"), ClockKind.REVIEW, breach_time=last)
    other = closed(date(2026, 11, 27), date(2026, 11, 29))
    (moved,) = tally_of(other).count([running(review)], Terms(other, Policy()))
    assert moved.due.time == at("2026-12-01 00:00")


def policy(kind: ClockKind, rule: ClockRule, scope: Scope = Scope()) -> Policy:  # noqa: B008
    return Policy(2, (PolicyRule("样例", scope, {kind: rule}),))


def under_policy(policy: Policy, *clocks: Running) -> list[datetime]:
    tally = Tally(AmendmentCause.POLICY, EVERYTHING, NOW)
    return [moved.due.time for moved in tally.count(clocks, Terms(IN_FORCE, policy))]


def test_a_policy_counts_by_its_rule_for_the_case() -> None:
    fast = replace(DEFAULTS[ClockKind.PLAN], amount=2)
    scope = Scope(categories=frozenset({"heating"}))
    clock = a_clock(START, DUE)
    assert under_policy(
        policy(ClockKind.PLAN, fast, scope),
        running(clock, profile=Profile("heating")),
        running(clock, profile=Profile("wages")),
    ) == [DUE - DAY]


def test_a_policy_leaves_promises_and_levels_their_length() -> None:
    business = replace(DEFAULTS[ClockKind.RESOLUTION], day_end=DayEnd.CLOSE_OF_BUSINESS)
    promise = a_clock(START, DUE, ClockKind.RESOLUTION, given=DUE)
    assert under_policy(policy(ClockKind.RESOLUTION, business), running(promise)) == []
    level = replace(DEFAULTS[ClockKind.ESCALATION], counting=Counting.WORKING_DAYS, amount=3)
    climbing = a_clock(START, DUE, ClockKind.ESCALATION, level)
    assert under_policy(Policy(2), running(climbing)) == []


def test_clocks_that_a_policy_ends_do_not_move() -> None:
    off = replace(DEFAULTS[ClockKind.REVIEW], counting=Counting.OFF)
    review = a_clock(START, DUE, ClockKind.REVIEW)
    assert under_policy(policy(ClockKind.REVIEW, off), running(review)) == []
    promised = replace(DEFAULTS[ClockKind.PROGRESS], amount=9, off_while_promised=True)
    progress = a_clock(START, DUE, ClockKind.PROGRESS)
    rules = policy(ClockKind.PROGRESS, promised)
    assert under_policy(rules, running(progress, promised=True)) == []
    assert len(under_policy(rules, running(progress, promised=False))) == 1


# Verdicts -------------------------------------------------------------------------------------

CLOSED = closed(date(2026, 11, 24), date(2026, 11, 25))


@pytest.mark.parametrize(
    ("state", "stop", "would_be"),
    [
        (ClockState.MET, "2026-11-24 10:00", None),
        (ClockState.MET_LATE, "2026-11-26 10:00", ClockState.MET),
        # The two closed days were all the time it had.
        (ClockState.MET_LATE, "2026-11-28 10:00", None),
        (ClockState.BREACHED, "2026-11-26 10:00", ClockState.CANCELLED),
        (ClockState.BREACHED, "2026-11-29 10:00", None),
        (ClockState.BREACHED, "", ClockState.RUNNING),
        (ClockState.CANCELLED, "2026-11-24 10:00", None),
    ],
)
def test_verdicts_under_more_closed_days(
    state: ClockState, stop: str, would_be: ClockState | None
) -> None:
    clock = a_clock(
        START,
        DUE,
        state=state,
        stop_time=at(stop) if stop else None,
        breach_time=None if state in (ClockState.MET, ClockState.CANCELLED) else DUE,
    )
    tally = tally_of(CLOSED, now=at("2026-11-27 00:00"))
    flipped = list(tally.judge([clock], CLOSED))
    assert [one.state for one in flipped] == ([] if would_be is None else [would_be])
    assert tally.flipped == len(flipped)
    assert all(one.due.time == at("2026-11-28 00:00") for one in flipped)


@pytest.mark.parametrize(
    ("state", "stop", "would_be"),
    [
        (ClockState.MET, "2026-11-27 10:00", ClockState.MET_LATE),
        (ClockState.MET, "2026-11-25 10:00", None),
        (ClockState.CANCELLED, "2026-11-27 10:00", ClockState.BREACHED),
        (ClockState.CANCELLED, "2026-11-25 10:00", None),
    ],
)
def test_verdicts_under_fewer_closed_days(
    state: ClockState, stop: str, would_be: ClockState | None
) -> None:
    clock = a_clock(START, DUE + 2 * DAY, state=state, stop_time=at(stop))
    tally = Tally(AmendmentCause.CALENDAR, changed_days(CLOSED, IN_FORCE), at("2026-12-01 00:00"))
    flipped = [one.state for one in tally.judge([clock], IN_FORCE)]
    assert flipped == ([] if would_be is None else [would_be])


def test_what_ended_before_it_could_fire_flips_nothing() -> None:
    # Cancelled after its deadline, since nobody had fired it by then.
    clock = a_clock(START, DUE, state=ClockState.CANCELLED, stop_time=DUE + timedelta(minutes=1))
    other = closed(date(2026, 11, 21))
    tally = Tally(AmendmentCause.CALENDAR, changed_days(IN_FORCE, other), DUE + 9 * DAY)
    assert list(tally.judge([clock], other)) == []


@pytest.mark.parametrize("kind", [ClockKind.REMINDER, ClockKind.REVIEW, ClockKind.PAUSE])
def test_what_is_no_verdict_does_not_flip(kind: ClockKind) -> None:
    rule = DEFAULTS[ClockKind.PLAN]
    clock = a_clock(
        START, DUE, kind, rule, ClockState.BREACHED, breach_time=DUE, stop_time=DUE + DAY
    )
    assert list(tally_of(CLOSED).judge([clock], CLOSED)) == []


# Years ----------------------------------------------------------------------------------------


def test_a_year_is_missing_from_the_sites_own_december_on() -> None:
    assert missing_years(IN_FORCE, at("2026-11-30 23:59")) == ()
    assert missing_years(IN_FORCE, at("2026-12-01 00:00")) == (2027,)
    assert missing_years(IN_FORCE, at("2027-06-01 00:00")) == (2027,)
    assert missing_years(IN_FORCE, at("2027-12-31 00:00")) == (2027, 2028)
    assert missing_years(calendar(country="DE"), at("2027-12-31 00:00")) == ()


def test_only_years_to_come_are_added() -> None:
    seeds = tuple(Year(year, "later", (), frozenset()) for year in (2025, 2026, 2027, 2028))
    some = calendar(years=without_year(replace(BASE, years=without_year(BASE, 2025)), 2026))
    now = at("2026-11-20 09:00")
    added = known_years(some, now, seeds)
    assert [year.year for year in added] == [2026, 2027, 2028]
    assert [year.year for year in known_years(IN_FORCE, now, seeds)] == [2027, 2028]
    assert known_years(calendar(country="DE", years=()), now, seeds) == ()
    plan = with_years(IN_FORCE.plan, known_years(IN_FORCE, now, seeds))
    assert [year.year for year in plan.years][-3:] == [2026, 2027, 2028]
    assert [year for year in plan.years if year.year <= 2026] == list(BASE.years)


def test_a_year_is_fitted_to_the_week_that_it_is_added_to() -> None:
    saturdays_too = (PLAIN_WEEK[0],) * 6 + ((),)
    bare = CalendarPlan("CN", saturdays_too, ())
    seeds = [year for year in announced_years() if year.year == 2026]
    assert any(day.weekday() == 5 for day in seeds[0].makeup_days)
    plan = with_years(bare, seeds)
    check(plan)
    assert [year.holidays for year in plan.years] == [seeds[0].holidays]

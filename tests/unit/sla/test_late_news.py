"""What comes after a deadline: news of what moved it, a ruling, the end of the case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.sla.v1 import sla_facts_pb2 as facts
from backstop.sla.v1 import sla_pb2
from services.sla.convert.facts_out import published
from services.sla.domain import acts
from services.sla.domain.acts import AnswerKind, DispatchedOrder
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Verdict
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    ClockState,
    Consequence,
    Threshold,
    WarningKind,
)
from services.sla.domain.policy import Terms, WarningPoint
from tests.unit.sla.life import MONDAY, Life, at, closed_on, ruled, with_rules

DEADLINE, LATER = at("11-25 18:00"), at("12-03 18:00")


def overdue(*, fired: bool = True) -> Life:
    """Returns a case with a task whose deadline has passed, and its grace runs if that fired."""
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 09:30"), date(2026, 12, 10), answer_id="a-1")
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", DEADLINE))
    life.fire(DEADLINE if fired else at("11-25 00:00"))
    return life


def orders(life: Life) -> tuple[Clock, Clock]:
    """Returns the clock that has passed, and the one in its place."""
    old, new = life.all(ClockKind.WORK_ORDER, "w-1")
    return old, new


# Decided late ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fired", [True, False])
def test_a_ruling_on_an_overdue_task_begins_anew_with_its_deadline(fired: bool) -> None:
    life = overdue(fired=fired)
    ruling = at("11-26 09:00")
    change = life.rule("w-1", ruling, LATER)
    old, new = orders(life)
    # What was late was late, and is owed no longer.
    assert (old.state, old.breach_time, old.stop_time) == (ClockState.BREACHED, DEADLINE, ruling)
    assert (new.state, new.start_time, new.due_time) == (ClockState.RUNNING, ruling, LATER)
    assert [clock.state for clock in life.all(ClockKind.ESCALATION)] == (
        [ClockState.CANCELLED] if fired else []
    )
    assert old in change.stopped
    assert new in change.started
    assert change.amended == ()
    # The old deadline has no consequence any more, the new one has.
    fired_next = life.fire(LATER).fired
    assert [
        (verdict.clock.clock_id, verdict.consequence)
        for verdict in fired_next
        if verdict.clock.kind is ClockKind.WORK_ORDER and verdict.threshold is Threshold.DUE
    ] == [(new.clock_id, Consequence.HEAD_OF_UNIT)]
    life.complete("w-1", at("12-04 10:00"))
    assert [clock.state for clock in orders(life)] == [ClockState.BREACHED, ClockState.MET_LATE]


@pytest.mark.parametrize(
    "deadline",
    [pytest.param(DEADLINE, id="the same"), pytest.param(at("11-26 08:00"), id="past, too")],
)
def test_a_ruling_without_time_to_come_leaves_an_overdue_task(deadline: datetime) -> None:
    life = overdue()
    before = life.one(ClockKind.WORK_ORDER)
    life.rule("w-1", at("11-26 09:00"), deadline)
    assert life.one(ClockKind.WORK_ORDER) == before
    assert life.one(ClockKind.ESCALATION).running


def test_a_grace_that_is_over_stays_on_record() -> None:
    life = overdue()
    life.fire(at("11-27 00:00"))
    grace = life.one(ClockKind.ESCALATION, "w-1")
    assert grace.state is ClockState.BREACHED
    life.rule("w-1", at("11-27 09:00"), LATER)
    assert life.one(ClockKind.ESCALATION, "w-1") == grace


def test_an_extension_decided_late_extends_nothing() -> None:
    life = overdue()
    before = life.one(ClockKind.WORK_ORDER)
    life.extend("w-1", at("11-26 09:00"), LATER)
    life.do(acts.Extended("w-1", LATER, DEADLINE), now=at("11-26 09:00"))
    assert life.one(ClockKind.WORK_ORDER) == before


# Heard of late --------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [acts.Extended, acts.Ruled])
def test_what_gave_a_task_more_time_in_time_and_is_heard_of_after_the_breach(
    act: Callable[..., acts.Extended | acts.Ruled],
) -> None:
    life = overdue()
    said = DEADLINE - timedelta(minutes=10)
    life.do(act(work_order_id="w-1", deadline=LATER, time=said), now=DEADLINE, known=said)
    old, new = orders(life)
    assert (old.state, old.breach_time, old.live) == (ClockState.BREACHED, DEADLINE, False)
    # As if it had been heard of in time.
    assert (new.state, new.start_time, new.due_time) == (
        ClockState.RUNNING,
        old.start_time,
        LATER,
    )
    (grace,) = life.all(ClockKind.ESCALATION)
    assert grace.state is ClockState.CANCELLED
    assert grace.stop_time is not None
    assert grace.start_time <= grace.stop_time
    # What is done before the breach was heard of, even.
    life.do(acts.Completed("w-1", at("11-25 17:55")), now=at("11-26 09:00"))
    assert orders(life)[1].state is ClockState.MET


def test_less_time_heard_of_after_the_breach_undoes_nothing() -> None:
    life = overdue()
    before = life.one(ClockKind.WORK_ORDER)
    said = at("11-25 12:00")
    life.do(acts.Ruled("w-1", said, at("11-25 15:00")), now=DEADLINE, known=said)
    assert life.one(ClockKind.WORK_ORDER) == before


def test_a_promise_moved_in_time_and_heard_of_after_the_breach_is_kept_on_the_new_day() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 11, 25), answer_id="a-1")
    passed = at("11-26 00:00")
    life.fire(passed)
    act = acts.PromiseMoved(1, "a-1", date(2026, 12, 4), at("11-25 23:50"))
    life.do(act, now=passed + timedelta(seconds=1), known=act.time)
    old, new = life.all(ClockKind.RESOLUTION)
    assert (old.state, old.breach_time, old.live) == (ClockState.BREACHED, passed, False)
    assert (new.reference, new.start_time, new.due_time) == (
        "a-1",
        at("11-23 11:00"),
        at("12-05 00:00"),
    )
    life.resolve(at("12-04 10:00"))
    assert [clock.state for clock in life.all(ClockKind.RESOLUTION)] == [
        ClockState.BREACHED,
        ClockState.MET,
    ]


def test_it_is_told_as_a_clock_that_stopped_and_one_that_started() -> None:
    life = overdue()
    said = DEADLINE - timedelta(minutes=10)
    change = life.do(acts.Extended("w-1", LATER, said), now=DEADLINE, known=said)
    told = [one.message for one in published(change, said, DEADLINE)]
    stopped, started = told
    assert isinstance(stopped, facts.ClocksStopped)
    assert isinstance(started, facts.ClocksStarted)
    old, new = orders(life)
    assert old.clock_id in {clock.clock_id for clock in stopped.clocks}
    assert [clock.clock_id for clock in started.clocks] == [new.clock_id]


def test_a_task_on_a_case_that_stands_still_begins_anew_standing_still() -> None:
    life = overdue()
    life.pause(at("11-25 20:00"), at("12-20 00:00"))
    life.rule("w-1", at("11-26 09:00"), LATER)
    _, new = orders(life)
    assert (new.state, new.pauses[-1].start) == (ClockState.PAUSED, at("11-26 09:00"))


# Cancelled late -------------------------------------------------------------------------------


def test_a_case_closed_after_a_deadline_that_nobody_noticed_has_its_breach_on_record() -> None:
    life = overdue(fired=False)
    closing = at("11-26 09:00")
    change = life.close(closing)
    order = life.one(ClockKind.WORK_ORDER)
    assert (order.state, order.breach_time, order.stop_time) == (
        ClockState.BREACHED,
        DEADLINE,
        closing,
    )
    assert life.one(ClockKind.RESOLUTION).state is ClockState.CANCELLED
    assert change.fired == ()
    (message,) = (one.message for one in published(change, closing, closing))
    assert isinstance(message, facts.ClocksStopped)
    (told,) = [clock for clock in message.clocks if clock.reference == "w-1"]
    assert told.state == sla_pb2.CLOCK_STATE_BREACHED
    assert (told.HasField("breach_time"), told.HasField("stop_time")) == (True, True)


def test_a_closing_that_a_fast_clock_puts_ahead_of_us_is_now() -> None:
    life = overdue(fired=False)
    now = DEADLINE - timedelta(minutes=2)
    life.do(acts.Closed(DEADLINE + timedelta(minutes=2)), now=now)
    order = life.one(ClockKind.WORK_ORDER)
    assert (order.state, order.stop_time) == (ClockState.CANCELLED, now)


def test_what_is_cancelled_long_after_its_pause_had_to_end_had_run_again() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    life.pause(at("11-24 10:00"), at("11-26 10:00"))
    life.close(at("12-10 10:00"))
    plan = life.one(ClockKind.PLAN)
    # Tuesday to Thursday don't count: Friday, Monday, Tuesday do.
    assert (plan.state, plan.due_time, plan.breach_time) == (
        ClockState.BREACHED,
        at("12-02 00:00"),
        at("12-02 00:00"),
    )
    assert plan.pauses[-1].end == at("11-26 10:00")
    # Within it, it stands still until it ends.
    life = Life()
    life.pause(at("11-24 10:00"), at("12-26 10:00"))
    life.close(at("12-10 10:00"))
    assert life.one(ClockKind.PLAN).state is ClockState.CANCELLED


# Warnings, whatever is moved ------------------------------------------------------------------


def before(*days: int) -> tuple[WarningPoint, ...]:
    return tuple(WarningPoint(WarningKind.WORKING_DAYS_BEFORE, n) for n in days)


def warned(amount: int, warnings: tuple[WarningPoint, ...], version: int) -> Terms:
    plan = ruled(ClockKind.PLAN, amount=amount, warnings=warnings)
    order = ruled(ClockKind.WORK_ORDER, warnings=warnings)
    return with_rules({ClockKind.PLAN: plan, ClockKind.WORK_ORDER: order}, version=version)


def test_two_warnings_on_one_instant_are_two_facts() -> None:
    life = Life(terms=warned(5, before(2, 1), 2))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    change = life.fire(at("11-27 00:00"))
    (verdict,) = change.fired
    assert verdict.fire_time == at("11-27 00:00")
    again = replace(verdict, clock=replace(verdict.clock, warned_count=2))
    both = replace(change, fired=(verdict, again))
    ids = [one.fact_id for one in published(both, MONDAY, MONDAY) if one.fact_id]
    assert len(ids) == len(set(ids)) == 2


POINTS = st.lists(
    st.one_of(
        st.integers(1, 6).map(lambda n: WarningPoint(WarningKind.WORKING_DAYS_BEFORE, n)),
        st.sampled_from([0.25, 0.5, 0.9]).map(lambda s: WarningPoint(WarningKind.SHARE, s)),
    ),
    max_size=3,
    unique=True,
).map(tuple)
MOVES = st.one_of(
    st.tuples(st.just("policy"), st.integers(1, 12), POINTS),
    st.tuples(st.just("closed"), st.integers(1, 20), st.just(())),
    st.tuples(st.just("rule"), st.integers(1, 12), st.just(())),
    st.tuples(st.just("extend"), st.integers(1, 12), st.just(())),
    st.tuples(st.just("pause"), st.integers(1, 12), st.just(())),
    st.tuples(st.just("resume"), st.just(0), st.just(())),
    st.tuples(st.just("time"), st.just(0), st.just(())),
)


@settings(deadline=None)
@given(
    POINTS, st.lists(st.tuples(st.integers(1, 60), st.booleans(), MOVES), min_size=1, max_size=10)
)
def test_no_warning_is_given_twice_nor_where_it_has_no_place(
    points: tuple[WarningPoint, ...],
    moves: list[tuple[int, bool, tuple[str, int, tuple[WarningPoint, ...]]]],
) -> None:
    life = Life(terms=warned(5, points, 2))
    life.dispatch(MONDAY, DispatchedOrder("w-1", MONDAY + timedelta(days=7)))
    fired: list[Verdict] = []
    now = MONDAY
    for version, (hours, slept, (name, number, warnings)) in enumerate(moves, start=3):
        then = now + timedelta(hours=hours)
        while not slept and (wake := life.change.case.next_wake_time) and wake <= then:
            fired += life.fire(max(wake, now)).fired
        now, days = then, timedelta(days=number)
        if name == "policy":
            life.amend(warned(number, warnings, version), now, AmendmentCause.POLICY)
        elif name == "closed":
            terms = closed_on((MONDAY + days).date(), base=life.terms, version=version)
            life.amend(terms, now, AmendmentCause.CALENDAR)
        elif name == "rule":
            life.rule("w-1", now, now + days)
        elif name == "extend":
            life.extend("w-1", now, now + days)
        elif name == "pause":
            life.pause(now, now + days)
        elif name == "resume":
            life.resume(now)
        fired += life.fire(now).fired
    given_at: dict[str, list[datetime]] = {}
    for verdict in fired:
        if verdict.threshold is Threshold.WARNING:
            clock = verdict.clock
            assert clock.start_time < verdict.fire_time < clock.due_time
            assert clock.warned_count <= len(clock.rule.warnings)
            given_at.setdefault(clock.clock_id, []).append(verdict.fire_time)
    for times in given_at.values():
        assert sorted(set(times)) == times
    history = life.replayed()
    assert {clock.clock_id: clock for clock in history.clocks} == life.clocks

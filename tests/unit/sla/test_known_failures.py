"""What is known to go wrong in systems of this sort, one test for each."""

from datetime import date, datetime, timedelta

import pytest

from services.sla.domain.acts import AnswerKind
from services.sla.domain.clocks import due
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    ClockState,
    Consequence,
    Counting,
    DayEnd,
    Threshold,
)
from tests.unit.sla.life import TERMS, Life, at, ruled, with_rules

DAY = timedelta(days=1)


def test_the_first_reply_is_not_overridden_by_a_later_update() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    told = life.one(ClockKind.FIRST_REPLY)
    assert (told.state, told.stop_time) == (ClockState.MET, at("11-23 10:00"))
    # All of them after its deadline.
    life.answer(AnswerKind.FIRST_REPLY, at("11-24 10:00"))
    life.answer(AnswerKind.PLAN, at("11-24 11:00"), date(2026, 12, 4))
    life.answer(AnswerKind.PROGRESS, at("11-25 11:00"))
    life.resolve(at("11-26 11:00"))
    assert life.one(ClockKind.FIRST_REPLY) == told


def test_a_pause_is_not_lost_when_the_policy_changes() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    life.pause(at("11-24 10:00"), at("12-15 00:00"))
    longer = with_rules({ClockKind.PLAN: ruled(ClockKind.PLAN, amount=4)})
    life.amend(longer, at("11-25 10:00"), AmendmentCause.POLICY)
    plan = life.one(ClockKind.PLAN)
    assert plan.state is ClockState.PAUSED
    assert [span.start for span in plan.pauses] == [at("11-24 10:00")]
    # The old deadline passes, and the new one would have.
    assert life.fire(at("12-01 00:00")).fired == ()
    life.resume(at("12-01 10:00"))
    # Four days of the new policy, from 2 December on; none of the pause is among them.
    assert life.one(ClockKind.PLAN).due_time == at("12-08 00:00")


def test_a_pause_that_is_over_is_not_lost_when_the_policy_changes() -> None:
    life = Life()
    life.pause(at("11-24 10:00"), at("12-15 00:00"))
    life.resume(at("11-25 10:00"))
    longer = with_rules({ClockKind.PLAN: ruled(ClockKind.PLAN, amount=4)})
    life.amend(longer, at("11-26 10:00"), AmendmentCause.POLICY)
    assert life.one(ClockKind.PLAN).due_time == at("12-02 00:00")


def test_a_case_that_is_opened_again_owes_everything_again() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.answer(AnswerKind.PLAN, at("11-23 10:00"), date(2026, 11, 30))
    life.escalate(1, at("11-23 10:30"))
    life.resolve(at("11-23 11:00"))
    life.reject(at("11-25 09:00"))
    owed = {(clock.kind, clock.cycle) for clock in life.clocks.values() if clock.running}
    assert owed == {(ClockKind.FIRST_REPLY, 2), (ClockKind.PLAN, 2)}
    # And a new promise has a clock of its own, the old one being over.
    life.answer(AnswerKind.PLAN, at("11-25 10:00"), date(2026, 12, 4), cycle=2)
    owed = {(clock.kind, clock.cycle) for clock in life.clocks.values() if clock.running}
    assert owed == {(ClockKind.PROGRESS, 2), (ClockKind.RESOLUTION, 2)}
    broken = life.fire(at("12-05 00:00")).fired
    # The note is late by then; what is late first climbs, from the foot of the ladder.
    assert [
        (verdict.clock.kind, verdict.consequence)
        for verdict in broken
        if verdict.threshold is Threshold.DUE
    ] == [
        (ClockKind.PROGRESS, Consequence.LADDER),
        (ClockKind.RESOLUTION, Consequence.ALERT),
    ]
    assert life.change.case.level == 0


@pytest.mark.parametrize("first", [date(2026, 2, 1), date(2026, 4, 20), date(2026, 9, 10)])
def test_a_period_that_ends_in_a_holiday_ends_after_it_and_not_before(first: date) -> None:
    calendar = TERMS.calendar
    rule = ruled(ClockKind.SILENCE, amount=7)
    for number in range(40):
        day = first + number * DAY
        start = datetime.combine(day, datetime.min.time(), calendar.zone) + timedelta(hours=9)
        last = calendar.local_day(due(rule, calendar, start).time - timedelta(microseconds=1))
        nominal = day + 7 * DAY
        assert last >= nominal
        between = [nominal + n * DAY for n in range((last - nominal).days)]
        assert calendar.is_working(last)
        assert not any(map(calendar.is_working, between))


def test_working_days_are_counted_away_from_the_start_through_a_holiday() -> None:
    # The day before National Day, a Wednesday: 8 and 9 October, and the Saturday worked for it.
    life = Life(at("09-30 10:00"))
    plan = life.one(ClockKind.PLAN)
    assert plan.due_time == at("10-11 00:00")
    # Warnings are counted back from the deadline, not from the holiday.
    assert plan.warn_time == at("10-10 00:00")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            lambda life, time: life.answer(
                AnswerKind.PLAN, time, date(2026, 12, 20), answer_id="a-1"
            ),
            id="the same answer",
        ),
        pytest.param(lambda life, time: life.assign("p-8", time), id="another steward"),
        pytest.param(lambda life, time: life.assign("p-7", time, "u-2"), id="another unit"),
        pytest.param(lambda life, time: life.flag(time), id="a flag"),
        pytest.param(lambda life, time: life.flag(time, on=False), id="no flag"),
        pytest.param(
            lambda life, time: life.answer(AnswerKind.FIRST_REPLY, time), id="a first reply again"
        ),
    ],
)
def test_an_edit_restarts_no_timer(edit: object) -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.answer(AnswerKind.PLAN, at("11-23 10:00"), date(2026, 12, 4), answer_id="a-1")
    before = life.clocks.copy()
    edit(life, at("11-26 10:00"))  # type: ignore[operator]  # one of the lambdas above
    assert {clock_id: life.clocks[clock_id] for clock_id in before} == before
    assert life.running() - {"REVIEW"} == {"PROGRESS", "RESOLUTION"}


def test_escalation_does_not_stop_silently_at_the_top() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.escalate(1, at("11-24 10:00"), dwell=0, top=True)
    life.answer(AnswerKind.PLAN, at("11-24 11:00"), date(2027, 3, 31))
    # The top says nothing: every day somebody hears of it, on rest days, too.
    heard: list[datetime] = []
    for number in range(10):
        now = at("11-25 00:00") + number * DAY
        heard += [
            verdict.fire_time
            for verdict in life.fire(now).fired
            if verdict.consequence is Consequence.REMINDER
        ]
    assert heard == [at("11-25 00:00") + number * DAY for number in range(10)]
    life.instruct(at("12-04 10:00"))
    assert life.one(ClockKind.REMINDER).state is ClockState.CANCELLED


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        # An hour is left of the day, and is enough.
        (60, "11-23 18:00"),
        (30, "11-23 17:30"),
        # What is left after it begins in the morning, not at midnight.
        (61, "11-24 08:01"),
        (120, "11-24 09:00"),
    ],
)
def test_working_time_from_five_o_clock_on(minutes: int, expected: str) -> None:
    rule = ruled(ClockKind.PLAN, counting=Counting.WORKING_TIME, amount=minutes * 60)
    life = Life(at("11-23 17:00"), terms=with_rules({ClockKind.PLAN: rule}))
    assert life.one(ClockKind.PLAN).due_time == at(expected)


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        # Later than the close of business, and still the same day.
        ("17:00", "11-23 19:00"),
        ("16:00", "11-23 18:00"),
        ("15:00", "11-23 18:00"),
        ("17:59:59", "11-23 19:59:59"),
    ],
)
def test_the_same_day_from_five_o_clock_on(spoken: str, expected: str) -> None:
    rule = ruled(ClockKind.FIRST_REPLY, day_end=DayEnd.CLOSE_OF_BUSINESS)
    life = Life(at(f"11-23 {spoken}"), terms=with_rules({ClockKind.FIRST_REPLY: rule}))
    assert life.one(ClockKind.FIRST_REPLY).due_time == at(expected)

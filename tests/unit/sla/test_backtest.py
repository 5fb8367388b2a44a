"""Two ways of one case beside each other: what differs, whom it is counted for, and what isn't."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from services.sla.domain.acts import (
    Act,
    Amended,
    Answered,
    AnswerKind,
    Assigned,
    BegunAgain,
    CalledBack,
    Closed,
    Completed,
    Confirmed,
    Corrected,
    Deescalated,
    Dispatched,
    DispatchedOrder,
    Elapsed,
    Escalated,
    Excused,
    Extended,
    Flagged,
    FlagKind,
    Instructed,
    Logged,
    Met,
    Moment,
    Paused,
    PromiseMoved,
    Registered,
    Rejected,
    Reopened,
    Resolved,
    Resumed,
    Returned,
    Ruled,
)
from services.sla.domain.backtest import Counts, Difference, Grouping, Sides, Tally, alike
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Clock
from services.sla.domain.days import Closure
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    Consequence,
    Counting,
    PauseReason,
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
from services.sla.domain.replay import LadderLevel, simulate
from services.sla.domain.seeds import default_plan
from services.sla.store.questions import logged_of

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_PLAN = default_plan()
_TERMS = Terms(Calendar(_SHANGHAI, _PLAN), Policy())
_LADDER = (LadderLevel(1), LadderLevel(0, timedelta(hours=4)), LadderLevel(1))
_CASE = "0198c5a0-0000-7000-8000-000000000001"


def at(text: str) -> datetime:
    """Returns an instant of November 2026 by the site's clock; the 23rd is a Monday."""
    local = datetime.fromisoformat(f"2026-11-{text}")
    return local.replace(tzinfo=_SHANGHAI).astimezone(UTC)


_UNTIL = at("30 12:00")


def under(clocks: Mapping[ClockKind, ClockRule], scope: Scope | None = None) -> Terms:
    """Returns the usual terms, with a rule of the site."""
    return Terms(_TERMS.calendar, Policy(0, (PolicyRule("试行", scope or Scope(), clocks),)))


def plan_in(days: int) -> ClockRule:
    return ClockRule(Counting.WORKING_DAYS, Consequence.LADDER, days, name="试行")


def compare(
    after: Terms, *acts: Act, ladder: Sequence[LadderLevel] = _LADDER
) -> tuple[Tally, list[Difference]]:
    """Counts one case in which this happened, under the usual terms and under others."""
    logged = [
        Logged(act, Moment(time, time, serial), 1, 1, "p-1", type(act).__name__)
        for serial, act in enumerate(acts)
        if (time := getattr(act, "time"))  # noqa: B009 - any act but those without a time
    ]
    tally = Tally()
    sides = [simulate(_CASE, "yuwu", logged, terms, ladder, _UNTIL) for terms in (_TERMS, after)]
    return tally, tally.add(logged, sides[0], sides[1])


def _sides(difference: Difference) -> tuple[Clock, Clock]:
    assert difference.before is not None
    assert difference.after is not None
    return difference.before, difference.after


def kinds(differences: list[Difference]) -> list[tuple[ClockKind | None, ClockKind | None]]:
    return [
        (one.before.kind if one.before else None, one.after.kind if one.after else None)
        for one in differences
    ]


_START = at("23 09:00")
_REGISTERED = Registered(_START, Profile("living", "REQUEST", "NORMAL"), "bathhouse")
_ASSIGNED = Assigned("bathhouse", "p-3", "p-3", at("23 09:01"))
_REPLIED = Answered(1, "a-0", AnswerKind.FIRST_REPLY, None, at("23 15:00"))
# On the third working day: in time, and a day late if there are only two.
_PLANNED = Answered(1, "a-1", AnswerKind.PLAN, None, at("26 10:00"))
_RESOLVED = Resolved(at("27 09:00"), at("27 09:00"))
_CLOSED = Closed(at("27 10:00"))
_LIFE = (_REGISTERED, _ASSIGNED, _REPLIED, _PLANNED, _RESOLVED, _CLOSED)


def test_the_same_terms_make_no_difference() -> None:
    tally, differences = compare(under({ClockKind.PLAN: DEFAULTS[ClockKind.PLAN]}), *_LIFE)
    assert (tally.cases, tally.differences, differences) == (1, 0, [])
    assert (
        tally.total.before
        == tally.total.after
        == Counts(clocks=4, warnings=1, breaches=0, escalations=0)
    )


def test_a_shorter_plan_breaches_climbs_and_is_counted_for_whoever_had_the_case() -> None:
    handed_over = Assigned("bathhouse", "p-4", "p-4", at("25 20:00"))
    acts = (_REGISTERED, _ASSIGNED, _REPLIED, handed_over, _PLANNED, _RESOLVED, _CLOSED)
    tally, differences = compare(under({ClockKind.PLAN: plan_in(2)}), *acts)
    plan, level = differences
    before, after = _sides(plan)
    assert (before.due_time, before.state) == (at("27 00:00"), "MET")
    assert (after.due_time, after.state) == (at("26 00:00"), "MET_LATE")
    # The deadline of now is later than the hand-over.
    assert plan.answering.steward == "p-4"
    # The level that it would have come to owes an answer until the case is resolved.
    assert kinds([level]) == [(None, ClockKind.ESCALATION)]
    assert level.answering.steward == "p-4"
    assert tally.differences == 2
    assert tally.total == Sides(
        Counts(clocks=4, warnings=1, breaches=0, escalations=0),
        Counts(clocks=5, warnings=1, breaches=1, escalations=1),
    )
    assert tally.groups(Grouping.CLOCK)["PLAN"] == Sides(Counts(1, 1, 0, 0), Counts(1, 0, 1, 1))
    assert tally.groups(Grouping.UNIT) == {"bathhouse": tally.total}
    stewards = tally.groups(Grouping.STEWARD)
    assert stewards["p-3"] == Sides(Counts(1, 0, 0, 0), Counts(1, 0, 0, 0))
    assert stewards["p-4"].before.escalations == 0
    assert stewards["p-4"].after.escalations == 1


def test_a_longer_plan_saves_what_was_late() -> None:
    late = Answered(1, "a-1", AnswerKind.PLAN, None, at("27 10:00"))
    tally, differences = compare(
        under({ClockKind.PLAN: plan_in(5)}), _REGISTERED, _ASSIGNED, _REPLIED, late
    )
    # The level that it came to is not asked any more.
    assert kinds(differences) == [
        (ClockKind.PLAN, ClockKind.PLAN),
        (ClockKind.ESCALATION, None),
    ]
    assert [side.state for side in _sides(differences[0])] == ["MET_LATE", "MET"]
    assert tally.total == Sides(
        Counts(clocks=4, warnings=2, breaches=1, escalations=1),
        Counts(clocks=3, warnings=0, breaches=0, escalations=0),
    )


def test_a_rule_for_others_changes_nothing() -> None:
    others = under({ClockKind.PLAN: plan_in(1)}, Scope(categories=frozenset({"wages"})))
    assert alike(_TERMS, others, _REGISTERED.profile)
    assert not alike(_TERMS, others, Profile("wages"))
    assert compare(others, *_LIFE)[0].differences == 0


def test_a_closure_moves_what_is_counted_through_it() -> None:
    day = date(2026, 11, 25)
    closed = Terms(
        Calendar(_SHANGHAI, replace(_PLAN, closures=(Closure("暴雪", day, day),))),
        Policy(),
    )
    assert not alike(_TERMS, closed, _REGISTERED.profile)
    tally, differences = compare(closed, *_LIFE)
    # The note came after the closure, and its progress is counted from there.
    assert kinds(differences) == [(ClockKind.PLAN, ClockKind.PLAN)]
    _, after = _sides(differences[0])
    assert (after.due_time, after.state) == (at("28 00:00"), "MET")
    assert tally.total.before.breaches == tally.total.after.breaches == 0


def test_the_clocks_of_each_cycle_have_their_own_counterpart() -> None:
    rejected = Rejected(2, at("27 12:00"))
    acts = (_REGISTERED, _ASSIGNED, _REPLIED, _PLANNED, _RESOLVED, rejected)
    _, differences = compare(under({ClockKind.PLAN: plan_in(5)}), *acts)
    plans = [one for one in differences if one.before and one.before.kind is ClockKind.PLAN]
    assert [(one.before.cycle, one.after.cycle) for one in plans if one.before and one.after] == [
        (1, 1),
        (2, 2),
    ]


def test_a_clock_of_one_cycle_is_not_beside_one_of_another() -> None:
    rejected = Rejected(2, at("27 12:00"))
    acts = (_REGISTERED, _ASSIGNED, _REPLIED, _PLANNED, _RESOLVED, rejected)
    _, differences = compare(under({ClockKind.PLAN: plan_in(2)}), *acts)
    # The second cycle was late with its first reply either way, and came to its level by that.
    levels = [
        (one.before, one.after.cycle)
        for one in differences
        if one.after and one.after.kind is ClockKind.ESCALATION
    ]
    assert levels == [(None, 1)]


def test_another_end_of_the_same_deadline_is_a_difference() -> None:
    """A level that answered would have been passed over before it did."""
    patient = (LadderLevel(4), LadderLevel(4))
    word = Instructed(1, "p-3", at("26 09:00"))
    _, differences = compare(
        under({ClockKind.PLAN: plan_in(2)}), _REGISTERED, _ASSIGNED, word, ladder=patient
    )
    level = next(
        _sides(one)
        for one in differences
        if one.before and one.before.reference == "level:1" and one.after
    )
    assert [side.state for side in level] == ["MET", "CANCELLED"]
    assert level[0].due_time == level[1].due_time


def test_a_second_clock_for_the_same_thing_is_beside_the_second() -> None:
    nobody_there = (CalledBack(1, False, at("27 16:00")), CalledBack(1, False, at("28 10:00")))
    twice = ClockRule(Counting.WORKING_DAYS, Consequence.CALLBACK, 2, name="试行")
    _, differences = compare(
        under({ClockKind.CALLBACK: twice}), _REGISTERED, _ASSIGNED, _RESOLVED, *nobody_there
    )
    pairs = [_sides(one) for one in differences]
    assert [before.kind for before, _ in pairs] == [ClockKind.CALLBACK] * 2
    assert [before.start_time for before, _ in pairs] == [call.time for call in nobody_there]
    assert [after.start_time for _, after in pairs] == [call.time for call in nobody_there]


def test_who_had_to_move_is_told_from_what_really_happened() -> None:
    climbed = Escalated(1, 1, 1, False, False, at("25 21:00"), accountable="p-9", by_hand=True)
    acts = (_REGISTERED, _ASSIGNED, _REPLIED, climbed, _PLANNED, _RESOLVED, _CLOSED)
    tally, differences = compare(under({ClockKind.PLAN: plan_in(2)}), *acts)
    plan = next(one for one in differences if one.after and one.after.kind is ClockKind.PLAN)
    assert plan.answering.accountable == "p-9"
    # A climb by hand is on both sides, and no clock's doing.
    by_hand = tally.groups(Grouping.CLOCK)[""]
    assert by_hand == Sides(Counts(escalations=1), Counts(escalations=1))


def test_who_was_sent_a_case_down_had_to_move() -> None:
    climbed = Escalated(1, 2, 1, False, False, at("25 20:00"), accountable="p-9", by_hand=True)
    down = Deescalated(1, 1, 1, False, at("25 21:00"), accountable="p-4")
    acts = (_REGISTERED, _ASSIGNED, _REPLIED, climbed, down, _PLANNED, _RESOLVED, _CLOSED)
    _, differences = compare(under({ClockKind.PLAN: plan_in(2)}), *acts)
    plan = next(one for one in differences if one.after and one.after.kind is ClockKind.PLAN)
    assert plan.answering.accountable == "p-4"


@pytest.mark.parametrize("parts", [1, 3])
def test_tallies_add_up(parts: int) -> None:
    whole = Tally()
    for _ in range(parts):
        part, _ = compare(under({ClockKind.PLAN: plan_in(2)}), *_LIFE)
        whole.merge(part)
    one, _ = compare(under({ClockKind.PLAN: plan_in(2)}), *_LIFE)
    assert (whole.cases, whole.differences) == (parts, parts * one.differences)
    assert whole.total.after.clocks == parts * one.total.after.clocks
    assert whole.groups(Grouping.UNIT) == {"bathhouse": whole.total}


_EVERY_ACT: tuple[Act, ...] = (
    replace(_REGISTERED, anonymous=True),
    Answered(1, "a-1", AnswerKind.PLAN, date(2026, 11, 30), at("23 10:00")),
    Answered(1, "a-1", AnswerKind.PROGRESS, None, at("23 10:00")),
    PromiseMoved(1, "a-1", date(2026, 12, 1), at("24 10:00"), "配件晚到", "p-8"),
    Dispatched((DispatchedOrder("w-1", at("25 10:00")), DispatchedOrder("w-2", _UNTIL)), _START),
    Completed("w-1", at("25 09:00")),
    Reopened("w-1", at("27 09:00"), at("25 10:00")),
    Returned("w-2", at("25 09:30")),
    Ruled("w-2", at("25 09:40")),
    Ruled("w-2", at("25 09:40"), at("27 09:40")),
    Extended("w-2", at("29 09:40"), at("26 09:40"), "等吊车", "p-8"),
    Resolved(at("27 09:00"), None),
    Resolved(at("27 09:00"), at("27 09:00") + timedelta(microseconds=1)),
    Confirmed(1, at("28 09:00")),
    CalledBack(1, False, at("28 09:00")),
    Rejected(2, at("28 09:00")),
    BegunAgain(3, at("28 09:00")),
    Corrected(Profile("WATER", "REQUEST", "URGENT"), "u-2", at("28 09:00")),
    Met(at("28 09:00")),
    Closed(at("29 09:00")),
    Flagged(FlagKind.LONG_STANDING, True, at("29 10:00")),
    _ASSIGNED,
    Escalated(1, 2, 0, False, True, at("26 00:00"), timedelta(hours=4), "p-9", True, True),
    Deescalated(1, 1, 0, True, at("26 10:00"), timedelta(hours=4), "p-9"),
    Instructed(1, "p-3", at("26 11:00")),
    Paused(PauseReason.FORCE_MAJEURE, at("24 08:00"), at("26 08:00"), "暴雪", "p-8"),
    Resumed(at("25 08:00")),
    Amended(AmendmentCause.CALENDAR),
    Excused("0198c5a0-0000-7000-8000-000000000009", "停电", "p-9"),
    Elapsed(),
)


def test_every_act_arrives_as_it_was_sent() -> None:
    assert {type(act) for act in _EVERY_ACT} == set(get_args(Act))
    sent = [
        Logged(act, Moment(at("24 10:00"), _START, serial), 2, 3, "p-1", "CaseRegistered")
        for serial, act in enumerate(_EVERY_ACT)
    ]
    text = json.dumps(
        [
            [
                type(one.act).__name__,
                TypeAdapter(type(one.act)).dump_python(one.act, mode="json"),
                one.moment.now.isoformat(),
                one.moment.known.isoformat(),
                one.moment.serial,
                one.policy_version,
                one.calendar_version,
                one.actor,
                one.cause,
            ]
            for one in sent
        ]
    )
    arrived = logged_of(text)
    assert arrived == sent
    assert arrived[0].act.time.tzinfo is UTC  # type: ignore[union-attr]
    # What was written before a field was added lacks it.
    assert logged_of(
        '[["Registered", {"time": "2026-11-23T01:00:00Z"}'
        ', "2026-11-23T01:00:00+00:00", "2026-11-23T01:00:00+00:00", 0, 1, 1, "", ""]]'
    )[0].act == Registered(_START)

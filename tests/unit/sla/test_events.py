"""What is told of a case's clocks: each thing once, with its time, its cause and its words."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from services.sla.domain.acts import (
    Act,
    Amended,
    Answered,
    AnswerKind,
    Closed,
    Elapsed,
    Excused,
    Logged,
    Moment,
    Paused,
    PromiseMoved,
    Registered,
    Resumed,
)
from services.sla.domain.calendar import Calendar
from services.sla.domain.events import Event, events
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    Consequence,
    Counting,
    PauseReason,
)
from services.sla.domain.policy import ClockRule, Policy, PolicyRule, Scope, Terms
from services.sla.domain.replay import History, replay
from services.sla.domain.seeds import default_plan

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_CALENDAR = Calendar(_SHANGHAI, default_plan())
_TERMS = Terms(_CALENDAR, Policy())
_CASE = "0198c5a0-0000-7000-8000-000000000001"

Step: TypeAlias = tuple[datetime, Act]


def at(text: str) -> datetime:
    """Returns an instant of November 2026 by the site's clock; the 23rd is a Monday."""
    local = datetime.fromisoformat(f"2026-11-{text}")
    return local.replace(tzinfo=_SHANGHAI).astimezone(UTC)


def history(*steps: Step, terms: Terms = _TERMS) -> History:
    """Returns what came of acts that were applied at these times."""
    logged = [
        Logged(act, Moment(now, now, serial), 1, 1, f"p-{serial}", type(act).__name__)
        for serial, (now, act) in enumerate(steps)
    ]
    return replay(_CASE, "yuwu", logged, lambda _: terms)


def briefly(told: Sequence[Event]) -> list[tuple[str, str, datetime]]:
    return [(event.kind, event.clock.kind, event.time) for event in told]


def test_a_life_is_told_in_the_order_in_which_it_was_known() -> None:
    start = at("23 09:00")
    told = list(
        events(
            history(
                (start, Registered(start)),
                (at("23 16:30"), Elapsed()),
                (at("24 00:00"), Elapsed()),
                (
                    at("24 09:00"),
                    Answered(1, "a-1", AnswerKind.PLAN, date(2026, 11, 30), at("24 08:55")),
                ),
                (at("25 09:00"), Closed(at("25 08:59"))),
            )
        )
    )
    assert briefly(told) == [
        ("STARTED", "FIRST_REPLY", start),
        ("STARTED", "PLAN", start),
        ("WARNED", "FIRST_REPLY", at("23 16:30")),
        ("BREACHED", "FIRST_REPLY", at("24 00:00")),
        ("STOPPED", "FIRST_REPLY", at("24 08:55")),
        ("STOPPED", "PLAN", at("24 08:55")),
        ("STARTED", "RESOLUTION", at("24 08:55")),
        ("STARTED", "PROGRESS", at("24 08:55")),
        ("STOPPED", "PROGRESS", at("25 08:59")),
        ("STOPPED", "RESOLUTION", at("25 08:59")),
    ]
    answered = told[4]
    assert answered.record_time == at("24 09:00")
    assert (answered.actor, answered.cause) == ("p-3", "Answered")
    assert [event.clock.state for event in told[3:6]] == ["BREACHED", "MET_LATE", "MET"]
    assert [event.consequence for event in told[2:5]] == [None, Consequence.LADDER, None]


def test_a_pause_is_told_of_each_clock_with_its_words() -> None:
    start = at("23 09:00")
    wait = Paused(
        PauseReason.WAITING_FOR_REPORTER, at("23 10:00"), at("27 00:00"), "等诉求人补照片", "p-8"
    )
    told = list(
        events(
            history(
                (start, Registered(start)),
                (at("23 10:01"), wait),
                (at("23 11:00"), Answered(1, "a-1", AnswerKind.PROGRESS, None, at("23 11:00"))),
                (at("24 12:00"), Resumed(at("24 11:59"))),
            )
        )
    )
    assert briefly(told)[2:] == [
        ("PAUSED", "PLAN", at("23 10:00")),
        ("STARTED", "PAUSE", at("23 10:00")),
        ("STOPPED", "FIRST_REPLY", at("23 11:00")),
        ("STOPPED", "PLAN", at("23 11:00")),
        ("STARTED", "PROGRESS", at("23 11:00")),
        # What starts while the case is paused stands still with it.
        ("PAUSED", "PROGRESS", at("23 11:00")),
        ("STOPPED", "PAUSE", at("24 11:59")),
        ("RESUMED", "PROGRESS", at("24 11:59")),
    ]
    assert [told[2].reason, told[7].reason] == ["等诉求人补照片"] * 2
    assert not any(event.reason for event in told if event.kind != "PAUSED")
    # Of the two days that were touched, the first was its own and not counted anyway.
    assert told[-1].clock.due_time == at("30 00:00") + timedelta(days=2)


def test_a_pause_that_comes_to_its_end_breaches_and_lets_go() -> None:
    start = at("23 09:00")
    end = at("24 18:00")
    told = list(
        events(
            history(
                (start, Registered(start)),
                (at("23 10:00"), Paused(PauseReason.FORCE_MAJEURE, at("23 10:00"), end)),
                (at("25 01:00"), Elapsed()),
            )
        )
    )
    assert briefly(told)[-3:] == [
        ("BREACHED", "FIRST_REPLY", at("24 00:00")),
        ("BREACHED", "PAUSE", end),
        ("RESUMED", "PLAN", end),
    ]
    assert told[-2].consequence is Consequence.RESUME


def test_moved_deadlines_are_told_with_who_moved_them_and_why() -> None:
    start = at("23 09:00")
    moved = PromiseMoved(1, "a-1", date(2026, 11, 27), at("24 10:00"), "配件晚到", "p-8")
    told = list(
        events(
            history(
                (start, Registered(start)),
                (
                    at("23 10:00"),
                    Answered(1, "a-1", AnswerKind.PLAN, date(2026, 11, 26), at("23 10:00")),
                ),
                (at("24 10:05"), moved),
            )
        )
    )
    amended = told[-1]
    assert briefly([amended]) == [("AMENDED", "RESOLUTION", at("24 10:00"))]
    assert (amended.reason, amended.actor) == ("配件晚到", "p-2")
    assert amended.clock.due_time == at("28 00:00")


def test_amended_terms_move_what_runs_when_they_are_applied() -> None:
    start = at("23 09:00")
    two_days = ClockRule(Counting.WORKING_DAYS, Consequence.LADDER, 2, name="快些")
    other = Terms(_CALENDAR, Policy(2, (PolicyRule("快些", Scope(), {ClockKind.PLAN: two_days}),)))
    logged = [
        Logged(Registered(start), Moment(start, start, 0), 1, 1, "p-1", "CaseRegistered"),
        Logged(
            Amended(AmendmentCause.POLICY),
            Moment(at("23 12:00"), at("23 12:00"), 1),
            2,
            1,
            "p-9",
            "PublishPolicy",
        ),
    ]
    terms = {1: _TERMS, 2: other}
    past = replay(_CASE, "yuwu", logged, lambda one: terms[one.policy_version])
    told = list(events(past))
    assert briefly(told)[2:] == [("AMENDED", "PLAN", at("23 12:00"))]
    assert told[-1].cause == "PublishPolicy"
    assert told[-1].clock.due_time == at("26 00:00")


def test_an_excuse_is_told_of_the_clock_that_it_excuses() -> None:
    start = at("23 09:00")
    first = history((start, Registered(start)), (at("24 00:00"), Elapsed()))
    (late,) = [clock for clock in first.clocks if clock.kind is ClockKind.FIRST_REPLY]
    told = list(
        events(
            history(
                (start, Registered(start)),
                (at("24 00:00"), Elapsed()),
                (at("24 15:00"), Excused(late.clock_id, "全矿停电", "p-8")),
            )
        )
    )
    assert briefly(told)[-1:] == [("EXCUSED", "FIRST_REPLY", at("24 15:00"))]
    assert (told[-1].reason, told[-1].actor) == ("全矿停电", "p-2")
    assert told[-1].clock == late


def test_what_was_late_before_it_was_known_alerts_after_it_started() -> None:
    start, known = at("16 09:00"), at("23 09:00")
    told = list(events(history((known, Registered(start)))))
    assert briefly(told) == [
        ("STARTED", "FIRST_REPLY", start),
        ("STARTED", "PLAN", start),
        ("BREACHED", "PLAN", at("20 00:00")),
        ("STARTED", "REMINDER", known),
        ("BREACHED", "FIRST_REPLY", at("17 00:00")),
    ]
    assert [event.consequence for event in told] == [None, None, None, None, Consequence.ALERT]
    assert {event.record_time for event in told} == {known}

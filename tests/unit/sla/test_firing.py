"""What fires when, and what follows: in time, found late, heard of late, born breached."""

from datetime import date, datetime, timedelta

from services.sla.domain import transitions as steps
from services.sla.domain.clocks import ClockKind, ClockState, Consequence, Threshold
from services.sla.domain.docket import Moment
from services.sla.domain.transitions import AnswerKind, DispatchedOrder, FedBackAnswer
from tests.unit.sla.life import MONDAY, TERMS, Life, at


def test_warnings_and_breaches_fire_once_and_never_early() -> None:
    life = Life()
    assert life.fire(at("11-23 16:29:59.999999")).fired == ()
    (warning,) = life.fire(at("11-23 16:30")).fired
    assert (warning.threshold, warning.clock.kind) == (Threshold.WARNING, ClockKind.FIRST_REPLY)
    assert life.fire(at("11-23 23:59:59.999999")).fired == ()
    (breach,) = life.fire(at("11-24 00:00")).fired
    assert breach.consequence is Consequence.LADDER
    assert breach.clock.breach_time == at("11-24 00:00")
    assert life.fire(at("11-24 00:00")).fired == ()


def test_what_was_slept_through_fires_oldest_first_without_stale_warnings() -> None:
    life = Life()
    now = at("12-01 08:00")
    fired = life.fire(now).fired
    assert [(verdict.clock.kind, verdict.fire_time) for verdict in fired] == [
        (ClockKind.FIRST_REPLY, at("11-24 00:00")),
        (ClockKind.PLAN, at("11-27 00:00")),
    ]
    assert all(verdict.threshold is Threshold.DUE for verdict in fired)
    assert life.running() == {"REMINDER"}


def test_breaches_found_together_climb_one_level() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 11, 30))
    # The promise and the next note are both due at the end of that Monday.
    fired = life.fire(at("12-01 00:00")).fired
    assert [verdict.consequence for verdict in fired] == [Consequence.LADDER, Consequence.ALERT]
    assert {verdict.clock.kind for verdict in fired} == {ClockKind.PROGRESS, ClockKind.RESOLUTION}
    assert not any(verdict.clock.born_breached for verdict in fired)


def test_what_was_late_before_the_case_came_to_its_level_climbs_no_further() -> None:
    life = Life()
    # Somebody moved it up by hand, while nobody fired.
    life.escalate(1, at("11-24 10:00"), dwell=1)
    fired = life.fire(at("11-26 09:00")).fired
    follows = {
        (verdict.clock.kind, verdict.consequence)
        for verdict in fired
        if verdict.threshold is Threshold.DUE
    }
    assert follows == {
        (ClockKind.FIRST_REPLY, Consequence.ALERT),
        # So that this one isn't taken for a part of that silence.
        (ClockKind.ESCALATION, Consequence.LADDER),
    }


def test_of_breaches_found_together_the_oldest_climbs_though_another_warned_later() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 11, 27))
    # A warning that was given doesn't make a deadline younger.
    life.fire(at("11-27 00:00"))
    fired = life.fire(at("12-02 00:00")).fired
    assert [(verdict.clock.kind, verdict.consequence) for verdict in fired] == [
        (ClockKind.RESOLUTION, Consequence.LADDER),
        (ClockKind.PROGRESS, Consequence.ALERT),
    ]


def test_reminders_slept_through_are_not_made_up_for() -> None:
    life = Life()
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    life.fire(at("12-05 08:00"))
    assert life.one(ClockKind.REMINDER).due_time == at("12-06 00:00")
    (reminder,) = life.fire(at("12-20 08:00")).fired
    assert reminder.fire_time == at("12-06 00:00")
    assert reminder.clock.due_time == at("12-21 00:00")


def test_entered_after_the_deadline_is_born_breached_with_one_alert() -> None:
    life = Life(MONDAY, known=at("12-01 09:00"))
    assert life.states() == {
        "FIRST_REPLY": "BREACHED",
        "PLAN": "BREACHED",
        "REMINDER": "RUNNING",
    }
    (alert,) = life.change.fired
    assert (alert.clock.kind, alert.consequence) == (ClockKind.FIRST_REPLY, Consequence.ALERT)
    assert alert.clock.born_breached
    assert life.fire(at("12-01 09:00")).fired == ()


def test_a_late_case_that_is_resolved_late_asks_for_a_callback() -> None:
    life = Life()
    done = steps.Resolution(at("11-23 10:00"), at("11-23 10:00"))
    told = Moment(now=at("12-01 09:00"), known=at("12-01 09:00"), serial=life.serial)
    change = life.keep(steps.resolved(life.file, done, TERMS, told))
    (verdict,) = change.fired
    assert (verdict.clock.kind, verdict.consequence) == (
        ClockKind.CONFIRMATION,
        Consequence.CALLBACK,
    )
    assert verdict.clock.born_breached


def heard_late(now: datetime) -> Life:
    """Returns a case registered at once, of which sla hears only at `now`."""
    return Life(MONDAY, known=MONDAY, now=now)


def test_a_case_that_we_hear_of_late_ourselves_gives_one_alert() -> None:
    # Both deadlines have passed; what stopped their clocks may be next in the queue.
    life = heard_late(at("12-01 09:00"))
    assert life.change.fired == ()
    assert life.running() == {"FIRST_REPLY", "PLAN"}
    assert all(clock.born_breached for clock in life.clocks.values())
    # Nothing was.
    change = life.fire(at("12-01 09:00"))
    (alert,) = change.fired
    assert (alert.clock.kind, alert.consequence) == (ClockKind.FIRST_REPLY, Consequence.ALERT)
    assert alert.clock.breach_time == at("11-24 00:00")
    assert life.states() == {
        "FIRST_REPLY": "BREACHED",
        "PLAN": "BREACHED",
        "REMINDER": "RUNNING",
    }
    # Whoever keeps a copy of the clocks hears of the silent one too.
    assert {clock.kind for clock in change.started} == {ClockKind.PLAN, ClockKind.REMINDER}
    assert life.fire(at("12-01 10:00")).fired == ()


def test_a_case_that_we_hear_of_late_but_was_answered_in_time_gives_none() -> None:
    life = heard_late(at("11-24 09:00"))
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, at("11-23 18:00"))
    life.keep(steps.answered(life.file, answer, TERMS, life.moment(at("11-24 09:00"))))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.breach_time) == (ClockState.MET, None)
    assert life.fire(at("11-24 09:00")).fired == ()


def test_a_new_cycle_that_we_hear_of_late_gives_one_alert() -> None:
    life = Life()
    life.resolve(at("11-23 11:00"))
    late = Moment(now=at("11-27 09:00"), known=at("11-25 09:00"), serial=life.serial)
    life.keep(steps.rejected(life.file, 2, at("11-25 09:00"), TERMS, late))
    (alert,) = life.fire(at("11-27 09:00")).fired
    assert (alert.clock.cycle, alert.consequence) == (2, Consequence.ALERT)


def test_a_work_order_that_we_hear_of_late_ourselves_is_an_ordinary_breach() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 10))
    order = DispatchedOrder("w-1", at("11-25 18:00"))
    late = Moment(now=at("11-26 09:00"), known=at("11-23 12:00"), serial=life.serial)
    life.keep(steps.dispatched(life.file, [order], at("11-23 12:00"), TERMS, late))
    (breach,) = life.fire(at("11-26 09:00")).fired
    assert breach.consequence is Consequence.HEAD_OF_UNIT
    assert not breach.clock.born_breached


def test_an_answer_in_time_that_is_heard_of_late_is_in_time() -> None:
    life = Life()
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, at("11-23 18:00"))
    heard = Moment(now=at("11-24 08:00"), known=at("11-24 07:00"), serial=life.serial)
    life.keep(steps.answered(life.file, answer, TERMS, heard))
    assert life.one(ClockKind.FIRST_REPLY).state is ClockState.MET


def test_a_breach_that_fired_stays_on_record_although_the_answer_was_in_time() -> None:
    life = Life()
    life.fire(at("11-24 00:00"))
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, at("11-23 18:00"))
    life.keep(steps.answered(life.file, answer, TERMS, life.moment(at("11-24 08:00"))))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.breach_time) == (ClockState.MET, at("11-24 00:00"))
    assert not clock.live


def test_an_answer_at_the_due_time_is_late() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-24 00:00"))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.breach_time) == (ClockState.MET_LATE, at("11-24 00:00"))


def test_a_stop_ahead_of_us_counts_as_now() -> None:
    life = Life()
    now = at("11-23 23:58")
    answer = FedBackAnswer(1, "a-1", AnswerKind.FIRST_REPLY, None, now + timedelta(minutes=4))
    life.keep(steps.answered(life.file, answer, TERMS, life.moment(now)))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.stop_time) == (ClockState.MET, now)

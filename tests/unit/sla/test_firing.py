"""What fires when, and what follows: in time, found late, heard of late, born breached."""

from datetime import date, datetime, timedelta
from itertools import permutations

from services.sla.domain.acts import (
    AnswerKind,
    Dispatched,
    DispatchedOrder,
    Elapsed,
    Flagged,
    FlagKind,
    Moment,
    Rejected,
    Resolved,
)
from services.sla.domain.docket import File
from services.sla.domain.kinds import ClockKind, ClockState, Consequence, Threshold, WarningKind
from services.sla.domain.policy import WarningPoint
from services.sla.domain.transitions import apply
from tests.unit.sla.life import MONDAY, Life, at, ruled, with_rules


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


def test_what_is_found_together_fires_in_the_same_order_however_it_was_read() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 11, 30))
    order = DispatchedOrder("w-1", at("12-01 00:00"))
    life.dispatch(at("11-23 11:00"), order)
    now = at("12-01 00:00")
    moment = Moment(now, now, life.serial)
    for clocks in permutations(life.file.clocks):
        file = File(life.change.case, clocks)
        fired = apply(file, Elapsed(), life.terms, moment).fired
        assert [(verdict.clock.kind, verdict.consequence) for verdict in fired] == [
            (ClockKind.PROGRESS, Consequence.LADDER),
            (ClockKind.RESOLUTION, Consequence.ALERT),
            (ClockKind.WORK_ORDER, Consequence.HEAD_OF_UNIT),
        ]


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
    done = Resolved(at("11-23 10:00"), at("11-23 10:00"))
    change = life.do(done, now=at("12-01 09:00"))
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
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 18:00"), heard=at("11-24 09:00"))
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.breach_time) == (ClockState.MET, None)
    assert life.fire(at("11-24 09:00")).fired == ()


def test_a_new_cycle_that_we_hear_of_late_gives_one_alert() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.resolve(at("11-23 11:00"))
    spoken = at("11-25 09:00")
    life.do(Rejected(2, spoken), now=at("11-27 09:00"), known=spoken)
    (alert,) = life.fire(at("11-27 09:00")).fired
    assert (alert.clock.cycle, alert.consequence) == (2, Consequence.ALERT)


def test_a_work_order_that_we_hear_of_late_ourselves_is_an_ordinary_breach() -> None:
    life = Life()
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), date(2026, 12, 10))
    sent = at("11-23 12:00")
    order = DispatchedOrder("w-1", at("11-25 18:00"))
    life.do(Dispatched((order,), sent), now=at("11-26 09:00"), known=sent)
    (breach,) = life.fire(at("11-26 09:00")).fired
    assert breach.consequence is Consequence.HEAD_OF_UNIT
    assert not breach.clock.born_breached


def test_an_answer_in_time_that_is_heard_of_late_is_in_time() -> None:
    life = Life()
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 18:00"), heard=at("11-24 08:00"))
    assert life.one(ClockKind.FIRST_REPLY).state is ClockState.MET


def test_a_breach_that_fired_stays_on_record_although_the_answer_was_in_time() -> None:
    life = Life()
    life.fire(at("11-24 00:00"))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 18:00"), heard=at("11-24 08:00"))
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
    life.answer(AnswerKind.FIRST_REPLY, now + timedelta(minutes=4), heard=now)
    clock = life.one(ClockKind.FIRST_REPLY)
    assert (clock.state, clock.stop_time) == (ClockState.MET, now)


def test_each_warning_of_several_is_given_though_they_were_slept_through() -> None:
    points = tuple(WarningPoint(WarningKind.WORKING_DAYS_BEFORE, days) for days in (2, 1))
    often = ruled(ClockKind.PLAN, warnings=points)
    life = Life(terms=with_rules({ClockKind.PLAN: often}))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    fired = life.fire(at("11-26 08:00")).fired
    assert [(verdict.threshold, verdict.fire_time) for verdict in fired] == [
        (Threshold.WARNING, at("11-25 00:00")),
        (Threshold.WARNING, at("11-26 00:00")),
    ]
    plan = life.one(ClockKind.PLAN)
    assert (plan.warned_count, plan.warn_time) == (2, None)
    assert life.fire(at("11-26 09:00")).fired == ()


def test_a_long_standing_case_gives_no_alert_for_what_was_over_when_it_was_known() -> None:
    life = Life()
    life.flag(at("11-23 10:00"))
    life.resolve(at("11-23 11:00"))
    life.do(Rejected(2, at("11-24 09:00")), now=at("12-10 09:00"))
    first_reply, plan = life.change.started[:2]
    assert first_reply.born_breached and plan.born_breached
    assert [verdict.consequence for verdict in life.change.fired] == [Consequence.REPORT]


def test_what_follows_is_what_the_policy_says() -> None:
    quiet = ruled(ClockKind.FIRST_REPLY, on_breach=Consequence.REPORT)
    life = Life(terms=with_rules({ClockKind.FIRST_REPLY: quiet}))
    (breach,) = life.fire(at("11-24 00:00")).fired
    assert breach.consequence is Consequence.REPORT
    # Nothing climbed, so the next silence does.
    fired = life.fire(at("11-27 00:00")).fired
    assert Consequence.LADDER in {verdict.consequence for verdict in fired}


def test_a_review_of_which_we_heard_late_is_due_all_the_same() -> None:
    life = Life()
    flagged = Flagged(FlagKind.LONG_STANDING, set=True, time=at("11-23 10:00"))
    life.do(flagged, now=at("12-10 09:00"))
    assert life.one(ClockKind.REVIEW).running
    fired = life.fire(at("12-10 09:00")).fired
    assert Consequence.REVIEW in {verdict.consequence for verdict in fired}
    # Reviews missed are not made up for.
    assert life.one(ClockKind.REVIEW).due_time == at("12-18 00:00")


def test_silence_that_was_over_when_it_was_known_lets_the_case_be_closed() -> None:
    life = Life(anonymous=True)
    life.do(Resolved(at("11-23 10:00"), at("11-23 10:00")), now=at("12-20 09:00"))
    assert {verdict.consequence for verdict in life.change.fired} == {
        Consequence.CALLBACK,
        Consequence.MAY_CLOSE,
    }


def test_a_task_that_is_late_when_its_case_is_done_climbs_nothing() -> None:
    ladder = ruled(ClockKind.WORK_ORDER, on_breach=Consequence.LADDER)
    report = ruled(ClockKind.WORK_ORDER, on_breach=Consequence.REPORT)
    for rule, follows in (
        (ruled(ClockKind.WORK_ORDER), Consequence.ALERT),
        (ladder, Consequence.ALERT),
        (report, Consequence.REPORT),
    ):
        life = Life(terms=with_rules({ClockKind.WORK_ORDER: rule}))
        life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
        life.resolve(at("11-23 11:00"))
        (breach,) = life.fire(at("11-25 18:00")).fired
        assert (breach.clock.kind, breach.consequence) == (ClockKind.WORK_ORDER, follows)
        assert life.all(ClockKind.ESCALATION) == []


def test_the_grace_of_a_late_task_is_that_of_its_rule() -> None:
    patient = ruled(ClockKind.WORK_ORDER, grace_working_days=3)
    life = Life(terms=with_rules({ClockKind.WORK_ORDER: patient}))
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-25 18:00")))
    life.fire(at("11-25 18:00"))
    assert life.one(ClockKind.ESCALATION, "w-1").due_time == at("12-01 00:00")

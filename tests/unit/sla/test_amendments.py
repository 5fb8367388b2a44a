"""Deadlines moved while their clocks run: by an approval, another calendar, another policy."""

from datetime import date

from services.sla.domain.acts import AnswerKind, DispatchedOrder
from services.sla.domain.clocks import Span
from services.sla.domain.docket import Change
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    ClockState,
    Consequence,
    Counting,
)
from tests.unit.sla.life import TERMS, Life, at, closed_on, ruled, with_rules

TUESDAY = date(2026, 11, 24)


def moved(change: Change) -> dict[ClockKind, AmendmentCause]:
    return {amendment.clock.kind: amendment.cause for amendment in change.amended}


def promised(day: date = date(2026, 12, 4)) -> Life:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.answer(AnswerKind.PLAN, at("11-23 11:00"), day, answer_id="a-1")
    return life


def ordered() -> Life:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.dispatch(at("11-23 10:00"), DispatchedOrder("w-1", at("11-27 12:00")))
    return life


# Promises and work orders ---------------------------------------------------------------------


def test_a_promise_moved_before_it_passed_is_due_on_the_new_day() -> None:
    life = promised()
    change = life.promise("a-1", at("12-03 10:00"), date(2026, 12, 12))
    (amendment,) = change.amended
    assert amendment.previous_due_time == at("12-05 00:00")
    assert (amendment.clock.due_time, amendment.cause) == (
        at("12-13 00:00"),
        AmendmentCause.PROMISE_MOVED,
    )
    # The warning for the old day hadn't come yet; the new one is a working day before.
    assert amendment.clock.warn_time == at("12-12 00:00")
    assert life.fire(at("12-05 00:00")).fired[0].clock.kind is not ClockKind.RESOLUTION


def test_a_promise_that_has_passed_is_not_moved() -> None:
    life = promised(TUESDAY)
    change = life.promise("a-1", at("11-25 00:00"), date(2026, 12, 12))
    assert change.amended == ()
    life.fire(at("11-25 00:00"))
    assert life.promise("a-1", at("11-25 10:00"), date(2026, 12, 12)).amended == ()
    assert life.one(ClockKind.RESOLUTION).state is ClockState.BREACHED


def test_the_promise_of_another_answer_is_not_moved() -> None:
    assert promised().promise("a-2", at("12-03 10:00"), date(2026, 12, 12)).amended == ()


def test_a_warning_given_for_the_old_day_is_not_given_again() -> None:
    life = promised()
    life.fire(at("12-04 00:00"))
    assert life.one(ClockKind.RESOLUTION).warned_count == 1
    life.promise("a-1", at("12-04 10:00"), date(2026, 12, 12))
    clock = life.one(ClockKind.RESOLUTION)
    assert (clock.warned_count, clock.warn_time) == (1, None)
    assert clock.next_fire_time == at("12-13 00:00")


def test_an_extension_gives_a_task_another_deadline() -> None:
    life = ordered()
    change = life.extend("w-1", at("11-27 11:00"), at("12-03 12:00"))
    assert moved(change) == {ClockKind.WORK_ORDER: AmendmentCause.EXTENSION}
    assert life.one(ClockKind.WORK_ORDER).given == at("12-03 12:00")
    assert life.extend("w-1", at("11-27 11:30"), at("12-03 12:00")).amended == ()


def test_no_extension_after_the_deadline() -> None:
    life = ordered()
    assert life.extend("w-1", at("11-27 12:00"), at("12-03 12:00")).amended == ()


def test_who_gives_a_deadline_knows_of_the_pauses_before() -> None:
    life = ordered()
    life.pause(at("11-24 10:00"), at("12-10 00:00"))
    life.resume(at("11-25 10:00"))
    assert life.one(ClockKind.WORK_ORDER).due_time == at("12-01 12:00")
    life.extend("w-1", at("11-26 10:00"), at("12-03 12:00"))
    assert life.one(ClockKind.WORK_ORDER).due_time == at("12-03 12:00")


def test_a_deadline_given_while_it_stands_still_moves_by_what_is_left_of_the_pause() -> None:
    life = ordered()
    life.pause(at("11-24 10:00"), at("12-10 00:00"))
    life.extend("w-1", at("11-26 10:00"), at("12-03 12:00"))
    clock = life.one(ClockKind.WORK_ORDER)
    assert (clock.state, clock.pauses) == (ClockState.PAUSED, (Span(at("11-26 10:00")),))
    assert clock.due_time == at("12-03 12:00")
    life.resume(at("11-27 10:00"))
    assert life.one(ClockKind.WORK_ORDER).due_time == at("12-07 12:00")


def test_a_ruling_is_owed_for_a_task_given_back_and_may_give_another_deadline() -> None:
    life = ordered()
    life.give_back("w-1", at("11-24 10:00"))
    ruling = life.one(ClockKind.RULING)
    assert (ruling.reference, ruling.due_time) == ("w-1", at("11-26 00:00"))
    assert life.one(ClockKind.WORK_ORDER).running
    change = life.rule("w-1", at("11-25 09:00"), at("12-03 12:00"))
    assert [clock.kind for clock in change.stopped] == [ClockKind.RULING]
    assert life.one(ClockKind.RULING).state is ClockState.MET
    assert moved(change) == {ClockKind.WORK_ORDER: AmendmentCause.EXTENSION}


def test_a_ruling_without_a_deadline_leaves_it() -> None:
    life = ordered()
    life.give_back("w-1", at("11-24 10:00"))
    assert life.rule("w-1", at("11-25 09:00")).amended == ()


def test_a_ruling_that_does_not_come_is_the_directors() -> None:
    life = ordered()
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    life.give_back("w-1", at("11-24 10:00"))
    fired = life.fire(at("11-26 00:00")).fired
    assert (ClockKind.RULING, Consequence.DIRECTOR) in {
        (verdict.clock.kind, verdict.consequence) for verdict in fired
    }


def test_a_ruling_that_names_the_same_deadline_leaves_what_pauses_have_added() -> None:
    life = ordered()
    life.pause(at("11-24 10:00"), at("12-10 00:00"))
    life.resume(at("11-25 10:00"))
    life.give_back("w-1", at("11-30 10:00"))
    before = life.one(ClockKind.WORK_ORDER)
    # Past by now, were it not for the pause.
    change = life.rule("w-1", at("11-30 11:00"), at("11-27 12:00"))
    assert change.amended == ()
    assert life.one(ClockKind.WORK_ORDER) == before
    assert before.due_time == at("12-01 12:00")
    assert life.one(ClockKind.RULING).state is ClockState.MET


def test_a_ruling_may_make_a_deadline_earlier_and_an_extension_does_not() -> None:
    life = ordered()
    life.pause(at("11-24 10:00"), at("12-10 00:00"))
    life.resume(at("11-25 10:00"))
    before = life.one(ClockKind.WORK_ORDER)
    # More than the task had, and less than it has with its pause.
    assert life.extend("w-1", at("11-26 10:00"), at("11-30 12:00")).amended == ()
    assert life.one(ClockKind.WORK_ORDER) == before
    life.give_back("w-1", at("11-26 11:00"))
    life.rule("w-1", at("11-26 12:00"), at("11-30 12:00"))
    assert life.one(ClockKind.WORK_ORDER).due_time == at("11-30 12:00")


# The calendar ---------------------------------------------------------------------------------


def test_another_calendar_moves_what_is_counted_by_it() -> None:
    life = promised()
    life.dispatch(at("11-23 11:30"), DispatchedOrder("w-1", at("12-10 12:00")))
    change = life.amend(closed_on(TUESDAY), at("11-23 12:00"), AmendmentCause.CALENDAR)
    assert moved(change) == {ClockKind.PROGRESS: AmendmentCause.CALENDAR}
    progress = life.one(ClockKind.PROGRESS)
    assert (progress.due_time, progress.calendar_version) == (at("12-02 00:00"), 2)
    assert (progress.policy_version, progress.born_breached) == (1, False)
    # What was given stays, and the calendar that it was looked up in.
    assert life.one(ClockKind.RESOLUTION).calendar_version == 1


def test_a_warning_that_would_fall_on_a_day_now_off_moves_without_its_deadline() -> None:
    life = promised()
    thursday = date(2026, 12, 3)
    assert life.one(ClockKind.RESOLUTION).warn_time == at("12-04 00:00")
    change = life.amend(closed_on(thursday), at("11-23 12:00"), AmendmentCause.CALENDAR)
    promise = life.one(ClockKind.RESOLUTION)
    assert (promise.due_time, promise.warn_time) == (at("12-05 00:00"), at("12-03 00:00"))
    assert change.amended[0].previous_due_time == promise.due_time


def test_a_calendar_that_changes_nothing_amends_nothing() -> None:
    life = promised()
    before = life.file
    change = life.amend(closed_on(date(2027, 5, 5)), at("11-23 12:00"), AmendmentCause.CALENDAR)
    assert (change.clocks, life.file) == ((), before)


def test_amended_twice_is_amended_once() -> None:
    life = promised()
    life.amend(closed_on(TUESDAY), at("11-23 12:00"), AmendmentCause.CALENDAR)
    before = life.file
    change = life.amend(life.terms, at("11-23 13:00"), AmendmentCause.CALENDAR)
    assert (change.clocks, life.file) == ((), before)


def test_a_deadline_that_has_passed_by_the_new_calendar_alone_is_an_alert() -> None:
    # While Tuesday and Wednesday are closed, the plan is due on Monday.
    closed = closed_on(TUESDAY, date(2026, 11, 25), date(2026, 11, 26))
    life = Life(terms=closed)
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    assert life.one(ClockKind.PLAN).due_time == at("12-02 00:00")
    life.amend(TERMS, at("11-27 10:00"), AmendmentCause.CALENDAR)
    plan = life.one(ClockKind.PLAN)
    assert (plan.due_time, plan.born_breached) == (at("11-27 00:00"), True)
    (alert,) = life.fire(at("11-27 10:00")).fired
    assert (alert.consequence, alert.clock.kind) == (Consequence.ALERT, ClockKind.PLAN)


def test_what_is_put_right_again_before_it_fired_is_an_ordinary_clock() -> None:
    closed = closed_on(TUESDAY, date(2026, 11, 25), date(2026, 11, 26))
    life = Life(terms=closed)
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    life.amend(TERMS, at("11-27 10:00"), AmendmentCause.CALENDAR)
    life.amend(closed, at("11-27 10:01"), AmendmentCause.CALENDAR)
    plan = life.one(ClockKind.PLAN)
    assert (plan.due_time, plan.born_breached) == (at("12-02 00:00"), False)


def test_what_was_late_anyway_stays_an_ordinary_breach() -> None:
    life = Life(terms=closed_on(TUESDAY))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    # Due at the end of Friday, and nobody has fired yet.
    life.amend(TERMS, at("11-28 10:00"), AmendmentCause.CALENDAR)
    (breach,) = life.fire(at("11-28 10:00")).fired
    assert (breach.fire_time, breach.consequence) == (at("11-27 00:00"), Consequence.LADDER)


def test_a_clock_that_stands_still_is_amended_too() -> None:
    life = Life()
    life.pause(at("11-23 10:00"), at("11-30 00:00"))
    change = life.amend(closed_on(TUESDAY), at("11-23 12:00"), AmendmentCause.CALENDAR)
    assert moved(change) == {ClockKind.PLAN: AmendmentCause.CALENDAR}
    plan = life.one(ClockKind.PLAN)
    assert (plan.state, plan.due_time) == (ClockState.PAUSED, at("11-28 00:00"))


def test_what_ended_before_it_stood_still_by_the_new_calendar_is_an_alert() -> None:
    life = Life(terms=closed_on(TUESDAY, date(2026, 11, 25)))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    # By the plain calendar it was due at the end of Thursday.
    life.pause(at("11-27 10:00"), at("12-10 00:00"))
    life.amend(TERMS, at("11-30 10:00"), AmendmentCause.CALENDAR)
    assert life.one(ClockKind.PLAN).born_breached
    life.resume(at("12-01 10:00"))
    (alert,) = life.fire(at("12-01 10:00")).fired
    assert alert.consequence is Consequence.ALERT


def test_a_deadline_that_would_have_passed_while_it_stood_still_has_not() -> None:
    life = Life(terms=closed_on(TUESDAY, date(2026, 11, 25)))
    life.answer(AnswerKind.FIRST_REPLY, at("11-23 10:00"))
    life.pause(at("11-26 10:00"), at("12-10 00:00"))
    # Counted without the pause it was due at the end of that day.
    life.amend(TERMS, at("11-30 10:00"), AmendmentCause.CALENDAR)
    plan = life.one(ClockKind.PLAN)
    assert (plan.due_time, plan.born_breached) == (at("11-27 00:00"), False)
    life.resume(at("12-01 10:00"))
    assert life.one(ClockKind.PLAN).due_time == at("12-03 00:00")
    (breach,) = life.fire(at("12-03 00:00")).fired
    assert breach.consequence is Consequence.LADDER


# The policy -----------------------------------------------------------------------------------


def test_running_clocks_take_their_rules_from_a_policy_that_is_applied_to_them() -> None:
    life = promised()
    other = with_rules({ClockKind.PROGRESS: ruled(ClockKind.PROGRESS, amount=7, name="样例规则")})
    change = life.amend(other, at("11-23 12:00"), AmendmentCause.POLICY)
    assert moved(change) == {ClockKind.PROGRESS: AmendmentCause.POLICY}
    progress = life.one(ClockKind.PROGRESS)
    assert (progress.due_time, progress.policy_version) == (at("12-03 00:00"), 2)
    assert progress.rule.name == "样例规则"
    assert life.one(ClockKind.RESOLUTION).policy_version == 1


def test_a_calendar_change_leaves_the_rule_that_a_clock_began_with() -> None:
    life = promised()
    other = with_rules({ClockKind.PROGRESS: ruled(ClockKind.PROGRESS, amount=7)})
    assert life.amend(other, at("11-23 12:00"), AmendmentCause.CALENDAR).amended == ()
    assert life.one(ClockKind.PROGRESS).rule.amount == 5


def test_a_rule_that_moves_no_deadline_is_kept_all_the_same() -> None:
    life = promised()
    loud = ruled(ClockKind.PROGRESS, on_breach=Consequence.DIRECTOR)
    change = life.amend(
        with_rules({ClockKind.PROGRESS: loud}), at("11-23 12:00"), AmendmentCause.POLICY
    )
    (amendment,) = change.amended
    assert amendment.previous_due_time == amendment.clock.due_time
    assert life.one(ClockKind.PROGRESS).rule == loud


def test_what_is_off_now_runs_no_longer() -> None:
    life = Life()
    life.resolve(at("11-23 10:00"))
    off = ruled(ClockKind.CONFIRMATION, counting=Counting.OFF)
    life.amend(with_rules({ClockKind.CONFIRMATION: off}), at("11-24 10:00"), AmendmentCause.POLICY)
    confirmation = life.one(ClockKind.CONFIRMATION)
    assert (confirmation.state, confirmation.stop_time) == (
        ClockState.CANCELLED,
        at("11-24 10:00"),
    )
    assert life.running() == {"REMINDER"}


def test_notes_are_not_owed_beside_a_promise_where_the_policy_says_so_now() -> None:
    life = promised()
    instead = ruled(ClockKind.PROGRESS, off_while_promised=True)
    life.amend(with_rules({ClockKind.PROGRESS: instead}), at("11-24 10:00"), AmendmentCause.POLICY)
    assert life.one(ClockKind.PROGRESS).state is ClockState.CANCELLED


def test_reviews_that_were_off_come_again_where_the_policy_wants_them() -> None:
    life = Life()
    life.flag(at("11-23 10:00"))
    off = with_rules({ClockKind.REVIEW: ruled(ClockKind.REVIEW, counting=Counting.OFF)})
    life.amend(off, at("11-24 10:00"), AmendmentCause.POLICY)
    assert "REVIEW" not in life.running()
    # Another calendar is no word on that.
    life.amend(TERMS, at("11-25 10:00"), AmendmentCause.CALENDAR)
    assert "REVIEW" not in life.running()
    life.amend(TERMS, at("11-26 10:00"), AmendmentCause.POLICY)
    (review,) = [clock for clock in life.all(ClockKind.REVIEW) if clock.live]
    assert (review.start_time, review.due_time) == (at("11-26 10:00"), at("12-04 00:00"))
    life.amend(TERMS, at("11-27 10:00"), AmendmentCause.POLICY)
    assert [clock for clock in life.all(ClockKind.REVIEW) if clock.live] == [review]


def test_no_review_for_a_case_that_is_not_long_standing() -> None:
    life = Life()
    life.amend(TERMS, at("11-26 10:00"), AmendmentCause.POLICY)
    assert life.all(ClockKind.REVIEW) == []


def test_a_level_keeps_the_time_that_the_ladder_gave_it() -> None:
    life = Life()
    life.escalate(1, at("11-23 10:00"), dwell=2)
    quiet = ruled(ClockKind.ESCALATION, warnings=())
    life.amend(with_rules({ClockKind.ESCALATION: quiet}), at("11-23 11:00"), AmendmentCause.POLICY)
    level = life.one(ClockKind.ESCALATION)
    assert (level.due_time, level.warn_time) == (at("11-26 00:00"), None)
    assert (level.rule.counting, level.rule.amount) == (Counting.WORKING_DAYS, 2)


def test_a_reminder_comes_at_midnight_whatever_is_amended() -> None:
    life = Life()
    life.assign("", at("11-23 09:01"))
    life.fire(at("11-24 00:00"))
    change = life.amend(closed_on(TUESDAY), at("11-24 10:00"), AmendmentCause.CALENDAR)
    assert ClockKind.REMINDER not in moved(change)
    assert life.one(ClockKind.REMINDER).due_time == at("11-25 00:00")


def test_a_review_counts_from_the_last_one_when_it_is_amended() -> None:
    life = Life()
    life.flag(at("11-23 10:00"))
    life.fire(at("12-01 08:00"))
    assert life.one(ClockKind.REVIEW).due_time == at("12-09 00:00")
    # 8 December is off now.
    life.amend(closed_on(date(2026, 12, 8)), at("12-01 10:00"), AmendmentCause.CALENDAR)
    assert life.one(ClockKind.REVIEW).due_time == at("12-10 00:00")


def test_a_breach_is_not_amended() -> None:
    life = Life()
    life.fire(at("11-27 00:00"))
    change = life.amend(closed_on(TUESDAY), at("11-27 10:00"), AmendmentCause.CALENDAR)
    assert change.amended == ()
    assert life.one(ClockKind.PLAN).state is ClockState.BREACHED

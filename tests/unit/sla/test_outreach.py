"""A unit's clock: from one contact to the next, recorded or not."""

from datetime import datetime

from services.sla.domain import outreach
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import ClockKind, ClockState, Consequence, Counting, Threshold
from services.sla.domain.policy import PolicyRule, Profile, Scope, Terms
from tests.unit.sla.life import SITE, TERMS, at, ruled, with_rules

START = at("11-02 10:00")
# The thirtieth day is a Wednesday; a working day before is the end of Tuesday.
DUE, WARN = at("12-03 00:00"), at("12-02 00:00")
# Counted from when it fired, as if it had been heard of then; the first days of the year are off.
AGAIN = at("01-05 00:00", 2027)
OFF = with_rules({ClockKind.OUTREACH: ruled(ClockKind.OUTREACH, counting=Counting.OFF)})


def begun(start: datetime = START, terms: Terms = TERMS) -> Clock:
    (clock,) = outreach.begin(SITE, "u-1", start, terms, 0).started
    return clock


def test_a_unit_is_to_be_heard_of_within_a_month() -> None:
    clock = begun()
    assert (clock.subject_id, clock.reference, clock.cycle) == ("outreach/yuwu/u-1", "u-1", 1)
    assert (clock.kind, clock.due_time, clock.warn_time) == (ClockKind.OUTREACH, DUE, WARN)


def test_nobody_waits_where_the_policy_does_not() -> None:
    assert outreach.begin(SITE, "u-1", START, OFF, 0) == outreach.NOTHING
    change = outreach.contact(begun(), at("11-10 10:00"), at("11-10 10:00"), OFF, 1)
    assert [clock.state for clock in change.stopped] == [ClockState.MET]
    assert change.started == ()


def test_a_rule_for_some_cases_is_not_for_units() -> None:
    rule = ruled(ClockKind.OUTREACH, amount=7)
    some = PolicyRule(
        "样例规则", Scope(categories=frozenset({"WATER"})), {ClockKind.OUTREACH: rule}
    )
    terms = Terms(TERMS.calendar, type(TERMS.policy)(2, (some,)))
    assert terms.policy.terms(ClockKind.OUTREACH, Profile(category="WATER")).amount == 7
    assert begun(terms=terms).due_time == DUE


def test_a_contact_ends_the_wait_and_begins_the_next() -> None:
    clock, time = begun(), at("11-20 15:00")
    change = outreach.contact(clock, time, at("11-20 18:00"), TERMS, 1)
    (stopped,), (started,) = change.stopped, change.started
    assert (stopped.state, stopped.stop_time) == (ClockState.MET, time)
    assert (started.start_time, started.due_time) == (time, at("12-22 00:00"))
    assert started.clock_id != clock.clock_id
    assert change.clocks == (stopped, started)


def test_an_older_contact_is_nothing_and_one_ahead_of_us_is_now() -> None:
    clock, now = begun(), at("11-20 15:00")
    assert outreach.contact(clock, START, now, TERMS, 1) == outreach.NOTHING
    assert outreach.contact(clock, at("10-20 15:00"), now, TERMS, 1) == outreach.NOTHING
    change = outreach.contact(clock, at("11-20 15:05"), now, TERMS, 1)
    assert change.started[0].start_time == now


def test_nothing_fires_before_its_time() -> None:
    change = outreach.fire(begun(), at("12-01 23:59:59"), None, TERMS, 1)
    assert change == outreach.NOTHING


def test_it_warns_once_and_then_breaches_for_the_report() -> None:
    change = outreach.fire(begun(), WARN, None, TERMS, 1)
    (warning,) = change.fired
    assert (warning.threshold, warning.fire_time, warning.consequence) == (
        Threshold.WARNING,
        WARN,
        None,
    )
    (clock,) = change.clocks
    (breach,) = outreach.fire(clock, DUE, None, TERMS, 2).fired
    assert (breach.consequence, breach.fire_time) == (Consequence.REPORT, DUE)
    # It is looked for again, and reported of again, until it is heard of.
    assert (breach.clock.state, breach.clock.breach_time) == (ClockState.RUNNING, DUE)
    assert (breach.clock.due_time, breach.clock.warn_time) == (AGAIN, at("01-01 00:00", 2027))


def test_an_appeal_nobody_counted_as_a_contact_is_one() -> None:
    change = outreach.fire(begun(), WARN, at("11-15 10:00"), TERMS, 1)
    (stopped,), (started,) = change.stopped, change.started
    assert (stopped.state, stopped.stop_time) == (ClockState.MET, at("11-15 10:00"))
    assert started.due_time == at("12-16 00:00")
    assert change.fired == ()


def test_an_appeal_ends_the_wait_where_the_policy_waits_no_longer() -> None:
    change = outreach.fire(begun(), WARN, at("11-15 10:00"), OFF, 1)
    assert [clock.state for clock in change.clocks] == [ClockState.MET]
    assert change.fired == ()


def test_an_appeal_before_its_start_is_no_contact() -> None:
    (warning,) = outreach.fire(begun(), WARN, at("10-15 10:00"), TERMS, 1).fired
    assert warning.threshold is Threshold.WARNING


def test_a_late_appeal_is_late_and_nobody_is_told() -> None:
    # We slept through the deadline.
    change = outreach.fire(begun(), at("12-10 10:00"), at("12-05 10:00"), TERMS, 1)
    assert [clock.state for clock in change.stopped] == [ClockState.MET_LATE]
    assert change.stopped[0].breach_time == DUE
    assert change.fired == ()


def test_what_began_from_an_old_appeal_may_be_due_itself() -> None:
    change = outreach.fire(begun(), at("12-31 10:00"), at("11-05 10:00"), TERMS, 1)
    (started,), (breach,) = change.started, change.fired
    assert breach.fire_time == started.due_time == at("12-08 00:00")
    # As it stands in the end.
    assert [clock.state for clock in change.clocks] == [ClockState.MET, ClockState.RUNNING]
    assert change.clocks[1].breach_time == at("12-31 10:00")


def test_an_overdue_unit_is_heard_of_at_last() -> None:
    (breach,) = outreach.fire(begun(), DUE, None, TERMS, 1).fired
    change = outreach.contact(breach.clock, at("12-08 10:00"), at("12-08 10:00"), TERMS, 2)
    stopped = change.stopped[0]
    assert (stopped.state, stopped.due_time, stopped.breach_time) == (ClockState.MET_LATE, DUE, DUE)
    assert change.started[0].running


def test_an_appeal_after_the_report_is_found_when_it_would_be_reported_again() -> None:
    (breach,) = outreach.fire(begun(), DUE, None, TERMS, 1).fired
    warn_time = breach.clock.next_fire_time
    assert warn_time is not None
    change = outreach.fire(breach.clock, warn_time, at("12-08 10:00"), TERMS, 2)
    assert [clock.state for clock in change.stopped] == [ClockState.MET_LATE]
    assert (change.started[0].start_time, change.fired) == (at("12-08 10:00"), ())


def test_an_appeal_in_time_that_was_entered_after_the_report_is_in_time() -> None:
    (breach,) = outreach.fire(begun(), DUE, None, TERMS, 1).fired
    change = outreach.contact(breach.clock, at("12-02 10:00"), at("12-08 10:00"), TERMS, 2)
    stopped = change.stopped[0]
    assert (stopped.state, stopped.due_time, stopped.breach_time) == (ClockState.MET, DUE, DUE)


def test_a_unit_that_nobody_hears_of_is_reported_of_again_and_again() -> None:
    clock, now, reported = begun(), DUE, []
    for serial in range(8):
        change = outreach.fire(clock, now, None, TERMS, serial)
        clock = change.clocks[-1]
        reported += [v.fire_time for v in change.fired if v.threshold is Threshold.DUE]
        assert clock.next_fire_time is not None
        assert now < clock.next_fire_time
        now = clock.next_fire_time
    assert reported[:2] == [DUE, AGAIN]
    assert len(reported) == len(set(reported)) == 4


def test_a_unit_that_is_gone_after_a_report_is_just_gone() -> None:
    (breach,) = outreach.fire(begun(), DUE, None, TERMS, 1).fired
    (clock,) = outreach.gone(breach.clock, at("01-20 10:00", 2027)).stopped
    assert (clock.state, clock.breach_time) == (ClockState.CANCELLED, DUE)


def test_a_unit_that_is_gone_is_waited_for_no_longer() -> None:
    change = outreach.gone(begun(), at("11-20 10:00"))
    assert [clock.state for clock in change.clocks] == [ClockState.CANCELLED]


def test_an_alert_where_the_policy_says_so() -> None:
    loud = ruled(ClockKind.OUTREACH, on_breach=Consequence.ALERT)
    terms = with_rules({ClockKind.OUTREACH: loud})
    (breach,) = outreach.fire(begun(terms=terms), DUE, None, terms, 1).fired
    assert breach.consequence is Consequence.ALERT

"""A case as it would have gone: under other terms, everything known and fired at its time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain import acts
from services.sla.domain.acts import Act, AnswerKind, DispatchedOrder, Logged, Moment
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Case
from services.sla.domain.kinds import (
    AmendmentCause,
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    DayEnd,
    PauseReason,
    Threshold,
)
from services.sla.domain.policy import Profile, Terms
from services.sla.domain.replay import LadderLevel, Simulation, simulate
from tests.unit.sla.life import CASE, MONDAY, SITE, TERMS, Life, at, closed_on, ruled, with_rules

LADDER = (LadderLevel(1), LadderLevel(working_time=timedelta(hours=4)), LadderLevel())
LONG_AFTER = at("12-31 00:00")


def played(
    *happened: Act,
    terms: Terms = TERMS,
    until: datetime = LONG_AFTER,
    levels: int = 3,
    entered: datetime = MONDAY,
) -> Simulation:
    """Plays a case that was entered at once, and all that came after it long after."""
    times = [entered, *[LONG_AFTER] * len(happened)]
    logged = [
        Logged(act, Moment(time, time, serial), 1, 1, "p-1", "Test")
        for serial, (time, act) in enumerate(
            zip(times, (acts.Registered(MONDAY), *happened), strict=True)
        )
    ]
    ladder = LADDER[len(LADDER) - levels :]
    return simulate(CASE, SITE, logged, terms, ladder, until)


def clock_of(simulation: Simulation, kind: ClockKind, reference: str | None = None) -> Clock:
    (clock,) = [
        clock
        for clock in simulation.clocks
        if clock.kind is kind and reference in (None, clock.reference)
    ]
    return clock


def answered(time: str, kind: AnswerKind = AnswerKind.PLAN, answer_id: str = "a-1") -> Act:
    return acts.Answered(1, answer_id, kind, None, at(time))


def test_a_case_that_nobody_cares_for_climbs_to_the_top() -> None:
    simulation = played()
    assert simulation.escalations == (
        (at("11-24 00:00"), 1),
        (at("11-26 00:00"), 2),
        (at("11-26 12:00"), 3),
    )
    assert [(v.clock.kind, v.consequence) for v in simulation.breaches] == [
        (ClockKind.FIRST_REPLY, Consequence.LADDER),
        (ClockKind.ESCALATION, Consequence.LADDER),
        (ClockKind.ESCALATION, Consequence.LADDER),
        # There is nothing above the top, which waits already.
        (ClockKind.PLAN, Consequence.LADDER),
    ]
    # Half of each: the reply, two levels; and the plan a day before.
    assert simulation.warnings == 4
    assert (simulation.case.level, simulation.case.at_ladder_end) == (3, True)


def test_breaches_are_dated_and_noticed_by_their_deadline() -> None:
    for verdict in played().breaches:
        assert verdict.clock.breach_time == verdict.clock.due_time == verdict.fire_time
        assert verdict.threshold is Threshold.DUE
        assert not verdict.clock.born_breached


def test_what_was_entered_late_happened_in_time() -> None:
    # Entered two days after it was said, and before the other.
    simulation = played(
        answered("11-25 11:00", AnswerKind.PROGRESS, "a-2"),
        answered("11-23 11:00", AnswerKind.FIRST_REPLY),
        until=at("11-26 00:00"),
    )
    assert simulation.breaches == ()
    assert clock_of(simulation, ClockKind.FIRST_REPLY).state is ClockState.MET


def test_an_appeal_that_was_entered_late_is_no_ladders_fault() -> None:
    simulation = played(entered=at("11-25 10:00"), until=at("11-27 12:00"))
    assert [(v.clock.kind, v.consequence) for v in simulation.breaches] == [
        (ClockKind.FIRST_REPLY, Consequence.ALERT),
        # Its plan could still be given in time.
        (ClockKind.PLAN, Consequence.LADDER),
    ]


def test_other_terms_give_another_case() -> None:
    told = answered("11-26 11:00", AnswerKind.FIRST_REPLY)
    same_day = played(told, until=at("11-26 12:00"))
    assert clock_of(same_day, ClockKind.FIRST_REPLY).state is ClockState.MET_LATE
    generous = with_rules({ClockKind.FIRST_REPLY: ruled(ClockKind.PLAN, amount=5)})
    five_days = played(told, until=at("11-26 12:00"), terms=generous)
    assert clock_of(five_days, ClockKind.FIRST_REPLY).state is ClockState.MET
    assert five_days.escalations == ()


def test_what_followed_from_the_breaches_that_were_does_not_happen_again() -> None:
    life = Life()
    life.fire(at("11-24 00:00"))
    life.escalate(1, at("11-24 00:01"))
    life.fire(at("11-26 00:00"))
    life.escalate(2, at("11-26 00:01"))
    life.answer(AnswerKind.PLAN, at("11-26 09:00"))
    generous = with_rules({ClockKind.FIRST_REPLY: ruled(ClockKind.PLAN, amount=5)})
    simulation = simulate(CASE, SITE, life.logged, generous, LADDER, at("11-26 10:00"))
    assert (simulation.breaches, simulation.escalations) == ((), ())
    assert simulation.case.level == 0


def test_terms_that_changed_meanwhile_are_not_applied() -> None:
    life = Life()
    life.amend(closed_on(date(2026, 11, 24)), at("11-23 10:00"), AmendmentCause.CALENDAR)
    simulation = simulate(CASE, SITE, life.logged, TERMS, LADDER, at("11-23 11:00"))
    assert clock_of(simulation, ClockKind.PLAN).due_time == at("11-27 00:00")


def test_an_instruction_counts_where_a_level_waits_for_one() -> None:
    said = acts.Instructed(1, "p-9", at("11-25 09:00"))
    simulation = played(said, until=at("11-25 12:00"))
    assert clock_of(simulation, ClockKind.ESCALATION).state is ClockState.MET
    assert simulation.case.accountable == "p-9"
    # The case never came to a level: nobody was asked.
    simulation = played(answered("11-23 10:00"), said, until=at("11-25 12:00"))
    assert simulation.case.accountable == ""


def test_who_moved_a_case_up_by_hand_still_did() -> None:
    def moved(number: int, time: str) -> Act:
        return acts.Escalated(1, number, 2, False, False, at(time), by_hand=True)

    simulation = played(moved(1, "11-23 10:00"), until=at("11-23 11:00"))
    assert simulation.escalations == ((at("11-23 10:00"), 1),)
    assert clock_of(simulation, ClockKind.ESCALATION).due_time == at("11-26 00:00")
    # It was there by then.
    simulation = played(moved(1, "11-24 10:00"), until=at("11-24 11:00"))
    assert simulation.escalations == ((at("11-24 00:00"), 1),)


def test_the_top_is_climbed_to_again_only_after_it_has_answered() -> None:
    word = acts.Instructed(1, "p-9", at("11-24 09:00"))
    silent = played(levels=1)
    assert silent.escalations == ((at("11-24 00:00"), 1),)
    spoken = played(word, levels=1)
    # The plan, three days later.
    assert spoken.escalations == ((at("11-24 00:00"), 1), (at("11-27 00:00"), 1))


def test_what_was_over_when_it_began_is_a_breach_too() -> None:
    order = DispatchedOrder("w-1", at("11-23 08:00"))
    simulation = played(acts.Dispatched((order,), at("11-23 10:00")), until=at("11-23 11:00"))
    (breach,) = simulation.breaches
    assert (breach.clock.kind, breach.consequence) == (ClockKind.WORK_ORDER, Consequence.ALERT)


def test_a_reply_that_could_not_be_given_in_time_is_a_breach_too() -> None:
    at_once = ruled(ClockKind.FIRST_REPLY, floor=timedelta(0), day_end=DayEnd.CLOSE_OF_BUSINESS)
    late = Life(at("11-23 19:00")).logged
    terms = with_rules({ClockKind.FIRST_REPLY: at_once})
    (breach,) = simulate(CASE, SITE, late, terms, LADDER, at("11-23 20:00")).breaches
    assert breach.fire_time == at("11-23 19:00")


def test_clocks_of_the_same_sort_are_told_apart() -> None:
    simulation = played(
        acts.Resolved(at("11-23 10:00"), at("11-23 10:00")),
        acts.CalledBack(1, False, at("11-24 10:00")),
        acts.CalledBack(1, False, at("11-25 10:00")),
        until=at("11-25 11:00"),
    )
    calls = [clock for clock in simulation.clocks if clock.kind is ClockKind.CALLBACK]
    assert [clock.state for clock in calls] == [ClockState.MET, ClockState.RUNNING]


def test_without_a_ladder_nothing_climbs() -> None:
    simulation = played(levels=0)
    assert simulation.escalations == ()
    assert len(simulation.breaches) == 2


def test_nothing_is_played_after_the_end() -> None:
    simulation = played(answered("11-25 10:00"), until=at("11-24 10:00"))
    assert clock_of(simulation, ClockKind.PLAN).running
    assert "PROGRESS" not in {clock.kind for clock in simulation.clocks}


def test_a_closed_case_stays_closed() -> None:
    closed = acts.Closed(at("11-23 10:00"))
    flagged = acts.Flagged(acts.FlagKind.LONG_STANDING, True, at("11-23 11:00"))
    simulation = played(closed, answered("11-23 11:00"), flagged)
    assert simulation.case.state is CaseState.CLOSED
    assert {clock.state for clock in simulation.clocks} == {ClockState.CANCELLED}


def test_reminders_are_left_out() -> None:
    simulation = played(acts.Assigned("", "", "position:DISPATCH_ROOM", at("11-23 09:01")))
    assert ClockKind.REMINDER not in {clock.kind for clock in simulation.clocks}
    assert Consequence.REMINDER not in {verdict.consequence for verdict in simulation.breaches}


class Ideal:
    """A case in the live code's hands, by which everything is known and fired at its time."""

    def __init__(self, terms: Terms) -> None:
        self.life = Life(terms=terms)
        self.warnings = 0
        self.follows: list[tuple[datetime, Consequence | None]] = []
        self.escalations: list[tuple[datetime, int]] = []

    def until(self, time: datetime) -> None:
        while (due := self.life.change.case.next_wake_time) is not None and due <= time:
            self.do(acts.Elapsed(), due)
            if Consequence.LADDER in {v.consequence for v in self.life.change.fired}:
                self.climb(due)

    def do(self, act: Act, time: datetime) -> None:
        for verdict in self.life.do(act, now=time).fired:
            if verdict.threshold is Threshold.WARNING:
                self.warnings += 1
            elif verdict.clock.kind is not ClockKind.REMINDER:
                self.follows.append((verdict.fire_time, verdict.consequence))

    def climb(self, time: datetime) -> None:
        case = self.life.change.case
        if case.state is not CaseState.OPEN or (case.level == 3 and case.at_ladder_end):
            return
        number = min(case.level + 1, 3)
        level = LADDER[number - 1]
        self.life.do(
            acts.Escalated(
                case.cycle,
                number,
                level.working_days,
                number == 3,
                False,
                time,
                level.working_time,
            ),
            now=time,
        )
        self.escalations.append((time, number))


def _instructed(time: datetime, _: int) -> Act:
    return acts.Instructed(1, "p-9", time)


STEPS: list[Callable[[datetime, int], Act]] = [
    lambda time, number: acts.Answered(
        1, f"a-{number}", AnswerKind.PLAN, (time + timedelta(days=5)).date(), time
    ),
    lambda time, number: acts.Answered(1, f"a-{number}", AnswerKind.PROGRESS, None, time),
    lambda time, number: acts.Answered(1, f"a-{number}", AnswerKind.FIRST_REPLY, None, time),
    lambda time, number: acts.Dispatched(
        (DispatchedOrder(f"w-{number}", time + timedelta(days=3)),), time
    ),
    lambda time, number: acts.Dispatched(
        (DispatchedOrder(f"w-{number}", time - timedelta(days=1)),), time
    ),
    lambda time, number: acts.Completed(f"w-{number - 1}", time),
    lambda time, number: acts.Extended(f"w-{number - 1}", time + timedelta(days=9), time),
    lambda time, number: acts.Returned(f"w-{number - 1}", time),
    lambda time, number: acts.Ruled(f"w-{number - 2}", time, time + timedelta(days=6)),
    lambda time, _: acts.Paused(PauseReason.FORCE_MAJEURE, time, time + timedelta(days=4)),
    lambda time, _: acts.Resumed(time),
    lambda time, _: acts.Flagged(acts.FlagKind.LONG_STANDING, True, time),
    lambda time, _: acts.Assigned("u-1", "p-1", "p-1", time),
    _instructed,
    lambda time, _: acts.Resolved(time, time),
    lambda time, _: acts.CalledBack(1, False, time),
    lambda time, _: acts.Rejected(2, time),
    lambda time, _: acts.Closed(time),
    lambda time, _: acts.BegunAgain(3, time),
    lambda time, _: acts.Corrected(Profile("WATER", "", "URGENT"), "u-2", time),
    lambda time, _: acts.Met(time),
]


def unnamed(clock: Clock) -> Clock:
    """Returns a clock without what tells the same one apart in two runs."""
    return replace(clock, clock_id="", policy_version=0, calendar_version=0)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.timedeltas(timedelta(minutes=1), timedelta(days=6)), st.sampled_from(STEPS)),
        max_size=12,
    ),
    st.sampled_from([TERMS, closed_on(date(2026, 11, 25), date(2026, 12, 1))]),
)
def test_the_simulation_is_the_live_code_in_an_ideal_world(
    steps: list[tuple[timedelta, Callable[[datetime, int], Act]]], terms: Terms
) -> None:
    ideal = Ideal(terms)
    time = MONDAY
    for number, (passed, step) in enumerate(steps):
        time += passed
        ideal.until(time)
        if step is not _instructed or ideal.life.change.case.level:
            ideal.do(step(time, number), time)
    end = time + timedelta(days=20)
    ideal.until(end)
    simulation = simulate(CASE, SITE, ideal.life.logged, terms, LADDER, end)

    def sorted_clocks(clocks: list[Clock]) -> list[Clock]:
        return sorted(
            (unnamed(clock) for clock in clocks if clock.kind is not ClockKind.REMINDER),
            key=lambda clock: (clock.start_time, clock.kind, clock.reference, clock.due_time),
        )

    assert sorted_clocks(list(simulation.clocks)) == sorted_clocks(list(ideal.life.clocks.values()))
    assert simulation.warnings == ideal.warnings
    found = [(verdict.fire_time, verdict.consequence) for verdict in simulation.breaches]
    assert found == ideal.follows
    assert list(simulation.escalations) == ideal.escalations
    case = replace(ideal.life.change.case, next_wake_time=None)
    assert _told(simulation.case) == _told(case)


def _told(case: Case) -> tuple[object, ...]:
    return case.state, case.level, case.level_time, case.pause, case.long_standing, case.steward


def test_who_sent_it_down_sends_it_one_level_down_from_where_it_is() -> None:
    down = acts.Deescalated(1, 0, 0, False, at("11-24 09:00"), accountable="p-1")
    simulation = played(down, until=at("11-24 10:00"))
    assert simulation.escalations == ((at("11-24 00:00"), 1),)
    assert (simulation.case.level, simulation.case.accountable) == (0, "p-1")
    assert clock_of(simulation, ClockKind.ESCALATION).state is ClockState.MET
    # It never came to a level.
    simulation = played(answered("11-23 10:00"), down, until=at("11-24 10:00"))
    assert simulation.case.accountable == ""


def test_the_level_below_has_the_time_that_its_ladder_gives_it() -> None:
    def moved(number: int, time: str) -> Act:
        return acts.Escalated(1, number, 9, False, False, at(time), by_hand=True)

    down = acts.Deescalated(1, 0, 0, False, at("11-23 12:00"), accountable="p-1")
    simulation = played(
        moved(1, "11-23 10:00"), moved(2, "11-23 11:00"), down, until=at("11-23 13:00")
    )
    assert simulation.case.level == 1
    level = LADDER[0]
    (clock,) = (
        one for one in simulation.clocks if one.running and one.kind is ClockKind.ESCALATION
    )
    assert clock.reference == "level:1"
    assert clock.rule.amount == (level.working_days or int(level.working_time.total_seconds()))


def test_another_owner_of_a_level_moves_no_simulated_case() -> None:
    again = acts.Escalated(
        1, 2, 1, False, False, at("11-23 10:00"), by_hand=True, again=True, accountable="p-7"
    )
    simulation = played(again, until=at("11-23 11:00"))
    assert (simulation.case.level, simulation.escalations) == (0, ())

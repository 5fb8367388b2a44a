"""Any life a case can have: whatever happens in whatever order, the promises about time hold."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.sla.domain.clocks import ClockKind, ClockState, Consequence, Threshold
from services.sla.domain.docket import CaseState, Change, Moment
from services.sla.domain.transitions import (
    AnswerKind,
    DispatchedOrder,
    FedBackAnswer,
    answered,
)
from tests.unit.sla.life import MONDAY, SHANGHAI, Life

DAY = timedelta(days=1)


class AnyLife(RuleBasedStateMachine):
    """Steps at any times, also ones reported late; the timer in between, also after outages."""

    @initialize(
        late=st.timedeltas(timedelta(0), 10 * DAY), unheard=st.timedeltas(timedelta(0), 5 * DAY)
    )
    def register(self, late: timedelta, unheard: timedelta) -> None:
        self.now = MONDAY + late + unheard
        self.orders = 0
        self.cycle = 1
        self.firings: set[tuple[str, Threshold, datetime]] = set()
        self.breached: set[str] = set()
        self.life = Life(MONDAY, known=MONDAY + late, now=self.now)
        self.look(self.life.change)

    def look(self, change: Change) -> None:
        """Checks the firings of one change against all before it."""
        for verdict in change.fired:
            clock = verdict.clock
            # Never early.
            assert verdict.fire_time <= self.now
            if verdict.threshold is Threshold.WARNING:
                assert clock.warn_time == verdict.fire_time
                assert self.now < clock.due_time
            elif clock.kind is not ClockKind.REMINDER:
                assert clock.breach_time == clock.due_time == verdict.fire_time
            # Never twice.
            firing = (clock.clock_id, verdict.threshold, verdict.fire_time)
            assert firing not in self.firings
            self.firings.add(firing)
            if clock.kind is not ClockKind.REMINDER:
                others = [f for f in self.firings if f[:2] == firing[:2]]
                assert len(others) == 1
        follows = [v.consequence for v in change.fired if not v.clock.born_breached]
        # One level at a time; what else is late with it, or was before it, is only said.
        assert follows.count(Consequence.LADDER) <= 1
        reached = change.case.level_time
        for verdict in change.fired:
            if verdict.consequence is Consequence.ALERT and not verdict.clock.born_breached:
                before = reached is not None and verdict.fire_time <= reached
                assert before or Consequence.LADDER in follows
        born = [v.consequence for v in change.fired if v.clock.born_breached]
        assert born in ([], [Consequence.ALERT])
        for clock in change.clocks:
            if clock.breach_time is not None and clock.kind is not ClockKind.REMINDER:
                self.breached.add(clock.clock_id)

    @rule(passed=st.timedeltas(timedelta(0), 8 * DAY))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @rule()
    def sleep_until_the_next_wake_up(self) -> None:
        wake_time = self.life.change.case.next_wake_time
        if wake_time is not None:
            self.now = max(self.now, wake_time)
            change = self.life.fire(self.now)
            assert change.fired
            self.look(change)

    @rule()
    def fire(self) -> None:
        self.look(self.life.fire(self.now))

    @rule(
        kind=st.sampled_from(AnswerKind),
        promise=st.integers(-2, 20),
        unheard=st.sampled_from([timedelta(0), timedelta(hours=9), 3 * DAY]),
    )
    def answer(self, kind: AnswerKind, promise: int, unheard: timedelta) -> None:
        time = max(MONDAY, self.now - unheard)
        promised = (time + promise * DAY).astimezone(SHANGHAI).date()
        answer = FedBackAnswer(
            self.cycle,
            f"a-{self.life.serial}",
            kind,
            promised if kind is AnswerKind.PLAN else None,
            time,
        )
        moment = Moment(self.now, time, self.life.serial)
        self.look(self.life.keep(answered(self.life.file, answer, self.life.terms, moment)))

    @rule(length=st.timedeltas(timedelta(hours=1), 20 * DAY))
    def dispatch(self, length: timedelta) -> None:
        self.orders += 1
        order = DispatchedOrder(f"w-{self.orders}", self.now + length)
        self.look(self.life.dispatch(self.now, order))

    @rule(number=st.integers(1, 5))
    def complete(self, number: int) -> None:
        self.look(self.life.complete(f"w-{number}", self.now))

    @rule(number=st.integers(1, 4), top=st.booleans(), fallback=st.booleans())
    def escalate(self, number: int, top: bool, fallback: bool) -> None:
        dwell = 0 if top else number
        change = self.life.escalate(number, self.now, dwell=dwell, top=top, fallback=fallback)
        self.look(change)

    @rule()
    def instruct(self) -> None:
        self.look(self.life.instruct(self.now))

    @rule(queue=st.booleans())
    def assign(self, queue: bool) -> None:
        self.look(self.life.assign("" if queue else "p-1", self.now))

    @rule()
    def resolve(self) -> None:
        self.look(self.life.resolve(self.now))

    @rule()
    def confirm(self) -> None:
        self.look(self.life.confirm(self.now, self.cycle))

    @rule()
    def reject(self) -> None:
        if self.life.change.case.state is CaseState.RESOLVED:
            self.cycle += 1
            self.look(self.life.reject(self.now, self.cycle))

    # Rare, so that lives are long.
    @rule(dice=st.integers(0, 9))
    def close(self, dice: int) -> None:
        if dice == 0:
            self.look(self.life.close(self.now))

    @invariant()
    def an_open_case_has_a_wake_up_and_a_closed_one_none(self) -> None:
        case = self.life.change.case
        armed = [c.next_fire_time for c in self.life.clocks.values() if c.next_fire_time]
        assert case.next_wake_time == min(armed, default=None)
        assert (case.state is CaseState.CLOSED) == (not armed)

    @invariant()
    def each_thing_is_owed_once(self) -> None:
        running = [
            (clock.kind, clock.reference) for clock in self.life.clocks.values() if clock.running
        ]
        assert len(running) == len(set(running))

    @invariant()
    def verdicts_say_what_the_times_say(self) -> None:
        for clock in self.life.clocks.values():
            if clock.state is ClockState.MET:
                assert clock.stop_time is not None
                assert clock.stop_time < clock.due_time
                # It may have fired before that was heard of.
                assert clock.breach_time in (None, clock.due_time)
            if clock.state in (ClockState.BREACHED, ClockState.MET_LATE):
                assert clock.breach_time == clock.due_time
                assert clock.breach_time <= self.now

    @invariant()
    def no_breach_is_ever_erased(self) -> None:
        for clock_id in self.breached:
            clock = self.life.clocks[clock_id]
            assert clock.state in (ClockState.BREACHED, ClockState.MET_LATE, ClockState.MET)
            assert clock.breach_time == clock.due_time


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

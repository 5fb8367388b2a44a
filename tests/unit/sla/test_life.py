"""Any life a case can have: whatever happens in whatever order, the promises about time hold.

What is stored of it is also what its acts give when they are played again.
"""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from services.sla.domain import acts, transitions
from services.sla.domain.acts import AnswerKind, DispatchedOrder, Moment
from services.sla.domain.kinds import (
    AmendmentCause,
    CaseState,
    ClockKind,
    PauseReason,
)
from services.sla.domain.policy import Profile, Terms
from tests.unit.sla.life import SHANGHAI
from tests.unit.sla.watched_life import DAY, OTHER_TERMS, WatchedLife

UNHEARD = st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=9), 3 * DAY])


class AnyLife(WatchedLife):
    """Steps at any times, also ones reported late; the timer in between, also after outages."""

    # Time -------------------------------------------------------------------------------------

    @rule(passed=st.timedeltas(timedelta(0), 8 * DAY))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @rule()
    def sleep_until_the_next_wake_up(self) -> None:
        wake_time = self.life.change.case.next_wake_time
        if wake_time is not None:
            self.now = max(self.now, wake_time)
            assert self.do(acts.Elapsed()).fired

    @rule()
    def fire(self) -> None:
        self.do(acts.Elapsed())
        wake_time = self.life.change.case.next_wake_time
        assert wake_time is None or wake_time > self.now

    # Steps ------------------------------------------------------------------------------------

    @rule(
        kind=st.sampled_from(AnswerKind),
        promise=st.integers(-2, 20),
        unheard=UNHEARD,
        again=st.booleans(),
    )
    def answer(self, kind: AnswerKind, promise: int, unheard: timedelta, again: bool) -> None:
        self.answers += not again or not self.answers
        time = self.before(unheard)
        promised = (time + promise * DAY).astimezone(SHANGHAI).date()
        self.do(
            acts.Answered(
                self.cycle,
                f"a-{self.answers}",
                kind,
                promised if kind is AnswerKind.PLAN else None,
                time,
            ),
            unheard,
        )

    @rule(number=st.integers(1, 5), days=st.integers(-3, 30), unheard=UNHEARD)
    def move_promise(self, number: int, days: int, unheard: timedelta) -> None:
        day = (self.now + days * DAY).astimezone(SHANGHAI).date()
        time = self.before(unheard)
        self.do(acts.PromiseMoved(self.cycle, f"a-{number}", day, time), unheard)

    @rule(length=st.timedeltas(timedelta(hours=1), 20 * DAY), unheard=UNHEARD)
    def dispatch(self, length: timedelta, unheard: timedelta) -> None:
        self.orders += 1
        time = self.before(unheard)
        order = DispatchedOrder(f"w-{self.orders}", time + length)
        self.do(acts.Dispatched((order,), time), unheard)

    @rule(number=st.integers(1, 4))
    def give_back(self, number: int) -> None:
        self.do(acts.Returned(f"w-{number}", self.now))

    @rule(
        number=st.integers(1, 4),
        hours=st.integers(-5, 300),
        ruled_on=st.booleans(),
        unheard=UNHEARD,
    )
    def extend(self, number: int, hours: int, ruled_on: bool, unheard: timedelta) -> None:
        time = self.before(unheard)
        deadline = time + timedelta(hours=hours)
        order = f"w-{number}"
        if ruled_on:
            self.do(acts.Ruled(order, time, deadline), unheard)
            return
        change = self.do(acts.Extended(order, deadline, time), unheard)
        # More time is never less.
        for amendment in change.amended:
            assert amendment.previous_due_time <= amendment.clock.due_time

    @rule(number=st.integers(1, 5))
    def complete(self, number: int) -> None:
        self.do(acts.Completed(f"w-{number}", self.now))

    @rule(number=st.integers(1, 4), top=st.booleans(), fallback=st.booleans(), hours=st.booleans())
    def escalate(self, number: int, top: bool, fallback: bool, hours: bool) -> None:
        self.do(
            acts.Escalated(
                self.cycle,
                number,
                0 if top or hours else number,
                top,
                fallback,
                self.now,
                timedelta(hours=number) if hours and not top else timedelta(0),
                f"p-{number}",
            )
        )

    @rule(
        number=st.integers(0, 3), fallback=st.booleans(), hours=st.booleans(), shorter=st.booleans()
    )
    def go_down(self, number: int, fallback: bool, hours: bool, shorter: bool) -> None:
        dwells = number > 0 and not shorter
        change = self.do(
            acts.Deescalated(
                self.cycle,
                number,
                number if dwells and not hours else 0,
                fallback,
                self.now,
                timedelta(hours=number) if dwells and hours else timedelta(0),
                f"p-{number}",
            )
        )
        assert change.case.level == number or change.case.state is not CaseState.OPEN

    @rule(number=st.integers(1, 4))
    def another_owner(self, number: int) -> None:
        before = [clock for clock in self.life.all(ClockKind.ESCALATION) if clock.live]
        self.do(
            acts.Escalated(
                self.cycle, number, 1, False, False, self.now, again=True, accountable="p-0"
            )
        )
        if any(clock.reference.startswith("level:") for clock in before):
            assert before == [c for c in self.life.all(ClockKind.ESCALATION) if c.live]

    @rule(number=st.integers(1, 5), hours=st.integers(1, 200))
    def reopen_order(self, number: int, hours: int) -> None:
        deadline = self.now + timedelta(hours=hours)
        self.do(acts.Reopened(f"w-{number}", deadline, self.now))

    @rule()
    def instruct(self) -> None:
        self.do(acts.Instructed(self.cycle, "p-1", self.now))

    @rule(accountable=st.sampled_from(["p-1", "position:DISPATCH_ROOM", "position:UNION"]))
    def assign(self, accountable: str) -> None:
        steward = "" if accountable.startswith("position:") else accountable
        self.do(acts.Assigned("u-1", steward, accountable, self.now))

    @rule(on=st.booleans(), unheard=UNHEARD)
    def flag(self, on: bool, unheard: timedelta) -> None:
        time = self.before(unheard)
        self.do(acts.Flagged(acts.FlagKind.LONG_STANDING, on, time), unheard)

    @rule(reason=st.sampled_from(PauseReason), length=st.timedeltas(timedelta(hours=1), 15 * DAY))
    def pause(self, reason: PauseReason, length: timedelta) -> None:
        self.do(acts.Paused(reason, self.now, self.now + length))

    @rule()
    def resume(self) -> None:
        before = self.life.clocks.copy()
        change = self.do(acts.Resumed(self.now))
        for clock in change.resumed:
            # Pausing never shortens.
            assert clock.due_time >= before[clock.clock_id].due_time

    @rule(terms=st.sampled_from(OTHER_TERMS), policy=st.booleans())
    def amend(self, terms: Terms, policy: bool) -> None:
        self.life.terms = terms
        act = acts.Amended(AmendmentCause.POLICY if policy else AmendmentCause.CALENDAR)
        self.do(act)
        # Amended twice is amended once.
        moment = Moment(self.now, self.now, self.life.serial)
        again = transitions.apply(self.life.file, act, terms, moment)
        assert (again.clocks, again.case) == ((), self.life.change.case)

    @rule()
    def resolve(self) -> None:
        self.do(acts.Resolved(self.now, self.now))

    @rule(reached=st.booleans())
    def call(self, reached: bool) -> None:
        self.do(acts.CalledBack(self.cycle, reached, self.now))

    @rule()
    def confirm(self) -> None:
        self.do(acts.Confirmed(self.cycle, self.now))

    @rule(unheard=UNHEARD)
    def reject(self, unheard: timedelta) -> None:
        if self.life.change.case.state is CaseState.RESOLVED:
            self.cycle += 1
            self.do(acts.Rejected(self.cycle, self.before(unheard)), unheard)

    # Rare, so that lives are long.
    @rule(dice=st.integers(0, 19))
    def close(self, dice: int) -> None:
        if dice == 0:
            self.do(acts.Closed(self.now))

    @rule(unheard=UNHEARD)
    def reopen(self, unheard: timedelta) -> None:
        if self.life.change.case.state is CaseState.CLOSED:
            self.cycle += 1
            before = {key: clock for key, clock in self.life.clocks.items() if clock.breach_time}
            self.do(acts.BegunAgain(self.cycle, self.before(unheard)), unheard)
            # What breached before stays on record as it was.
            assert {key: self.life.clocks[key] for key in before} == before

    @rule(urgent=st.booleans())
    def correct(self, urgent: bool) -> None:
        before = self.life.clocks.copy()
        profile = Profile("WATER", "", "URGENT" if urgent else "NORMAL")
        self.do(acts.Corrected(profile, "u-2", self.now))
        for key, clock in before.items():
            # What runs keeps its rule; only time that passed may have moved it.
            assert self.life.clocks[key].rule == clock.rule

    @rule(unheard=UNHEARD)
    def meet(self, unheard: timedelta) -> None:
        self.do(acts.Met(self.before(unheard)), unheard)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

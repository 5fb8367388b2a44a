"""Any life a case can have: whatever happens in whatever order, the promises about time hold.

What is stored of it is also what its acts give when they are played again.
"""

from datetime import date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.sla.domain import acts, transitions
from services.sla.domain.acts import Act, AnswerKind, DispatchedOrder, Moment
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Change
from services.sla.domain.kinds import (
    AmendmentCause,
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    Counting,
    PauseReason,
    Threshold,
    WarningKind,
)
from services.sla.domain.policy import Profile, Terms, WarningPoint
from tests.unit.sla.life import MONDAY, SHANGHAI, TERMS, Life, closed_on, ruled, with_rules

DAY = timedelta(days=1)
# Of these, `breach_time` is when they fired last.
COMES_AGAIN = (ClockKind.REMINDER, ClockKind.REVIEW)
UNHEARD = st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=9), 3 * DAY])

# What may be in force: the calendar differs, or the policy, or both.
OTHER_TERMS = [
    TERMS,
    closed_on(date(2026, 11, 25), date(2026, 11, 30), date(2026, 12, 1), version=2),
    with_rules(
        {
            ClockKind.PLAN: ruled(ClockKind.PLAN, amount=6),
            ClockKind.PROGRESS: ruled(
                ClockKind.PROGRESS,
                amount=2,
                warnings=(
                    WarningPoint(WarningKind.SHARE, 0.25),
                    WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 1),
                ),
            ),
            ClockKind.CONFIRMATION: ruled(ClockKind.CONFIRMATION, counting=Counting.OFF),
        },
        version=2,
    ),
    with_rules(
        {
            ClockKind.PLAN: ruled(ClockKind.PLAN, counting=Counting.WORKING_TIME, amount=10 * 3600),
            ClockKind.PROGRESS: ruled(ClockKind.PROGRESS, off_while_promised=True),
            ClockKind.WORK_ORDER: ruled(ClockKind.WORK_ORDER, pause_reasons=()),
        },
        closed_on(date(2026, 11, 26), version=3),
        version=3,
    ),
]


class AnyLife(RuleBasedStateMachine):
    """Steps at any times, also ones reported late; the timer in between, also after outages."""

    @initialize(
        late=st.timedeltas(timedelta(0), 10 * DAY),
        unheard=st.timedeltas(timedelta(0), 5 * DAY),
        terms=st.sampled_from(OTHER_TERMS),
        anonymous=st.booleans(),
    )
    def register(self, late: timedelta, unheard: timedelta, terms: Terms, anonymous: bool) -> None:
        self.now = MONDAY + late + unheard
        self.orders = 0
        self.answers = 0
        self.cycle = 1
        self.warnings: set[tuple[str, int, datetime | None]] = set()
        self.due: set[tuple[str, datetime]] = set()
        self.breached: set[str] = set()
        self.over: dict[str, Clock] = {}
        self.life = Life(
            MONDAY, known=MONDAY + late, now=self.now, terms=terms, anonymous=anonymous
        )
        self.look(self.life.change)

    def do(self, act: Act, unheard: timedelta = timedelta(0)) -> Change:
        """Applies something that the suite knew `unheard` before us."""
        change = self.life.do(act, now=self.now, known=max(MONDAY, self.now - unheard))
        self.look(change)
        return change

    def before(self, unheard: timedelta) -> datetime:
        return max(MONDAY, self.now - unheard)

    def look(self, change: Change) -> None:
        """Checks one change against all before it."""
        for verdict in change.fired:
            clock = verdict.clock
            # Never early.
            assert verdict.fire_time <= self.now
            if verdict.threshold is Threshold.WARNING:
                assert verdict.fire_time <= self.now < clock.due_time
                assert clock.warned_time == self.now
                # Each threshold once; of what comes again, once each time.
                number = (clock.clock_id, clock.warned_count, clock.breach_time)
                assert number not in self.warnings
                self.warnings.add(number)
                continue
            firing = (clock.clock_id, verdict.fire_time)
            assert firing not in self.due
            self.due.add(firing)
            if clock.kind in COMES_AGAIN:
                assert clock.breach_time == self.now
            else:
                assert clock.breach_time == clock.due_time == verdict.fire_time
                assert clock.clock_id not in self.breached
        self.look_at_consequences(change)
        for clock in change.clocks:
            if clock.breach_time is not None and clock.kind not in COMES_AGAIN:
                self.breached.add(clock.clock_id)
            # An end is an end.
            assert clock.clock_id not in self.over
            if not clock.live:
                self.over[clock.clock_id] = clock
        stopped = [clock.clock_id for clock in change.stopped]
        assert len(stopped) == len(set(stopped))

    def look_at_consequences(self, change: Change) -> None:
        follows = [v.consequence for v in change.fired if not v.clock.born_breached]
        # One level at a time; what else is late with it, or was before it, is only said.
        assert follows.count(Consequence.LADDER) <= 1
        reached = change.case.level_time
        for verdict in change.fired:
            if verdict.consequence is Consequence.ALERT and not verdict.clock.born_breached:
                before = reached is not None and verdict.fire_time <= reached
                outlived = (
                    verdict.clock.kind is ClockKind.WORK_ORDER
                    and change.case.state is not CaseState.OPEN
                )
                assert before or outlived or Consequence.LADDER in follows
        born = [
            v.consequence
            for v in change.fired
            if v.clock.born_breached and v.threshold is Threshold.DUE
        ]
        assert len(born) == len(set(born))
        assert Consequence.LADDER not in born

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

    # What always holds ------------------------------------------------------------------------

    @invariant()
    def an_open_case_has_a_wake_up_and_a_closed_one_none(self) -> None:
        case = self.life.change.case
        armed = [c.next_fire_time for c in self.life.clocks.values() if c.next_fire_time]
        assert case.next_wake_time == min(armed, default=None)
        assert (case.state is CaseState.CLOSED) == (not armed)

    @invariant()
    def each_thing_is_owed_once(self) -> None:
        owed = [
            (clock.kind, clock.reference)
            for clock in self.life.clocks.values()
            if clock.state in (ClockState.RUNNING, ClockState.PAUSED)
        ]
        assert len(owed) == len(set(owed))

    @invariant()
    def what_stands_still_does_so_in_a_pause_that_will_end(self) -> None:
        case = self.life.change.case
        clocks = self.life.clocks.values()
        pausing = [clock for clock in clocks if clock.kind is ClockKind.PAUSE and clock.running]
        assert len(pausing) == (case.pause is not None)
        assert case.pause is None or case.state is CaseState.OPEN
        for clock in clocks:
            if clock.state is ClockState.PAUSED:
                assert case.pause is not None
                assert clock.pauses[-1].end is None
            elif clock.pauses:
                assert clock.pauses[-1].end is not None

    @invariant()
    def verdicts_say_what_the_times_say(self) -> None:
        for clock in self.life.clocks.values():
            if clock.kind in COMES_AGAIN:
                # What reminded before is owed anew: its deadline is the next one.
                assert clock.breach_time is None or clock.breach_time <= clock.due_time
                continue
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

    def teardown(self) -> None:
        """What was stored of the life is what its acts give."""
        if not hasattr(self, "life"):
            return
        history = self.life.replayed()
        assert history.case == self.life.change.case
        assert {clock.clock_id: clock for clock in history.clocks} == self.life.clocks
        starts = [clock.start_time for clock in history.clocks]
        assert starts == sorted(starts)
        assert [logged for logged, _ in history.changes] == self.life.logged


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

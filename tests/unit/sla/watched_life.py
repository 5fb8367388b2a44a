"""A case whose every change is checked against all before it, and what holds of it at any time.

What can happen to it is told in test_life.py.
"""

from datetime import date, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from services.sla.domain.acts import Act
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Change
from services.sla.domain.kinds import (
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    Counting,
    Threshold,
    WarningKind,
)
from services.sla.domain.policy import Terms, WarningPoint
from tests.unit.sla.life import MONDAY, TERMS, Life, closed_on, ruled, with_rules

DAY = timedelta(days=1)
# Of these, `breach_time` is when they fired last.
COMES_AGAIN = (ClockKind.REMINDER, ClockKind.REVIEW)

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


class WatchedLife(RuleBasedStateMachine):
    """A case that is driven through its steps, and looked at after each."""

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

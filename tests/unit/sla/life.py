"""A case driven through its steps in memory, for the tests of what they do to its clocks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.sla.domain import acts, transitions
from services.sla.domain.acts import Act, AnswerKind, DispatchedOrder, Logged, Moment
from services.sla.domain.calendar import Calendar, Closure
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Change, File
from services.sla.domain.kinds import AmendmentCause, ClockKind, PauseReason
from services.sla.domain.policy import (
    DEFAULTS,
    ClockRule,
    Policy,
    PolicyRule,
    Profile,
    Scope,
    Terms,
)
from services.sla.domain.replay import History, replay
from services.sla.domain.seeds import default_plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
TERMS = Terms(Calendar(SHANGHAI, default_plan()), Policy())
CASE = "0198c5a0-0000-7000-8000-000000000001"
SITE = "yuwu"


def at(text: str, year: int = 2026) -> datetime:
    return datetime.fromisoformat(f"{year}-{text}").replace(tzinfo=SHANGHAI)


MONDAY = at("11-23 09:00")


def ruled(kind: ClockKind, **changes: object) -> ClockRule:
    """Returns the default rule of a clock with other values."""
    return replace(DEFAULTS[kind], **changes)  # type: ignore[arg-type]  # names are checked by it


def with_rules(
    rules: Mapping[ClockKind, ClockRule], base: Terms = TERMS, *, version: int = 2
) -> Terms:
    """Returns terms whose policy has other rules for all cases."""
    rule = PolicyRule("样例规则", Scope(), dict(rules))
    return Terms(base.calendar, Policy(version, (rule,)))


def closed_on(*days: date, base: Terms = TERMS, version: int = 2) -> Terms:
    """Returns terms whose calendar has days of closure beside the others."""
    plan = base.calendar.plan
    closures = (*plan.closures, *(Closure("检修", day, day) for day in days))
    return Terms(Calendar(SHANGHAI, replace(plan, closures=closures), version), base.policy)


class Life:
    """A case driven through its steps; remembers its acts and all of its clocks as tables would."""

    def __init__(
        self,
        start: datetime = MONDAY,
        *,
        known: datetime | None = None,
        now: datetime | None = None,
        terms: Terms = TERMS,
        profile: Profile | None = None,
        anonymous: bool = False,
        clock_start: datetime | None = None,
    ) -> None:
        """Registers it: spoken of at `start`, recorded at `known`, handled at `now`."""
        self.clocks: dict[str, Clock] = {}
        self.logged: list[Logged] = []
        self.terms = terms
        self._terms_of: dict[int, Terms] = {}
        known = known or start
        act = acts.Registered(start, profile or Profile(), "u-1", anonymous, clock_start)
        self.change = self.do(act, now=now or known, known=known)

    @property
    def serial(self) -> int:
        return len(self.logged)

    @property
    def file(self) -> File:
        return File(self.change.case, tuple(c for c in self.clocks.values() if c.live))

    def do(self, act: Act, *, now: datetime, known: datetime | None = None) -> Change:
        """Applies an act and keeps it, as the suite does."""
        moment = Moment(now, known or now, self.serial)
        file = self.file if self.logged else None
        self.change = transitions.apply(file, act, self.terms, moment, SITE, CASE)
        self._terms_of[self.serial] = self.terms
        versions = self.terms.policy.version, self.terms.calendar.version
        self.logged.append(Logged(act, moment, *versions, "p-1", "Test"))
        for clock in self.change.clocks:
            self.clocks[clock.clock_id] = clock
        return self.change

    def replayed(self) -> History:
        return replay(CASE, SITE, self.logged, lambda one: self._terms_of[one.moment.serial])

    # Steps ------------------------------------------------------------------------------------

    def answer(
        self,
        kind: AnswerKind,
        time: datetime,
        promised: date | None = None,
        cycle: int = 1,
        *,
        answer_id: str | None = None,
        heard: datetime | None = None,
    ) -> Change:
        answer_id = answer_id or f"answer-{self.serial}"
        act = acts.Answered(cycle, answer_id, kind, promised, time)
        return self.do(act, now=heard or time)

    def resolve(self, time: datetime) -> Change:
        return self.do(acts.Resolved(time, time), now=time)

    def reject(self, time: datetime, cycle: int = 2) -> Change:
        return self.do(acts.Rejected(cycle, time), now=time)

    def confirm(self, time: datetime, cycle: int = 1) -> Change:
        return self.do(acts.Confirmed(cycle, time), now=time)

    def call(self, time: datetime, *, reached: bool, cycle: int = 1) -> Change:
        return self.do(acts.CalledBack(cycle, reached, time), now=time)

    def close(self, time: datetime) -> Change:
        return self.do(acts.Closed(time), now=time)

    def reopen(self, time: datetime, cycle: int = 2) -> Change:
        return self.do(acts.BegunAgain(cycle, time), now=time)

    def meet(self, time: datetime, *, heard: datetime | None = None) -> Change:
        return self.do(acts.Met(time), now=heard or time)

    def flag(self, time: datetime, *, on: bool = True) -> Change:
        return self.do(acts.Flagged(acts.FlagKind.LONG_STANDING, on, time), now=time)

    def dispatch(self, time: datetime, *orders: DispatchedOrder) -> Change:
        return self.do(acts.Dispatched(orders, time), now=time)

    def reopen_order(self, order: str, time: datetime, deadline: datetime) -> Change:
        return self.do(acts.Reopened(order, deadline, time), now=time)

    def complete(self, order: str, time: datetime) -> Change:
        return self.do(acts.Completed(order, time), now=time)

    def give_back(self, order: str, time: datetime) -> Change:
        return self.do(acts.Returned(order, time), now=time)

    def rule(self, order: str, time: datetime, deadline: datetime | None = None) -> Change:
        return self.do(acts.Ruled(order, time, deadline), now=time)

    def extend(self, order: str, time: datetime, deadline: datetime) -> Change:
        return self.do(acts.Extended(order, deadline, time, "缺件", "p-9"), now=time)

    def promise(self, answer_id: str, time: datetime, day: date) -> Change:
        return self.do(acts.PromiseMoved(1, answer_id, day, time, "等备件", "p-9"), now=time)

    def escalate(
        self,
        number: int,
        time: datetime,
        *,
        dwell: int = 1,
        dwell_time: timedelta = timedelta(0),
        top: bool = False,
        fallback: bool = False,
        cycle: int | None = None,
        by_hand: bool = False,
        again: bool = False,
        owner: str = "",
    ) -> Change:
        act = acts.Escalated(
            cycle or self.change.case.cycle,
            number,
            dwell,
            top,
            fallback,
            time,
            dwell_time,
            owner or f"p-{number}",
            by_hand,
            again,
        )
        return self.do(act, now=time)

    def go_down(
        self,
        number: int,
        time: datetime,
        *,
        dwell: int = 1,
        dwell_time: timedelta = timedelta(0),
        fallback: bool = False,
        cycle: int | None = None,
        accountable: str = "",
    ) -> Change:
        act = acts.Deescalated(
            cycle or self.change.case.cycle,
            number,
            dwell,
            fallback,
            time,
            dwell_time,
            accountable or f"p-{number}",
        )
        return self.do(act, now=time)

    def instruct(
        self, time: datetime, accountable: str = "p-1", *, cycle: int | None = None
    ) -> Change:
        act = acts.Instructed(cycle or self.change.case.cycle, accountable, time)
        return self.do(act, now=time)

    def assign(self, steward: str, time: datetime, unit_id: str = "") -> Change:
        accountable = steward or "position:DISPATCH_ROOM"
        return self.do(acts.Assigned(unit_id, steward, accountable, time), now=time)

    def pause(
        self,
        time: datetime,
        latest_end: datetime,
        reason: PauseReason = PauseReason.FORCE_MAJEURE,
    ) -> Change:
        return self.do(acts.Paused(reason, time, latest_end, "等停电检修", "p-9"), now=time)

    def resume(self, time: datetime) -> Change:
        return self.do(acts.Resumed(time), now=time)

    def amend(self, terms: Terms, now: datetime, cause: AmendmentCause) -> Change:
        """Puts other terms in force, and applies them to what runs."""
        self.terms = terms
        return self.do(acts.Amended(cause), now=now)

    def fire(self, now: datetime) -> Change:
        return self.do(acts.Elapsed(), now=now)

    # How it stands ----------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        return {f"{clock.kind}": clock.state for clock in self.clocks.values()}

    def all(self, kind: ClockKind, reference: str | None = None) -> list[Clock]:
        return [
            clock
            for clock in self.clocks.values()
            if clock.kind is kind and reference in (None, clock.reference)
        ]

    def one(self, kind: ClockKind, reference: str | None = None) -> Clock:
        (clock,) = self.all(kind, reference)
        return clock

    def running(self) -> set[str]:
        return {str(clock.kind) for clock in self.clocks.values() if clock.running}

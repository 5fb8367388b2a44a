"""A case driven through its steps in memory, for the tests of what they do to its clocks."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.sla import store
from services.sla.domain import transitions as steps
from services.sla.domain.clocks import Clock, ClockKind
from services.sla.domain.docket import Change, File, Moment
from services.sla.domain.policy import Terms
from services.sla.domain.transitions import (
    AnswerKind,
    DispatchedOrder,
    FedBackAnswer,
    Instruction,
    Level,
    Resolution,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
TERMS = store.default_terms()
CASE = "0198c5a0-0000-7000-8000-000000000001"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


MONDAY = at("11-23 09:00")


class Life:
    """A case driven through its steps; remembers all of its clocks as a table would."""

    def __init__(
        self,
        start: datetime = MONDAY,
        *,
        known: datetime | None = None,
        now: datetime | None = None,
    ) -> None:
        """Registers it: spoken of at `start`, recorded at `known`, handled at `now`."""
        self.clocks: dict[str, Clock] = {}
        self.serial = 0
        self.terms: Terms = TERMS
        known = known or start
        moment = Moment(now or known, known, self.serial)
        self.change = self.keep(steps.registered(CASE, "yuwu", start, self.terms, moment))

    def keep(self, change: Change) -> Change:
        self.change = change
        self.serial += 1
        for clock in change.clocks:
            self.clocks[clock.clock_id] = clock
        return change

    @property
    def file(self) -> File:
        return File(self.change.case, tuple(c for c in self.clocks.values() if c.live))

    def moment(self, now: datetime) -> Moment:
        return Moment(now, now, self.serial)

    def answer(
        self, kind: AnswerKind, time: datetime, promised: date | None = None, cycle: int = 1
    ) -> Change:
        answer = FedBackAnswer(cycle, f"answer-{self.serial}", kind, promised, time)
        return self.keep(steps.answered(self.file, answer, self.terms, self.moment(time)))

    def resolve(self, time: datetime) -> Change:
        done = Resolution(time, time)
        return self.keep(steps.resolved(self.file, done, self.terms, self.moment(time)))

    def reject(self, time: datetime, cycle: int = 2) -> Change:
        return self.keep(steps.rejected(self.file, cycle, time, self.terms, self.moment(time)))

    def confirm(self, time: datetime, cycle: int = 1) -> Change:
        return self.keep(steps.confirmed(self.file, cycle, time, self.terms, self.moment(time)))

    def close(self, time: datetime) -> Change:
        return self.keep(steps.closed(self.file, time, self.terms, self.moment(time)))

    def dispatch(self, time: datetime, *orders: DispatchedOrder) -> Change:
        return self.keep(steps.dispatched(self.file, orders, time, self.terms, self.moment(time)))

    def complete(self, order: str, time: datetime) -> Change:
        return self.keep(steps.completed(self.file, order, time, self.terms, self.moment(time)))

    def escalate(
        self,
        number: int,
        time: datetime,
        *,
        dwell: int = 1,
        top: bool = False,
        fallback: bool = False,
        cycle: int | None = None,
    ) -> Change:
        level = Level(cycle or self.change.case.cycle, number, dwell, top, fallback, time)
        return self.keep(steps.escalated(self.file, level, self.terms, self.moment(time)))

    def instruct(
        self, time: datetime, accountable: str = "p-1", *, cycle: int | None = None
    ) -> Change:
        word = Instruction(cycle or self.change.case.cycle, accountable, time)
        return self.keep(steps.instructed(self.file, word, self.terms, self.moment(time)))

    def assign(self, steward: str, time: datetime) -> Change:
        accountable = steward or "position:DISPATCH_ROOM"
        return self.keep(
            steps.assigned(self.file, steward, accountable, self.terms, self.moment(time))
        )

    def fire(self, now: datetime) -> Change:
        return self.keep(steps.fired(self.file, self.terms, self.moment(now)))

    def states(self) -> dict[str, str]:
        return {f"{clock.kind}": clock.state for clock in self.clocks.values()}

    def one(self, kind: ClockKind, reference: str | None = None) -> Clock:
        (clock,) = [
            clock
            for clock in self.clocks.values()
            if clock.kind is kind and reference in (None, clock.reference)
        ]
        return clock

    def running(self) -> set[str]:
        return {str(clock.kind) for clock in self.clocks.values() if clock.running}

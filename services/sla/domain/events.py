"""What happened to a case's clocks, one thing at a time, told from its replayed history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.sla.domain.acts import Excused, Extended, Logged, Paused, PromiseMoved, Ruled
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Change
from services.sla.domain.kinds import ClockState, Consequence, Threshold
from services.sla.domain.replay import History


class EventKind(StrEnum):
    STARTED = "STARTED"
    WARNED = "WARNED"
    BREACHED = "BREACHED"
    STOPPED = "STOPPED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    AMENDED = "AMENDED"
    EXCUSED = "EXCUSED"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a clock, which is as it stood after the act that led to it.

    `time` is when it happened, `record_time` when sla knew; `actor` and `cause` are those of the
    act. `consequence` is None where none followed, `reason` empty where there were no words.
    """

    kind: EventKind
    clock: Clock
    time: datetime
    record_time: datetime
    actor: str
    cause: str
    consequence: Consequence | None = None
    reason: str = ""


def events(history: History) -> Iterator[Event]:
    """Returns everything that happened, in the order in which sla knew of it.

    Of one act: what fired, what stopped, stood still, ran again or moved, what started; and last
    what had been late before it was known.
    """
    seen: dict[str, Clock] = {}
    for logged, change in history.changes:
        seen.update((clock.clock_id, clock) for clock in change.clocks)
        teller = _Teller(logged, change)
        if isinstance(logged.act, Excused):
            clock = seen[logged.act.clock_id]
            yield teller.event(
                EventKind.EXCUSED, clock, logged.moment.now, reason=logged.act.reason
            )
        yield from teller.all()


class _Teller:
    """Tells what one act did."""

    __slots__ = ("_change", "_logged")

    def __init__(self, logged: Logged, change: Change) -> None:
        self._logged = logged
        self._change = change

    def event(
        self,
        kind: EventKind,
        clock: Clock,
        time: datetime,
        *,
        consequence: Consequence | None = None,
        reason: str = "",
    ) -> Event:
        logged = self._logged
        return Event(
            kind, clock, time, logged.moment.now, logged.actor, logged.cause, consequence, reason
        )

    def all(self) -> Iterator[Event]:
        change = self._change
        yield from self._fired(born=False)
        for clock in change.stopped:
            yield self.event(EventKind.STOPPED, clock, clock.stop_time or self._logged.moment.now)
        for clock in change.paused:
            yield self._paused(clock)
        for clock in change.resumed:
            end = clock.pauses[-1].end or self._logged.moment.now
            yield self.event(EventKind.RESUMED, clock, end)
        for amendment in change.amended:
            yield self._amended(amendment.clock)
        yield from self._started()
        yield from self._fired(born=True)

    def _fired(self, *, born: bool) -> Iterator[Event]:
        for verdict in self._change.fired:
            if verdict.clock.born_breached is born:
                kind = EventKind.BREACHED
                if verdict.threshold is Threshold.WARNING:
                    kind = EventKind.WARNED
                yield self.event(
                    kind, verdict.clock, verdict.fire_time, consequence=verdict.consequence
                )

    def _started(self) -> Iterator[Event]:
        change = self._change
        told = {verdict.clock.clock_id for verdict in change.fired}
        told.update(clock.clock_id for clock in change.paused)
        for clock in change.started:
            yield self.event(EventKind.STARTED, clock, clock.start_time)
            if clock.clock_id in told:
                continue
            if clock.state is ClockState.PAUSED:
                yield self._paused(clock)
            elif clock.state is ClockState.BREACHED:
                # Born late together with another, which alerts for both.
                yield self.event(EventKind.BREACHED, clock, clock.due_time)

    def _paused(self, clock: Clock) -> Event:
        act, pause = self._logged.act, self._change.case.pause
        words = pause.words if pause is not None else ""
        if isinstance(act, Paused):
            words = act.words
        return self.event(EventKind.PAUSED, clock, clock.pauses[-1].start, reason=words)

    def _amended(self, clock: Clock) -> Event:
        act = self._logged.act
        if isinstance(act, PromiseMoved | Extended):
            return self.event(EventKind.AMENDED, clock, act.time, reason=act.reason)
        time = act.time if isinstance(act, Ruled) else self._logged.moment.now
        return self.event(EventKind.AMENDED, clock, time)

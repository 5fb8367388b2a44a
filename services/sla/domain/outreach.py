"""A unit's own clock: from one contact with its people to the next, whoever began it.

Units have no acts, and nothing is simulated of them. What the suite heard from a unit, an appeal
above all, is a contact too; it is looked for only when the clock is about to say something.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.sla.domain import clocks as rules
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Verdict
from services.sla.domain.kinds import ClockKind, Counting, Threshold
from services.sla.domain.policy import Profile, Terms

# A unit is no case, so only rules for all cases are for it.
_NO_CASE = Profile()


@dataclass(frozen=True, slots=True)
class OutreachChange:
    """What happened to a unit's clock, in the order of the fields."""

    stopped: tuple[Clock, ...] = ()
    started: tuple[Clock, ...] = ()
    fired: tuple[Verdict, ...] = ()

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock to be stored, as it stands in the end."""
        every = (*self.stopped, *self.started, *(verdict.clock for verdict in self.fired))
        return tuple({clock.clock_id: clock for clock in every}.values())


NOTHING = OutreachChange()


def subject_of(site_id: str, unit_id: str) -> str:
    """Returns what a unit's outreach is called."""
    return f"outreach/{site_id}/{unit_id}"


def begin(site_id: str, unit_id: str, time: datetime, terms: Terms, serial: int) -> OutreachChange:
    """Starts the clock of a unit that has none, unless the policy has it switched off."""
    return OutreachChange(started=_start(site_id, unit_id, time, terms, serial))


def contact(
    clock: Clock, time: datetime, now: datetime, terms: Terms, serial: int
) -> OutreachChange:
    """Ends a live clock with a contact, and starts the next from it; an older contact is nothing.

    A time that a fast clock puts ahead of us counts as now.
    """
    time = min(time, now)
    if time <= clock.start_time:
        return NOTHING
    return OutreachChange(
        stopped=(rules.stop(_as_it_began(clock, terms), time, terms.calendar),),
        started=_start(clock.site_id, clock.reference, time, terms, serial),
    )


def _as_it_began(clock: Clock, terms: Terms) -> Clock:
    """Returns a clock with its first deadline, by which a contact is in time or isn't.

    One that has been reported of has had others since.
    """
    if clock.breach_time is None:
        return clock
    first = rules.due(clock.rule, terms.calendar, clock.start_time)
    return rules.changed(
        clock, due_time=first.time, provisional=first.provisional, breach_time=first.time
    )


def gone(clock: Clock, time: datetime) -> OutreachChange:
    """Ends the live clock of a unit that is no longer there."""
    return OutreachChange(stopped=(rules.cancel(clock, time),))


def fire(
    clock: Clock, now: datetime, latest_contact: datetime | None, terms: Terms, serial: int
) -> OutreachChange:
    """Fires a running clock that is due, or lets it pass for a contact that nobody recorded.

    `latest_contact` is when the unit was last heard of. What the clock would have said is not said
    then, though its end says whether that was in time.
    """
    change = NOTHING
    if latest_contact is not None:
        change = contact(clock, latest_contact, now, terms, serial)
    running = clock if change is NOTHING else next(iter(change.started), None)
    if running is None:
        return change
    fired = tuple(_fire(running, now, terms))
    return OutreachChange(change.stopped, change.started, fired)


def _fire(clock: Clock, now: datetime, terms: Terms) -> Iterator[Verdict]:
    while (time := clock.next_fire_time) is not None and time <= now:
        due_time = clock.due_time
        if now < due_time:
            clock = rules.warn(clock, now, terms.calendar)
            yield Verdict(clock, Threshold.WARNING, time)
        else:
            # It comes again until the unit is heard of, and looks for that each time.
            clock = rules.rearm(clock, now, terms.calendar)
            yield Verdict(clock, Threshold.DUE, due_time, clock.rule.on_breach)


def _start(
    site_id: str, unit_id: str, time: datetime, terms: Terms, serial: int
) -> tuple[Clock, ...]:
    rule = terms.policy.terms(ClockKind.OUTREACH, _NO_CASE)
    if rule.counting is Counting.OFF:
        return ()
    clock = rules.start_clock(
        subject_of(site_id, unit_id),
        site_id,
        ClockKind.OUTREACH,
        1,
        unit_id,
        serial,
        time,
        rule,
        terms.calendar,
        terms.policy.version,
    )
    return (clock,)

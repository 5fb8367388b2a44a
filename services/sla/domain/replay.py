"""A case's clocks computed again: as they were, from the list of its acts, or as they would be.

`replay` gives exactly what was stored, since it carries out the same acts at the same moments by
the same code. `simulate` asks what would have become of the case under other terms, had everything
been known and fired at its very time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter

from services.sla.domain import transitions
from services.sla.domain.acts import (
    Act,
    Amended,
    Deescalated,
    Elapsed,
    Escalated,
    Excused,
    Instructed,
    Logged,
    Moment,
    Registered,
)
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Case, Change, Docket, File, Verdict
from services.sla.domain.firing import fire_due
from services.sla.domain.kinds import Consequence, Threshold
from services.sla.domain.policy import Terms

# What moves clocks in the live suite alone, or not at all.
_LIVE_ONLY = (Elapsed, Amended, Excused)

_ORDER = attrgetter("start_time", "due_time", "clock_id")


@dataclass(frozen=True, slots=True)
class History:
    """A case with all clocks it ever had, in the order of their start, and what each act did."""

    case: Case
    clocks: tuple[Clock, ...]
    changes: tuple[tuple[Logged, Change], ...]


@dataclass(frozen=True, slots=True)
class LadderLevel:
    """How long a level of the ladder has for its answer; one of both is zero."""

    working_days: int = 0
    working_time: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Simulation:
    """How a case would have gone. Daily reminders are left out, whatever else fired is in it.

    `breaches` are the deadlines that passed, with what followed; `escalations` the levels that the
    case came to, and when.
    """

    case: Case
    clocks: tuple[Clock, ...]
    warnings: int
    breaches: tuple[Verdict, ...]
    escalations: tuple[tuple[datetime, int], ...]


def replay(
    case_id: str, site_id: str, logged: Iterable[Logged], terms_of: Callable[[Logged], Terms]
) -> History:
    """Returns a case as its acts made it; LookupError when its registration isn't the first.

    `terms_of` gives the terms that an act was applied under.
    """
    file: File | None = None
    clocks: dict[str, Clock] = {}
    live: dict[str, Clock] = {}
    changes: list[tuple[Logged, Change]] = []
    for one in logged:
        change = transitions.apply(file, one.act, terms_of(one), one.moment, site_id, case_id)
        for clock in change.clocks:
            clocks[clock.clock_id] = clock
            if clock.live:
                live[clock.clock_id] = clock
            else:
                live.pop(clock.clock_id, None)
        file = File(change.case, tuple(live.values()))
        changes.append((one, change))
    if file is None:
        raise LookupError("a case without acts")
    return History(file.case, _in_order(clocks.values()), tuple(changes))


def as_of(
    case_id: str,
    site_id: str,
    logged: Iterable[Logged],
    terms_of: Callable[[Logged], Terms],
    instant: datetime,
) -> History | None:
    """Returns a case as the suite knew it at an instant; None where it didn't yet."""
    known = [one for one in logged if one.moment.now <= instant]
    return replay(case_id, site_id, known, terms_of) if known else None


def simulate(
    case_id: str,
    site_id: str,
    logged: Iterable[Logged],
    terms: Terms,
    ladder: Sequence[LadderLevel],
    until: datetime,
) -> Simulation:
    """Returns how a case would have gone until an instant, under these terms from its beginning on.

    Everything happens and is known at its own time, but for an appeal that was entered late; and
    fires at its very time. What followed from breaches follows from those of the simulation: the
    case climbs this ladder, from level 1 up, and an instruction counts where a level waits for one.
    Who sent it down sends it down from where it is.
    LookupError for a case never registered.
    """
    first: Registered | None = None
    known = until
    others: list[tuple[datetime, Act]] = []
    for one in logged:
        act = one.act
        if isinstance(act, _LIVE_ONLY):
            continue
        if isinstance(act, Escalated) and (act.again or not act.by_hand):
            # A level that another has now is no higher one.
            continue
        if first is None and isinstance(act, Registered):
            first = act
            # Nothing can fire before anyone knows: an appeal entered late is no ladder's fault.
            known = max(act.time, one.moment.known)
        else:
            others.append((act.time, act))
    if first is None:
        raise LookupError("a case that was never registered")
    others.sort(key=itemgetter(0))
    run = _Run(case_id, site_id, first, known, terms, ladder)
    for time, act in others:
        if time > until:
            break
        run.until(time)
        run.apply(act, time)
    run.until(until)
    return run.result()


class _Run:
    """One case that goes by in one docket, which is never settled: nothing of it is stored."""

    __slots__ = (
        "_breaches",
        "_docket",
        "_escalations",
        "_ladder",
        "_serial",
        "_warnings",
    )

    def __init__(
        self,
        case_id: str,
        site_id: str,
        first: Registered,
        known: datetime,
        terms: Terms,
        ladder: Sequence[LadderLevel],
    ) -> None:
        case = transitions.new_case(case_id, site_id, first)
        self._docket = Docket(File(case, ()), terms, Moment(known, known, 0))
        self._ladder = ladder
        self._serial = 0
        self._warnings = 0
        self._breaches: list[Verdict] = []
        self._escalations: list[tuple[datetime, int]] = []
        transitions.begin(self._docket, first)
        self._note()

    def apply(self, act: Act, time: datetime) -> None:
        """Carries out what happened, if it still can."""
        case = self._docket.case
        if not transitions.takes(case, act):
            return
        if isinstance(act, Instructed | Deescalated) and not case.level:
            return
        if isinstance(act, Deescalated):
            act = self._one_down(act)
        if isinstance(act, Escalated) and act.number <= case.level:
            return
        self._step(act, max(time, self._docket.moment.now))

    def until(self, time: datetime) -> None:
        """Fires all that is due until then, each at its time."""
        docket = self._docket
        while (due := docket.next_fire_time) is not None and due <= time:
            self._turn(due)
            fire_due(docket)
            if self._note():
                self._climb(due)

    def result(self) -> Simulation:
        docket = self._docket
        return Simulation(
            case=docket.case,
            clocks=_in_order(docket.clocks),
            warnings=self._warnings,
            breaches=tuple(self._breaches),
            escalations=tuple(self._escalations),
        )

    def _note(self) -> bool:
        """Counts what has fired at this moment; tells whether the case climbs for it."""
        climbs = False
        for verdict in self._docket.fired:
            if verdict.threshold is Threshold.WARNING:
                self._warnings += 1
            else:
                self._breaches.append(verdict)
                climbs = climbs or verdict.consequence is Consequence.LADDER
        return climbs

    def _climb(self, time: datetime) -> None:
        case = self._docket.case
        top = len(self._ladder)
        # There is nothing above the top; having answered, it owes an instruction anew.
        if not top or (case.level >= top and case.at_ladder_end):
            return
        number = min(case.level + 1, top)
        level = self._ladder[number - 1]
        act = Escalated(
            cycle=case.cycle,
            number=number,
            dwell_working_days=level.working_days,
            top=number == top,
            fallback=False,
            time=time,
            dwell_working_time=level.working_time,
        )
        self._step(act, time)

    def _one_down(self, act: Deescalated) -> Deescalated:
        number = self._docket.case.level - 1
        if not 0 < number <= len(self._ladder):
            return replace(
                act, number=number, dwell_working_days=0, dwell_working_time=timedelta(0)
            )
        level = self._ladder[number - 1]
        return replace(
            act,
            number=number,
            dwell_working_days=level.working_days,
            dwell_working_time=level.working_time,
        )

    def _step(self, act: Act, now: datetime) -> None:
        docket = self._docket
        before = docket.case
        self._turn(now)
        transitions.step(docket, act)
        self._note()
        if isinstance(act, Escalated) and docket.case is not before:
            self._escalations.append((now, act.number))

    def _turn(self, now: datetime) -> None:
        self._serial += 1
        self._docket.turn(Moment(now, now, self._serial))


def _in_order(clocks: Iterable[Clock]) -> tuple[Clock, ...]:
    return tuple(sorted(clocks, key=_ORDER))

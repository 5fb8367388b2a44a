"""Who is told what of a clock: warnings, missed deadlines, pauses, deadlines that were moved.

As in plans.py. What lies under no case's roof is told here, too: a calendar that lacks a year.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notify.domain.cases import DISPATCH_ROOM, CaseState, CaseView
from services.notify.domain.deliveries import UNIT_PREFIX, Plan, preferred_channel, same_once
from services.notify.domain.plans import reporter, staff, time_text

DIRECTOR = "position:DIRECTOR"
SUPPORT = "position:SUPPORT"

# Clocks whose deadlines a receipt tells, in this order.
_PROMISED = ("FIRST_REPLY", "PLAN")

# Clocks that the steward works to, on whatever level the case is.
_STEWARDS = frozenset({"FIRST_REPLY", "PLAN", "PROGRESS", "RESOLUTION", "WORK_ORDER", "PAUSE"})


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as a fact of sla tells of it; names as in its enums, without prefix."""

    clock_id: str
    kind: str
    cycle: int
    reference: str
    due_time: datetime
    provisional: bool = False
    born_breached: bool = False


@dataclass(frozen=True, slots=True)
class MovedClock:
    """A clock with its new deadline, and the one it had."""

    clock: ClockView
    previous_due_time: datetime


def clocks_started(case: CaseView, clocks: Sequence[ClockView]) -> tuple[Plan, ...]:
    """The reporter's receipt, once the first deadlines are known; those already past left out."""
    if not any(clock.kind == "FIRST_REPLY" and clock.cycle == 1 for clock in clocks):
        return ()
    deadlines = [
        _deadline(clock)
        for kind in _PROMISED
        for clock in clocks
        if clock.kind == kind and not clock.born_breached
    ]
    return reporter(case, "receipt", deadlines=deadlines)


def clock_due_soon(case: CaseView, clock: ClockView) -> tuple[Plan, ...]:
    """Whoever must move, and who owes the first reply while it isn't the steward's.

    A ruling is the dispatch room's to give; a pause asks whether it can end.
    """
    match clock.kind:
        case "RULING":
            return _clock(case, "clock_due_soon", clock, [DISPATCH_ROOM])
        case "PAUSE":
            return _clock(case, "pause_ends_soon", clock, _owing(case, clock))
        case "FIRST_REPLY" if not case.accepted or case.first_reply_by:
            return _clock(case, "clock_due_soon", clock, [*_owing(case, clock), case.replier])
        case _:
            return _clock(case, "clock_due_soon", clock, _owing(case, clock))


def clock_breached(
    case: CaseView, clock: ClockView, consequence: str, *, work_order: str = "", head: str = ""
) -> tuple[Plan, ...]:
    """Who is told of a missed deadline follows from its consequence.

    `work_order` is the unit of the late work order and `head` its head, where it is one.
    """
    receiver = [case.replier] if clock.kind == "FIRST_REPLY" else []
    match consequence:
        case "LADDER":
            return _clock(case, "clock_breached", clock, [*_owing(case, clock), *receiver])
        case "ALERT":
            # Late before it was known; else late beside another that climbs for both.
            template = "clock_missed_before" if clock.born_breached else "clock_breached"
            return _clock(case, template, clock, [*_owing(case, clock), *receiver])
        case "HEAD_OF_UNIT":
            unit = head or (UNIT_PREFIX + work_order if work_order else "")
            to = [unit] if unit else _owing(case, clock)
            return _clock(case, "work_order_late", clock, to, work_unit=work_order)
        case "CALLBACK":
            return _clock(case, "callback_due", clock, [SUPPORT])
        case "REMINDER":
            return _clock(case, "case_reminder", clock, [case.accountable])
        case "DIRECTOR":
            return _clock(case, "clock_breached_director", clock, [DIRECTOR])
        case "MAY_CLOSE":
            return _clock(case, "may_close", clock, [DISPATCH_ROOM])
        case "REVIEW":
            return _clock(case, "review_due", clock, [case.accountable, case.leader])
        case "REPORT" | "RESUME":
            # It stands in the reports; the clocks that run again tell of themselves.
            return ()
        case _:
            # A consequence newer than this program: whoever has the case should know at least.
            return _clock(case, "clock_breached", clock, _owing(case, clock))


def clocks_paused(
    case: CaseView, *, reason: str, words: str, latest_end_time: datetime | None, approved_by: str
) -> tuple[Plan, ...]:
    """Whoever must move, and the steward: why the clocks stand still, and until when."""
    return _open(
        case,
        "clocks_paused",
        [case.accountable, case.steward],
        reason=reason,
        text=words,
        by=approved_by,
        due_time=time_text(latest_end_time) if latest_end_time else "",
    )


def clocks_resumed(
    case: CaseView, clocks: Sequence[ClockView], *, latest_end_reached: bool
) -> tuple[Plan, ...]:
    """Whoever must move, where a pause ended of itself; who ends one by hand knows.

    The steward hears of the clocks that are the steward's.
    """
    if not latest_end_reached:
        return ()
    theirs = [clock for clock in clocks if clock.kind in _STEWARDS]
    return same_once(
        [
            plan
            for recipient, some in ((case.accountable, clocks), (case.steward, theirs))
            if some
            for plan in _open(
                case, "clocks_resumed", [recipient], deadlines=[_deadline(one) for one in some]
            )
        ]
    )


def clocks_amended(
    case: CaseView, clocks: Sequence[MovedClock], *, cause: str, reason: str
) -> tuple[Plan, ...]:
    """Whoever must move, in one message for all deadlines that are others now.

    The steward hears of those that are the steward's.
    """
    moved = [one for one in clocks if one.clock.due_time != one.previous_due_time]
    theirs = [one for one in moved if one.clock.kind in _STEWARDS]
    return same_once(
        [
            plan
            for recipient, some in ((case.accountable, moved), (case.steward, theirs))
            if some
            for plan in _open(
                case,
                "clocks_amended",
                [recipient],
                cause=cause,
                text=reason,
                deadlines=[
                    {**_deadline(one.clock), "previous_due_time": time_text(one.previous_due_time)}
                    for one in some
                ],
            )
        ]
    )


def calendar_year_missing(year: int) -> tuple[Plan, ...]:
    """The director of the dispatch room: until the year is published its deadlines may move."""
    return (
        Plan(
            recipient=DIRECTOR,
            channel=preferred_channel(DIRECTOR),
            template="calendar_year_missing",
            context={"year": year, "urgent": False},
        ),
    )


def _deadline(clock: ClockView) -> dict[str, Any]:
    return {"clock": clock.kind, "due_time": time_text(clock.due_time)}


def _owing(case: CaseView, clock: ClockView) -> list[str]:
    """Returns whoever must move, and the steward where the clock is the steward's too."""
    return [case.accountable, *([case.steward] if clock.kind in _STEWARDS else [])]


def _open(
    case: CaseView, template: str, recipients: Iterable[str], **context: Any
) -> tuple[Plan, ...]:
    if case.state is CaseState.CLOSED:
        # sla hadn't heard of it: nothing is owed any more.
        return ()
    return staff(case, template, recipients, **context)


def _clock(
    case: CaseView, template: str, clock: ClockView, recipients: Iterable[str], **context: Any
) -> tuple[Plan, ...]:
    if case.state is CaseState.CLOSED:
        return ()
    return staff(
        case,
        template,
        recipients,
        reference=clock.clock_id,
        **_deadline(clock),
        provisional=clock.provisional,
        **context,
    )

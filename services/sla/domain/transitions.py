"""What each step in a case's life does to its clocks: one small function per act, by theme.

docs/glossary.md has the table of clocks that these functions carry out. All of them are total: what
comes late or for a case already closed changes nothing, because the services hear of one another
with delays. What comes early doesn't come here: the gate holds it until what it follows from is
there, and routing tells first of a new cycle that it has heard of it.
"""

from dataclasses import replace
from typing import assert_never

from services.sla.domain import (
    amending,
    answers,
    cycles,
    firing,
    levels,
    pausing,
    reviews,
    tasks,
)
from services.sla.domain.acts import (
    Act,
    Amended,
    Answered,
    Assigned,
    BegunAgain,
    CalledBack,
    Closed,
    Completed,
    Confirmed,
    Corrected,
    Deescalated,
    Dispatched,
    Elapsed,
    Escalated,
    Excused,
    Extended,
    Flagged,
    Instructed,
    Met,
    Moment,
    Paused,
    PromiseMoved,
    Registered,
    Rejected,
    Reopened,
    Resolved,
    Resumed,
    Returned,
    Ruled,
)
from services.sla.domain.docket import Case, Change, Docket, File
from services.sla.domain.kinds import CaseState
from services.sla.domain.policy import Terms


def apply(
    file: File | None,
    act: Act,
    terms: Terms,
    moment: Moment,
    site_id: str = "",
    case_id: str = "",
) -> Change:
    """Returns what an act does to a case; a case that isn't there yet begins with its registration.

    `site_id` and `case_id` are those of a case that begins. LookupError for any other act on a case
    that was never registered.
    """
    if file is None:
        if not isinstance(act, Registered):
            raise LookupError("an act on a case that was never registered")
        docket = Docket(File(new_case(case_id, site_id, act), ()), terms, moment)
        begin(docket, act)
    else:
        docket = Docket(file, terms, moment)
        if takes(file.case, act):
            step(docket, act)
    return docket.settle(act)


def takes(case: Case, act: Act) -> bool:
    """Tells whether an act can do anything to a case; to a closed one only its beginning again."""
    return case.state is not CaseState.CLOSED or isinstance(act, BegunAgain)


def new_case(case_id: str, site_id: str, act: Registered) -> Case:
    """Returns a case as it is registered, before its clocks start."""
    return Case(
        case_id,
        site_id,
        CaseState.OPEN,
        1,
        act.time,
        profile=act.profile,
        unit_id=act.unit_id,
        anonymous=act.anonymous,
    )


def begin(docket: Docket, act: Registered) -> None:
    """A new case owes its first reply and its plan."""
    cycles.start_cycle(docket, act.clock_start or act.time)


def step(docket: Docket, act: Act) -> None:
    """Carries out an act on a registered case that takes it."""
    match act:
        case Elapsed():
            firing.fire_due(docket)
        case Answered():
            answers.answered(docket, act)
        case Assigned():
            levels.assigned(docket, act)
        case Dispatched():
            tasks.dispatched(docket, act)
        case Reopened():
            tasks.reopened(docket, act)
        case Completed():
            tasks.completed(docket, act)
        case Resolved():
            cycles.resolved(docket, act)
        case Confirmed():
            cycles.confirmed(docket, act)
        case Closed():
            cycles.closed(docket, act)
        case Rejected() | BegunAgain():
            cycles.begin_again(docket, act)
        case Corrected():
            docket.case = replace(docket.case, profile=act.profile, unit_id=act.unit_id)
        case Met():
            reviews.met(docket, act)
        case Escalated():
            levels.escalated(docket, act)
        case Deescalated():
            levels.deescalated(docket, act)
        case Instructed():
            levels.instructed(docket, act)
        case Returned():
            tasks.returned(docket, act)
        case Ruled() | Extended():
            amending.extend(docket, act)
        case PromiseMoved():
            amending.move_promise(docket, act)
        case CalledBack():
            cycles.called_back(docket, act)
        case Flagged():
            reviews.flagged(docket, act)
        case Paused():
            pausing.pause(docket, act)
        case Resumed():
            pausing.resume(docket, act)
        case Amended():
            amending.recount(docket, act.cause)
        case Registered() | Excused():
            # The one has happened, the other moves nothing.
            pass
        case _:
            assert_never(act)

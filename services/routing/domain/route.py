"""A case's way through the mine: who has it, at which level, and what becomes of that.

At every moment exactly one is accountable: the level that owes an instruction, the level that
took the case over, else the steward, else the dispatch room's queue, or a position outside the mine
where the dispatch room must not know of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import Refused
from services.routing.domain.assignment import (
    QUEUE,
    Assignment,
    Candidates,
    Responsible,
    assign,
    by_hand,
    position,
)
from services.routing.domain.decisions import RouteStep, Rule, StepOutcome
from services.routing.domain.work_orders import WorkOrder

# What a route is spoken of with, wherever it is at home.
__all__ = ["QUEUE", "Assignment", "Candidates", "Responsible", "Rule", "assign", "by_hand"]

# Longer than any call lives: under a lapsed seal nothing can be committed any more.
SEAL_LEASE = timedelta(minutes=2)


class RouteState(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Instruction(StrEnum):
    """How a level answers (批示)."""

    TAKE_OVER = "TAKE_OVER"
    ORDER = "ORDER"
    CANNOT_BE_DONE = "CANNOT_BE_DONE"
    SEND_DOWN = "SEND_DOWN"


class Cause(StrEnum):
    """Why a case climbs."""

    MANUAL = "MANUAL"
    BREACH = "BREACH"
    DWELL = "DWELL"


@dataclass(frozen=True, slots=True)
class Answered:
    """A level's instruction."""

    kind: Instruction
    text: str
    instructed_by: str
    instruct_time: datetime


@dataclass(frozen=True, slots=True)
class Route:
    """Where a case stands. `steward` is empty while the dispatch room's queue has it.

    `level_owner` is who has the case at a level above 0: a person, or the queue when the level's
    position is vacant. `answered` is the present level's instruction, None while it owes one.
    `cycle` counts how often the case was worked on, from 1; each begins at level 0.
    `about_persons` and `recused_persons` may not have it in hand (see shield.py).
    `first_reply_by` owes the first reply while the steward doesn't; `accountable_since` is kept by
    the store. `fallback_position` has a case without a steward, the dispatch room when empty.
    """

    case_id: str
    site_id: str
    unit_id: str
    state: RouteState
    steward: str
    rule: Rule
    reasons: tuple[str, ...]
    also_told: tuple[str, ...]
    assign_time: datetime
    accepted_by: str = ""
    accept_time: datetime | None = None
    level: int = 0
    level_position: str = ""
    level_owner: str = ""
    level_time: datetime | None = None
    answered: Answered | None = None
    cycle: int = 1
    version: int = 0
    category: str = ""
    place: str = ""
    post_id: str = ""
    receiver: str = ""
    register_time: datetime | None = None
    about_persons: tuple[str, ...] = ()
    recused_persons: tuple[str, ...] = ()
    resolve_time: datetime | None = None
    not_lasting_time: datetime | None = None
    accountable_since: datetime | None = None
    first_reply_by: str = ""
    fallback_position: str = ""

    @property
    def level_holds(self) -> bool:
        """Tells whether a level has the case: it owes an answer, or took the case over."""
        holds = self.answered is None or self.answered.kind is Instruction.TAKE_OVER
        return self.level > 0 and holds

    @property
    def accountable(self) -> str:
        """Who must move now: a person, or a position."""
        if self.level_holds:
            return self.level_owner
        return self.steward or position(self.fallback_position)

    @property
    def awaits_acceptance(self) -> bool:
        """Tells whether it is open and nobody has accepted it yet."""
        return self.state is RouteState.OPEN and self.accept_time is None

    @property
    def shielded(self) -> tuple[str, ...]:
        """Who may not have the case in hand, apart from their line."""
        return tuple(dict.fromkeys((*self.about_persons, *self.recused_persons)))


@dataclass(frozen=True, slots=True)
class Seal:
    """One attempt at a resolution, and until when it may still succeed."""

    holder: str
    until_time: datetime


class SealUnknown(Exception):
    """Seals have lapsed and nobody said what became of their resolutions; only intake knows."""

    def __init__(self, case_id: str, seals: frozenset[Seal]) -> None:
        super().__init__(f"{len(seals)} lapsed seals on {case_id}")
        self.case_id = case_id
        self.seals = seals


@dataclass(frozen=True, slots=True)
class RouteFile:
    """A route with its work orders, and the seals of resolutions that weren't heard of again."""

    route: Route
    work_orders: tuple[WorkOrder, ...] = ()
    seals: tuple[Seal, ...] = ()

    def sealed(self, time: datetime) -> bool:
        """Tells whether new work orders are refused without asking anybody."""
        return self.route.state is not RouteState.OPEN or self.leased(time)

    def leased(self, time: datetime) -> bool:
        """Tells whether a resolution is in hand."""
        return any(time < seal.until_time for seal in self.seals)

    def lapsed(self, time: datetime) -> frozenset[Seal]:
        """Returns the seals under which a resolution has been committed, or never will be."""
        return frozenset(seal for seal in self.seals if seal.until_time <= time)


def asked_for(
    case_id: str,
    site_id: str,
    unit_id: str,
    time: datetime,
    *,
    category: str = "",
    place: str = "",
    post_id: str = "",
    receiver: str = "",
    register_time: datetime | None = None,
    about_persons: Iterable[str] = (),
    recused_persons: Iterable[str] = (),
) -> Route:
    """Returns the route of a case just registered, before anybody was looked for."""
    return Route(
        case_id=case_id,
        site_id=site_id,
        unit_id=unit_id,
        state=RouteState.OPEN,
        steward="",
        rule=Rule.QUEUE,
        reasons=(),
        also_told=(),
        assign_time=time,
        category=category,
        place=place,
        post_id=post_id,
        receiver=receiver,
        register_time=register_time or time,
        about_persons=tuple(dict.fromkeys(about_persons)),
        recused_persons=tuple(dict.fromkeys(recused_persons)),
    )


def handed_over(route: Route, found: Candidates, *, here: bool) -> Assignment | None:
    """Returns the assignment after a change of the site's lists; None when nothing moves.

    `here` tells whether the present steward is at the site and not away. A steward named by hand
    stays, and so does one for want of a row of the matrix, unless they aren't there any more or
    have to keep away; whoever follows the alternate chain stays there. What waits with a position
    of that chain goes to whoever can have it by now.
    """
    if route.state is RouteState.CLOSED:
        return None
    stays = bool(route.steward) and here and not found.keeps_away(route.steward)
    if stays and route.rule in {Rule.MANUAL, Rule.ALTERNATE}:
        return None
    fresh = assign(found)
    by_matrix = fresh.rule in {Rule.RESPONSIBILITY, Rule.DEPUTY}
    if not route.steward and route.rule is Rule.ALTERNATE:
        if (fresh.steward, fresh.fallback_position) == ("", route.fallback_position):
            return None
    elif not by_matrix and (stays or not route.steward):
        return None
    if fresh.steward == route.steward and stays:
        return None
    if stays or not route.steward:
        why = RouteStep(
            Rule.HANDOVER,
            route.steward,
            StepOutcome.NOTED,
            "包保责任分工或在岗人员有变，办理中的诉求随之移交。",
            "Who answers for the unit has changed; its open cases move with it.",
        )
    else:
        why = RouteStep(
            Rule.HANDOVER,
            route.steward,
            StepOutcome.ABSENT if not here else StepOutcome.SHIELDED,
            f"原包保人员 {route.steward} 已不在岗。"
            if not here
            else f"原包保人员 {route.steward} 须回避。",
            f"{route.steward}, who had it, is not at the site at this time."
            if not here
            else f"{route.steward}, who had it, may not have it in hand.",
        )
    rule = Rule.HANDOVER if fresh.rule is Rule.RESPONSIBILITY else fresh.rule
    return replace(fresh, rule=rule, reasons=(why.zh, *fresh.reasons), steps=(why, *fresh.steps))


def reassign(route: Route, assignment: Assignment, time: datetime) -> Route:
    """Returns the route with another steward, who has to accept anew; the level stays."""
    return replace(
        route,
        steward=assignment.steward,
        fallback_position=assignment.fallback_position,
        rule=assignment.rule,
        reasons=assignment.reasons,
        also_told=assignment.also_told,
        assign_time=time,
        accepted_by="",
        accept_time=None,
        first_reply_by=assignment.first_reply_by,
    )


def recuse(route: Route, person_id: str) -> Route:
    """Returns the route with one more person who may not have the case in hand.

    They are told no more; who has it instead isn't decided here.
    """
    return replace(
        route,
        recused_persons=(*route.recused_persons, person_id),
        also_told=tuple(told for told in route.also_told if told != person_id),
        first_reply_by="" if route.first_reply_by == person_id else route.first_reply_by,
    )


def accept(route: Route, person_id: str, time: datetime, *, off_shift: bool = False) -> Route:
    """Returns the route accepted; the same one when it was already.

    The steward owes the first reply from then on, unless off shift.
    """
    if route.accept_time is not None:
        return route
    accepted = replace(route, accepted_by=person_id, accept_time=time)
    return replace(accepted, first_reply_by=first_reply_owed(accepted, off_shift=off_shift))


def first_reply_owed(route: Route, *, off_shift: bool) -> str:
    """Returns who owes the first reply of a case in the steward's place; empty for the steward.

    Nobody does once the steward has accepted, but while that one is `off_shift`.
    """
    return route.first_reply_by if route.accept_time is None or off_shift else ""


def on_position(accountable: str) -> bool:
    """Tells whether a position has a case, for want of a person."""
    return accountable.startswith("position:")


def resolve(route: Route, time: datetime) -> Route:
    """Returns the route waiting for the reporter since `time`."""
    return replace(route, state=RouteState.RESOLVED, resolve_time=time)


def reopen(route: Route, cycle: int) -> Route:
    """Returns the route in work again, with the steward, at the foot of the ladder."""
    return replace(
        route,
        state=RouteState.OPEN,
        resolve_time=None,
        cycle=cycle,
        level=0,
        level_position="",
        level_owner="",
        level_time=None,
        answered=None,
    )


def close(route: Route) -> Route:
    """Returns the route of a case struck off."""
    return replace(route, state=RouteState.CLOSED)


def require_open(route: Route) -> None:
    """Raises Refused CASE_NOT_OPEN for a case resolved or closed."""
    if route.state is not RouteState.OPEN:
        raise Refused("CASE_NOT_OPEN", case_id=route.case_id)

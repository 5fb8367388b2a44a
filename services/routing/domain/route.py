"""A case's way through the mine: who has it, at which level, and what becomes of that.

At every moment exactly one is accountable: the level that owes an instruction, the level that
took the case over, else the steward, else the dispatch room's queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import Refused
from services.routing.domain.directory import DISPATCH_ROOM, Level
from services.routing.domain.roster import Duty
from services.routing.domain.work_orders import WorkOrder

# Owner of last resort.
QUEUE = f"position:{DISPATCH_ROOM}"

# Longer than any call lives: under a lapsed seal nothing can be committed any more.
SEAL_LEASE = timedelta(minutes=2)


class RouteState(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Rule(StrEnum):
    """By what rule a case came to its steward."""

    RESPONSIBILITY = "RESPONSIBILITY"
    DUTY_LEAD = "DUTY_LEAD"
    QUEUE = "QUEUE"
    MANUAL = "MANUAL"
    HANDOVER = "HANDOVER"


class Instruction(StrEnum):
    """How a level answers (批示)."""

    TAKE_OVER = "TAKE_OVER"
    ORDER = "ORDER"
    CANNOT_BE_DONE = "CANNOT_BE_DONE"


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

    @property
    def accountable(self) -> str:
        """Who must move now: a person, or the queue."""
        holds = self.answered is None or self.answered.kind is Instruction.TAKE_OVER
        if self.level > 0 and holds:
            return self.level_owner
        return self.steward or QUEUE


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


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who gets a case and why; an empty steward means the queue."""

    steward: str
    rule: Rule
    reasons: tuple[str, ...]
    also_told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Responsible:
    """What the matrix of a day says about a case's unit; `steward` is empty without a row.

    `unit_name` is empty when the site has no such unit.
    """

    unit_name: str = ""
    steward: str = ""
    steward_name: str = ""
    also_told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """The level that a case would come to."""

    level: int
    position_id: str
    # One of the two is 0; both at the top.
    dwell_working_days: int
    dwell_working_time: timedelta
    top: bool


def assign(unit_id: str, responsible: Responsible, duty_lead: Duty | None) -> Assignment:
    """Returns who answers for a case of a unit: its steward, else the duty lead, else the queue.

    The units above aren't tried: their stewards don't know the unit, the duty lead does.
    """
    if not unit_id:
        reasons = ["诉求没有写明单位。"]
    elif not responsible.unit_name:
        reasons = [f"组织信息中没有单位 {unit_id}。"]
    elif responsible.steward:
        person = _named(responsible.steward, responsible.steward_name)
        reason = f"{responsible.unit_name}({unit_id})当日的包保人员是{person}。"
        return Assignment(
            responsible.steward, Rule.RESPONSIBILITY, (reason,), responsible.also_told
        )
    else:
        reasons = [
            f"{responsible.unit_name}({unit_id})当日没有包保人员。",
            "不向上级单位查找，由调度室兜底。",
        ]
    if duty_lead is not None and duty_lead.person_id:
        source = "按值班表" if duty_lead.by_roster else "按岗位"
        person = _named(duty_lead.person_id, duty_lead.person_name)
        reasons.append(f"转调度室值班负责人{person}({source})。")
        return Assignment(
            duty_lead.person_id, Rule.DUTY_LEAD, tuple(reasons), responsible.also_told
        )
    reasons.append("此时没有值班负责人，转入调度室待办，每日提醒。")
    return Assignment("", Rule.QUEUE, tuple(reasons), responsible.also_told)


def open_route(
    case_id: str, site_id: str, unit_id: str, assignment: Assignment, time: datetime
) -> Route:
    """Returns the route of a case just registered."""
    return Route(
        case_id=case_id,
        site_id=site_id,
        unit_id=unit_id,
        state=RouteState.OPEN,
        steward=assignment.steward,
        rule=assignment.rule,
        reasons=assignment.reasons,
        also_told=assignment.also_told,
        assign_time=time,
    )


def handed_over(
    route: Route, responsible: Responsible, duty_lead: Duty | None, *, known: bool
) -> Assignment | None:
    """Returns the assignment after a change of matrix or directory; None when nothing moves.

    `known` tells whether the present steward is still in the directory. A steward named by hand
    stays, and so does a duty lead while the unit has no row, unless they have left.
    """
    if route.state is RouteState.CLOSED:
        return None
    stays = bool(route.steward) and known
    if route.rule is Rule.MANUAL and stays:
        return None
    fresh = assign(route.unit_id, responsible, duty_lead)
    if fresh.rule is not Rule.RESPONSIBILITY and (stays or not route.steward):
        return None
    if fresh.steward == route.steward:
        return None
    why = (
        "包保责任分工有变，办理中的诉求随之移交。"
        if stays or not route.steward
        else f"原包保人员 {route.steward} 已不在组织信息中。"
    )
    return replace(fresh, rule=Rule.HANDOVER, reasons=(why, *fresh.reasons))


def reassign(route: Route, assignment: Assignment, time: datetime) -> Route:
    """Returns the route with another steward, who has to accept anew; the level stays."""
    return replace(
        route,
        steward=assignment.steward,
        rule=assignment.rule,
        reasons=assignment.reasons,
        also_told=assignment.also_told or route.also_told,
        assign_time=time,
        accepted_by="",
        accept_time=None,
    )


def by_hand(steward: str, steward_name: str, named_by: str, reason: str) -> Assignment:
    """Returns the assignment of a steward named by the dispatch room."""
    words = f"由 {named_by} 指定{_named(steward, steward_name)}:{reason}"
    return Assignment(steward, Rule.MANUAL, (words,))


def accept(route: Route, person_id: str, time: datetime) -> Route:
    """Returns the route accepted; the same one when it was already."""
    if route.accept_time is not None:
        return route
    return replace(route, accepted_by=person_id, accept_time=time)


def next_step(route: Route, ladder: Sequence[Level]) -> Step | None:
    """Returns the level that a case would come to, one above; None when it climbs no further.

    At the top it stays where it is; but a top that has answered owes anew.
    """
    if not ladder:
        return None
    if route.level < len(ladder):
        level = route.level + 1
    elif route.answered is not None:
        level = len(ladder)
    else:
        return None
    top = level == len(ladder)
    step = ladder[level - 1]
    if top:
        return Step(level, step.position_id, 0, timedelta(0), top)
    return Step(level, step.position_id, step.dwell_working_days, step.dwell_working_time, top)


def stale_dwell(route: Route, clock_start_time: datetime) -> bool:
    """Tells whether an unanswered-level breach is about a level that has answered or was left."""
    return (
        route.level == 0
        or route.answered is not None
        or (route.level_time is not None and clock_start_time < route.level_time)
    )


def reached_since(route: Route, due_time: datetime) -> bool:
    """Tells whether the case came to its level when a breached clock had run out already.

    The level has not been silent about it: several clocks that run out at once are one silence.
    """
    return route.level_time is not None and due_time <= route.level_time


def escalate(route: Route, step: Step, holder: Duty | None, time: datetime) -> Route:
    """Returns the route at the step's level, in the hands of whoever holds the position.

    While nobody does, the dispatch room's queue has it.
    """
    return replace(
        route,
        level=step.level,
        level_position=step.position_id,
        level_owner=QUEUE if holder is None or not holder.person_id else holder.person_id,
        level_time=time,
        answered=None,
    )


def may_answer(route: Route, ladder: Sequence[Level]) -> list[str]:
    """Returns the positions whose holders may answer: the level's own and those above it."""
    return [route.level_position, *(level.position_id for level in ladder[route.level :])]


def instruct(
    route: Route, kind: Instruction, text: str, instructed_by: str, time: datetime
) -> Route:
    """Returns the route with its level's answer.

    Whoever answers TAKE_OVER has the case. Raises Refused NO_INSTRUCTION_OWED.
    """
    if route.level == 0 or route.answered is not None:
        raise Refused("NO_INSTRUCTION_OWED", level=route.level)
    owner = instructed_by if kind is Instruction.TAKE_OVER else route.level_owner
    return replace(route, level_owner=owner, answered=Answered(kind, text, instructed_by, time))


def resolve(route: Route) -> Route:
    """Returns the route waiting for the reporter."""
    return replace(route, state=RouteState.RESOLVED)


def reopen(route: Route, cycle: int) -> Route:
    """Returns the route in work again, with the steward, at the foot of the ladder."""
    return replace(
        route,
        state=RouteState.OPEN,
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


def _named(person_id: str, name: str) -> str:
    return f" {name}({person_id})" if name else f" {person_id}"

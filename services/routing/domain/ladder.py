"""The ladder (逐级上报): a case's way up and down, and what a level answers.

A directory published meanwhile may have made it shorter: a case above the top of now is at the top.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.errors import Refused
from services.routing.domain.assignment import Alternate, first_alternate
from services.routing.domain.decisions import RouteStep, StepOutcome
from services.routing.domain.directory import Level
from services.routing.domain.roster import Duty
from services.routing.domain.route import QUEUE, Answered, Instruction, Route, Rule
from services.routing.domain.shield import Shield


@dataclass(frozen=True, slots=True)
class Step:
    """A level that a case comes to; the position is empty at level 0."""

    level: int
    position_id: str
    # One of the two is 0; both at the top and at level 0.
    dwell_working_days: int
    dwell_working_time: timedelta
    top: bool


_FOOT = Step(0, "", 0, timedelta(0), top=False)


def step_at(level: int, ladder: Sequence[Level]) -> Step:
    """Returns a level of a ladder that has any; one above its end stands for its top."""
    if level == 0:
        return _FOOT
    found = ladder[min(level, len(ladder)) - 1]
    if level >= len(ladder):
        return Step(level, found.position_id, 0, timedelta(0), top=True)
    days, time = found.dwell_working_days, found.dwell_working_time
    return Step(level, found.position_id, days, time, top=False)


def next_step(route: Route, ladder: Sequence[Level], *, dwelt: bool = False) -> Step | None:
    """Returns the level that a case would come to, one above; None when it climbs no further.

    At the top it stays where it is; but a top that has answered owes anew. So does one that the
    case didn't come to as the top: another position's, or, as `dwelt` says, one that had a time to
    answer in, and let it pass.
    """
    if not ladder:
        return None
    if route.level < len(ladder):
        return step_at(route.level + 1, ladder)
    top = step_at(route.level, ladder)
    if route.answered is not None or dwelt or route.level_position != top.position_id:
        return top
    return None


def step_down(route: Route, ladder: Sequence[Level]) -> Step:
    """Returns the level below the case's; of a ladder that ends further down, its top.

    Raises Refused NOT_ESCALATED at the foot of the ladder.
    """
    if route.level == 0:
        raise Refused("NOT_ESCALATED", case_id=route.case_id)
    return step_at(min(route.level - 1, len(ladder)), ladder)


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


def move(route: Route, step: Step, owner: str, time: datetime) -> Route:
    """Returns the route at the step's level, which owes an answer; at level 0 the steward has it.

    `owner` has the level: a person, or a position while nobody does.
    """
    at_foot = step.level == 0
    return replace(
        route,
        level=step.level,
        level_position=step.position_id,
        level_owner="" if at_foot else owner,
        level_time=None if at_foot else time,
        answered=None,
    )


def replaced(route: Route, step: Step, owner: str, time: datetime) -> Route:
    """Returns the route whose level another has now.

    An answer that was owed is owed by the same deadline, which sla lets stand; a level that had
    taken the case over owes its answer anew.
    """
    since = route.level_time if route.answered is None else time
    return replace(move(route, step, owner, time), level_time=since)


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


def moved(route: Route, step: Step, reason: str, english: str = "") -> RouteStep:
    """Returns the remark why a case went to a level; `english` are the reason's English words."""
    goes = "下转" if step.level < route.level else "上报"
    before, after = _named(route.level), _named(step.level)
    return RouteStep(
        route.rule,
        "",
        StepOutcome.NOTED,
        f"从{before}{goes}到{after}：{reason}",
        f"From level {route.level} to level {step.level}: {english or reason}",
    )


def answered(route: Route, text: str, name: str = "") -> RouteStep:
    """Returns the remark that a level's answer put a case where it is now.

    `name` is what whoever has it now is called.
    """
    code = route.accountable
    zh = f"第{route.level}级已批示，由{f'{name}（{code}）' if name else f' {code} '}办理：{text}"
    en = f"Level {route.level} has answered; {f'{name} ({code})' if name else code} goes on: {text}"
    return RouteStep(route.rule, route.accountable, StepOutcome.NOTED, zh, en)


def owner(
    route: Route,
    step: Step,
    position_name: str,
    holder: Duty | None,
    shield: Shield,
    alternates: Sequence[Alternate],
) -> tuple[str, tuple[RouteStep, ...]]:
    """Returns who has a level, a person or a position, and how they were found.

    It is whoever holds the level's position, `holder` None where it is no more; in the place of one
    who has to keep away the alternate chain. While nobody holds it, the dispatch room's queue has
    the case; but the chain, if it is about persons.
    """
    name = f"{_named(step.level)}岗位{position_name or step.position_id}"
    if holder is None or not holder.person_id:
        zh, en = f"{name}空缺", f"Nobody holds {step.position_id} of level {step.level}"
        if shield and route.about_persons:
            vacant = RouteStep(route.rule, "", StepOutcome.NOBODY, f"{zh}。", f"{en}.")
            alternate = first_alternate(alternates, shield)
            return alternate.candidate, (vacant, alternate)
        zh, en = f"{zh}，转入调度室待办，每日提醒。", f"{en}: the queue has the case."
        return QUEUE, (RouteStep(Rule.QUEUE, QUEUE, StepOutcome.NOBODY, zh, en),)
    source, by = ("按值班表", "by the roster") if holder.by_roster else ("按岗位", "as its holder")
    zh = f"{name}{source}由{holder.person_name}（{holder.person_id}）担任"
    en = f"{holder.person_id} has {step.position_id} of level {step.level} {by}"
    if not shield.covers(holder.person_id, step.level):
        taken = RouteStep(route.rule, holder.person_id, StepOutcome.TAKEN, f"{zh}。", f"{en}.")
        return holder.person_id, (taken,)
    zh, en = f"{zh}，按规定应当回避。", f"{en}, and keeps away."
    kept = RouteStep(route.rule, holder.person_id, StepOutcome.SHIELDED, zh, en)
    alternate = first_alternate(alternates, shield)
    return alternate.candidate, (kept, alternate)


def _named(level: int) -> str:
    return f"第{level}级" if level else "包保人员"

"""What an amendment of a case means for whoever has it: another unit, another post, an accused."""

from collections.abc import Iterable
from dataclasses import replace

from services.routing.domain.assignment import Assignment, Candidates, assign, told
from services.routing.domain.decisions import RouteStep, StepOutcome
from services.routing.domain.route import Route, RouteState
from services.routing.domain.same_hands import told_anew


def refile(
    route: Route,
    *,
    unit_id: str,
    category: str,
    place: str,
    post_id: str,
    about_persons: Iterable[str],
) -> Route:
    """Returns the route of the case as it is registered from now on, with whoever has it.

    The same route when nothing of it was amended that a case is routed by.
    """
    return replace(
        route,
        unit_id=unit_id,
        category=category,
        place=place,
        post_id=post_id,
        # None of them is ever taken off.
        about_persons=tuple(dict.fromkeys((*route.about_persons, *about_persons))),
    )


def decided_anew(
    before: Route,
    route: Route,
    found: Candidates,
    *,
    here: bool,
    receiver_here: bool,
    off_shift: bool,
) -> tuple[Assignment, bool]:
    """Returns who has a case from now on that was refiled, or begins again, and whether those are
    other hands.

    Another unit or post decides as at the registration, a steward named by hand for the other unit
    included, and so does beginning again without a steward; for the rest a steward stays who is
    there and needn't keep away. `here` tells that of the present one, `off_shift` whether they
    aren't at work now, `receiver_here` whether who took the appeal is at the site.
    """
    moved = (before.unit_id, before.post_id) != (route.unit_id, route.post_id)
    gone = bool(route.steward) and (not here or found.keeps_away(route.steward))
    again = before.cycle != route.cycle
    if route.state is RouteState.OPEN and (moved or gone or (again and not route.steward)):
        fresh = assign(found)
        if (fresh.steward, fresh.fallback_position) != (route.steward, route.fallback_position):
            why = _why(route, moved=moved, here=here)
            reasons, steps = (why.zh, *fresh.reasons), (why, *fresh.steps)
            return replace(fresh, reasons=reasons, steps=steps), True
    zh, en = "登记内容已更正", "What was registered was amended"
    if again:
        zh, en = "销号后恢复办理", "It was closed and begins again"
    step = RouteStep(
        route.rule,
        route.steward,
        StepOutcome.NOTED,
        f"{zh}，重新核对后仍由原负责人办理。",
        f"{en}; it was decided anew and stays in the same hands.",
    )
    same = told_anew(route, found, receiver_here=receiver_here, off_shift=off_shift)
    if same is None:
        same = Assignment(
            route.steward,
            route.rule,
            (),
            told(found, route.steward),
            fallback_position=route.fallback_position,
            first_reply_by=route.first_reply_by,
        )
    return replace(same, reasons=(step.zh, *same.reasons), steps=(step, *same.steps)), False


def _why(route: Route, *, moved: bool, here: bool) -> RouteStep:
    if moved:
        zh, en = "登记的单位或值守点已更正，重新确定负责人。", "Its unit or post was amended."
        return RouteStep(route.rule, route.steward, StepOutcome.NOTED, zh, en)
    if not route.steward:
        zh, en = (
            "销号后恢复办理，重新确定负责人。",
            "It was closed and begins again.",
        )
        return RouteStep(route.rule, route.steward, StepOutcome.NOTED, zh, en)
    if not here:
        zh = f"原包保人员 {route.steward} 已不在岗。"
        en = f"{route.steward}, who had it, is not at the site at this time."
        return RouteStep(route.rule, route.steward, StepOutcome.ABSENT, zh, en)
    zh = f"原包保人员 {route.steward} 须回避。"
    en = f"{route.steward}, who had it, may not have it in hand."
    return RouteStep(route.rule, route.steward, StepOutcome.SHIELDED, zh, en)

"""What changes for a case that stays in the same hands: who else is told, who owes the first reply.

The steward owes it once they have accepted; until then, and while they are off shift, whoever took
the appeal does.
"""

from dataclasses import replace

from services.routing.domain import route as routes
from services.routing.domain.assignment import Assignment, Candidates, told, with_first_reply
from services.routing.domain.decisions import RouteStep, StepOutcome
from services.routing.domain.route import Route, RouteState


def told_anew(
    route: Route, found: Candidates, *, receiver_here: bool, off_shift: bool
) -> Assignment | None:
    """Returns the same assignment with who is told and owes the first reply by the lists of now.

    None when that changes neither. Somebody comes to owe the first reply only until the steward
    has accepted, and owes it after that while the steward is `off_shift`; who has left the site
    owes nothing.
    """
    if route.state is RouteState.CLOSED:
        return None
    plain = Assignment(
        route.steward,
        route.rule,
        (),
        told(found, route.steward),
        fallback_position=route.fallback_position,
    )
    owed = ""
    if receiver_here and (
        route.awaits_acceptance or routes.first_reply_owed(route, off_shift=off_shift)
    ):
        owed = with_first_reply(plain, found, route.receiver).first_reply_by
    same_told = set(plain.also_told) == set(route.also_told)
    if same_told and owed == route.first_reply_by:
        return None
    zh = f"同时告知的人员现为：{'、'.join(plain.also_told) or '无'}；"
    zh += f"初步回复由 {owed} 负责。" if owed else "初步回复由包保人员负责。"
    en = f"Told as well from now on: {', '.join(plain.also_told) or 'nobody'};"
    en += f" {owed} owes the first reply." if owed else " the steward owes the first reply."
    step = RouteStep(route.rule, "", StepOutcome.NOTED, zh, en)
    return replace(plain, first_reply_by=owed, reasons=(zh,), steps=(step,))


def tell_anew(route: Route, assignment: Assignment) -> Route:
    """Returns the route with others told of it; nothing else changes."""
    return replace(route, also_told=assignment.also_told, first_reply_by=assignment.first_reply_by)


def accepted_off_shift(route: Route) -> Assignment:
    """Returns the same assignment with the remark that the receiver owes the first reply still."""
    owes = route.first_reply_by
    zh = f"包保人员已接收，此时不当班，初步回复仍由首接人 {owes} 负责。"
    en = f"The steward has accepted and is off shift; {owes}, who took it, owes the first reply."
    return _noted(route, zh, en, owes)


def begun_again(route: Route, *, off_shift: bool) -> Assignment:
    """Returns the same assignment with the remark that the reporter said that it isn't done."""
    zh, en = "回到包保人员", "the steward"
    if not route.steward:
        zh, en = f"由 {route.accountable} 代管", route.accountable
    zh = f"诉求人不认可，重新办理，{zh}。"
    en = f"The reporter says that it is not done: it begins again with {en}."
    return _noted(route, zh, en, routes.first_reply_owed(route, off_shift=off_shift))


def _noted(route: Route, zh: str, en: str, first_reply_by: str) -> Assignment:
    return Assignment(
        route.steward,
        route.rule,
        (zh,),
        route.also_told,
        (RouteStep(route.rule, route.steward, StepOutcome.NOTED, zh, en),),
        route.fallback_position,
        first_reply_by,
    )

"""Keeping how a case came to whoever has it."""

from collections.abc import Sequence

from chassis.work import Work
from services.routing.domain.decisions import Decision, RouteStep
from services.routing.domain.route import Route
from services.routing.store import decisions as store


async def note(
    work: Work, route: Route, steps: Sequence[RouteStep], *, handover_note: str = ""
) -> None:
    """Adds the decision that put the case where it is now, made by whoever this work is for."""
    decision = Decision(
        accountable=route.accountable,
        rule=route.rule,
        level=route.level,
        steps=tuple(steps),
        decided_by=work.actor.subject,
        decide_time=work.time,
        handover_note=handover_note,
    )
    await store.add_decision(work.connection, route.case_id, route.site_id, decision)

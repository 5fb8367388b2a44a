"""Asking others on behalf of a transaction: what became of a seal, what a calendar says."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from chassis.call import Call
from chassis.errors import Refused
from chassis.work import Receipt, once
from services.routing.domain.deadlines import NOTHING_TOLD, CalendarUnknown, Told
from services.routing.domain.route import SealUnknown
from services.routing.peers import Terms
from services.routing.rpc.common import Base


async def once_told(base: Base, call: Call, body: Callable[..., Awaitable[Receipt]]) -> Receipt:
    """Runs a mutation once; asks intake or sla between two attempts where the body says so.

    The body is a handler with its command, and takes `disproved` where it raises SealUnknown,
    `told` where it raises CalendarUnknown. Nobody is asked for a request that was done before, so
    a replay doesn't depend on their answers. The next attempt finds whatever changed meanwhile,
    and may have other questions. Raises Refused DEPENDENCY_UNAVAILABLE where there is no doing
    without an answer.
    """
    known: dict[str, Any] = {}
    while True:
        try:
            return await once(base.app, call, partial(body, **known))
        except SealUnknown as unknown:
            await base.cases.require_in_hand(unknown.case_id)
            known["disproved"] = unknown.seals
        except CalendarUnknown as unknown:
            told: Told = known.get("told", NOTHING_TOLD)
            known["told"] = told.beside(await _ask(base.terms, unknown))


async def _ask(terms: Terms, unknown: CalendarUnknown) -> Told:
    """Asks sla; a day that it can't be asked about passes for one on which people work.

    Raises Refused DEPENDENCY_UNAVAILABLE for deadlines in working days, which only it can count.
    """
    ends = {
        (day, number): await terms.end_of_working_day(unknown.site_id, day, number)
        for day, number in unknown.ends
    }
    working = {}
    for day in unknown.days:
        try:
            working[day] = await terms.is_working_day(unknown.site_id, day)
        except Refused as refused:
            if refused.reason != "DEPENDENCY_UNAVAILABLE":
                raise
            working[day] = True
    return Told(ends, working)

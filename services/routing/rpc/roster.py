"""The duty roster: published, read, swapped, looked through for holes; who is on duty."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.convert import to_timestamp
from chassis.database import Connection
from chassis.errors import Refused
from chassis.work import once
from services.routing.convert import roster as convert
from services.routing.convert.changes import change_message, fault_message
from services.routing.convert.common import local_day, opt_instant
from services.routing.domain import changes, roster_gaps
from services.routing.domain.commands.lists import PublishRoster as Command
from services.routing.domain.directory import DUTY_LEAD, Site
from services.routing.domain.faults import Fault
from services.routing.domain.roster import Shift, Span, instant
from services.routing.domain.roster_gaps import PostGap, Staffing
from services.routing.handlers import roster
from services.routing.rpc.common import Base, site_of
from services.routing.store import roster as duty
from services.routing.store import shifts as store

_DAY = timedelta(days=1)


class RosterMixin(Base):
    """The duty roster: published, read, swapped, looked through for holes; who is on duty."""

    async def PublishRoster(
        self, request: rpc.PublishRosterRequest, context: Any
    ) -> rpc.PublishRosterResponse:
        call = current_call(request)
        command = convert.publish_roster(request)
        if request.validate_only:
            return await self._try_roster(call.actor, command)
        receipt = await once(self.app, call, partial(roster.publish_roster, command=command))
        async with self.app.read(call.actor) as connection:
            site = await site_of(connection, request.site_id)
            head = await store.load_head(connection, site.site_id, receipt.version)
            previous = head.previous if head else 0
            otherwise = await roster.changes_between(
                connection, site.site_id, previous, receipt.version
            )
            now = await decision_time(connection)
            period = now, _soon(site, now)
            staffing = await _staffing(connection, site, period, command.roster.shifts)
        return rpc.PublishRosterResponse(
            version=receipt.version,
            gaps=convert.gap_messages(await _gaps(staffing, period)),
            changes=[change_message(change) for change in otherwise],
        )

    async def _try_roster(self, actor: Actor, command: Command) -> rpc.PublishRosterResponse:
        """Says what publishing would do, in full, and writes nothing."""
        given = command.roster
        async with self.app.read(actor) as connection:
            site = await site_of(connection, given.site_id)
            now = await decision_time(connection)
            faults = await roster.faults_of(connection, site, given)
            in_force = await store.list_roster(connection, site.site_id, site.roster_version)
            period = now, _soon(site, now)
            staffing = None
            if not faults:
                staffing = await _staffing(connection, site, period, given.shifts)
                if await roster.uncovers_duty_lead(connection, site, given, now):
                    faults.append(_no_lead())
        if command.expected_version not in (0, site.roster_version):
            faults.append(_other_version(command.expected_version, site.roster_version))
        found = await _gaps(staffing, period) if staffing else []
        return rpc.PublishRosterResponse(
            version=site.roster_version,
            gaps=convert.gap_messages(found),
            faults=[fault_message(fault) for fault in faults],
            changes=[
                change_message(change) for change in changes.of_rosters(in_force, given.shifts)
            ],
        )

    async def GetRoster(
        self, request: organisation.GetRosterRequest, context: Any
    ) -> organisation.GetRosterResponse:
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            version = request.version or site.roster_version
            head = await store.load_head(connection, site.site_id, version)
            if head is None and request.version:
                raise Refused("NO_SUCH_LIST_VERSION", version=version)
            shifts = await store.list_roster(connection, site.site_id, version)
            swaps = await store.list_roster_swaps(connection, site.site_id, version)
        return organisation.GetRosterResponse(
            site_id=site.site_id,
            version=version,
            shifts=[convert.shift_message(shift) for shift in shifts],
            swaps=[convert.swap_message(swap) for swap in swaps],
            publish_time=None if head is None else to_timestamp(head.publish_time),
            published_by="" if head is None else head.published_by,
        )

    async def SwapShift(
        self, request: organisation.SwapShiftRequest, context: Any
    ) -> organisation.SwapShiftResponse:
        call = current_call(request)
        command = convert.swap_shift(request)
        receipt = await once(self.app, call, partial(roster.swap_shift, command=command))
        async with self.app.read(call.actor) as connection:
            swap = await store.load_swap(connection, receipt.outcome)
        if swap is None:
            raise LookupError(f"the swap {receipt.outcome} just recorded is out of sight")
        return organisation.SwapShiftResponse(swap=convert.swap_message(swap))

    async def GetRosterGaps(
        self, request: organisation.GetRosterGapsRequest, context: Any
    ) -> organisation.GetRosterGapsResponse:
        first = last = None
        if request.HasField("start_date"):
            first = local_day(request.start_date, "start_date")
        if request.HasField("end_date"):
            last = local_day(request.end_date, "end_date")
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            today = site.local(await decision_time(connection)).date()
            first, last = roster_gaps.period(first, last, today)
            period = instant(site.zone, first, 0), instant(site.zone, last + _DAY, 0)
            staffing = await _staffing(connection, site, period)
        return organisation.GetRosterGapsResponse(
            gaps=convert.gap_messages(await _gaps(staffing, period))
        )

    async def WhoIsOnDuty(
        self, request: rpc.WhoIsOnDutyRequest, context: Any
    ) -> rpc.WhoIsOnDutyResponse:
        at_time = opt_instant(request.HasField("at_time"), request.at_time, "at_time")
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            now = await decision_time(connection)
            time, then = at_time or now, None
            if time < now:
                then = await duty.load_directory_then(connection, site, time)
            if request.WhichOneof("at") == "post_id":
                found = await duty.list_duties_at_post(
                    connection, site, request.post_id, time, then
                )
            else:
                found = [
                    await duty.load_duty_of_any(connection, site, request.position_id, time, then)
                ]
        return convert.on_duty(found)


async def soon_unstaffed(
    connection: Connection, site: Site, shifts: tuple[Shift, ...]
) -> list[PostGap]:
    """Returns where nobody will be in the usual days by the shifts given."""
    now = await decision_time(connection)
    period = now, _soon(site, now)
    return await _gaps(await _staffing(connection, site, period, shifts), period)


async def _staffing(
    connection: Connection, site: Site, period: Span, shifts: tuple[Shift, ...] | None = None
) -> Staffing:
    """Returns who will be where, by the roster in force or by the shifts given."""
    first, last = (site.local(time).date() for time in period)
    return await store.load_staffing(connection, site, first, last, shifts)


async def _gaps(staffing: Staffing, period: Span) -> list[PostGap]:
    """Returns where nobody will be; a year of many posts takes a while, so on the side."""
    return await asyncio.to_thread(roster_gaps.gaps, staffing, *period)


def _soon(site: Site, now: datetime) -> datetime:
    """Returns the end of the usual days, of which today is the first."""
    return instant(site.zone, site.local(now).date() + roster_gaps.USUAL_DAYS * _DAY, 0)


def _no_lead() -> Fault:
    return Fault(
        "shifts",
        f"今后十四天值班表须时时有{DUTY_LEAD}在岗",
        f"the roster must have a {DUTY_LEAD} at every moment of the next 14 days",
    )


def _other_version(expected: int, actual: int) -> Fault:
    return Fault(
        "expected_version",
        f"现行为第 {actual} 版，不是第 {expected} 版",
        f"version {actual} is in force, not {expected}",
    )

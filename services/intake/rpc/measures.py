"""What the window achieves: measures of a period, and the report of a month."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_measures_pb2 as rpc
from chassis.call import Call, current_call
from chassis.clock import decision_time
from chassis.database import Connection
from chassis.errors import Refused
from services.intake.convert import measures as convert
from services.intake.documents import report_html, report_xlsx
from services.intake.documents.cells import in_file_name
from services.intake.documents.report_content import Part, Report
from services.intake.domain import visibility
from services.intake.domain.measures import FigureSet, Group, Period, month_of, period, suppress
from services.intake.domain.times import local_day, start_of_day
from services.intake.rpc.common import Base
from services.intake.store import measures as store
from services.intake.store.measures import Measured
from services.intake.store.rules import load_rules

# Under gRPC's usual bound, and small enough to be read with back-pressure.
CHUNK_BYTES = 64 * 1024

_MOST_HOT_SPOTS = 10

# Of one answer: each takes up to two kilobytes of the four megabytes that a message may have.
MOST_GROUPS = 1_800

# sla is asked for so many sites at once, and for so long in all.
_ASKED_AT_ONCE = 8
_CALENDAR_SECONDS = 3.0

# By site and last day: before when a case must have come to its fallback owner to have been there
# for too long by then.
_Stays = dict[tuple[str, date], datetime | None]


class MeasuresMixin(Base):
    """What the window achieves: measures of a period, and the report of a month."""

    async def GetMeasures(
        self, request: rpc.GetMeasuresRequest, context: Any
    ) -> rpc.GetMeasuresResponse:
        call = current_call(request)
        by = convert.group(request)
        ends, compared_ends = convert.ends(request), convert.compared_ends(request)
        compared: Sequence[FigureSet] = ()
        async with self.app.read(call.actor) as connection:
            sites = await _sites(connection, request.site_ids)
            now = await decision_time(connection)
        asked = period(*ends, _today(sites, now))
        other = compared_ends and period(*compared_ends, _today(sites, now))
        stays = await self._stays(sites, [asked, *filter(None, [other])], now)
        async with self.app.read(call.actor) as connection:
            found = await _figures(connection, call, sites, asked, by, now, stays)
            if other is not None:
                compared = await _figures(connection, call, sites, other, by, now, stays)
            names = await store.list_names(connection, sites, by)
        groups = len(found) + len(compared)
        if groups > MOST_GROUPS:
            raise Refused("TOO_MANY_GROUPS", groups=groups, limit=MOST_GROUPS)
        return rpc.GetMeasuresResponse(
            sets=convert.figure_sets(found, by, names, call.language),
            compared_sets=convert.figure_sets(compared, by, names, call.language),
            definitions=convert.definitions(call.language),
        )

    async def ExportMonthlyReport(
        self, request: rpc.ExportMonthlyReportRequest, context: Any
    ) -> AsyncIterator[rpc.ExportMonthlyReportResponse]:
        call = current_call(request)
        report = await self._report(call, request)
        html = request.format == rpc.DOCUMENT_FORMAT_HTML
        # Drawing takes up to a second of a core: the event loop must not stand still for it.
        content = await asyncio.to_thread(report_html.make if html else report_xlsx.make, report)
        name = (
            f"report-{in_file_name(request.site_id)}-{request.year}{request.month:02d}."
            f"{'html' if html else 'xlsx'}"
        )
        for start in range(0, len(content), CHUNK_BYTES):
            yield rpc.ExportMonthlyReportResponse(
                file_name=name if start == 0 else "", content=content[start : start + CHUNK_BYTES]
            )

    async def _report(self, call: Call, request: rpc.ExportMonthlyReportRequest) -> Report:
        """Reads all that a month's report shows."""
        callers = visibility.behind(call.actor.subject, call.actor.acting_for)
        async with self.app.read(call.actor) as connection:
            sites = await _sites(connection, [request.site_id])
            now = await decision_time(connection)
        site, rules = sites[0].site, sites[0].rules
        today = _today(sites, now)
        # Those to compare with may lie before all calendars, where there is nothing to count.
        month, before, year_before = (
            month_of(request.year, request.month, back=back) for back in (0, 1, 12)
        )
        month = period(month.start_date, month.end_date, today)
        stays = await self._stays(sites, [month, before, year_before], now)
        async with self.app.read(call.actor) as connection:

            async def part(by: Group, of: Period = month) -> list[Part]:
                sets = await _figures(connection, call, sites, of, by, now, stays)
                names = await store.list_names(connection, sites, by)
                return [
                    Part(convert.name_of_group(one.value, by, names, call.language), one)
                    for one in sets
                ]

            names = await store.list_names(connection, sites, Group.CATEGORY)
            spots = await store.list_hot_spots(
                connection, site, month, callers, rules.smallest_cell, _MOST_HOT_SPOTS
            )
            return Report(
                site_name=site.name,
                language=call.language,
                month=month,
                made_time=now.astimezone(site.zone),
                unfinished=month.end_date >= today,
                smallest_cell=rules.smallest_cell,
                total=(await part(Group.NONE))[0].figures,
                before=(await part(Group.NONE, before))[0].figures,
                year_before=(await part(Group.NONE, year_before))[0].figures,
                categories=await part(Group.CATEGORY),
                units=await part(Group.UNIT),
                days=await store.list_days(connection, site, month, callers),
                hot_spots=[
                    (
                        convert.name_of_group(one.category, Group.CATEGORY, names, call.language),
                        one,
                    )
                    for one in spots
                ],
            )

    async def _stays(
        self, sites: Sequence[Measured], periods: Sequence[Period], now: datetime
    ) -> _Stays:
        """Asks sla, outside of any transaction, since when is too long for a fallback owner."""
        asked = {
            (one.site.site_id, of.last_day(one.site.zone, now)): one.site.zone
            for one in sites
            for of in periods
        }
        found: _Stays = {}
        limit = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def ask(site_id: str, day: date, zone: ZoneInfo) -> None:
            async with limit:
                told = await self.deadlines.working_day_before_last(site_id, zone, day)
            found[site_id, day] = None if told is None else start_of_day(told, zone)

        # What isn't told by then stays unknown.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CALENDAR_SECONDS), asyncio.TaskGroup() as tasks:
                for key, zone in asked.items():
                    tasks.create_task(ask(*key, zone))
        return found


async def _sites(connection: Connection, site_ids: Sequence[str]) -> list[Measured]:
    """Returns the sites asked for with their rules; Refused SITE_UNKNOWN for one out of sight."""
    sites = await store.list_sites(connection, site_ids)
    missing = sorted(set(site_ids) - {site.site_id for site in sites})
    if missing:
        raise Refused("SITE_UNKNOWN", site_id=missing[0])
    if not sites:
        raise Refused("SITE_UNKNOWN", site_id="*")
    return [Measured(site, await load_rules(connection, site.site_id)) for site in sites]


def _today(sites: Sequence[Measured], now: datetime) -> date:
    """Returns the latest day that it is at any of the sites."""
    return max(local_day(now, one.site.zone) for one in sites)


async def _figures(
    connection: Connection,
    call: Call,
    sites: Sequence[Measured],
    of: Period,
    by: Group,
    now: datetime,
    stays: _Stays,
) -> list[FigureSet]:
    """Returns the figures as the caller may see them."""
    callers = visibility.behind(call.actor.subject, call.actor.acting_for)
    since = [stays.get((one.site.site_id, of.last_day(one.site.zone, now))) for one in sites]
    found = await store.list_measures(connection, sites, of, by, now, callers, since)
    return suppress(found, by, max(one.rules.smallest_cell for one in sites))

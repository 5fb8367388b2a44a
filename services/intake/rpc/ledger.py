"""The ledger of a period (台账): in pages, as a stream, as a file; and what of it is public."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from backstop.intake.v1 import intake_measures_pb2 as rpc
from chassis.call import Call, current_call
from chassis.clock import decision_time
from chassis.convert import to_date
from chassis.database import Connection
from chassis.pages import fitting, page_size, portions
from services.intake.convert import ledger as convert
from services.intake.documents.cells import clean, in_file_name
from services.intake.documents.ledger_columns import Speech
from services.intake.documents.ledger_csv import LedgerCsv
from services.intake.documents.ledger_xlsx import LedgerXlsx, Title
from services.intake.documents.press import blank, chunks, pressed
from services.intake.domain import publishing, visibility
from services.intake.domain.filters import parse
from services.intake.domain.ledger import Excerpt
from services.intake.domain.times import OLDEST, bounded, check_order, end_of_day, start_of_day
from services.intake.domain.values import Site
from services.intake.handlers.sites import check_site
from services.intake.rpc.common import Base
from services.intake.store import ledger

_BEFORE_ALL = OLDEST - timedelta(days=1)
_AFTER_ALL = datetime(9999, 1, 1, tzinfo=UTC)

_Asked = rpc.ListLedgerRequest | rpc.StreamLedgerRequest | rpc.ExportLedgerRequest


class LedgerMixin(Base):
    """The ledger of a period (台账)."""

    async def ListLedger(
        self, request: rpc.ListLedgerRequest, context: Any
    ) -> rpc.ListLedgerResponse:
        call = current_call(request)
        size = page_size(request.page_size, default=100, maximum=500)
        after: Any = self.pages.read(request) or ledger.BEFORE_ALL
        async with self.app.read(call.actor) as connection:
            site = await check_site(connection, call.actor, request.site_id)
            excerpt = _excerpt(request, call, site)
            found = await ledger.list_ledger(connection, excerpt, after, size + 1)
        rows = fitting(convert.ledger_row(row) for row in found[:size])
        response = rpc.ListLedgerResponse(rows=rows)
        if len(found) > len(rows):
            last = found[len(rows) - 1]
            response.next_page_token = self.pages.issue(request, (last.occurred_time, last.case_id))
        return response

    async def StreamLedger(
        self, request: rpc.StreamLedgerRequest, context: Any
    ) -> AsyncIterator[rpc.StreamLedgerResponse]:
        call = current_call(request)
        async with self.app.read(call.actor) as connection:
            site = await check_site(connection, call.actor, request.site_id)
        excerpt = _excerpt(request, call, site)
        async for rows in ledger.read_ledger(self.app, call.actor, excerpt):
            for portion in portions(convert.ledger_row(row) for row in rows):
                yield rpc.StreamLedgerResponse(rows=portion)

    async def ExportLedger(
        self, request: rpc.ExportLedgerRequest, context: Any
    ) -> AsyncIterator[rpc.ExportLedgerResponse]:
        call = current_call(request)
        async with self.app.read(call.actor) as connection:
            site = await check_site(connection, call.actor, request.site_id)
            now = await decision_time(connection)
        excerpt = _excerpt(request, call, site)
        speech = Speech(call.language, site.zone)
        as_csv = request.format == rpc.DOCUMENT_FORMAT_CSV
        async with blank() as (file, folder):
            writer: LedgerCsv | LedgerXlsx
            if as_csv:
                writer = await pressed(LedgerCsv, file, speech)
            else:
                title = _title(request, site, speech, now)
                writer = await pressed(LedgerXlsx, file, folder, speech, title)
            try:
                async for rows in ledger.read_ledger(self.app, call.actor, excerpt):
                    await pressed(writer.add, rows)
                await pressed(writer.finish)
            finally:
                await pressed(writer.close)
            response = rpc.ExportLedgerResponse(file_name=_file_name(request, as_csv=as_csv))
            async for chunk, last in chunks(file):
                response.content = chunk
                if last:
                    response.row_count = writer.row_count
                yield response
                response = rpc.ExportLedgerResponse()

    async def ListSolvedProblems(
        self, request: rpc.ListSolvedProblemsRequest, context: Any
    ) -> rpc.ListSolvedProblemsResponse:
        call = current_call(request)
        size = page_size(request.page_size)
        before: Any = self.pages.read(request) or (_AFTER_ALL, "")
        async with self.app.read(call.actor) as connection:
            site = await check_site(connection, call.actor, request.site_id)
            found = await _solved(connection, request, site, before, size + 1)
            people = await ledger.list_people(connection, site.site_id)
        # Up to 200 texts of 4,000 characters each.
        published = await asyncio.to_thread(_published, found[:size], people, site)
        problems = fitting(convert.solved_problem(one) for one in published)
        response = rpc.ListSolvedProblemsResponse(problems=problems)
        if len(found) > len(problems):
            last = found[len(problems) - 1]
            response.next_page_token = self.pages.issue(request, (last.close_time, last.case_id))
        return response


def _excerpt(request: _Asked, call: Call, site: Site) -> Excerpt:
    """Returns what is asked for.

    Raises Refused FILTER_INVALID, PERIOD_INVALID, and INVALID_FIELD for a day that isn't one.
    """
    checked = parse(request.filter)
    start, end = _period(request, site)
    return Excerpt(
        site_id=site.site_id,
        zone=site.zone,
        start=start,
        end=end,
        callers=visibility.behind(call.actor.subject, call.actor.acting_for),
        category=request.category,
        solved_only=request.solved_only,
        filter=checked,
    )


def _period(
    request: _Asked | rpc.ListSolvedProblemsRequest, site: Site
) -> tuple[datetime, datetime]:
    """Returns the first instant of the period and the first one after it; a side may be open.

    Raises Refused PERIOD_INVALID for one that ends before it starts.
    """
    start, end = _BEFORE_ALL, _AFTER_ALL
    first = to_date(request.start_date, "start_date") if request.HasField("start_date") else None
    last = to_date(request.end_date, "end_date") if request.HasField("end_date") else None
    if first is not None:
        start = start_of_day(bounded(first), site.zone)
    if last is not None:
        end = end_of_day(bounded(last), site.zone)
    if first is not None and last is not None:
        check_order(first, last)
    return start, end


async def _solved(
    connection: Connection,
    request: rpc.ListSolvedProblemsRequest,
    site: Site,
    before: tuple[datetime, str],
    count: int,
) -> list[publishing.SolvedCase]:
    start, end = _period(request, site)
    return await ledger.list_solved(connection, site.site_id, start, end, before, count)


def _published(
    cases: list[publishing.SolvedCase], people: Any, site: Site
) -> list[publishing.SolvedProblem]:
    masker = publishing.Masker(people)
    return [publishing.published(case, masker, site.zone) for case in cases]


def _title(request: rpc.ExportLedgerRequest, site: Site, speech: Speech, now: datetime) -> Title:
    first, last = _days(request)
    if not first and not last:
        period = speech.say("全部", "all")
    else:
        beginning, end = speech.say("最早", "the first"), speech.say("今", "today")
        period = f"{first or beginning}{speech.say(' 至 ', ' to ')}{last or end}"
    narrowed = [
        speech.say("仅已解决", "solved only") if request.solved_only else "",
        speech.say(f"类别 {request.category}", f"category {request.category}")
        if request.category
        else "",
        speech.say(f"筛选条件 {request.filter}", f"filter {request.filter}")
        if request.filter
        else "",
    ]
    return Title(site.name, period, now, clean(speech.say("；", "; ").join(filter(None, narrowed))))


def _file_name(request: rpc.ExportLedgerRequest, *, as_csv: bool) -> str:
    """Returns "ledger-yuwu-20261101-20261130.xlsx"; a side of the period that is open is "all"."""
    site = in_file_name(request.site_id)
    days = [day.replace("-", "") or "all" for day in _days(request)]
    return f"ledger-{site}-{days[0]}-{days[1]}.{'csv' if as_csv else 'xlsx'}"


def _days(request: rpc.ExportLedgerRequest) -> tuple[str, str]:
    """Returns the first and last day as they are written, empty for an open side."""
    return (
        to_date(request.start_date, "start_date").isoformat()
        if request.HasField("start_date")
        else "",
        to_date(request.end_date, "end_date").isoformat() if request.HasField("end_date") else "",
    )

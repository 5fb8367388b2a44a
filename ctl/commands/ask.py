"""Questions: ledger, clocks, coverage, who is on duty, messages."""

from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_measures_pb2
from backstop.notify.v1 import notify_service_pb2
from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from backstop.routing.v1 import routing_service_pb2
from backstop.sla.v1 import sla_service_pb2
from ctl import times
from ctl.commands import options
from ctl.commands.figures import save_ledger
from ctl.commands.finding import Filter
from ctl.exits import Exit
from ctl.failures import Failure, Problem
from ctl.shell import Session, execute
from ctl.tables import case as case_tables
from ctl.tables import deadlines, organisation, routing
from ctl.tables.look import Look

AtTime = Annotated[
    str,
    typer.Option(
        "--at", metavar="TIME", help="查询时刻，默认现在 · at that instant; now by default"
    ),
]


def ledger(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="起 · first day")] = "",
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="止 · last day")] = "",
    solved: Annotated[
        bool, typer.Option("--solved", help="问题解决汇总清单 · the list of solved problems")
    ] = False,
    category: Annotated[str, typer.Option("--category", help="类别的名称或代码 · category")] = "",
    condition: Filter = "",
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="存为 .xlsx 或 .csv · save it as a file"),
    ] = None,
    limit: options.Limit = 1000,
) -> None:
    """台账 · the ledger of a period."""

    async def work(session: Session) -> None:
        first = await session.day(since, option="--from") if since else None
        last = await session.day(until, option="--to") if until else None
        if first and last and first > last:
            raise Problem("晚于 --to / later than --to", field="--from")
        code = await session.sought("categories", category)
        if file is not None:
            await save_ledger(
                session,
                file,
                first=first,
                last=last,
                solved_only=solved,
                category=code,
                condition=condition,
            )
            return
        request = intake_measures_pb2.ListLedgerRequest(
            site_id=session.site,
            start_date=times.date_message(first),
            end_date=times.date_message(last),
            solved_only=solved,
            category=code,
            filter=await session.filter(condition),
        )
        found = await read_ledger(session, request, limit)
        look = await session.look(session.site)
        session.show(found, case_tables.ledger(look, found.rows, solved_only=solved))
        if found.next_page_token:
            session.note(session.words("more"))

    execute(context, work)


async def read_ledger(
    session: Session, request: intake_measures_pb2.ListLedgerRequest, limit: int
) -> intake_measures_pb2.ListLedgerResponse:
    """Returns the rows of a ledger, page by page."""
    found = intake_measures_pb2.ListLedgerResponse()
    while len(found.rows) < limit:
        request.page_size = min(500, limit - len(found.rows))
        page = await session.client.call("intake", session.client.intake.ListLedger, request)
        found.rows.extend(page.rows)
        found.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    return found


def clocks(
    context: typer.Context,
    case: options.CaseKey,
    events: Annotated[
        bool, typer.Option("--events", help="连同每一步变化 · with everything that happened")
    ] = False,
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="TIME", help="当时所知的时限 · as they were known at that instant"
        ),
    ] = "",
) -> None:
    """诉求的全部时限 · all clocks of a case."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = sla_service_pb2.GetCaseClocksRequest(
            case_id=case_id, as_of_time=_moment(session, at), with_events=events
        )
        response = await session.client.call("sla", session.client.sla.GetCaseClocks, request)
        site = response.clocks[0].site_id if response.clocks else session.settings.site
        look = await session.look(site)
        units = await _units(session, case_id) if any(c.reference for c in response.clocks) else {}
        session.show(response, *deadlines.case_clocks(look, response, units))

    execute(context, work)


async def _units(session: Session, case_id: str) -> dict[str, str]:
    """Returns the unit of each work order; none while intake can't say."""
    try:
        found = await session.case(case_id)
    except Failure:
        return {}
    return {order.work_order_id: order.unit_id for order in found.work_orders}


def coverage(
    context: typer.Context,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="查询时刻，默认现在；只写日期为当日 00:00 · at that instant; now by default; "
            "a date alone is its 00:00",
        ),
    ] = "",
    since: Annotated[
        str, typer.Option("--from", metavar="DATE", help="时段首日 · gaps from this day on")
    ] = "",
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="时段末日 · to this day")] = "",
    by_span: Annotated[
        bool, typer.Option("--spans", help="每人包保几个单位 · units of each steward")
    ] = False,
) -> None:
    """包保覆盖，有空白时退出码为 4 · who answers for each unit; exit code 4 when there are gaps."""

    async def work(session: Session) -> Exit:
        # The site's clock comes with its names.
        names = await session.names(session.site)
        moment = _instant(session, at)
        first = await session.day(since, option="--from") if since else None
        last = await session.day(until, option="--to") if until else None
        request = routing_service_pb2.GetCoverageRequest(
            site_id=session.site,
            at_time=moment,
            start_date=times.date_message(first),
            end_date=times.date_message(last),
        )
        response = await session.client.call("routing", session.client.routing.GetCoverage, request)
        look = Look(session.words, names, session.zone)
        tables = organisation.coverage(look, response)
        if by_span:
            tables.append(routing.spans(look, response.spans))
        session.show(response, *tables)
        return Exit.FINDINGS if response.gaps else Exit.DONE

    execute(context, work)


def who(
    context: typer.Context,
    place: Annotated[
        str,
        typer.Argument(
            metavar="UNIT|POST|POSITION", help="单位、值守点或岗位 · a unit, a post or a position"
        ),
    ],
    at: AtTime = "",
) -> None:
    """谁包保此单位，谁在值守点或岗位上 · who answers for a unit, or is on duty."""

    async def work(session: Session) -> None:
        names = await session.names(session.site)
        unit = names.unit_of(place)
        if unit in names.units:
            asked = lists_pb.WhoAnswersForRequest(
                site_id=session.site, unit_id=unit, at_time=_instant(session, at)
            )
            answer = await session.client.call(
                "routing", session.client.routing.WhoAnswersFor, asked
            )
            session.show(
                answer, *routing.answering(Look(session.words, names, session.zone), answer)
            )
            return
        request = routing_service_pb2.WhoIsOnDutyRequest(
            site_id=session.site, at_time=_instant(session, at)
        )
        for code, name in names.posts.items():
            if place in (code, name):
                request.post_id = code
        for code, name in names.positions.items():
            if place.upper() == code or place == name:
                request.position_id = code
        if not request.WhichOneof("at"):
            request.position_id = place.upper()
        response = await session.client.call("routing", session.client.routing.WhoIsOnDuty, request)
        look = Look(session.words, names, session.zone)
        session.show(response, organisation.on_duty(look, response))

    execute(context, work)


def deliveries(context: typer.Context, case: options.CaseKey, limit: options.Limit = 500) -> None:
    """诉求发出的通知 · the messages about a case."""

    async def work(session: Session) -> None:
        file = await session.case(case)
        request = notify_service_pb2.ListDeliveriesRequest(case_id=file.case_id)
        found = notify_service_pb2.ListDeliveriesResponse()
        while len(found.deliveries) < limit:
            request.page_size = min(500, limit - len(found.deliveries))
            page = await session.client.call(
                "notify", session.client.notify.ListDeliveries, request
            )
            found.deliveries.extend(page.deliveries)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        look = await session.look(file.site_id)
        session.show(found, organisation.deliveries(look, found.deliveries))

    execute(context, work)


def _instant(session: Session, text: str) -> Timestamp | None:
    """Reads an instant; a date alone is its 00:00."""
    if day := times.date_alone(text):
        return times.stamp(times.start_of(day, session.zone))
    return _moment(session, text)


def _moment(session: Session, text: str) -> Timestamp | None:
    if not text:
        return None
    if times.date_alone(text):
        raise Problem("请写到分钟 / give the time as well: 2026-11-23 12:00", field="--at")
    return times.stamp(times.parse_time(text, session.zone, option="--at"))

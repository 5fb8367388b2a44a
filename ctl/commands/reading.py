"""`case show`, `list`, `timeline`: reading cases."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_finding_pb2, intake_pb2, intake_service_pb2
from ctl import choices, filters, times
from ctl.commands import options
from ctl.commands.finding import Filter, Search, View
from ctl.shell import Session, execute
from ctl.tables import case as tables


def show(
    context: typer.Context,
    case: options.CaseKey,
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="TIME", help="当时的样子 · as it stood then, local time"),
    ] = "",
) -> None:
    """显示诉求档案 · show the case file."""

    async def work(session: Session) -> None:
        instant = times.parse_time(as_of, session.zone, option="--as-of") if as_of else None
        found = await session.case(case, as_of=instant)
        look = await session.look(found.site_id)
        numbers = await session.numbers(link.case_id for link in found.links)
        session.show(found, *tables.case_file(look, found, numbers))

    execute(context, work)


def list_cases(
    context: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            help="状态，可多次 · state, repeatable",
            autocompletion=choices.completion(intake_pb2.CaseState.DESCRIPTOR),
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="单位的名称或代码 · unit")] = "",
    accountable: Annotated[
        str, typer.Option("--accountable", help="当前责任人的姓名或代码 · who must move")
    ] = "",
    condition: Filter = "",
    search: Search = "",
    view: View = "",
    order: Annotated[
        str,
        typer.Option(
            "--order",
            help="登记时间、提出时间、期限、编号、层级、销号时间，可加“倒序” · due_time desc",
        ),
    ] = "",
    limit: options.Limit = 50,
) -> None:
    """列出诉求，新的在前 · list cases, newest first."""

    async def work(session: Session) -> None:
        request = intake_finding_pb2.ListCasesRequest(
            site_id=session.site,
            states=[
                choices.parse(intake_pb2.CaseState, one, option="--state") for one in state or ()
            ],
            unit_id=await session.sought("units", unit),
            accountable=await session.sought("people", accountable),
            filter=await session.filter(condition),
            query=search,
            order_by=filters.order(order),
            view=choices.parse(intake_finding_pb2.InboxView, view, option="--view"),
        )
        found = intake_finding_pb2.ListCasesResponse()
        while len(found.cases) < limit:
            request.page_size = min(200, limit - len(found.cases))
            page = await session.client.call("intake", session.client.intake.ListCases, request)
            found.cases.extend(page.cases)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        look = await session.look(session.site)
        session.show(found, tables.cases(look, found.cases))
        if found.next_page_token:
            session.note(session.words("more"))

    execute(context, work)


def timeline(context: typer.Context, case: options.CaseKey, limit: options.Limit = 500) -> None:
    """显示诉求全程 · show every step of a case."""

    async def work(session: Session) -> None:
        file = await session.case(case)
        found = await read_timeline(session, file.case_id, limit)
        look = await session.look(file.site_id)
        session.show(found, tables.timeline(look, file.number, found.entries))

    execute(context, work)


async def read_timeline(
    session: Session, case_id: str, limit: int
) -> intake_service_pb2.GetTimelineResponse:
    """Returns a case's history, page by page."""
    request = intake_service_pb2.GetTimelineRequest(case_id=case_id)
    found = intake_service_pb2.GetTimelineResponse()
    while len(found.entries) < limit:
        request.page_size = min(500, limit - len(found.entries))
        page = await session.client.call("intake", session.client.intake.GetTimeline, request)
        found.entries.extend(page.entries)
        found.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    return found

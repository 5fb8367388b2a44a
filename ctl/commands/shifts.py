"""`handover …`: what one shift gives the next, on the screen and on paper."""

from pathlib import Path
from typing import Annotated

import typer

from backstop.intake.v1 import intake_handover_pb2
from backstop.routing.v1 import routing_service_pb2
from ctl.commands import options
from ctl.failures import Failure, Problem
from ctl.shell import Session, execute
from ctl.tables import shifts as tables

handover_app = typer.Typer(no_args_is_help=True, help="交接班 · handing the window over")

Note = Annotated[str, typer.Option("--note", help="说明 · note")]
Handover = Annotated[
    str,
    typer.Argument(
        metavar="[HANDOVER]",
        help="交接班序号或 id，默认最近一次 · its sequence or id; the newest by default",
    ),
]
_PAGE = 200


@handover_app.command("prepare")
def prepare(
    context: typer.Context,
    incoming: Annotated[
        str, typer.Option("--to", metavar="PERSON", help="接班人 · who takes over")
    ],
    note: Note = "",
) -> None:
    """生成交班清单并签字 · take the snapshot, and sign it as who goes."""

    async def work(session: Session) -> None:
        names = await session.names(session.site)
        request = intake_handover_pb2.PrepareShiftHandoverRequest(
            request_id=session.request_id(),
            site_id=session.site,
            incoming=names.person_of(incoming),
            note=note,
        )
        response = await session.client.call(
            "intake", session.client.intake.PrepareShiftHandover, request
        )
        await _show(session, response.handover)

    execute(context, work)


@handover_app.command("sign")
def sign(context: typer.Context, handover: Handover = "", note: Note = "") -> None:
    """接班签字 · sign it as who comes."""

    async def work(session: Session) -> None:
        request = intake_handover_pb2.SignShiftHandoverRequest(
            request_id=session.request_id(), handover_id=await _id_of(session, handover), note=note
        )
        response = await session.client.call(
            "intake", session.client.intake.SignShiftHandover, request
        )
        await _show(session, response.handover)

    execute(context, work)


@handover_app.command("show")
def show(context: typer.Context, handover: Handover = "") -> None:
    """显示交接班清单 · show a handover."""

    async def work(session: Session) -> None:
        await _show(session, await _handover(session, handover))

    execute(context, work)


@handover_app.command("print")
def print_sheet(
    context: typer.Context,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help=".pdf")],
    handover: Handover = "",
) -> None:
    """印交接班单（A4），双方签字 · the handover on paper, for both to sign."""
    # Half a second of fonts, which no other command needs.
    from ctl.handover_paper import sheet_of, write_handover  # noqa: PLC0415

    async def work(session: Session) -> None:
        options.check_new_file(file, ".pdf")
        found = await _handover(session, handover)
        look = await session.look(found.site_id)
        site_name = await _site_name(session, found.site_id)
        pages = write_handover(file, sheet_of(look, found, site_name))
        session.show({"file": str(file), "handover_id": found.handover_id, "pages": pages})
        session.say(session.words("printed", file=file, pages=pages))

    execute(context, work)


@handover_app.command("list")
def list_handovers(context: typer.Context, limit: options.Limit = 20) -> None:
    """列出交接班 · list handovers, newest first."""

    async def work(session: Session) -> None:
        response = await _page(session, min(limit, _PAGE))
        look = await session.look(session.site)
        session.show(response, tables.handovers(look, response.handovers))

    execute(context, work)


async def _page(
    session: Session, size: int, token: str = ""
) -> intake_handover_pb2.ListShiftHandoversResponse:
    request = intake_handover_pb2.ListShiftHandoversRequest(
        site_id=session.site, page_size=size, page_token=token
    )
    return await session.client.call("intake", session.client.intake.ListShiftHandovers, request)


async def _id_of(session: Session, key: str) -> str:
    """Returns the id of a handover named by id, by sequence, or as the newest by nothing."""
    if key.count("-") == 4:
        return key.lower()
    if key and not key.isdecimal():
        raise Problem("应为序号或 id / neither a sequence nor an id", field="HANDOVER")
    page = await _page(session, 1 if not key else _PAGE)
    while page.handovers:
        for one in page.handovers:
            if not key or one.sequence == int(key):
                return one.handover_id
        if not page.next_page_token:
            break
        page = await _page(session, _PAGE, page.next_page_token)
    raise Problem("没有这次交接班 / no such handover", field="HANDOVER")


async def _handover(session: Session, key: str) -> intake_handover_pb2.ShiftHandover:
    request = intake_handover_pb2.GetShiftHandoverRequest(handover_id=await _id_of(session, key))
    response = await session.client.call("intake", session.client.intake.GetShiftHandover, request)
    return response.handover


async def _site_name(session: Session, site_id: str) -> str:
    """Returns what the site is called; its id while routing can't say."""
    request = routing_service_pb2.GetDirectoryRequest(site_id=site_id)
    try:
        found = await session.client.call("routing", session.client.routing.GetDirectory, request)
    except Failure:
        return site_id
    return found.directory.name or site_id


async def _show(session: Session, handover: intake_handover_pb2.ShiftHandover) -> None:
    session.show(handover, *tables.handover(await session.look(handover.site_id), handover))

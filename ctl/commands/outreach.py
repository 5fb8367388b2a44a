"""`outreach …`: contacts with units, recorded and listed."""

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl import choices, times
from ctl.commands import options
from ctl.exits import Exit
from ctl.shell import Session, execute
from ctl.tables import routing
from ctl.tables.look import Look

app = typer.Typer(no_args_is_help=True, help="下基层走访联系 · contacts with units")

# As many rows as a page of the service holds.
_PAGE = 500


@app.command("record")
def record(
    context: typer.Context,
    unit: Annotated[
        list[str], typer.Option("--unit", help="单位，座谈可写多个 · unit; several of one meeting")
    ],
    place: Annotated[str, typer.Option("--place", help="在哪里 · where")],
    heard: Annotated[str, typer.Option("--heard", help="听到的情况 · what was heard")],
    form: Annotated[
        str,
        typer.Option(
            "--form",
            help="visit 走访、call 电话、meeting 座谈、desk-talk 值守点交谈",
            autocompletion=choices.completion(routing_pb2.OutreachForm.DESCRIPTOR),
        ),
    ] = "visit",
    cases: Annotated[
        list[str] | None, typer.Option("--case", help="当场提出的诉求 · cases raised there")
    ] = None,
    people: Annotated[
        int, typer.Option("--people", min=0, help="听取了多少人 · how many were heard")
    ] = 0,
    at: options.At = "",
) -> None:
    """登记一次走访联系 · record a contact with a unit."""

    async def work(session: Session) -> None:
        site = session.site
        names = await session.names(site)
        moment = times.parse_time(at, session.zone, option="--at") if at else None
        request = routing_service_pb2.RecordOutreachRequest(
            request_id=session.request_id(),
            site_id=site,
            unit_id=names.unit_of(unit[0]) if len(unit) == 1 else "",
            unit_ids=[names.unit_of(one) for one in unit] if len(unit) > 1 else [],
            case_ids=[await session.case_id(case) for case in cases or []],
            heard_count=people,
            form=choices.parse(routing_pb2.OutreachForm, form, option="--form"),
            place=place,
            heard=heard,
            outreach_time=times.stamp(moment),
        )
        response = await session.client.call(
            "routing", session.client.routing.RecordOutreach, request
        )
        look = Look(session.words, names, session.zone)
        session.show(response, table(look, response.contacts))

    execute(context, work)


@app.command("list")
def listing(
    context: typer.Context,
    unit: Annotated[str, typer.Option("--unit", help="单位，默认全部 · all units by default")] = "",
    limit: options.Limit = 100,
) -> None:
    """走访联系记录，新的在前 · the log of contacts, newest first."""

    async def work(session: Session) -> None:
        site = session.site
        names = await session.names(site)
        request = routing_service_pb2.ListOutreachRequest(site_id=site, unit_id=names.unit_of(unit))
        found = routing_service_pb2.ListOutreachResponse()
        while len(found.outreach) < limit:
            request.page_size = min(_PAGE, limit - len(found.outreach))
            page = await session.client.call(
                "routing", session.client.routing.ListOutreach, request
            )
            found.outreach.extend(page.outreach)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        numbers = await session.numbers(
            case_id for one in found.outreach for case_id in one.case_ids
        )
        session.show(
            found, table(Look(session.words, names, session.zone), found.outreach, numbers)
        )
        if found.next_page_token:
            session.note(session.words("more"))

    execute(context, work)


@app.command("overview")
def overview(
    context: typer.Context,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="只看超期未联系的 · overdue ones only")
    ] = False,
) -> None:
    """各单位的联系情况，有超期时退出码为 4 · how each unit is kept in touch with."""

    async def work(session: Session) -> Exit:
        response = await session.client.call(
            "routing",
            session.client.routing.GetOutreachOverview,
            routing_service_pb2.GetOutreachOverviewRequest(
                site_id=session.site, overdue_only=overdue
            ),
        )
        look = await session.look(session.site)
        session.show(response, *routing.overview(look, response))
        return Exit.FINDINGS if response.overdue_count else Exit.DONE

    execute(context, work)


def table(
    look: Look, rows: Iterable[routing_pb2.Outreach], numbers: Mapping[str, str] | None = None
) -> Table:
    """Returns contacts as a listing."""
    made = look.table(
        look.words("outreach"),
        "time", "unit", "form", "place", "heard", "heard_count", "cases", "actor",
        wide="heard",
    )  # fmt: skip
    for one in rows:
        made.add_row(
            look.time(one.outreach_time),
            escape(look.names.unit(one.unit_id)),
            look.words.value(routing_pb2.OutreachForm.DESCRIPTOR, one.form),
            escape(one.place),
            escape(one.heard),
            str(one.heard_count or ""),
            "、".join((numbers or {}).get(case_id, case_id) for case_id in one.case_ids),
            look.who(one.done_by),
        )
    return made

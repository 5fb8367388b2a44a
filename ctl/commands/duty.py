"""`absence …`, `roster …`: who is away, who takes whose shift, where nobody will be."""

from typing import Annotated

import typer
from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from ctl import times
from ctl.exits import Exit
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import routing
from ctl.tables.look import Look

absence_app = typer.Typer(no_args_is_help=True, help="请假 · absences")
roster_app = typer.Typer(no_args_is_help=True, help="值班 · the roster")

From = Annotated[str, typer.Option("--from", metavar="DATE", help="首日 · first day")]
To = Annotated[str, typer.Option("--to", metavar="DATE", help="末日 · last day")]


@absence_app.command("record")
def record(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="人员 · person")],
    since: From,
    until: To,
    reason: Annotated[str, typer.Option("--reason", help="事由 · why")],
    deputy: Annotated[
        str, typer.Option("--deputy", help="代理人，默认按分工表 · by the matrix if absent")
    ] = "",
) -> None:
    """登记请假，期间由代理人负责 · a person is away; the deputy answers meanwhile."""

    async def work(session: Session) -> None:
        names = await session.names(session.site)
        request = lists_pb.RecordAbsenceRequest(
            request_id=session.request_id(),
            site_id=session.site,
            person_id=names.person_of(person),
            start_date=times.date_message(await session.day(since, option="--from")),
            end_date=times.date_message(await session.day(until, option="--to")),
            deputy=names.person_of(deputy),
            reason=reason,
        )
        response = await session.client.call(
            "routing", session.client.routing.RecordAbsence, request
        )
        look = Look(session.words, names, session.zone)
        session.show(response, routing.absences(look, [response.absence]))

    execute(context, work)


@absence_app.command("cancel")
def cancel(
    context: typer.Context,
    absence: Annotated[str, typer.Argument(metavar="ABSENCE", help="请假 id · absence id")],
) -> None:
    """销假 · the absence counts no longer."""

    async def work(session: Session) -> None:
        request = lists_pb.CancelAbsenceRequest(
            request_id=session.request_id(), site_id=session.site, absence_id=absence
        )
        response = await session.client.call(
            "routing", session.client.routing.CancelAbsence, request
        )
        session.show(response, session.words("absence_cancelled"))

    execute(context, work)


@absence_app.command("list")
def listing(context: typer.Context, since: From = "") -> None:
    """今后谁请假 · who is away, from today on."""

    async def work(session: Session) -> None:
        first = await session.day(since, option="--from") if since else None
        request = lists_pb.ListAbsencesRequest(
            site_id=session.site, from_date=times.date_message(first)
        )
        response = await session.client.call(
            "routing", session.client.routing.ListAbsences, request
        )
        look = await session.look(session.site)
        session.show(response, routing.absences(look, response.absences))

    execute(context, work)


@roster_app.command("gaps")
def gaps(context: typer.Context, since: From = "", until: To = "") -> None:
    """值守点何时无人，默认今后 14 天；有空白时退出码为 4 · when nobody will be at a post."""

    async def work(session: Session) -> Exit:
        first = await session.day(since, option="--from") if since else None
        last = await session.day(until, option="--to") if until else None
        request = lists_pb.GetRosterGapsRequest(
            site_id=session.site,
            start_date=times.date_message(first),
            end_date=times.date_message(last),
        )
        response = await session.client.call(
            "routing", session.client.routing.GetRosterGaps, request
        )
        look = await session.look(session.site)
        if response.gaps:
            session.show(response, routing.post_gaps(look, response.gaps))
            return Exit.FINDINGS
        session.show(response, f"[green]{session.words('all_covered')}[/]")
        return Exit.DONE

    execute(context, work)


@roster_app.command("swap")
def swap(
    context: typer.Context,
    place: Annotated[
        str, typer.Argument(metavar="POST|POSITION", help="值守点或岗位 · a post or a position")
    ],
    day: Annotated[str, typer.Option("--date", metavar="DATE", help="开始之日 · its first day")],
    start: Annotated[str, typer.Option("--start", metavar="HH:MM", help="上班 · when it begins")],
    from_person: Annotated[str, typer.Option("--from", help="原值班人 · whose shift it is")],
    to_person: Annotated[str, typer.Option("--to", help="替班人 · who takes it")],
    reason: Annotated[str, typer.Option("--reason", help="事由 · why")],
) -> None:
    """替班 · one person takes another's shift of one day."""

    async def work(session: Session) -> None:
        names = await session.names(session.site)
        post = next((code for code, name in names.posts.items() if place in (code, name)), "")
        position = next(
            (c for c, name in names.positions.items() if place.upper() == c or place == name), ""
        )
        if not post and not position:
            raise Problem("没有此值守点或岗位 / no such post or position", field=place)
        request = lists_pb.SwapShiftRequest(
            request_id=session.request_id(),
            site_id=session.site,
            post_id=post,
            position_id="" if post else position,
            date=times.date_message(await session.day(day, option="--date")),
            start_time=_hour(start),
            from_person_id=names.person_of(from_person),
            to_person_id=names.person_of(to_person),
            reason=reason,
        )
        response = await session.client.call("routing", session.client.routing.SwapShift, request)
        taker = names.who(response.swap.to_person_id)
        session.show(response, session.words("swapped", person=taker, date=day, time=start))

    execute(context, work)


def _hour(text: str) -> TimeOfDay:
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit()):
        raise Problem("应写作 06:30 / not a time of day", field="--start")
    return TimeOfDay(hours=int(hours), minutes=int(minutes))

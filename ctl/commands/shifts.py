"""`handover …` and `sample …`: what one shift gives the next, and whom the window asks again."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_handover_pb2, intake_life_pb2
from ctl import times
from ctl.commands import options
from ctl.shell import Session, execute
from ctl.tables import shifts as tables
from ctl.tables.look import Look

handover_app = typer.Typer(no_args_is_help=True, help="交接班 · handing the window over")
sample_app = typer.Typer(no_args_is_help=True, help="抽样回访 · callbacks by sample")

Note = Annotated[str, typer.Option("--note", help="说明 · note")]
Handover = Annotated[str, typer.Argument(metavar="HANDOVER", help="交接班 id · id of the handover")]


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
def sign(context: typer.Context, handover: Handover, note: Note = "") -> None:
    """接班签字 · sign it as who comes."""

    async def work(session: Session) -> None:
        request = intake_handover_pb2.SignShiftHandoverRequest(
            request_id=session.request_id(), handover_id=handover, note=note
        )
        response = await session.client.call(
            "intake", session.client.intake.SignShiftHandover, request
        )
        await _show(session, response.handover)

    execute(context, work)


@handover_app.command("show")
def show(context: typer.Context, handover: Handover) -> None:
    """显示交接班清单 · show a handover."""

    async def work(session: Session) -> None:
        request = intake_handover_pb2.GetShiftHandoverRequest(handover_id=handover)
        response = await session.client.call(
            "intake", session.client.intake.GetShiftHandover, request
        )
        await _show(session, response.handover)

    execute(context, work)


@handover_app.command("list")
def list_handovers(context: typer.Context, limit: options.Limit = 20) -> None:
    """列出交接班 · list handovers, newest first."""

    async def work(session: Session) -> None:
        request = intake_handover_pb2.ListShiftHandoversRequest(
            site_id=session.site, page_size=min(limit, 200)
        )
        response = await session.client.call(
            "intake", session.client.intake.ListShiftHandovers, request
        )
        look = Look(session.words, await session.names(session.site), session.zone)
        session.show(response, tables.handovers(look, response.handovers))

    execute(context, work)


async def _show(session: Session, handover: intake_handover_pb2.ShiftHandover) -> None:
    look = Look(session.words, await session.names(handover.site_id), session.zone)
    session.show(handover, *tables.handover(look, handover))


@sample_app.command("draw")
def draw(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="销号起 · closed from")],
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="销号止 · closed until")],
    number: Annotated[int, typer.Option("--count", min=1, max=500, help="件数 · how many")] = 20,
    seed: Annotated[
        int, typer.Option("--seed", help="同一种子抽出同样的 · draws the same again")
    ] = 1,
) -> None:
    """抽样：不满意和没人回访过的先问 · the unhappy and the unheard first, then by lot."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.DrawCallbackSampleRequest(
            request_id=session.request_id(),
            site_id=session.site,
            start_date=times.date_message(times.parse_date(since, option="--from")),
            end_date=times.date_message(times.parse_date(until, option="--to")),
            count=number,
            seed=seed,
        )
        response = await session.client.call(
            "intake", session.client.intake.DrawCallbackSample, request
        )
        await _show_sample(session, response.sample)

    execute(context, work)


@sample_app.command("show")
def show_sample(
    context: typer.Context,
    sample: Annotated[str, typer.Argument(metavar="SAMPLE", help="抽样 id · id of the sample")],
) -> None:
    """显示抽样：所报与所听 · what was declared, and what the reporters say."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.GetCallbackSampleRequest(sample_id=sample)
        response = await session.client.call(
            "intake", session.client.intake.GetCallbackSample, request
        )
        await _show_sample(session, response.sample)

    execute(context, work)


@sample_app.command("list")
def list_samples(context: typer.Context, limit: options.Limit = 20) -> None:
    """列出抽样 · list samples, newest first."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.ListCallbackSamplesRequest(
            site_id=session.site, page_size=min(limit, 200)
        )
        response = await session.client.call(
            "intake", session.client.intake.ListCallbackSamples, request
        )
        look = Look(session.words, await session.names(session.site), session.zone)
        session.show(response, tables.samples(look, response.samples))

    execute(context, work)


async def _show_sample(session: Session, sample: intake_life_pb2.CallbackSample) -> None:
    look = Look(session.words, await session.names(sample.site_id), session.zone)
    session.show(sample, *tables.sample(look, sample))

"""`sample …`: whom the window asks again, and what they say."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_life_pb2
from ctl import times
from ctl.commands import options
from ctl.shell import Session, execute
from ctl.tables import shifts as tables

sample_app = typer.Typer(no_args_is_help=True, help="抽样回访 · callbacks by sample")


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
            start_date=times.date_message(await session.day(since, option="--from")),
            end_date=times.date_message(await session.day(until, option="--to")),
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
        look = await session.look(session.site)
        session.show(response, tables.samples(look, response.samples))

    execute(context, work)


async def _show_sample(session: Session, sample: intake_life_pb2.CallbackSample) -> None:
    session.show(sample, *tables.sample(await session.look(sample.site_id), sample))

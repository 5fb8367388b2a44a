"""`deadline …`: which clocks run out, why at that instant, and letting them stand still."""

from datetime import datetime
from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from ctl import choices, times
from ctl.commands import options
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import deadlines as tables
from ctl.tables.look import Look

app = typer.Typer(no_args_is_help=True, help="时限 · deadlines")

From = Annotated[str, typer.Option("--from", metavar="TIME", help="起算时刻 · when it starts")]
Category = Annotated[str, typer.Option("--category", help="类别代码 · category id")]
CaseKind = Annotated[
    str,
    typer.Option(
        "--case-kind",
        help="诉求种类 · kind of case",
        autocompletion=choices.completion(intake_pb2.CaseKind.DESCRIPTOR),
    ),
]
Urgency = Annotated[
    str,
    typer.Option(
        "--urgency",
        help="紧急程度 · urgency",
        autocompletion=choices.completion(intake_pb2.Urgency.DESCRIPTOR),
    ),
]
Kinds = Annotated[
    list[str],
    typer.Option(
        "--kind",
        help="时限种类，可重复 · kind of clock, repeatable",
        autocompletion=choices.completion(sla_pb2.ClockKind.DESCRIPTOR),
    ),
]


@app.command("list")
def list_clocks(
    context: typer.Context,
    view: Annotated[
        str,
        typer.Option(
            "--view",
            help="due-soon 将到期、overdue 已超期、paused 挂起过久；不写为全部 · all by default",
            autocompletion=choices.completion(sla_service_pb2.ClockView.DESCRIPTOR),
        ),
    ] = "",
    within: Annotated[
        str,
        typer.Option(
            "--within",
            metavar="SPAN",
            help="将到期：多久之内；挂起：超过多久 · due within, or paused for longer than",
        ),
    ] = "",
    kind: Kinds = [],  # noqa: B006 - typer's way of a repeatable option
    unit: Annotated[str, typer.Option("--unit", help="单位 · unit")] = "",
    category: Category = "",
    person: Annotated[
        str, typer.Option("--person", help="包保人员或当前责任人 · steward or accountable")
    ] = "",
    limit: options.Limit = 200,
) -> None:
    """列出时限，先到期的在前 · list clocks, soonest deadline first."""

    async def work(session: Session) -> None:
        names = await session.names(session.settings.site)
        request = sla_service_pb2.ListClocksRequest(
            site_id=session.settings.site,
            view=choices.parse(sla_service_pb2.ClockView, view, option="--view"),
            kinds=[choices.parse(sla_pb2.ClockKind, one, option="--kind") for one in kind],
            unit_id=names.unit_of(unit),
            category=category.upper(),
            person_id=names.person_of(person),
        )
        if within:
            request.within.FromTimedelta(times.parse_span(within, option="--within"))
        found = sla_service_pb2.ListClocksResponse()
        while len(found.clocks) < limit:
            request.page_size = min(200, limit - len(found.clocks))
            page = await session.client.call("sla", session.client.sla.ListClocks, request)
            found.clocks.extend(page.clocks)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        numbers = await session.numbers(row.clock.case_id for row in found.clocks)
        look = Look(session.words, names, session.zone)
        session.show(found, tables.listed(look, found.clocks, numbers))
        if found.next_page_token:
            session.note(session.words("more"))

    execute(context, work)


@app.command("explain")
def explain(
    context: typer.Context,
    clock_id: Annotated[
        str, typer.Argument(metavar="[CLOCK]", help="时限 id，见 clocks · id of a clock")
    ] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="假设的时限种类 · kind of a clock that would start")
    ] = "",
    start: From = "",
    category: Category = "",
    case_kind: CaseKind = "",
    urgency: Urgency = "",
) -> None:
    """逐日说明期限为何是那一刻 · tell day by day why a deadline is what it is."""

    async def work(session: Session) -> None:
        if bool(clock_id) == bool(kind):
            raise Problem("写时限 id，或 --kind 和 --from / a clock, or --kind and --from")
        request = sla_service_pb2.ExplainDeadlineRequest(clock_id=clock_id)
        if kind:
            request.hypothetical.CopyFrom(
                sla_service_pb2.HypotheticalClock(
                    site_id=session.site,
                    start_time=times.stamp(await _instant(session, start)),
                    clock=choices.parse(sla_pb2.ClockKind, kind, option="--kind"),
                    category=category.upper(),
                    kind=choices.parse(intake_pb2.CaseKind, case_kind, option="--case-kind"),
                    urgency=choices.parse(intake_pb2.Urgency, urgency, option="--urgency"),
                )
            )
        response = await session.client.call("sla", session.client.sla.ExplainDeadline, request)
        look = await session.look(session.settings.site)
        session.show(response, *tables.explained(look, response))

    execute(context, work)


@app.command("compute")
def compute(
    context: typer.Context,
    start: From = "",
    kind: Kinds = [],  # noqa: B006 - typer's way of a repeatable option
    category: Category = "",
    case_kind: CaseKind = "",
    urgency: Urgency = "",
) -> None:
    """试算：此刻提出的诉求何时到期 · the deadlines of an appeal spoken at an instant."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.ComputeDeadlinesRequest(
            site_id=session.site,
            occurred_time=times.stamp(await _instant(session, start)),
            category=category.upper(),
            kind=choices.parse(intake_pb2.CaseKind, case_kind, option="--case-kind"),
            urgency=choices.parse(intake_pb2.Urgency, urgency, option="--urgency"),
            clocks=[choices.parse(sla_pb2.ClockKind, one, option="--kind") for one in kind],
        )
        response = await session.client.call("sla", session.client.sla.ComputeDeadlines, request)
        look = await session.look(session.site)
        session.show(response, tables.computed(look, response.deadlines))

    execute(context, work)


@app.command("pause")
def pause(
    context: typer.Context,
    case: options.CaseKey,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            help="waiting-for-reporter、waiting-for-outage-window、force-majeure",
            autocompletion=choices.completion(sla_pb2.PauseReason.DESCRIPTOR),
        ),
    ],
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="最迟恢复 · when they run again at last")
    ],
    words: Annotated[str, typer.Option("--words", help="说明 · why, in words")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """挂起：时限暂停，经办者即批准人 · let a case's clocks stand still; the caller approves."""

    async def work(session: Session) -> None:
        now = await session.now() if times.is_ahead(until) else None
        request = sla_service_pb2.PauseClocksRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            reason=choices.parse(sla_pb2.PauseReason, reason, option="--reason"),
            words=words,
            latest_end_time=times.stamp(
                times.parse_time(until, session.zone, option="--until", now=now)
            ),
        )
        response = await session.client.call("sla", session.client.sla.PauseClocks, request)
        look = await session.look(session.settings.site)
        session.show(response, tables.clocks(look, response.clocks))

    execute(context, work)


@app.command("resume")
def resume(
    context: typer.Context, case: options.CaseKey, expected_version: options.ExpectedVersion = 0
) -> None:
    """恢复：时限继续 · let a case's clocks run again."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.ResumeClocksRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
        )
        response = await session.client.call("sla", session.client.sla.ResumeClocks, request)
        look = await session.look(session.settings.site)
        session.show(response, tables.clocks(look, response.clocks))

    execute(context, work)


@app.command("excuse")
def excuse(
    context: typer.Context,
    clock_id: Annotated[str, typer.Argument(metavar="CLOCK", help="时限 id，见 clocks")],
    reason: Annotated[str, typer.Option("--reason", help="理由 · why")],
) -> None:
    """免责：超期留在记录里，另行统计 · excuse a breach; it stays on record."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.ExcuseBreachRequest(
            request_id=session.request_id(), clock_id=clock_id, reason=reason
        )
        response = await session.client.call("sla", session.client.sla.ExcuseBreach, request)
        look = await session.look(session.settings.site)
        session.show(response, tables.clocks(look, [response.clock]))

    execute(context, work)


async def _instant(session: Session, text: str) -> datetime:
    if not text:
        return await session.now()
    return times.parse_start(text, session.zone, option="--from")

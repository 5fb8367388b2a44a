"""The operator's commands: flow, quarantine, relay, fsck, the demonstration's clock."""

import asyncio
from typing import Annotated

import typer
from google.protobuf.message import Message

from backstop.operations.v1 import operations_service_pb2
from ctl import clock, fsck, refusals, times
from ctl.commands import options
from ctl.exits import Exit
from ctl.failures import Failure, Problem
from ctl.names import Names
from ctl.settings import SERVICES
from ctl.shell import Session, as_data, execute
from ctl.tables import operations as tables
from ctl.tables.look import Look

quarantine = typer.Typer(no_args_is_help=True, help="隔离区 · facts that could not be applied")
relay = typer.Typer(no_args_is_help=True, help="事实的发送 · publishing of facts")
clock_app = typer.Typer(no_args_is_help=True, help="演示时钟 · the demonstration's clock")

Service = Annotated[
    str,
    typer.Option(
        "--service",
        help="intake, routing, sla, notify；默认全部 · all by default",
        autocompletion=lambda incomplete: [s for s in SERVICES if s.startswith(incomplete)],
    ),
]
QuarantineId = Annotated[str, typer.Argument(metavar="ID", help="隔离编号 · quarantine id")]


def flow(context: typer.Context) -> None:
    """各服务事实流的进度 · how far each service's facts have got."""

    async def work(session: Session) -> Exit:
        answers = await asyncio.gather(
            *(_flow(session, service) for service in SERVICES), return_exceptions=True
        )
        rows: dict[str, operations_service_pb2.GetFlowResponse | str] = {}
        code = Exit.DONE
        for service, answer in zip(SERVICES, answers, strict=True):
            if isinstance(answer, Failure):
                rows[service] = refusals.sentence(answer.answer, session.words, Names())
                code = max(code, answer.answer.exit)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                rows[service] = answer
        data: dict[str, object] = {
            service: as_data(row) if isinstance(row, Message) else {"error": row}
            for service, row in rows.items()
        }
        session.show(data, *tables.flow(_look(session), rows))
        return code

    execute(context, work, operator=True)


async def _flow(session: Session, service: str) -> operations_service_pb2.GetFlowResponse:
    stub = session.client.operations(service)
    request = operations_service_pb2.GetFlowRequest()
    return await session.client.call(service, stub.GetFlow, request)


@quarantine.command("list")
def quarantine_list(
    context: typer.Context, service: Service = "", limit: options.Limit = 200
) -> None:
    """列出隔离的事实，旧的在前 · list quarantined facts, oldest first."""

    async def work(session: Session) -> None:
        rows: list[tuple[str, operations_service_pb2.QuarantinedFact]] = []
        for name in _services(service):
            request = operations_service_pb2.ListQuarantineRequest(page_size=min(200, limit))
            while True:
                page = await session.client.call(
                    name, session.client.operations(name).ListQuarantine, request
                )
                rows += [(name, fact) for fact in page.facts]
                request.page_token = page.next_page_token
                if not page.next_page_token or len(rows) >= limit:
                    break
        rows = rows[:limit]
        data: dict[str, object] = {
            "facts": [{"service": name, **as_data(fact)} for name, fact in rows]
        }
        session.show(data, tables.quarantine(_look(session), rows))

    execute(context, work, operator=True)


@quarantine.command("show")
def quarantine_show(
    context: typer.Context, quarantine_id: QuarantineId, service: Service = ""
) -> None:
    """显示一条隔离的事实 · show one of them."""

    async def work(session: Session) -> None:
        _, fact = await _quarantined(session, quarantine_id, service)
        session.show(fact, tables.quarantined(_look(session), fact))

    execute(context, work, operator=True)


@quarantine.command("replay")
def quarantine_replay(
    context: typer.Context, quarantine_id: QuarantineId, service: Service = ""
) -> None:
    """再次处理，连同其后等待的 · apply it once more, and what waits behind it."""

    async def work(session: Session) -> None:
        name, _ = await _quarantined(session, quarantine_id, service)
        request = operations_service_pb2.ReplayQuarantinedRequest(quarantine_id=quarantine_id)
        response = await session.client.call(
            name, session.client.operations(name).ReplayQuarantined, request
        )
        session.show(response, session.words("replayed", count=response.applied_count))

    execute(context, work, operator=True)


@quarantine.command("drop")
def quarantine_drop(
    context: typer.Context,
    quarantine_id: QuarantineId,
    reason: Annotated[str, typer.Option("--reason", help="为何可以放弃 · why it may be given up")],
    service: Service = "",
) -> None:
    """放弃一条事实，其后的照常处理 · give a fact up; later ones are applied without it."""

    async def work(session: Session) -> None:
        name, _ = await _quarantined(session, quarantine_id, service)
        request = operations_service_pb2.DropQuarantinedRequest(
            quarantine_id=quarantine_id, reason=reason
        )
        # Not repeated by itself: a second call would find nothing and say so.
        response = await session.client.call(
            name, session.client.operations(name).DropQuarantined, request, repeat=False
        )
        session.show(response, session.words("dropped", id=quarantine_id))

    execute(context, work, operator=True)


async def _quarantined(
    session: Session, quarantine_id: str, service: str
) -> tuple[str, operations_service_pb2.QuarantinedFact]:
    """Finds the service that has it; Failure of the last one asked when none has."""
    request = operations_service_pb2.GetQuarantinedRequest(quarantine_id=quarantine_id)
    refused: Failure | None = None
    for name in _services(service):
        try:
            response = await session.client.call(
                name, session.client.operations(name).GetQuarantined, request
            )
        except Failure as failure:
            if failure.answer.reason != "NOT_IN_QUARANTINE":
                raise
            refused = failure
        else:
            return name, response.fact
    raise refused or Problem("没有服务可问 / no service to ask", field="--service")


@relay.command("show")
def relay_show(context: typer.Context) -> None:
    """同 flow · the same as flow."""
    flow(context)


@relay.command("rewind")
def relay_rewind(
    context: typer.Context,
    service: Service,
    to: Annotated[
        int,
        typer.Option("--to", min=0, help="从此位置之后重发，0 为全部 · after it; 0 = all"),
    ],
) -> None:
    """消息代理丢失数据后重发 · publish again after the broker lost its disk; harmless to repeat."""

    async def work(session: Session) -> None:
        name = _services(service)[0]
        request = operations_service_pb2.RewindRelayRequest(position=to)
        response = await session.client.call(
            name, session.client.operations(name).RewindRelay, request
        )
        session.show(response, session.words("rewound", count=response.fact_count))

    execute(context, work, operator=True)


def check(
    context: typer.Context,
    settled: Annotated[
        bool,
        typer.Option(
            "--settled/--live",
            help="静止时另核对各服务是否一致（BACKSTOPCTL_FSCK_DSN）；--live 只自查，随时可做 · "
            "at rest, also compare the services; --live checks each by itself, at any time",
        ),
    ] = False,
) -> None:
    """检查不变量，有问题时退出码为 4 · check invariants; exit code 4 when something is broken."""

    async def work(session: Session) -> Exit:
        if settled and not session.settings.fsck_dsn:
            raise Problem("没有只读连接 / no read-only role", field="BACKSTOPCTL_FSCK_DSN")
        report = await fsck.live(session.client)
        if settled:
            report = report.plus(await fsck.settled(session.settings.fsck_dsn))
        words = session.words
        data: dict[str, object] = {
            "check_count": report.check_count,
            "findings": [{"service": name, **as_data(one)} for name, one in report.findings],
        }
        if report.findings:
            table = tables.findings(_look(session), report.findings)
            session.show(data, table, words("findings_found", count=len(report.findings)))
            return Exit.FINDINGS
        session.show(data, f"[green]{words('clean', count=report.check_count)}[/]")
        return Exit.DONE

    execute(context, work, operator=True)


@clock_app.command("advance")
def clock_advance(
    context: typer.Context,
    span: Annotated[str, typer.Argument(metavar="[SPAN]", help="如 3d、12h、1d6h · a span")] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="TIME", help="拨到此时，当地时间 · to this local time")
    ] = "",
) -> None:
    """拨快业务时间，仅限演示模式 · move decision time ahead; demonstrations only."""

    async def work(session: Session) -> None:
        if bool(span) == bool(to):
            raise Problem("写时长或 --to 之一 / a span or --to, one of them", field="SPAN")
        if to:
            now = await clock.decision_time(session.client) if times.is_ahead(to) else None
            target = times.parse_time(to, session.zone, option="--to", now=now)
            moved = await clock.move_to(session.client, target)
        else:
            moved = await clock.move_by(session.client, times.parse_span(span, option="SPAN"))
        local = f"{moved.astimezone(session.zone):%Y-%m-%d %H:%M}"
        session.show({"decision_time": moved.isoformat()}, session.words("moved", time=local))

    execute(context, work, operator=True)


def _services(service: str) -> tuple[str, ...]:
    if not service:
        return SERVICES
    if service not in SERVICES:
        raise Problem(f"{', '.join(SERVICES)}", field="--service")
    return (service,)


def _look(session: Session) -> Look:
    return Look(session.words, Names(), session.zone)

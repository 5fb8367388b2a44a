"""`work-order …` and `instruct`: what routing lets people do with a case."""

from datetime import datetime
from typing import Annotated

import typer

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl import choices, times
from ctl.commands import options, tasks
from ctl.commands.task_follow_up import Evidence, RestDay, evidence_of
from ctl.commands.tasks import WORKING_DAYS
from ctl.failures import Problem
from ctl.names import Names
from ctl.shell import Session, execute
from ctl.tables import organisation
from ctl.tables.look import Look

app = typer.Typer(no_args_is_help=True, help="工单 · work orders")


@app.command("dispatch")
def dispatch(
    context: typer.Context,
    case: options.CaseKey,
    task: Annotated[
        list[str],
        typer.Option(
            "--task",
            metavar="UNIT=WORDS",
            help="单位=任务；尚无牵头单位时第一条为牵头 · unit=task, repeatable; the first one "
            "leads where none does",
        ),
    ],
    deadline: Annotated[
        list[str],
        typer.Option(
            "--deadline",
            metavar="TIME",
            help="期限，依次对应；只写一个则共用；+5d 为五天后 24:00，+5w 为五个工作日后 · in the "
            "order of the tasks; one serves all; +5d: 24:00 in five days, +5w: in working days",
        ),
    ],
    allow_rest_day: RestDay = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """派单 · send tasks to units."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        now = await session.now() if any(map(times.is_ahead, deadline)) else None
        request = routing_service_pb2.DispatchWorkOrdersRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            tasks=tasks_of(session, names, task, deadline, now, led=_is_led(route)),
            allow_rest_day=allow_rest_day,
        )
        response = await session.client.call(
            "routing", session.client.routing.DispatchWorkOrders, request
        )
        look = Look(session.words, names, session.zone)
        session.show(response, *organisation.route(look, response.route))

    execute(context, work)


def tasks_of(
    session: Session,
    names: Names,
    tasks: list[str],
    deadlines: list[str],
    now: datetime | None = None,
    *,
    led: bool = False,
) -> list[routing_service_pb2.DispatchWorkOrdersRequest.Task]:
    """Pairs tasks with deadlines, those ahead counted from `now`; Problem when they don't pair.

    The first one leads unless one of the case's does already.
    """
    if len(deadlines) not in (1, len(tasks)):
        raise Problem(
            f"{len(tasks)} 个任务、{len(deadlines)} 个期限 / one deadline, or one for each task",
            field="--deadline",
        )
    every = deadlines if len(deadlines) == len(tasks) else deadlines * len(tasks)
    found = []
    for index, (text, deadline) in enumerate(zip(tasks, every, strict=True)):
        unit, separator, words = text.partition("=")
        if not separator or not words.strip():
            raise Problem(f"应写作 单位=任务 / not unit=task: {text}", field="--task")
        one = routing_service_pb2.DispatchWorkOrdersRequest.Task(
            unit_id=names.unit_of(unit.strip()), task=words.strip(), lead=index == 0 and not led
        )
        if counted := WORKING_DAYS.fullmatch(deadline.strip()):
            one.working_days = int(counted[1])
        else:
            until = times.parse_time(deadline, session.zone, option="--deadline", now=now)
            one.deadline_time.FromDatetime(until)
        found.append(one)
    return found


def _is_led(route: routing_pb2.Route) -> bool:
    """Tells whether an open work order of the case leads."""
    return any(order.lead and order.state in tasks.OPEN for order in route.work_orders)


@app.command("accept")
def accept(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """接单 · the unit takes its task."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = routing_service_pb2.AcceptWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.DISPATCHED),
        )
        await tasks.act(session, session.client.routing.AcceptWorkOrder, request)

    execute(context, work)


@app.command("complete")
def complete(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    result: Annotated[str, typer.Option("--result", help="办了什么 · what was done")] = "",
    evidence: Evidence = None,
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """完成工单 · the unit reports its task done."""

    async def work(session: Session) -> None:
        if not result:
            raise Problem("办了什么？/ what was done?", field="--result")
        case_id = await session.case_id(case)
        moment = times.parse_time(at, session.zone, option="--at") if at else None
        request = routing_service_pb2.CompleteWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.WITH_UNIT),
            result=result,
            complete_time=times.stamp(moment),
            evidence=evidence_of(evidence),
        )
        await tasks.act(session, session.client.routing.CompleteWorkOrder, request)

    execute(context, work)


@app.command("return")
def give_back(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    reason: Annotated[str, typer.Option("--reason", help="为何退单 · why it is given back")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """退单，期限照计，待裁定 · the unit gives its task back; its deadline runs on."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = routing_service_pb2.ReturnWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.WITH_UNIT),
            reason=reason,
        )
        await tasks.act(session, session.client.routing.ReturnWorkOrder, request)

    execute(context, work)


@app.command("rule")
def rule(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="redispatch 改派、uphold 维持、lead 指定牵头 · another unit, the same one, or the "
            "one that leads",
            autocompletion=choices.completion(routing_pb2.RulingKind.DESCRIPTOR),
        ),
    ],
    text: Annotated[str, typer.Option("--text", help="裁定的话 · the ruling in words")],
    unit: Annotated[
        str, typer.Option("--unit", help="单位；维持时不写 · unit; none when upheld")
    ] = "",
    deadline: Annotated[
        str,
        typer.Option("--deadline", metavar="TIME", help="新期限，默认不变 · as it was if absent"),
    ] = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """裁定退单 · rule on a task that was given back."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        request = routing_service_pb2.RuleWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.RETURNED),
            kind=choices.parse(routing_pb2.RulingKind, kind, option="--kind"),
            text=text,
            unit_id=names.unit_of(unit),
            deadline_time=times.stamp(await tasks.deadline_of(session, deadline))
            if deadline
            else None,
        )
        await tasks.act(session, session.client.routing.RuleWorkOrder, request)

    execute(context, work)


@app.command("extend")
def extend(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    deadline: Annotated[
        str,
        typer.Option(
            "--deadline",
            metavar="TIME",
            help="新期限；+5d 为五天后 24:00 · +5d: 24:00 in five days",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="为何延长 · why")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """到期前延长期限，经办者即批准人 · more time before the deadline; the caller approves."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = routing_service_pb2.ExtendWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.OPEN),
            deadline_time=times.stamp(await tasks.deadline_of(session, deadline)),
            reason=reason,
        )
        await tasks.act(session, session.client.routing.ExtendWorkOrder, request)

    execute(context, work)


def instruct(
    context: typer.Context,
    case: options.CaseKey,
    text: Annotated[str, typer.Option("--text", help="批示内容 · the instruction")],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="order 批办、take-over 接管、cannot-be-done 不予办理、send-down 退回下一级",
            autocompletion=choices.completion(routing_pb2.InstructionKind.DESCRIPTOR),
        ),
    ] = "order",
    unit: Annotated[
        str, typer.Option("--unit", help="批办给哪个单位 · order: the unit that is to do it")
    ] = "",
    deadline: Annotated[
        str, typer.Option("--deadline", metavar="TIME", help="批办期限 · order: until when")
    ] = "",
    allow_rest_day: RestDay = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """批示：所在层级的答复 · the level that has the case answers."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        unit_id = unit
        if unit:
            route = await tasks.route_of(session, case_id)
            unit_id = (await session.names(route.site_id)).unit_of(unit)
        until = await tasks.deadline_of(session, deadline) if deadline else None
        request = routing_service_pb2.InstructCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            kind=choices.parse(routing_pb2.InstructionKind, kind, option="--kind"),
            text=text,
            unit_id=unit_id,
            deadline_time=times.stamp(until),
            allow_rest_day=allow_rest_day,
        )
        await tasks.act(session, session.client.routing.InstructCase, request)

    execute(context, work)

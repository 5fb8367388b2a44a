"""`work-order …` and `instruct`: what routing lets people do with a case."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final, TypeAlias

import typer
from google.protobuf.message import Message

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl import choices, times
from ctl.commands import options
from ctl.failures import Problem
from ctl.names import Names
from ctl.shell import Session, execute
from ctl.tables import organisation
from ctl.tables.look import Look

app = typer.Typer(no_args_is_help=True, help="工单 · work orders")

State: TypeAlias = "routing_pb2.WorkOrderState.ValueType"
DISPATCHED: Final[frozenset[State]] = frozenset({routing_pb2.WORK_ORDER_STATE_DISPATCHED})
RETURNED: Final[frozenset[State]] = frozenset({routing_pb2.WORK_ORDER_STATE_RETURNED})
WITH_UNIT: Final = DISPATCHED | {routing_pb2.WORK_ORDER_STATE_ACCEPTED}
OPEN: Final = WITH_UNIT | RETURNED

WorkOrder = Annotated[
    str,
    typer.Argument(metavar="[WORK_ORDER]", help="工单 id，或单位代码 · work order id, or its unit"),
]


@app.command("dispatch")
def dispatch(
    context: typer.Context,
    case: options.CaseKey,
    task: Annotated[
        list[str],
        typer.Option(
            "--task",
            metavar="UNIT=WORDS",
            help="单位=任务；第一条为牵头 · unit=task, repeatable; the first one leads",
        ),
    ],
    deadline: Annotated[
        list[str],
        typer.Option(
            "--deadline",
            metavar="TIME",
            help="期限，依次对应；只写一个则共用；+5d 为五天后 24:00 · in the order of the tasks; "
            "one serves all; +5d is 24:00 in five days",
        ),
    ],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """派单 · send tasks to units."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await _route(session, case_id)
        names = await session.names(route.site_id)
        now = await session.now() if any(map(times.is_ahead, deadline)) else None
        request = routing_service_pb2.DispatchWorkOrdersRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            tasks=tasks_of(session, names, task, deadline, now),
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
) -> list[routing_service_pb2.DispatchWorkOrdersRequest.Task]:
    """Pairs tasks with deadlines, those ahead counted from `now`; Problem when they don't pair."""
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
        found.append(
            routing_service_pb2.DispatchWorkOrdersRequest.Task(
                unit_id=_unit_of(unit.strip(), names),
                task=words.strip(),
                deadline_time=times.stamp(
                    times.parse_time(deadline, session.zone, option="--deadline", now=now)
                ),
                lead=index == 0,
            )
        )
    return found


def _unit_of(text: str, names: Names) -> str:
    return next((code for code, name in names.units.items() if text == name), text)


@app.command("accept")
def accept(
    context: typer.Context,
    case: options.CaseKey,
    work_order: WorkOrder = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """接单 · the unit takes its task."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = routing_service_pb2.AcceptWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await _work_order(session, case_id, work_order, DISPATCHED),
        )
        response = await session.client.call(
            "routing", session.client.routing.AcceptWorkOrder, request
        )
        await _show(session, response, response.route)

    execute(context, work)


@app.command("complete")
def complete(
    context: typer.Context,
    case: options.CaseKey,
    work_order: WorkOrder = "",
    result: Annotated[str, typer.Option("--result", help="办了什么 · what was done")] = "",
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
            work_order_id=await _work_order(session, case_id, work_order, WITH_UNIT),
            result=result,
            complete_time=times.stamp(moment),
        )
        response = await session.client.call(
            "routing", session.client.routing.CompleteWorkOrder, request
        )
        await _show(session, response, response.route)

    execute(context, work)


@app.command("return")
def give_back(
    context: typer.Context,
    case: options.CaseKey,
    work_order: WorkOrder = "",
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
            work_order_id=await _work_order(session, case_id, work_order, WITH_UNIT),
            reason=reason,
        )
        response = await session.client.call(
            "routing", session.client.routing.ReturnWorkOrder, request
        )
        await _show(session, response, response.route)

    execute(context, work)


@app.command("rule")
def rule(
    context: typer.Context,
    case: options.CaseKey,
    work_order: WorkOrder = "",
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
        route = await _route(session, case_id)
        names = await session.names(route.site_id)
        request = routing_service_pb2.RuleWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await _work_order(session, case_id, work_order, RETURNED),
            kind=choices.parse(routing_pb2.RulingKind, kind, option="--kind"),
            text=text,
            unit_id=_unit_of(unit, names),
            deadline_time=times.stamp(await _deadline(session, deadline)) if deadline else None,
        )
        response = await session.client.call(
            "routing", session.client.routing.RuleWorkOrder, request
        )
        await _show(session, response, response.route)

    execute(context, work)


@app.command("extend")
def extend(
    context: typer.Context,
    case: options.CaseKey,
    work_order: WorkOrder = "",
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
            work_order_id=await _work_order(session, case_id, work_order, OPEN),
            deadline_time=times.stamp(await _deadline(session, deadline)),
            reason=reason,
        )
        response = await session.client.call(
            "routing", session.client.routing.ExtendWorkOrder, request
        )
        await _show(session, response, response.route)

    execute(context, work)


def instruct(
    context: typer.Context,
    case: options.CaseKey,
    text: Annotated[str, typer.Option("--text", help="批示内容 · the instruction")],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="order 批办、take-over 接管、cannot-be-done 不予办理",
            autocompletion=choices.completion(routing_pb2.InstructionKind.DESCRIPTOR),
        ),
    ] = "order",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """批示：所在层级的答复 · the level that has the case answers."""

    async def work(session: Session) -> None:
        request = routing_service_pb2.InstructCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            kind=choices.parse(routing_pb2.InstructionKind, kind, option="--kind"),
            text=text,
        )
        response = await session.client.call(
            "routing", session.client.routing.InstructCase, request
        )
        await _show(session, response, response.route)

    execute(context, work)


async def _route(session: Session, case_id: str) -> routing_pb2.Route:
    response = await session.client.call(
        "routing",
        session.client.routing.GetRoute,
        routing_service_pb2.GetRouteRequest(case_id=case_id),
    )
    return response.route


async def _show(session: Session, response: Message, route: routing_pb2.Route) -> None:
    look = Look(session.words, await session.names(route.site_id), session.zone)
    session.show(response, *organisation.route(look, route))


async def _deadline(session: Session, text: str) -> datetime:
    """Reads a deadline, one ahead counted from the suite's time."""
    now = await session.now() if times.is_ahead(text) else None
    return times.parse_time(text, session.zone, option="--deadline", now=now)


async def _work_order(session: Session, case_id: str, key: str, states: Collection[State]) -> str:
    """Returns the id of a work order named by id, by unit, or by being the only one it can be."""
    if key.count("-") == 4:
        return key
    route = await _route(session, case_id)
    names = await session.names(route.site_id)
    unit = _unit_of(key, names)
    named = [order for order in route.work_orders if not key or order.unit_id == unit]
    # The only one of a unit is meant whatever its state: the service says why it can't be.
    found = [order for order in named if order.state in states] or (named if key else [])
    if len(found) == 1:
        return found[0].work_order_id
    units = ", ".join(f"{o.unit_id}={o.work_order_id}" for o in route.work_orders) or "—"
    raise Problem(f"请指明工单 / which work order? {units}", field="WORK_ORDER")

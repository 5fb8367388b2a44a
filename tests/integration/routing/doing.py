"""What people do to a case, in few words."""

from datetime import datetime, timedelta

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.routing.conftest import Mine

Task = rpc.DispatchWorkOrdersRequest.Task


def task(unit: str, now: datetime, *, lead: bool = False, hours: float = 48) -> Task:
    deadline = to_timestamp(now + timedelta(hours=hours))
    return Task(unit_id=unit, task="更换淋浴头", deadline_time=deadline, lead=lead)


async def dispatch(mine: Mine, case_id: str, *units: str) -> list[str]:
    """Sends tasks to units, the first of which leads; returns the work orders' ids."""
    now = await mine.now()
    tasks = [task(unit, now, lead=unit == units[0]) for unit in units]
    response = await mine.ask(
        "DispatchWorkOrders", rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=tasks)
    )
    return list(response.work_order_ids)


async def complete(mine: Mine, case_id: str, work_order_id: str) -> pb.Route:
    request = rpc.CompleteWorkOrderRequest(
        case_id=case_id, work_order_id=work_order_id, result="已更换"
    )
    return (await mine.ask("CompleteWorkOrder", request)).route  # type: ignore[no-any-return]


async def instruct(
    mine: Mine,
    case_id: str,
    who: str,
    roles: str = "LEADER",
    kind: "pb.InstructionKind.ValueType" = pb.INSTRUCTION_KIND_ORDER,
) -> pb.Route:
    """Answers for the level that has the case."""
    request = rpc.InstructCaseRequest(case_id=case_id, kind=kind, text="三日内办结")
    return (await mine.ask("InstructCase", request, roles, who=who)).route  # type: ignore[no-any-return]

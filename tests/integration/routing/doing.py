"""What people do to a case, in few words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine

Task = rpc.DispatchWorkOrdersRequest.Task


def task(unit: str, now: datetime, *, lead: bool = False, hours: float = 48) -> Task:
    deadline = to_timestamp(now + timedelta(hours=hours))
    return Task(unit_id=unit, task="更换淋浴头", deadline_time=deadline, lead=lead)


async def dispatch(mine: Mine, case_id: str, *units: str) -> list[str]:
    """Sends tasks to units, the first of which leads; returns the work orders' ids.

    Whatever day it is today, the deadline is meant.
    """
    now = await mine.now()
    tasks = [task(unit, now, lead=unit == units[0]) for unit in units]
    request = rpc.DispatchWorkOrdersRequest(case_id=case_id, tasks=tasks, allow_rest_day=True)
    response = await mine.ask("DispatchWorkOrders", request)
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


async def registered(
    mine: Mine, *about: str, category: str = "BATHING", unit: str = "bathhouse"
) -> str:
    """A new case of a category, about some persons, has arrived; returns its id."""
    case_id = new_id()
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id=unit, category=category, about_persons=about
    )
    await mine.hear("intake", case_id, message)
    return case_id


async def give_back(mine: Mine, case_id: str, work_order_id: str) -> pb.Route:
    request = rpc.ReturnWorkOrderRequest(
        case_id=case_id, work_order_id=work_order_id, reason="不归我们管"
    )
    return (await mine.ask("ReturnWorkOrder", request)).route  # type: ignore[no-any-return]


async def given_back_twice(mine: Mine, case_id: str, order: str = "") -> str:
    """A task came back twice, one of the bathhouse unless told; returns its id."""
    if not order:
        (order,) = await dispatch(mine, case_id, "bathhouse")
    await give_back(mine, case_id, order)
    ruling = rpc.RuleWorkOrderRequest(
        case_id=case_id, work_order_id=order, kind=pb.RULING_KIND_UPHOLD, text="按职责分工"
    )
    await mine.ask("RuleWorkOrder", ruling)
    await give_back(mine, case_id, order)
    return order


async def until(mine: Mine, weekday: int, hour: int) -> datetime:
    """Moves ahead to the next such hour of such a day at the site, 0 = Monday; returns it."""
    now = (await mine.now()).astimezone(ZoneInfo("Asia/Shanghai"))
    then = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    then += timedelta(days=(weekday - now.weekday()) % 7)
    if then <= now:
        then += timedelta(days=7)
    await mine.advance(then - now)
    return then


async def findings(mine: Mine) -> list[tuple[str, str]]:
    """Runs the service's own checks; (check, subject) of whatever they find."""
    found = []
    async with mine.database.worker.read(service_actor("routing")) as connection:
        for check in load_queries("services.routing", "sql/fsck.sql"):
            rows = await connection.fetch(check.sql)
            found += [(check.name, row["subject_id"]) for row in rows]
    return found

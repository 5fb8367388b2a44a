"""Sweeps and recurrences in few words: solved cases, callers of several sites, the jobs."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_sweeps_pb2 as pb
from chassis.convert import to_date_message
from chassis.fsck import check, load_checks
from chassis.ids import new_id
from chassis.jobs import JobRunner
from chassis.testing import Answer, bearer, read_refusal
from services.routing.handlers import recurrence
from tests.integration.routing.conftest import SITE, Mine, directory

ELSEWHERE = "gucheng"

NONE = pb.SWEEP_FINDING_NONE
FOUND = pb.SWEEP_FINDING_FOUND
FIXED = pb.SWEEP_FINDING_FIXED
PLANNED = pb.SWEEP_FINDING_PLANNED

# The invariants of these two; others have their own tests.
_OURS = ("sweep_", "not_lasting_", "journal_", "subject_")


async def call(
    mine: Mine,
    method: str,
    request: Message,
    roles: str = "DISPATCHER",
    *,
    who: str = "sun",
    sites: Sequence[str] = (SITE,),
) -> Any:
    """Calls as a person who may see several sites."""
    if "request_id" in request.DESCRIPTOR.fields_by_name and not getattr(request, "request_id", ""):
        setattr(request, "request_id", str(uuid.uuid4()))  # noqa: B010 - any request that has one
    token = mine.keys.person(who, roles.split(), sites)
    return await getattr(mine.stub, method)(request, timeout=10, metadata=bearer(token))


async def refused(mine: Mine, method: str, request: Message, *args: str, **how: Any) -> Answer:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call(mine, method, request, *args, **how)
    return read_refusal(error.value)


async def second_mine(mine: Mine) -> None:
    """Another mine of the group has its directory here as well."""
    request = rpc.PublishDirectoryRequest(directory=directory(ELSEWHERE))
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR", site=ELSEWHERE)


async def hear(mine: Mine, case_id: str, message: Message, site: str, time: datetime) -> None:
    fact = mine.fact("intake", case_id, message, site, time=time)
    await mine.gate.take([fact], "intake")
    assert await mine.value("SELECT count(*) FROM quarantine") == 0
    assert await mine.value("SELECT count(*) FROM parked") == 0


async def register(
    mine: Mine, *, site: str = SITE, case_id: str = "", time: datetime | None = None, **fields: Any
) -> str:
    """A case of the bath house's showers has arrived, unless told otherwise; returns its id."""
    case_id = case_id or new_id()
    told = {"unit_id": "bathhouse", "category": "BATHING", "place": "浴室一楼"} | fields
    message = intake.CaseRegistered(case_id=case_id, site_id=site, **told)
    await hear(mine, case_id, message, site, time or await mine.now())
    return case_id


async def solved(
    mine: Mine, *, site: str = SITE, ago: timedelta = timedelta(0), **fields: Any
) -> str:
    """A case was registered and solved, some time ago; returns its id."""
    time = await mine.now() - ago
    fields.setdefault("place", "浴室一楼")
    case_id = await register(mine, site=site, time=time - timedelta(hours=1), **fields)
    await hear(mine, case_id, intake.CaseResolved(case_id=case_id), site, time)
    return case_id


def target(unit: str = "bathhouse", place: str = "", site: str = "") -> pb.SweepTarget:
    return pb.SweepTarget(site_id=site, unit_id=unit, place=place)


async def today(mine: Mine) -> date:
    """The local day at the mine."""
    return (await mine.now() + timedelta(hours=8)).date()


async def opening(
    mine: Mine, case_id: str, *targets: pb.SweepTarget, days: int = 7
) -> pb.OpenSweepRequest:
    """A request that asks for answers within some days."""
    due = await today(mine) + timedelta(days=days)
    return pb.OpenSweepRequest(
        case_id=case_id,
        defect="淋浴头漏水",
        targets=targets or [target()],
        due_date=to_date_message(due),
    )


async def open_sweep(mine: Mine, case_id: str, *targets: pb.SweepTarget, **how: Any) -> pb.Sweep:
    request = await opening(mine, case_id, *targets, days=how.pop("days", 7))
    return (await call(mine, "OpenSweep", request, **how)).sweep  # type: ignore[no-any-return]


def answering(
    sweep: pb.Sweep,
    index: int = 0,
    finding: "pb.SweepFinding.ValueType" = NONE,
    planned: date | None = None,
) -> pb.AnswerSweepTaskRequest:
    return pb.AnswerSweepTaskRequest(
        sweep_id=sweep.sweep_id,
        task_id=sweep.tasks[index].task_id,
        finding=finding,
        words="看过三间",
        planned_date=None if planned is None else to_date_message(planned),
    )


async def answer(
    mine: Mine,
    sweep: pb.Sweep,
    index: int = 0,
    finding: "pb.SweepFinding.ValueType" = NONE,
    **how: Any,
) -> pb.Sweep:
    request = answering(sweep, index, finding)
    return (await call(mine, "AnswerSweepTask", request, **how)).sweep  # type: ignore[no-any-return]


async def get(mine: Mine, sweep: pb.Sweep, **how: Any) -> pb.Sweep:
    request = pb.GetSweepRequest(sweep_id=sweep.sweep_id)
    return (await call(mine, "GetSweep", request, "CLERK", **how)).sweep  # type: ignore[no-any-return]


def subject(sweep: pb.Sweep, site: str = SITE) -> str:
    return f"sweep/{sweep.sweep_id}/{site}"


async def run_jobs(mine: Mine) -> None:
    """Lets the worker tell which repairs didn't last."""
    runner = JobRunner(mine.database.worker, {recurrence.NOT_LASTING: recurrence.tell})
    while await runner.step() is not None:
        pass
    assert await mine.value("SELECT count(*) FROM jobs WHERE failure_count > 0") == 0


async def sound(mine: Mine) -> bool:
    """Tells whether the invariants about sweeps and recurrences hold."""
    found = await check(mine.database.worker, load_checks("services.routing"))
    return [one for one in found if one.check.startswith(_OURS)] == []

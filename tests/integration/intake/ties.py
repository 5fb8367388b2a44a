"""How tests tie cases, merge them, and let followers be told."""

from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.jobs import JobRunner
from services.intake.handlers import followers
from tests.integration.intake.window import Window

RELATED, RECURS = pb.RELATION_RELATED, pb.RELATION_RECURRENCE_OF


def tie(case_id: str, other: str, relation: Any = RELATED, **more: Any) -> life.LinkCasesRequest:
    link = pb.Link(case_id=other, relation=relation)
    return life.LinkCasesRequest(case_id=case_id, link=link, reason="同一处", **more)


def merge(case_id: str, master: str, **more: Any) -> life.MergeCaseRequest:
    return life.MergeCaseRequest(case_id=case_id, master_case_id=master, reason="同一事项", **more)


async def made(window: Window, **fields: Any) -> str:
    return str((await window.register(**fields)).case.case_id)


async def tell(window: Window) -> int:
    """Lets the followers be told; returns how many steps that took."""
    runner = JobRunner(window.database.worker, {followers.MASTER_MOVED: followers.step})
    steps = 0
    while await runner.step() is not None:
        steps += 1
    return steps


async def told(window: Window, case_id: str) -> list[facts.CaseMasterMoved]:
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND type LIKE '%CaseMasterMoved' "
        "ORDER BY subject_version",
        case_id,
    )
    return [facts.CaseMasterMoved.FromString(row["payload"]) for row in rows]


async def resolve(window: Window, case_id: str) -> None:
    request = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换淋浴头",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    await window.ask(request, "STEWARD")

"""How tests end a case and begin it again: requests with usual values, and cases at their end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from chassis.testing import read_refusal
from services.intake.domain.rules import Rules
from services.intake.store.rules import insert_rules
from tests.integration.intake.window import Window, directory

TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)
UPHELD, AGAIN = marks.REVIEW_DECISION_UPHELD, marks.REVIEW_DECISION_WORK_AGAIN

Made = registration.RegisterCaseResponse


def close(case_id: str, outcome: str, **fields: Any) -> rpc.CloseCaseRequest:
    return rpc.CloseCaseRequest(
        case_id=case_id, outcome=pb.Outcome.Value(f"OUTCOME_{outcome}"), **fields
    )


def resolve(case_id: str, **fields: Any) -> rpc.ResolveCaseRequest:
    return rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换",
        outcome=pb.OUTCOME_SOLVED,
        feedback=TOLD,
        **fields,
    )


def confirm(case_id: str, code: str = "", **fields: Any) -> rpc.ConfirmCaseRequest:
    return rpc.ConfirmCaseRequest(
        case_id=case_id, receipt_code=code, **{"grade": pb.GRADE_SATISFIED} | fields
    )


def withdraw(case_id: str, code: str = "", **fields: Any) -> life.WithdrawCaseRequest:
    return life.WithdrawCaseRequest(
        case_id=case_id, receipt_code=code, **{"reason": "不办了"} | fields
    )


def reopen(case_id: str, code: str = "", **fields: Any) -> life.ReopenCaseRequest:
    return life.ReopenCaseRequest(
        case_id=case_id, receipt_code=code, **{"reason": "又坏了"} | fields
    )


def refer(case_id: str, **fields: Any) -> life.ReferCaseRequest:
    usual = {"body": "样例供电公司", "reference": "GD-1", "reason": "外线"}
    return life.ReferCaseRequest(case_id=case_id, **usual | fields)


def result(case_id: str, **fields: Any) -> life.RecordReferralResultRequest:
    return life.RecordReferralResultRequest(case_id=case_id, result="外线已修复", **fields)


def review(case_id: str, decision: Any = UPHELD, **fields: Any) -> life.ReviewCaseRequest:
    usual = {"findings": "现场属实", "verified_by": "c-1"}
    return life.ReviewCaseRequest(case_id=case_id, decision=decision, **usual | fields)


def call(case_id: str, **fields: Any) -> rpc.RecordCallbackRequest:
    """A call in vain, unless told."""
    return rpc.RecordCallbackRequest(case_id=case_id, **{"reached": False} | fields)


async def payload(window: Window, case_id: str, kind: type[Message]) -> Any:
    """Returns the last fact of a type that intake has recorded about a case."""
    rows = await window.rows(
        """
        SELECT payload FROM journal WHERE subject_id = $1 AND type = $2
        ORDER BY subject_version DESC LIMIT 1
        """,
        case_id,
        kind.DESCRIPTOR.full_name,
    )
    return kind.FromString(rows[0]["payload"])


async def lacks(window: Window, case_id: str, outcome: str) -> str:
    answer = await window.refused(close(case_id, outcome), "DISPATCHER")
    assert (answer.reason, answer.metadata["outcome"]) == ("END_NOT_PROVEN", outcome)
    missing: str = answer.metadata["missing"]
    return missing


async def struck_off(window: Window, case_id: str, outcome: str) -> intake_facts_pb2.CaseClosed:
    """Closes the case as told, sees that all holds, and returns the fact."""
    reply = await window.ask(close(case_id, outcome), "DISPATCHER")
    case = reply.case
    assert pb.Outcome.Name(case.outcome) == f"OUTCOME_{outcome}"
    assert (case.state, case.accountable) == (pb.CASE_STATE_CLOSED, "")
    assert not case.HasField("next_wake_time")
    assert await window.findings() == []
    fact: intake_facts_pb2.CaseClosed = await payload(window, case_id, intake_facts_pb2.CaseClosed)
    assert (fact.outcome, fact.cycle) == (case.outcome, case.cycle)
    return fact


async def rejected_twice(window: Window) -> Made:
    """Registers a case by somebody unknown to the directory, and has its result rejected twice."""
    made = await window.register(subject="g-1")
    for _ in range(2):
        await window.ask(resolve(made.case.case_id), "STEWARD")
        no = rpc.RejectCaseRequest(
            case_id=made.case.case_id, reason="没修好", receipt_code=made.receipt_code
        )
        await window.ask(no, nobody=True)
    return made


async def closed(window: Window, **fields: Any) -> Made:
    made = await window.resolved(**fields)
    await window.ask(confirm(made.case.case_id, made.receipt_code), nobody=True)
    await window.ask(close(made.case.case_id, "SOLVED"), "DISPATCHER")
    return made


async def merged(window: Window) -> tuple[Made, str]:
    """Returns a duplicate, closed, and the id of the case that goes on."""
    master = (await window.register()).case.case_id
    made = await window.register()
    merge = life.MergeCaseRequest(
        case_id=made.case.case_id, master_case_id=master, reason="同一件事"
    )
    await window.ask(merge, "DISPATCHER")
    return made, master


async def set_back(window: Window, case_id: str, column: str, days: float) -> None:
    """Moves a time of a case into the past, as if the days had gone by."""
    moved = {
        "close_time": "SET close_time = close_time - $2::interval",
        "resolve_record_time": "SET resolve_record_time = resolve_record_time - $2::interval",
    }[column]
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute(
            f"UPDATE cases {moved} WHERE case_id = $1",
            case_id,
            timedelta(days=days),
        )


async def publish(window: Window, rules: Rules) -> None:
    """Makes these the rules of the window from now on."""
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await insert_rules(connection, "yuwu", rules, "test", datetime.now(UTC))


async def told_of(window: Window, person_id: str) -> None:
    """Tells intake of one more person of the site."""
    published = directory("yuwu", "YW")
    published.directory.people.add(person_id=person_id, name="样例丙")
    await window.tell("routing", "directory/yuwu", "yuwu", published)


async def outcome_of(window: Window, request: Message, *roles: str, **how: Any) -> str:
    try:
        await window.ask(request, *roles, **how)
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason
    return "OK"

"""Which two persons of a case's end are always different, and which may be one."""

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.window import Window

# Someone who may both call reporters and strike cases off.
BOTH = ("SUPPORT", "DISPATCHER")


def confirm(case_id: str) -> rpc.ConfirmCaseRequest:
    return rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED)


def close(case_id: str) -> rpc.CloseCaseRequest:
    return rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED)


async def test_who_proved_the_result_by_a_call_may_close_it(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    word = await window.ask(confirm(case_id), *BOTH, subject="u-1")
    assert word.basis == pb.CONFIRMATION_BASIS_CALLBACK
    done = await window.ask(close(case_id), *BOTH, subject="u-1")
    assert done.case.state == pb.CASE_STATE_CLOSED


async def test_who_had_a_hand_in_it_proves_nothing_by_a_call(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    look = rpc.VerifyCaseRequest(case_id=case_id, place="浴室", findings="漏水")
    await window.ask(look, *BOTH, subject="u-1")
    solve = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    await window.ask(solve, "STEWARD")
    word = await window.ask(confirm(case_id), *BOTH, subject="u-1")
    assert word.basis == pb.CONFIRMATION_BASIS_REPORTED
    answer = await window.refused(close(case_id), *BOTH, subject="u-1")
    assert (answer.reason, answer.metadata["missing"]) == ("END_NOT_PROVEN", "confirmation")
    call = rpc.RecordCallbackRequest(case_id=case_id, reached=True)
    assert (await window.refused(call, *BOTH, subject="u-1")).reason == "CALLER_HANDLED_CASE"

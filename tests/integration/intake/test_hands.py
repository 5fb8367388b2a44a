"""Whoever has had a hand in a case can't prove its result; whoever only looked can."""

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.ids import new_id
from tests.integration.intake.window import Window

TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)


def acts(case_id: str) -> list[tuple[Message, str]]:
    """What a person of the supporting office may do to a case as a steward, too."""
    reply = pb.ANSWER_KIND_FIRST_REPLY
    return [
        (rpc.VerifyCaseRequest(case_id=case_id, place="x", findings="y"), "v-1"),
        (rpc.AnswerCaseRequest(case_id=case_id, kind=reply, text="x", feedback=TOLD), "a-1"),
        (rpc.EscalateCaseRequest(case_id=case_id, reason="x"), "e-1"),
    ]


def told(case_id: str) -> list[tuple[Message, str, tuple[str, ...]]]:
    """Facts of routing, who made them, and everybody who has a hand in the case by them."""
    return [
        (
            routing.CaseAssigned(
                case_id=case_id, steward="p-1", accountable="p-2", also_told=["p-3"]
            ),
            "p-4",
            ("p-1", "p-2", "p-3", "p-4"),
        ),
        (
            routing.CaseAssigned(case_id=case_id, steward="s-1", accountable="s-1"),
            "service:routing",
            ("p-1", "p-2"),
        ),
        (routing.CaseAccepted(case_id=case_id, accepted_by="p-5"), "p-6", ("p-5", "p-6")),
        (
            routing.CaseEscalated(case_id=case_id, to_level=1, accountable="p-7", cycle=1),
            "service:routing",
            ("p-7",),
        ),
        (
            routing.CaseInstructed(
                case_id=case_id, level=1, instructed_by="p-8", accountable="p-9", cycle=1
            ),
            "p-8",
            ("p-8", "p-9"),
        ),
        (
            routing.WorkOrdersDispatched(case_id=case_id, heads=["p-10", ""]),
            "p-11",
            ("p-10", "p-11"),
        ),
        (routing.WorkOrderAccepted(case_id=case_id, accepted_by="p-12"), "p-13", ("p-12", "p-13")),
        (routing.WorkOrderCompleted(case_id=case_id, completed_by="p-14"), "p-15", ("p-14",)),
    ]


def confirm(case_id: str, code: str = "") -> rpc.ConfirmCaseRequest:
    return rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=code)


async def basis(window: Window, case_id: str, who: str, code: str = "") -> str:
    reply = await window.ask(confirm(case_id, code), "SUPPORT", "STEWARD", subject=who)
    return pb.ConfirmationBasis.Name(reply.basis).removeprefix("CONFIRMATION_BASIS_")


async def test_nobody_calls_back_about_their_own_work(window: Window) -> None:
    made = await window.register("SUPPORT", subject="g-1", receiver="c-1")
    case_id = made.case.case_id
    persons = ["g-1", "c-1"]
    for request, who in acts(case_id):
        reply = await window.ask(request, "STEWARD", "SUPPORT", "DISPATCHER", subject=who)
        if isinstance(reply, rpc.AnswerCaseResponse):
            tried = rpc.FeedBackAnswerRequest(
                case_id=case_id, answer_id=reply.answer_id, feedback=TOLD
            )
            await window.ask(tried, "STEWARD", "SUPPORT", subject="f-1")
        persons.append(who)
    for fact, actor, hands in told(case_id):
        await window.tell("routing", case_id, "yuwu", fact, actor=actor)
        persons += hands
    await window.ask(
        rpc.ResolveCaseRequest(case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED),
        "STEWARD",
        "SUPPORT",
        subject="r-1",
    )
    for person in (*persons, "f-1", "r-1"):
        assert await basis(window, case_id, person) == "REPORTED", person
    assert await basis(window, case_id, "u-1") == "CALLBACK"


async def test_looking_and_saying_no_is_no_hand_in_the_case(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    look = rpc.UnsealReporterRequest(case_id=case_id, reason="回访")
    await window.ask(look, "SUPPORT", subject="u-1")
    await window.ask(
        rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "SUPPORT", subject="u-1"
    )
    again = rpc.ResolveCaseRequest(
        case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
    )
    await window.ask(again, "STEWARD")
    assert await basis(window, case_id, "u-1") == "CALLBACK"


@pytest.mark.parametrize("who", ["g-1", "c-1", "s-1"])
async def test_the_reporters_proof_in_a_handlers_hand_is_only_a_report(
    window: Window, who: str
) -> None:
    made = await window.register(
        "STEWARD", subject="g-1", slip_number="B-1", receiver="c-1", request_id=new_id()
    )
    case_id = made.case.case_id
    resolve = rpc.ResolveCaseRequest(
        case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
    )
    await window.ask(resolve, "STEWARD")
    assert await basis(window, case_id, who, made.receipt_code) == "REPORTED"
    close = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED)
    assert (await window.refused(close, "DISPATCHER")).reason == "END_NOT_PROVEN"
    assert await basis(window, case_id, "u-1", made.receipt_code) == "CODE"


async def test_whoever_raised_it_speaks_for_themselves_hand_or_not(window: Window) -> None:
    made = await window.resolved(reporter=pb.Reporter(name="x", person_code="s-1"))
    reply = await window.ask(
        confirm(made.case.case_id, made.receipt_code), "STEWARD", "REPORTER", subject="s-1"
    )
    assert reply.basis == pb.CONFIRMATION_BASIS_REPORTER

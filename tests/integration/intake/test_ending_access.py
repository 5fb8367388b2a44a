"""Who may end a case or begin it again, and what of bad input is refused."""

from typing import Any

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from tests.integration.intake.ends import (
    call,
    close,
    confirm,
    refer,
    reopen,
    result,
    review,
    withdraw,
)
from tests.integration.intake.window import Window

NOWHERE = "0190a5d0-0000-7000-8000-000000000000"


def everything(case_id: str) -> list[tuple[Message, str]]:
    """Each act that ends or begins a case again, with a role that may."""
    return [
        (close(case_id, "WITHDRAWN"), "DISPATCHER"),
        (withdraw(case_id), "STEWARD"),
        (reopen(case_id), "DISPATCHER"),
        (refer(case_id), "DISPATCHER"),
        (result(case_id), "STEWARD"),
        (review(case_id), "DIRECTOR"),
        (call(case_id), "SUPPORT"),
        (confirm(case_id), "SUPPORT"),
    ]


async def test_nobody_acts_on_a_case_that_is_not_for_them(window: Window) -> None:
    made = await window.register(about_persons=["s-1"])
    case_id = made.case.case_id
    for request, role in everything(case_id):
        for how, reason in (
            ({"subject": "x-1", "sites": ("other",)}, "CASE_NOT_FOUND"),
            ({"subject": "s-1"}, "CASE_NOT_FOUND"),
            ({"subject": "x-1", "acting_for": "s-1"}, "CASE_NOT_FOUND"),
        ):
            copy = type(request)()
            copy.CopyFrom(request)
            assert (await window.refused(copy, role, **how)).reason == reason, request
    for request, role in everything(NOWHERE):
        assert (await window.refused(request, role)).reason == "CASE_NOT_FOUND", request
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_whom_the_case_was_taken_from_does_nothing_to_it(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute("UPDATE cases SET recused_persons = '{r-1}'")
    for request, role in everything(case_id):
        answer = await window.refused(request, role, subject="r-1")
        assert answer.reason == "CASE_RECUSED", request
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_a_version_that_has_moved_is_told(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    for request, role in everything(case_id):
        request.expected_version = 9  # type: ignore[attr-defined] # each of them has one
        answer = await window.refused(request, role, subject="u-1")
        assert answer.reason == "VERSION_MISMATCH", request


@pytest.mark.parametrize("act", [withdraw, reopen, confirm])
async def test_a_strangers_word_is_none(window: Window, act: Any) -> None:
    made, other = await window.register(), await window.register()
    case_id = made.case.case_id
    for request, roles, how, reason in (
        (act(case_id), (), {"nobody": True}, "CODE_WRONG"),
        (act(case_id, other.receipt_code), (), {"nobody": True}, "CODE_WRONG"),
        (act(case_id, "0" * 16), (), {"nobody": True}, "CODE_WRONG"),
        (act(case_id, "12"), (), {"nobody": True}, "INVALID_FIELD"),
        (act(case_id), ("REPORTER",), {"subject": "w-8"}, "CASE_NOT_FOUND"),
        (act(case_id), ("LEADER",), {}, "PERMISSION_DENIED"),
    ):
        answer = await window.refused(request, *roles, **how)
        assert answer.reason == reason, (request, roles)
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_roles_are_those_of_the_protos(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    for request, roles in (
        (close(case_id, "WITHDRAWN"), ("STEWARD", "SUPPORT", "LEADER", "CLERK")),
        (refer(case_id), ("STEWARD", "SUPPORT", "CLERK")),
        (result(case_id), ("SUPPORT", "CLERK")),
        (review(case_id), ("DISPATCHER", "STEWARD", "LEADER", "SUPPORT")),
    ):
        answer = await window.refused(request, *roles, subject="u-1")
        assert answer.reason == "PERMISSION_DENIED", request


async def test_what_is_not_filled_in_is_refused(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    for request, role in (
        (close(case_id, "UNSPECIFIED"), "DISPATCHER"),
        (rpc.CloseCaseRequest(case_id=case_id, outcome=99), "DISPATCHER"),  # type: ignore[arg-type] # bad on purpose
        (confirm(case_id, grade=pb.GRADE_UNSPECIFIED), "SUPPORT"),
        (confirm(case_id, grade=99), "SUPPORT"),
        (withdraw(case_id, reason=""), "STEWARD"),
        (reopen(case_id, reason=""), "DISPATCHER"),
        (refer(case_id, reference=""), "DISPATCHER"),
        (refer(case_id, body=""), "DISPATCHER"),
        (life.RecordReferralResultRequest(case_id=case_id), "STEWARD"),
        (review(case_id, marks.REVIEW_DECISION_UNSPECIFIED), "DIRECTOR"),
        (review(case_id, findings=""), "DIRECTOR"),
    ):
        assert (await window.refused(request, role)).reason == "INVALID_FIELD", request

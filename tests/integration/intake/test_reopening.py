"""Closed cases that begin again, and duplicates, whose reporter speaks of the master."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from tests.integration.intake.ends import (
    closed,
    confirm,
    lacks,
    merged,
    outcome_of,
    payload,
    reopen,
    resolve,
    set_back,
)
from tests.integration.intake.window import Window


@pytest.mark.parametrize("who", ["code", "account", "DISPATCHER", "DIRECTOR"])
async def test_what_is_closed_is_reopened(window: Window, who: str) -> None:
    made = await closed(window)
    case_id = made.case.case_id
    request = reopen(case_id, request_id=new_id())
    how: tuple[tuple[str, ...], dict[str, Any]] = (who,), {}
    if who == "code":
        request.receipt_code = made.receipt_code
        how = (), {"nobody": True}
    elif who == "account":
        how = ("REPORTER",), {"subject": "w-7"}
    first = await window.ask(request, *how[0], **how[1])
    again = await window.ask(request, *how[0], **how[1])
    assert first == again
    case = await window.case(case_id)
    assert (case.state, case.cycle, case.reopen_count) == (pb.CASE_STATE_IN_PROGRESS, 2, 1)
    assert (case.outcome, case.accountable) == (
        pb.OUTCOME_UNSPECIFIED, "position:DISPATCH_ROOM",
    )  # fmt: skip
    assert case.next_wake_time.ToDatetime(UTC) > datetime.now(UTC)
    assert not case.HasField("close_time")
    fact = await payload(window, case_id, intake_facts_pb2.CaseReopened)
    bases = {"code": "CODE", "account": "REPORTER"}
    assert pb.ConfirmationBasis.Name(fact.basis) == (
        f"CONFIRMATION_BASIS_{bases.get(who, 'UNSPECIFIED')}"
    )
    assert (fact.cycle, fact.new_cycle, fact.previous_outcome) == (1, 2, pb.OUTCOME_SOLVED)
    answer = await window.refused(reopen(case_id), "DISPATCHER")
    assert answer.reason == "WRONG_STATE"
    assert await window.findings() == []


async def test_the_reporters_window_ends_and_the_dispatch_rooms_does_not(window: Window) -> None:
    made = await closed(window)
    case_id = made.case.case_id
    await set_back(window, case_id, "close_time", 15.1)
    for request, how in (
        (reopen(case_id, made.receipt_code), {"nobody": True}),
        (reopen(case_id), {"subject": "w-7"}),
    ):
        roles = () if "nobody" in how else ("REPORTER",)
        answer = await window.refused(request, *roles, **how)
        assert (answer.reason, answer.metadata["days"]) == ("REOPEN_WINDOW_OVER", "15")
    assert await outcome_of(window, reopen(case_id), "DISPATCHER") == "OK"


@pytest.mark.parametrize("subject", ["c-1", "u-1"])
async def test_only_the_dispatch_room_and_the_reporter_reopen(window: Window, subject: str) -> None:
    made = await closed(window)
    case_id = made.case.case_id
    # The receiver was shown the code: in their hands it proves nothing.
    code = made.receipt_code if subject == "c-1" else ""
    request = reopen(case_id, code)
    answer = await window.refused(request, "CLERK", subject=subject)
    assert answer.reason == "PERMISSION_DENIED"


async def test_a_duplicate_is_merged_and_not_closed(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    assert await lacks(window, case_id, "DUPLICATE") == "merge"


async def test_a_reopened_duplicate_is_one_no_longer(window: Window) -> None:
    made, master = await merged(window)
    case_id = made.case.case_id
    no = rpc.RejectCaseRequest(case_id=case_id, reason="不同", receipt_code=made.receipt_code)
    answer = await window.refused(no, nobody=True)
    assert (answer.reason, answer.metadata["instead"]) == ("WRONG_STATE", "ReopenCase")
    await window.ask(reopen(case_id, made.receipt_code), nobody=True)
    assert (await window.facts(case_id))[-2:] == ["CaseLinked", "CaseReopened"]
    fact = await payload(window, case_id, intake_facts_pb2.CaseLinked)
    assert (fact.set, fact.link.case_id, fact.link.relation) == (
        False, master, pb.RELATION_DUPLICATE_OF,
    )  # fmt: skip
    assert fact.linked_number.startswith("YW-")
    assert not (await window.case(case_id)).links
    assert (await window.case(master)).follower_count == 0
    assert await window.findings() == []


async def test_the_reporter_of_a_duplicate_speaks_of_the_masters_result(window: Window) -> None:
    made, master = await merged(window)
    case_id = made.case.case_id
    word = confirm(case_id, made.receipt_code, grade=pb.GRADE_MOSTLY_SATISFIED)
    assert (await window.refused(word, nobody=True)).reason == "WRONG_STATE"
    await window.ask(resolve(master), "STEWARD")
    before = await window.case(master)
    await window.ask(word, nobody=True)
    case = await window.case(case_id)
    assert (case.state, case.outcome, case.grade, case.confirmation_basis) == (
        pb.CASE_STATE_CLOSED, pb.OUTCOME_DUPLICATE, pb.GRADE_MOSTLY_SATISFIED,
        pb.CONFIRMATION_BASIS_CODE,
    )  # fmt: skip
    fact = await payload(window, case_id, intake_facts_pb2.CaseConfirmed)
    assert (fact.master_case_id, fact.counts) == (master, True)
    assert await window.case(master) == before
    # One reporter's word doesn't prove another's case.
    assert await lacks(window, master, "SOLVED") == "confirmation"
    assert await window.findings() == []

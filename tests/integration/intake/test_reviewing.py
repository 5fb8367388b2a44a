"""Rejected twice: the director looks, with an independent verification, before it ends."""

from backstop.intake.v1 import intake_facts_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from services.intake.domain.rules import Rules
from tests.integration.intake.ends import (
    AGAIN,
    closed,
    confirm,
    lacks,
    payload,
    publish,
    rejected_twice,
    reopen,
    resolve,
    review,
    struck_off,
    told_of,
)
from tests.integration.intake.window import Window


async def test_what_was_rejected_twice_ends_when_the_director_has_looked(window: Window) -> None:
    appeal = "可向集团信访办申诉"
    await publish(window, Rules(version=1, appeal_words=appeal))
    made = await rejected_twice(window)
    case_id = made.case.case_id
    assert await lacks(window, case_id, "EXPLAINED_NOT_ACCEPTED") == "director_review"
    reply = await window.ask(review(case_id), "DIRECTOR")
    assert [one.verified_by for one in reply.case.reviews] == ["c-1"]
    assert reply.case.state == pb.CASE_STATE_IN_PROGRESS
    fact = await struck_off(window, case_id, "EXPLAINED_NOT_ACCEPTED")
    assert fact.appeal_words == appeal
    case = await window.case(case_id)
    assert (case.grade, case.confirmation_basis) == (
        pb.GRADE_DISSATISFIED, pb.CONFIRMATION_BASIS_UNSPECIFIED,
    )  # fmt: skip
    # The reporter has been told how to appeal; only the dispatch room takes it up again.
    answer = await window.refused(reopen(case_id, made.receipt_code), nobody=True)
    assert (answer.reason, answer.metadata["outcome"]) == (
        "REOPEN_NOT_ALLOWED", "EXPLAINED_NOT_ACCEPTED",
    )  # fmt: skip
    reply = await window.ask(reopen(case_id), "DISPATCHER")
    assert (reply.case.state, reply.case.grade) == (
        pb.CASE_STATE_IN_PROGRESS, pb.GRADE_UNSPECIFIED,
    )  # fmt: skip


async def test_reopenings_are_no_rejections(window: Window) -> None:
    made = await closed(window)
    case_id = made.case.case_id
    await window.ask(reopen(case_id), "DISPATCHER")
    await window.ask(resolve(case_id), "STEWARD")
    no = rpc.RejectCaseRequest(case_id=case_id, reason="没修好", receipt_code=made.receipt_code)
    await window.ask(no, nobody=True)
    assert (await window.case(case_id)).reopen_count == 2
    assert await lacks(window, case_id, "EXPLAINED_NOT_ACCEPTED") == "second_rejection"
    answer = await window.refused(review(case_id), "DIRECTOR")
    assert (answer.reason, answer.metadata["rejections"]) == ("REVIEW_TOO_EARLY", "1")


async def test_what_is_only_reported_is_no_rejection(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    for _ in range(2):
        await window.ask(resolve(case_id), "STEWARD")
        no = rpc.RejectCaseRequest(case_id=case_id, reason="没修好")
        await window.ask(no, "STEWARD")
    assert (await window.case(case_id)).cycle == 3
    answer = await window.refused(review(case_id), "DIRECTOR")
    assert (answer.reason, answer.metadata["rejections"]) == ("REVIEW_TOO_EARLY", "0")


async def test_a_review_holds_for_the_result_it_looked_at(window: Window) -> None:
    made = await rejected_twice(window)
    case_id = made.case.case_id
    await window.ask(review(case_id), "DIRECTOR")
    await window.ask(resolve(case_id), "STEWARD")
    assert await lacks(window, case_id, "EXPLAINED_NOT_ACCEPTED") == "director_review"


async def test_a_review_that_sends_it_back_begins_a_new_cycle(window: Window) -> None:
    made = await rejected_twice(window)
    case_id = made.case.case_id
    await window.ask(review(case_id, AGAIN), "DIRECTOR", subject="m-1")
    assert (await window.case(case_id)).cycle == 3
    await window.ask(resolve(case_id), "STEWARD")
    answer = await window.refused(review(case_id, AGAIN), "DIRECTOR", subject="m-1")
    assert answer.reason == "VERIFIER_HANDLED_CASE"
    request = review(case_id, AGAIN, verified_by="s-1")
    assert (await window.refused(request, "DIRECTOR")).metadata["person_id"] == "s-1"
    await told_of(window, "c-2")
    request = review(case_id, AGAIN, verified_by="c-2", request_id=new_id())
    reply = await window.ask(request, "DIRECTOR", subject="m-1")
    assert (reply.case.state, reply.case.cycle, reply.case.reopen_count) == (
        pb.CASE_STATE_IN_PROGRESS, 4, 3,
    )  # fmt: skip
    assert [one.cycle for one in reply.case.reviews] == [3, 3]
    assert (await window.facts(case_id))[-2:] == ["CaseReviewed", "CaseReopened"]
    fact = await payload(window, case_id, intake_facts_pb2.CaseReopened)
    assert (fact.cycle, fact.new_cycle, fact.previous_outcome) == (3, 4, pb.OUTCOME_UNSPECIFIED)
    assert (await window.ask(request, "DIRECTOR", subject="m-1")).case == reply.case
    assert await lacks(window, case_id, "EXPLAINED_NOT_ACCEPTED") == "director_review"
    # Whoever reviewed and whoever verified prove nothing afterwards.
    await window.ask(resolve(case_id), "STEWARD")
    for person in ("m-1", "c-2"):
        reply = await window.ask(confirm(case_id), "SUPPORT", subject=person)
        assert reply.basis == pb.CONFIRMATION_BASIS_REPORTED, person
    assert await window.findings() == []


async def test_a_verifier_is_of_the_directory(window: Window) -> None:
    made = await rejected_twice(window)
    request = review(made.case.case_id, verified_by="nobody")
    answer = await window.refused(request, "DIRECTOR")
    assert (answer.reason, answer.metadata["field"]) == ("INVALID_FIELD", "verified_by")

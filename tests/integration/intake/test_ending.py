"""Every end of a case with its proof, over the real walls and a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.testing import read_refusal
from services.intake.domain.rules import Rules
from services.intake.store.rules import insert_rules
from tests.integration.intake.conftest import Peers
from tests.integration.intake.window import Window, directory

TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)
UPHELD, AGAIN = marks.REVIEW_DECISION_UPHELD, marks.REVIEW_DECISION_WORK_AGAIN
NOWHERE = "0190a5d0-0000-7000-8000-000000000000"

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
    return rpc.RecordCallbackRequest(case_id=case_id, **fields)


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


# Every end ---------------------------------------------------------------------------------------


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


async def test_a_callback_in_a_handlers_name_is_none(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    how: dict[str, Any] = {"subject": "u-1", "acting_for": "s-1"}
    answer = await window.refused(call(case_id), "SUPPORT", **how)
    assert answer.reason == "CALLER_HANDLED_CASE"
    reply = await window.ask(confirm(case_id), "SUPPORT", **how)
    assert reply.basis == pb.CONFIRMATION_BASIS_REPORTED
    # Whoever acts for somebody gives them a hand in it.
    other = (await window.register()).case.case_id
    await window.ask(resolve(other), "STEWARD", acting_for="b-1")
    answer = await window.refused(call(other), "SUPPORT", subject="b-1")
    assert answer.reason == "CALLER_HANDLED_CASE"


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


async def test_calls_on_three_days_in_vain_let_it_end_unconfirmed(window: Window) -> None:
    now = datetime.now(UTC)
    made = await window.register(occurred_time=to_timestamp(now - timedelta(days=6)))
    case_id = made.case.case_id
    done = to_timestamp(now - timedelta(days=5))
    await window.ask(resolve(case_id, resolve_time=done), "STEWARD")
    calls = [
        call(case_id, call_time=to_timestamp(now - timedelta(days=days))) for days in (2, 1, 1, 0)
    ]
    # Done days ago, it is said: nobody can have asked about it before it was on record.
    for one in calls[:3]:
        answer = await window.refused(one, "SUPPORT", subject="u-1")
        assert (answer.reason, answer.metadata["field"]) == ("INVALID_FIELD", "call_time")
    await set_back(window, case_id, "resolve_record_time", 2.5)
    for one in calls:
        assert await lacks(window, case_id, "UNCONFIRMED") == "callbacks"
        await window.ask(one, "SUPPORT", subject="u-1")
    # What a handler reports for them changes nothing.
    await window.ask(confirm(case_id), "STEWARD")
    await struck_off(window, case_id, "UNCONFIRMED")


async def test_who_has_confirmed_does_not_end_unconfirmed(window: Window) -> None:
    made = await window.resolved()
    await window.ask(confirm(made.case.case_id, made.receipt_code), nobody=True)
    assert await lacks(window, made.case.case_id, "UNCONFIRMED") == "no_confirmation"


async def test_an_anonymous_reporter_is_waited_for(window: Window) -> None:
    nobody = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
    case_id = (await window.resolved(reporter=nobody)).case.case_id
    assert await lacks(window, case_id, "UNCONFIRMED") == "silence"
    await set_back(window, case_id, "resolve_record_time", 14.9)
    assert await lacks(window, case_id, "UNCONFIRMED") == "silence"
    await set_back(window, case_id, "resolve_record_time", 0.2)
    await struck_off(window, case_id, "UNCONFIRMED")


async def test_a_referral_ends_with_its_result(window: Window, peers: Peers) -> None:
    case_id = (await window.register()).case.case_id
    assert (await window.refused(result(case_id), "STEWARD")).reason == "REFERRAL_MISSING"
    await window.ask(refer(case_id, body="样例邻矿"), "DISPATCHER")
    request = refer(case_id, request_id=new_id())
    reply = await window.ask(request, "DISPATCHER")
    assert (reply.case.referral.body, reply.case.referral.result) == ("样例供电公司", "")
    assert (await window.ask(request, "DISPATCHER")).case == reply.case
    assert await lacks(window, case_id, "REFERRED") == "result_of_the_other_body"
    reply = await window.ask(result(case_id), "STEWARD")
    assert (reply.case.referral.result, reply.case.referral.body) == ("外线已修复", "样例供电公司")
    assert (await window.refused(result(case_id), "STEWARD")).reason == "REFERRAL_MISSING"
    assert await lacks(window, case_id, "REFERRED") == "feedback"
    assert peers.asked == 0
    told = rpc.AnswerCaseRequest(
        case_id=case_id, kind=pb.ANSWER_KIND_FIRST_REPLY, text="已修复", feedback=TOLD
    )
    await window.ask(told, "STEWARD")
    peers.open_work_orders = 1
    refused = await window.refused(close(case_id, "REFERRED"), "DISPATCHER")
    assert refused.reason == "WORK_ORDER_OPEN"
    assert (await window.case(case_id)).state == pb.CASE_STATE_IN_PROGRESS
    peers.open_work_orders = 0
    await struck_off(window, case_id, "REFERRED")
    assert peers.sealed == {case_id}
    referred = ["CaseReferred", "CaseReferred", "CaseReferralResulted"]
    assert (await window.facts(case_id))[1:4] == referred


@pytest.mark.parametrize("how", ["code", "account", "callback"])
async def test_a_withdrawal_that_counts_ends_it(window: Window, peers: Peers, how: str) -> None:
    made = await window.register()
    case_id = made.case.case_id
    reported = await window.ask(withdraw(case_id), "STEWARD")
    assert reported.basis == pb.CONFIRMATION_BASIS_REPORTED
    assert not reported.case.withdrawal.counts
    assert await lacks(window, case_id, "WITHDRAWN") == "withdrawal"
    if how == "code":
        reply = await window.ask(withdraw(case_id, made.receipt_code), nobody=True)
        assert (reply.basis, reply.case.accountable) == (pb.CONFIRMATION_BASIS_CODE, "")
    elif how == "account":
        reply = await window.ask(withdraw(case_id), "REPORTER", subject="w-7")
        assert reply.basis == pb.CONFIRMATION_BASIS_REPORTER
    else:
        reply = await window.ask(withdraw(case_id), "SUPPORT", subject="u-1")
        assert reply.basis == pb.CONFIRMATION_BASIS_CALLBACK
    # What counts isn't made less by what is only reported.
    await window.ask(withdraw(case_id, reason="据说不办了"), "STEWARD")
    case = await window.case(case_id)
    assert (case.withdrawal.counts, case.withdrawal.reason) == (True, "不办了")
    assert (await window.facts(case_id)).count("CaseWithdrawn") == 2
    await struck_off(window, case_id, "WITHDRAWN")
    assert peers.sealed == {case_id}


async def test_a_withdrawal_does_not_outlive_its_cycle(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    await window.ask(withdraw(case_id, made.receipt_code), nobody=True)
    no = rpc.RejectCaseRequest(case_id=case_id, reason="没修好", receipt_code=made.receipt_code)
    await window.ask(no, nobody=True)
    assert await lacks(window, case_id, "WITHDRAWN") == "withdrawal"
    assert not (await window.case(case_id)).HasField("withdrawal")


async def test_a_duplicate_is_merged_and_not_closed(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    assert await lacks(window, case_id, "DUPLICATE") == "merge"


@pytest.mark.parametrize("later", ["words", "resolution"])
async def test_a_withdrawal_is_taken_back_by_what_follows(window: Window, later: str) -> None:
    made = await window.register()
    case_id = made.case.case_id
    request = withdraw(case_id, made.receipt_code)
    await window.ask(request, nobody=True)
    if later == "words":
        words = life.CommentCaseRequest(
            case_id=case_id, text="还是要修", receipt_code=made.receipt_code
        )
        await window.ask(words, nobody=True)
    else:
        await window.ask(resolve(case_id), "STEWARD")
    assert await lacks(window, case_id, "WITHDRAWN") == "withdrawal"
    await window.ask(withdraw(case_id, made.receipt_code), nobody=True)
    await struck_off(window, case_id, "WITHDRAWN")


# Seals -------------------------------------------------------------------------------------------


async def test_a_refused_closing_gives_its_seal_back(window: Window, peers: Peers) -> None:
    made = await window.register()
    case_id = made.case.case_id
    await window.ask(withdraw(case_id, made.receipt_code), nobody=True)
    request = close(case_id, "WITHDRAWN", expected_version=2)

    async def meanwhile() -> None:
        escalate = rpc.EscalateCaseRequest(case_id=case_id, reason="超出权限")
        await window.ask(escalate, "DIRECTOR")

    peers.meanwhile = meanwhile
    assert await outcome_of(window, request, "DISPATCHER") == "VERSION_MISMATCH"
    assert peers.unsealed == [(case_id, request.request_id)]
    assert peers.seals == set()


async def test_two_who_close_at_once_close_it_once(window: Window, peers: Peers) -> None:
    for _ in range(4):
        made = await window.register()
        case_id = made.case.case_id
        await window.ask(withdraw(case_id, made.receipt_code), nobody=True)
        ids = [new_id(), new_id()]
        outcomes = await asyncio.gather(
            *(
                outcome_of(window, close(case_id, "WITHDRAWN", request_id=one), "DISPATCHER")
                for one in ids
            )
        )
        assert sorted(outcomes) == ["OK", "WRONG_STATE"]
        assert (case_id, ids[outcomes.index("OK")]) in peers.seals
        again = close(case_id, "WITHDRAWN", request_id=ids[outcomes.index("OK")])
        assert await outcome_of(window, again, "DISPATCHER") == "OK"
        assert (await window.facts(case_id)).count("CaseClosed") == 1


# Reopening ---------------------------------------------------------------------------------------


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


# Samples -----------------------------------------------------------------------------------------


async def drawn(window: Window, case_id: str) -> str:
    sample_id = new_id()
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute(
            """
            INSERT INTO callback_samples
            VALUES ($1, 'yuwu', '2026-11-01', '2026-11-30', 7, 1, 1, 'u-1', now())
            """,
            sample_id,
        )
        await connection.execute(
            """
            INSERT INTO callback_sample_cases
            VALUES ($1, $2, 'yuwu', 1, 'LOT', 'SOLVED', 'SATISFIED')
            """,
            sample_id,
            case_id,
        )
    return sample_id


async def test_a_drawn_case_is_called_though_it_is_closed(window: Window) -> None:
    case_id = (await closed(window)).case.case_id
    other = (await closed(window)).case.case_id
    sample = await drawn(window, case_id)
    asked = call(case_id, sample_id=sample, reached=True, grade=pb.GRADE_DISSATISFIED)
    for request, who, reason in (
        (call(case_id, reached=True), "u-1", "WRONG_STATE"),
        (call(other, sample_id=sample), "u-1", "SAMPLE_NOT_FOUND"),
        (call(case_id, sample_id=new_id()), "u-1", "SAMPLE_NOT_FOUND"),
        (call(case_id, sample_id=sample), "s-1", "CALLER_HANDLED_CASE"),
        (call(case_id, sample_id=sample, grade=pb.GRADE_SATISFIED), "u-1", "INVALID_FIELD"),
    ):
        answer = await window.refused(request, "SUPPORT", subject=who)
        assert answer.reason == reason
    reply = await window.ask(asked, "SUPPORT", subject="u-1")
    (callback,) = reply.case.callbacks
    assert (callback.grade, callback.sample_id) == (pb.GRADE_DISSATISFIED, sample)
    assert (reply.unanswered_days, reply.case.state) == (0, pb.CASE_STATE_CLOSED)
    # The grade that was declared stands.
    assert reply.case.grade == pb.GRADE_SATISFIED
    fact = await payload(window, case_id, intake_facts_pb2.CaseCalledBack)
    assert (fact.grade, fact.sample_id) == (pb.GRADE_DISSATISFIED, sample)
    assert await window.findings() == []


# Who may, and bad input --------------------------------------------------------------------------


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


@pytest.mark.parametrize("subject", ["c-1", "u-1"])
async def test_only_the_dispatch_room_and_the_reporter_reopen(window: Window, subject: str) -> None:
    made = await closed(window)
    case_id = made.case.case_id
    # The receiver was shown the code: in their hands it proves nothing.
    code = made.receipt_code if subject == "c-1" else ""
    request = reopen(case_id, code)
    answer = await window.refused(request, "CLERK", subject=subject)
    assert answer.reason == "PERMISSION_DENIED"


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


async def test_a_verifier_is_of_the_directory(window: Window) -> None:
    made = await rejected_twice(window)
    request = review(made.case.case_id, verified_by="nobody")
    answer = await window.refused(request, "DIRECTOR")
    assert (answer.reason, answer.metadata["field"]) == ("INVALID_FIELD", "verified_by")


# What must hold ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("UPDATE cases SET confirmed = false", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'EXPLAINED_NOT_ACCEPTED'", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'UNCONFIRMED'", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'REFERRED'", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'DUPLICATE'", "duplicate_without_master"),
        ("UPDATE cases SET outcome = 'WITHDRAWN'", "closed_case_not_proven"),
        (
            """
            INSERT INTO withdrawals
            SELECT case_id, 99, site_id, 1, 'x', 'CODE', true, record_time FROM cases
            """,
            "proofs_not_of_the_journal",
        ),
    ],
)
async def test_what_no_longer_fits_is_found(window: Window, broken: str, name: str) -> None:
    await closed(window)
    assert await window.findings() == []
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute(broken)
    assert [one.check for one in await window.findings()] == [name]


async def test_a_reopened_case_that_is_closed_still_is_found(window: Window) -> None:
    made = await closed(window)
    await window.ask(reopen(made.case.case_id), "DISPATCHER")
    assert await window.findings() == []
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute("UPDATE cases SET state = 'RESOLVED'")
    assert [one.check for one in await window.findings()] == ["state_not_of_the_journal"]

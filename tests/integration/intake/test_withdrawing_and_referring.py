"""Ends without a result of our own: another body's, the reporter's wish; sealed before."""

import asyncio

import pytest

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from tests.integration.intake.conftest import Peers
from tests.integration.intake.ends import (
    TOLD,
    close,
    lacks,
    outcome_of,
    refer,
    resolve,
    result,
    struck_off,
    withdraw,
)
from tests.integration.intake.window import Window


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

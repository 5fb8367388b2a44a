"""Calls about a result: by whom, in vain, for a sample; and silence, which ends nothing alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from backstop.intake.v1 import intake_facts_pb2
from backstop.intake.v1 import intake_pb2 as pb
from chassis.actor import Actor
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.intake.ends import (
    call,
    closed,
    confirm,
    lacks,
    payload,
    resolve,
    set_back,
    struck_off,
)
from tests.integration.intake.window import Window


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
            VALUES ($1, $2, 'yuwu', 1, 1, 'LOT', 'SOLVED', 'SATISFIED')
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

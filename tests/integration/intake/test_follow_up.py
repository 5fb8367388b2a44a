"""Moving a promise, marking a case, calling its reporter: over the real walls."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2, intake_finding_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from chassis.convert import to_date_message, to_timestamp
from chassis.ids import new_id
from chassis.testing import read_refusal
from services.intake.domain.times import local_day
from tests.integration.intake.window import Window
from tests.unit.intake.examples import ZONE

TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)


# The mine's day on which the tests began, so that a midnight between two steps moves none of them.
TODAY = local_day(datetime.now(UTC), ZONE)


def day(ahead: int) -> Date:
    """A day of the mine's, so many from today."""
    return to_date_message(TODAY + timedelta(days=ahead))


async def plan(window: Window, case_id: str, promised: Date, **fields: Any) -> str:
    reply = await window.ask(
        rpc.AnswerCaseRequest(
            case_id=case_id,
            kind=pb.ANSWER_KIND_PLAN,
            text="更换淋浴头",
            promised_date=promised,
            **fields,
        ),
        "STEWARD",
    )
    return str(reply.answer_id)


def move(case_id: str, promised: Date, **fields: Any) -> rpc.MovePromiseRequest:
    return rpc.MovePromiseRequest(
        case_id=case_id, promised_date=promised, reason="等配件", **fields
    )


def mark(case_id: str, flag: pb.CaseFlag.ValueType, **fields: Any) -> rpc.FlagCaseRequest:
    return rpc.FlagCaseRequest(case_id=case_id, flag=flag, reason="顶板渗水", **fields)


def call(case_id: str, **fields: Any) -> rpc.RecordCallbackRequest:
    return rpc.RecordCallbackRequest(case_id=case_id, **{"reached": False} | fields)


async def payload(window: Window, case_id: str, kind: type[Message]) -> Any:
    """Returns the last fact of a type about a case."""
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND type = $2 "
        "ORDER BY subject_version DESC LIMIT 1",
        case_id,
        kind.DESCRIPTOR.full_name,
    )
    return kind.FromString(rows[0]["payload"])


# Promises ----------------------------------------------------------------------------------------


async def test_a_moved_promise_keeps_the_dates_before(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    answer_id = await plan(window, case_id, day(10))
    first = move(case_id, day(15), expected_version=2)
    reply = await window.ask(first, "DISPATCHER")
    again = await window.ask(first, "DISPATCHER")
    assert again.case == reply.case
    await window.ask(move(case_id, day(12), answer_id=answer_id), "DIRECTOR", subject="d-9")
    case = await window.case(case_id)
    assert (case.promise_move_count, case.version) == (2, 4)
    (answer,) = case.answers
    assert answer.promised_date == day(12)
    assert [
        (one.previous_promised_date, one.promised_date, one.approved_by, one.reason)
        for one in answer.moves
    ] == [(day(10), day(15), "dispatcher", "等配件"), (day(15), day(12), "d-9", "等配件")]
    fact = await payload(window, case_id, intake_facts_pb2.CasePromiseMoved)
    assert (fact.answer_id, fact.cycle, fact.approved_by) == (answer_id, 1, "d-9")
    assert (fact.previous_promised_date, fact.promised_date) == (day(15), day(12))
    assert fact.HasField("move_time")
    # What is fed back later is the promise as it is then.
    await window.ask(
        rpc.FeedBackAnswerRequest(case_id=case_id, answer_id=answer_id, feedback=TOLD), "STEWARD"
    )
    assert (await payload(window, case_id, intake_facts_pb2.CaseFedBack)).promised_date == day(12)
    tracked = await window.ask(rpc.TrackCaseRequest(receipt_code=made.receipt_code), nobody=True)
    moves = tracked.answers[0].moves
    assert [one.previous_promised_date for one in moves] == [day(10), day(15)]
    assert [(one.reason, one.approved_by) for one in moves] == [("", "")] * 2
    assert await window.findings() == []


async def test_what_is_no_promise_any_more_is_not_moved(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    assert (await window.refused(move(case_id, day(5)), "DIRECTOR")).reason == "NO_PROMISE"
    answer_id = await plan(window, case_id, day(10), feedback=TOLD)
    for request, reason in (
        (move(case_id, day(-1)), "PROMISE_IN_PAST"),
        (move(case_id, day(10)), "PROMISE_NOT_MOVED"),
        (move(case_id, Date(year=2026, month=2, day=30)), "INVALID_FIELD"),
        (move(case_id, day(11), answer_id="nope"), "ANSWER_NOT_FOUND"),
        (move(case_id, day(11), expected_version=7), "VERSION_MISMATCH"),
    ):
        assert (await window.refused(request, "DISPATCHER")).reason == reason
    assert (await window.refused(move(case_id, day(11)), "STEWARD")).reason == "PERMISSION_DENIED"
    resolve = rpc.ResolveCaseRequest(case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED)
    await window.ask(resolve, "STEWARD")
    assert (await window.refused(move(case_id, day(11)), "DIRECTOR")).reason == "WRONG_STATE"
    await window.ask(rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "CLERK")
    answer = await window.refused(move(case_id, day(11), answer_id=answer_id), "DIRECTOR")
    assert (answer.reason, answer.metadata) == ("NO_PROMISE", {"cycle": "2"})
    assert "CasePromiseMoved" not in await window.facts(case_id)
    assert (await window.case(case_id)).answers[0].promised_date == day(10)


async def test_a_promise_that_has_passed_stays(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await plan(window, case_id, day(1))
    yesterday = TODAY - timedelta(days=1)
    # As it will be in two days.
    staff = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(staff) as connection:
        await connection.execute("UPDATE answers SET promised_date = $1", yesterday)
    answer = await window.refused(move(case_id, day(3)), "DIRECTOR")
    assert (answer.reason, answer.metadata) == (
        "PROMISE_HAS_PASSED", {"promised_date": yesterday.isoformat()},
    )  # fmt: skip
    assert await window.rows("SELECT 1 FROM promise_moves") == []


async def test_two_who_move_at_once_each_see_what_the_other_did(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await plan(window, case_id, day(10))
    asked = [outcome(window, move(case_id, day(11 + n)), "DIRECTOR") for n in range(4)]
    # The site's rules let the promises of a cycle be moved twice.
    assert sorted(await asyncio.gather(*asked)) == ["OK"] * 2 + ["TOO_MANY_MOVES"] * 2
    case = await window.case(case_id)
    moves = case.answers[0].moves
    assert case.promise_move_count == len(moves) == 2
    assert [one.previous_promised_date for one in moves] == [
        day(10), *(one.promised_date for one in moves[:-1]),
    ]  # fmt: skip
    assert await window.findings() == []


async def test_of_two_who_saw_the_same_promise_one_moves_it(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await plan(window, case_id, day(10))
    version = (await window.case(case_id)).version
    checked = [
        outcome(window, move(case_id, day(20 + n), expected_version=version), "DIRECTOR")
        for n in range(3)
    ]
    assert sorted(await asyncio.gather(*checked)) == ["OK", "VERSION_MISMATCH", "VERSION_MISMATCH"]


async def test_a_new_cycle_has_moves_of_its_own(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    for cycle in (1, 2):
        await plan(window, case_id, day(10), feedback=TOLD)
        for days in (11, 12):
            await window.ask(move(case_id, day(days)), "DIRECTOR")
        answer = await window.refused(move(case_id, day(13)), "DIRECTOR")
        assert (answer.reason, answer.metadata["limit"]) == ("TOO_MANY_MOVES", "2"), cycle
        resolve = rpc.ResolveCaseRequest(case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED)
        await window.ask(resolve, "STEWARD")
        await window.ask(rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "CLERK")
    assert await window.findings() == []


async def outcome(window: Window, request: Message, *roles: str, **how: Any) -> str:
    try:
        await window.ask(request, *roles, **how)
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason
    return "OK"


# Flags -------------------------------------------------------------------------------------------


async def test_marks_stand_on_the_case_and_are_taken_off(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    hazard, old = pb.CASE_FLAG_HAZARD, pb.CASE_FLAG_LONG_STANDING
    put = mark(case_id, hazard)
    await window.ask(put, "DISPATCHER")
    reply = await window.ask(put, "DISPATCHER")
    assert [one.flag for one in reply.case.flags] == [hazard]
    await window.ask(mark(case_id, old, leader="s-1"), "DIRECTOR", subject="d-9")
    case = await window.case(case_id)
    assert [(one.flag, one.leader, one.flagged_by) for one in case.flags] == [
        (hazard, "", "dispatcher"), (old, "s-1", "d-9"),
    ]  # fmt: skip
    listed = await window.ask(intake_finding_pb2.ListCasesRequest(site_id="yuwu"), "LEADER")
    assert [one.flag for one in listed.cases[0].flags] == [hazard, old]
    # What stands already is left as it is, whoever says it.
    version = case.version
    same = await window.ask(mark(case_id, hazard), "DIRECTOR", subject="d-8")
    assert (same.case.version, same.case.flags[0].flagged_by) == (version, "dispatcher")
    await window.ask(mark(case_id, old), "DIRECTOR")
    assert (await window.case(case_id)).flags[1].leader == ""
    await window.ask(mark(case_id, hazard, remove=True), "DIRECTOR")
    await window.ask(mark(case_id, hazard, remove=True), "DIRECTOR")
    case = await window.case(case_id)
    assert [one.flag for one in case.flags] == [old]
    assert await window.facts(case_id) == ["CaseRegistered", *["CaseFlagged"] * 4]
    fact = await payload(window, case_id, intake_facts_pb2.CaseFlagged)
    assert (fact.flag, fact.set, fact.reason) == (hazard, False, "顶板渗水")
    assert await window.findings() == []


async def test_a_mark_is_refused(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    hazard, old = pb.CASE_FLAG_HAZARD, pb.CASE_FLAG_LONG_STANDING
    for request, reason, field in (
        (mark(case_id, pb.CASE_FLAG_UNSPECIFIED), "INVALID_FIELD", "flag"),
        (mark(case_id, hazard, leader="s-1"), "INVALID_FIELD", ""),
        (mark(case_id, old, remove=True, leader="s-1"), "INVALID_FIELD", ""),
        (mark(case_id, old, leader="nobody"), "INVALID_FIELD", "leader"),
        (rpc.FlagCaseRequest(case_id=case_id, flag=old), "INVALID_FIELD", "reason"),
        (mark(case_id, old, expected_version=9), "VERSION_MISMATCH", ""),
    ):
        answer = await window.refused(request, "DIRECTOR")
        assert answer.reason == reason
        assert answer.metadata.get("field", "") == field or not field
    assert (await window.refused(mark(case_id, old), "CLERK")).reason == "PERMISSION_DENIED"
    confirm = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    await window.ask(confirm, nobody=True)
    await window.ask(mark(case_id, old), "DIRECTOR")
    await window.ask(rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DIRECTOR")
    assert (
        await window.refused(mark(case_id, old, remove=True), "DIRECTOR")
    ).reason == "WRONG_STATE"
    assert [one.flag for one in (await window.case(case_id)).flags] == [old]
    assert (await window.facts(case_id)).count("CaseFlagged") == 1


async def test_two_who_mark_at_once_publish_one_fact(window: Window) -> None:
    for _ in range(4):
        case_id = (await window.register()).case.case_id
        await asyncio.gather(
            *(window.ask(mark(case_id, pb.CASE_FLAG_HAZARD), "DIRECTOR") for _ in "abc")
        )
        assert await window.facts(case_id) == ["CaseRegistered", "CaseFlagged"]


# Callbacks ---------------------------------------------------------------------------------------


async def test_calls_in_vain_count_their_days_and_prove_nothing(window: Window) -> None:
    now = datetime.now(UTC)
    case_id = (await window.resolved()).case.case_id
    # As if two days had gone by.
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute(
            "UPDATE cases SET resolve_record_time = resolve_record_time - interval '2 days'"
        )

    async def tried(days: float, *roles: str, **fields: Any) -> rpc.RecordCallbackResponse:
        time = to_timestamp(now - timedelta(days=2 - days))
        request = call(case_id, call_time=time, words="无人接听", **fields)
        reply: rpc.RecordCallbackResponse = await window.ask(request, *roles, subject="u-1")
        return reply

    assert (await tried(1, "SUPPORT")).unanswered_days == 1
    assert (await tried(2, "DISPATCHER")).unanswered_days == 2
    assert (await tried(2, "SUPPORT")).unanswered_days == 2
    last = call(case_id, reached=True, words="说好了")
    reply = await window.ask(last, "SUPPORT", subject="u-1")
    again = await window.ask(last, "SUPPORT", subject="u-1")
    assert again == reply
    assert reply.unanswered_days == 0
    assert [(one.reached, one.called_by, one.words) for one in reply.case.callbacks] == [
        *[(False, "u-1", "无人接听")] * 3, (True, "u-1", "说好了"),
    ]  # fmt: skip
    fact = await payload(window, case_id, intake_facts_pb2.CaseCalledBack)
    assert (fact.reached, fact.called_by, fact.cycle, fact.unanswered_days) == (True, "u-1", 1, 0)
    close = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED)
    assert (await window.refused(close, "DISPATCHER")).reason == "END_NOT_PROVEN"
    # To have called is no hand in the case: the same person may prove the result.
    confirm = rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED)
    reply = await window.ask(confirm, "SUPPORT", subject="u-1")
    assert reply.basis == pb.CONFIRMATION_BASIS_CALLBACK
    assert await window.findings() == []


async def test_a_new_cycle_counts_anew(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    await window.ask(call(case_id), "SUPPORT", subject="u-1")
    await window.ask(rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "CLERK")
    assert (await window.refused(call(case_id), "SUPPORT", subject="u-1")).reason == "WRONG_STATE"
    again = rpc.ResolveCaseRequest(
        case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
    )
    await window.ask(again, "STEWARD")
    reply = await window.ask(call(case_id), "SUPPORT", subject="u-1")
    assert reply.unanswered_days == 1
    assert [one.cycle for one in reply.case.callbacks] == [1, 2]


@pytest.mark.parametrize(
    ("who", "roles", "fields", "reason"),
    [
        ("s-1", ("SUPPORT", "DISPATCHER"), {}, "CALLER_HANDLED_CASE"),
        ("d-7", ("DISPATCHER",), {}, "CALLER_HANDLED_CASE"),
        ("u-1", ("STEWARD", "DIRECTOR", "CLERK"), {}, "PERMISSION_DENIED"),
        ("u-1", ("SUPPORT",), {"expected_version": 9}, "VERSION_MISMATCH"),
        ("u-1", ("SUPPORT",), {"call_time": "1 hour ahead"}, "TIME_IN_FUTURE"),
        ("u-1", ("SUPPORT",), {"call_time": "1 hour ago"}, "INVALID_FIELD"),
    ],
)
async def test_a_call_is_refused(
    window: Window, who: str, roles: tuple[str, ...], fields: dict[str, Any], reason: str
) -> None:
    made = await window.register()
    case_id = made.case.case_id
    # A mark is a hand in the case.
    await window.ask(mark(case_id, pb.CASE_FLAG_HAZARD), "DISPATCHER", subject="d-7")
    resolve = rpc.ResolveCaseRequest(
        case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
    )
    await window.ask(resolve, "STEWARD")
    if "call_time" in fields:
        hours = 1 if "ahead" in fields["call_time"] else -1
        time = datetime.now(UTC) + timedelta(hours=hours)
        fields = {"call_time": to_timestamp(time)}
    answer = await window.refused(call(case_id, **fields), *roles, subject=who)
    assert answer.reason == reason
    assert await window.rows("SELECT 1 FROM callbacks") == []


async def test_nobody_calls_the_anonymous(window: Window) -> None:
    nobody = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
    case_id = (await window.resolved(reporter=nobody)).case.case_id
    answer = await window.refused(call(case_id), "SUPPORT", subject="u-1")
    assert answer.reason == "REPORTER_ANONYMOUS"


async def test_two_who_call_at_once_are_both_on_record(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    replies = await asyncio.gather(
        *(window.ask(call(case_id), "SUPPORT", subject=f"u-{n}") for n in range(3))
    )
    assert [one.unanswered_days for one in replies] == [1, 1, 1]
    assert len((await window.case(case_id)).callbacks) == 3
    request = call(case_id, request_id=new_id())
    await asyncio.gather(*(window.ask(request, "SUPPORT", subject="u-9") for _ in range(3)))
    assert len((await window.case(case_id)).callbacks) == 4
    assert await window.findings() == []


# What must hold ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("UPDATE cases SET promise_move_count = 3", "promise_moves_not_as_counted"),
        ("UPDATE answers SET promised_date = '2100-01-01'", "promise_moves_not_as_counted"),
        (
            "UPDATE cases SET pause_reason = 'FORCE_MAJEURE', pause_start_time = record_time",
            "paused_though_not_in_hand",
        ),
        (
            """
            INSERT INTO flags
            SELECT case_id, 'HAZARD', site_id, '', '', 'x', record_time FROM cases
            """,
            "flag_without_fact",
        ),
        (
            """
            INSERT INTO callbacks
            SELECT case_id, 99, site_id, 1, true, 'x', record_time, '' FROM cases
            """,
            "callbacks_not_of_the_journal",
        ),
    ],
)
async def test_what_no_longer_fits_is_found(window: Window, broken: str, name: str) -> None:
    case_id = (await window.register()).case.case_id
    await plan(window, case_id, day(10), feedback=TOLD)
    await window.ask(move(case_id, day(11)), "DIRECTOR")
    await window.ask(move(case_id, day(12)), "DIRECTOR")
    resolve = rpc.ResolveCaseRequest(case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED)
    await window.ask(resolve, "STEWARD")
    assert await window.findings() == []
    async with window.database.app.transaction(
        Actor("test", sites=frozenset({"yuwu"}))
    ) as connection:
        await connection.execute(broken)
    assert [one.check for one in await window.findings()] == [name]

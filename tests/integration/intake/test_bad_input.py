"""What is bad is refused by its reason, and leaves every table of the service as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_measures_pb2 as measures
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_date_message
from tests.integration.intake.ends import confirm, reopen, resolve, withdraw
from tests.integration.intake.ties import RECURS, made, merge, tie
from tests.integration.intake.window import Window, appeal

LONG, HUGE = "水" * 4_001, "水" * 3_500_000
YESTERDAY = to_date_message((datetime.now(UTC) - timedelta(days=2)).date())
PHOTO = marks.Attachment(reference="photos/1.jpg", sha256="ab" * 32)
MANY = [PHOTO] * 10_000


@dataclass(frozen=True)
class Bench:
    """Cases to be bad to: one in hand, one resolved, one closed, one that recurs of the first."""

    hand: str
    resolved: str
    closed: str
    recurs: str
    code: str
    page: str


Bad = tuple[str, Callable[[Bench], Message], str, str]

TEXTS: list[Bad] = [
    (f"{what}: {name}", request, "STEWARD", "INVALID_FIELD")
    for what, text in (
        ("too long", LONG),
        ("bell", "灯\x07坏了"),
        ("nul", "灯\x00坏了"),
        ("right to left", "灯\u202e坏了"),
    )
    for name, request in (
        ("register", lambda _, text=text: appeal(text=text)),
        ("place", lambda _, text=text: appeal(place=text)),
        (
            "verify",
            lambda on, text=text: rpc.VerifyCaseRequest(case_id=on.hand, place="x", findings=text),
        ),
        (
            "answer",
            lambda on, text=text: rpc.AnswerCaseRequest(
                case_id=on.hand, kind=pb.ANSWER_KIND_FIRST_REPLY, text=text
            ),
        ),
        ("comment", lambda on, text=text: life.CommentCaseRequest(case_id=on.hand, text=text)),
        (
            "amend",
            lambda on, text=text: life.AmendCaseRequest(case_id=on.hand, reason="x", text=text),
        ),
        ("withdraw", lambda on, text=text: withdraw(on.hand, reason=text)),
        ("confirm", lambda on, text=text: confirm(on.resolved, words=text)),
        ("search", lambda _, text=text: finding.ListCasesRequest(site_id="yuwu", query=text)),
    )
]
REST: list[Bad] = [
    ("photos: register", lambda _: appeal(attachments=MANY), "CLERK", "INVALID_FIELD"),
    (
        "photos: verify",
        lambda on: rpc.VerifyCaseRequest(
            case_id=on.hand, place="x", findings="x", attachments=MANY
        ),
        "STEWARD",
        "INVALID_FIELD",
    ),
    (
        "photos: comment",
        lambda on: life.CommentCaseRequest(case_id=on.hand, text="x", attachments=MANY),
        "STEWARD",
        "INVALID_FIELD",
    ),
    (
        "filter",
        lambda _: finding.ListCasesRequest(site_id="yuwu", filter='state = OPEN AND ("'),
        "STEWARD",
        "FILTER_INVALID",
    ),
    (
        "filter of a ledger",
        lambda _: measures.ListLedgerRequest(site_id="yuwu", filter="nothing = 1"),
        "LEADER",
        "FILTER_INVALID",
    ),
    (
        "page of another query",
        lambda on: finding.ListCasesRequest(site_id="yuwu", query="灯", page_token=on.page),
        "STEWARD",
        "INVALID_PAGE_TOKEN",
    ),
    (
        "page of another site",
        lambda on: finding.ListCasesRequest(site_id="other", page_token=on.page),
        "STEWARD",
        "INVALID_PAGE_TOKEN",
    ),
    (
        "page of another list",
        lambda on: measures.ListLedgerRequest(site_id="yuwu", page_token=on.page),
        "LEADER",
        "INVALID_PAGE_TOKEN",
    ),
    ("tie to itself", lambda on: tie(on.hand, on.hand), "CLERK", "LINK_CYCLE"),
    ("ties in a circle", lambda on: tie(on.hand, on.recurs, RECURS), "CLERK", "LINK_CYCLE"),
    ("merge with itself", lambda on: merge(on.hand, on.hand), "DISPATCHER", "LINK_CYCLE"),
    ("merge of a closed case", lambda on: merge(on.closed, on.hand), "DISPATCHER", "WRONG_STATE"),
    (
        "merge into a closed case",
        lambda on: merge(on.hand, on.closed),
        "DISPATCHER",
        "MASTER_CLOSED",
    ),
    (
        "promise in the past",
        lambda on: rpc.AnswerCaseRequest(
            case_id=on.hand, kind=pb.ANSWER_KIND_PLAN, text="x", promised_date=YESTERDAY
        ),
        "STEWARD",
        "PROMISE_IN_PAST",
    ),
    ("unknown grade", lambda on: confirm(on.resolved, grade=99), "SUPPORT", "INVALID_FIELD"),
    ("no grade", lambda on: confirm(on.resolved, grade=0), "SUPPORT", "INVALID_FIELD"),
    (
        "unknown grade of a call",
        lambda on: rpc.RecordCallbackRequest(case_id=on.resolved, reached=True, grade=99),  # type: ignore[arg-type] # bad on purpose
        "SUPPORT",
        "INVALID_FIELD",
    ),
    ("stranger: nobody", lambda on: confirm(on.resolved), "", "CODE_WRONG"),
    ("stranger: another's code", lambda on: confirm(on.resolved, on.code), "", "CODE_WRONG"),
    ("stranger: a reporter", lambda on: confirm(on.resolved), "REPORTER", "CASE_NOT_FOUND"),
    ("stranger: a leader", lambda on: confirm(on.resolved), "LEADER", "PERMISSION_DENIED"),
    ("stranger reopens", lambda on: reopen(on.closed, on.code), "", "CODE_WRONG"),
    ("resolved twice", lambda on: resolve(on.resolved), "STEWARD", "WRONG_STATE"),
]


@pytest.fixture
async def bench(window: Window) -> Bench:
    first = await window.register()
    hand = first.case.case_id
    recurs, closed = await made(window), await made(window)
    await window.ask(tie(recurs, hand, RECURS), "CLERK")
    await window.ask(merge(closed, recurs), "DISPATCHER")
    resolved = (await window.resolved()).case.case_id
    listed = finding.ListCasesRequest(site_id="yuwu", page_size=1)
    page = (await window.ask(listed, "STEWARD")).next_page_token
    return Bench(hand, resolved, closed, recurs, first.receipt_code, page)


async def everything(window: Window) -> dict[str, str]:
    """Returns a digest of each table, whatever is in it."""
    rows = await window.rows(
        """
        SELECT relname, md5(query_to_xml(
            format('SELECT row::text FROM intake.%I AS row ORDER BY 1', relname), true, true, ''
        )::text) AS digest
        FROM pg_class WHERE relnamespace = 'intake'::regnamespace AND relkind IN ('r', 'p')
        """
    )
    return {row["relname"]: row["digest"] for row in rows}


async def refuse(window: Window, bench: Bench, bad: list[Bad]) -> None:
    before = await everything(window)
    assert {"cases", "journal", "requests", "answers", "comments"} <= set(before)
    for name, request_of, role, reason in bad:
        request = request_of(bench)
        how: dict[str, Any] = {} if role else {"nobody": True}
        answer = await window.refused(
            request, *([role] if role else []), sites=("yuwu", "other"), **how
        )
        assert answer.reason == reason, name
        assert answer.domain and answer.sentence, name
        assert await everything(window) == before, name
    # What is taken does show.
    await window.ask(life.CommentCaseRequest(case_id=bench.hand, text="x"), "STEWARD")
    assert await everything(window) != before


async def test_bad_texts_leave_nothing_behind(window: Window, bench: Bench) -> None:
    await refuse(window, bench, TEXTS)


async def test_bad_requests_leave_nothing_behind(window: Window, bench: Bench) -> None:
    await refuse(window, bench, REST)


async def test_ten_megabytes_leave_nothing_behind(window: Window, bench: Bench) -> None:
    before = await everything(window)
    for request in (
        appeal(text=HUGE),
        life.CommentCaseRequest(case_id=bench.hand, text=HUGE),
        finding.ListCasesRequest(site_id="yuwu", query=HUGE),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await window.ask(request, "STEWARD")
        # Larger than a message may be: it never gets as far as our own words.
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await everything(window) == before


async def test_what_is_only_unusual_is_kept_as_it_was_said(window: Window) -> None:
    for said in (
        "😀👩‍🔧🇨🇳",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "\u200fمرحبا",
        "e\u0301\u0301",
        "水" * 4_000,
    ):
        case_id = await made(window, text=said)
        await window.ask(life.CommentCaseRequest(case_id=case_id, text=said), "STEWARD")
        case = await window.case(case_id)
        assert [case.text, case.comments[0].text] == [said, said]
    assert await window.findings() == []

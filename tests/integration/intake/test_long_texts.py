"""Pages and messages of long texts are cut by their size, and nothing is lost between them."""

from typing import Any

import pytest

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_measures_pb2 as measures
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from chassis.pages import PAGE_BYTES
from chassis.testing import bearer
from tests.integration.intake.window import Window, appeal

COUNT = 400
# The frame of an answer, and its token.
FRAME = 10_000


async def pages(window: Window, request: Any) -> list[Any]:
    """Reads a list to its end."""
    found = [await window.ask(request, "DISPATCHER")]
    while found[-1].next_page_token:
        request.page_token = found[-1].next_page_token
        found.append(await window.ask(request, "DISPATCHER"))
    return found


async def test_the_longest_texts_come_in_messages_that_can_be_sent(window: Window) -> None:
    for _ in range(2):
        appeals = [appeal(request_id=new_id(), text="水" * 4_000) for _ in range(COUNT // 2)]
        batch = registration.BatchRegisterCasesRequest(appeals=appeals)
        assert (await window.ask(batch, "CLERK")).tally.registered == COUNT // 2

    ledger = await pages(window, measures.ListLedgerRequest(site_id="yuwu", page_size=500))
    rows = [row.case_id for page in ledger for row in page.rows]
    assert len(rows) == len(set(rows)) == COUNT

    metadata = bearer(window.keys.person("d-1", ["DISPATCHER"], ["yuwu"]))
    streamed = window.stub.StreamLedger(
        measures.StreamLedgerRequest(site_id="yuwu"), timeout=20, metadata=metadata
    )
    messages = [message async for message in streamed]
    assert [row.case_id for message in messages for row in message.rows] == rows

    cases = await pages(window, finding.ListCasesRequest(site_id="yuwu", page_size=200))
    listed = [case.case_id for page in cases for case in page.cases]
    assert sorted(listed) == sorted(rows)
    for message in (*ledger, *messages, *cases):
        assert message.ByteSize() < PAGE_BYTES + FRAME


async def test_a_history_is_cut_by_its_size(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = (await window.register()).case.case_id
    for _ in range(6):
        comment = life.CommentCaseRequest(case_id=case_id, text="水" * 100)
        await window.ask(comment, "CLERK")
    (whole,) = await pages(window, rpc.GetTimelineRequest(case_id=case_id))
    monkeypatch.setattr("chassis.pages.PAGE_BYTES", 300)
    cut = await pages(window, rpc.GetTimelineRequest(case_id=case_id))
    assert len(cut) > 2
    assert [entry for page in cut for entry in page.entries] == list(whole.entries)

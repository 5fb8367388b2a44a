"""A case takes a bounded number of ties by hand, and an answer with two cases is bounded, too."""

import pytest

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_registration_pb2 as registration
from chassis.ids import new_id
from services.intake.domain.room import LINKS_LIMIT
from services.intake.rpc import linking
from tests.integration.intake.ties import RECURS, tie
from tests.integration.intake.window import Window, appeal


async def test_a_case_takes_no_more_ties_than_its_limit(window: Window) -> None:
    appeals = [appeal(request_id=new_id()) for _ in range(LINKS_LIMIT // 2 + 1)]
    batch = registration.BatchRegisterCasesRequest(appeals=appeals)
    results = (await window.ask(batch, "CLERK")).results
    first, *others = [one.registered.case_id for one in results]
    # Two ties to each other case: it is the same matter, and it came back.
    for other in others:
        await window.ask(tie(first, other), "CLERK")
        await window.ask(tie(first, other, RECURS), "CLERK")
    one_more = (await window.register()).case.case_id
    answer = await window.refused(tie(first, one_more), "CLERK")
    assert (answer.reason, answer.metadata) == (
        "TOO_MANY_ENTRIES",
        {"what": "LINKS", "what_zh": "关联", "what_en": "links", "limit": str(LINKS_LIMIT)},
    )
    # What is there already is answered as ever, what is taken off makes room.
    await window.ask(tie(first, others[0]), "CLERK")
    await window.ask(tie(first, others[0], remove=True), "CLERK")
    await window.ask(tie(first, one_more), "CLERK")
    assert len((await window.case(first)).links) == LINKS_LIMIT


async def test_two_cases_too_large_for_one_message(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = (await window.register()).case.case_id
    await window.ask(life.CommentCaseRequest(case_id=case_id, text="水" * 4_000), "STEWARD")
    split = life.SplitCaseRequest(
        case_id=case_id, text="早饭太凉", reason="两件事", request_id="split-large"
    )
    whole = await window.ask(split, "DISPATCHER")
    assert len(whole.case.comments) == 1
    monkeypatch.setattr(linking, "LARGEST_MESSAGE_BYTES", whole.ByteSize() - 1)
    cut = await window.ask(split, "DISPATCHER")
    assert (cut.case.number, list(cut.case.comments)) == (whole.case.number, [])
    assert cut.new_case == whole.new_case

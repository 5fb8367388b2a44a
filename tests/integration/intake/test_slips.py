"""Pads of slips: their numbers follow one another, their codes open the cases bound to them."""

import asyncio
from typing import Any

import pytest

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as rpc
from backstop.intake.v1 import intake_service_pb2 as service
from chassis.ids import new_id
from tests.integration.intake.window import Window, appeal

DISPATCHER = "DISPATCHER"


def pad(prefix: str = "A", count: int = 3, **fields: Any) -> rpc.IssueSlipPadRequest:
    return rpc.IssueSlipPadRequest(site_id="yuwu", prefix=prefix, count=count, **fields)


async def numbers(window: Window, request: rpc.IssueSlipPadRequest) -> list[str]:
    response = await window.ask(request, DISPATCHER)
    return [one.slip_number for one in response.slips]


async def test_numbers_follow_on_the_last_of_their_prefix(window: Window) -> None:
    assert await numbers(window, pad()) == ["A-0001", "A-0002", "A-0003"]
    assert await numbers(window, pad("B", 1)) == ["B-0001"]
    assert await numbers(window, pad("A", 1)) == ["A-0004"]
    assert await window.facts("slips/yuwu") == ["SlipPadIssued"] * 3


async def test_pads_issued_at_once_share_no_number(window: Window) -> None:
    made = await asyncio.gather(*(numbers(window, pad("A", 20)) for _ in range(8)))
    assert sorted(one for slips in made for one in slips) == [
        f"A-{number:04d}" for number in range(1, 161)
    ]


async def test_a_repeated_request_gives_the_same_slips(window: Window) -> None:
    request = pad(request_id=new_id())
    first = await window.ask(request, DISPATCHER)
    await window.ask(pad(), DISPATCHER)
    assert await window.ask(request, DISPATCHER) == first
    assert len({one.receipt_code for one in first.slips}) == 3
    request.count = 4
    assert (await window.refused(request, DISPATCHER)).reason == "REQUEST_ID_REUSED"


async def test_the_code_on_a_slip_opens_its_case_however_it_is_typed(window: Window) -> None:
    issued = await window.ask(pad(), DISPATCHER)
    made = await window.register(slip_number="a-0002")
    slip = issued.slips[1]
    assert made.case.slip_number == "A-0002"
    assert made.receipt_code == slip.receipt_code
    tracked = await window.ask(
        service.TrackCaseRequest(receipt_code=slip.receipt_code), nobody=True
    )
    assert tracked.number == made.case.number
    answer = await window.refused(appeal(slip_number="A-0002"), "CLERK")
    assert answer.reason == "SLIP_IN_USE"


async def test_once_there_are_pads_only_their_slips_are_taken(window: Window) -> None:
    # Before, any number will do, and its code is that case's for good: it isn't printed again.
    await window.register(slip_number="A-0007")
    await window.register(slip_number="OLD7")
    assert await numbers(window, pad("A", 2)) == ["A-0008", "A-0009"]
    for number in ("A-0010", "A-9", "A-00009", "B-0001", "OLD8", "A", "-", "A-" + "9" * 20):
        answer = await window.refused(appeal(slip_number=number), "CLERK")
        assert (answer.reason, answer.metadata["slip_number"]) == ("SLIP_UNKNOWN", number)
    await window.register(slip_number="A-0009")
    await window.register()
    # Another site's pads are its own.
    await window.register(site_id="other", sites=("other",), slip_number="A-0010")


async def test_who_issued_a_pad_has_its_codes_and_proves_no_result_by_them(
    window: Window,
) -> None:
    await numbers(window, pad())
    made = await window.resolved(slip_number="A-0002")
    case_id, code = made.case.case_id, made.receipt_code
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert {row["person"] for row in hands} == {"c-1", "s-1", "dispatcher"}
    word = service.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=code)
    reply = await window.ask(word, DISPATCHER)
    assert reply.basis == pb.CONFIRMATION_BASIS_REPORTED
    call = service.RecordCallbackRequest(case_id=case_id, reached=True)
    assert (await window.refused(call, DISPATCHER)).reason == "CALLER_HANDLED_CASE"
    # Of another case they hold no code.
    plain = await window.resolved()
    hands = await window.rows(
        "SELECT person FROM case_hands WHERE case_id = $1", plain.case.case_id
    )
    assert {row["person"] for row in hands} == {"c-1", "s-1"}


async def test_pads_are_listed_newest_first_with_what_is_used(window: Window) -> None:
    for count in (3, 2, 1):
        await window.ask(pad("A", count, note=f"第{count}本"), DISPATCHER)
    for number in ("A-0001", "A-0003", "A-0005"):
        await window.register(slip_number=number)
    request = rpc.ListSlipPadsRequest(site_id="yuwu", page_size=2)
    page = await window.ask(request, DISPATCHER)
    await window.ask(pad("A", 9), DISPATCHER)
    request.page_token = page.next_page_token
    rest = await window.ask(request, DISPATCHER)
    assert [
        (one.first_slip_number, one.last_slip_number, one.count, one.used_count, one.note)
        for one in (*page.pads, *rest.pads)
    ] == [
        ("A-0006", "A-0006", 1, 0, "第1本"),
        ("A-0004", "A-0005", 2, 1, "第2本"),
        ("A-0001", "A-0003", 3, 2, "第3本"),
    ]
    assert rest.next_page_token == ""
    assert {one.issued_by for one in page.pads} == {"dispatcher"}


async def test_used_slips_are_counted_beyond_four_digits(window: Window) -> None:
    await window.register(slip_number="A-9998")
    assert await numbers(window, pad("A", 3)) == ["A-9999", "A-10000", "A-10001"]
    for number in ("A-9999", "A-10001"):
        await window.register(slip_number=number)
    (found,) = (await window.ask(rpc.ListSlipPadsRequest(site_id="yuwu"), DISPATCHER)).pads
    assert (found.count, found.used_count) == (3, 2)


async def test_a_prefix_ends(window: Window) -> None:
    await window.register(slip_number="A-999990")
    answer = await window.refused(pad("A", 10), DISPATCHER)
    assert (answer.reason, answer.metadata) == ("SLIP_NUMBERS_EXHAUSTED", {"prefix": "A"})
    assert (await numbers(window, pad("A", 9)))[-1] == "A-999999"
    assert await numbers(window, pad("C", 1)) == ["C-0001"]


@pytest.mark.parametrize(
    "request_", [pad(count=0), pad(count=1001), pad("a"), pad(""), pad("A-B"), pad(note="长" * 201)]
)
async def test_what_is_no_pad_is_refused(window: Window, request_: Any) -> None:
    assert (await window.refused(request_, DISPATCHER)).reason == "INVALID_FIELD"


async def test_the_largest_pad_is_issued(window: Window) -> None:
    assert len(set(await numbers(window, pad("A", 1000)))) == 1000


async def test_clerks_issue_none(window: Window) -> None:
    for request in (pad(), rpc.ListSlipPadsRequest(site_id="yuwu")):
        assert (await window.refused(request, "CLERK")).reason == "PERMISSION_DENIED"


async def test_another_site_has_no_pads_to_show(window: Window) -> None:
    await window.ask(pad(), DISPATCHER)
    request = rpc.ListSlipPadsRequest(site_id="yuwu")
    answer = await window.refused(request, DISPATCHER, sites=("other",))
    assert answer.reason == "SITE_UNKNOWN"

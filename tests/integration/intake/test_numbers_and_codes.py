"""Numbers in blocks, late entries by the roster, and codes that are made anew."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as rpc
from backstop.intake.v1 import intake_rules_pb2
from backstop.intake.v1 import intake_service_pb2 as service
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from chassis.actor import service_actor
from chassis.testing import read_refusal
from services.intake.numbering import BLOCK, Numbers
from tests.integration.intake.test_registration import publish_rules
from tests.integration.intake.window import Window, appeal, directory

ZONE = ZoneInfo("Asia/Shanghai")
BLOCKS = intake_rules_pb2.NUMBERING_BLOCKS
GAPLESS = intake_rules_pb2.NUMBERING_GAPLESS


def count_of(case: pb.Case) -> int:
    return int(case.number.rpartition("-")[2])


async def counter(window: Window) -> tuple[int, bool]:
    rows = await window.rows("SELECT last_number, blocks FROM counters WHERE site_id = 'yuwu'")
    return rows[0]["last_number"], rows[0]["blocks"]


async def test_a_site_of_blocks_never_gives_a_number_twice(window: Window) -> None:
    await publish_rules(window, numbering=BLOCKS)
    # Another process reserves blocks meanwhile.
    twin = Numbers(window.database.worker)
    today = datetime.now(ZONE).date()
    made, others = await asyncio.gather(
        asyncio.gather(*(window.register() for _ in range(60))),
        asyncio.gather(*(twin.take("yuwu", today, 7) for _ in range(10))),
    )
    mine = [count_of(one.case) for one in made]
    theirs = [number for block in others for number in block]
    assert len(set(mine + theirs)) == 60 + 70
    # What the twin took is on no case, and that is as it should be.
    assert await window.findings() == []


async def test_a_block_is_used_up_before_the_next_is_taken(window: Window) -> None:
    await publish_rules(window, numbering=BLOCKS)
    numbers = [count_of((await window.register()).case) for _ in range(BLOCK + 1)]
    assert numbers == list(range(1, BLOCK + 2))
    assert await counter(window) == (2 * BLOCK, True)


async def test_a_refusal_skips_numbers_only_where_the_site_may(window: Window) -> None:
    await window.register(slip_number="A-1")
    refused = await window.refused(appeal(slip_number="A-1"), "CLERK")
    assert refused.reason == "SLIP_IN_USE"
    assert count_of((await window.register()).case) == 2
    assert await counter(window) == (2, False)
    await publish_rules(window, numbering=BLOCKS)
    assert count_of((await window.register()).case) == 3
    assert (await window.refused(appeal(slip_number="A-1"), "CLERK")).reason == "SLIP_IN_USE"
    assert count_of((await window.register()).case) == 5
    assert await window.findings() == []


async def test_a_site_that_changes_its_mind_goes_on_behind_its_blocks(window: Window) -> None:
    await window.register()
    await publish_rules(window, numbering=BLOCKS)
    assert count_of((await window.register()).case) == 2
    await publish_rules(window, numbering=GAPLESS)
    assert count_of((await window.register()).case) == BLOCK + 2
    await publish_rules(window, numbering=BLOCKS)
    assert count_of((await window.register()).case) == 3
    assert await window.findings() == []


async def test_a_gap_of_a_gapless_day_is_found(window: Window) -> None:
    await window.register()
    async with window.database.worker.transaction(service_actor("intake")) as connection:
        await connection.execute("UPDATE counters SET last_number = 2")
    assert [one.check for one in await window.findings()] == ["numbers_with_gaps"]
    async with window.database.worker.transaction(service_actor("intake")) as connection:
        await connection.execute("UPDATE counters SET blocks = true")
    assert await window.findings() == []


async def test_a_block_of_yesterday_is_not_used_today(window: Window) -> None:
    numbers = Numbers(window.database.worker)
    day = date(2026, 11, 22)
    assert list(await numbers.take("yuwu", day, 2)) == [1, 2]
    assert list(await numbers.take("yuwu", day + timedelta(days=1), 2)) == [1, 2]
    # Whoever commits after midnight, for the day before.
    assert list(await numbers.take("yuwu", day, 2)) == [BLOCK + 1, BLOCK + 2]
    assert list(await numbers.take("yuwu", day + timedelta(days=1), 30))[:2] == [3, 4]


def at(instant: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def shift(person_id: str, start: datetime, end: datetime, **fields: Any) -> routing_pb2.Shift:
    """A shift of one day by the site's clock; it crosses midnight where it does."""
    first, last = start.astimezone(ZONE), end.astimezone(ZONE)
    return routing_pb2.Shift(
        person_id=person_id,
        start_date=Date(year=first.year, month=first.month, day=first.day),
        start_time=TimeOfDay(hours=first.hour, minutes=first.minute, seconds=first.second),
        end_time=TimeOfDay(hours=last.hour, minutes=last.minute, seconds=last.second),
        **(fields or {"post_id": "canteen"}),
    )


async def roster(window: Window, *shifts: routing_pb2.Shift) -> None:
    message = routing_facts_pb2.RosterPublished(site_id="yuwu", shifts=shifts)
    await window.tell("routing", "roster/yuwu", "yuwu", message)


async def test_entry_before_the_end_of_the_shift_is_not_late(window: Window) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    hours = [timedelta(hours=count) for count in range(24)]
    await roster(
        window,
        shift("c-1", now - hours[14], now + hours[1], position_id="DUTY_LEAD"),
        shift("s-1", now - hours[5], now - hours[1]),
    )
    spoken = at(now - hours[13])
    # After the hours of the rules, but the shift goes on.
    assert not (await window.register(occurred_time=spoken)).case.late_entry
    # Within them, but the shift is over.
    late = await window.register(occurred_time=at(now - hours[2]), receiver="s-1")
    assert late.case.late_entry
    rows = await window.rows("SELECT payload FROM journal WHERE subject_id = $1", late.case.case_id)
    assert facts.CaseRegistered.FromString(rows[0]["payload"]).late_entry
    # Spoken outside of any shift: the hours of the rules.
    off = await window.register(occurred_time=at(now - hours[11]), receiver="s-1")
    assert not off.case.late_entry
    off = await window.register(occurred_time=spoken, receiver="s-1")
    assert off.case.late_entry
    await publish_rules(window, entry_hours=14)
    assert not (await window.register(occurred_time=spoken, receiver="s-1")).case.late_entry
    assert not (await window.register()).case.late_entry


async def test_a_new_roster_leaves_the_past_alone(window: Window) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    past = shift("c-1", now - timedelta(hours=20), now - timedelta(hours=10))
    running = shift("c-1", now - timedelta(hours=3), now + timedelta(hours=3))
    await roster(window, past, running)
    assert len(await window.rows("SELECT FROM shifts")) == 2
    ahead = shift("s-1", now + timedelta(hours=30), now + timedelta(hours=38))
    await roster(window, ahead)
    rows = await window.rows("SELECT person_id FROM shifts ORDER BY start_time")
    assert [row["person_id"] for row in rows] == ["c-1", "s-1"]
    await roster(window, ahead, ahead, past)
    assert len(await window.rows("SELECT FROM shifts")) == 2


async def test_the_copy_of_the_directory_has_units_and_parents(window: Window) -> None:
    message = directory("yuwu", "YW")
    message.directory.people[0].unit_id = "bath"
    message.directory.categories[0].group_category_id = "LIFE"
    await window.tell("routing", "directory/yuwu", "yuwu", message)
    people = await window.rows(
        "SELECT unit_id FROM people WHERE site_id = 'yuwu' ORDER BY person_id"
    )
    assert [row["unit_id"] for row in people] == ["bath", ""]
    found = await window.rows("SELECT group_category_id FROM categories WHERE site_id = 'yuwu'")
    assert [row["group_category_id"] for row in found] == ["LIFE"]


async def reissue(window: Window, case_id: str, **fields: Any) -> Any:
    request = rpc.ReissueReceiptCodeRequest(case_id=case_id, reason="当面核对工作证", **fields)
    return await window.ask(request, "SUPPORT", subject="u-1")


async def opens(window: Window, code: str) -> bool:
    request = service.TrackCaseRequest(receipt_code=code)
    try:
        return bool((await window.ask(request, nobody=True)).case_id)
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason != "CODE_WRONG"


async def test_a_new_code_opens_the_case_and_the_old_one_nothing(window: Window) -> None:
    request = appeal(slip_number="A-1", request_id="slip-00001")
    made = await window.ask(request, "CLERK")
    case_id = made.case.case_id
    first = await reissue(window, case_id, request_id="reissue-1")
    assert first.receipt_code != made.receipt_code
    assert not await opens(window, made.receipt_code)
    assert await opens(window, first.receipt_code)
    assert (await reissue(window, case_id, request_id="reissue-1")).receipt_code == (
        first.receipt_code
    )
    second = await reissue(window, case_id, expected_version=first.case.version)
    assert not await opens(window, first.receipt_code)
    assert await opens(window, second.receipt_code)
    again = rpc.ReissueReceiptCodeRequest(
        case_id=case_id, reason="当面核对工作证", request_id="reissue-1"
    )
    assert (await window.refused(again, "SUPPORT", subject="u-1")).reason == "CODE_REPLACED"
    # Repeated, the registration shows no code that was handed to somebody else.
    again = await window.ask(request, "CLERK")
    assert (again.case.case_id, again.receipt_code) == (case_id, "")
    reply = await window.ask(rpc.BatchRegisterCasesRequest(appeals=[request]), "CLERK")
    registered = reply.results[0].registered
    assert (registered.case_id, registered.receipt_code) == (case_id, "")
    assert await window.facts(case_id) == ["CaseRegistered", "CaseCodeReissued", "CaseCodeReissued"]
    # The slip stays in use, though it opens nothing.
    assert (await window.refused(appeal(slip_number="A-1"), "CLERK")).reason == "SLIP_IN_USE"
    hands = await window.rows("SELECT FROM case_hands WHERE person = 'u-1'")
    assert len(hands) == 1
    assert await window.findings() == []


async def test_whom_a_case_is_about_gets_no_code(window: Window) -> None:
    made = await window.register(about_persons=["s-1"])
    request = rpc.ReissueReceiptCodeRequest(case_id=made.case.case_id, reason="x")
    assert (await window.refused(request, "CLERK", subject="s-1")).reason == "CASE_NOT_FOUND"
    assert (await window.refused(request, "STEWARD")).reason == "PERMISSION_DENIED"
    stale = rpc.ReissueReceiptCodeRequest(case_id=made.case.case_id, reason="x", expected_version=7)
    assert (await window.refused(stale, "CLERK")).reason == "VERSION_MISMATCH"
    assert await opens(window, made.receipt_code)

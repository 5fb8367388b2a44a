"""One day's shift given to another, and who is there then."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import grpc
import pytest

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from chassis.clock import set_offset
from chassis.convert import to_date_message
from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.test_roster import (
    DAY,
    ONE,
    SUBJECT,
    absent,
    at,
    clock,
    on_duty,
    publish,
    shift,
    swapping,
)


@pytest.fixture
async def then(mine: Mine) -> Mine:
    """The mine on the Sunday before the week of these tests, at noon."""
    await set_offset(mine.database.worker, at(DAY - ONE, 12) - datetime.now(UTC))
    return mine


async def test_a_swap_is_no_new_version_of_the_roster(then: Mine) -> None:
    await publish(then, shift("li", 8, 16))
    await then.ask("SwapShift", swapping("li", "wu"))
    assert (await publish(then, shift("li", 8, 16), expected=1)).version == 3
    # Swaps of the one before lapse.
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("li", True, ["li"])


async def test_a_swap_gives_one_day_to_another(then: Mine) -> None:
    await publish(then, shift("li", 22, 6, days=2))
    made = (await then.ask("SwapShift", swapping("li", "wu", start=22), who="zhou")).swap
    assert (made.from_person_id, made.to_person_id, made.approved_by) == ("li", "wu", "zhou")
    assert (made.post_id, made.position_id, made.reason) == ("south", "", "家中有事")
    assert (made.date, made.start_time) == (to_date_message(DAY), clock(22))
    assert (await then.facts(SUBJECT))[1:] == [facts.ShiftSwapped(site_id=SITE, swap=made)]
    assert (await on_duty(then, at(DAY, 23), post_id="south"))[0] == "wu"
    assert (await on_duty(then, at(DAY + ONE, 5), post_id="south"))[0] == "wu"
    assert (await on_duty(then, at(DAY + ONE, 23), post_id="south"))[0] == "li"
    # The next one names who has it by now.
    again = swapping("li", "zheng", start=22)
    assert (await then.refused("SwapShift", again)).reason == "SHIFT_NOT_FOUND"
    await then.ask("SwapShift", swapping("wu", "zheng", start=22))
    await then.ask("SwapShift", swapping("zheng", "li", start=22))
    assert (await on_duty(then, at(DAY, 23), post_id="south"))[0] == "li"
    roster = await then.ask("GetRoster", organisation.GetRosterRequest(site_id=SITE), "CLERK")
    assert [(swap.from_person_id, swap.to_person_id) for swap in roster.swaps] == [
        ("zheng", "li"),
        ("wu", "zheng"),
        ("li", "wu"),
    ]


async def test_a_swap_that_cannot_be_is_refused(then: Mine) -> None:
    await publish(
        then,
        shift("li", 8, 16, days=2),
        shift("wu", 15, 20),
        shift("li", 0, 8, position="DIRECTOR"),
        shift("sun", 8, 16, day=DAY - ONE),
    )
    await absent(then, "zheng", DAY, DAY)
    count = len(await then.facts(SUBJECT))
    neither, both = swapping("li", "zhao"), swapping("li", "zhao")
    neither.post_id, both.position_id = "", "DIRECTOR"
    odd = swapping("li", "zhao")
    odd.start_time.minutes = 61
    for request, reason, field in (
        (swapping("wu", "zhao"), "SHIFT_NOT_FOUND", "start_time"),
        (swapping("li", "zhao", day=DAY + 2 * ONE), "SHIFT_NOT_FOUND", "start_time"),
        (swapping("li", "zhao", start=9), "SHIFT_NOT_FOUND", "start_time"),
        (swapping("li", "zhao", position="DUTY_LEAD"), "SHIFT_NOT_FOUND", "start_time"),
        (swapping("li", "nobody"), "PERSON_UNKNOWN", "to_person_id"),
        (swapping("li", "wu"), "ROSTER_INVALID", "to_person_id"),
        (swapping("li", "zheng"), "ROSTER_INVALID", "to_person_id"),
        (swapping("sun", "zhao", day=DAY - 2 * ONE), "ROSTER_INVALID", "date"),
        (swapping("li", "li"), "INVALID_FIELD", "to_person_id"),
        (neither, "INVALID_FIELD", "post_id"),
        (both, "INVALID_FIELD", "post_id"),
        (odd, "INVALID_FIELD", "start_time"),
    ):
        answer = await then.refused("SwapShift", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    for roles in ("STEWARD", "CLERK", "REPORTER"):
        answer = await then.refused("SwapShift", swapping("li", "zhao"), roles)
        assert answer.reason == "PERMISSION_DENIED"
    answer = await then.refused("SwapShift", swapping("li", "zhao"), site="gucheng")
    assert answer.reason == "DIRECTORY_NOT_FOUND"
    assert len(await then.facts(SUBJECT)) == count
    assert await then.value("SELECT count(*) FROM shift_swaps") == 0
    # Who is free, on a day that they are there, may take it.
    await then.ask("SwapShift", swapping("li", "zheng", day=DAY + ONE))
    await then.ask("SwapShift", swapping("sun", "zhao", day=DAY - ONE))


async def test_a_swap_before_the_first_roster_finds_no_shift(then: Mine) -> None:
    assert (await then.refused("SwapShift", swapping("li", "wu"))).reason == "SHIFT_NOT_FOUND"


async def test_of_two_who_swap_one_shift_at_once_one_is_told(then: Mine) -> None:
    await publish(then, shift("li", 8, 16))
    request = swapping("li", "wu")
    request.request_id = "swap-of-monday"
    both = await asyncio.gather(*(then.ask("SwapShift", request) for _ in range(2)))
    assert both[0] == both[1]
    assert len(await then.facts(SUBJECT)) == 2
    rivals = await asyncio.gather(
        *(then.ask("SwapShift", swapping("wu", taker)) for taker in ("zheng", "zhao")),
        return_exceptions=True,
    )
    assert sum(isinstance(rival, grpc.aio.AioRpcError) for rival in rivals) == 1
    assert len(await then.facts(SUBJECT)) == 3


async def test_the_checks_know_of_swaps(then: Mine) -> None:
    await publish(then, shift("li", 8, 16))
    await then.ask("SwapShift", swapping("li", "wu"))
    queries = load_queries("services.routing", "sql/fsck.sql")
    owner = await asyncpg.connect(
        then.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        assert await owner.fetch(queries.list_not_of_the_journal) == []
        assert await owner.fetch(queries.swap_of_no_shift) == []
        await owner.execute("UPDATE shift_swaps SET version = 7")
        assert len(await owner.fetch(queries.swap_of_no_shift)) == 1
        assert len(await owner.fetch(queries.list_not_of_the_journal)) == 1
    finally:
        await owner.close()

"""Who is on duty at an instant, of now or of the past."""

from datetime import UTC, datetime

import pytest

from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.clock import set_offset
from chassis.convert import to_date_message, to_timestamp
from services.routing.store import roster as duty
from services.routing.store.directory import load_site
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.test_roster import (
    DAY,
    ONE,
    absent,
    at,
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


async def test_all_who_stand_at_a_post_are_told(then: Mine) -> None:
    await publish(then, shift("li", 8, 16), shift("wu", 8, 12), shift("zheng", 12, 16))
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("li", True, ["li", "wu"])
    assert await on_duty(then, at(DAY, 12), post_id="south") == ("li", True, ["li", "zheng"])
    assert await on_duty(then, at(DAY, 7, 59), post_id="south") == ("", False, [])


async def test_who_is_away_is_not_on_duty_and_a_deputy_stands_in_for_a_holder(then: Mine) -> None:
    await publish(
        then, shift("li", 8, 16), shift("wu", 8, 16), shift("zheng", 8, 16, position="DIRECTOR")
    )
    await absent(then, "zhou", DAY, DAY, "wu")
    assert await on_duty(then, at(DAY, 9), position_id="DIRECTOR") == ("zheng", True, ["zheng"])
    assert await on_duty(then, at(DAY, 17), position_id="DIRECTOR") == ("wu", False, ["wu"])
    tomorrow = at(DAY + ONE, 9)
    assert await on_duty(then, tomorrow, position_id="DIRECTOR") == ("zhou", False, ["zhou"])
    away = await absent(then, "zheng", DAY, DAY)
    assert await on_duty(then, at(DAY, 9), position_id="DIRECTOR") == ("wu", False, ["wu"])
    await absent(then, "wu", DAY, DAY)
    assert await on_duty(then, at(DAY, 9), position_id="DIRECTOR") == ("", False, [])
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("li", True, ["li"])
    cancel = organisation.CancelAbsenceRequest(site_id=SITE, absence_id=away)
    await then.ask("CancelAbsence", cancel, "ADMINISTRATOR")
    assert await on_duty(then, at(DAY, 9), position_id="DIRECTOR") == ("zheng", True, ["zheng"])


async def test_who_has_left_holds_nothing(then: Mine) -> None:
    await publish(then, shift("wu", 8, 16, days=3))
    changed = directory()
    changed.people[6].end_date.CopyFrom(to_date_message(DAY))
    await then.publish_directory(changed)
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("wu", True, ["wu"])
    assert await on_duty(then, at(DAY + ONE, 9), post_id="south") == ("", False, [])
    assert await on_duty(then, at(DAY, 9), position_id="UNION") == ("wu", False, ["wu"])
    assert await on_duty(then, at(DAY + ONE, 9), position_id="UNION") == ("", False, [])


async def test_the_past_is_told_by_the_roster_of_then(then: Mine) -> None:
    start = await then.now()
    await publish(then, shift("li", 8, 16, days=9))
    await then.advance(at(DAY, 12) - start)
    await then.ask("SwapShift", swapping("li", "zheng", day=DAY + ONE))
    await then.advance(3 * ONE)
    await publish(then, shift("wu", 8, 16, day=DAY - 9 * ONE, days=20))
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("li", True, ["li"])
    assert (await on_duty(then, at(DAY + ONE, 9), post_id="south"))[0] == "zheng"
    assert (await on_duty(then, at(DAY + 4 * ONE, 9), post_id="south"))[0] == "wu"
    # Before the first roster, the first.
    assert (await on_duty(then, at(DAY - 2 * ONE, 9), post_id="south"))[0] == ""


async def test_the_past_is_told_by_the_directory_of_then(then: Mine) -> None:
    await publish(then, shift("wu", 8, 16, days=9), shift("li", 8, 9, position="UNION"))
    await then.advance(2 * ONE)
    changed = directory()
    # Another holder, another name, and one post and one person fewer.
    changed.positions[0].holder = "li"
    changed.people[5].name = "周八八"
    del changed.posts[:]
    await publish(then)
    changed.people.remove(next(person for person in changed.people if person.person_id == "wu"))
    changed.positions[3].holder = ""
    await then.publish_directory(changed)
    await then.advance(2 * ONE)
    before, after = at(DAY, 12), at(DAY + 2 * ONE, 12)
    assert await on_duty(then, before, post_id="south") == ("wu", True, ["wu"])
    for time, lead, union in ((before, "sun", "wu"), (after, "li", "")):
        assert (await on_duty(then, time, position_id="DUTY_LEAD"))[0] == lead
        assert (await on_duty(then, time, position_id="DISPATCH_ROOM"))[0] == lead
        assert (await on_duty(then, time, position_id="UNION"))[0] == union
    asking = rpc.WhoIsOnDutyRequest(
        site_id=SITE, position_id="DIRECTOR", at_time=to_timestamp(before)
    )
    assert (await then.ask("WhoIsOnDuty", asking, "CLERK")).person_name == "周八"
    request = rpc.WhoIsOnDutyRequest(site_id=SITE, post_id="south", at_time=to_timestamp(after))
    assert (await then.refused("WhoIsOnDuty", request, "CLERK")).reason == "POSITION_UNKNOWN"
    # Who was away then, was away.
    async with then.database.worker.read(service_actor("routing")) as connection:
        site = await load_site(connection, SITE)
        assert site is not None
        assert await duty.load_directory_then(connection, site, after) is None
        assert await duty.load_directory_then(connection, site, before) is not None

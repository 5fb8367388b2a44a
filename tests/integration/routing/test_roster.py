"""The duty roster: published, swapped, looked through for holes, and asked who is on duty."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import grpc
import pytest
from google.type.dayofweek_pb2 import MONDAY
from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.clock import set_offset
from chassis.convert import to_date_message, to_datetime, to_timestamp
from chassis.queries import load_queries
from services.routing.domain import duty_lead
from services.routing.store import roster as duty
from services.routing.store.directory import load_site
from tests.integration.routing.conftest import SITE, Mine, directory

SHANGHAI = ZoneInfo("Asia/Shanghai")
SUBJECT = f"roster/{SITE}"
# All the days of these tests, ahead of every clock that runs them.
DAY = date(2033, 11, 21)
ONE = timedelta(days=1)


def clock(hour: int, minute: int = 0) -> TimeOfDay:
    return TimeOfDay(hours=hour, minutes=minute)


def shift(
    person: str,
    start: int,
    end: int,
    *,
    day: date = DAY,
    days: int = 1,
    position: str = "",
) -> pb.Shift:
    """At the post "south" unless a position is given."""
    return pb.Shift(
        post_id="" if position else "south",
        position_id=position,
        person_id=person,
        start_date=to_date_message(day),
        end_date=to_date_message(day + (days - 1) * ONE),
        start_time=clock(start),
        end_time=clock(end),
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def opened(*windows: pb.OpeningWindow) -> pb.Directory:
    changed = directory()
    changed.posts[0].windows.extend(windows)
    return changed


LUNCH = pb.OpeningWindow(start_time=clock(11), end_time=clock(13))


async def publish(
    mine: Mine, *shifts: pb.Shift, expected: int = 0, validate_only: bool = False
) -> rpc.PublishRosterResponse:
    request = rpc.PublishRosterRequest(
        site_id=SITE, shifts=shifts, expected_version=expected, validate_only=validate_only
    )
    response: rpc.PublishRosterResponse = await mine.ask("PublishRoster", request)
    return response


async def on_duty(mine: Mine, time: datetime, **where: str) -> tuple[str, bool, list[str]]:
    request = rpc.WhoIsOnDutyRequest(site_id=SITE, at_time=to_timestamp(time), **where)
    found = await mine.ask("WhoIsOnDuty", request, "CLERK")
    return found.person_id, found.by_roster, list(found.person_ids)


async def absent(mine: Mine, person: str, first: date, last: date, deputy: str = "") -> str:
    request = organisation.RecordAbsenceRequest(
        site_id=SITE,
        person_id=person,
        start_date=to_date_message(first),
        end_date=to_date_message(last),
        deputy=deputy,
        reason="请假",
    )
    made = await mine.ask("RecordAbsence", request, "ADMINISTRATOR")
    return made.absence.absence_id  # type: ignore[no-any-return]


def swapping(
    from_person: str, to_person: str, *, day: date = DAY, start: int = 8, position: str = ""
) -> organisation.SwapShiftRequest:
    return organisation.SwapShiftRequest(
        site_id=SITE,
        post_id="" if position else "south",
        position_id=position,
        date=to_date_message(day),
        start_time=clock(start),
        from_person_id=from_person,
        to_person_id=to_person,
        reason="家中有事",
    )


async def gaps(
    mine: Mine, first: date | None = None, last: date | None = None
) -> list[tuple[datetime, datetime]]:
    request = organisation.GetRosterGapsRequest(site_id=SITE)
    if first is not None:
        request.start_date.CopyFrom(to_date_message(first))
    if last is not None:
        request.end_date.CopyFrom(to_date_message(last))
    found = await mine.ask("GetRosterGaps", request, "CLERK")
    return [(to_datetime(gap.start_time), to_datetime(gap.end_time)) for gap in found.gaps]


@pytest.fixture
async def then(mine: Mine) -> Mine:
    """The mine on the Sunday before the week of these tests, at noon."""
    await set_offset(mine.database.worker, at(DAY - ONE, 12) - datetime.now(UTC))
    return mine


async def test_a_published_roster_tells_what_is_new_and_what_stays_open(then: Mine) -> None:
    await then.publish_directory(opened(LUNCH))
    first = await publish(then, shift("li", 11, 13, days=3))
    assert (first.version, list(first.faults)) == (1, [])
    assert {(gap.post_id, gap.post_name) for gap in first.gaps} == {("south", "南风井职工餐厅")}
    starts = [to_datetime(gap.start_time) for gap in first.gaps]
    # Half of today's window is over.
    assert at(DAY - ONE, 12) <= starts[0] < at(DAY - ONE, 12, 30)
    assert starts[1:] == [at(DAY + ahead * ONE, 11) for ahead in range(3, 13)]
    assert [(change.kind, change.id) for change in first.changes] == [
        (organisation.CHANGE_KIND_ADDED, "south/li")
    ]
    second = await publish(then, shift("wu", 11, 13, days=14))
    assert [(change.kind, change.id) for change in second.changes] == [
        (organisation.CHANGE_KIND_ADDED, "south/wu"),
        (organisation.CHANGE_KIND_REMOVED, "south/li"),
    ]
    assert len(second.gaps) == 1


async def test_a_try_tells_everything_and_writes_nothing(then: Mine) -> None:
    await then.publish_directory(opened(LUNCH))
    await publish(then, shift("li", 11, 13))
    tried = await publish(
        then,
        shift("wu", 11, 13),
        shift("gone", 8, 9),
        shift("wu", 12, 14),
        expected=7,
        validate_only=True,
    )
    assert tried.version == 1
    assert [fault.field for fault in tried.faults] == [
        "shifts[1].person_id",
        "shifts[2]",
        "expected_version",
    ]
    assert all(fault.zh and fault.en for fault in tried.faults)
    assert {change.id for change in tried.changes} == {"south/li", "south/wu", "south/gone"}
    fine = await publish(then, shift("wu", 11, 13), expected=1, validate_only=True)
    assert (list(fine.faults), len(fine.gaps)) == ([], 13)
    assert await on_duty(then, at(DAY, 12), post_id="south") == ("li", True, ["li"])
    assert len(await then.facts(SUBJECT)) == 1
    request = rpc.PublishRosterRequest(site_id=SITE, validate_only=True)
    answer = await then.refused("PublishRoster", request, site="gucheng")
    assert answer.reason == "DIRECTORY_NOT_FOUND"


async def test_who_comes_second_learns_what_changed(then: Mine) -> None:
    assert (await publish(then, shift("li", 8, 16))).version == 1
    assert (await publish(then, shift("wu", 8, 16), expected=1)).version == 2
    request = rpc.PublishRosterRequest(
        site_id=SITE, shifts=[shift("zheng", 8, 16)], expected_version=1
    )
    answer = await then.refused("PublishRoster", request)
    assert (answer.code, answer.reason) == (grpc.StatusCode.ABORTED, "VERSION_MISMATCH")
    assert answer.metadata == {"expected": "1", "actual": "2"}
    assert answer.fields == ("shifts[south/wu]", "shifts[south/li]")
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("wu", True, ["wu"])


async def test_a_swap_is_no_new_version_of_the_roster(then: Mine) -> None:
    await publish(then, shift("li", 8, 16))
    await then.ask("SwapShift", swapping("li", "wu"))
    assert (await publish(then, shift("li", 8, 16), expected=1)).version == 3
    # Swaps of the one before lapse.
    assert await on_duty(then, at(DAY, 9), post_id="south") == ("li", True, ["li"])


async def test_a_repeated_publication_is_one(then: Mine) -> None:
    request = rpc.PublishRosterRequest(
        request_id="roster-of-november", site_id=SITE, shifts=[shift("li", 8, 16)]
    )
    both = await asyncio.gather(*(then.ask("PublishRoster", request) for _ in range(2)))
    assert both[0].version == both[1].version == 1
    assert len(await then.facts(SUBJECT)) == 1
    request.shifts[0].person_id = "wu"
    assert (await then.refused("PublishRoster", request)).reason == "REQUEST_ID_REUSED"


async def test_a_roster_with_faults_is_refused_whole(then: Mine) -> None:
    changed = directory()
    changed.people[6].end_date.CopyFrom(to_date_message(DAY))
    await then.publish_directory(changed)
    request = rpc.PublishRosterRequest(
        site_id=SITE,
        shifts=[
            shift("li", 8, 16, position="DUTY_LEAD"),
            shift("zhao", 15, 20, position="DUTY_LEAD"),
            shift("wu", 8, 9, days=2),
            shift("sun", 10, 12, day=DAY, days=0),
        ],
    )
    answer = await then.refused("PublishRoster", request)
    assert answer.reason == "ROSTER_INVALID"
    assert set(answer.fields) == {
        "shifts[1]",
        "shifts[2].person_id",
        "shifts[3].end_date",
    }
    assert await then.facts(SUBJECT) == []
    assert await then.value("SELECT count(*) FROM shifts") == 0


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


async def test_a_roster_is_read_by_its_version(then: Mine) -> None:
    asking = organisation.GetRosterRequest(site_id=SITE)
    empty = await then.ask("GetRoster", asking, "CLERK")
    assert empty == organisation.GetRosterResponse(site_id=SITE)
    shifts = [shift("li", 8, 16), shift("wu", 16, 24, position="DIRECTOR")]
    await publish(then, *shifts)
    await then.ask("SwapShift", swapping("li", "zheng"))
    await publish(then)
    first = await then.ask(
        "GetRoster", organisation.GetRosterRequest(site_id=SITE, version=1), "CLERK"
    )
    assert (list(first.shifts), len(first.swaps), first.published_by) == (shifts, 1, "sun")
    newest = await then.ask("GetRoster", asking, "CLERK")
    assert (newest.version, list(newest.shifts), list(newest.swaps)) == (3, [], [])
    assert newest.publish_time.ToDatetime(UTC) >= first.publish_time.ToDatetime(UTC)
    # The second is a swap's.
    for version in (2, 4):
        request = organisation.GetRosterRequest(site_id=SITE, version=version)
        assert (await then.refused("GetRoster", request)).reason == "NO_SUCH_LIST_VERSION"
    assert (await then.refused("GetRoster", asking, site="gucheng")).reason == (
        "DIRECTORY_NOT_FOUND"
    )


async def test_the_gaps_ahead_are_told(then: Mine) -> None:
    monday = pb.OpeningWindow(days=[MONDAY], start_time=clock(22), end_time=clock(2))
    await then.publish_directory(opened(LUNCH, monday))
    await publish(then, shift("li", 11, 12, days=2), shift("wu", 12, 13, days=2))
    lunch = [(at(DAY + ahead * ONE, 11), at(DAY + ahead * ONE, 13)) for ahead in range(3)]
    night = at(DAY, 22), at(DAY + ONE, 2)
    assert await gaps(then, DAY, DAY + 2 * ONE) == [night, lunch[2]]
    await absent(then, "wu", DAY, DAY)
    noon = at(DAY, 12), at(DAY, 13)
    assert await gaps(then, DAY, DAY) == [noon, (at(DAY, 22), at(DAY + ONE, 0))]
    await then.ask("SwapShift", swapping("wu", "zheng", start=12))
    assert await gaps(then, DAY, DAY + ONE) == [night]
    # Today is the first of the usual fourteen.
    assert (await gaps(then))[0] == (at(DAY - ONE, 11), at(DAY - ONE, 13))
    assert (await gaps(then))[-1][0] == at(DAY + 12 * ONE, 11)
    for first, last in (
        (DAY - 2 * ONE, DAY),
        (DAY + ONE, DAY),
        (DAY, DAY + 366 * ONE),
    ):
        request = organisation.GetRosterGapsRequest(
            site_id=SITE, start_date=to_date_message(first), end_date=to_date_message(last)
        )
        assert (await then.refused("GetRosterGaps", request)).reason == "PERIOD_INVALID"
    request = organisation.GetRosterGapsRequest(site_id=SITE)
    answer = await then.refused("GetRosterGaps", request, site="gucheng")
    assert answer.reason == "DIRECTORY_NOT_FOUND"


def around_the_clock(*people: str) -> list[pb.Shift]:
    return [
        shift("li", 0, 12, day=DAY - 2 * ONE, days=30, position="DUTY_LEAD"),
        shift(people[0], 12, 24, day=DAY - 2 * ONE, days=30, position="DUTY_LEAD"),
    ]


async def test_the_last_duty_lead_cannot_be_rostered_away(then: Mine) -> None:
    await publish(then, *around_the_clock("wu"))
    # The standing holder is still there.
    await publish(then)
    await publish(then, *around_the_clock("wu"))
    vacant = directory()
    vacant.positions[0].holder = ""
    await then.publish_directory(vacant)
    request = rpc.PublishRosterRequest(site_id=SITE, shifts=around_the_clock("wu")[:1])
    answer = await then.refused("PublishRoster", request)
    assert (answer.reason, answer.metadata) == ("LAST_DUTY_LEAD", {"position_id": "DUTY_LEAD"})
    request.validate_only = True
    assert [fault.field for fault in (await then.ask("PublishRoster", request)).faults] == [
        "shifts"
    ]
    assert (await publish(then, *around_the_clock("zheng"))).version == 4


async def test_other_parts_of_routing_ask_who_is_there(then: Mine) -> None:
    await publish(then, *around_the_clock("wu"), shift("zheng", 8, 16))
    await then.ask("SwapShift", swapping("wu", "zhao", start=12, position="DUTY_LEAD"))
    await absent(then, "li", DAY + 3 * ONE, DAY + 3 * ONE, deputy="sun")
    async with then.database.worker.read(service_actor("routing")) as connection:
        site = await load_site(connection, SITE)
        assert site is not None
        lead = await duty.load_duty_lead(connection, site, at(DAY, 0))
        rostered = replace(lead, holder="")

        def covered(first: datetime, last: datetime) -> bool:
            return duty_lead.is_held(rostered, site.zone, first, last)

        assert covered(at(DAY, 0), at(DAY + 3 * ONE, 0))
        assert not covered(at(DAY, 0), at(DAY + 3 * ONE, 1))
        assert covered(at(DAY + 4 * ONE, 0), at(DAY + 28 * ONE, 0))
        assert not covered(at(DAY + 4 * ONE, 0), at(DAY + 28 * ONE, 1))
        assert duty_lead.is_held(lead, site.zone, at(DAY, 0), at(DAY + 99 * ONE, 0))
        for person, day, hour, expected in (
            ("li", DAY, 9, True),
            ("li", DAY, 12, False),
            ("li", DAY + 3 * ONE, 9, False),
            ("wu", DAY, 13, False),
            ("wu", DAY + ONE, 13, True),
            ("zhao", DAY, 13, True),
            ("zhao", DAY + ONE, 13, False),
            ("zheng", DAY, 9, True),
            ("nobody", DAY, 9, False),
        ):
            assert await duty.on_shift(connection, site, person, at(day, hour)) == expected


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

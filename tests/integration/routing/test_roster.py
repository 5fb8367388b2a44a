"""The duty roster: published, swapped, looked through for holes, and asked who is on duty."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import grpc
import pytest
from google.type.dayofweek_pb2 import MONDAY
from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.clock import set_offset
from chassis.convert import to_date_message, to_datetime, to_timestamp
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

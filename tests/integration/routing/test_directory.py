"""Publishing a site's organisation, whole or by entries: no unit is left without an answer."""

import asyncio
import uuid
from datetime import timedelta

import grpc
import pytest
from google.type.dayofweek_pb2 import FRIDAY, SUNDAY
from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message, to_duration, to_timestamp
from chassis.testing import read_refusal
from tests.integration.routing.conftest import HEAD, SITE, STEWARD, Mine, directory, matrix, row
from tests.integration.routing.test_lists import local_day, roster, shift

CANTEEN = pb.Unit(unit_id="canteen", name="食堂", kind=pb.UNIT_KIND_WORKSHOP)
DIRECTORY = f"directory/{SITE}"


def grown() -> pb.Directory:
    changed = directory()
    changed.units.append(CANTEEN)
    return changed


def whole(changed: pb.Directory, **more: object) -> rpc.PublishDirectoryRequest:
    return rpc.PublishDirectoryRequest(directory=changed, **more)  # type: ignore[arg-type]


async def written(mine: Mine) -> list[int]:
    """What a refused or tried publication must leave as it is."""
    return [
        await mine.value(f"SELECT count(*) FROM {table}")
        for table in ("journal", "requests", "jobs", "units", "directory_versions", "subjects")
    ]


async def current(mine: Mine, **which: object) -> rpc.GetDirectoryResponse:
    request = rpc.GetDirectoryRequest(site_id=SITE, **which)  # type: ignore[arg-type]
    response: rpc.GetDirectoryResponse = await mine.ask("GetDirectory", request, "CLERK")
    return response


async def test_everything_a_directory_can_say_comes_back(bare: Mine) -> None:
    day, later = (
        to_date_message(local_day(await bare.now())),
        to_date_message(local_day(await bare.now(), 400)),
    )
    window = pb.OpeningWindow(
        days=[FRIDAY, SUNDAY],
        start_time=TimeOfDay(hours=22, minutes=30),
        end_time=TimeOfDay(hours=6, seconds=1),
        start_date=day,
        end_date=later,
    )
    full = directory()
    full.time_zone = "Asia/Tokyo"
    full.units[1].start_date.CopyFrom(day)
    full.units[1].end_date.CopyFrom(later)
    full.people[0].end_date.CopyFrom(later)
    full.people[0].group_code = "G-001"
    full.people[0].contact_ref = "hr/0001"
    full.posts[0].unit_id = "logistics"
    full.posts[0].windows.append(window)
    full.categories[0].group_category_id = "LIVING"
    full.categories[0].supporting_unit_ids.extend(["logistics", "joint-1"])
    ladder = full.category_ladders.add(category_id="BATHING")
    ladder.levels.add(position_id="DIRECTOR", dwell_working_time=to_duration(timedelta(hours=4)))
    full.place_rules.add(place="南风井", category_id="BATHING", unit_id="bathhouse")
    full.place_rules.add(place="南", unit_id="logistics")
    full.role_requirements.add(kind=pb.UNIT_KIND_TEAM, roles=[HEAD, STEWARD])
    full.rules.span_limit = 3
    full.rules.recurrence_days = 30
    full.rules.steward_hours.append(window)
    await bare.publish_directory(full)
    found = (await current(bare)).directory
    assert list(found.people[4].position_ids) == ["DUTY_LEAD"]
    for person in found.people:
        person.ClearField("position_ids")
    assert found == full
    # What decisions are made by is the same as what was kept.
    site_rows = await bare.value("SELECT count(*) FROM ladder_levels WHERE category_id <> ''")
    assert site_rows == 1


async def test_a_publication_says_what_is_otherwise(mine: Mine) -> None:
    first = await current(mine)
    changed = directory()
    changed.units[1].name = "澡堂班"
    changed.people.add(person_id="qian", name="钱二")
    request = whole(changed, request_id=str(uuid.uuid4()), expected_version=1)
    done = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert (first.version, done.version, done.matrix_version) == (1, 2, 1)
    assert done.handover_job_id
    assert [(change.kind, change.part, change.id) for change in done.changes] == [
        (org.CHANGE_KIND_CHANGED, "units", "bathhouse"),
        (org.CHANGE_KIND_ADDED, "people", "qian"),
    ]
    assert done.changes[0].before.startswith("浴室班")
    assert done.changes[0].after.startswith("澡堂班")
    # Told again the same, also when others have gone on.
    await mine.publish_directory()
    assert await mine.ask("PublishDirectory", request, "ADMINISTRATOR") == done
    assert await mine.value("SELECT count(*) FROM directory_versions") == 3


async def test_a_unit_without_an_answer_does_not_come_to_be(mine: Mine) -> None:
    before = await written(mine)
    answer = await mine.refused("PublishDirectory", whole(grown()), "ADMINISTRATOR")
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "COVERAGE_HAS_GAPS",
    )
    assert (answer.metadata["count"], len(answer.fields)) == ("1", 1)
    assert await written(mine) == before


async def test_a_person_who_leaves_leaves_a_gap(mine: Mine) -> None:
    last = local_day(await mine.now(), 30)
    leaving = directory()
    leaving.people[0].end_date.CopyFrom(to_date_message(last))
    answer = await mine.refused("PublishDirectory", whole(leaving), "ADMINISTRATOR")
    # 张三 is steward of two units.
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "2")
    gone = directory()
    del gone.people[0]
    answer = await mine.refused("PublishDirectory", whole(gone), "ADMINISTRATOR")
    assert answer.reason == "COVERAGE_HAS_GAPS"
    # Not where somebody follows.
    follow = local_day(await mine.now(), 31)
    rows = [row(unit, "zhang", end=last) for unit in ("logistics", "bathhouse")]
    rows += [row(unit, "li", start=follow) for unit in ("logistics", "bathhouse")]
    content = rpc.MatrixContent(responsibilities=matrix(*rows))
    done = await mine.ask("PublishDirectory", whole(leaving, matrix=content), "ADMINISTRATOR")
    assert (done.version, done.matrix_version) == (2, 2)


async def test_a_unit_of_later_needs_no_answer_before(mine: Mine) -> None:
    changed = grown()
    changed.units[3].start_date.CopyFrom(to_date_message(local_day(await mine.now(), 10)))
    request = whole(changed, validate_only=True)
    would = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    (gap,) = would.gaps
    assert (gap.unit_id, gap.role, gap.start_date) == (
        "canteen",
        STEWARD,
        changed.units[3].start_date,
    )
    changed.units[3].ClearField("start_date")
    changed.units[3].end_date.CopyFrom(to_date_message(local_day(await mine.now(), -1)))
    assert (await mine.ask("PublishDirectory", whole(changed), "ADMINISTRATOR")).version == 2


async def test_units_come_with_their_rows_in_one_moment(mine: Mine) -> None:
    content = rpc.MatrixContent(
        responsibilities=matrix(row("canteen", "li")), leading_office="调度室"
    )
    request = whole(grown(), matrix=content, request_id=str(uuid.uuid4()))
    done = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert (done.version, done.matrix_version) == (2, 2)
    assert [(change.part, change.id) for change in done.changes] == [
        ("units", "canteen"),
        # The offices weren't said again.
        ("matrix", "supporting_office"),
        ("matrix", "basis_document"),
        ("responsibilities", "canteen/STEWARD"),
    ]
    published = (await mine.facts(f"matrix/{SITE}"))[-1]
    assert isinstance(published, facts.MatrixPublished)
    assert published.leading_office == "调度室"
    assert await mine.ask("PublishDirectory", request, "ADMINISTRATOR") == done
    times = await mine.value(
        "SELECT count(DISTINCT publish_time) FROM "
        "(SELECT publish_time FROM matrix_versions WHERE version = 2 UNION ALL "
        "SELECT publish_time FROM directory_versions WHERE version = 2) AS both_lists"
    )
    assert times == 1


async def test_a_new_site_may_begin_with_its_matrix(bare: Mine) -> None:
    lacking = rpc.MatrixContent(responsibilities=matrix()[1:])
    answer = await bare.refused(
        "PublishDirectory", whole(directory(), matrix=lacking), "ADMINISTRATOR"
    )
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "1")
    content = rpc.MatrixContent(responsibilities=matrix())
    done = await bare.ask("PublishDirectory", whole(directory(), matrix=content), "ADMINISTRATOR")
    assert (done.version, done.matrix_version, done.handover_job_id) == (1, 1, "")
    assert [change.part for change in done.changes] == ["responsibilities"] * 6


async def test_rows_that_are_wrong_are_told_with_their_fields(mine: Mine) -> None:
    before = await written(mine)
    content = rpc.MatrixContent(responsibilities=[*matrix(), row("gone", "nobody")])
    answer = await mine.refused("PublishDirectory", whole(grown(), matrix=content), "ADMINISTRATOR")
    assert answer.reason == "MATRIX_INVALID"
    assert set(answer.fields) == {
        "matrix.responsibilities[6].unit_id",
        "matrix.responsibilities[6].person_id",
    }
    assert await written(mine) == before


async def test_a_trial_tells_all_and_does_nothing(mine: Mine) -> None:
    before = await written(mine)
    bad = grown()
    bad.units[0].parent_id = "nowhere"
    bad.positions[0].holder = ""
    bad.rules.ClearField("alternate_chain")
    would = await mine.ask("PublishDirectory", whole(bad, validate_only=True), "ADMINISTRATOR")
    assert [fault.field for fault in would.faults] == [
        "directory.units[0].parent_id",
        "directory.rules.alternate_chain",
        "directory.positions",
    ]
    assert [gap.unit_id for gap in would.gaps] == ["canteen"]
    assert {change.part for change in would.changes} == {"units", "positions", "rules"}
    assert (would.version, would.matrix_version) == (1, 1)
    assert await written(mine) == before
    elsewhere = await mine.refused(
        "PublishDirectory", whole(bad, validate_only=True), "ADMINISTRATOR", site="gucheng"
    )
    assert elsewhere.reason == "PERMISSION_DENIED"
    stale = whole(bad, validate_only=True, expected_version=9)
    assert (await mine.refused("PublishDirectory", stale, "ADMINISTRATOR")).reason == (
        "VERSION_MISMATCH"
    )


@pytest.mark.parametrize("how", ["vacant", "removed", "left"])
async def test_the_last_duty_lead_stays(mine: Mine, how: str) -> None:
    without = directory()
    if how == "vacant":
        without.positions[0].holder = ""
    elif how == "removed":
        del without.positions[0]
        del without.ladder[0]
    else:
        yesterday = to_date_message(local_day(await mine.now(), -1))
        without.people[4].end_date.CopyFrom(yesterday)
    answer = await mine.refused("PublishDirectory", whole(without), "ADMINISTRATOR")
    assert (answer.reason, answer.metadata) == ("LAST_DUTY_LEAD", {"position_id": "DUTY_LEAD"})
    assert await mine.value("SELECT directory_version FROM sites") == 1
    other = directory()
    other.positions[0].holder = "zhou"
    assert (await mine.publish_directory(other)).version == 2


async def test_a_roster_around_the_clock_stands_in_for_the_duty_lead(mine: Mine) -> None:
    vacant = directory()
    vacant.positions[0].holder = ""
    day = local_day(await mine.now(), -1)
    await roster(mine, shift("li", 0, 0, day=day, days=10, position="DUTY_LEAD"))
    assert (await mine.refused("PublishDirectory", whole(vacant), "ADMINISTRATOR")).reason == (
        "LAST_DUTY_LEAD"
    )
    await roster(mine, shift("li", 0, 0, day=day, days=20, position="DUTY_LEAD"))
    # Not when whoever is on it leaves by the same publication.
    left = pb.Directory()
    left.CopyFrom(vacant)
    left.people[1].end_date.CopyFrom(to_date_message(local_day(await mine.now(), 2)))
    content = rpc.MatrixContent(responsibilities=matrix(row("joint-1", "zhang")))
    answer = await mine.refused("PublishDirectory", whole(left, matrix=content), "ADMINISTRATOR")
    assert answer.reason == "LAST_DUTY_LEAD"
    assert (await mine.publish_directory(vacant)).version == 2


async def test_the_zone_stays_while_a_roster_is_in_force(mine: Mine) -> None:
    moved = directory()
    moved.time_zone = "Asia/Tokyo"
    day = local_day(await mine.now(), 1)
    await roster(mine, shift("li", 8, 16, day=day, position="DUTY_LEAD"))
    answer = await mine.refused("PublishDirectory", whole(moved), "ADMINISTRATOR")
    assert (answer.reason, answer.fields) == ("DIRECTORY_INVALID", ("directory.time_zone",))
    await roster(mine)
    assert (await mine.publish_directory(moved)).version == 2


async def test_of_two_publishers_one_is_told_what_the_other_changed(mine: Mine) -> None:
    def renamed(name: str) -> rpc.PublishDirectoryRequest:
        changed = directory()
        changed.units[0].name = name
        return whole(changed, expected_version=1)

    done = await asyncio.gather(
        *(mine.ask("PublishDirectory", renamed(name), "ADMINISTRATOR") for name in ("甲", "乙")),
        return_exceptions=True,
    )
    (refused,) = [each for each in done if isinstance(each, grpc.aio.AioRpcError)]
    assert refused.code() == grpc.StatusCode.ABORTED
    assert read_refusal(refused).fields == ("units[logistics]",)
    (won,) = [each for each in done if isinstance(each, rpc.PublishDirectoryResponse)]
    assert (await current(mine)).directory.units[0].name == won.changes[0].after.split(",")[0]
    answer = await mine.refused("PublishDirectory", renamed("丙"), "ADMINISTRATOR")
    assert (answer.reason, answer.fields) == ("VERSION_MISMATCH", ("units[logistics]",))


async def test_every_version_can_be_looked_up(mine: Mine) -> None:
    before = await mine.now()
    await mine.advance(timedelta(hours=1))
    renamed = directory()
    renamed.name = "余吾煤业公司"
    await mine.publish_directory(renamed)
    assert [(await current(mine, version=number)).directory.name for number in (1, 2)] == [
        "余吾煤业",
        "余吾煤业公司",
    ]
    then = await current(mine, at_time=to_timestamp(before))
    assert (then.version, then.directory.name) == (1, "余吾煤业")
    long_ago = to_timestamp(before - timedelta(days=999))
    assert (await current(mine, at_time=long_ago)).version == 1
    assert (await current(mine)).version == 2
    unknown = rpc.GetDirectoryRequest(site_id=SITE, version=7)
    answer = await mine.refused("GetDirectory", unknown, "CLERK")
    assert (answer.reason, answer.metadata) == ("NO_SUCH_LIST_VERSION", {"version": "7"})
    both = rpc.GetDirectoryRequest(site_id=SITE, version=1, at_time=to_timestamp(before))
    assert (await mine.refused("GetDirectory", both, "CLERK")).reason == "INVALID_FIELD"


async def test_sites_and_publications_are_listed_to_those_who_may_see_them(mine: Mine) -> None:
    other = directory("gucheng")
    other.number_prefix = "GC"
    await mine.ask("PublishDirectory", whole(other), "ADMINISTRATOR", site="gucheng", who="hu")
    (own,) = (await mine.ask("ListSites", org.ListSitesRequest(), "CLERK")).sites
    assert (own.site_id, own.directory_version, own.matrix_version) == (SITE, 1, 1)
    assert (own.unit_count, own.person_count, own.time_zone) == (3, 8, "Asia/Shanghai")
    both = await mine.ask("ListSites", org.ListSitesRequest(), "LEADER", site="*")
    assert [site.site_id for site in both.sites] == ["gucheng", SITE]

    await mine.publish_directory()
    for which, versions in (
        (org.SITE_LIST_DIRECTORY, [2, 1]),
        (org.SITE_LIST_MATRIX, [1]),
        (org.SITE_LIST_ROSTER, []),
    ):
        request = org.ListPublicationsRequest(site_id=SITE, list=which)
        listed = (await mine.ask("ListPublications", request, "SUPPORT")).publications
        assert [(each.list, each.version) for each in listed] == [
            (which, version) for version in versions
        ]
        assert all(each.published_by == "sun" for each in listed)
        answer = await mine.refused("ListPublications", request, "SUPPORT", site="gucheng")
        assert answer.reason == "DIRECTORY_NOT_FOUND"

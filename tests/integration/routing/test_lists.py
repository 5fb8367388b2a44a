"""Publishing directory, matrix and roster, and what can be asked of them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import grpc
from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message, to_timestamp
from tests.integration.routing.conftest import (
    HEAD,
    INSTRUCTOR,
    SITE,
    STEWARD,
    Mine,
    directory,
    matrix,
    row,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local_day(time: datetime, ahead: int = 0) -> date:
    return time.astimezone(SHANGHAI).date() + timedelta(days=ahead)


def shift(
    person: str,
    start: int,
    end: int,
    *,
    day: date = date(2026, 11, 23),
    days: int = 1,
    post: str = "",
    position: str = "",
) -> pb.Shift:
    return pb.Shift(
        post_id=post,
        position_id=position,
        person_id=person,
        start_date=to_date_message(day),
        end_date=to_date_message(day + timedelta(days=days - 1)),
        start_time=TimeOfDay(hours=start),
        end_time=TimeOfDay(hours=end),
    )


async def roster(mine: Mine, *shifts: pb.Shift) -> rpc.PublishRosterResponse:
    request = rpc.PublishRosterRequest(site_id=SITE, shifts=shifts)
    response: rpc.PublishRosterResponse = await mine.ask("PublishRoster", request)
    return response


async def on_duty(mine: Mine, *when: int, **at: str) -> tuple[str, bool]:
    request = rpc.WhoIsOnDutyRequest(site_id=SITE, **at)  # type: ignore[arg-type]
    if when:
        local = datetime(*when, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]
        request.at_time.CopyFrom(to_timestamp(local.astimezone(UTC)))
    found = await mine.ask("WhoIsOnDuty", request, "CLERK")
    return found.person_id, found.by_roster


async def test_a_directory_comes_back_as_it_was_published(bare: Mine) -> None:
    assert (await bare.publish_directory()).version == 1
    response = await bare.ask("GetDirectory", rpc.GetDirectoryRequest(site_id=SITE), "CLERK")
    expected = directory()
    expected.time_zone = "Asia/Shanghai"
    held = {position.holder: position.position_id for position in expected.positions}
    for person in expected.people:
        if person.person_id in held:
            person.position_ids.append(held[person.person_id])
    assert response == rpc.GetDirectoryResponse(directory=expected, version=1)
    published = await bare.facts(f"directory/{SITE}")
    assert published == [facts.DirectoryPublished(directory=expected)]
    assert (await bare.publish_directory()).version == 2


async def test_a_contradictory_directory_leaves_nothing_behind(bare: Mine) -> None:
    bad = directory()
    bad.units[0].parent_id = "bathhouse"
    bad.positions[2].holder = "nobody"
    answer = await bare.refused(
        "PublishDirectory", rpc.PublishDirectoryRequest(directory=bad), "ADMINISTRATOR"
    )
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "DIRECTORY_INVALID",
    )
    assert answer.fields == ("directory.units[0].parent_id", "directory.positions[2].holder")
    assert "logistics → bathhouse → logistics" in answer.sentence
    assert await bare.value("SELECT count(*) FROM sites") == 0
    assert await bare.value("SELECT count(*) FROM subjects") == 0


async def test_lists_are_edited_by_one_at_a_time(mine: Mine) -> None:
    stale = rpc.PublishDirectoryRequest(directory=directory(), expected_version=7)
    answer = await mine.refused("PublishDirectory", stale, "ADMINISTRATOR")
    assert (answer.reason, answer.metadata) == (
        "VERSION_MISMATCH",
        {"expected": "7", "actual": "1"},
    )
    old = rpc.PublishMatrixRequest(site_id=SITE, responsibilities=matrix(), expected_version=2)
    assert (await mine.refused("PublishMatrix", old, "DIRECTOR")).reason == "VERSION_MISMATCH"


async def test_another_sites_administrator_changes_and_sees_nothing(mine: Mine) -> None:
    answer = await mine.refused(
        "PublishDirectory",
        rpc.PublishDirectoryRequest(directory=directory()),
        "ADMINISTRATOR",
        site="gucheng",
    )
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    )
    for method, request in (
        ("GetDirectory", rpc.GetDirectoryRequest(site_id=SITE)),
        ("GetCoverage", rpc.GetCoverageRequest(site_id=SITE)),
        ("WhoIsOnDuty", rpc.WhoIsOnDutyRequest(site_id=SITE, position_id="DUTY_LEAD")),
        ("PublishMatrix", rpc.PublishMatrixRequest(site_id=SITE, responsibilities=matrix())),
        ("PublishRoster", rpc.PublishRosterRequest(site_id=SITE)),
    ):
        here = await mine.refused(method, request, "ADMINISTRATOR DISPATCHER", site="gucheng")
        if isinstance(request, rpc.PublishMatrixRequest | rpc.PublishRosterRequest):
            request.ClearField("request_id")
        request.site_id = "nowhere"
        nowhere = await mine.refused(method, request, "ADMINISTRATOR DISPATCHER")
        assert here.reason == nowhere.reason == "DIRECTORY_NOT_FOUND"
        assert here.code == nowhere.code


async def test_a_matrix_with_gaps_is_refused_with_each_of_them(mine: Mine) -> None:
    today = local_day(await mine.now())
    until = today + timedelta(days=30)
    rows = [
        given
        for given in matrix(row("bathhouse", "zhang", end=until))
        if given.role != INSTRUCTOR and given.unit_id != "logistics"
    ]
    answer = await mine.refused(
        "PublishMatrix",
        rpc.PublishMatrixRequest(site_id=SITE, responsibilities=rows),
        "DIRECTOR",
    )
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "COVERAGE_HAS_GAPS",
    )
    assert answer.metadata["count"] == "3"
    assert len(answer.fields) == 3
    assert await mine.value("SELECT matrix_version FROM sites") == 1


async def test_a_matrix_that_contradicts_itself_is_refused(mine: Mine) -> None:
    rows = [*matrix(), row("bathhouse", "li"), row("gone", "li"), row("logistics", "gone", HEAD)]
    answer = await mine.refused(
        "PublishMatrix",
        rpc.PublishMatrixRequest(site_id=SITE, responsibilities=rows),
        "ADMINISTRATOR",
    )
    assert answer.reason == "MATRIX_INVALID"
    assert set(answer.fields) == {
        "responsibilities[6].start_date",
        "responsibilities[7].unit_id",
        "responsibilities[8].person_id",
    }
    no_such_day = row("bathhouse", "li")
    no_such_day.start_date.month = 13
    answer = await mine.refused(
        "PublishMatrix",
        rpc.PublishMatrixRequest(site_id=SITE, responsibilities=[no_such_day]),
        "ADMINISTRATOR",
    )
    assert (answer.reason, answer.fields) == (
        "INVALID_FIELD",
        ("responsibilities[0].start_date",),
    )


async def test_a_repeated_publication_is_done_once(mine: Mine) -> None:
    request = rpc.PublishMatrixRequest(
        site_id=SITE, responsibilities=matrix(), request_id="matrix-once-1"
    )
    first = await mine.ask("PublishMatrix", request, "DIRECTOR")
    again = await mine.ask("PublishMatrix", request, "DIRECTOR")
    assert first == again
    assert first.version == 2
    assert first.handover_job_id
    request.basis_document = "另一文件"
    assert (await mine.refused("PublishMatrix", request, "DIRECTOR")).reason == (
        "REQUEST_ID_REUSED"
    )


async def test_coverage_tells_holders_gaps_and_what_the_matrix_rests_on(mine: Mine) -> None:
    now = await mine.now()
    tomorrow = local_day(now, 1)
    await mine.publish(
        matrix(
            row("bathhouse", "zhang", end=local_day(now)), row("bathhouse", "li", start=tomorrow)
        )
    )
    coverage = await mine.ask("GetCoverage", rpc.GetCoverageRequest(site_id=SITE), "SUPPORT")
    assert [unit.unit_id for unit in coverage.units] == ["logistics", "bathhouse", "joint-1"]
    held = {unit.unit_id: [h.person_id for h in unit.holders] for unit in coverage.units}
    assert held == {
        "logistics": ["zhang"],
        "bathhouse": ["zhang", "wang"],
        "joint-1": ["li", "zhao", "wang"],
    }
    assert coverage.units[0].holders[0].person_name == "张三"
    assert not coverage.gaps
    assert (coverage.leading_office, coverage.supporting_office, coverage.basis_document) == (
        "调度室",
        "党建调度",
        "试行〔2026〕1号",
    )
    ahead = rpc.GetCoverageRequest(site_id=SITE, at_time=to_timestamp(now + timedelta(days=1)))
    later = await mine.ask("GetCoverage", ahead, "SUPPORT")
    assert later.units[1].holders[0].person_id == "li"


async def test_the_past_is_answered_by_what_was_in_force(mine: Mine) -> None:
    before = await mine.now()
    await mine.advance(timedelta(days=3))
    today = local_day(await mine.now())
    await mine.publish(
        [
            row(given.unit_id, "li" if given.role == STEWARD else "zhou", given.role, today)
            for given in matrix()
        ]
    )
    past = rpc.GetCoverageRequest(site_id=SITE, at_time=to_timestamp(before))
    coverage = await mine.ask("GetCoverage", past, "SUPPORT")
    assert coverage.units[1].holders[0].person_id == "zhang"
    assert coverage.matrix_version == 1
    present = await mine.ask("GetCoverage", rpc.GetCoverageRequest(site_id=SITE), "SUPPORT")
    assert present.units[1].holders[0].person_id == "li"


async def test_units_that_a_directory_brought_before_the_matrix_are_seen_as_gaps(
    bare: Mine,
) -> None:
    grown = directory()
    grown.units.add(unit_id="canteen", name="食堂", kind=pb.UNIT_KIND_WORKSHOP)
    await bare.publish_directory(grown)
    coverage = await bare.ask("GetCoverage", rpc.GetCoverageRequest(site_id=SITE), "SUPPORT")
    assert ("canteen", STEWARD) in [(gap.unit_id, gap.role) for gap in coverage.gaps]
    assert not coverage.gaps[0].HasField("end_date")


async def test_absurd_times_are_refused_in_words(mine: Mine) -> None:
    for seconds in (-62_135_596_800, 253_402_300_799, 10**17):
        request = rpc.GetCoverageRequest(site_id=SITE)
        request.at_time.seconds = seconds
        answer = await mine.refused("GetCoverage", request, "SUPPORT")
        assert answer.code == grpc.StatusCode.INVALID_ARGUMENT


async def test_the_roster_goes_before_the_standing_holder(mine: Mine) -> None:
    await roster(
        mine,
        shift("li", 8, 16, days=3, position="DUTY_LEAD"),
        shift("zhao", 22, 6, days=3, position="DUTY_LEAD"),
        shift("wang", 11, 13, post="south"),
    )
    assert await on_duty(mine, 2026, 11, 23, 8, position_id="DUTY_LEAD") == ("li", True)
    assert await on_duty(mine, 2026, 11, 23, 16, position_id="DUTY_LEAD") == ("sun", False)
    assert await on_duty(mine, 2026, 11, 26, 5, 59, position_id="DUTY_LEAD") == ("zhao", True)
    assert await on_duty(mine, 2026, 11, 26, 6, position_id="DUTY_LEAD") == ("sun", False)
    assert await on_duty(mine, 2026, 11, 23, 12, post_id="south") == ("wang", True)
    assert await on_duty(mine, 2026, 11, 23, 14, post_id="south") == ("", False)
    assert await on_duty(mine, 2026, 11, 23, 8, position_id="LEADING_GROUP") == ("", False)
    assert await on_duty(mine, 2026, 11, 23, 8, position_id="DISPATCH_ROOM") == ("li", True)
    assert await on_duty(mine, 2026, 11, 23, 16, position_id="DISPATCH_ROOM") == ("sun", False)


async def test_unknown_positions_and_posts_are_told(mine: Mine) -> None:
    for at in ({"position_id": "GONE"}, {"post_id": "gone"}):
        request = rpc.WhoIsOnDutyRequest(site_id=SITE, **at)  # type: ignore[arg-type]
        assert (await mine.refused("WhoIsOnDuty", request, "CLERK")).reason == "POSITION_UNKNOWN"
    nothing = rpc.WhoIsOnDutyRequest(site_id=SITE)
    assert (await mine.refused("WhoIsOnDuty", nothing, "CLERK")).reason == "INVALID_FIELD"


async def test_a_roster_that_contradicts_itself_is_refused(mine: Mine) -> None:
    bad = rpc.PublishRosterRequest(
        site_id=SITE,
        shifts=[
            shift("li", 8, 16, position="DUTY_LEAD"),
            shift("zhao", 15, 20, position="DUTY_LEAD"),
            shift("gone", 8, 9, post="south"),
        ],
    )
    answer = await mine.refused("PublishRoster", bad)
    assert answer.reason == "ROSTER_INVALID"
    assert set(answer.fields) == {"shifts[1]", "shifts[2].person_id"}
    odd = shift("li", 8, 16, position="DUTY_LEAD")
    odd.end_time.minutes = 75
    request = rpc.PublishRosterRequest(site_id=SITE, shifts=[odd])
    assert (await mine.refused("PublishRoster", request)).fields == ("shifts[0].end_time",)


async def test_a_shift_withdrawn_before_its_day_is_not_served(mine: Mine) -> None:
    day = local_day(await mine.now(), 10)
    first = await roster(mine, shift("li", 8, 16, day=day, position="DUTY_LEAD"))
    when = day.year, day.month, day.day, 9
    assert await on_duty(mine, *when, position_id="DUTY_LEAD") == ("li", True)
    second = await roster(mine)
    assert (first.version, second.version) == (1, 2)
    assert await on_duty(mine, *when, position_id="DUTY_LEAD") == ("sun", False)

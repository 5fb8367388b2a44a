"""Single entries of a directory, put in and taken out with the rows that go with them."""

import uuid
from datetime import date

import pytest

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from chassis.convert import to_date_message
from tests.integration.routing.conftest import SITE, Mine, row
from tests.integration.routing.test_directory import CANTEEN, current, written
from tests.integration.routing.test_handover import absent
from tests.integration.routing.test_lists import local_day, roster, shift


def some(**changes: object) -> org.UpdateDirectoryRequest:
    return org.UpdateDirectoryRequest(site_id=SITE, **changes)  # type: ignore[arg-type]


async def test_a_unit_is_added_with_its_row(mine: Mine) -> None:
    answer = await mine.refused("UpdateDirectory", some(units=[CANTEEN]), "ADMINISTRATOR")
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "1")
    request = some(
        units=[CANTEEN], responsibilities=[row("canteen", "li")], request_id=str(uuid.uuid4())
    )
    done = await mine.ask("UpdateDirectory", request, "ADMINISTRATOR")
    assert (done.version, done.matrix_version) == (2, 2)
    assert done.handover_job_id
    assert [(change.part, change.id) for change in done.changes] == [
        ("units", "canteen"),
        ("responsibilities", "canteen/STEWARD"),
    ]
    found = (await current(mine)).directory
    assert [unit.unit_id for unit in found.units][-1] == "canteen"
    assert len(found.people) == 8
    # The offices of the matrix stay.
    published = (await mine.facts(f"matrix/{SITE}"))[-1]
    assert isinstance(published, facts.MatrixPublished)
    assert published.basis_document == "试行〔2026〕1号"
    assert len(published.responsibilities) == 7
    assert await mine.ask("UpdateDirectory", request, "ADMINISTRATOR") == done
    assert await mine.value("SELECT directory_version FROM sites") == 2


async def test_a_unit_goes_with_its_rows(mine: Mine) -> None:
    done = await mine.ask("UpdateDirectory", some(removed_unit_ids=["joint-1"]), "ADMINISTRATOR")
    assert (done.version, done.matrix_version) == (2, 2)
    gone = [change.id for change in done.changes if change.kind == org.CHANGE_KIND_REMOVED]
    assert gone == [
        "joint-1",
        "joint-1/INSTRUCTOR",
        "joint-1/STEWARD",
        "joint-1/TECHNICIAN",
    ]
    left = await mine.value("SELECT count(*) FROM responsibilities WHERE until_version IS NULL")
    assert left == 3


async def test_what_an_update_cannot_do_is_told_by_its_own_fields(mine: Mine) -> None:
    before = await written(mine)
    bad = some(
        units=[pb.Unit(unit_id="x", name="某队", kind=pb.UNIT_KIND_TEAM, parent_id="gone")],
        removed_person_ids=["nobody"],
        removed_unit_ids=["logistics"],
    )
    answer = await mine.refused("UpdateDirectory", bad, "ADMINISTRATOR")
    assert answer.reason == "DIRECTORY_INVALID"
    assert answer.fields == (
        "removed_person_ids[0]",
        # The bathhouse is left without what it is under.
        "directory.units[0].parent_id",
        "units[0].parent_id",
        "directory.people[3].unit_id",
    )
    rows = some(responsibilities=[row("bathhouse", "li"), row("bathhouse", "zhao")])
    answer = await mine.refused("UpdateDirectory", rows, "ADMINISTRATOR")
    assert (answer.reason, answer.fields) == (
        "MATRIX_INVALID",
        ("responsibilities[1].start_date",),
    )
    stale = some(people=[pb.Person(person_id="qian", name="钱二")], expected_version=4)
    assert (await mine.refused("UpdateDirectory", stale, "ADMINISTRATOR")).reason == (
        "VERSION_MISMATCH"
    )
    last = some(positions=[pb.Position(position_id="DUTY_LEAD", name="值班负责人")])
    assert (await mine.refused("UpdateDirectory", last, "ADMINISTRATOR")).reason == (
        "LAST_DUTY_LEAD"
    )
    assert await written(mine) == before


async def test_another_sites_administrator_updates_nothing(mine: Mine) -> None:
    request = some(people=[pb.Person(person_id="qian", name="钱二")])
    for validate_only in (False, True):
        request.validate_only = validate_only
        request.ClearField("request_id")
        answer = await mine.refused("UpdateDirectory", request, "ADMINISTRATOR", site="gucheng")
        assert answer.reason == "DIRECTORY_NOT_FOUND"
    assert await mine.value("SELECT directory_version FROM sites") == 1


async def test_an_update_is_tried_without_being_done(mine: Mine) -> None:
    before = await written(mine)
    request = some(units=[CANTEEN], removed_unit_ids=["gone"], validate_only=True)
    would = await mine.ask("UpdateDirectory", request, "ADMINISTRATOR")
    assert [fault.field for fault in would.faults] == ["removed_unit_ids[0]"]
    assert [gap.unit_id for gap in would.gaps] == ["canteen"]
    assert [change.id for change in would.changes] == ["canteen"]
    assert (would.version, would.matrix_version) == (1, 1)
    assert await written(mine) == before


@pytest.mark.parametrize("ahead", [0, 1, 20, 1000])
async def test_the_duty_lead_does_not_leave_on_a_later_day_either(mine: Mine, ahead: int) -> None:
    last = to_date_message(local_day(await mine.now(), ahead))
    request = some(people=[pb.Person(person_id="sun", name="孙七", end_date=last)])
    answer = await mine.refused("UpdateDirectory", request, "ADMINISTRATOR")
    assert answer.reason == "LAST_DUTY_LEAD"
    request.validate_only = True
    told = await mine.ask("UpdateDirectory", request, "ADMINISTRATOR")
    assert [fault.field for fault in told.faults] == ["directory.positions"]
    request.validate_only = False
    request.positions.append(pb.Position(position_id="DUTY_LEAD", name="值班负责人", holder="wu"))
    await mine.ask("UpdateDirectory", request, "ADMINISTRATOR")


async def test_who_stands_in_for_the_duty_lead_stays(mine: Mine) -> None:
    await absent(mine, "sun", 30, 40, "zheng")
    vacant = pb.Position(position_id="GROUP_INSPECTION", name="集团纪委", outside=True)
    removed = some(positions=[vacant], removed_person_ids=["zheng"])
    last = to_date_message(local_day(await mine.now(), 35))
    left = some(people=[pb.Person(person_id="zheng", name="郑十", end_date=last)])
    for request in (removed, left):
        answer = await mine.refused("UpdateDirectory", request, "ADMINISTRATOR")
        assert answer.reason == "LAST_DUTY_LEAD"


async def test_the_duty_lead_whom_only_the_roster_has_stays(mine: Mine) -> None:
    day = local_day(await mine.now(), -1)
    await roster(mine, shift("zhou", 0, 24, day=day, days=60, position="DUTY_LEAD"))
    lead = pb.Position(position_id="DUTY_LEAD", name="值班负责人")
    await mine.ask("UpdateDirectory", some(positions=[lead]), "ADMINISTRATOR")
    removed = some(
        positions=[pb.Position(position_id="DIRECTOR", name="调度室主任")],
        removed_person_ids=["zhou"],
    )
    last = to_date_message(local_day(await mine.now(), 30))
    left = some(people=[pb.Person(person_id="zhou", name="周八", end_date=last)])
    for request in (removed, left):
        answer = await mine.refused("UpdateDirectory", request, "ADMINISTRATOR")
        assert answer.reason == "LAST_DUTY_LEAD"


async def test_days_that_no_calendar_bears_are_refused(mine: Mine) -> None:
    never = to_date_message(date.max)
    person = some(people=[pb.Person(person_id="sun", name="孙七", end_date=never)])
    answer = await mine.refused("UpdateDirectory", person, "ADMINISTRATOR")
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("people[0].end_date",))
    given = some(responsibilities=[row("bathhouse", "li", start=date.max)])
    answer = await mine.refused("UpdateDirectory", given, "ADMINISTRATOR")
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("responsibilities[0].start_date",))

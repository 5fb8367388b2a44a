"""Directory, matrix and roster in one call: all of it is in force, or none."""

from datetime import timedelta

from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message
from tests.integration.routing.conftest import SITE, Mine, directory, matrix, row
from tests.integration.routing.test_lists import local_day

HEADS = "SELECT directory_version || '/' || matrix_version || '/' || roster_version FROM sites"


async def shift(mine: Mine, person: str, days: int = 30, **place: str) -> pb.Shift:
    today = local_day(await mine.now())
    return pb.Shift(
        person_id=person,
        start_date=to_date_message(today),
        end_date=to_date_message(today + timedelta(days=days)),
        start_time=TimeOfDay(hours=8),
        end_time=TimeOfDay(hours=16),
        **(place or {"post_id": "south"}),
    )


def together(*shifts: pb.Shift, people: int = 0) -> rpc.PublishDirectoryRequest:
    """The sample organisation with newcomers, its matrix and these shifts."""
    changed = directory()
    for number in range(people):
        changed.people.add(person_id=f"new-{number}", name="新人")
    return rpc.PublishDirectoryRequest(
        directory=changed,
        matrix=rpc.MatrixContent(responsibilities=matrix()),
        roster=rpc.RosterContent(shifts=shifts),
    )


async def test_a_newcomer_has_a_shift_from_the_first_moment(mine: Mine) -> None:
    request = together(await shift(mine, "new-0"), people=1)
    response = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert response.roster_version == 1
    assert {(change.part, change.id) for change in response.changes} >= {("people", "new-0")}
    assert "shifts" in {change.part for change in response.changes}
    found = await mine.ask("GetRoster", org.GetRosterRequest(site_id=SITE), "CLERK")
    assert (found.version, [one.person_id for one in found.shifts]) == (1, ["new-0"])
    # The same again is told the same.
    again = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert again == response


async def test_what_is_wrong_with_the_roster_keeps_all_of_it_out(mine: Mine) -> None:
    before = await mine.value(HEADS)
    request = together(await shift(mine, "nobody"), people=1)
    answer = await mine.refused("PublishDirectory", request, "ADMINISTRATOR")
    assert answer.reason == "ROSTER_INVALID"
    assert answer.fields == ("roster.shifts[0].person_id",)
    assert await mine.value(HEADS) == before
    request.validate_only = True
    seen = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert [fault.field for fault in seen.faults] == ["roster.shifts[0].person_id"]
    assert {"people", "shifts"} <= {change.part for change in seen.changes}
    assert await mine.value(HEADS) == before


async def test_without_a_roster_the_one_in_force_stays(mine: Mine) -> None:
    await mine.ask("PublishDirectory", together(await shift(mine, "sun")), "ADMINISTRATOR")
    response = await mine.publish_directory()
    assert response.roster_version == 1
    found = await mine.ask("GetRoster", org.GetRosterRequest(site_id=SITE), "CLERK")
    assert len(found.shifts) == 1


async def test_a_lead_by_the_roster_alone_may_come_with_it(mine: Mine) -> None:
    """The standing holder goes, and the roster that comes along covers the position for good."""
    request = together()
    request.directory.positions[0].holder = ""
    assert (await mine.refused("PublishDirectory", request, "ADMINISTRATOR")).reason == (
        "LAST_DUTY_LEAD"
    )
    for first, last in ((0, 8), (8, 16), (16, 24)):
        one = await shift(mine, "sun", days=3_000, position_id="DUTY_LEAD")
        one.start_time.CopyFrom(TimeOfDay(hours=first))
        one.end_time.CopyFrom(TimeOfDay(hours=last % 24))
        request.roster.shifts.append(one)
    request.request_id = ""
    response = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert response.roster_version == 1


async def test_shifts_end_with_who_goes_to_another_mine(mine: Mine) -> None:
    other = directory("gucheng")
    await mine.ask(
        "PublishDirectory", rpc.PublishDirectoryRequest(directory=other), "ADMINISTRATOR",
        site="gucheng",
    )  # fmt: skip
    moving = together(await shift(mine, "new-0"), await shift(mine, "sun", position_id="DIRECTOR"))
    moving.directory.people.add(person_id="new-0", name="新人")
    await mine.ask("PublishDirectory", moving, "ADMINISTRATOR")
    start = local_day(await mine.now(), 10)
    await mine.ask(
        "TransferPerson",
        org.TransferPersonRequest(
            from_site_id=SITE,
            person_id="new-0",
            to_site_id="gucheng",
            start_date=to_date_message(start),
            responsibilities=[row("bathhouse", "zhang")],
        ),
        "ADMINISTRATOR",
        site=f"{SITE} gucheng",
    )
    found = await mine.ask("GetRoster", org.GetRosterRequest(site_id=SITE), "CLERK")
    ends = {one.person_id: one.end_date for one in found.shifts}
    assert ends["new-0"] == to_date_message(start - timedelta(days=1))
    assert ends["sun"] != ends["new-0"]


async def test_another_office_alone_is_a_change(mine: Mine) -> None:
    request = together()
    request.matrix.leading_office = "调度室"
    request.matrix.supporting_office = "工会"
    request.matrix.basis_document = "试行〔2026〕1号"
    request.validate_only = True
    seen = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    [change] = [one for one in seen.changes if one.part == "matrix"]
    assert (change.id, change.before, change.after) == ("supporting_office", "党建调度", "工会")
    request.validate_only, request.request_id = False, ""
    response = await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    assert change in response.changes

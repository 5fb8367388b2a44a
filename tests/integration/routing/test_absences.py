"""Who is away: recorded, cancelled and listed, and never so that a unit is left with nobody."""

import asyncio
from datetime import date, timedelta

import grpc
import pytest

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.testing import read_refusal
from tests.integration.routing.conftest import SITE, Mine, directory, matrix, row
from tests.integration.routing.test_handover import absent, today
from tests.integration.routing.test_lists import roster, shift


async def asked(
    mine: Mine, person: str, first: int, last: int, deputy: str = ""
) -> organisation.RecordAbsenceRequest:
    return organisation.RecordAbsenceRequest(
        site_id=SITE,
        person_id=person,
        start_date=to_date_message(await today(mine, first)),
        end_date=to_date_message(await today(mine, last)),
        deputy=deputy,
        reason="出差",
    )


async def listed(mine: Mine, day: date | None = None) -> list[str]:
    request = organisation.ListAbsencesRequest(site_id=SITE)
    if day is not None:
        request.from_date.CopyFrom(to_date_message(day))
    response = await mine.ask("ListAbsences", request, "STEWARD")
    return [absence.absence_id for absence in response.absences]


async def holders(mine: Mine, unit: str = "bathhouse") -> list[tuple[str, str]]:
    request = organisation.WhoAnswersForRequest(site_id=SITE, unit_id=unit)
    response = await mine.ask("WhoAnswersFor", request, "CLERK")
    return [
        (holder.person_id, holder.deputy_for)
        for holder in response.holders
        if holder.role == pb.RESPONSIBILITY_ROLE_STEWARD
    ]


async def test_an_absence_is_recorded_told_and_published(mine: Mine) -> None:
    request = await asked(mine, "zhang", 0, 4, "li")
    absence = (await mine.ask("RecordAbsence", request)).absence
    assert (absence.person_id, absence.deputy, absence.recorded_by) == ("zhang", "li", "sun")
    assert (absence.start_date, absence.end_date) == (request.start_date, request.end_date)
    assert absence.HasField("record_time")
    assert not absence.HasField("cancel_time")
    assert await mine.facts(f"absences/{SITE}") == [facts.AbsenceRecorded(absence=absence)]
    assert await listed(mine) == [absence.absence_id]
    assert await holders(mine) == [("li", "zhang")]


async def test_a_repeated_recording_is_done_once(mine: Mine) -> None:
    request = await asked(mine, "zhang", 0, 4, "li")
    request.request_id = "absence-once-1"
    first = await mine.ask("RecordAbsence", request)
    assert await mine.ask("RecordAbsence", request) == first
    assert await mine.value("SELECT count(*) FROM absences") == 1
    request.reason = "病假"
    assert (await mine.refused("RecordAbsence", request)).reason == "REQUEST_ID_REUSED"


async def test_the_deputy_of_the_row_stands_in_where_the_absence_names_none(mine: Mine) -> None:
    rows = matrix(
        deputised("logistics", "zhang", "sun"),
        deputised("bathhouse", "zhang", "zhou"),
    )
    await mine.publish(rows)
    await absent(mine, "zhang", 0, 0)
    assert await holders(mine) == [("zhou", "zhang")]
    assert await holders(mine, "logistics") == [("sun", "zhang")]


def deputised(unit: str, person: str, deputy: str) -> pb.Responsibility:
    given = row(unit, person)
    given.deputy = deputy
    return given


async def test_an_absence_that_leaves_a_unit_to_nobody_is_refused(mine: Mine) -> None:
    answer = await mine.refused("RecordAbsence", await asked(mine, "zhang", 1, 2))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "COVERAGE_HAS_GAPS",
    )
    assert answer.metadata["count"] == "2"
    assert answer.fields == ("start_date", "start_date")
    # A deputy who is away as well is nobody.
    await absent(mine, "wu", 2, 2)
    both = await mine.refused("RecordAbsence", await asked(mine, "zhang", 1, 2, "wu"))
    assert both.reason == "COVERAGE_HAS_GAPS"
    # And so is whoever goes away from what they stand in for.
    await absent(mine, "zhang", 5, 6, "li")
    answer = await mine.refused("RecordAbsence", await asked(mine, "li", 6, 9, "zhou"))
    assert answer.reason == "COVERAGE_HAS_GAPS"
    assert await mine.value("SELECT count(*) FROM absences") == 2


async def test_days_that_are_over_backward_or_too_many_are_refused(mine: Mine) -> None:
    for first, last in ((-1, 3), (3, 2), (0, 731)):
        answer = await mine.refused("RecordAbsence", await asked(mine, "wu", first, last))
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "PERIOD_INVALID",
        )
    await absent(mine, "wu", 0, 730)


async def test_strangers_and_ones_own_deputy_are_refused(mine: Mine) -> None:
    for person, deputy, stranger, field in (
        ("nobody", "", "nobody", "person_id"),
        ("wu", "ghost", "ghost", "deputy"),
    ):
        answer = await mine.refused("RecordAbsence", await asked(mine, person, 0, 1, deputy))
        assert (answer.reason, answer.metadata["person_id"]) == ("PERSON_UNKNOWN", stranger)
        assert answer.fields == (field,)
    answer = await mine.refused("RecordAbsence", await asked(mine, "wu", 0, 1, "wu"))
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("deputy",))


async def test_nobody_is_away_twice_at_once(mine: Mine) -> None:
    await absent(mine, "wu", 2, 4)
    for first, last in ((0, 2), (4, 6), (3, 3), (0, 9)):
        answer = await mine.refused("RecordAbsence", await asked(mine, "wu", first, last))
        assert (answer.reason, answer.metadata) == ("ABSENCE_OVERLAPS", {"person_id": "wu"})
    await absent(mine, "wu", 0, 1)
    await absent(mine, "wu", 5, 6)


async def test_of_two_who_record_the_same_days_at_once_one_is_refused(mine: Mine) -> None:
    async def attempt(last: int) -> str:
        try:
            await mine.ask("RecordAbsence", await asked(mine, "wu", 0, last))
        except grpc.aio.AioRpcError as error:
            return read_refusal(error).reason
        return "OK"

    outcomes = await asyncio.gather(*(attempt(last) for last in range(6)))
    assert sorted(outcomes) == ["ABSENCE_OVERLAPS"] * 5 + ["OK"]
    assert await mine.value("SELECT count(*) FROM absences") == 1


async def test_of_two_who_would_both_leave_a_unit_only_one_may(mine: Mine) -> None:
    """Steward and deputy go away at the same moment: either alone is fine, both aren't."""
    await mine.publish(
        matrix(
            deputised("logistics", "zhang", "wu"),
            deputised("bathhouse", "zhang", "wu"),
        )
    )

    async def attempt(person: str) -> str:
        try:
            await mine.ask("RecordAbsence", await asked(mine, person, 1, 3))
        except grpc.aio.AioRpcError as error:
            return read_refusal(error).reason
        return "OK"

    outcomes = await asyncio.gather(attempt("zhang"), attempt("wu"))
    assert sorted(outcomes) == ["COVERAGE_HAS_GAPS", "OK"]


async def test_a_matrix_and_an_absence_at_once_never_leave_a_unit_between_them(mine: Mine) -> None:
    """Either alone is fine: the matrix gives a unit to whom the absence takes away."""

    async def publish() -> None:
        await mine.publish(matrix(row("bathhouse", "wu")))

    async def leave() -> None:
        await mine.ask("RecordAbsence", await asked(mine, "wu", 1, 3))

    outcomes = await asyncio.gather(publish(), leave(), return_exceptions=True)
    refused = [each for each in outcomes if each is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], grpc.aio.AioRpcError)
    assert read_refusal(refused[0]).reason == "COVERAGE_HAS_GAPS"


async def test_everyone_speaks_for_themselves_and_the_dispatch_room_for_all(mine: Mine) -> None:
    own = await mine.ask("RecordAbsence", await asked(mine, "wu", 0, 1), "HANDLER", who="wu")
    request = await asked(mine, "wu", 5, 6)
    answer = await mine.refused("RecordAbsence", request, "STEWARD", who="li")
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    )
    cancel = organisation.CancelAbsenceRequest(site_id=SITE, absence_id=own.absence.absence_id)
    answer = await mine.refused("CancelAbsence", cancel, "STEWARD", who="li")
    assert answer.reason == "PERMISSION_DENIED"
    cancel.ClearField("request_id")
    await mine.ask("CancelAbsence", cancel, "HANDLER", who="wu")


async def test_a_cancelled_absence_counts_no_longer(mine: Mine) -> None:
    absence_id = await absent(mine, "zhang", 0, 9, "li")
    request = organisation.CancelAbsenceRequest(site_id=SITE, absence_id=absence_id)
    cancelled = (await mine.ask("CancelAbsence", request)).absence
    assert cancelled.HasField("cancel_time")
    assert await holders(mine) == [("zhang", "")]
    assert await listed(mine) == []
    assert len(await mine.facts(f"absences/{SITE}")) == 2
    # Once more changes nothing, by the same request or by another.
    assert (await mine.ask("CancelAbsence", request)).absence == cancelled
    request.request_id = "another-request"
    assert (await mine.ask("CancelAbsence", request)).absence == cancelled
    assert len(await mine.facts(f"absences/{SITE}")) == 2
    await absent(mine, "zhang", 0, 9, "li")


async def test_absences_are_listed_by_first_day_from_a_day_on(mine: Mine) -> None:
    later = await absent(mine, "wu", 8, 9)
    soon = await absent(mine, "zheng", 1, 2)
    assert await listed(mine) == [soon, later]
    assert await listed(mine, await today(mine, 2)) == [soon, later]
    assert await listed(mine, await today(mine, 3)) == [later]


async def test_another_site_knows_nothing_of_it(mine: Mine) -> None:
    absence_id = await absent(mine, "wu", 0, 1)
    record = await asked(mine, "wu", 5, 6)
    cancel = organisation.CancelAbsenceRequest(site_id=SITE, absence_id=absence_id)
    for method, request in (
        ("RecordAbsence", record),
        ("CancelAbsence", cancel),
        ("ListAbsences", organisation.ListAbsencesRequest(site_id=SITE)),
    ):
        answer = await mine.refused(method, request, site="gucheng")
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.NOT_FOUND,
            "DIRECTORY_NOT_FOUND",
        )
    other = organisation.CancelAbsenceRequest(site_id=SITE, absence_id=new_id())
    assert (await mine.refused("CancelAbsence", other)).reason == "ABSENCE_NOT_FOUND"
    # The absence of one site can't be named under another.
    await mine.ask(
        "PublishDirectory",
        rpc.PublishDirectoryRequest(directory=directory("gucheng")),
        "ADMINISTRATOR",
        site="gucheng",
    )
    foreign = organisation.CancelAbsenceRequest(site_id="gucheng", absence_id=absence_id)
    answer = await mine.refused("CancelAbsence", foreign, site="gucheng")
    assert answer.reason == "ABSENCE_NOT_FOUND"


@pytest.mark.parametrize("deputy", ["", "wu"])
async def test_the_last_duty_lead_needs_a_deputy(mine: Mine, deputy: str) -> None:
    request = await asked(mine, "sun", 0, 1, deputy)
    if deputy:
        await mine.ask("RecordAbsence", request)
        return
    answer = await mine.refused("RecordAbsence", request)
    assert (answer.reason, answer.metadata) == ("LAST_DUTY_LEAD", {"position_id": "DUTY_LEAD"})
    assert await mine.value("SELECT count(*) FROM absences") == 0


async def test_a_roster_around_the_clock_lets_the_duty_lead_go(mine: Mine) -> None:
    first, last = await today(mine, -1), await today(mine, 3)
    given = pb.Shift(
        position_id="DUTY_LEAD",
        person_id="zhou",
        start_date=to_date_message(first),
        end_date=to_date_message(last),
    )
    given.start_time.SetInParent()
    given.end_time.hours = 24
    await mine.ask("PublishRoster", rpc.PublishRosterRequest(site_id=SITE, shifts=[given]))
    answer = await mine.refused("RecordAbsence", await asked(mine, "sun", 0, 4))
    assert answer.reason == "LAST_DUTY_LEAD"
    await absent(mine, "sun", 0, 3)


async def test_an_absence_is_known_from_when_it_was_recorded(mine: Mine) -> None:
    before = await mine.now()
    await mine.advance(timedelta(hours=1))
    await absent(mine, "zhang", 0, 3, "li")
    request = organisation.WhoAnswersForRequest(site_id=SITE, unit_id="bathhouse")
    request.at_time.FromDatetime(before)
    then = await mine.ask("WhoAnswersFor", request, "CLERK")
    assert then.holders[0].person_id == "zhang"
    request.known_time.FromDatetime(await mine.now())
    since = await mine.ask("WhoAnswersFor", request, "CLERK")
    assert since.holders[0].person_id == "li"


@pytest.mark.parametrize("first", [0, 30])
async def test_who_stands_in_for_the_duty_lead_is_there(mine: Mine, first: int) -> None:
    await absent(mine, "zhou", first, first)
    answer = await mine.refused("RecordAbsence", await asked(mine, "sun", 0, 40, "zhou"))
    assert answer.reason == "LAST_DUTY_LEAD"
    await absent(mine, "sun", 0, 40, "wu")
    # Nor may who stands in go away meanwhile.
    answer = await mine.refused("RecordAbsence", await asked(mine, "wu", first, first, "li"))
    assert answer.reason == "LAST_DUTY_LEAD"
    assert await mine.value("SELECT count(*) FROM absences") == 2
    await absent(mine, "wu", 41, 50)


@pytest.mark.parametrize("first", [0, 30])
async def test_the_duty_lead_whom_only_the_roster_has_stays(mine: Mine, first: int) -> None:
    day = await today(mine, -1)
    await roster(mine, shift("zhou", 0, 24, day=day, days=60, position="DUTY_LEAD"))
    # The standing holder does it meanwhile.
    await absent(mine, "zhou", first, first)
    vacant = directory()
    vacant.positions[0].holder = ""
    if first:
        await mine.publish_directory(vacant)
        answer = await mine.refused("RecordAbsence", await asked(mine, "zhou", 5, 5, "sun"))
        assert answer.reason == "LAST_DUTY_LEAD"
    else:
        request = rpc.PublishDirectoryRequest(directory=vacant)
        answer = await mine.refused("PublishDirectory", request, "ADMINISTRATOR")
        assert answer.reason == "LAST_DUTY_LEAD"


async def test_days_that_no_calendar_bears_are_refused(mine: Mine) -> None:
    for person in ("sun", "zhang"):
        request = await asked(mine, person, 0, 1)
        request.end_date.CopyFrom(to_date_message(date.max))
        answer = await mine.refused("RecordAbsence", request)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("end_date",))
        request.start_date.CopyFrom(to_date_message(date.max))
        answer = await mine.refused("RecordAbsence", request)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("start_date",))

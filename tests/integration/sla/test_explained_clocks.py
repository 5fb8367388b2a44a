"""Why a clock is due when it is, day by day."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2
from chassis.convert import to_date, to_timestamp
from chassis.ids import new_id
from tests.integration.sla.asking import (
    FIRST_REPLY,
    PAUSE,
    PLAN,
    REVIEW,
    Desk,
    desk_of,
    live_a_little,
    one,
    refused,
)
from tests.integration.sla.conftest import SITE, Sla, fed_back, utc
from tests.integration.sla.served import DAY, MIDNIGHT, MONDAY, SHANGHAI


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(sla, tmp_path) as desk:
        yield desk


async def test_a_clock_is_explained_by_its_own_rule_and_pauses(desk: Desk) -> None:
    case_id = await live_a_little(desk)
    plan = one((await desk.clocks(case_id)).clocks, PLAN)
    response = await desk.explained(plan.clock_id)
    assert response.due_time == plan.due_time
    monday = MONDAY.astimezone(SHANGHAI).date()
    assert [(to_date(day.date), day.ordinal, day.reason) for day in response.days] == [
        (monday, 0, sla_service_pb2.DAY_REASON_EVENT),
        (monday + DAY, 0, sla_service_pb2.DAY_REASON_PAUSED),
        (monday + 2 * DAY, 1, sla_service_pb2.DAY_REASON_WORKING_DAY),
        (monday + 3 * DAY, 2, sla_service_pb2.DAY_REASON_WORKING_DAY),
        (monday + 4 * DAY, 3, sla_service_pb2.DAY_REASON_WORKING_DAY),
    ]
    assert response.summary_zh
    assert response.summary_en
    assert all(day.zh and day.en for day in response.days)
    # A clock that is done is explained as well.
    first_reply = one((await desk.clocks(case_id)).clocks, FIRST_REPLY)
    assert (await desk.explained(first_reply.clock_id)).due_time == first_reply.due_time


async def test_a_clock_called_off_while_it_stood_still_is_explained(desk: Desk) -> None:
    (case_id,) = await desk.sla.register(MONDAY)
    await desk.pause(case_id, MIDNIGHT[20])
    await desk.move_to(MONDAY + DAY)
    closed = intake_facts_pb2.CaseClosed(case_id=case_id, close_time=to_timestamp(MONDAY + DAY))
    await desk.sla.tell(closed, MONDAY + DAY)
    plan = one((await desk.clocks(case_id)).clocks, PLAN)
    assert plan.state == sla_pb2.CLOCK_STATE_CANCELLED
    assert plan.pauses[0].HasField("end_time")
    assert (await desk.explained(plan.clock_id)).due_time == plan.due_time


async def test_a_clock_that_came_again_is_explained_from_then_on(desk: Desk) -> None:
    (case_id,) = await desk.sla.register(MONDAY)
    flagged = intake_facts_pb2.CaseFlagged(
        case_id=case_id, flag=intake_pb2.CASE_FLAG_LONG_STANDING, set=True
    )
    await desk.sla.tell(flagged, MONDAY)
    await desk.move_to(MONDAY + 9 * DAY)
    for _ in range(2):
        review = one((await desk.clocks(case_id)).clocks, REVIEW)
        response = await desk.explained(review.clock_id)
        assert response.due_time == review.due_time
        assert to_date(response.days[0].date) == (MONDAY + 9 * DAY).astimezone(SHANGHAI).date()
        # It is over the second time.
        closed = intake_facts_pb2.CaseClosed(
            case_id=case_id, close_time=to_timestamp(MONDAY + 9 * DAY)
        )
        await desk.sla.tell(closed, MONDAY + 9 * DAY)
    assert review.state == sla_pb2.CLOCK_STATE_CANCELLED


async def test_a_clock_is_explained_by_the_calendar_of_its_day(desk: Desk) -> None:
    (case_id,) = await desk.sla.register(MONDAY)
    before = one((await desk.clocks(case_id)).clocks, PLAN)
    answered = fed_back(case_id, intake_pb2.ANSWER_KIND_PROGRESS, await desk.sla.now())
    await desk.sla.tell(answered, await desk.sla.now())
    administrator = desk.caller("ADMINISTRATOR")
    calendar = (
        await desk.stub.GetCalendar(
            sla_service_pb2.GetCalendarRequest(site_id=SITE), metadata=administrator, timeout=5
        )
    ).calendar
    tuesday = (MONDAY + DAY).astimezone(SHANGHAI).date()
    closure = calendar.closures.add(name="暴雪停产")
    closure.start_date.year, closure.start_date.month = tuesday.year, tuesday.month
    closure.start_date.day = tuesday.day
    await desk.stub.PublishCalendar(
        sla_service_pb2.PublishCalendarRequest(request_id=new_id(), calendar=calendar),
        metadata=administrator,
        timeout=5,
    )
    # It was met before the closure was known of, and stands as it was counted then.
    explained = await desk.explained(before.clock_id)
    assert explained.due_time == before.due_time
    assert sla_service_pb2.DAY_REASON_CLOSURE not in {day.reason for day in explained.days}
    would_be = sla_service_pb2.ExplainDeadlineRequest(
        hypothetical=sla_service_pb2.HypotheticalClock(
            site_id=SITE, start_time=to_timestamp(MONDAY), clock=PLAN
        )
    )
    today = await desk.stub.ExplainDeadline(would_be, metadata=desk.caller(), timeout=5)
    assert utc(today.due_time) == MIDNIGHT[4]
    closed = [day for day in today.days if day.reason == sla_service_pb2.DAY_REASON_CLOSURE]
    assert [(to_date(day.date), day.name) for day in closed] == [(tuesday, "暴雪停产")]


async def test_what_is_as_given_is_not_counted(desk: Desk) -> None:
    for kind in (sla_pb2.CLOCK_KIND_WORK_ORDER, sla_pb2.CLOCK_KIND_ESCALATION, PAUSE):
        request = sla_service_pb2.ExplainDeadlineRequest(
            hypothetical=sla_service_pb2.HypotheticalClock(
                site_id=SITE, start_time=to_timestamp(MONDAY), clock=kind
            )
        )
        answer = await refused(
            desk.stub.ExplainDeadline(request, metadata=desk.caller(), timeout=5)
        )
        assert answer.reason == "CLOCK_NOT_COUNTED"


async def test_a_clock_out_of_sight_is_no_clock(desk: Desk) -> None:
    await desk.sla.publish_directory("elsewhere")
    (theirs,) = await desk.sla.register(MONDAY, site_id="elsewhere")
    ((clock_id,), *_) = await desk.sla.rows(
        "SELECT clock_id::text FROM clocks WHERE subject_id = $1", theirs
    )
    answers = []
    for asked in (clock_id, new_id()):
        answer = await refused(desk.explained(asked))
        answers.append((answer.reason, answer.sentence.replace(asked, ""), answer.fields))
    assert answers[0] == answers[1]
    assert answers[0][0] == "CLOCK_NOT_FOUND"
    unknown = await refused(desk.clocks(theirs, MONDAY))
    assert unknown.reason == "CLOCKS_NOT_FOUND"

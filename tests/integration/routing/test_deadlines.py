"""Deadlines: in working days, on rest days, and while nobody tells what the calendar says."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import grpc
import pytest
from google.protobuf.message import Message

from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import Actor
from chassis.convert import to_datetime, to_timestamp
from chassis.errors import Refused
from services.routing.peers import Terms
from services.sla.domain.policy import Terms as PolicyTerms
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import complete, dispatch, given_back_twice, until

MONDAY, THURSDAY, FRIDAY = 0, 3, 4
SHANGHAI = ZoneInfo("Asia/Shanghai")


def sending(
    case_id: str,
    time: datetime | None = None,
    *,
    days: int = 0,
    allow: bool = False,
    request_id: str = "",
) -> rpc.DispatchWorkOrdersRequest:
    task = rpc.DispatchWorkOrdersRequest.Task(unit_id="bathhouse", task="修", working_days=days)
    if time is not None:
        task.deadline_time.CopyFrom(to_timestamp(time))
    return rpc.DispatchWorkOrdersRequest(
        case_id=case_id, tasks=[task], allow_rest_day=allow, request_id=request_id
    )


async def test_working_days_end_at_midnight_of_the_last_one(mine: Mine) -> None:
    thursday = await until(mine, THURSDAY, 10)
    case_id = await mine.registered()
    response = await mine.ask("DispatchWorkOrders", sending(case_id, days=3))
    (order,) = response.route.work_orders
    # Friday, Monday, Tuesday.
    end = to_datetime(order.deadline_time).astimezone(SHANGHAI)
    assert end == (thursday + timedelta(days=6)).replace(hour=0)


async def test_a_deadline_is_given_in_one_way(mine: Mine) -> None:
    case_id = await mine.registered()
    later = await mine.now() + timedelta(days=2)
    for request in (sending(case_id), sending(case_id, later, days=2)):
        answer = await mine.refused("DispatchWorkOrders", request)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("tasks[0].deadline_time",))
    assert mine.sla.asked == 0


async def test_working_days_need_the_calendar(mine: Mine) -> None:
    case_id = await mine.registered()
    mine.sla.away = True
    request = sending(case_id, days=3, request_id="three-days")
    answer = await mine.refused("DispatchWorkOrders", request)
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
    assert answer.metadata["dependency"] == "sla"
    assert await mine.value("SELECT count(*) FROM work_orders") == 0
    mine.sla.away = False
    first = await mine.ask("DispatchWorkOrders", request)
    # Once it is done, nobody is asked for it again.
    mine.sla.away = True
    again = await mine.ask("DispatchWorkOrders", request)
    assert again == first


async def test_a_rest_day_has_to_be_meant(mine: Mine) -> None:
    thursday = await until(mine, THURSDAY, 10)
    saturday = (thursday + timedelta(days=2)).replace(hour=12)
    case_id = await mine.registered()
    answer = await mine.refused("DispatchWorkOrders", sending(case_id, saturday))
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "DEADLINE_ON_REST_DAY",
    )
    assert answer.metadata["date"] == saturday.date().isoformat()
    assert answer.fields == ("tasks[0].deadline_time",)
    # Midnight is of Friday.
    midnight = saturday.replace(hour=0)
    assert await mine.ask("DispatchWorkOrders", sending(case_id, midnight))
    asked = mine.sla.asked
    assert await mine.ask("DispatchWorkOrders", sending(case_id, saturday, allow=True))
    assert mine.sla.asked == asked


async def test_while_the_calendar_is_away_a_rest_day_goes_through(mine: Mine) -> None:
    thursday = await until(mine, THURSDAY, 10)
    case_id = await mine.registered()
    mine.sla.away = True
    request = sending(case_id, thursday + timedelta(days=2), request_id="saturday-1")
    first = await mine.ask("DispatchWorkOrders", request)
    # The calendar is back and would refuse it now; what was done stays done.
    mine.sla.away = False
    assert await mine.ask("DispatchWorkOrders", request) == first
    beside = sending(case_id, thursday + timedelta(days=2), request_id="saturday-2")
    answer = await mine.refused("DispatchWorkOrders", beside)
    assert answer.reason == "DEADLINE_ON_REST_DAY"


async def test_a_reopened_task_a_meeting_and_an_extension_keep_off_rest_days(mine: Mine) -> None:
    thursday = await until(mine, THURSDAY, 10)
    saturday, sunday = (to_timestamp(thursday + timedelta(days=days)) for days in (9, 10))
    reopened = await mine.registered()
    (done,) = await dispatch(mine, reopened, "bathhouse")
    await complete(mine, reopened, done)
    met = await mine.registered()
    back = await given_back_twice(mine, met)
    asking = await mine.registered()
    (order,) = await dispatch(mine, asking, "bathhouse")
    calls: list[tuple[str, Message]] = [
        (
            "ReopenWorkOrder",
            rpc.ReopenWorkOrderRequest(
                case_id=reopened, work_order_id=done, reason="没修好", deadline_time=saturday
            ),
        ),
        (
            "HoldJointMeeting",
            rpc.HoldJointMeetingRequest(
                case_id=met,
                work_order_id=back,
                unit_ids=["bathhouse", "joint-1"],
                lead_unit_id="joint-1",
                minutes="x",
                deadline_time=saturday,
            ),
        ),
        (
            "AskExtension",
            rpc.AskExtensionRequest(
                case_id=asking, work_order_id=order, reason="等配件", deadline_time=sunday
            ),
        ),
    ]
    for method, request in calls:
        answer = await mine.refused(method, request)
        assert (answer.reason, answer.fields) == ("DEADLINE_ON_REST_DAY", ("deadline_time",))
        request.ClearField("request_id")
        meant = type(request).FromString(request.SerializeToString())
        setattr(meant, "allow_rest_day", True)  # noqa: B010 - a field of several messages
        assert await mine.ask(method, meant)


async def test_a_ruling_asks_no_calendar(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    mine.sla.away = True
    await given_back_twice(mine, case_id, order)
    assert mine.sla.asked == 0


async def test_without_an_address_of_sla_nobody_can_be_asked() -> None:
    now = datetime.now(SHANGHAI)
    terms = Terms(None)
    with pytest.raises(Refused, match="DEPENDENCY_UNAVAILABLE"):
        await terms.end_of_working_day(SITE, now.date(), 1)
    with pytest.raises(Refused, match="DEPENDENCY_UNAVAILABLE"):
        await terms.is_working_day(SITE, now.date())
    with pytest.raises(Refused, match="DEPENDENCY_UNAVAILABLE"):
        await terms.working_time(SITE, now, [now])


async def test_many_instants_are_asked_about_in_parts(mine: Mine, to_sla: grpc.aio.Channel) -> None:
    terms = Terms(to_sla)
    monday = await until(mine, MONDAY, 8)
    times = [monday + timedelta(minutes=number) for number in range(2500)]
    # Some twice, and the start among them.
    found = await terms.working_time(SITE, monday, [*times, times[-1]])
    assert len(found.cumulative) == 2501
    assert mine.sla.asked == 3
    assert found.cumulative[0] == timedelta(0)
    assert found.cumulative[60] == timedelta(hours=1)
    # Over the pause at noon, and to the next morning.
    assert found.cumulative[6 * 60] == timedelta(hours=4)
    assert found.cumulative[25 * 60] == timedelta(hours=9)
    assert found.cumulative[-1] == found.cumulative[-2]
    assert not found.provisional
    assert await terms.is_working_day(SITE, monday.date())
    assert not await terms.is_working_day(SITE, monday.date() - timedelta(days=1))
    end = await terms.end_of_working_day(SITE, monday.date(), 5)
    assert end == (monday + timedelta(days=8)).replace(hour=0)


async def test_a_site_without_a_calendar_is_one_that_nobody_can_count_for(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(actor: Actor, site_id: str) -> PolicyTerms:
        raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)

    monkeypatch.setattr(mine.sla, "_terms", missing)
    thursday = await until(mine, THURSDAY, 10)
    case_id = await mine.registered()
    counted = await mine.refused("DispatchWorkOrders", sending(case_id, days=3))
    assert (counted.reason, counted.metadata["dependency"]) == ("DEPENDENCY_UNAVAILABLE", "sla")
    assert await mine.ask("DispatchWorkOrders", sending(case_id, thursday + timedelta(days=2)))

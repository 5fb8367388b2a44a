"""What the facts of routing, sla and notify show on the case file and the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.notify.v1 import notify_facts_pb2, notify_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.gatekeeper import HandlerFailed
from chassis.ids import new_id
from tests.integration.intake.window import Window, directory


def instant(hours: float) -> Timestamp:
    """An instant some hours from now."""
    value = Timestamp()
    value.FromDatetime(datetime.now(UTC) + timedelta(hours=hours))
    return value


def clock(
    kind: sla_pb2.ClockKind.ValueType,
    state: sla_pb2.ClockState.ValueType,
    due: Timestamp,
    **fields: Any,
) -> sla_pb2.Clock:
    """A clock of the first cycle; its id is its kind."""
    return sla_pb2.Clock(
        clock_id=sla_pb2.ClockKind.Name(kind),
        kind=kind,
        cycle=1,
        start_time=instant(-1),
        due_time=due,
        state=state,
        **fields,
    )


async def test_the_case_file_shows_what_the_others_tell(window: Window) -> None:
    case_id = (await window.register()).case.case_id

    async def routing(message: Message) -> None:
        await window.tell("routing", case_id, "yuwu", message)

    await routing(
        routing_facts_pb2.CaseAssigned(
            case_id=case_id,
            steward="s-1",
            accountable="s-1",
            rule=routing_pb2.ASSIGNMENT_RULE_RESPONSIBILITY,
        )
    )
    case = await window.case(case_id)
    assert (case.state, case.steward, case.accountable) == (pb.CASE_STATE_ASSIGNED, "s-1", "s-1")
    assert case.first_reply_owed_by == "c-1"
    assert case.version == 1
    await routing(routing_facts_pb2.CaseAccepted(case_id=case_id, accepted_by="s-1"))
    case = await window.case(case_id)
    assert (case.state, case.first_reply_owed_by) == (pb.CASE_STATE_IN_PROGRESS, "s-1")
    await routing(
        routing_facts_pb2.WorkOrdersDispatched(
            case_id=case_id,
            work_orders=[
                routing_pb2.WorkOrder(
                    work_order_id="wo-1",
                    unit_id="bath",
                    lead=True,
                    task="换淋浴头",
                    dispatch_time=instant(0),
                    deadline_time=instant(48),
                    state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
                )
            ],
        )
    )
    await routing(
        routing_facts_pb2.WorkOrderAccepted(case_id=case_id, work_order_id="wo-1", unit_id="bath")
    )
    assert (await window.case(case_id)).work_orders[0].state == "ACCEPTED"
    await routing(
        routing_facts_pb2.WorkOrderCompleted(case_id=case_id, work_order_id="wo-1", unit_id="bath")
    )
    assert (await window.case(case_id)).work_orders[0].state == "COMPLETED"
    await routing(
        routing_facts_pb2.CaseEscalated(
            case_id=case_id,
            to_level=1,
            position_id="DUTY_LEAD",
            accountable="position:DUTY_LEAD",
            cause=routing_facts_pb2.ESCALATION_CAUSE_BREACH,
            fallback=True,
        )
    )
    case = await window.case(case_id)
    assert (case.level, case.accountable) == (1, "position:DUTY_LEAD")
    await routing(
        routing_facts_pb2.CaseInstructed(
            case_id=case_id, level=1, kind=routing_pb2.INSTRUCTION_KIND_ORDER, accountable="s-1"
        )
    )
    assert (await window.case(case_id)).accountable == "s-1"
    assert await window.findings() == []


@pytest.mark.parametrize("cycle", [0, 1])
async def test_a_late_fact_of_the_old_cycle_leaves_the_new_one_alone(
    window: Window, cycle: int
) -> None:
    case_id = (await window.resolved()).case.case_id
    await window.tell(
        "routing",
        case_id,
        "yuwu",
        routing_facts_pb2.CaseAssigned(case_id=case_id, steward="s-1", accountable="s-1"),
    )
    await window.ask(rpc.RejectCaseRequest(case_id=case_id, reason="没修好"), "CLERK")

    async def late(cycle: int) -> pb.Case:
        for message in (
            routing_facts_pb2.CaseEscalated(
                case_id=case_id, to_level=1, accountable="boss", cycle=cycle
            ),
            routing_facts_pb2.CaseInstructed(
                case_id=case_id, level=1, accountable="boss-2", cycle=cycle
            ),
        ):
            await window.tell("routing", case_id, "yuwu", message)
        return await window.case(case_id)

    case = await late(cycle)
    assert (case.cycle, case.level, case.accountable) == (2, 0, "s-1")
    case = await late(2)
    assert (case.level, case.accountable) == (1, "boss-2")
    assert await window.findings() == []


async def test_facts_about_no_case_are_passed_over(window: Window) -> None:
    """Clocks of a unit, calendars, policies, and what notify sends because of them."""
    case_id = (await window.register()).case.case_id
    unit = clock(sla_pb2.CLOCK_KIND_OUTREACH, sla_pb2.CLOCK_STATE_RUNNING, instant(1))
    outreach, calendar, policy = "outreach/yuwu/bath", "calendar/yuwu", "policy/yuwu"
    one = notify_pb2.Delivery(delivery_id="d", recipient="position:DIRECTOR")
    for source, subject, message in (
        ("sla", outreach, sla_facts_pb2.ClocksStarted(clocks=[unit])),
        ("sla", outreach, sla_facts_pb2.ClockDueSoon(clock=unit)),
        ("sla", outreach, sla_facts_pb2.ClockBreached(clock=unit)),
        ("sla", outreach, sla_facts_pb2.ClocksStopped(clocks=[unit])),
        ("sla", outreach, sla_facts_pb2.ClocksAmended(clocks=[unit])),
        ("sla", calendar, sla_facts_pb2.CalendarPublished()),
        ("sla", calendar, sla_facts_pb2.CalendarYearMissing(site_id="yuwu", year=2027)),
        ("sla", policy, sla_facts_pb2.PolicyPublished()),
        ("sla", "policy/group", sla_facts_pb2.PolicyPublished()),
        ("routing", outreach, routing_facts_pb2.OutreachRecorded(site_id="yuwu")),
        ("notify", calendar, notify_facts_pb2.DeliveriesPlanned(deliveries=[one])),
        ("notify", calendar, notify_facts_pb2.DeliverySent(delivery=one)),
        ("notify", calendar, notify_facts_pb2.DeliveryUnknown(delivery=one)),
    ):
        await window.tell(source, subject, "yuwu", message)
    case = await window.case(case_id)
    assert (list(case.clocks), case.deliveries_planned) == ([], 0)
    assert await window.rows("SELECT 1 FROM timeline") == []
    assert await window.rows("SELECT 1 FROM quarantine") == []
    assert await window.findings() == []


async def test_a_work_order_shows_as_it_was_ruled_and_extended(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    due, later, last = instant(24), instant(48), instant(72)
    # Two that lead, since a new one was sent when the first was done.
    states = (
        routing_pb2.WORK_ORDER_STATE_ACCEPTED,
        routing_pb2.WORK_ORDER_STATE_COMPLETED,
        routing_pb2.WORK_ORDER_STATE_ACCEPTED,
    )
    orders = [
        routing_pb2.WorkOrder(
            work_order_id=f"wo-{number}",
            unit_id="bath",
            lead=number > 1,
            task="换淋浴头",
            dispatch_time=instant(0),
            deadline_time=due,
            state=state,
        )
        for number, state in enumerate(states, 1)
    ]

    async def told(message: Message) -> tuple[str, Timestamp, str]:
        await window.tell("routing", case_id, "yuwu", message)
        (shown,) = (
            one for one in (await window.case(case_id)).work_orders if one.work_order_id == "wo-1"
        )
        return shown.unit_id, shown.deadline_time, shown.state

    async def leading() -> dict[str, tuple[bool, str, str]]:
        shown = (await window.case(case_id)).work_orders
        return {one.work_order_id: (one.lead, one.unit_id, one.state) for one in shown}

    await told(routing_facts_pb2.WorkOrdersDispatched(case_id=case_id, work_orders=orders))
    about: dict[str, Any] = {"case_id": case_id, "work_order_id": "wo-1"}
    returned = routing_facts_pb2.WorkOrderReturned(**about, returned_by="h-1", ordinal=1)
    assert await told(returned) == ("bath", due, "RETURNED")
    upheld = routing_facts_pb2.WorkOrderRuled(
        **about, ruled_by="d-1", unit_id="bath", kind=routing_pb2.RULING_KIND_UPHOLD
    )
    assert await told(upheld) == ("bath", due, "DISPATCHED")
    extended = routing_facts_pb2.WorkOrderExtended(**about, deadline_time=later, approved_by="d-2")
    assert await told(extended) == ("bath", later, "DISPATCHED")
    other = routing_facts_pb2.WorkOrderRuled(
        **about,
        ruled_by="d-1",
        unit_id="south",
        deadline_time=last,
        kind=routing_pb2.RULING_KIND_REDISPATCH,
    )
    assert await told(other) == ("south", last, "DISPATCHED")
    finished = (True, "bath", "COMPLETED")
    assert await leading() == {
        "wo-1": (False, "south", "DISPATCHED"),
        "wo-2": finished,
        "wo-3": (True, "bath", "ACCEPTED"),
    }
    lead = routing_facts_pb2.WorkOrderRuled(
        **about, ruled_by="d-1", unit_id="south", kind=routing_pb2.RULING_KIND_LEAD
    )
    assert await told(lead) == ("south", last, "DISPATCHED")
    assert await leading() == {
        "wo-1": (True, "south", "DISPATCHED"),
        "wo-2": finished,
        "wo-3": (False, "bath", "ACCEPTED"),
    }
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert {"h-1", "d-1", "d-2"} <= {row["person"] for row in hands}
    assert await window.findings() == []


async def test_a_closed_case_stays_closed_whatever_was_on_its_way(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    await window.ask(
        rpc.ConfirmCaseRequest(
            case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
        ),
        nobody=True,
    )
    await window.ask(rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DISPATCHER")
    for source, message in (
        ("routing", routing_facts_pb2.CaseAssigned(case_id=case_id, steward="s", accountable="s")),
        ("sla", sla_facts_pb2.ClocksStarted(case_id=case_id, next_wake_time=instant(1))),
    ):
        await window.tell(source, case_id, "yuwu", message)
    case = await window.case(case_id)
    assert (case.state, case.accountable) == (pb.CASE_STATE_CLOSED, "")
    assert not case.HasField("next_wake_time")
    assert await window.findings() == []


async def test_deliveries_are_counted_and_failures_told(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    one = notify_pb2.Delivery(
        delivery_id="d",
        recipient="reporter",
        channel=notify_pb2.DELIVERY_CHANNEL_PHONE,
        problem="no route",
    )
    for message in (
        notify_facts_pb2.DeliveriesPlanned(case_id=case_id, deliveries=[one, one]),
        notify_facts_pb2.DeliverySent(case_id=case_id, delivery=one),
        notify_facts_pb2.DeliveryFailed(case_id=case_id, delivery=one),
    ):
        await window.tell("notify", case_id, "yuwu", message)
    case = await window.case(case_id)
    assert (case.deliveries_planned, case.deliveries_sent) == (2, 1)
    told = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "LEADER")
    assert told.entries[-1].sentence == "通知诉求人失败（短信）：no route"


async def test_the_timeline_tells_every_step_of_all_services(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await window.tell(
        "routing",
        case_id,
        "yuwu",
        routing_facts_pb2.CaseAssigned(
            case_id=case_id,
            steward="s-1",
            accountable="s-1",
            rule=routing_pb2.ASSIGNMENT_RULE_RESPONSIBILITY,
        ),
    )
    await window.ask(rpc.EscalateCaseRequest(case_id=case_id, reason="超出权限"), "STEWARD")
    request = rpc.GetTimelineRequest(case_id=case_id, page_size=2)
    page = await window.ask(request, "LEADER")
    request.page_token = page.next_page_token
    rest = await window.ask(request, "LEADER")
    entries = [*page.entries, *rest.entries]
    assert [(one.source, one.version, one.type) for one in entries] == [
        ("intake", 1, "CaseRegistered"),
        ("routing", 1, "CaseAssigned"),
        ("intake", 2, "CaseEscalationRequested"),
    ]
    assert rest.next_page_token == ""
    assert entries[0].sentence.startswith("样例甲经值守点登记诉求 YW-")
    assert entries[0].sentence.endswith("（南风井食堂值守点）。")
    assert entries[1].sentence == "分派给样例乙包保，依据：包保责任分工表。"
    english = await window.ask(
        rpc.GetTimelineRequest(case_id=case_id), "LEADER", language="en-GB,en"
    )
    assert english.entries[1].sentence == "Assigned to 样例乙 by the responsibility matrix."
    request.page_size, request.case_id = 3, new_id()
    assert (await window.refused(request, "LEADER")).reason == "INVALID_PAGE_TOKEN"


async def test_a_new_directory_replaces_the_one_before(window: Window) -> None:
    await window.register()
    message = directory("yuwu", "YW")
    del message.directory.units[0]
    message.directory.time_zone = "Europe/Berlin"
    await window.tell("routing", "directory/yuwu", "yuwu", message)
    rows = await window.rows("SELECT unit_id FROM units WHERE site_id = 'yuwu'")
    assert [row["unit_id"] for row in rows] == ["south"]
    rows = await window.rows("SELECT time_zone FROM sites WHERE site_id = 'yuwu'")
    assert rows[0]["time_zone"] == "Europe/Berlin"


async def test_a_fact_about_no_case_of_ours_is_not_applied(window: Window) -> None:
    stranger = new_id()
    with pytest.raises(HandlerFailed):
        await window.tell(
            "routing", stranger, "yuwu", routing_facts_pb2.CaseAccepted(case_id=stranger)
        )

"""What it takes to be registered, and what may be done before anybody has replied."""

from typing import Any

import pytest

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from tests.integration.intake.window import Window, directory

ANONYMOUS = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
WHERE: dict[str, Any] = {"place": "南风井浴室"}
FOUR: dict[str, Any] = WHERE | {
    "reporter": ANONYMOUS,
    "text": "淋浴头坏了",
    "channel": pb.CHANNEL_DESK,
}


def bare(**fields: Any) -> registration.RegisterCaseRequest:
    """Nothing but the site and these."""
    return registration.RegisterCaseRequest(site_id="yuwu", **fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("place", "南风井浴室"),
        ("unit_id", "bath"),
        ("post_id", "canteen"),
        ("reporter", pb.Reporter(name="样例甲")),
        ("reporter", pb.Reporter(person_code="w-7")),
    ],
)
async def test_four_fields_are_enough(window: Window, field: str, value: Any) -> None:
    fields = {**FOUR, **({"place": ""} if field in ("unit_id", "post_id") else {}), field: value}
    case = (await window.ask(bare(**fields), "CLERK")).case
    assert case.state == pb.CASE_STATE_REGISTERED
    # All else is filled in.
    assert (case.urgency, case.category) == (pb.URGENCY_NORMAL, "OTHER")
    assert case.kind == pb.CASE_KIND_REQUEST
    assert (case.receiver, case.accountable) == ("c-1", "position:DISPATCH_ROOM")
    assert case.occurred_time == case.record_time
    assert not case.flags
    assert await window.findings() == []


@pytest.mark.parametrize("absent", sorted(FOUR))
async def test_none_of_the_four_may_be_absent(window: Window, absent: str) -> None:
    fields = {name: value for name, value in FOUR.items() if name != absent}
    assert (await window.refused(bare(**fields), "CLERK")).reason == "INVALID_FIELD"
    assert await window.rows("SELECT case_id FROM cases") == []


async def test_who_is_urgent_says_so(window: Window) -> None:
    made = await window.ask(bare(**FOUR, urgency=pb.URGENCY_URGENT), "CLERK")
    assert (await window.case(made.case.case_id)).urgency == pb.URGENCY_URGENT


async def test_somebody_looks_and_units_have_tasks_before_the_first_reply(window: Window) -> None:
    looked, tasked = (await window.register()).case.case_id, (await window.register()).case.case_id
    look = rpc.VerifyCaseRequest(case_id=looked, place="浴室", findings="漏水")
    await window.ask(look, "HANDLER")
    order = routing_pb2.WorkOrder(
        work_order_id="wo-1",
        unit_id="bath",
        task="更换",
        lead=True,
        state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
    )
    sent = routing_facts_pb2.WorkOrdersDispatched(case_id=tasked, work_orders=[order])
    await window.tell("routing", tasked, "yuwu", sent)
    for case_id in (looked, tasked):
        case = await window.case(case_id)
        assert case.state == pb.CASE_STATE_IN_PROGRESS
        assert (list(case.answers), case.first_reply_owed_by) == ([], "c-1")
    assert [one.findings for one in (await window.case(looked)).verifications] == ["漏水"]
    assert [one.work_order_id for one in (await window.case(tasked)).work_orders] == ["wo-1"]
    assert await window.findings() == []


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ({"place": "浴室队"}, "bath"),
        ({"place": "浴室队门口"}, ""),  # not its name
        ({"place": "浴室队", "post_id": "canteen"}, ""),  # where it was taken in
        ({"place": "浴室队", "unit_id": "south"}, "south"),
    ],
)
async def test_a_place_that_is_a_units_name_means_the_unit(
    window: Window, said: dict[str, str], unit: str
) -> None:
    usual = {"post_id": "", "unit_id": ""}
    made = await window.register(**usual | said)
    assert (made.case.unit_id, made.case.place) == (unit, said["place"])


async def test_a_name_of_two_units_is_none_of_them(window: Window) -> None:
    told = directory("yuwu", "YW")
    told.directory.units.add(unit_id="bath-2", name="浴室队", kind=routing_pb2.UNIT_KIND_TEAM)
    await window.tell("routing", "directory/yuwu", "yuwu", told)
    made = await window.register(place="浴室队", post_id="", unit_id="")
    assert made.case.unit_id == ""

"""Whoever a case is about, or was taken out of it, hears nothing of it: by no position, either."""

from functools import partial
from typing import Any

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.notify.v1 import (
    error_reason_pb2,
    notify_service_pb2,
    notify_service_pb2_grpc,
)
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.errors import catalogue
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.testing import PEPPER, Keys, bearer, serving
from services.notify.rpc import NotifyServicer
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import SITE, Stream
from tests.integration.notify.test_facts import told
from tests.integration.notify.test_sending import Scripted, take


async def about(notify: Notify, *persons: str, urgent: bool = False) -> tuple[Stream, str]:
    """Takes the registration of a case about some persons; returns its stream and id."""
    stream = Stream()
    registered = stream.registered(urgent=urgent)
    message = intake.CaseRegistered.FromString(registered.payload)
    message.about_persons.extend(persons)
    await take(notify, Stream().fact("intake", message.case_id, message))
    return stream, message.case_id


async def test_nobody_a_case_is_about_is_told(notify: Notify) -> None:
    stream, case_id = await about(notify, "accused")
    assigned = routing.CaseAssigned(
        case_id=case_id, steward="dd01", accountable="accused", also_told=["accused", "ins1"],
        previous="accused", first_reply_by="accused", shielded=["accused", "kept1"],
    )  # fmt: skip
    dispatched = routing.CaseEscalated(
        case_id=case_id, cycle=1, to_level=1, accountable="kept1", position_id="DUTY_LEAD"
    )
    for message in (assigned, dispatched):
        await take(notify, stream.fact("routing", case_id, message))
    assert await told(notify, case_id) == [
        ("dd01", "case_assigned"),
        ("ins1", "case_also_told"),
        ("dd01", "case_escalated_on"),
    ]
    (case,) = await notify.rows("SELECT about_persons, shielded FROM cases")
    assert (case["about_persons"], case["shielded"]) == (["accused"], ["accused", "kept1"])
    assert await notify.findings() == []


async def test_the_recused_hear_no_more_and_the_room_not_why(notify: Notify) -> None:
    stream, case_id = await about(notify)
    for message in (
        routing.CaseAssigned(case_id=case_id, steward="dd01", accountable="dd01"),
        routing.PersonRecused(case_id=case_id, person_id="dd01", reason="CANARY", recorded_by="x"),
        routing.CaseAssigned(
            case_id=case_id, steward="dd02", accountable="dd02", previous="dd01",
            handover_note="配件已订",
        ),
    ):  # fmt: skip
        await take(notify, stream.fact("routing", case_id, message))
    assert await told(notify, case_id) == [
        ("dd01", "case_assigned"),
        ("position:DISPATCH_ROOM", "person_recused"),
        ("dd02", "case_assigned"),
    ]
    rows = await notify.rows("SELECT context::text AS text FROM deliveries")
    assert not any("CANARY" in row["text"] for row in rows)


async def test_what_waited_for_someone_recused_meanwhile_stays_unsent(notify: Notify) -> None:
    stream, case_id = await about(notify)
    for message in (
        routing.CaseAssigned(case_id=case_id, steward="dd01", accountable="dd01"),
        routing.PersonRecused(case_id=case_id, person_id="dd01", reason="x", recorded_by="x"),
    ):
        await take(notify, stream.fact("routing", case_id, message))
    notify.routing.duty = {"DISPATCH_ROOM": "lead1"}
    driver = Scripted()
    await notify.sender(driver).step()
    assert [message.to for message in driver.sent] == ["lead1"]
    rows = await notify.rows("SELECT recipient, problem FROM deliveries WHERE state = 'FAILED'")
    assert [tuple(row) for row in rows] == [("dd01", "KEPT_FROM_THEM")]
    assert (await notify.facts())["DeliveryFailed"] == 1
    assert await notify.findings() == []


@pytest.mark.parametrize(
    ("duty", "reached"),
    [
        ({"DISPATCH_ROOM": "accused", "DUTY_LEAD": "lead1"}, ["lead1"]),
        ({"DISPATCH_ROOM": "accused", "DUTY_LEAD": "accused"}, []),
        ({"DUTY_LEAD": "accused"}, []),
        ({"DISPATCH_ROOM": "lead2", "DUTY_LEAD": "accused"}, ["lead2"]),
        ({}, ["DISPATCH_ROOM"]),
    ],
)
async def test_a_position_that_they_hold_is_no_way_to_them(
    notify: Notify, duty: dict[str, str], reached: list[str]
) -> None:
    stream, case_id = await about(notify, "accused")
    asked = routing.WorkOrderExtensionAsked(
        case_id=case_id, work_order_id="wo-1", unit_id="bathhouse", asked_by="head1"
    )
    await take(notify, stream.fact("routing", case_id, asked))
    notify.routing.duty = duty
    driver = Scripted()
    await notify.sender(driver).step()
    assert [message.to for message in driver.sent] == reached
    assert await notify.states() == ({"SENT": 1} if reached else {"FAILED": 1})


async def test_an_urgent_case_about_the_duty_lead_reaches_another(notify: Notify) -> None:
    await about(notify, "accused", urgent=True)
    notify.routing.duty = {"DUTY_LEAD": "accused"}
    driver = Scripted()
    await notify.sender(driver).step()
    assert driver.sent == []
    assert await notify.states() == {"FAILED": 1}


async def test_the_messages_of_a_case_about_them_are_not_listed(
    notify: Notify, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stream, case_id = await about(notify, "accused")
    await take(notify, stream.assigned(case_id))
    keys = Keys()
    service = Registration(
        notify_service_pb2.DESCRIPTOR.services_by_name["NotifyService"],
        notify_service_pb2_grpc.add_NotifyServiceServicer_to_server,
        NotifyServicer(notify.database.app, PageTokens(PEPPER), notify.keys),
    )
    reasons = catalogue("notify", error_reason_pb2.ErrorReason.DESCRIPTOR)
    folder = tmp_path_factory.mktemp("server")
    async with (
        serving(service, keys=keys, folder=folder, reasons=reasons) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        ask = partial(
            notify_service_pb2_grpc.NotifyServiceStub(channel).ListDeliveries,
            notify_service_pb2.ListDeliveriesRequest(case_id=case_id),
            timeout=5,
        )
        counts = {}
        for who, acting_for in (("dd00", ""), ("accused", ""), ("dd00", "accused")):
            claims: dict[str, Any] = {"acting_for": acting_for} if acting_for else {}
            person = keys.person(who, ["DISPATCHER"], [SITE], **claims)
            page = await ask(metadata=bearer(person))
            counts[who, acting_for] = len(page.deliveries)
    assert counts == {("dd00", ""): 1, ("accused", ""): 0, ("dd00", "accused"): 0}

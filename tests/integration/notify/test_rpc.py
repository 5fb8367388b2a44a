"""NotifyService as its callers meet it: through the walls, over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest

from backstop.notify.v1 import (
    error_reason_pb2,
    notify_pb2,
    notify_service_pb2,
    notify_service_pb2_grpc,
)
from chassis.errors import catalogue
from chassis.pages import PageTokens
from chassis.server import Registration
from chassis.testing import PEPPER, Keys, bearer, read_refusal, serving
from services.notify.rpc import NotifyServicer
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import SITE, Stream

# There for type checkers only.
Stub: TypeAlias = "notify_service_pb2_grpc.NotifyServiceAsyncStub"

KEYS = Keys()
ADMINISTRATOR = bearer(KEYS.person("admin", ["ADMINISTRATOR"], [SITE]))
DISPATCHER = bearer(KEYS.person("dd00", ["DISPATCHER"], [SITE]))
ELSEWHERE = bearer(KEYS.person("other", ["ADMINISTRATOR", "DISPATCHER"], ["wangzhuang"]))


@pytest.fixture
async def stub(notify: Notify, tmp_path: Path) -> AsyncIterator[Stub]:
    folder = tmp_path / "server"
    folder.mkdir()
    service = Registration(
        notify_service_pb2.DESCRIPTOR.services_by_name["NotifyService"],
        notify_service_pb2_grpc.add_NotifyServiceServicer_to_server,
        NotifyServicer(notify.database.app, PageTokens(PEPPER), notify.keys),
    )
    reasons = catalogue("notify", error_reason_pb2.ErrorReason.DESCRIPTOR)
    async with (
        serving(service, keys=KEYS, folder=folder, reasons=reasons) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield notify_service_pb2_grpc.NotifyServiceStub(channel)


def contacts(request_id: str, *given: notify_pb2.Contact) -> notify_service_pb2.PutContactsRequest:
    return notify_service_pb2.PutContactsRequest(
        request_id=request_id, site_id=SITE, contacts=given
    )


FIRST = notify_pb2.Contact(person_id="dd01", phone="13900000001", email="dd01@example.com")


async def test_contacts_are_stored_sealed_and_once(notify: Notify, stub: Stub) -> None:
    request = contacts("request-1", FIRST, notify_pb2.Contact(person_id="dd02"))
    for _ in range(2):
        response = await stub.PutContacts(request, timeout=5, metadata=ADMINISTRATOR)
        assert response.contact_count == 2
    rows = await notify.rows("SELECT person_id, ciphertext FROM contacts ORDER BY person_id")
    assert [row["person_id"] for row in rows] == ["dd01", "dd02"]
    assert b"139" not in rows[0]["ciphertext"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.PutContacts(contacts("request-1", FIRST), timeout=5, metadata=ADMINISTRATOR)
    assert read_refusal(refused.value).reason == "REQUEST_ID_REUSED"


async def test_people_not_named_keep_theirs(notify: Notify, stub: Stub) -> None:
    await stub.PutContacts(contacts("request-1", FIRST), timeout=5, metadata=ADMINISTRATOR)
    second = notify_pb2.Contact(person_id="dd02", phone="13900000002")
    await stub.PutContacts(contacts("request-2", second), timeout=5, metadata=ADMINISTRATOR)
    rows = await notify.rows("SELECT person_id FROM contacts ORDER BY person_id")
    assert [row["person_id"] for row in rows] == ["dd01", "dd02"]


@pytest.mark.parametrize(
    "bad",
    [
        notify_pb2.Contact(person_id="dd01", phone="13900000009"),
        notify_pb2.Contact(person_id="dd09", phone="12"),
        notify_pb2.Contact(person_id="dd09", email="nobody"),
    ],
)
async def test_one_bad_contact_and_nothing_is_stored(
    notify: Notify,
    stub: Stub,
    bad: notify_pb2.Contact,
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.PutContacts(contacts("request-1", FIRST, bad), timeout=5, metadata=ADMINISTRATOR)
    answer = read_refusal(refused.value)
    assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "CONTACT_INVALID")
    assert answer.metadata == {"person_id": bad.person_id}
    assert "139" not in answer.sentence
    assert await notify.rows("SELECT 1 FROM contacts") == []


async def test_only_the_sites_own_administrators_put_contacts(notify: Notify, stub: Stub) -> None:
    for metadata in (ELSEWHERE, DISPATCHER):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.PutContacts(contacts("request-1", FIRST), timeout=5, metadata=metadata)
        assert read_refusal(refused.value).reason == "PERMISSION_DENIED"
    assert await notify.rows("SELECT 1 FROM contacts") == []


async def test_messages_of_a_case_come_in_pages_oldest_first(notify: Notify, stub: Stub) -> None:
    stream = Stream()
    registered = stream.registered()
    case_id = registered.subject_id
    for fact in (registered, stream.assigned(case_id), stream.clocks_started(case_id)):
        await notify.gatekeeper.take([fact], fact.source)
    await notify.sender().step()
    found: list[notify_pb2.Delivery] = []
    token = ""
    while True:
        page = await stub.ListDeliveries(
            notify_service_pb2.ListDeliveriesRequest(
                case_id=case_id, page_size=1, page_token=token
            ),
            timeout=5,
            metadata=DISPATCHER,
        )
        found += page.deliveries
        token = page.next_page_token
        if not token:
            break
    assert [(one.recipient, one.template) for one in found] == [
        ("dd01", "case_assigned"),
        ("reporter", "receipt"),
    ]
    assert {one.state for one in found} == {notify_pb2.DELIVERY_STATE_SENT}
    assert all(one.HasField("plan_time") and one.HasField("finish_time") for one in found)


async def test_another_sites_messages_are_as_if_they_were_not(notify: Notify, stub: Stub) -> None:
    stream = Stream()
    registered = stream.registered()
    for fact in (registered, stream.assigned(registered.subject_id)):
        await notify.gatekeeper.take([fact], fact.source)
    request = notify_service_pb2.ListDeliveriesRequest(case_id=registered.subject_id)
    page = await stub.ListDeliveries(request, timeout=5, metadata=ELSEWHERE)
    assert list(page.deliveries) == []
    assert len((await stub.ListDeliveries(request, timeout=5, metadata=DISPATCHER)).deliveries) == 1


async def test_a_page_token_of_another_query_is_refused(
    stub: Stub,
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.ListDeliveries(
            notify_service_pb2.ListDeliveriesRequest(
                case_id="019e0000-0000-7000-8000-000000000001", page_token="bogus"
            ),
            timeout=5,
            metadata=DISPATCHER,
        )
    assert read_refusal(refused.value).reason == "INVALID_PAGE_TOKEN"

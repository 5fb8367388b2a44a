"""NotifyService: nothing but convert → once → read → convert."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from backstop.notify.v1 import notify_service_pb2, notify_service_pb2_grpc
from chassis.call import current_call
from chassis.database import Database
from chassis.errors import Refused
from chassis.pages import PageTokens, page_size
from chassis.sealing import SubjectKeys
from chassis.work import once
from services.notify import convert
from services.notify.handlers import commands
from services.notify.store import deliveries as store

_FIRST = (datetime(1, 1, 2, tzinfo=UTC), "00000000-0000-0000-0000-000000000000")


class NotifyServicer(notify_service_pb2_grpc.NotifyServiceServicer):
    """Stores contacts, and answers from the database as the caller may see it."""

    def __init__(self, app: Database, pages: PageTokens, keys: SubjectKeys) -> None:
        self._app = app
        self._pages = pages
        self._keys = keys

    async def PutContacts(
        self, request: notify_service_pb2.PutContactsRequest, context: Any
    ) -> notify_service_pb2.PutContactsResponse:
        call = current_call(request)
        command = convert.put_contacts(request)
        receipt = await once(
            self._app, call, partial(commands.put_contacts, command=command, keys=self._keys)
        )
        return notify_service_pb2.PutContactsResponse(contact_count=int(receipt.outcome))

    async def ListDeliveries(
        self, request: notify_service_pb2.ListDeliveriesRequest, context: Any
    ) -> notify_service_pb2.ListDeliveriesResponse:
        call = current_call(request)
        size = page_size(request.page_size, default=100, maximum=500)
        after = _key(self._pages, request)
        async with self._app.read(call.actor) as connection:
            found = await store.list_deliveries(
                connection,
                request.case_id,
                after,
                size + 1,
                [call.actor.subject, call.actor.acting_for],
            )
        response = notify_service_pb2.ListDeliveriesResponse(
            deliveries=[convert.delivery(delivery) for delivery in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1]
            response.next_page_token = self._pages.issue(
                request, (last.plan_time, last.delivery_id)
            )
        return response


def _key(
    pages: PageTokens, request: notify_service_pb2.ListDeliveriesRequest
) -> tuple[datetime, str]:
    """Returns the sort key after which the page begins."""
    keyset = pages.read(request)
    if keyset is None:
        return _FIRST
    match keyset:
        case (datetime() as time, str() as delivery_id):
            return time, delivery_id
        case _:
            raise Refused("INVALID_PAGE_TOKEN")

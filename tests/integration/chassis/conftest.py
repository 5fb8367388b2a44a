"""A real server with a small servicer behind the walls, and a client to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import grpc
import pytest

from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis.call import Call, call_context, current_call
from chassis.errors import Refused
from chassis.server import Registration, Server
from chassis.testing import Keys, serving

OPERATIONS = pb.DESCRIPTOR.services_by_name["OperationsService"]
FEED = pb.DESCRIPTOR.services_by_name["FeedService"]

Serve = Callable[..., AbstractAsyncContextManager[tuple[Server, str]]]


class Feed(pb_grpc.FeedServiceServicer):
    """Does what the subject id says, so that a test can ask for any behaviour."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.remaining: list[float | None] = []
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.failures: dict[str, Exception] = {}

    async def ReadSubject(
        self, request: pb.ReadSubjectRequest, context: Any
    ) -> pb.ReadSubjectResponse:
        self.calls.append(current_call(request))
        served = call_context()
        self.remaining.append(served.remaining() if served else None)
        if request.subject_id == "wait":
            self.entered.set()
            await self.release.wait()
        if request.subject_id in self.failures:
            raise self.failures[request.subject_id]
        if request.subject_id == "unknown-reason":
            raise Refused("NO_SUCH_REASON_ANYWHERE")
        return pb.ReadSubjectResponse()


@pytest.fixture
def keys() -> Keys:
    keys = Keys()
    keys.service("sla")
    keys.service("stranger")
    return keys


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def feed_registration(feed: Feed) -> Registration:
    return Registration(FEED, pb_grpc.add_FeedServiceServicer_to_server, feed)


@pytest.fixture
def serve(keys: Keys, tmp_path: Path, feed_registration: Registration) -> Serve:
    def start(**options: Any) -> AbstractAsyncContextManager[tuple[Server, str]]:
        return serving(feed_registration, keys=keys, folder=tmp_path, **options)

    return start


@pytest.fixture
async def stub(serve: Serve) -> AsyncIterator[Any]:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        yield pb_grpc.FeedServiceStub(channel)

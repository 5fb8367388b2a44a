"""A source of facts that can be asked for what is missing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc


class _Feed(pb_grpc.FeedServiceServicer):
    def __init__(self, facts: Sequence[fact_pb2.Fact], asked: list[tuple[str, int]]) -> None:
        self._facts = facts
        self._asked = asked

    async def ReadSubject(
        self, request: pb.ReadSubjectRequest, context: object
    ) -> pb.ReadSubjectResponse:
        self._asked.append((request.subject_id, request.from_version))
        return pb.ReadSubjectResponse(
            facts=[
                fact
                for fact in self._facts
                if fact.subject_id == request.subject_id
                and fact.subject_version >= request.from_version
            ]
        )


@asynccontextmanager
async def feed_of(
    facts: Sequence[fact_pb2.Fact],
) -> AsyncIterator[tuple[grpc.aio.Channel, list[tuple[str, int]]]]:
    """Serves these facts; yields a channel to them and the list of what was asked."""
    asked: list[tuple[str, int]] = []
    server = grpc.aio.server()
    pb_grpc.add_FeedServiceServicer_to_server(_Feed(facts, asked), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield channel, asked
    finally:
        await channel.close()
        await server.stop(None)

"""A server starts only with rules, tells the truth about its health, and drains."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis.access import MissingAccessRuleError
from chassis.client import connect
from chassis.errors import catalogue
from chassis.server import PlaintextRefusedError, Registration, Server
from chassis.testing import PEPPER, Keys, bearer, read_refusal, serving
from chassis.tokens import ServiceTokens, TokenVerifier
from tests.integration.chassis.conftest import FEED, OPERATIONS, Feed, Serve

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def method_without_rule() -> Any:
    """Returns a service descriptor of one method that has no access rule."""
    file = descriptor_pb2.FileDescriptorProto(
        name="open_door.proto", package="open.v1", syntax="proto3"
    )
    file.message_type.add(name="In")
    service = file.service.add(name="OpenService")
    service.method.add(name="Enter", input_type=".open.v1.In", output_type=".open.v1.In")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName("open.v1.OpenService")


def health_stub(channel: grpc.aio.Channel) -> Any:
    """Returns the stub, whose methods its published types leave out."""
    return health_pb2_grpc.HealthStub(channel)


def make(keys: Keys, folder: Path, *registrations: Registration, **options: Any) -> Server:
    return Server(
        registrations,
        catalogue=catalogue("test"),
        verifier=TokenVerifier(keys.write_trust_file(folder / "trust.json")),
        pepper=PEPPER,
        **({"address": "127.0.0.1:0"} | options),
    )


async def test_method_without_rule_stops_the_start(keys: Keys, tmp_path: Path) -> None:
    def add(_: object, __: object) -> None:
        raise AssertionError("registered although nobody may call it")

    door = Registration(method_without_rule(), add, object())
    with pytest.raises(MissingAccessRuleError, match=r"open\.v1\.OpenService\.Enter"):
        make(keys, tmp_path, door)


async def test_method_left_out_of_the_rules_is_denied(keys: Keys, tmp_path: Path) -> None:
    # Registered under the other service's descriptor: no rule is known for what it serves.
    mistaken = Registration(OPERATIONS, pb_grpc.add_FeedServiceServicer_to_server, Feed())
    async with (
        serving(mistaken, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        stub = pb_grpc.FeedServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ReadSubject(
                pb.ReadSubjectRequest(subject_id="s", from_version=1),
                timeout=5,
                metadata=bearer(keys.person("p", ["OPERATOR"])),
            )
    assert read_refusal(caught.value).reason == "PERMISSION_DENIED"


async def test_open_address_needs_tls(
    keys: Keys, tmp_path: Path, feed_registration: Registration
) -> None:
    with pytest.raises(PlaintextRefusedError):
        make(keys, tmp_path, feed_registration, address="0.0.0.0:0")


async def test_taken_port_is_an_error(
    serve: Serve, keys: Keys, tmp_path: Path, feed_registration: Registration
) -> None:
    async with serve() as (_, address):
        with pytest.raises((OSError, RuntimeError)):
            make(keys, tmp_path, feed_registration, address=address)


async def test_health_names_every_service(serve: Serve) -> None:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        health = health_stub(channel)
        for name in ("", FEED.full_name):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await health.Check(health_pb2.HealthCheckRequest(service="other"), timeout=5)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def _list_services(channel: grpc.aio.Channel) -> list[str]:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # sync
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = [a async for a in stub.ServerReflectionInfo(iter([request]), timeout=5)]
    return [service.name for a in answers for service in a.list_services_response.service]


async def test_reflection_is_off_by_default(serve: Serve) -> None:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _list_services(channel)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_reflection_can_be_switched_on(serve: Serve) -> None:
    async with (
        serve(enable_reflection=True) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        assert FEED.full_name in await _list_services(channel)


async def test_channelz_answers_on_this_machine(serve: Serve) -> None:
    async with serve() as (_, address), grpc.aio.insecure_channel(address) as channel:
        stub: Any = channelz_pb2_grpc.ChannelzStub(channel)  # type: ignore[arg-type]  # sync
        answer = await stub.GetServers(channelz_pb2.GetServersRequest(), timeout=5)
    assert answer.server


async def test_drain_waits_for_calls_in_flight(serve: Serve, feed: Feed, keys: Keys) -> None:
    async with serve() as (server, address), grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.FeedServiceStub(channel)
        watch = health_stub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == SERVING
        call = asyncio.ensure_future(
            stub.ReadSubject(
                pb.ReadSubjectRequest(subject_id="wait", from_version=1),
                timeout=20,
                metadata=bearer(keys.person("p", ["OPERATOR"])),
            )
        )
        await asyncio.wait_for(feed.entered.wait(), 5)
        drained = asyncio.ensure_future(server.drain(grace=15))
        # The watcher hears of it while the call is still being served.
        assert (await asyncio.wait_for(watch.read(), 5)).status == NOT_SERVING
        assert server.walls.in_flight.calls == 1
        assert not drained.done()
        # With a connection of its own: the old one is told to go away in its own time.
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(address, options=own) as late:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await health_stub(late).Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert not drained.done()
        feed.release.set()
        await asyncio.wait_for(call, 5)
        await asyncio.wait_for(drained, 5)
        assert server.walls.in_flight.calls == 0


async def test_drain_ends_after_its_grace(serve: Serve, feed: Feed, keys: Keys) -> None:
    async with serve() as (server, address), grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.FeedServiceStub(channel)
        call = asyncio.ensure_future(
            stub.ReadSubject(
                pb.ReadSubjectRequest(subject_id="wait", from_version=1),
                timeout=20,
                metadata=bearer(keys.person("p", ["OPERATOR"])),
            )
        )
        await asyncio.wait_for(feed.entered.wait(), 5)
        await asyncio.wait_for(server.drain(grace=0.1), 5)
        with pytest.raises(grpc.aio.AioRpcError):
            await asyncio.wait_for(call, 5)


async def test_channel_brings_deadline_identity_and_request_id(
    serve: Serve, feed: Feed, keys: Keys
) -> None:
    async with serve() as (_, address):
        tokens = ServiceTokens("sla", keys.service("sla"))
        async with connect("feed", address, tokens=tokens, timeout=3) as channel:
            stub = pb_grpc.FeedServiceStub(channel)
            await stub.ReadSubject(pb.ReadSubjectRequest(subject_id="s", from_version=1))
    assert feed.calls[0].actor.service_name == "sla"
    assert feed.remaining[0] is not None
    assert 1 < feed.remaining[0] <= 3.5  # the deadline travels by another clock than the test's


async def test_channel_tries_again_when_the_peer_was_away(
    serve: Serve, feed: Feed, keys: Keys
) -> None:
    failures = [ConnectionRefusedError(111, "refused"), ConnectionRefusedError(111, "refused")]

    class Recovering(dict[str, Exception]):
        def __contains__(self, _: object) -> bool:
            return bool(failures)

        def __getitem__(self, _: str) -> Exception:
            return failures.pop()

    feed.failures = Recovering()
    async with serve() as (_, address):
        tokens = ServiceTokens("sla", keys.service("sla"))
        async with connect("feed", address, tokens=tokens) as channel:
            stub = pb_grpc.FeedServiceStub(channel)
            await stub.ReadSubject(pb.ReadSubjectRequest(subject_id="s", from_version=1))
    assert len(feed.calls) == 3

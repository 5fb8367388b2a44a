"""Streams pass the same walls as single calls, with an hour's deadline; and TLS is TLS."""

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis import interceptors
from chassis.call import call_context
from chassis.client import connect
from chassis.errors import Refused, catalogue
from chassis.inflight import Limits
from chassis.interceptors import LONGEST_STREAM_SECONDS
from chassis.server import Registration, Server, TlsFiles
from chassis.testing import PEPPER, Keys, bearer, read_refusal, serving
from chassis.tokens import ServiceTokens, TokenVerifier
from tests.integration.chassis.conftest import FEED, Feed

READ_SUBJECT = "/backstop.operations.v1.FeedService/ReadSubject"


class Streams:
    """Serves the method as a stream in both directions, or in one."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.release = asyncio.Event()
        self.left = asyncio.Event()
        self.deadlines: list[float | None] = []

    async def answers(
        self, request: pb.ReadSubjectRequest, context: Any
    ) -> AsyncIterator[pb.ReadSubjectResponse]:
        served = call_context()
        self.deadlines.append(served.deadline if served else -1)
        try:
            for _ in range(request.page_size):
                yield pb.ReadSubjectResponse()
            self.entered.set()
            if request.subject_id == "wait":
                await self.release.wait()
            if request.subject_id == "until draining" and served is not None:
                await served.draining.wait()
            if request.subject_id == "refuse":
                raise Refused("NO_SUCH_POSITION", position=9, head=3)
        finally:
            self.left.set()

    async def collects(
        self, requests: AsyncIterator[pb.ReadSubjectRequest], context: Any
    ) -> pb.ReadSubjectResponse:
        count = 0
        async for _ in requests:
            count += 1
        return pb.ReadSubjectResponse(facts=[fact_pb2.Fact(source=str(count))])

    def registration(self, *, upwards: bool) -> Registration:
        def add(_: object, server: Any) -> None:
            kinds: dict[str, Any] = {
                "request_deserializer": pb.ReadSubjectRequest.FromString,
                "response_serializer": pb.ReadSubjectResponse.SerializeToString,
            }
            handler: Any
            if upwards:
                handler = grpc.stream_unary_rpc_method_handler(self.collects, **kinds)
            else:
                handler = grpc.unary_stream_rpc_method_handler(self.answers, **kinds)
            server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(FEED.full_name, {"ReadSubject": handler}),)
            )

        return Registration(FEED, add, self)


def ask(subject_id: str = "s", page_size: int = 3) -> pb.ReadSubjectRequest:
    return pb.ReadSubjectRequest(subject_id=subject_id, from_version=1, page_size=page_size)


def downwards(channel: grpc.aio.Channel) -> Any:
    return channel.unary_stream(
        READ_SUBJECT,
        request_serializer=pb.ReadSubjectRequest.SerializeToString,
        response_deserializer=pb.ReadSubjectResponse.FromString,
    )


def upwards(channel: grpc.aio.Channel) -> Any:
    return channel.stream_unary(
        READ_SUBJECT,
        request_serializer=pb.ReadSubjectRequest.SerializeToString,
        response_deserializer=pb.ReadSubjectResponse.FromString,
    )


def operator(keys: Keys) -> tuple[tuple[str, str], ...]:
    return bearer(keys.person("p", ["OPERATOR"]))


@pytest.fixture
def streams() -> Streams:
    return Streams()


async def test_stream_needs_no_deadline(streams: Streams, keys: Keys, tmp_path: Path) -> None:
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        got = [a async for a in downwards(channel)(ask(), metadata=operator(keys))]
    assert len(got) == 3
    # An hour is what the server gives it then.
    left = (streams.deadlines[0] or 0.0) - time.monotonic()
    assert LONGEST_STREAM_SECONDS - 60 < left <= LONGEST_STREAM_SECONDS


async def test_a_stream_may_last_longer_than_a_call_but_no_longer_than_an_hour(
    streams: Streams, keys: Keys, tmp_path: Path
) -> None:
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = downwards(channel)
        got = [a async for a in call(ask(), metadata=operator(keys), timeout=3_600)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(ask(), metadata=operator(keys), timeout=4_000).read()
    assert len(got) == 3
    refusal = read_refusal(caught.value)
    assert refusal.reason == "DEADLINE_REQUIRED"
    assert refusal.metadata == {"maximum_seconds": "3600"}


async def test_a_stream_whose_time_is_over_ends_with_a_reason(
    streams: Streams, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interceptors, "LONGEST_STREAM_SECONDS", 0.3)
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        # No deadline of the caller's: the server's own end comes, with its details.
        call = downwards(channel)(ask("wait"), metadata=operator(keys))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in call:
                pass
        await asyncio.wait_for(streams.left.wait(), 5)
    assert read_refusal(caught.value).reason == "DEADLINE_EXCEEDED"


async def test_a_stream_is_told_that_the_server_stops(
    streams: Streams, keys: Keys, tmp_path: Path
) -> None:
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path) as (server, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = downwards(channel)(ask("until draining"), metadata=operator(keys), timeout=60)
        reading = asyncio.create_task(_count(call))
        await asyncio.wait_for(streams.entered.wait(), 5)
        assert not streams.left.is_set()
        async with asyncio.timeout(10):
            await server.drain(30)
            assert await reading == 3


async def _count(call: Any) -> int:
    return len([answer async for answer in call])


async def test_stream_is_refused_in_the_middle(
    streams: Streams, keys: Keys, tmp_path: Path
) -> None:
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path) as (server, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = downwards(channel)(ask("refuse"), metadata=operator(keys))
        got = [await call.read() for _ in range(3)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        await asyncio.wait_for(server.walls.in_flight.idle(), 5)
    assert all(isinstance(answer, pb.ReadSubjectResponse) for answer in got)
    assert read_refusal(caught.value).reason == "NO_SUCH_POSITION"


@pytest.mark.parametrize(
    ("metadata", "subject_id", "reason"),
    [(False, "s", "UNAUTHENTICATED"), (True, "", "INVALID_FIELD")],
)
async def test_stream_passes_the_walls(
    streams: Streams, keys: Keys, tmp_path: Path, metadata: bool, subject_id: str, reason: str
) -> None:
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        given = operator(keys) if metadata else ()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await downwards(channel)(ask(subject_id), metadata=given).read()
    assert read_refusal(caught.value).reason == reason
    assert not streams.left.is_set()


async def test_stream_whose_caller_leaves_is_closed_and_counted_out(
    streams: Streams, keys: Keys, tmp_path: Path
) -> None:
    down = streams.registration(upwards=False)
    async with (
        serving(down, keys=keys, folder=tmp_path, limits=Limits(streams=1)) as (server, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        call = downwards(channel)(ask("wait"), metadata=operator(keys))
        await asyncio.wait_for(streams.entered.wait(), 5)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await downwards(channel)(ask(), metadata=operator(keys)).read()
        assert read_refusal(caught.value).reason == "OVERLOADED"
        call.cancel()
        await asyncio.wait_for(streams.left.wait(), 5)
        await asyncio.wait_for(server.walls.in_flight.idle(), 5)


async def test_every_message_of_an_upward_stream_is_checked(
    streams: Streams, keys: Keys, tmp_path: Path
) -> None:
    up = streams.registration(upwards=True)
    async with (
        serving(up, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        answer = await upwards(channel)(iter([ask(), ask()]), metadata=operator(keys))
        assert answer.facts[0].source == "2"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await upwards(channel)(iter([ask(), ask("")]), metadata=operator(keys))
    assert read_refusal(caught.value).fields == ("subject_id",)


def write_certificate(folder: Path) -> TlsFiles:
    """Makes a certificate for this machine that signs itself."""
    # gRPC offers no Ed25519 for certificates.
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    files = TlsFiles(folder / "cert.pem", folder / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


async def test_tls_server_answers_tls_only(
    feed: Feed, feed_registration: Registration, keys: Keys, tmp_path: Path
) -> None:
    files = write_certificate(tmp_path)
    server = Server(
        [feed_registration],
        address="127.0.0.1:0",
        catalogue=catalogue("test"),
        verifier=TokenVerifier(keys.write_trust_file(tmp_path / "trust.json")),
        pepper=PEPPER,
        tls=files,
    )
    await server.start()
    address = f"127.0.0.1:{server.port}"
    tokens = ServiceTokens("sla", keys.service("sla"))
    request = ask()
    try:
        async with connect("feed", address, tokens=tokens, ca_file=files.certificate) as channel:
            await pb_grpc.FeedServiceStub(channel).ReadSubject(request)
        async with connect("feed", address, tokens=tokens, timeout=1) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await pb_grpc.FeedServiceStub(channel).ReadSubject(request)
    finally:
        await server.drain(1)
    assert caught.value.code() in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )
    assert len(feed.calls) == 1

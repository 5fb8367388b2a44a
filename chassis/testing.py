"""What tests of every service need: a clock that stands still, keys, tokens, a server to call."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from chassis.actor import SERVICE_PREFIX, Actor
from chassis.call import Call, CallContext, enter_call, fingerprint
from chassis.errors import CHINESE, Catalogue, catalogue
from chassis.ids import new_id
from chassis.inflight import Limits
from chassis.server import Registration, Server
from chassis.tokens import (
    AUDIENCE,
    PEOPLE_ISSUER,
    PEOPLE_KID,
    ServiceTokens,
    TokenVerifier,
    sign,
)

PEPPER = bytes(range(32))
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@dataclass(slots=True)
class FakeClock:
    """Time that moves only when told to."""

    time: datetime = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def seconds(self) -> float:
        return self.time.timestamp()

    def advance(self, by: timedelta) -> None:
        self.time += by


@dataclass(slots=True)
class Keys:
    """Keys of the people's issuer and of any service, and the trust file that names them."""

    people: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    services: dict[str, Ed25519PrivateKey] = field(default_factory=dict)

    def service(self, name: str) -> Ed25519PrivateKey:
        """Returns the key of a service, made at its first use."""
        return self.services.setdefault(name, Ed25519PrivateKey.generate())

    def write_trust_file(self, path: Path) -> Path:
        """Writes the public keys as JWKS; services must have been asked for before."""
        keys = [_jwk(PEOPLE_KID, self.people)]
        keys += [_jwk(f"{SERVICE_PREFIX}{name}", key) for name, key in self.services.items()]
        path.write_text(json.dumps({"keys": keys}), encoding="utf-8")
        return path

    def write_service_key(self, path: Path, name: str) -> Path:
        """Writes the private key of a service as PEM."""
        path.write_bytes(
            self.service(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return path

    def person(
        self,
        subject: str = "p-1",
        roles: Sequence[str] = (),
        sites: Sequence[str] = ("*",),
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        lifetime: timedelta = timedelta(hours=1),
        **claims: Any,
    ) -> str:
        """Returns a person's token; `claims` replace or add to the usual ones."""
        usual = {
            "sub": subject,
            "iss": PEOPLE_ISSUER,
            "aud": AUDIENCE,
            "exp": int((now() + lifetime).timestamp()),
            "roles": list(roles),
            "sites": list(sites),
        }
        return sign(self.people, kid=PEOPLE_KID, claims=usual | claims)

    def service_token(self, name: str) -> str:
        """Returns a service's own token."""
        return ServiceTokens(name, self.service(name)).token()


def _jwk(kid: str, key: Ed25519PrivateKey) -> dict[str, str]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}


def bearer(token: str, **metadata: str) -> tuple[tuple[str, str], ...]:
    """Returns call metadata with a token; underscores in names stand for hyphens."""
    others = ((name.replace("_", "-"), value) for name, value in metadata.items())
    return (("authorization", f"Bearer {token}"), *others)


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal as a client reads it."""

    code: grpc.StatusCode
    reason: str
    domain: str
    metadata: dict[str, str]
    sentence: str
    locale: str
    fields: tuple[str, ...]
    retry: bool
    x_request_id: str
    message: str


def read_refusal(error: grpc.aio.AioRpcError) -> Answer:
    """Reads a refusal; AssertionError when it isn't one of the suite's form."""
    trailing = dict(error.trailing_metadata() or ())
    raw = trailing.get("grpc-status-details-bin")
    if not isinstance(raw, bytes):
        raise AssertionError(f"no status details: {error.code()} {error.details()}")
    status = status_pb2.Status.FromString(raw)
    if status.code != error.code().value[0]:
        raise AssertionError("the code in the details is another")
    info = _unpack(status, error_details_pb2.ErrorInfo)
    sentences = _unpack(status, error_details_pb2.LocalizedMessage)
    requests = _unpack(status, error_details_pb2.BadRequest)
    if len(info) != 1 or len(sentences) != 1:
        raise AssertionError("not exactly one ErrorInfo and one LocalizedMessage")
    return Answer(
        code=error.code(),
        reason=info[0].reason,
        domain=info[0].domain,
        metadata=dict(info[0].metadata),
        sentence=sentences[0].message,
        locale=sentences[0].locale,
        fields=tuple(v.field for request in requests for v in request.field_violations),
        retry=bool(_unpack(status, error_details_pb2.RetryInfo)),
        x_request_id=str(trailing.get("x-request-id", "")),
        message=error.details() or "",
    )


def _unpack(status: status_pb2.Status, kind: type[Any]) -> list[Any]:
    found = []
    for detail in status.details:
        message = kind()
        if detail.Unpack(message):
            found.append(message)
    return found


@asynccontextmanager
async def serving(
    *registrations: Registration,
    keys: Keys,
    folder: Path,
    reasons: Catalogue | None = None,
    limits: Limits | None = None,
    enable_reflection: bool = False,
) -> AsyncIterator[tuple[Server, str]]:
    """Serves on a free port of this machine; yields the server and its address."""
    server = Server(
        registrations,
        address="127.0.0.1:0",
        catalogue=reasons or catalogue("test"),
        verifier=TokenVerifier(keys.write_trust_file(folder / "trust.json")),
        pepper=PEPPER,
        limits=limits,
        enable_reflection=enable_reflection,
    )
    await server.start()
    try:
        yield server, f"127.0.0.1:{server.port}"
    finally:
        await server.drain(grace=1.0)


def make_call(
    actor: Actor, request: Message | None = None, *, method: str = "/test", request_id: str = ""
) -> Call:
    """Returns a call as `once` takes it, for tests of handlers without a server."""
    given = request_id or getattr(request, "request_id", "") or new_id()
    mark = b"" if request is None else fingerprint(PEPPER, method, request)
    return Call(actor=actor, method=method, request_id=given, fingerprint=mark)


def enter_test_call(actor: Actor, *, method: str = "/test", language: str = CHINESE) -> None:
    """Makes `current_call` work in this task, for tests of servicers without a server."""
    enter_call(
        CallContext(
            method=method,
            x_request_id=new_id(),
            trace=TRACE,
            language=language,
            fingerprint_key=PEPPER,
            actor=actor,
        )
    )

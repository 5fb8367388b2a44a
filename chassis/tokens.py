"""Who a caller is: verifies tokens against the trust file, and signs the service's own.

A token is a JWT signed with Ed25519. The key it names decides what it can claim: kid "people"
signs for people and other systems, kid "service:<name>" for that service alone. Claims: `sub`,
`aud` = "backstop", `iss` ("backstop", or "service:<name>"), `exp`, and for people `roles` (names
without prefix), `sites` (ids, or "*") and optionally `acting_for`.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm

from chassis.actor import SERVICE_PREFIX, Actor, service_actor
from chassis.errors import Refused

AUDIENCE = "backstop"
PEOPLE_ISSUER = "backstop"
PEOPLE_KID = "people"
ALGORITHM = "EdDSA"

SERVICE_TOKEN_SECONDS = 300
_RENEW_SECONDS = 60
# Clocks of a token's issuer and ours may differ by this much.
_LEEWAY_SECONDS = 5
_LONGEST_TOKEN = 8_192
_KEPT_TOKENS = 4_096
_FILE_CHECK_SECONDS = 5.0


class TrustError(Exception):
    """The trust file or a key file can't be used."""


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    expires: float


class TokenVerifier:
    """Turns tokens into actors.

    Keeps verified tokens until they expire (an Ed25519 check costs about as much as the rest of
    a call) and rereads the trust file when it changes. Several keys may share a kid: that is how
    a key is replaced without a gap.
    """

    def __init__(self, trust_file: Path, *, now: Callable[[], float] = time.time) -> None:
        self._file = trust_file
        self._now = now
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._checked = now()
        self._stamp = self._file_stamp()
        self._keys = read_trust_file(trust_file)

    def verify(self, token: str) -> Actor:
        """Returns the actor a token stands for, or raises Refused UNAUTHENTICATED."""
        now = self._now()
        self._reread(now)
        known = self._known.get(token)
        if known is not None:
            if now < known.expires:
                return known.actor
            del self._known[token]
        known = self._check(token, now)
        self._known[token] = known
        if len(self._known) > _KEPT_TOKENS:
            self._known.popitem(last=False)
        return known.actor

    def _check(self, token: str, now: float) -> _Known:
        if len(token) > _LONGEST_TOKEN:
            raise _unauthenticated("too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise _unauthenticated("malformed") from None
        if header.get("alg") != ALGORITHM:
            raise _unauthenticated("algorithm")
        kid = str(header.get("kid", ""))
        issuer = PEOPLE_ISSUER if kid == PEOPLE_KID else kid
        claims = self._claims(token, kid, issuer)
        expires = claims["exp"]
        if not isinstance(expires, int) or isinstance(expires, bool):
            raise _unauthenticated("claims")
        if now >= expires + _LEEWAY_SECONDS:
            raise _unauthenticated("expired")
        not_before = claims.get("nbf", 0)
        if not isinstance(not_before, int) or now < not_before - _LEEWAY_SECONDS:
            raise _unauthenticated("not yet valid")
        actor = _person(claims) if kid == PEOPLE_KID else _service(claims, kid)
        return _Known(actor, float(expires))

    def _claims(self, token: str, kid: str, issuer: str) -> dict[str, Any]:
        problem = "unknown key"
        for key in self._keys.get(kid, ()):
            try:
                return jwt.decode(
                    token,
                    key,
                    algorithms=[ALGORITHM],
                    audience=AUDIENCE,
                    issuer=issuer,
                    leeway=_LEEWAY_SECONDS,
                    options={
                        "require": ["exp", "iss", "aud", "sub"],
                        # Times are checked below, against the clock that a test can move.
                        "verify_exp": False,
                        "verify_iat": False,
                        "verify_nbf": False,
                    },
                )
            except jwt.InvalidSignatureError:
                problem = "signature"
            except jwt.InvalidIssuerError:
                raise _unauthenticated("issuer") from None
            except jwt.InvalidAudienceError:
                raise _unauthenticated("audience") from None
            except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
                raise _unauthenticated("claims") from None
        raise _unauthenticated(problem)

    def _reread(self, now: float) -> None:
        if now - self._checked < _FILE_CHECK_SECONDS:
            return
        self._checked = now
        stamp = self._file_stamp()
        if stamp == self._stamp:
            return
        try:
            keys = read_trust_file(self._file)
        except TrustError:
            # A file caught in the middle of being written: the old keys stand until the next look.
            return
        self._stamp, self._keys = stamp, keys
        self._known.clear()

    def _file_stamp(self) -> tuple[int, int, int]:
        try:
            status = self._file.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino)


class ServiceTokens:
    """Signs the tokens a service shows to its peers, and keeps one until it is due for renewal."""

    def __init__(
        self, service: str, key: Ed25519PrivateKey, *, now: Callable[[], float] = time.time
    ) -> None:
        self._subject = f"{SERVICE_PREFIX}{service}"
        self._key = key
        self._now = now
        self._token = ""
        self._renew = 0.0

    def token(self) -> str:
        """Returns a token with at least a minute to live."""
        now = self._now()
        if now >= self._renew:
            expires = int(now) + SERVICE_TOKEN_SECONDS
            self._token = sign(
                self._key,
                kid=self._subject,
                claims={
                    "sub": self._subject,
                    "iss": self._subject,
                    "aud": AUDIENCE,
                    "iat": int(now),
                    "exp": expires,
                },
            )
            self._renew = expires - _RENEW_SECONDS
        return self._token


def sign(key: Ed25519PrivateKey, *, kid: str, claims: Mapping[str, Any]) -> str:
    """Returns a signed token with exactly these claims."""
    return jwt.encode(dict(claims), key, algorithm=ALGORITHM, headers={"kid": kid})


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Reads an Ed25519 private key from a PEM file; TrustError when it is none."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise TrustError(f"{path} is not a private key: {type(error).__name__}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise TrustError(f"{path} is not an Ed25519 key")
    return key


def read_trust_file(path: Path) -> Mapping[str, tuple[Ed25519PublicKey, ...]]:
    """Reads a JWKS of Ed25519 public keys, by kid; TrustError when it is none or holds others."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
        keys: dict[str, tuple[Ed25519PublicKey, ...]] = {}
        for entry in entries:
            key = OKPAlgorithm.from_jwk(entry)
            if not isinstance(key, Ed25519PublicKey):
                raise TrustError(f"{path} holds a key that is not a public Ed25519 key")
            kid = str(entry["kid"])
            if kid != PEOPLE_KID and not kid.startswith(SERVICE_PREFIX):
                raise TrustError(f"{path}: kid {kid!r} is neither people nor service:<name>")
            keys[kid] = (*keys.get(kid, ()), key)
    except (OSError, ValueError, KeyError, TypeError, jwt.InvalidKeyError) as error:
        raise TrustError(f"{path} is not a set of keys: {type(error).__name__}") from None
    return keys


def _person(claims: Mapping[str, Any]) -> Actor:
    subject = claims["sub"]
    # A service is believed by its own key alone.
    if not subject or subject.startswith(SERVICE_PREFIX):
        raise _unauthenticated("subject")
    return Actor(
        subject=subject,
        roles=_names(claims, "roles"),
        sites=_names(claims, "sites"),
        acting_for=str(claims.get("acting_for", "")),
    )


def _service(claims: Mapping[str, Any], kid: str) -> Actor:
    if claims["sub"] != kid:
        raise _unauthenticated("subject")
    return service_actor(kid.removeprefix(SERVICE_PREFIX))


def _names(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    value = claims.get(claim, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _unauthenticated("claims")
    return frozenset(value)


def _unauthenticated(problem: str) -> Refused:
    return Refused("UNAUTHENTICATED", problem=problem)

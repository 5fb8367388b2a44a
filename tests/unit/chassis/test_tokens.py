"""Tokens are kept no longer than they live, and keys can be replaced without a gap."""

from datetime import timedelta
from pathlib import Path

import pytest

from chassis.errors import Refused
from chassis.testing import FakeClock, Keys
from chassis.tokens import (
    ServiceTokens,
    TokenVerifier,
    TrustError,
    read_private_key,
    read_trust_file,
)

# From RFC 8037, appendix A.
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
PRIVATE = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def verifier(keys: Keys, folder: Path, clock: FakeClock) -> TokenVerifier:
    path = keys.write_trust_file(folder / "trust.json")
    return TokenVerifier(path, now=clock.seconds)


def problem_of(check: TokenVerifier, token: str) -> str:
    with pytest.raises(Refused) as caught:
        check.verify(token)
    assert caught.value.reason == "UNAUTHENTICATED"
    return caught.value.metadata["problem"]


def test_known_token_expires_all_the_same(tmp_path: Path, clock: FakeClock) -> None:
    keys = Keys()
    check = verifier(keys, tmp_path, clock)
    token = keys.person("p-1", ["CLERK"], now=clock.now, lifetime=timedelta(minutes=10))
    assert check.verify(token).subject == "p-1"
    clock.advance(timedelta(minutes=9))
    assert check.verify(token) is check.verify(token)
    clock.advance(timedelta(minutes=2))
    assert problem_of(check, token) == "expired"


def test_token_of_tomorrow_is_not_yet_valid(tmp_path: Path, clock: FakeClock) -> None:
    keys = Keys()
    check = verifier(keys, tmp_path, clock)
    token = keys.person("p-1", now=clock.now, nbf=int(clock.seconds()) + 600)
    assert problem_of(check, token) == "not yet valid"
    clock.advance(timedelta(minutes=10))
    assert check.verify(token).subject == "p-1"


def test_key_that_is_taken_out_is_no_longer_believed(tmp_path: Path, clock: FakeClock) -> None:
    keys = Keys()
    check = verifier(keys, tmp_path, clock)
    old = keys.person("p-1", now=clock.now)
    check.verify(old)
    fresh = Keys()
    fresh.write_trust_file(tmp_path / "trust.json")
    clock.advance(timedelta(seconds=6))
    assert problem_of(check, old) == "signature"
    assert check.verify(fresh.person("p-1", now=clock.now)).subject == "p-1"


def test_half_written_trust_file_changes_nothing(tmp_path: Path, clock: FakeClock) -> None:
    keys = Keys()
    check = verifier(keys, tmp_path, clock)
    token = keys.person("p-1", now=clock.now)
    (tmp_path / "trust.json").write_text('{"keys": [')
    clock.advance(timedelta(seconds=6))
    assert check.verify(token).subject == "p-1"


def test_service_token_is_kept_and_renewed_in_time(tmp_path: Path, clock: FakeClock) -> None:
    keys = Keys()
    tokens = ServiceTokens("sla", keys.service("sla"), now=clock.seconds)
    check = verifier(keys, tmp_path, clock)
    first = tokens.token()
    clock.advance(timedelta(minutes=3))
    assert tokens.token() == first
    clock.advance(timedelta(minutes=1, seconds=1))
    second = tokens.token()
    assert second != first
    assert check.verify(second).service_name == "sla"
    clock.advance(timedelta(minutes=1, seconds=5))
    assert problem_of(check, first) == "expired"


def test_unknown_key_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    keys = Keys()
    check = verifier(keys, tmp_path, clock)
    stranger = ServiceTokens("late", keys.service("late"), now=clock.seconds)
    assert problem_of(check, stranger.token()) == "unknown key"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"keys": [{"kid": "people", "kty": "RSA"}]}',
        '{"keys": [{"kty": "oct", "kid": "people", "k": "AAAA"}]}',
        f'{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "kid": "others", "x": "{PUBLIC}"}}]}}',
    ],
)
def test_trust_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trust.json"
    path.write_text(content)
    with pytest.raises(TrustError):
        read_trust_file(path)


def test_private_key_in_the_trust_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_text(
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "people",'
        f' "d": "{PRIVATE}", "x": "{PUBLIC}"}}]}}'
    )
    with pytest.raises(TrustError, match="not a public"):
        read_trust_file(path)


def test_private_key_is_read_from_pem(tmp_path: Path) -> None:
    keys = Keys()
    path = keys.write_service_key(tmp_path / "key.pem", "sla")
    raw = keys.service("sla").public_key().public_bytes_raw()
    assert read_private_key(path).public_key().public_bytes_raw() == raw
    path.write_text("no key")
    with pytest.raises(TrustError):
        read_private_key(path)

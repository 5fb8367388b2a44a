"""Everything secret of an instance, made once and kept: passwords, signing keys, sealing roots.

Each service gets a folder with only what it needs, which it reads through
BACKSTOP_SECRETS_DIR; migrating, which needs more rights, has a folder apart.
Address and password files are rewritten at every start, because the servers
may be others than last time; keys and passwords never are.
"""

from __future__ import annotations

import base64
import json
import secrets
import urllib.parse
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from deploy.local import files
from deploy.local.layout import SERVICES, Instance
from deploy.local.problem import Problem
from deploy.local.servers import Endpoints

DATABASE: Final = "backstop"
SEALING: Final = frozenset({"intake", "notify"})
ROLE_KINDS: Final = ("owner", "app", "worker")
FSCK_ROLE: Final = "backstop_fsck"


def make(instance: Instance, endpoints: Endpoints) -> None:
    """Makes what is absent and brings the addresses up to date."""
    for folder in (instance.secrets, instance.tokens):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    for role in roles():
        password_of(instance, role)
    pepper = files.once(instance.secrets / "pepper", _key)
    for service in SERVICES:
        own = instance.secrets / service
        _write(own / "app_dsn", _dsn(instance, endpoints, f"backstop_{service}_app"))
        _write(own / "worker_dsn", _dsn(instance, endpoints, f"backstop_{service}_worker"))
        _write(own / "amqp_url", endpoints.amqp_url_of(service))
        # One pepper for all: a fingerprint made by one service is compared by no other,
        # but receipt codes are looked up wherever a slip may turn up.
        _write(own / "pepper.key", pepper)
        if service in SEALING:
            files.once(own / "root.key", _key)
        files.once(own / "service_key.pem", _signing_key)
        migrating = instance.secrets / f"{service}-migrate"
        _write(migrating / "owner_dsn", _dsn(instance, endpoints, f"backstop_{service}_owner"))
        _write(migrating / "amqp_url", endpoints.amqp_url_of(service))
        _write(migrating / "amqp_management_url", endpoints.management_url)
    _write(instance.secrets / "fsck_dsn", _dsn(instance, endpoints, FSCK_ROLE))
    files.once(instance.secrets / "people.pem", _signing_key)
    _write(instance.secrets / "trust.json", _trust(instance))


def roles() -> list[str]:
    """Database roles of the suite."""
    services = [f"backstop_{service}_{kind}" for service in SERVICES for kind in ROLE_KINDS]
    return [*services, FSCK_ROLE]


def password_of(instance: Instance, role: str) -> str:
    return files.once(instance.secrets / "roles" / role, files.password)


def people_key(instance: Instance) -> Ed25519PrivateKey:
    """The key that signs the tokens of people and other systems."""
    return _private(instance.secrets / "people.pem")


def _dsn(instance: Instance, endpoints: Endpoints, role: str) -> str:
    parts = urllib.parse.urlsplit(endpoints.postgres_admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    address = f"{role}:{password_of(instance, role)}@{host}"
    # The query stays: it may ask for TLS.
    return parts._replace(netloc=address, path=f"/{DATABASE}").geturl()


def _trust(instance: Instance) -> str:
    """The public halves, as a JSON Web Key Set."""
    keys = [_public("people", people_key(instance))]
    for service in SERVICES:
        key = _private(instance.secrets / service / "service_key.pem")
        keys.append(_public(f"service:{service}", key))
    return json.dumps({"keys": keys}, indent=2) + "\n"


def _public(kid: str, key: Ed25519PrivateKey) -> dict[str, str]:
    raw = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": raw}


def _private(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise Problem(f"{path} is not an Ed25519 key; remove it to have it made again")
    return key


def _signing_key() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode() + "\n"


def _write(path: Path, content: str) -> None:
    """Rewrites a file only when it differs: services watch some of them."""
    if not path.is_file() or path.read_text() != content:
        files.write(path, content, mode=0o600)

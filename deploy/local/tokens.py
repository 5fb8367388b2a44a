"""Tokens for the people of the sample site, signed with the instance's own key.

A real deployment's tokens come from the enterprise's identity system; here the
person trying the suite is everyone in turn.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import jwt
import yaml

from deploy.local import files, keys
from deploy.local.layout import Instance
from deploy.local.problem import Problem

LIFETIME: Final = timedelta(days=365)
# Tokens with less than this to live are made anew.
_RENEW: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token is for; the name is that of its file."""

    name: str
    subject: str
    roles: tuple[str, ...]
    sites: tuple[str, ...]


# There whatever the samples say: the one who loads the site and the one who watches the machinery.
ADMINISTRATOR: Final = Holder("administrator", "system:local", ("ADMINISTRATOR",), ("*",))
OPERATOR: Final = Holder("operator", "system:operator", ("OPERATOR",), ("*",))


def mint_all(instance: Instance, samples: Path) -> dict[str, Path]:
    """Writes tokens/<name>.jwt for everyone in samples/tokens.yaml; returns the files by name."""
    holders = {holder.name: holder for holder in (ADMINISTRATOR, OPERATOR)}
    holders |= {holder.name: holder for holder in _read(samples / "tokens.yaml")}
    made = {}
    for holder in holders.values():
        path = instance.tokens / f"{holder.name}.jwt"
        if not _still_good(instance, path, holder):
            files.write(path, mint(instance, holder) + "\n", mode=0o600)
        made[holder.name] = path
    return made


def mint(instance: Instance, holder: Holder) -> str:
    now = int(time.time())
    claims = _lasting(holder) | {"iat": now, "exp": now + int(LIFETIME.total_seconds())}
    return jwt.encode(
        claims, keys.people_key(instance), algorithm="EdDSA", headers={"kid": "people"}
    )


def _lasting(holder: Holder) -> dict[str, Any]:
    return {
        "iss": "backstop",
        "aud": "backstop",
        "sub": holder.subject,
        "roles": list(holder.roles),
        "sites": list(holder.sites),
    }


def _still_good(instance: Instance, path: Path, holder: Holder) -> bool:
    try:
        claims = jwt.decode(
            path.read_text().strip(),
            keys.people_key(instance).public_key(),
            algorithms=["EdDSA"],
            audience="backstop",
        )
    except (OSError, jwt.InvalidTokenError):
        return False
    lasting = {name: value for name, value in claims.items() if name not in ("iat", "exp")}
    good_until = time.time() + _RENEW.total_seconds()
    return lasting == _lasting(holder) and float(claims["exp"]) > good_until


def _read(path: Path) -> Sequence[Holder]:
    if not path.is_file():
        return []
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = document.get("tokens", []) if isinstance(document, dict) else document
    try:
        return [
            Holder(
                str(entry["name"]),
                str(entry["subject"]),
                tuple(str(role) for role in entry["roles"]),
                tuple(str(site) for site in entry["sites"]),
            )
            for entry in entries
        ]
    except (KeyError, TypeError) as error:
        raise Problem(f"{path}: each entry needs name, subject, roles, sites ({error})") from error

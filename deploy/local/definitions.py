"""What a broker must hold before the suite can use it, in RabbitMQ's own file format.

AMQP can't set any of it: virtual host, users, rights, the policy of the queues.
The local broker and the one in compose load the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Final

from deploy.local.layout import SERVICES
from deploy.local.management import POLICY, POLICY_NAME

VHOST: Final = "backstop"
ADMINISTRATOR: Final = "backstop_admin"


def service_user(service: str) -> str:
    return f"backstop_{service}"


def definitions(passwords: Mapping[str, str]) -> str:
    """The file, for an administrator and one user per service; passwords only as hashes."""
    users = [_user(ADMINISTRATOR, "administrator", passwords)]
    rights = [_rights(ADMINISTRATOR, ".*")]
    topics = []
    for service in SERVICES:
        user = service_user(service)
        users.append(_user(user, "", passwords))
        rights.append(_rights(user, r"^backstop\..*"))
        # A service speaks for itself alone.
        topics.append(
            {"user": user, "vhost": VHOST, "exchange": "backstop.facts"}
            | {"write": f"^{service}$", "read": ".*"}
        )
    document = {
        "vhosts": [{"name": VHOST}],
        "users": users,
        "permissions": rights,
        "topic_permissions": topics,
        "policies": [{"vhost": VHOST, "name": POLICY_NAME} | POLICY],
    }
    return json.dumps(document, indent=1) + "\n"


def _user(name: str, tags: str, passwords: Mapping[str, str]) -> dict[str, str]:
    return {
        "name": name,
        "tags": tags,
        "password_hash": _hashed(passwords[name]),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
    }


def _rights(user: str, pattern: str) -> dict[str, str]:
    scope = {"user": user, "vhost": VHOST}
    return scope | {"configure": pattern, "write": pattern, "read": pattern}


def _hashed(password: str) -> str:
    """RabbitMQ's form: four bytes of salt, then SHA-256 of salt and password, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()

"""The few calls to RabbitMQ's management API that AMQP has no words for."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Final

from deploy.local.problem import Problem

POLICY_NAME: Final = "backstop-consumers"
# Queue type is an argument of the queue; all else must be a policy to be changeable later.
POLICY: Final[dict[str, object]] = {
    "pattern": r"^backstop\.(intake|routing|sla|notify)$",
    "apply-to": "queues",
    "priority": 10,
    "definition": {
        # Beyond it the broker gives up on a whole prefetch at once; the consumer's own
        # count of five attempts must come first by far.
        "delivery-limit": 100,
        "dead-letter-exchange": "backstop.dead",
        "dead-letter-strategy": "at-least-once",
        # At-least-once dead-lettering needs it.
        "overflow": "reject-publish",
    },
}


class Management:
    """One broker's management API, by a URL that carries user and password."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        user = urllib.parse.unquote(parts.username or "")
        password = urllib.parse.unquote(parts.password or "")
        self._user = user
        self._base = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}"
        self._credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        # A proxy of the environment has no business between us and the broker.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def has_policy(self, vhost: str) -> bool:
        """True when the broker answers and the policy of the consumers' queues is there."""
        try:
            return self._call("GET", "policies", vhost, POLICY_NAME) is not None
        except (OSError, ValueError):
            return False

    def put_policy(self, vhost: str) -> None:
        self._change("PUT", "policies", vhost, POLICY_NAME, body=POLICY)

    def put_vhost(self, vhost: str) -> None:
        """Makes a virtual host with the policy, open to the API's own user."""
        self._change("PUT", "vhosts", vhost, body={})
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        self._change("PUT", "permissions", vhost, self._user, body=rights)
        self.put_policy(vhost)

    def delete_vhost(self, vhost: str) -> None:
        """Removes a virtual host with all in it; one that isn't there is no fault."""
        self._change("DELETE", "vhosts", vhost)

    def _change(self, method: str, *path: str, body: dict[str, Any] | None = None) -> None:
        try:
            self._call(method, *path, body=body)
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")
            raise Problem(f"RabbitMQ refused {method} {'/'.join(path)}: {detail}") from error
        except OSError as error:
            raise Problem(f"RabbitMQ's management API {self._base}: {error}") from error

    def _call(self, method: str, *path: str, body: dict[str, Any] | None = None) -> Any:
        quoted = "/".join(urllib.parse.quote(part, safe="") for part in path)
        request = urllib.request.Request(  # noqa: S310 - scheme and host are the operator's
            f"{self._base}/api/{quoted}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Basic {self._credentials}",
                "Content-Type": "application/json",
            },
        )
        try:
            with self._opener.open(request, timeout=10) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            if error.code == 404 and method in ("GET", "DELETE"):
                return None
            raise
        return json.loads(content) if content else {}

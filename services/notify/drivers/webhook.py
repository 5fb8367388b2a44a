"""Messages to a gateway of the enterprise (short messages, mail, print) as signed CloudEvents.

The body is a CloudEvent in JSON. Its id is the delivery's, or that of the digest in which several
go out; its subject is the case, where it is about one. Header Backstop-Signature is "v1=" and the
HMAC-SHA256, in hexadecimal, of Backstop-Timestamp (Unix seconds), a dot and the body, under the
shared secret. Idempotency-Key is the event's id, the same in every attempt: the receiver takes a
message at most once by it, and answers 2xx once it has taken it.
"""

import hmac
import ssl
import time
from collections.abc import Callable, Mapping

import httpx
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from services.notify.domain.deliveries import NotSent, Result, Sent, Uncertain
from services.notify.drivers.base import Outgoing

EVENT_TYPE = "backstop.notify.v1.Message"
EVENT_SOURCE = "/backstop/notify"

# Answers that say "not now": request time-out, too early, too many requests, unavailable.
_LATER = frozenset({408, 425, 429, 503})


class WebhookDriver:
    """Posts to one address; follows no redirects, since they would carry the message elsewhere.

    `timeout` (seconds) bounds each step of the exchange. `seconds` is real time for the
    signature.
    """

    def __init__(
        self,
        url: str,
        secret: bytes,
        *,
        timeout: float = 10.0,
        seconds: Callable[[], float] = time.time,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._secret = secret
        self._seconds = seconds
        self._client = httpx.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            verify=True if tls_context is None else tls_context,
            trust_env=False,
            # A kept connection that the other side closes just then would leave a message unknown
            # that never went out.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def send(self, message: Outgoing) -> Result:
        """Posts the message."""
        body = event(message)
        headers = self._headers(message, body)
        try:
            response = await self._client.post(self._url, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return NotSent("WEBHOOK_NO_CONNECTION")
        except httpx.TimeoutException:
            return Uncertain("WEBHOOK_TIMEOUT")
        except httpx.HTTPError:
            return Uncertain("WEBHOOK_DISCONNECTED")
        code = response.status_code
        if response.is_success:
            return Sent()
        problem = f"WEBHOOK_{code}"
        if code in _LATER:
            return NotSent(problem)
        if code >= 500:
            # It broke on the way: before or after it had taken the message, nobody can say.
            return Uncertain(problem)
        return NotSent(problem, final=True)

    def _headers(self, message: Outgoing, body: bytes) -> Mapping[str, str]:
        timestamp = str(int(self._seconds()))
        return {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "Idempotency-Key": message.message_id,
            "Backstop-Timestamp": timestamp,
            "Backstop-Signature": signature(self._secret, timestamp, body),
        }

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.aclose()


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Returns the value of Backstop-Signature."""
    return "v1=" + hmac.digest(secret, timestamp.encode() + b"." + body, "sha256").hex()


def event(message: Outgoing) -> bytes:
    """Returns the message as a CloudEvent in its JSON form."""
    attributes = {
        "id": message.message_id,
        "source": EVENT_SOURCE,
        "type": EVENT_TYPE,
        "time": message.plan_time,
        "datacontenttype": "application/json",
    }
    if message.case_id:
        attributes["subject"] = message.case_id
    data = {
        "message_id": message.message_id,
        "digest": message.digest,
        "site_id": message.site_id,
        "channel": message.channel.value,
        "to": message.to,
        "address": message.address,
        "subject": message.subject,
        "body": message.body,
        "language": message.language,
        "urgent": message.urgent,
    }
    return JSONFormat().write(CloudEvent(attributes, data))

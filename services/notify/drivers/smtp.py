"""Messages by mail, spoken step by step, because only the step tells what a failure means.

Until the server has been given the text, nothing can have gone out. Once it has, silence means
that nobody knows.
"""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from typing import Literal, TypeAlias

import aiosmtplib

from services.notify.domain.deliveries import NotSent, Result, Sent, Uncertain
from services.notify.drivers.base import Outgoing

# How the connection is secured: upgraded, from the first byte, or not at all.
Security: TypeAlias = Literal["starttls", "tls", "none"]

# RFC 5321, 4.2.1: 4yz may succeed later, 5yz will not.
_PERMANENT = 500


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SmtpDriver:
    """Speaks to one server, with a connection of its own for each message.

    `timeout` (seconds) bounds each step. `now` gives the Date header: real time, as mail is read
    outside of any demonstration.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        username: str = "",
        password: str = "",
        security: Security = "starttls",
        timeout: float = 10.0,
        tls_context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._username = username
        self._password = password
        self._security = security
        self._timeout = timeout
        self._tls_context = tls_context
        self._now = now

    async def send(self, message: Outgoing) -> Result:
        """Hands the message to the server."""
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._timeout,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._tls_context,
            username=self._username or None,
            password=self._password or None,
        )
        try:
            return await self._converse(client, message)
        finally:
            # A polite goodbye could take a time-out more, and fail after all was said.
            client.close()

    async def _converse(self, client: aiosmtplib.SMTP, message: Outgoing) -> Result:
        envelope = mail(message, self._sender, self._now())
        try:
            await client.connect()
            await client.mail(parseaddr(self._sender)[1])
            await client.rcpt(message.address)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            return NotSent(_problem(error))
        try:
            await client.data(envelope.as_bytes(policy=WIRE))
        except aiosmtplib.SMTPResponseException as error:
            # An answer, be it a refusal, is certainty.
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Uncertain(_problem(error))
        return Sent()

    async def close(self) -> None:
        """Nothing is held open."""


def mail(message: Outgoing, sender: str, now: datetime) -> EmailMessage:
    """Builds the mail; its Message-ID is the same in every attempt, so that doubles can be seen."""
    envelope = EmailMessage(policy=WIRE)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    envelope["From"] = sender
    envelope["To"] = message.address
    envelope["Subject"] = message.subject
    envelope["Date"] = format_datetime(now)
    envelope["Message-ID"] = f"<{message.message_id}@{domain}>"
    envelope["Auto-Submitted"] = "auto-generated"
    envelope["Content-Language"] = message.language
    if message.urgent:
        envelope["Importance"] = "high"
    envelope.set_content(message.body, charset="utf-8", cte="base64")
    return envelope


def _refused(code: int) -> NotSent:
    return NotSent(f"SMTP_{code}", final=code >= _PERMANENT)


def _problem(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "SMTP_TIMEOUT"
    if isinstance(error, aiosmtplib.SMTPConnectError):
        return "SMTP_NO_CONNECTION"
    if isinstance(error, ConnectionError):
        return "SMTP_DISCONNECTED"
    return "SMTP_ERROR"

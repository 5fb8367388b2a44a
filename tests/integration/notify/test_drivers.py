"""The drivers against a real mail server, a real web server and a real folder."""

import asyncio
import hashlib
import hmac
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notify.domain.deliveries import Channel, NotSent, Result, Sent, Uncertain
from services.notify.drivers.base import Driver, Outgoing
from services.notify.drivers.file import FileDriver
from services.notify.drivers.smtp import SmtpDriver
from services.notify.drivers.webhook import WebhookDriver

MESSAGE = Outgoing(
    message_id="019e0000-0000-7000-8000-00000000000d",
    case_id="019e0000-0000-7000-8000-000000000001",
    site_id="yuwu",
    channel=Channel.EMAIL,
    to="包保·甲",
    address="dd01@example.com",
    subject="诉求 YW-20261123-0001 由您包保",
    body="诉求 YW-20261123-0001（洗浴，南风井澡堂）已分派给您。\n",
    language="zh",
    urgent=False,
    plan_time=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def send(driver: Driver, message: Outgoing = MESSAGE) -> Result:
    try:
        return await driver.send(message)
    finally:
        await driver.close()


# Mail --------------------------------------------------------------------------------------------


@dataclass  # without slots: aiosmtpd inspects its handler, which Python 3.11.2 can't bear with them
class MailServer:
    """What the server says at each step, and what it took."""

    to_recipient: str = "250 OK"
    to_data: str = "250 taken"
    hang_up: bool = False
    taken: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        if self.hang_up:
            transport = server.transport
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        return self.to_data


@contextmanager
def mail_server(handler: MailServer) -> Iterator[int]:
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def smtp(port: int, timeout: float = 5.0) -> SmtpDriver:
    return SmtpDriver(
        host="127.0.0.1",
        port=port,
        sender="兜底窗口 <window@yuwu.example>",
        security="none",
        timeout=timeout,
    )


async def test_mail_arrives_as_it_was_written() -> None:
    handler = MailServer()
    with mail_server(handler) as port:
        assert await send(smtp(port)) == Sent()
    (envelope,) = handler.taken
    assert envelope.mail_from == "window@yuwu.example"
    assert envelope.rcpt_tos == ["dd01@example.com"]
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Message-ID"] == f"<{MESSAGE.message_id}@yuwu.example>"
    body = mail.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == MESSAGE.body


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (MailServer(to_recipient="550 no such mailbox"), NotSent("SMTP_550", final=True)),
        (MailServer(to_recipient="451 try later"), NotSent("SMTP_451")),
        (MailServer(to_data="452 full"), NotSent("SMTP_452")),
        (MailServer(to_data="554 refused"), NotSent("SMTP_554", final=True)),
    ],
)
async def test_an_answer_of_the_mail_server_is_certainty(
    handler: MailServer, expected: Result
) -> None:
    with mail_server(handler) as port:
        assert await send(smtp(port)) == expected


async def test_no_mail_server_means_not_sent() -> None:
    assert await send(smtp(free_port())) == NotSent("SMTP_NO_CONNECTION")


async def test_a_mail_server_that_hangs_up_after_the_text_leaves_it_unknown() -> None:
    with mail_server(MailServer(hang_up=True)) as port:
        assert await send(smtp(port)) == Uncertain("SMTP_DISCONNECTED")


async def test_a_mail_server_that_says_nothing_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert await send(smtp(port, timeout=0.2)) == NotSent("SMTP_TIMEOUT")


# Webhook -----------------------------------------------------------------------------------------

SECRET = b"shared secret"


@dataclass(slots=True)
class Gateway:
    """What the web server answers, and what it got."""

    status: int = 202
    hang_up: bool = False
    silent: bool = False
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def gateway(state: Gateway) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append((dict(self.headers), body))
            if state.silent:
                state.released.wait(10)
            if state.hang_up or state.silent:
                self.close_connection = True
                return
            self.send_response(state.status)
            if state.status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/messages"
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def webhook(url: str, timeout: float = 5.0) -> WebhookDriver:
    return WebhookDriver(url, SECRET, timeout=timeout, seconds=lambda: 1763859600.7)


async def test_the_webhook_gets_a_signed_cloud_event_with_its_own_key() -> None:
    state = Gateway()
    with gateway(state) as url:
        assert await send(webhook(url)) == Sent()
        assert await send(webhook(url)) == Sent()
    (headers, body), (again, _) = state.got
    assert headers["Idempotency-Key"] == again["Idempotency-Key"] == MESSAGE.message_id
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    signed = headers["Backstop-Timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
    assert headers["Backstop-Signature"] == f"v1={expected}"
    assert headers["Backstop-Timestamp"] == "1763859600"
    event = json.loads(body)
    assert event["id"] == MESSAGE.message_id
    assert event["data"]["body"] == MESSAGE.body


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Sent()),
        (204, Sent()),
        (302, NotSent("WEBHOOK_302", final=True)),
        (400, NotSent("WEBHOOK_400", final=True)),
        (401, NotSent("WEBHOOK_401", final=True)),
        (429, NotSent("WEBHOOK_429")),
        (503, NotSent("WEBHOOK_503")),
        (500, Uncertain("WEBHOOK_500")),
        (504, Uncertain("WEBHOOK_504")),
    ],
)
async def test_what_an_answer_of_the_webhook_means(status: int, expected: Result) -> None:
    with gateway(Gateway(status=status)) as url:
        assert await send(webhook(url)) == expected


async def test_no_webhook_means_not_sent() -> None:
    result = await send(webhook(f"http://127.0.0.1:{free_port()}/"))
    assert result == NotSent("WEBHOOK_NO_CONNECTION")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Gateway(hang_up=True), Uncertain("WEBHOOK_DISCONNECTED")),
        (Gateway(silent=True), Uncertain("WEBHOOK_TIMEOUT")),
    ],
)
async def test_a_webhook_that_took_it_and_says_nothing_leaves_it_unknown(
    state: Gateway, expected: Result
) -> None:
    with gateway(state) as url:
        assert await send(webhook(url, timeout=0.3)) == expected
    assert len(state.got) == 1


# Files -------------------------------------------------------------------------------------------


async def test_a_file_is_written_once_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "mailbox"
    results = await asyncio.gather(*(send(FileDriver(folder)) for _ in range(8)))
    assert set(results) == {Sent()}
    (path,) = files_in(folder)
    assert path == folder / "email" / f"{MESSAGE.message_id}.txt"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n\n" + MESSAGE.body)
    assert MESSAGE.address not in text
    assert await send(FileDriver(folder), replace(MESSAGE, body="another")) == Sent()
    assert path.read_text(encoding="utf-8") == text


async def test_a_mailbox_that_cannot_be_made_means_not_sent(tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_text("a file in the way")
    assert await send(FileDriver(tmp_path / "mailbox")) == NotSent("MAILBOX_UNUSABLE")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
async def test_a_full_disk_means_not_sent_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fdopen = os.fdopen

    def open_full(descriptor: int, mode: str, *, encoding: str) -> Any:
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, descriptor)
        os.close(full)
        return fdopen(descriptor, mode, encoding=encoding)

    monkeypatch.setattr(os, "fdopen", open_full)
    assert await send(FileDriver(tmp_path)) == NotSent("MAILBOX_FULL")
    monkeypatch.undo()
    assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]

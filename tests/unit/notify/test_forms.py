"""What leaves the suite, byte for byte where others rely on it."""

import email
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.notify import convert
from services.notify.domain.deliveries import Channel, Delivery, DeliveryState
from services.notify.drivers.base import Outgoing
from services.notify.drivers.file import page, shortened
from services.notify.drivers.smtp import mail
from services.notify.drivers.webhook import event, signature
from services.notify.settings import Settings

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
MESSAGE = Outgoing(
    message_id="019e0000-0000-7000-8000-00000000000d",
    case_id="019e0000-0000-7000-8000-000000000001",
    site_id="yuwu",
    channel=Channel.EMAIL,
    to="包保·甲",
    address="dd01@example.com",
    subject="诉求 YW-20261123-0001 由您包保",
    body="请接收。\n",
    language="zh",
    urgent=True,
    plan_time=NOW,
)


def test_the_webhook_body_is_a_cloud_event() -> None:
    body = json.loads(event(MESSAGE))
    assert {key: body[key] for key in ("specversion", "id", "source", "type", "subject")} == {
        "specversion": "1.0",
        "id": MESSAGE.message_id,
        "source": "/backstop/notify",
        "type": "backstop.notify.v1.Message",
        "subject": MESSAGE.case_id,
    }
    assert body["data"]["address"] == "dd01@example.com"
    assert body["data"]["channel"] == "EMAIL"


def test_the_signature_can_be_checked_by_anyone_with_the_secret() -> None:
    expected = hmac.new(b"secret", b'1763859600.{"a":1}', hashlib.sha256).hexdigest()
    assert signature(b"secret", "1763859600", b'{"a":1}') == f"v1={expected}"


def test_mail_has_the_same_id_in_every_attempt_and_reads_as_written() -> None:
    sender = "兜底窗口 <window@yuwu.example>"
    first = mail(MESSAGE, sender, NOW)
    second = mail(MESSAGE, sender, datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    assert first["Message-ID"] == second["Message-ID"] == f"<{MESSAGE.message_id}@yuwu.example>"
    read = email.message_from_bytes(first.as_bytes(), policy=email.policy.default)
    assert read["Subject"] == MESSAGE.subject
    assert read.get_content().strip() == "请接收。"
    assert first.as_bytes().isascii()


def test_a_file_shows_the_text_and_not_the_address() -> None:
    text = page(MESSAGE)
    header, _, body = text.partition("\n\n")
    assert "dd01@" not in header
    assert f"Subject: {MESSAGE.subject}" in header
    assert body == "请接收。\n"
    assert shortened(Channel.PHONE, "+8613900001234") == "***1234"
    assert shortened(Channel.PAPER, "") == ""


def test_a_digest_is_one_message_of_no_single_case() -> None:
    digest = replace(MESSAGE, case_id="", digest=True)
    body = json.loads(event(digest))
    assert "subject" not in body
    assert (body["id"], body["data"]["digest"]) == (MESSAGE.message_id, True)
    header, _, _ = page(digest).partition("\n\n")
    assert header.startswith(f"Digest: {MESSAGE.message_id}\n")
    assert "Case:" not in header
    assert f"Delivery: {MESSAGE.message_id}\nCase: {MESSAGE.case_id}\n" in page(MESSAGE)


def test_a_message_shows_nothing_when_it_is_logged() -> None:
    assert "dd01@" not in repr(MESSAGE)
    assert "请接收" not in repr(MESSAGE)


def test_a_delivery_travels_without_text_and_address() -> None:
    delivery = Delivery(
        delivery_id="d1", subject_id="c1", case_id="c1", site_id="yuwu", recipient="dd01",
        channel=Channel.PHONE, template="case_answered", state=DeliveryState.SENT,
        attempt_count=2, plan_time=NOW, finish_time=NOW, context={"text": "半月内更换"},
    )  # fmt: skip
    message = convert.delivery(delivery)
    assert "半月内更换".encode() not in message.SerializeToString()
    assert (message.attempt_count, message.finish_time.ToDatetime(UTC)) == (2, NOW)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"email_driver": "smtp"}, "smtp_host"),
        ({"phone_driver": "webhook"}, "webhook_url"),
        ({"phone_driver": "smtp"}, "phone_driver"),
        (
            {"phone_driver": "webhook", "webhook_url": "http://h/x", "webhook_secret": "s"},
            "not https",
        ),
    ],
)
def test_drivers_that_lack_something_are_refused_early(
    values: dict[str, str], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        Settings.model_validate(values)

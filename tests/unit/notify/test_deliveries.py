"""A message's way: every order of events ends well, and nothing unknown is sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.deliveries import (
    LEASE_OVER,
    LONGEST_RETRY,
    Channel,
    Delivery,
    DeliveryState,
    NotSent,
    Plan,
    Result,
    Sent,
    Uncertain,
    expire,
    finish,
    preferred_channel,
    reporter_channel,
    retry_delay,
    same_once,
    settle_channel,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)

SENDING = Delivery(
    delivery_id="d1",
    subject_id="c1",
    case_id="c1",
    site_id="yuwu",
    recipient="dd01",
    channel=Channel.PHONE,
    template="case_assigned",
    state=DeliveryState.SENDING,
    attempt_count=1,
    plan_time=NOW,
    lease_time=NOW + LEASE,
)


def end(delivery: Delivery, attempt: int, result: Result) -> Delivery | None:
    return finish(delivery, attempt, result, time=NOW, raw_time=NOW, most_attempts=3)


def test_sent() -> None:
    after = end(SENDING, 1, Sent())
    assert after is not None
    assert (after.state, after.finish_time, after.lease_time) == (DeliveryState.SENT, NOW, None)


def test_certainly_not_sent_is_tried_again_later() -> None:
    after = end(SENDING, 1, NotSent("SMTP_451"))
    assert after is not None
    assert (after.state, after.problem) == (DeliveryState.PLANNED, "SMTP_451")
    assert after.next_time == NOW + timedelta(seconds=30)
    assert after.finish_time is None


@pytest.mark.parametrize(
    ("attempt", "result"), [(3, NotSent("SMTP_451")), (1, NotSent("SMTP_550", final=True))]
)
def test_given_up(attempt: int, result: Result) -> None:
    after = end(replace(SENDING, attempt_count=attempt), attempt, result)
    assert after is not None
    assert after.state is DeliveryState.FAILED


def test_uncertain_is_unknown() -> None:
    after = end(SENDING, 1, Uncertain("WEBHOOK_TIMEOUT"))
    assert after is not None
    assert (after.state, after.problem) == (DeliveryState.UNKNOWN, "WEBHOOK_TIMEOUT")


def test_a_lease_ends_at_its_time_and_not_before() -> None:
    assert expire(SENDING, time=NOW, raw_time=NOW + LEASE - timedelta(microseconds=1)) is None
    after = expire(SENDING, time=NOW, raw_time=NOW + LEASE)
    assert after is not None
    assert (after.state, after.problem) == (DeliveryState.UNKNOWN, LEASE_OVER)
    assert expire(after, time=NOW, raw_time=NOW + LEASE) is None


def test_late_certainty_settles_the_unknown_and_anything_else_leaves_it() -> None:
    unknown = expire(SENDING, time=NOW, raw_time=NOW + LEASE)
    assert unknown is not None
    settled = end(unknown, 1, Sent())
    assert settled is not None
    assert (settled.state, settled.problem) == (DeliveryState.SENT, "")
    assert end(unknown, 1, NotSent("SMTP_451")) is None
    assert end(unknown, 1, Uncertain("TIMEOUT")) is None


def test_an_attempt_of_before_changes_nothing() -> None:
    assert end(replace(SENDING, attempt_count=2), 1, Sent()) is None


EVENTS = st.lists(
    st.sampled_from(["claim", "expire", "sent", "not_sent", "final", "uncertain"]), max_size=30
)


@given(EVENTS)
def test_what_may_have_gone_out_is_never_planned_again(events: list[str]) -> None:
    """A model of the worker: whatever the order, at most one attempt can have gone out."""
    results: dict[str, Result] = {
        "sent": Sent(),
        "not_sent": NotSent("X"),
        "final": NotSent("X", final=True),
        "uncertain": Uncertain("X"),
    }
    delivery = replace(
        SENDING,
        state=DeliveryState.PLANNED,
        attempt_count=0,
        lease_time=None,
        next_time=NOW,
    )
    may_have_gone_out = 0
    held = 0
    for event in events:
        if event == "claim":
            if delivery.state is DeliveryState.PLANNED:
                assert may_have_gone_out == 0
                held = delivery.attempt_count + 1
                delivery = replace(
                    delivery,
                    state=DeliveryState.SENDING,
                    attempt_count=held,
                    lease_time=NOW + LEASE,
                    next_time=None,
                )
        elif event == "expire":
            after = expire(delivery, time=NOW, raw_time=NOW + LEASE)
            if after is not None:
                may_have_gone_out += 1
                delivery = after
        elif held:
            if delivery.state is DeliveryState.SENDING and event in ("sent", "uncertain"):
                may_have_gone_out += 1
            delivery = end(delivery, held, results[event]) or delivery
    assert may_have_gone_out <= 1
    ended = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN}
    assert (delivery.finish_time is not None) == (delivery.state in ended)
    assert (delivery.next_time is not None) == (delivery.state is DeliveryState.PLANNED)
    assert (delivery.lease_time is not None) == (delivery.state is DeliveryState.SENDING)


@given(st.integers(min_value=1, max_value=10_000))
def test_pauses_grow_and_end(attempts: int) -> None:
    assert timedelta(seconds=30) <= retry_delay(attempts) <= LONGEST_RETRY
    assert retry_delay(attempts) <= retry_delay(attempts + 1)


def test_pauses() -> None:
    assert [retry_delay(n).total_seconds() for n in (1, 2, 3, 8, 9)] == [30, 60, 120, 3600, 3600]


@pytest.mark.parametrize(
    ("preferred", "phone", "email", "expected"),
    [
        (Channel.PHONE, "1", "a@b", (Channel.PHONE, "1")),
        (Channel.PHONE, "", "a@b", (Channel.EMAIL, "a@b")),
        (Channel.EMAIL, "1", "a@b", (Channel.EMAIL, "a@b")),
        (Channel.EMAIL, "1", "", (Channel.PHONE, "1")),
        (Channel.PHONE, "", "", (Channel.PAPER, "")),
        (Channel.PAPER, "1", "a@b", (Channel.PAPER, "")),
    ],
)
def test_the_way_that_is_open(
    preferred: Channel, phone: str, email: str, expected: tuple[Channel, str]
) -> None:
    assert settle_channel(preferred, phone=phone, email=email) == expected


def test_the_way_to_try_first() -> None:
    assert preferred_channel("unit:bathhouse") is Channel.PAPER
    assert preferred_channel("position:DUTY_LEAD") is Channel.PHONE
    assert reporter_channel(has_phone=False, has_email=True) is Channel.EMAIL
    assert reporter_channel(has_phone=False, has_email=False) is Channel.PAPER


def test_a_fact_tells_nobody_the_same_way_twice() -> None:
    plans = [
        Plan("dd01", Channel.PHONE, "case_escalated", {}),
        Plan("dd01", Channel.PHONE, "case_escalated_on", {}),
        Plan("dd01", Channel.EMAIL, "case_escalated_on", {}),
    ]
    assert same_once(plans) == (plans[0], plans[2])

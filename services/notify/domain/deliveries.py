"""A message's way from plan to end, and the one rule above all: what may have gone out is never
sent again.

planned → sending → sent | failed | unknown, or back to planned for another try after a driver
said for certain that nothing went out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias, assert_never

# JSON values: text, numbers, lists and objects; times as ISO 8601 in UTC, people as codes.
Context: TypeAlias = Mapping[str, Any]

REPORTER = "reporter"
POSITION_PREFIX = "position:"
UNIT_PREFIX = "unit:"

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)

LEASE_OVER = "LEASE_OVER"


class Channel(StrEnum):
    """A way to a person; which driver serves it is the operator's setting."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    PAPER = "PAPER"


class DeliveryState(StrEnum):
    """Where a message stands."""

    PLANNED = "PLANNED"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Plan:
    """One message to be sent because of one fact.

    `recipient` is a person's code, "position:<id>", "unit:<id>" or "reporter"; `channel` the
    preferred way, settled when it is sent; `reference` what the message is about beside the case.
    """

    recipient: str
    channel: Channel
    template: str
    context: Context
    reference: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and what became of it.

    `subject_id` is whose facts tell of it: the case's id, or "calendar/<site>" where it is about
    no case and `case_id` is empty. A `digest` message goes out with others; `digest_id` is empty
    until it has been tried.

    `plan_time` and `finish_time` are decision times. `next_time` (not tried before) and
    `lease_time` (end of a worker's hold) measure real seconds and are on the database's own
    clock, so that a demonstration's leap ends no lease.
    """

    delivery_id: str
    subject_id: str
    case_id: str
    site_id: str
    recipient: str
    channel: Channel
    template: str
    state: DeliveryState
    attempt_count: int
    plan_time: datetime
    finish_time: datetime | None = None
    problem: str = ""
    reference: str = ""
    urgent: bool = False
    digest: bool = False
    digest_id: str = ""
    next_time: datetime | None = None
    lease_time: datetime | None = None
    context: Context = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """The driver's side took the message."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """For certain nothing went out; `final` = another try would end the same way.

    `problem` is a constant word, never a name or an address.
    """

    problem: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may have gone out, or not."""

    problem: str


Result: TypeAlias = Sent | NotSent | Uncertain


def preferred_channel(recipient: str) -> Channel:
    """Returns the way to try first for someone of the staff; units get paper."""
    return Channel.PAPER if recipient.startswith(UNIT_PREFIX) else Channel.PHONE


def reporter_channel(*, has_phone: bool, has_email: bool) -> Channel:
    """Returns the best way to a reporter: paper, read out by someone, for whom has neither."""
    if has_phone:
        return Channel.PHONE
    return Channel.EMAIL if has_email else Channel.PAPER


def settle_channel(preferred: Channel, *, phone: str, email: str) -> tuple[Channel, str]:
    """Returns the way that is really open, and its address: the preferred one, else the other."""
    ways = [(Channel.PHONE, phone), (Channel.EMAIL, email)]
    if preferred is Channel.EMAIL:
        ways.reverse()
    if preferred is not Channel.PAPER:
        for channel, address in ways:
            if address:
                return channel, address
    return Channel.PAPER, ""


def retry_delay(attempt_count: int) -> timedelta:
    """Returns the pause after that many failed attempts: 30 s, doubling, an hour at most."""
    doublings: int = min(max(0, attempt_count - 1), 10)
    return min(LONGEST_RETRY, FIRST_RETRY * (1 << doublings))


def finish(
    delivery: Delivery,
    attempt: int,
    result: Result,
    *,
    time: datetime,
    raw_time: datetime,
    most_attempts: int,
) -> Delivery | None:
    """Returns the delivery after an attempt, None when the attempt is no longer its own.

    An attempt that outlived its lease finds its message unknown: a certain "sent" settles that,
    anything else leaves it so, since another try could be a second one.
    """
    if delivery.attempt_count != attempt:
        return None
    if delivery.state is DeliveryState.UNKNOWN:
        return _end(delivery, DeliveryState.SENT, time, "") if isinstance(result, Sent) else None
    if delivery.state is not DeliveryState.SENDING:
        return None
    if isinstance(result, Sent):
        return _end(delivery, DeliveryState.SENT, time, "")
    if isinstance(result, Uncertain):
        return _end(delivery, DeliveryState.UNKNOWN, time, result.problem)
    if isinstance(result, NotSent):
        if result.final or attempt >= most_attempts:
            return _end(delivery, DeliveryState.FAILED, time, result.problem)
        return replace(
            delivery,
            state=DeliveryState.PLANNED,
            problem=result.problem,
            lease_time=None,
            next_time=raw_time + retry_delay(attempt),
        )
    assert_never(result)


def expire(delivery: Delivery, *, time: datetime, raw_time: datetime) -> Delivery | None:
    """Returns the delivery as unknown when its lease is over, None when it isn't."""
    over = delivery.lease_time is not None and delivery.lease_time <= raw_time
    if delivery.state is not DeliveryState.SENDING or not over:
        return None
    return _end(delivery, DeliveryState.UNKNOWN, time, LEASE_OVER)


def same_once(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Drops plans for a recipient and way that an earlier one of the same fact serves."""
    kept: dict[tuple[str, Channel], Plan] = {}
    for plan in plans:
        kept.setdefault((plan.recipient, plan.channel), plan)
    return tuple(kept.values())


def _end(delivery: Delivery, state: DeliveryState, time: datetime, problem: str) -> Delivery:
    return replace(
        delivery,
        state=state,
        finish_time=time,
        problem=problem,
        lease_time=None,
        next_time=None,
    )

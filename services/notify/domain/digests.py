"""After an outage one message per recipient, not a storm: what was noticed late goes out together.

Each message is planned as always, with its own fact and its own fate; only the sending is one.
What is urgent waits for nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from services.notify.domain import cases
from services.notify.domain.cases import CaseView
from services.notify.domain.clock_plans import ClockView
from services.notify.domain.deliveries import Channel, Context, Delivery

TEMPLATE = "digest"

# A digest that nobody reads to its end tells nobody anything.
MOST_LINES = 100

# How long (real time) what a late deadline leads to counts as late, too.
_CONSEQUENCES = timedelta(minutes=10)

# Causes of an escalation that are deadlines.
_PASSED = frozenset({"BREACH", "DWELL"})

# Field of a context: by how many seconds its news was noticed late.
_LATE = "late_seconds"


class Held(NamedTuple):
    """What waits: for how long (real time), and by how much it was noticed late."""

    hold: timedelta
    late_by: timedelta

    def context(self, context: Context) -> Context:
        """Returns the context of a message that waits."""
        return {**context, _LATE: round(self.late_by.total_seconds())}


@dataclass(frozen=True, slots=True)
class Digesting:
    """What is told together: what was noticed `late` after its time, or more.

    It is held for `hold` (real time) from its plan on, so that what belongs together comes
    together.
    """

    late: timedelta = timedelta(minutes=5)
    hold: timedelta = timedelta(seconds=60)

    def held(self, case: CaseView, noticed_late_by: timedelta) -> Held | None:
        """Returns how what was noticed so long after its time waits for others, None if it isn't.

        An urgent case's news never waits; nor does that of a case of which somebody may hear
        nothing, since whom it reaches is looked at once more when it goes out.
        """
        if case.urgent or case.shielded or noticed_late_by < self.late:
            return None
        return Held(self.hold, noticed_late_by)

    def held_clock(
        self, case: CaseView, clock: ClockView, noticed_late_by: timedelta
    ) -> Held | None:
        """As `held`; an appeal that was entered late is no outage, and its news doesn't wait."""
        return None if clock.born_breached else self.held(case, noticed_late_by)

    def missed(
        self, case: CaseView, consequence: str, held: Held | None, raw_time: datetime
    ) -> CaseView:
        """Returns the case with what its level is to know: that a deadline's news came late.

        Only the ladder leads any further.
        """
        if held is None or consequence != "LADDER":
            return case
        return cases.miss_late(case, held.late_by, raw_time + _CONSEQUENCES)

    def held_escalation(self, case: CaseView, cause: str, raw_time: datetime) -> Held | None:
        """As `held`, of an escalation that follows from a late deadline; no other waits."""
        late_by = cases.follows_late_by(case, raw_time)
        return None if late_by is None or cause not in _PASSED else self.held(case, late_by)


class DigestKey(NamedTuple):
    """What is told together: what waits for a recipient by a way, or a digest tried before.

    `digest_id` is empty for what has not been tried; only that may grow.
    """

    site_id: str
    recipient: str
    channel: Channel
    digest_id: str


def key_of(delivery: Delivery) -> DigestKey:
    """Returns with what a message is told together."""
    return DigestKey(delivery.site_id, delivery.recipient, delivery.channel, delivery.digest_id)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Messages that go out as one; all but a digest's are alone.

    `message_id` is the same in every attempt: the message's own, or the digest's.
    """

    message_id: str
    deliveries: tuple[Delivery, ...]

    @property
    def first(self) -> Delivery:
        """Returns the one that stands for all where they are alike: site, recipient, way."""
        return self.deliveries[0]

    @property
    def digest_id(self) -> str:
        """Returns the digest's id; empty for a message that goes out alone."""
        return self.message_id if self.first.digest else ""

    @property
    def told(self) -> tuple[Delivery, ...]:
        """Returns what is left to tell: of each clock the latest news.

        One alone is told as it is; only several make a digest.
        """
        return latest(self.deliveries)

    @property
    def urgent(self) -> bool:
        """Tells whether one of them is."""
        return any(delivery.urgent for delivery in self.deliveries)

    @property
    def plan_time(self) -> datetime:
        """Returns when the first of them was planned."""
        return min(delivery.plan_time for delivery in self.deliveries)


def alone(delivery: Delivery) -> Bundle:
    """Returns a message that goes out by itself."""
    return Bundle(delivery.delivery_id, (delivery,))


def together(deliveries: Iterable[Delivery], digest_id: str) -> Bundle:
    """Returns messages to one recipient by one way as a digest."""
    kept = sorted(deliveries, key=lambda one: (one.plan_time, one.delivery_id))
    return Bundle(digest_id, tuple(kept))


def in_order(bundles: Iterable[Bundle]) -> list[Bundle]:
    """Returns bundles in the order in which they go out: urgent ones first, then as planned."""
    return sorted(bundles, key=lambda one: (not one.urgent, one.plan_time, one.message_id))


def latest(deliveries: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """Returns the latest news of each clock, and of each case's level; the rest has gone by."""
    news: dict[tuple[str, str], Delivery] = {}
    # Ids of one process sort by time: they tell apart what was planned in the same instant.
    for one in sorted(deliveries, key=lambda each: (each.plan_time, each.delivery_id)):
        news[one.subject_id, one.reference] = one
    return tuple(news.values())


def context_of(told: Sequence[Delivery]) -> Context:
    """Returns what a digest tells: how many, and a line for each, the oldest deadlines first.

    What has come up to somebody stands before the deadlines. At most a hundred lines; `more` is
    the number of those left out.
    """
    ordered = sorted(
        told,
        key=lambda one: (
            "due_time" in one.context,
            one.context.get("due_time", ""),
            one.context["number"],
        ),
    )
    return {
        "count": len(ordered),
        "items": [{**one.context, "template": one.template} for one in ordered[:MOST_LINES]],
        "more": max(0, len(ordered) - MOST_LINES),
    }

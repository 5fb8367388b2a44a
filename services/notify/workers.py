"""The sender: takes planned messages, finds out where they go, and hands each to its driver once.

Any number of them may run. What keeps two from sending the same message is the claim, a committed
change of its row; what keeps a crash from sending it again is that nobody takes up what is claimed.
A digest is several messages claimed together, handed over as one, and finished each for itself.
What comes to one piece of news is handed over as that, and not as a digest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog
from jinja2 import TemplateError

from chassis.actor import Actor
from chassis.clock import ClockGuard
from chassis.database import Database
from chassis.failures import dependency_of
from chassis.work import Work, run
from chassis.workers import loop
from services.notify import metrics
from services.notify.addresses import Addresses, Destination
from services.notify.domain.deliveries import (
    Channel,
    Delivery,
    NotSent,
    Result,
    Uncertain,
)
from services.notify.domain.digests import TEMPLATE, Bundle, context_of
from services.notify.domain.names import DEFAULT_TIME_ZONE, code_of, codes_in, named
from services.notify.drivers.base import Driver, Outgoing
from services.notify.handlers import sending
from services.notify.handlers.telling import DELIVERIES
from services.notify.rendering import render
from services.notify.store import deliveries as store
from services.notify.store import directory

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 5.0
_LEAST_PAUSE_SECONDS = 0.1
_DEFER = timedelta(seconds=15)

# Messages of a digest whose end is kept in one transaction.
_FINISHED_AT_ONCE = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often the sender tries; the lease outlives the attempt by far."""

    timeout_seconds: float
    attempts: int
    concurrency: int

    @property
    def lease(self) -> timedelta:
        """Returns how long a message may be in hand before it counts as unknown."""
        return timedelta(seconds=3 * self.timeout_seconds)


class Sender:
    """A worker that sends what is planned."""

    name = "sender"

    def __init__(
        self,
        database: Database,
        actor: Actor,
        addresses: Addresses,
        drivers: Mapping[Channel, Driver],
        guard: ClockGuard,
        patience: Patience,
    ) -> None:
        self._database = database
        self._actor = actor
        self._addresses = addresses
        self._drivers = drivers
        self._guard = guard
        self._patience = patience
        # A service that knows addresses is away; told once per outage.
        self._away = False

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until told to stop; finishes what it has in hand."""
        wake = self._database.woken(DELIVERIES)
        await loop(self.name, self.step, stop=stop, poll=_POLL_SECONDS, wake=wake)

    async def step(self) -> float | None:
        """Ends holds that are over and sends one batch; returns when it wants to run again."""
        expired = await self._in_one(partial(sending.expire, guard=self._guard))
        for delivery in expired:
            _count(delivery)
            _log.warning("delivery_unknown", delivery_id=delivery.delivery_id)
        limit = self._patience.concurrency
        batch = await self._in_one(partial(sending.reserve, limit=limit))
        outcomes = await asyncio.gather(
            *(self._send(bundle) for bundle in batch.bundles), return_exceptions=True
        )
        # Each message had its chance before the loop hears of what went wrong with one.
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if batch.full:
            return 0.0
        return await self._pause(batch.raw_time)

    async def _pause(self, raw_time: datetime) -> float | None:
        async with self._database.read(self._actor) as connection:
            metrics.DELIVERIES_WAITING.set(await store.count_waiting(connection))
            seconds = await store.next_delivery(connection, raw_time)
        # Never at once: what is due and was passed over is in another worker's hands.
        return None if seconds is None else max(_LEAST_PAUSE_SECONDS, seconds)

    async def _send(self, bundle: Bundle) -> None:
        """Brings one reserved bundle to the end of one attempt."""
        try:
            destination, message = await self._prepare(bundle)
        except Exception as error:  # noqa: BLE001 - told apart, and the message waits
            self._report(bundle, error)
            await self._in_one(partial(sending.defer, bundle=bundle, delay=_DEFER))
            return
        self._away = False
        attempts = await self._in_one(
            partial(
                sending.claim,
                bundle=bundle,
                channel=destination.channel,
                lease=self._patience.lease,
            )
        )
        if attempts is None:
            return
        result: Result
        if destination.closed:
            result = NotSent(destination.closed, final=True)
        else:
            result = await self._hand_over(destination.channel, message)
        for start in range(0, len(bundle.deliveries), _FINISHED_AT_ONCE):
            ended = await self._in_one(
                partial(
                    sending.finish,
                    deliveries=bundle.deliveries[start : start + _FINISHED_AT_ONCE],
                    attempts=attempts,
                    result=result,
                    most_attempts=self._patience.attempts,
                )
            )
            for delivery in ended:
                if delivery.finish_time is not None:
                    _count(delivery)

    async def _prepare(self, bundle: Bundle) -> tuple[Destination, Outgoing | None]:
        """Finds the address and writes the text; no message when the template can't be used."""
        delivery, told = bundle.first, bundle.told
        destination = await self._addresses.find(delivery)
        to = code_of(destination.to)
        async with self._database.read(self._actor) as connection:
            site = await directory.load_site(connection, delivery.site_id)
            codes = [to] if len(told) > 1 else [*codes_in(told[0].context), to]
            names = await directory.list_names(connection, delivery.site_id, codes)
        template = TEMPLATE if len(told) > 1 else told[0].template
        try:
            text = render(
                template,
                context_of(told) if len(told) > 1 else named(told[0].context, names),
                language=destination.language,
                time_zone=DEFAULT_TIME_ZONE if site is None else site.time_zone,
                recipient=delivery.recipient,
                channel=destination.channel,
            )
        except TemplateError as error:
            _log.error("template_unusable", template=template, exc_info=error)
            return destination, None
        return destination, Outgoing(
            message_id=bundle.message_id,
            case_id="" if len(told) > 1 else told[0].case_id,
            site_id=delivery.site_id,
            channel=destination.channel,
            to=names.get(to, to.code),
            address=destination.address,
            subject=text.subject,
            body=text.body,
            language=destination.language,
            urgent=bundle.urgent,
            plan_time=bundle.plan_time,
            digest=len(told) > 1,
        )

    async def _hand_over(self, channel: Channel, message: Outgoing | None) -> Result:
        """Tries once; from here on only the driver knows whether it went out."""
        if message is None:
            return NotSent("TEMPLATE_UNUSABLE", final=True)
        try:
            async with asyncio.timeout(self._patience.timeout_seconds):
                return await self._drivers[channel].send(message)
        except TimeoutError:
            return Uncertain("TIMEOUT")
        except Exception as error:  # noqa: BLE001 - a driver's fault says nothing about the message
            # Without the stack's values: an address may stand in them.
            _log.error("driver_failed", channel=channel, error=type(error).__name__)
            return Uncertain("DRIVER_FAULT")

    def _report(self, bundle: Bundle, error: Exception) -> None:
        metrics.DELIVERIES_DEFERRED.inc(len(bundle.deliveries))
        dependency = dependency_of(error)
        if dependency is None:
            # A fault of ours or a peer's refusal: seen, and no reason to lose the message.
            _log.error("address_not_found", message_id=bundle.message_id, exc_info=error)
        elif not self._away:
            self._away = True
            _log.warning("deliveries_deferred", dependency=dependency)

    async def _in_one(self, body: Callable[[Work], Awaitable[T]]) -> T:
        return await run(self._database, self._actor, body)


def _count(delivery: Delivery) -> None:
    metrics.DELIVERIES_FINISHED.labels(
        channel=delivery.channel.value, state=delivery.state.value
    ).inc()

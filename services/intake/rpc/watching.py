"""What happens to a site's cases, as it happens."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_finding_pb2 as rpc
from chassis import feed
from chassis.call import Call, call_context, current_call
from chassis.convert import to_timestamp
from chassis.database import Connection
from chassis.errors import Refused
from chassis.pages import fitting
from chassis.workers import wait_any
from services.intake.domain import visibility
from services.intake.domain.values import Step
from services.intake.rpc.common import Base
from services.intake.sentences import Narrator
from services.intake.store import cases, directory

_BATCH = 200
HEARTBEAT_SECONDS = 10.0
# A wake-up may be lost with its connection; the feed is looked at this often all the same.
_POLL_SECONDS = 2.0
# Whoever needs longer than this to take one message is cut, and comes back when they can.
PATIENCE_SECONDS = 30.0


class WatchingMixin(Base):
    """What happens to a site's cases, as it happens."""

    async def WatchCases(
        self, request: rpc.WatchCasesRequest, context: Any
    ) -> AsyncIterator[rpc.WatchCasesResponse]:
        call = current_call(request)
        served = call_context()
        draining = asyncio.Event() if served is None else served.draining
        zone, after = await self._start(call, request)
        # The first message comes at once: whoever starts from now has to know from where.
        said = -math.inf
        while True:
            beat = self.pulse.next()
            async with self.app.read(call.actor) as connection:
                # Before the facts: a head without events lies at the reader's own place.
                head = await feed.site_end(connection, request.site_id)
                facts = await feed.read_site(connection, request.site_id, after, _BATCH)
                told = await _events(connection, call, request.site_id, zone, facts)
            # Where their words are long, the rest comes with the next message, at once.
            events = fitting(told)
            head = max(head, events[-1].sequence if events else after)
            cut = draining.is_set()
            if events or cut or time.monotonic() - said >= HEARTBEAT_SECONDS:
                given = time.monotonic()
                yield rpc.WatchCasesResponse(events=events, head_sequence=head, cut=cut)
                if cut:
                    return
                said = time.monotonic()
                after = events[-1].sequence if events else after
                if said - given > PATIENCE_SECONDS:
                    yield rpc.WatchCasesResponse(head_sequence=head, cut=True)
                    return
            if not events:
                await wait_any(beat, draining, timeout=_POLL_SECONDS)

    async def _start(self, call: Call, request: rpc.WatchCasesRequest) -> tuple[ZoneInfo, int]:
        """Returns the site's zone and the sequence to go on after.

        Raises Refused SITE_UNKNOWN, and SEQUENCE_UNKNOWN for a reader of another history.
        """
        async with self.app.read(call.actor) as connection:
            site = await directory.load_site(connection, request.site_id)
            if site is None:
                raise Refused("SITE_UNKNOWN", site_id=request.site_id)
            if request.from_now:
                return site.zone, await feed.site_end(connection, request.site_id)
            after = request.after_sequence
            if after:
                link = await feed.link_at(connection, request.site_id, after)
                if link is None or request.after_hash not in ("", link.hex()):
                    raise Refused("SEQUENCE_UNKNOWN", after_sequence=after)
        return site.zone, after


async def _events(
    connection: Connection, call: Call, site_id: str, zone: ZoneInfo, facts: Sequence[feed.SiteFact]
) -> list[rpc.CaseEvent]:
    """Returns the facts as events; of those about the caller only their place in the chain."""
    if not facts:
        return []
    callers = visibility.behind(call.actor.subject, call.actor.acting_for)
    shown = await cases.list_in_sight(connection, {one.subject_id for one in facts}, callers)
    steps = [_step(one) for one in facts]
    narrator = Narrator(steps, call.language, zone)
    names = await directory.list_names(connection, site_id, narrator.codes())
    numbers = await cases.list_numbers(connection, narrator.cases(), callers)
    names |= {("case", case_id): number for case_id, number in numbers.items()}
    sentences = narrator.tell(names)
    return [
        _event(one, sentence) if one.subject_id in shown else _unseen(one)
        for one, sentence in zip(facts, sentences, strict=True)
    ]


def _step(one: feed.SiteFact) -> Step:
    return Step(
        source="intake",
        version=one.version,
        type=one.type,
        occurred_time=one.occurred_time,
        record_time=one.record_time,
        actor=one.actor,
        acting_for=one.acting_for,
        payload=one.payload,
    )


def _event(one: feed.SiteFact, sentence: str) -> rpc.CaseEvent:
    return rpc.CaseEvent(
        sequence=one.sequence,
        hash=one.site_hash.hex(),
        case_id=one.subject_id,
        version=one.version,
        type=one.type.rpartition(".")[2],
        occurred_time=to_timestamp(one.occurred_time),
        record_time=to_timestamp(one.record_time),
        actor=one.actor,
        sentence=sentence,
    )


def _unseen(one: feed.SiteFact) -> rpc.CaseEvent:
    return rpc.CaseEvent(sequence=one.sequence, hash=one.site_hash.hex())

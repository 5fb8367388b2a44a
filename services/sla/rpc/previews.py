"""The stream of a preview: progress, what would move, which verdicts would be others, a summary.

It may look at everything a site ever had. It does so by the page, each in a transaction of its own,
and gives the others in this process their turn in between.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from backstop.sla.v1 import sla_service_pb2 as rpc
from chassis.actor import Actor
from chassis.convert import to_timestamp
from chassis.database import Connection, Database
from services.sla.convert.clocks import STATES, clock_message
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import AmendmentCause
from services.sla.domain.policy import Terms
from services.sla.domain.preview import EVERYTHING, Flipped, Moved, Running, Stretches, Tally
from services.sla.domain.sight import behind
from services.sla.store import running
from services.sla.store.questions import list_about

# Read at once.
_CLOCKS_AT_ONCE = 500
_SUBJECTS_AT_ONCE = 200
# Counted at once: some milliseconds' work, for which nobody minds waiting.
_TURN = 200
_MOST_LISTED = 200

_EVENT = TypeVar("_EVENT", Moved, Flipped)


class Preview:
    """One preview for one caller, whose sites it sees; ask it for its events once."""

    def __init__(self, app: Database, actor: Actor, now: datetime, max_listed: int) -> None:
        self._app = app
        self._actor = actor
        self._now = now
        self._callers = behind(actor.subject, actor.acting_for)
        self._about: frozenset[str] = frozenset()
        self._left = max_listed or _MOST_LISTED
        self._done = 0
        self._total = 0

    async def of_calendar(
        self, site_id: str, terms: Terms, within: Stretches
    ) -> AsyncIterator[rpc.PreviewEvent]:
        """Plays a site under a calendar that differs from its own within some stretches."""
        tally = Tally(AmendmentCause.CALENDAR, within, self._now)
        # Whatever was over before the first day that changes was so by either calendar.
        looks_back = bool(within) and within[0][0] < self._now
        until = min(within[-1][1], self._now) if looks_back else self._now
        async with self._app.read(self._actor) as connection:
            self._about = await list_about(connection, self._callers)
            count = await running.count_running(connection, site_id, within)
            tally.clocks, self._total = count.clocks, count.touched
            if looks_back:
                self._total += await running.count_past_cases(connection, site_id, until)
        yield self._progress()
        async for event in self._running(site_id, terms, within, tally):
            yield event
        if looks_back:
            async for event in self._past(site_id, terms, within, until, tally):
                yield event
        yield _summary(tally)

    async def of_policy(self, under: Mapping[str, Terms]) -> AsyncIterator[rpc.PreviewEvent]:
        """Plays sites under other policies, {site id: terms}."""
        tally = Tally(AmendmentCause.POLICY, EVERYTHING, self._now)
        async with self._app.read(self._actor) as connection:
            self._about = await list_about(connection, self._callers)
            for site_id in under:
                count = await running.count_running(connection, site_id, EVERYTHING)
                tally.clocks += count.clocks
        self._total = tally.clocks
        yield self._progress()
        for site_id, terms in under.items():
            async for event in self._running(site_id, terms, EVERYTHING, tally):
                yield event
        yield _summary(tally)

    async def _running(
        self, site_id: str, terms: Terms, within: Stretches, tally: Tally
    ) -> AsyncIterator[rpc.PreviewEvent]:
        after, more = running.FIRST_CLOCK, bool(within)
        while more:
            async with self._app.read(self._actor) as connection:
                clocks = await running.list_running_clocks(
                    connection, site_id, within, after, _CLOCKS_AT_ONCE
                )
                page = await self._with_profiles(connection, clocks, tally)
            more = len(page) == _CLOCKS_AT_ONCE
            for turn in range(0, len(page), _TURN):
                for moved in self._listed(tally.count(page[turn : turn + _TURN], terms)):
                    yield _moved(moved)
                await asyncio.sleep(0)
            if page:
                after = clocks[-1].due_time, clocks[-1].clock_id
                self._done += len(page)
                yield self._progress()

    async def _past(
        self, site_id: str, terms: Terms, within: Stretches, until: datetime, tally: Tally
    ) -> AsyncIterator[rpc.PreviewEvent]:
        async with self._app.read(self._actor) as connection:
            units = await running.list_units_heard_of(connection, site_id)
            ended = await running.list_ended_clocks(connection, units, within)
        for flipped in self._listed(tally.judge(ended, terms.calendar)):
            yield _flipped(flipped)
        after, more = running.FIRST_CASE, True
        while more:
            async with self._app.read(self._actor) as connection:
                cases = await running.list_past_cases(
                    connection, site_id, until, after, _SUBJECTS_AT_ONCE
                )
                case_ids = [case_id for _, case_id in cases]
                ended = await running.list_ended_clocks(connection, case_ids, within)
            more = len(cases) == _SUBJECTS_AT_ONCE
            for turn in range(0, len(ended), _TURN):
                judged = tally.judge(ended[turn : turn + _TURN], terms.calendar)
                for flipped in self._listed(judged):
                    yield _flipped(flipped)
                await asyncio.sleep(0)
            if cases:
                after = cases[-1]
                self._done += len(cases)
                yield self._progress()

    @staticmethod
    async def _with_profiles(
        connection: Connection, clocks: Sequence[Clock], tally: Tally
    ) -> list[Running]:
        # A calendar asks nobody what their cases are.
        if tally.cause is AmendmentCause.POLICY:
            return await running.with_profiles(connection, clocks)
        return [Running(clock) for clock in clocks]

    def _listed(self, events: Iterator[_EVENT]) -> Iterator[_EVENT]:
        """Yields as many as are still to be listed, and lets the others be counted.

        Those of cases about the caller are counted, too.
        """
        for event in events:
            if self._left > 0 and event.clock.subject_id not in self._about:
                self._left -= 1
                yield event

    def _progress(self) -> rpc.PreviewEvent:
        # What began since the beginning is played, too.
        self._total = max(self._total, self._done)
        return rpc.PreviewEvent(progress=rpc.Progress(done=self._done, total=self._total))


def _moved(moved: Moved) -> rpc.PreviewEvent:
    return rpc.PreviewEvent(
        moved=rpc.MovedClock(
            clock=clock_message(moved.clock),
            due_time=to_timestamp(moved.due.time),
            provisional=moved.due.provisional,
            breaches=moved.breaches,
        )
    )


def _flipped(flipped: Flipped) -> rpc.PreviewEvent:
    return rpc.PreviewEvent(
        flipped=rpc.FlippedVerdict(
            clock=clock_message(flipped.clock),
            due_time=to_timestamp(flipped.due.time),
            state=STATES.number(flipped.state),
        )
    )


def _summary(tally: Tally) -> rpc.PreviewEvent:
    return rpc.PreviewEvent(
        summary=rpc.PreviewSummary(
            clocks=tally.clocks,
            moved_later=tally.moved_later,
            moved_earlier=tally.moved_earlier,
            settled=tally.settled,
            breaching=tally.breaching,
            flipped=tally.flipped,
        )
    )

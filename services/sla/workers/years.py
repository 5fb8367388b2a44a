"""The loop that looks ahead to the next year, whose make-up days are announced in autumn.

A site whose calendar lacks it is warned of that once a week from December on, since until then
deadlines that reach into it are provisional. Where this release knows the year, it is published
to the site as if someone had done so.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from prometheus_client import Counter, Gauge

from backstop.sla.v1 import sla_facts_pb2
from chassis.actor import service_actor
from chassis.clock import CLOCK, ClockGuard, decision_time
from chassis.database import Connection, Database
from chassis.errors import Refused
from chassis.failures import dependency_of, is_retryable
from chassis.ids import derived_fact_id
from chassis.work import Work, run
from chassis.workers import loop
from services.sla.domain.calendar import Calendar, Year, check
from services.sla.domain.seeds import announced_years
from services.sla.domain.years import known_years, missing_years, monday_of, with_years
from services.sla.handlers.publishing import calendar_subject, replace_calendar
from services.sla.store import terms as store
from services.sla.store.running import add_year_warning
from services.sla.store.terms import Site

_log = structlog.get_logger(__name__)

MISSING = Gauge(
    "backstop_calendar_years_missing",
    "Sites whose calendar lacks a year that has begun or begins soon.",
)
FAILED = Counter("backstop_calendar_years_failed", "Tries to look after a site that failed.")

_POLL_SECONDS = 60.0


class YearWorker:
    """Adds and asks for years, site by site; run it in any number."""

    def __init__(
        self,
        database: Database,
        guard: ClockGuard,
        *,
        poll_seconds: float = _POLL_SECONDS,
        seeds: Sequence[Year] | None = None,
    ) -> None:
        self._database = database
        self._guard = guard
        self._poll_seconds = poll_seconds
        # Years known without anyone publishing them; the package's, unless others are given.
        self._seeds = announced_years() if seeds is None else tuple(seeds)
        self._actor = service_actor(database.schema)

    async def run(self, stop: asyncio.Event) -> None:
        """Works until told to stop, finishing the site in hand."""
        wake = self._database.woken(CLOCK)
        await loop("years", self.step, stop=stop, poll=self._poll_seconds, wake=wake)

    async def step(self) -> float | None:
        """Looks at every site once."""
        if not self._guard.allowed:
            return None
        async with self._database.connection() as connection:
            now = await decision_time(connection)
            calendars = await _calendars(connection)
        lacking = {
            site_id: calendar
            for site_id, calendar in calendars.items()
            if missing_years(calendar, now) or known_years(calendar, now, self._seeds)
        }
        still = 0
        for site_id in lacking:
            still += await self._try(site_id)
        MISSING.set(still)
        return None

    async def _try(self, site_id: str) -> bool:
        """Looks after a site; one that fails keeps none of the others waiting."""
        try:
            return await run(
                self._database, self._actor, partial(self._look_after, site_id=site_id)
            )
        except Exception as error:
            if dependency_of(error) or is_retryable(error):
                raise
            FAILED.inc()
            _log.error("years_failed", site_id=site_id, exc_info=error)
            return True

    async def _look_after(self, work: Work, site_id: str) -> bool:
        """Does for a site what is to be done; tells whether it still lacks a year."""
        # A year that a lying clock has brought forward couldn't be taken back.
        if not self._guard.admits(work):
            return True
        subject = calendar_subject(site_id)
        await work.lock(site_id, subject)
        site = await store.hold_site(work.connection, site_id)
        if site is None:
            return False
        calendar = (await store.load_terms(work.connection, site_id))[site_id].calendar
        known = known_years(calendar, work.time, self._seeds)
        if known:
            calendar = await self._add(work, site, calendar, known)
        missing = missing_years(calendar, work.time)
        week = monday_of(calendar.local_day(work.time))
        for year in missing:
            if await add_year_warning(work.connection, site_id, year, week):
                work.record(
                    subject,
                    site_id,
                    sla_facts_pb2.CalendarYearMissing(site_id=site_id, year=year),
                    fact_id=derived_fact_id(subject, year, week.isoformat()),
                )
        return bool(missing)

    @staticmethod
    async def _add(work: Work, site: Site, calendar: Calendar, known: Sequence[Year]) -> Calendar:
        """Publishes years to a held site; one whose days contradict them keeps its calendar."""
        plan = with_years(calendar.plan, known)
        years = [year.year for year in known]
        try:
            check(plan)
        except Refused as refused:
            # For someone at the site to settle; until then the year counts as missing.
            _log.warning("years_refused", site_id=site.site_id, years=years, reason=refused.reason)
            return calendar
        version, _ = await replace_calendar(work, site, plan, store.PUBLISHED_BY)
        _log.info("years_published", site_id=site.site_id, years=years)
        return Calendar(calendar.zone, plan, version)


async def _calendars(connection: Connection) -> dict[str, Calendar]:
    site_ids = [site.site_id for site in await store.list_sites(connection)]
    terms = await store.load_terms(connection, *site_ids)
    return {site_id: found.calendar for site_id, found in terms.items()}

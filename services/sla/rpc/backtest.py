"""BacktestPolicy: a site's past under other terms, played by processes of its own.

Playing a case is arithmetic, and a hundred thousand of them would keep the timers and every other
call waiting if it were done here. So this process only reads rows and hands them on as they are.
"""

import asyncio
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from backstop.sla.v1 import sla_service_pb2 as rpc
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceServicer
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.database import Connection, Database
from chassis.errors import Refused
from services.sla.convert import questions as convert
from services.sla.convert.calendar import plan_of
from services.sla.convert.policy import rules_of
from services.sla.domain.acts import Logged, Registered
from services.sla.domain.backtest import Tally, alike
from services.sla.domain.calendar import Calendar, CalendarPlan, check
from services.sla.domain.policy import Policy, Profile, Terms
from services.sla.domain.replay import LadderLevel, simulate
from services.sla.domain.sight import behind
from services.sla.store.questions import count_history, list_about, list_history, logged_of
from services.sla.store.terms import load_ladders, load_template, load_terms

# Processes that play; the other core, if there is one, is the database's.
_MOST_WORKERS = 2
# Below everything else that the machine does.
_NICE = 10
_IDLE_SECONDS = 60.0
_RETRY_AFTER = timedelta(seconds=10)

# Cases that are read and played at once: a fraction of a second's work.
_CHUNK = 250
# Chunks in the workers' hands, for each worker.
_AHEAD = 2
_PROGRESS_SECONDS = 1.0
_MOST_LISTED = 1000

_DAY = timedelta(days=1)


class Bench:
    """The processes that play, for one backtest at a time.

    They are made when there is something to play, and ended a minute after. Close it.
    """

    def __init__(self, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        self.workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        self._idle_seconds = idle_seconds
        self._pool: ProcessPoolExecutor | None = None
        self._opening: asyncio.Task[ProcessPoolExecutor] | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._taken = False

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[ProcessPoolExecutor]:
        """Lends the processes; Refused OVERLOADED while another backtest has them."""
        if self._taken:
            raise Refused("OVERLOADED", retry_after=_RETRY_AFTER)
        self._taken = True
        try:
            if self._ending is not None:
                self._ending.cancel()
            pool = self._pool
            if pool is None:
                if self._opening is None:
                    self._opening = asyncio.create_task(self._open())
                # Whoever waits may go: the processes are kept for the next one, or ended.
                pool = await asyncio.shield(self._opening)
            yield pool
        except BrokenExecutor:
            # One of the processes was killed; the next backtest gets others.
            self._end()
            raise
        finally:
            self._taken = False
            self._ending = asyncio.get_running_loop().call_later(self._idle_seconds, self._end)

    async def close(self) -> None:
        """Ends the processes, also those being started; returns when they are gone."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        pool, self._pool = self._pool, None
        if self._ending is not None:
            self._ending.cancel()
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def _open(self) -> ProcessPoolExecutor:
        try:
            # Starting processes takes its time, which isn't the event loop's.
            self._pool = await asyncio.to_thread(_open, self.workers)
            return self._pool
        finally:
            self._opening = None

    def _end(self) -> None:
        if self._opening is not None:
            self._ending = asyncio.get_running_loop().call_later(self._idle_seconds, self._end)
            return
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def _open(workers: int) -> ProcessPoolExecutor:
    # Never by fork: gRPC's threads would be missing in the child, and their locks not.
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
    )
    pool.submit(os.getpid)
    return pool


def _begin() -> None:
    """Makes a process a modest worker that doesn't outlive whom it works for."""
    os.nice(_NICE)
    # What ends the service ends its workers in good order; a terminal's Ctrl-C reaches both.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


# What is played -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Terms as they travel: without all that a calendar and a policy remember."""

    zone: str
    plan: CalendarPlan
    calendar_version: int
    policy: Policy

    @classmethod
    def of(cls, terms: Terms) -> "_Recipe":
        calendar, policy = terms.calendar, terms.policy
        return cls(calendar.zone.key, calendar.plan, calendar.version, replace(policy, _found={}))

    def terms(self) -> Terms:
        return Terms(Calendar(ZoneInfo(self.zone), self.plan, self.calendar_version), self.policy)


@dataclass(frozen=True, slots=True)
class _Play:
    """What all cases of a backtest have in common; `recipes` is a pickled pair."""

    site_id: str
    recipes: bytes
    # By category; "" is the site's own.
    ladders: dict[str, tuple[LadderLevel, ...]]
    until: datetime

    def ladder(self, logged: Iterable[Logged]) -> tuple[LadderLevel, ...]:
        """Returns the ladder of a case's category, the site's own where it has none."""
        categories = (one.act.profile.category for one in logged if isinstance(one.act, Registered))
        return self.ladders.get(next(categories, "")) or self.ladders.get("", ())


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of some cases: counted in full, the first differences listed as messages."""

    tally: Tally
    listed: list[bytes]


@lru_cache(maxsize=1)
def _both(recipes: bytes) -> tuple[Terms, Terms]:
    # Pickled by this very service.
    before, after = pickle.loads(recipes)  # noqa: S301
    return before.terms(), after.terms()


def play(play: _Play, cases: Sequence[tuple[str, str]], most: int) -> _Outcome:
    """Plays cases, given as (id, acts as JSON), twice each; lists up to `most` differences."""
    before, after = _both(play.recipes)
    outcome = _Outcome(Tally(), [])
    unmoved: dict[Profile, bool] = {}
    for case_id, acts in cases:
        logged = logged_of(acts)
        ladder = play.ladder(logged)
        was = simulate(case_id, play.site_id, logged, before, ladder, play.until)
        would_be, profile = was, was.case.profile
        if profile not in unmoved:
            unmoved[profile] = alike(before, after, profile)
        if not unmoved[profile]:
            would_be = simulate(case_id, play.site_id, logged, after, ladder, play.until)
        for found in outcome.tally.add(logged, was, would_be)[: most - len(outcome.listed)]:
            outcome.listed.append(convert.difference(found).SerializeToString())
    return outcome


# The call -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Period:
    start: datetime
    end: datetime
    cases: int


class BacktestMixin(SlaServiceServicer):
    """Reads the past as the caller may see it, and tells what came of it while it is played."""

    _app: Database

    @cached_property
    def _bench(self) -> Bench:
        return Bench()

    async def close(self) -> None:
        """Ends the processes that play, if there are any."""
        await self._bench.close()

    async def BacktestPolicy(
        self, request: rpc.BacktestPolicyRequest, context: Any
    ) -> AsyncIterator[rpc.BacktestPolicyResponse]:
        actor = current_call(request).actor
        period, game = await self._prepare(actor, request)
        # They count like all others, but aren't named.
        async with self._app.read(actor) as connection:
            about = await list_about(connection, behind(actor.subject, actor.acting_for))
        tally, left = Tally(), request.max_differences or _MOST_LISTED
        async with self._bench.taken() as pool:
            yield _progress(tally, period)
            playing: deque[asyncio.Future[_Outcome]] = deque()
            after, more = (period.start, ""), period.cases > 0
            try:
                while more or playing:
                    while more and len(playing) < _AHEAD * self._bench.workers:
                        async with self._app.read(actor) as connection:
                            past = await list_history(
                                connection, request.site_id, period.end, after, _CHUNK
                            )
                        more = len(past) == _CHUNK
                        if past:
                            after = past[-1].occurred_time, past[-1].case_id
                            cases = [(one.case_id, one.acts) for one in past]
                            playing.append(
                                asyncio.get_running_loop().run_in_executor(
                                    pool, play, game, cases, left
                                )
                            )
                    if playing:
                        done, _ = await asyncio.wait({playing[0]}, timeout=_PROGRESS_SECONDS)
                        if done:
                            with convert.within_reach(_replaced(request)):
                                outcome = playing.popleft().result()
                            tally.merge(outcome.tally)
                            listed = map(rpc.BacktestDifference.FromString, outcome.listed)
                            named = [found for found in listed if found.case_id not in about]
                            for found in named[:left]:
                                yield rpc.BacktestPolicyResponse(difference=found)
                            left -= min(left, len(named))
                        yield _progress(tally, period)
            finally:
                for future in playing:
                    _let_go(future)
        yield rpc.BacktestPolicyResponse(summary=convert.summary(tally))

    async def _prepare(
        self, actor: Actor, request: rpc.BacktestPolicyRequest
    ) -> tuple[_Period, _Play]:
        first, last = convert.days(request)
        async with self._app.read(actor) as connection:
            terms = (await load_terms(connection, request.site_id)).get(request.site_id)
            if terms is None:
                raise Refused("CALENDAR_NOT_FOUND", site_id=request.site_id)
            changed = await _changed(connection, request, terms)
            start = terms.calendar.end_of(first - _DAY)
            end = terms.calendar.end_of(last)
            count = await count_history(connection, request.site_id, start, end)
            ladders = await load_ladders(connection, request.site_id)
            now = await decision_time(connection)
        levels = {
            category: tuple(LadderLevel(days, timedelta(seconds=time)) for days, time in ladder)
            for category, ladder in ladders.items()
        }
        recipes = pickle.dumps((_Recipe.of(terms), _Recipe.of(changed)))
        return _Period(start, end, count), _Play(request.site_id, recipes, levels, now)


def _let_go(future: "asyncio.Future[_Outcome]") -> None:
    """Cancels what hasn't begun; what has ended, well or badly, is nobody's any more."""
    if not future.cancel() and not future.cancelled():
        future.exception()


async def _changed(
    connection: Connection, request: rpc.BacktestPolicyRequest, terms: Terms
) -> Terms:
    """Returns the terms with what the request puts in their place, checked as if published.

    What was never published has version 0.
    """
    calendar, policy = terms.calendar, terms.policy
    if request.HasField("calendar"):
        _check_site(request, request.calendar.site_id, "calendar.site_id")
        plan = plan_of(request.calendar)
        check(plan)
        calendar = Calendar(calendar.zone, plan, 0)
    if request.HasField("policy"):
        _check_site(request, request.policy.site_id, "policy.site_id")
        rules = rules_of(request.policy)
        template = None if request.policy.detached else await load_template(connection)
        policy = Policy(0, rules, () if template is None else rules_of(template))
    return Terms(calendar, policy)


def _replaced(request: rpc.BacktestPolicyRequest) -> str:
    """Returns the field of the terms that would be others."""
    return "calendar" if request.HasField("calendar") else "policy"


def _check_site(request: rpc.BacktestPolicyRequest, site_id: str, field: str) -> None:
    if site_id != request.site_id:
        raise convert.invalid(field, "must be the site that is asked about")


def _progress(tally: Tally, period: _Period) -> rpc.BacktestPolicyResponse:
    # Cases of today may have been added since they were counted.
    total = max(period.cases, tally.cases)
    return rpc.BacktestPolicyResponse(progress=rpc.Progress(done=tally.cases, total=total))

"""Takes one scheduler through the scenario: arm far ahead, idle, bursts, a steady stream."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import asyncpg

from bench.timers import scenario, wire
from bench.timers.child import Broken, Child, cpu_seconds, resident_mib
from bench.timers.contenders import Contender
from bench.timers.measure import Firing, account, percentile
from bench.timers.outcome import Burst, Looks, Outcome, Steady
from bench.timers.scenario import Sizes
from bench.timers.servers import Servers
from deploy.local.layout import ROOT
from deploy.local.problem import Problem

_START_SECONDS: Final = 60.0
_ARM_SECONDS: Final = 300.0
_WARM_UP_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_WEIGH_SECONDS: Final = 1.0
_ROUNDS: Final = 9
_TRIES: Final = 3


async def measure(contender: Contender, servers: Servers, sizes: Sizes, python: str) -> Outcome:
    """Returns what came of one scheduler; what broke on the way is in its notes."""
    outcome = Outcome(contender.name, contender.title, contender.settings, held=contender.held)
    try:
        outcome.versions = await _versions(contender, servers, python)
        async with _open(contender, servers, python) as run:
            await _Measurement(run, sizes, outcome).all()
    except (Broken, Problem, asyncpg.PostgresError, OSError) as error:
        outcome.broke_off = True
        outcome.notes.append(f"broke off: {error}")
    return outcome


class _Run:
    """The processes and the database of one scheduler."""

    def __init__(
        self,
        contender: Contender,
        servers: Servers,
        database: str,
        connection: asyncpg.Connection[asyncpg.Record],
        client: Child,
        worker: Child,
    ) -> None:
        self.contender = contender
        self.servers = servers
        self.database = database
        self.client = client
        self.worker = worker
        self._connection = connection
        self._servers = [servers.postgres_pid()]
        if contender.uses_broker:
            self._servers.append(servers.rabbitmq_pid())

    async def arm(self, arming: wire.Arming) -> float:
        """Arms, and returns the seconds it took."""
        armer = self.worker if self.contender.arms_itself else self.client
        answer = await armer.ask(arming.as_command(), _ARM_SECONDS)
        return float(answer["seconds"])

    async def firings(self, arming: wire.Arming) -> list[Firing]:
        rows = await self._connection.fetch(
            self.contender.firings, arming.first, arming.first + arming.count
        )
        return [Firing(r["timer_id"], r["due"], r["fired_at"], r["committed"]) for r in rows]

    async def fired(self, arming: wire.Arming, seconds: float) -> bool:
        """Waits until all have fired; False when `seconds` are over first."""
        deadline = time.time() + seconds
        while True:
            count = await self._connection.fetchval(
                self.contender.count, arming.first, arming.first + arming.count
            )
            if count >= arming.count:
                return True
            if time.time() >= deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)

    def cpu(self) -> tuple[float, float]:
        """Seconds of the cores that the worker and the servers have used so far."""
        return cpu_seconds(self.worker.pid), cpu_seconds(*self._servers)


async def _versions(contender: Contender, servers: Servers, python: str) -> dict[str, str]:
    """Asks the interpreter that runs the scheduler what is installed there."""
    command = [contender.python or python, "-m", "bench.timers.wire", *contender.packages]
    child = await Child.start("versions", command, _environment(), servers.logs / "versions.log")
    try:
        return {name: str(text) for name, text in (await child.answer(_START_SECONDS)).items()}
    finally:
        await child.end()


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@asynccontextmanager
async def _open(contender: Contender, servers: Servers, python: str) -> AsyncIterator[_Run]:
    database = f"bench_{contender.name.replace('-', '_')}"
    environment = _environment() | {
        wire.DSN: await servers.fresh(database),
        # Left to the end of the servers: removing a long queue takes the broker its time.
        wire.AMQP: await asyncio.to_thread(servers.endpoints.create_vhost, database),
    }
    children: list[Child] = []
    connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def start(role: str) -> Child:
        name = f"{contender.name} {role}"
        log = servers.logs / f"{contender.name}-{role}.log"
        child = await Child.start(name, contender.command(python, role), environment, log)
        children.append(child)
        return child

    try:
        client = await start("client")
        await client.ask({"do": "prepare"}, _START_SECONDS)
        worker = await start("worker")
        await worker.answer(_START_SECONDS)
        connection = await asyncpg.connect(servers.dsn(database))
        yield _Run(contender, servers, database, connection, client, worker)
    finally:
        try:
            await asyncio.gather(*(child.end() for child in children))
        finally:
            for child in children:
                child.kill()
        if connection is not None:
            await connection.close()
        await servers.drop(database)


class _Measurement:
    def __init__(self, run: _Run, sizes: Sizes, outcome: Outcome) -> None:
        self._run = run
        self._sizes = sizes
        self._outcome = outcome
        self._armed: list[wire.Arming] = []
        # Seconds that are waited for what is due.
        self._bound = min(sizes.bound, run.contender.bound or math.inf)

    async def all(self) -> None:
        await self._warm_up()
        self._outcome.start_mib = resident_mib(self._run.worker.pid)
        weighing = asyncio.create_task(self._weigh())
        try:
            await self._background()
            await self._idle()
            self._outcome.armed_mib = resident_mib(self._run.worker.pid)
            if await self._steady():
                await self._bursts()
            else:
                self._outcome.notes.append("no burst: the stream before it had not ended")
        finally:
            weighing.cancel()
            await asyncio.gather(weighing, return_exceptions=True)
        for arming in self._armed:
            firings = await self._run.firings(arming)
            self._outcome.account += account(arming.count, firings)

    async def _weigh(self) -> None:
        while True:
            weight = resident_mib(self._run.worker.pid)
            self._outcome.highest_mib = max(self._outcome.highest_mib, weight)
            await asyncio.sleep(_WEIGH_SECONDS)

    async def _warm_up(self) -> None:
        arming = scenario.warm_up(time.time())
        await self._run.arm(arming)
        if not await self._run.fired(arming, _WARM_UP_SECONDS):
            raise Broken(f"{self._outcome.name} didn't fire")
        self._armed.append(arming)

    async def _background(self) -> None:
        sizes = self._sizes
        looks = self._run.contender.looks
        done, seconds = 0, 0.0
        for size in sizes.ours_background if looks else (sizes.background,):
            arming = scenario.background(size - done, time.time(), done)
            seconds += await self._run.arm(arming)
            done = size
            await self._run.servers.tidy(self._run.database)
            if looks:
                asked = {"do": "look", "rounds": _ROUNDS, "count": sizes.polls}
                answer = await self._run.client.ask(asked, _ARM_SECONDS)
                self._outcome.looks.append(Looks(size, tuple(answer["medians_ms"])))
        self._outcome.background = done
        self._outcome.arming_rate = done / seconds

    async def _idle(self) -> None:
        await asyncio.sleep(self._sizes.idle_seconds / 2)
        begun = time.monotonic()
        worker, servers = self._run.cpu()
        await asyncio.sleep(self._sizes.idle_seconds)
        worker_then, servers_then = self._run.cpu()
        seconds = time.monotonic() - begun
        self._outcome.idle_worker_percent = 100 * (worker_then - worker) / seconds
        self._outcome.idle_servers_percent = 100 * (servers_then - servers) / seconds

    async def _bursts(self) -> None:
        begun = time.monotonic()
        for _ in range(self._sizes.bursts):
            finished = await self._burst()
            if not finished or time.monotonic() - begun > self._sizes.bursts_seconds:
                break

    async def _burst(self) -> bool:
        """Arms and watches a burst; False when not all have fired within the bound."""
        bound = self._bound
        arming = await self._arm_ahead(partial(scenario.burst, self._sizes))
        await _until(arming.due - 0.1)
        worker, servers = self._run.cpu()
        finished = await self._run.fired(arming, bound + 0.1)
        worker_then, servers_then = self._run.cpu()
        firings = [one for one in await self._run.firings(arming) if one.late <= bound]
        seconds = max((one.late for one in firings), default=0.0) if finished else bound
        self._outcome.bursts.append(
            Burst(
                armed=arming.count,
                fired=len(firings),
                seconds=seconds,
                rate=len(firings) / seconds if seconds else 0.0,
                worker_ms_each=1000 * (worker_then - worker) / max(1, len(firings)),
                servers_ms_each=1000 * (servers_then - servers) / max(1, len(firings)),
            )
        )
        if not finished:
            self._outcome.notes.append(
                f"{len(firings):,} of {arming.count:,} due at once had fired after {bound:.0f} s"
            )
        return finished

    async def _steady(self) -> bool:
        """Arms and watches a stream; False when not all have fired within the bound after it."""
        sizes = self._sizes
        arming = await self._arm_ahead(partial(scenario.steady, sizes))
        await _until(arming.due)
        begun, before = time.monotonic(), sum(self._run.cpu())
        await _until(arming.due + sizes.steady_seconds)
        used, seconds = sum(self._run.cpu()) - before, time.monotonic() - begun
        finished = await self._run.fired(arming, self._bound)
        late = [1000 * one.late for one in await self._run.firings(arming)]
        self._outcome.steadies.append(
            Steady(
                armed=arming.count,
                p50_ms=percentile(late, 0.5),
                p99_ms=percentile(late, 0.99),
                max_ms=max(late, default=float("nan")),
                cpu_percent=100 * used / seconds,
            )
        )
        if not finished:
            self._outcome.notes.append(
                f"{len(late):,} of {arming.count:,} due one after the other had fired "
                f"{self._bound:.0f} s after the last"
            )
        return finished

    async def _arm_ahead(self, make: Callable[[int, float, float], wire.Arming]) -> wire.Arming:
        """Arms early enough to be done before the first is due. Raises Broken when it can't.

        Those that weren't are let fire, and count with the rest.
        """
        count = make(0, 0.0, 0.0).count
        lead = 3.0 + 1.6 * count / max(1.0, self._outcome.arming_rate)
        for _ in range(_TRIES):
            arming = make(len(self._armed), time.time(), lead)
            await self._run.arm(arming)
            self._armed.append(arming)
            if time.time() < arming.due:
                return arming
            await self._run.fired(arming, self._bound)
            lead *= 2
        raise Broken(f"{self._outcome.name} was still being armed when the first was due")


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.time()))

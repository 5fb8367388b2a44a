"""A lying clock holds everything that fires, and lets go once it has told the truth for a while."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from chassis import clock
from chassis.actor import service_actor
from chassis.clock import RELEASE_SECONDS, ClockGuard
from chassis.errors import Refused
from chassis.work import Work, run
from tests.integration.chassis import counting
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase

HOURS = [timedelta(hours=h) for h in (1, -1, 72, -72)]


@dataclass
class Process:
    """A process clock that can lie, and seconds that pass when told to."""

    lie: timedelta = timedelta(0)
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.lie

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE, demonstration=True)


def guard_of(database: ServiceDatabase, process: Process) -> ClockGuard:
    return ClockGuard(database.worker, now=process.now, monotonic=process.monotonic)


async def test_clocks_that_agree_allow_at_once(database: ServiceDatabase) -> None:
    guard = guard_of(database, Process())
    assert not guard.allowed
    await guard.look()
    assert guard.allowed


@pytest.mark.parametrize("lie", HOURS)
async def test_a_jump_holds_until_a_minute_of_agreement(
    database: ServiceDatabase, lie: timedelta
) -> None:
    process = Process()
    guard = guard_of(database, process)
    await guard.look()
    process.lie = lie
    await guard.look()
    assert not guard.allowed
    process.lie = timedelta(0)
    await guard.look()
    process.seconds = RELEASE_SECONDS - 1
    await guard.look()
    assert not guard.allowed
    process.seconds = RELEASE_SECONDS
    await guard.look()
    assert guard.allowed


@pytest.mark.parametrize("lie", HOURS)
async def test_a_lie_from_the_start_holds(database: ServiceDatabase, lie: timedelta) -> None:
    guard = guard_of(database, Process(lie=lie))
    await guard.look()
    assert not guard.allowed


async def test_a_transaction_is_judged_by_its_own_time(database: ServiceDatabase) -> None:
    process = Process()
    guard = guard_of(database, process)
    await guard.look()

    async def admitted(work: Work) -> bool:
        return guard.admits(work)

    assert await run(database.worker, service_actor("intake"), admitted)
    # Between two looks.
    process.lie = timedelta(hours=-1)
    assert not await run(database.worker, service_actor("intake"), admitted)
    assert not guard.allowed


async def test_a_disagreement_starts_the_minute_again(database: ServiceDatabase) -> None:
    process = Process(lie=timedelta(hours=1))
    guard = guard_of(database, process)
    allowed: list[bool] = []
    for lie, seconds in ((1, 0.0), (0, 0.0), (1, 50.0), (0, 55.0), (0, 100.0)):
        process.lie, process.seconds = timedelta(hours=lie), seconds
        await guard.look()
        allowed.append(guard.allowed)
    assert not any(allowed)
    process.seconds = 55.0 + RELEASE_SECONDS
    await guard.look()
    assert guard.allowed


async def test_a_clock_behind_the_stored_mark_holds_and_recovers(
    database: ServiceDatabase,
) -> None:
    process = Process()
    await counting.value(
        database.worker,
        "UPDATE suite_clock SET high_water = clock_timestamp() + interval '3 days'",
    )
    guard = guard_of(database, process)
    allowed: list[bool] = []
    for seconds in (0.0, RELEASE_SECONDS, RELEASE_SECONDS + 1):
        process.seconds = seconds
        await guard.look()
        allowed.append(guard.allowed)
    assert allowed == [False, True, True]


async def test_a_lying_clock_never_moves_the_mark(database: ServiceDatabase) -> None:
    process = Process()
    guard = guard_of(database, process)
    await guard.look()
    before = await counting.value(database.worker, "SELECT high_water FROM suite_clock")
    process.lie = timedelta(hours=1)
    await guard.look()
    assert await counting.value(database.worker, "SELECT high_water FROM suite_clock") == before


async def test_a_step_of_the_demonstration_is_no_disagreement(database: ServiceDatabase) -> None:
    guard = guard_of(database, Process())
    await guard.look()
    moved = await clock.set_offset(database.worker, timedelta(days=3))
    assert abs(moved - datetime.now(UTC) - timedelta(days=3)) < timedelta(minutes=1)
    await guard.look()
    assert guard.allowed

    async def times(work: Work) -> tuple[datetime, datetime, bool]:
        return work.time, work.raw_time, guard.admits(work)

    decided, raw, admitted = await run(database.worker, service_actor("intake"), times)
    assert decided - raw == timedelta(days=3)
    assert admitted


async def test_the_offset_never_goes_back(database: ServiceDatabase) -> None:
    await clock.set_offset(database.worker, timedelta(hours=2))
    await clock.set_offset(database.worker, timedelta(hours=2))
    with pytest.raises(Refused, match="INVALID_FIELD"):
        await clock.set_offset(database.worker, timedelta(hours=1))


async def test_outside_of_demonstrations_the_clock_stays(database_for: DatabaseFor) -> None:
    real = await database_for("intake", package=counting.PACKAGE)
    with pytest.raises(Refused, match="NOT_IN_DEMONSTRATION"):
        await clock.set_offset(real.worker, timedelta(hours=1))

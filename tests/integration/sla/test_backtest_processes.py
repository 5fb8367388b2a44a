"""The processes that backtests run in: one ends with its caller, its idleness or its service."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis.testing import read_refusal
from deploy.local import processes
from services.sla.rpc.backtest import Bench
from tests.integration.sla.bench import (
    Desk,
    bench_of,
)
from tests.integration.sla.conftest import Sla
from tests.integration.sla.past import COUNT, lives, save
from tests.waiting import eventually


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with bench_of(sla, tmp_path) as desk:
        await save(desk.sla, lives())
        yield desk


async def test_a_killed_process_costs_one_backtest(desk: Desk) -> None:
    call = desk.call(desk.request(2))
    assert (await call.read()).HasField("progress")
    for child in multiprocessing.active_children():
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _read_all(call)
    assert read_refusal(raised.value).reason == "INTERNAL"
    assert (await desk.run(desk.request(2))).summary.cases == COUNT


async def _read_all(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_idle_processes_end() -> None:
    bench = Bench(idle_seconds=0.05)
    async with bench.taken() as pool:
        assert await asyncio.wrap_future(pool.submit(os.getpid)) != os.getpid()
        assert len(multiprocessing.active_children()) == bench.workers

    async def gone() -> bool:
        return not multiprocessing.active_children()

    await eventually(gone, what="nobody works")
    # Whoever needs them gets others.
    async with bench.taken() as pool:
        assert await asyncio.wrap_future(pool.submit(os.getpid)) != os.getpid()
    await bench.close()
    assert await gone()


def test_processes_that_nobody_waited_for_are_ended_too() -> None:
    bench = Bench()

    async def take() -> None:
        async with bench.taken():
            pass

    async def body() -> None:
        taking = asyncio.create_task(take())
        started = asyncio.Event()
        asyncio.get_running_loop().call_soon(started.set)
        await started.wait()
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await bench.close()

    # Waits for its threads in the end, also for the one that starts processes.
    asyncio.run(body())
    assert not multiprocessing.active_children()


_ORPHANS = """
import os, signal
from services.sla.rpc.backtest import _open

if __name__ == "__main__":
    pool = _open(2)
    pool.submit(os.getpid).result()
    print(*pool._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_do_not_outlive_a_killed_service(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(_ORPHANS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE
    ) as killed:
        assert killed.stdout is not None
        orphans = [int(pid) for pid in killed.stdout.readline().split()]
    assert killed.returncode == -signal.SIGKILL
    assert len(orphans) == 2
    try:
        assert processes.wait_for(lambda: not any(map(_runs, orphans)), 20)
    finally:
        for pid in filter(_runs, orphans):
            os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    # One that nobody has waited for yet is a zombie.
    return stat.rpartition(")")[2].split()[0] != "Z"

"""One process of the bench: started, spoken with, weighed, and ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.timers.wire import MARK

_MARK = MARK.encode()
_END_SECONDS = 10.0


class Broken(Exception):
    """A process of the bench ended, or didn't answer; the text names it and its log."""


class Child:
    """A process in a session of its own, which reads commands and answers them."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> Child:
        """Starts a process; what it says on standard error is appended to the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=dict(environment),
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def answer(self, timeout: float) -> dict[str, Any]:
        """Returns the next answer. Raises Broken when there is none within `timeout` seconds."""
        stdout = self._process.stdout
        if stdout is None:
            raise Broken(f"{self._name} has no output")
        try:
            async with asyncio.timeout(timeout):
                while line := await stdout.readline():
                    if line.startswith(_MARK):
                        answer: dict[str, Any] = json.loads(line[len(_MARK) :])
                        return answer
        except TimeoutError as error:
            raise Broken(f"{self._name} didn't answer within {timeout} s: {self._log}") from error
        raise Broken(f"{self._name} ended: {self._tail()}")

    async def ask(self, command: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Sends a command and returns its answer; see `answer`."""
        stdin = self._process.stdin
        if stdin is None or self._process.returncode is not None:
            raise Broken(f"{self._name} ended: {self._tail()}")
        stdin.write(json.dumps(command).encode() + b"\n")
        await stdin.drain()
        return await self.answer(timeout)

    async def end(self) -> None:
        """Closes its input, which asks it to end, and kills what is left of its session."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                while await self._read():
                    pass
                await self._process.wait()
        except TimeoutError:
            pass
        self.kill()
        await self._process.wait()

    def kill(self) -> None:
        """Kills what is left of its session, of which nobody else is ever a member."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _read(self) -> bytes:
        return b"" if self._process.stdout is None else await self._process.stdout.read(65536)

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:].strip() or str(self._log)


def cpu_seconds(*pids: int) -> float:
    """Returns what processes and all below them, dead ones included, have used of the cores."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            for process in [root, *root.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    used = process.cpu_times()
                    total += used.user + used.system + used.children_user + used.children_system
    return total


def resident_mib(pid: int) -> float:
    """Returns the resident memory of a process and those below it; shared pages count for each."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    return total / 1024 / 1024

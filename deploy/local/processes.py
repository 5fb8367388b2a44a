"""Starting, recognising and stopping processes that outlive the program that started them.

A number alone does not name a process: after a reboot or a long time it is
someone else's. What is recorded is the number, the moment the kernel started it
and the boot it belongs to; nothing is ever signalled without all three agreeing.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import files

POLL_SECONDS = 0.05
RELEASE_SECONDS = 3
_PROC = Path("/proc")
# Fields of /proc/<pid>/stat after the command's name, counted from the state (field 3).
_STATE, _STARTED = 0, 19
_LISTEN = "0A"
# Kept, because a Popen that is thrown away while its child lives complains about it.
_CHILDREN: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class Process:
    """One process, not to be confused with a later one of the same number."""

    pid: int
    started: int  # clock ticks since boot
    boot: str

    def alive(self) -> bool:
        return identify(self.pid) == self

    def signal(self, number: int) -> None:
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as; None of the numbers means: as we do."""

    uid: int | None = None
    gid: int | None = None


def identify(pid: int) -> Process | None:
    """The process of that number as it is now; None when there is none, or only its ashes."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The name is in parentheses and may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    if fields[_STATE] in ("Z", "X"):
        return None
    return Process(pid, int(fields[_STARTED]), boot)


def command_line(pid: int) -> list[str]:
    """The words a process was started with; empty when it is gone."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def environment(pid: int) -> Mapping[str, str]:
    """What a process was started with; empty when it is gone or not ours to look into."""
    try:
        words = (_PROC / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)


def find(matches: Callable[[Sequence[str]], bool]) -> list[Process]:
    """Living processes whose command line matches."""
    found = []
    for pid in _pids():
        words = command_line(pid)
        process = identify(pid) if words and matches(words) else None
        if process is not None:
            found.append(process)
    return found


def listener(port: int) -> Process | None:
    """The process that listens on a local TCP port, as far as we may see into it."""
    wanted = {f"socket:[{inode}]" for inode, taken in _listening() if taken == port}
    if not wanted:
        return None
    for pid in _pids():
        with contextlib.suppress(OSError):
            for descriptor in (_PROC / str(pid) / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in wanted:
                        return identify(pid)
    return None


def taken(ports: Iterable[int]) -> set[int]:
    """Those of the ports on which something listens, at any local address."""
    return {port for _, port in _listening()}.intersection(ports)


def port_taken(port: int) -> bool:
    return bool(taken([port]))


def port_free(port: int) -> bool:
    """True when nothing listens on the port, or stops to within three seconds.

    A process killed a moment ago may still be letting go of its sockets.
    """
    return wait_for(lambda: not port_taken(port), RELEASE_SECONDS)


def accepts(port: int) -> bool:
    """True when a connection to the port of 127.0.0.1 succeeds at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    folder: Path,
    account: Account | None = None,
) -> Process:
    """Starts a process in a session of its own; what it says is appended to the log."""
    account = account or Account()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
        )
    _CHILDREN.append(child)
    process = identify(child.pid)
    # Dead already: the caller's wait finds out and shows the log.
    return process or Process(child.pid, 0, "")


def stop(process: Process, *, grace: float, first: int = signal.SIGTERM) -> bool:
    """Asks a process to end, then makes it. False when it had to be killed."""
    process.signal(first)
    if wait_for(lambda: not process.alive(), grace):
        return True
    process.signal(signal.SIGKILL)
    wait_for(lambda: not process.alive(), 10)
    return False


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Polls a condition until it holds; False when the time is over first."""
    deadline = time.monotonic() + seconds
    while True:
        _reap()
        if condition():
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)


def remember(path: Path, process: Process) -> None:
    record = {"pid": process.pid, "started": process.started, "boot": process.boot}
    files.write(path, json.dumps(record))


def recall(path: Path) -> Process | None:
    """The recorded process if it is still that one; a stale or damaged record is forgotten."""
    try:
        record = json.loads(path.read_text())
        process = Process(int(record["pid"]), int(record["started"]), str(record["boot"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return process if process.alive() else None


def _reap() -> None:
    """Collects children of ours that ended, and nobody else's."""
    for child in _CHILDREN:
        child.poll()


def _pids() -> Iterator[int]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _listening() -> Iterator[tuple[str, int]]:
    """Inode and port of every TCP socket that listens."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN:
                yield fields[9], int(fields[1].rpartition(":")[2], 16)

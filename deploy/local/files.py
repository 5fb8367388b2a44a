"""Files that are whole or absent, so that a kill at any moment leaves nothing half-written."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Replaces a file in one step; the folder is made when absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)


def once(path: Path, make: Callable[[], str | bytes], *, mode: int = 0o600) -> str:
    """Returns the text of a file, made the first time and kept from then on."""
    if not path.is_file():
        write(path, make(), mode=mode)
    return path.read_text().strip()


def password() -> str:
    """32 letters and digits: nothing that a URL or a configuration file must quote."""
    return secrets.token_hex(16)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a file lock; a second process waits. The kernel drops it with its owner.

    The holder may remove the file: whoever waited for it notices and locks its successor.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(lock.fileno(), path):
                yield
                return


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False

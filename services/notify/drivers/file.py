"""Messages as files in a mailbox folder: for small mines, for paper, and for trying things out.

One file per message, <channel>/<delivery id>.txt: a few header lines, an empty line, the text.
The file's name makes sending it twice the same as once. Addresses are shortened, since whoever
reads the folder hands the message out by name.
"""

import asyncio
import errno
import os
from pathlib import Path

from services.notify.domain.deliveries import Channel, NotSent, Result, Sent
from services.notify.drivers.base import Outgoing

# Full, not there, or not ours: what an operator mends while the message waits.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileDriver:
    """Writes into `folder`, which it makes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: Outgoing) -> Result:
        """Writes the file and its folder to the disk; a file that is there already is sent."""
        return await asyncio.to_thread(self._write, message)

    def _write(self, message: Outgoing) -> Result:
        folder = self._folder / message.channel.value.lower()
        path = folder / f"{message.delivery_id}.txt"
        # A name per process: two workers that write the same message don't mix their bytes.
        unfinished = folder / f".{message.delivery_id}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                return Sent()
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(page(message))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            _sync(folder)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            # Only the last step, the folder's own write, can fail with the file in place; it
            # counts then, because the next try finds it.
            return NotSent("MAILBOX_FULL" if error.errno in _FULL else "MAILBOX_UNUSABLE")
        return Sent()

    async def close(self) -> None:
        """Nothing is held open."""


def page(message: Outgoing) -> str:
    """Returns what the file says."""
    header = [
        f"Delivery: {message.delivery_id}",
        f"Case: {message.case_id}",
        f"Site: {message.site_id}",
        f"Channel: {message.channel.value}",
        f"To: {message.to}",
        f"Address: {shortened(message.channel, message.address)}",
        f"Planned: {message.plan_time.isoformat()}",
        f"Subject: {message.subject}",
    ]
    return "\n".join(header) + "\n\n" + message.body


def shortened(channel: Channel, address: str) -> str:
    """Returns enough of an address to tell two apart, too little to use it."""
    if channel is Channel.EMAIL:
        name, _, domain = address.partition("@")
        return f"{name[:1]}***@{domain}"
    if channel is Channel.PHONE:
        return f"***{address[-4:]}"
    return ""


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Messages as files in a mailbox folder: for small mines, for paper, and for trying things out.

One file per message, <channel>/<id>.txt: a few header lines, an empty line, the text. The id is the
delivery's, or the digest's in which several go out.
The file's name makes sending it twice the same as once. Addresses are shortened, since whoever
reads the folder hands the message out by name.
"""

import asyncio
import errno
import os
import tempfile
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
        path = folder / f"{message.message_id}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                _write_whole(path, page(message))
            # A file that is there may be of an attempt that died before this.
            _sync(folder)
        except OSError as error:
            # Even if the file is in place: the next try finds it and writes no second one.
            return NotSent("MAILBOX_FULL" if error.errno in _FULL else "MAILBOX_UNUSABLE")
        return Sent()

    async def close(self) -> None:
        """Nothing is held open."""


def page(message: Outgoing) -> str:
    """Returns what the file says."""
    header = [
        f"{'Digest' if message.digest else 'Delivery'}: {message.message_id}",
        *([f"Case: {message.case_id}"] if message.case_id else []),
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


def _write_whole(path: Path, text: str) -> None:
    """Writes a file that others see complete or not at all, readable by its owner alone."""
    descriptor, unfinished = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

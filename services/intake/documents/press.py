"""Where files are made: beside the event loop, in one thread, on a disk that forgets them.

One thread for all, since each batch of rows is computing: a thread per file would keep the loop
from its turn the longer the more files there are. Files take turns by the batch.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

CHUNK_BYTES = 64 * 1024

P = ParamSpec("P")
T = TypeVar("T")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="press")


async def pressed(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `work` in the thread of the press, after all that was asked of it before.

    So whoever is cancelled and clears up does it behind the work that was left; and clearing up is
    done even if it is cancelled itself.
    """
    loop = asyncio.get_running_loop()
    return await asyncio.shield(loop.run_in_executor(_thread, lambda: work(*args, **kwargs)))


@asynccontextmanager
async def blank() -> AsyncIterator[tuple[IO[bytes], Path]]:
    """Lends a file without a name, and a folder for what is needed while it is made.

    Whatever happens, both are gone afterwards; the file even if the process is killed.
    """
    folder = await pressed(_folder)
    try:
        file = await pressed(_file)
        try:
            yield file, Path(folder.name)
        finally:
            await pressed(file.close)
    finally:
        await pressed(folder.cleanup)


async def chunks(file: IO[bytes]) -> AsyncIterator[tuple[bytes, bool]]:
    """Yields a file in pieces of at most 64 KiB, and whether each is the last."""
    size = await asyncio.to_thread(file.seek, 0, 2)
    await asyncio.to_thread(file.seek, 0)
    done = 0
    while True:
        chunk = await asyncio.to_thread(file.read, CHUNK_BYTES)
        done += len(chunk)
        yield chunk, done >= size
        if done >= size:
            return


def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="backstop-")


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="backstop-")

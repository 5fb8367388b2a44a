"""Photos and forms named on a command line: only their digest goes to the window, never they."""

import hashlib
import mimetypes
from collections.abc import Iterable
from pathlib import Path

from backstop.intake.v1 import intake_marks_pb2
from ctl.failures import Problem

_CHUNK = 1 << 20


def attachments(paths: Iterable[str]) -> list[intake_marks_pb2.Attachment]:
    """Returns files as the case file keeps them: where they lie, SHA-256, size, type.

    Raises Problem for what can't be read.
    """
    return [_attachment(Path(path)) for path in paths]


def _attachment(path: Path) -> intake_marks_pb2.Attachment:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}", field="--attach") from None
    return intake_marks_pb2.Attachment(
        reference=path.resolve().as_uri(),
        sha256=digest.hexdigest(),
        media_type=mimetypes.guess_type(path.name)[0] or "",
        size_bytes=size,
        caption=path.name,
    )

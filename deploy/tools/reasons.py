"""Reads what the protos say of each reason, so that the table of reasons is made from nothing else.

A reason's metadata keys stand in the example of its comment.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor_pb2 import EnumValueOptions, FileDescriptorProto

from backstop.error.v1 import error_pb2
from chassis.errors import PREFIX, Retry, retry_of

_EXAMPLE: Final = "Example:"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as a caller meets it; `example` has `reason` and `metadata`."""

    name: str
    when: str
    example: Mapping[str, Any]
    meaning: error_pb2.Meaning

    @property
    def retry(self) -> Retry:
        """Whether asking again helps."""
        return retry_of(self.meaning)


def of_file(file: FileDescriptorProto) -> Iterator[Reason]:
    """Yields the reasons that a file declares, in its order.

    ValueError for a reason whose comment has no example.
    """
    for e, enum in enumerate(file.enum_type):
        if enum.name != "ErrorReason":
            continue
        comments = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
        for v, value in enumerate(enum.value):
            if value.number == 0:
                continue
            options = EnumValueOptions.FromString(value.options.SerializeToString())
            name = value.name.removeprefix(PREFIX)
            when, _, example = comments.get((5, e, 2, v), "").partition(_EXAMPLE)
            yield Reason(
                name=name,
                when=" ".join(when.split()),
                example=_read(name, example),
                meaning=options.Extensions[error_pb2.meaning],
            )


def _read(name: str, example: str) -> Mapping[str, Any]:
    try:
        # Words may follow: which detail comes with it.
        read, _ = json.JSONDecoder().raw_decode(" ".join(example.split()))
    except ValueError:
        raise ValueError(f"the comment of {name} has no example that is JSON") from None
    return {"metadata": {}, **read}

"""Opaque page tokens (AIP-158): where the last page ended, signed, and bound to its query.

Signed because a token goes through the caller's hands and comes back as part of a WHERE; bound
because a page of another query has no next page.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message

from chassis.errors import FieldViolation, Refused

M = TypeVar("M", bound=Message)
KeysetValue = str | int | datetime | None

# A quarter of the largest message: what a row is counted as leaves room for its frame.
PAGE_BYTES = 1024 * 1024

_LABEL = b"backstop page token 1"
_TAG_BYTES = 16
_QUERY_BYTES = 8


class PageTokens:
    """Issues and reads the page tokens of one service."""

    def __init__(self, pepper: bytes) -> None:
        self._key = hmac.digest(pepper, _LABEL, "sha256")

    def issue(self, request: Message, keyset: Sequence[KeysetValue]) -> str:
        """Returns the token of the page after the row with these sort keys."""
        body = (
            self._query(request)
            + json.dumps(
                [
                    {"t": value.isoformat()} if isinstance(value, datetime) else value
                    for value in keyset
                ],
                ensure_ascii=False,
                separators=(",", ":"),
            ).encode()
        )
        tag = hmac.digest(self._key, body, "sha256")[:_TAG_BYTES]
        return base64.urlsafe_b64encode(tag + body).rstrip(b"=").decode()

    def read(self, request: Message) -> tuple[KeysetValue, ...] | None:
        """Returns the sort keys that `request.page_token` stands for; None on the first page.

        Raises Refused INVALID_PAGE_TOKEN for a damaged token and for one of another query: the
        fields of the request other than page_token and page_size have to be the same.
        """
        token: str = getattr(request, "page_token")  # noqa: B009 - any request with the field
        if not token:
            return None
        try:
            raw = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise Refused("INVALID_PAGE_TOKEN") from None
        tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        expected = hmac.digest(self._key, body, "sha256")[:_TAG_BYTES]
        if not hmac.compare_digest(tag, expected):
            raise Refused("INVALID_PAGE_TOKEN")
        if body[:_QUERY_BYTES] != self._query(request):
            raise Refused("INVALID_PAGE_TOKEN")
        return tuple(
            datetime.fromisoformat(value["t"]) if isinstance(value, dict) else value
            for value in json.loads(body[_QUERY_BYTES:])
        )

    def _query(self, request: Message) -> bytes:
        query = type(request)()
        query.CopyFrom(request)
        for name in ("page_token", "page_size"):
            if name in query.DESCRIPTOR.fields_by_name:
                query.ClearField(name)
        kind = request.DESCRIPTOR.full_name.encode()
        text = kind + b"\0" + query.SerializeToString(deterministic=True)
        return hmac.digest(self._key, text, "sha256")[:_QUERY_BYTES]


def page_size(asked: int, *, default: int = 50, maximum: int = 200) -> int:
    """Returns the size to use: the default for 0, never above the maximum (AIP-158).

    Raises Refused INVALID_FIELD for a negative one.
    """
    if asked < 0:
        raise Refused(
            "INVALID_FIELD",
            fields=[FieldViolation("page_size", "must not be negative")],
            field="page_size",
        )
    return min(asked, maximum) if asked else default


def fitting(rows: Iterable[M]) -> list[M]:
    """Returns as many of the first rows as one answer should hold; at least one, if there is any.

    Where it is fewer than were found the next page begins behind the last of them.
    """
    return next(portions(rows), [])


def portions(rows: Iterable[M]) -> Iterator[list[M]]:
    """Yields all rows, in lists of about PAGE_BYTES at most; a larger row is alone in its own."""
    portion: list[M] = []
    size = 0
    for row in rows:
        row_size = row.ByteSize()
        if portion and size + row_size > PAGE_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += row_size
    if portion:
        yield portion

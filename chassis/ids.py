"""Identifiers, so that all of them sort by time and none is guessed from another."""

import re
from uuid import UUID, uuid5

import uuid_utils

_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Names of facts that must come out the same however often they are made (RFC 9562, version 5).
_FACTS = UUID("6f0a5c1e-8f3b-5d52-9a67-3c0d4f2b7e11")


def new_id() -> str:
    """Returns a new UUIDv7 as text; later ones of one process sort after earlier ones."""
    return str(uuid_utils.uuid7())


def new_fact_id() -> UUID:
    """Returns a new fact id (UUIDv7)."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def derived_fact_id(*parts: str | int) -> UUID:
    """Returns the one fact id of these parts: the same parts give the same id, always.

    For facts that two workers could both try to record, such as one threshold of one timer.
    """
    return uuid5(_FACTS, "\x1f".join(str(part) for part in parts))


def valid_id(text: str) -> bool:
    """Tells whether text is a UUID in the one form the suite writes: small letters, hyphened."""
    return _TEXT.fullmatch(text) is not None

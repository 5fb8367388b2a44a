"""A site's lexicon as published, and ready to be asked.

Preparing one takes some milliseconds, so each process keeps the newest of every site, and asks
the database only for its version.
"""

import time
from collections.abc import Callable
from datetime import datetime

from backstop.intake.v1 import intake_registration_pb2 as pb
from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.convert import lexicons as convert
from services.intake.domain.lexicon import Lexicon, suggest

Q = load_queries("services.intake", "sql/rules.sql")

# Registering goes by a lexicon that was the newest this many seconds ago, and asks for none.
FRESH_SECONDS = 5.0

# Of every appeal at a registration this much is read: a longer one would hold up the others.
REGISTERED_TEXT_LIMIT = 1_000


async def load_lexicon(connection: Connection, site_id: str) -> tuple[int, pb.Lexicon]:
    """Returns the version and the words of a site's lexicon; 0 and none without any."""
    row = await connection.fetchrow(Q.get_lexicon, site_id)
    if row is None:
        return 0, pb.Lexicon()
    return row["version"], pb.Lexicon.FromString(row["lexicon"])


async def insert_lexicon(
    connection: Connection,
    site_id: str,
    version: int,
    lexicon: pb.Lexicon,
    published_by: str,
    publish_time: datetime,
) -> None:
    """Writes a new version of a site's lexicon."""
    message = lexicon.SerializeToString(deterministic=True)
    await connection.execute(
        Q.insert_lexicon, site_id, version, message, published_by, publish_time
    )


class KeptLexicons:
    """The newest lexicon of every site that was asked for, prepared once per version."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        # Site → its lexicon, and when it was known to be the newest.
        self._kept: dict[str, tuple[Lexicon, float]] = {}

    async def newest(self, connection: Connection, site_id: str) -> Lexicon:
        """Returns a site's lexicon as it is now; one of version 0 without words for a site without.

        `connection` must see the site.
        """
        now = self._monotonic()
        version = await connection.fetchval(Q.get_lexicon_version, site_id)
        kept = self._kept.get(site_id)
        if kept is None or kept[0].version != version:
            found, message = await load_lexicon(connection, site_id)
            kept = (convert.from_message(message, found), now)
        self._kept[site_id] = (kept[0], now)
        return kept[0]

    async def suggest(self, connection: Connection, site_id: str, text: str, place: str) -> str:
        """Returns the likeliest category of an appeal, empty without an idea.

        A lexicon that was published elsewhere is heard of within FRESH_SECONDS.
        """
        kept = self._kept.get(site_id)
        if kept is None or self._monotonic() - kept[1] > FRESH_SECONDS:
            lexicon = await self.newest(connection, site_id)
        else:
            lexicon = kept[0]
        found = suggest(lexicon, text[:REGISTERED_TEXT_LIMIT], place)
        return found[0].category_id if found else ""

    def forget(self, site_id: str) -> None:
        """Makes the next one who asks look for a new version."""
        self._kept.pop(site_id, None)

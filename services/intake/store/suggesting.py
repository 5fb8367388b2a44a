"""Reads the cases on file that an appeal may repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.duplicates import Candidate
from services.intake.domain.suggesting import COMPARED, POOL, RECENT, Needle
from services.intake.domain.values import CaseState

Q = load_queries("services.intake", "sql/suggesting.sql")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the cases should have in common with an appeal, and who asks.

    They aren't about the `callers`; what was closed long before `now` isn't among them.
    """

    site_id: str
    callers: frozenset[str]
    now: datetime
    needles: Sequence[Needle]
    place: str = ""
    category: str = ""
    unit_id: str = ""


@dataclass(frozen=True, slots=True)
class OnFile:
    """A case on file, as it is compared, and as it is shown."""

    candidate: Candidate
    number: str
    state: CaseState


async def load_place(connection: Connection, site_id: str, post_id: str) -> str:
    """Returns where a post stands, empty for none of the site's."""
    return str(await connection.fetchval(Q.get_place, site_id, post_id) or "")


async def list_candidates(connection: Connection, wanted: Wanted) -> list[OnFile]:
    """Returns cases that may be the same, the likeliest first, COMPARED at most."""
    rows = await connection.fetch(Q.list_candidates, *arguments(wanted))
    return [
        OnFile(
            Candidate(
                case_id=row["case_id"],
                text=row["text"],
                place=row["place"],
                unit_id=row["unit_id"],
                category=row["category"],
                occurred_time=row["occurred_time"],
            ),
            number=row["number"],
            state=CaseState(row["state"]),
        )
        for row in rows
    ]


def arguments(wanted: Wanted) -> tuple[object, ...]:
    """Returns the arguments of the query; for guarding its plan, too."""
    return (
        wanted.site_id,
        sorted(wanted.callers),
        wanted.now - RECENT,
        POOL,
        [one.piece for one in wanted.needles],
        [one.meaning for one in wanted.needles],
        wanted.place,
        wanted.category,
        wanted.unit_id,
        COMPARED,
    )

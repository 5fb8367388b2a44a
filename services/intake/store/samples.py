"""Samples of closed cases, and the calls that were made for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.marks import Callback
from services.intake.domain.samples import Closed, Drawn, Heard, Stratum, agrees
from services.intake.domain.values import Basis, Grade, Outcome

Q = load_queries("services.intake", "sql/samples.sql")

# A case is drawn in few samples; whoever calls needs no more of them than these.
WAITING_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as it was drawn; the days are the site's."""

    sample_id: str
    site_id: str
    start_date: date
    end_date: date
    seed: int
    asked_count: int
    population_count: int
    drawn_by: str
    draw_time: datetime


@dataclass(frozen=True, slots=True)
class Sampled:
    """A case of a sample, with the call that was made for it; None before."""

    drawn: Drawn
    number: str
    callback: Callback | None


async def list_drawable(
    connection: Connection, site_id: str, start: datetime, end: datetime, callers: Iterable[str]
) -> list[Closed]:
    """Returns cases closed in [start, end) whose reporter could be called."""
    rows = await connection.fetch(Q.list_drawable, site_id, start, end, list(callers))
    return [
        Closed(
            row["case_id"],
            row["cycle"],
            Outcome(row["outcome"]),
            Grade(row["grade"]),
            Basis(row["basis"]),
            row["reopen_count"],
        )
        for row in rows
    ]


async def insert_sample(connection: Connection, sample: Sample, drawn: Sequence[Drawn]) -> None:
    """Writes a sample with its cases."""
    await connection.execute(
        Q.insert_sample,
        sample.sample_id,
        sample.site_id,
        sample.start_date,
        sample.end_date,
        sample.seed,
        sample.asked_count,
        sample.population_count,
        sample.drawn_by,
        sample.draw_time,
        [one.case_id for one in drawn],
        [one.cycle for one in drawn],
        [one.stratum for one in drawn],
        [one.outcome for one in drawn],
        [one.grade for one in drawn],
    )


async def load_sample(connection: Connection, sample_id: str) -> Sample | None:
    """Returns a sample, None when it isn't there or out of sight."""
    row = await connection.fetchrow(Q.get_sample, sample_id)
    return None if row is None else Sample(**row)


async def list_sampled(
    connection: Connection, sample_id: str, callers: Iterable[str]
) -> list[Sampled]:
    """Returns a sample's cases in the order they were drawn in; none about a caller."""
    return [
        _sampled(row) for row in await connection.fetch(Q.list_sampled, sample_id, list(callers))
    ]


async def list_samples(
    connection: Connection, site_id: str, before: tuple[datetime, str], count: int
) -> list[Sample]:
    """Returns a site's samples before a (draw time, id) key, newest first."""
    return [
        Sample(**row) for row in await connection.fetch(Q.list_samples, site_id, *before, count)
    ]


async def count_heard(
    connection: Connection, sample_ids: Iterable[str], callers: Iterable[str]
) -> Mapping[str, Heard]:
    """Returns what the calls of some samples have brought; none about a caller."""
    rows = await connection.fetch(Q.count_heard, list(sample_ids), list(callers))
    found: dict[str, Heard] = {}
    for row in rows:
        declared, outcome = Grade(row["declared_grade"]), Outcome(row["declared_outcome"])
        agreeing = row["count"] if agrees(declared, outcome, Grade(row["grade"])) else 0
        before = found.get(row["sample_id"], Heard())
        found[row["sample_id"]] = Heard(before.reached + row["count"], before.agreeing + agreeing)
    return found


async def list_samples_of(connection: Connection, case_id: str) -> tuple[bool, tuple[str, ...]]:
    """Tells whether a case was drawn in any sample; and which still wait, newest first.

    Samples of a cycle that is over are none. Those that wait are WAITING_SHOWN at most: their
    calls have reached nobody so far.
    """
    rows = await connection.fetch(Q.list_samples_of, case_id, WAITING_SHOWN)
    return bool(rows), tuple(row["sample_id"] for row in rows if row["waits"])


def _sampled(row: asyncpg.Record) -> Sampled:
    called = row["call_time"]
    return Sampled(
        drawn=Drawn(
            row["case_id"],
            row["drawn_cycle"],
            Stratum(row["stratum"]),
            Outcome(row["declared_outcome"]),
            Grade(row["declared_grade"]),
        ),
        number=row["number"],
        callback=None
        if called is None
        else Callback(
            cycle=row["cycle"],
            reached=row["reached"],
            called_by=row["called_by"],
            call_time=called,
            words=row["words"],
            grade=row["grade"],
            sample_id=row["sample_id"],
        ),
    )

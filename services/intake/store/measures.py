"""Counts the measures of a period, and what a month's report shows beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.measures import Group, Period
from services.intake.domain.measures.figures import Counted, FigureSet, arrange
from services.intake.domain.rules import Rules
from services.intake.domain.values import Site
from services.intake.store.directory import read_site

Q = load_queries("services.intake", "sql/measures.sql")


@dataclass(frozen=True, slots=True)
class Measured:
    """A site that is measured, by its own rules."""

    site: Site
    rules: Rules


@dataclass(frozen=True, slots=True)
class Day:
    """How many cases came in and were struck off on a local day."""

    day: date
    came: int
    closed: int


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place from which the same sort of appeal came more than once."""

    place: str
    category: str
    came: int
    open: int


async def list_sites(connection: Connection, site_ids: Sequence[str]) -> list[Site]:
    """Returns those of the sites that are in sight; all in sight when none is named."""
    return [read_site(row) for row in await connection.fetch(Q.list_sites, list(site_ids))]


async def list_measures(
    connection: Connection,
    sites: Sequence[Measured],
    period: Period,
    group: Group,
    now: datetime,
    callers: Iterable[str],
    stays: Sequence[datetime | None] = (),
) -> list[FigureSet]:
    """Returns every measure of the period by group, none of cases about a caller.

    `stays` tells for each site before when a case must have come to its fallback owner to have been
    there for too long at the period's end; unless it is known for all, nothing is said of that.
    Nothing is suppressed yet. Groups of several sites are "site/code", but for sites, channels and
    the group's categories.
    """
    await connection.execute(Q.spare_compiling)
    ends = [period.instants(one.site.zone) for one in sites]
    known = len(stays) == len(sites) and None not in stays
    rows = await connection.fetch(
        Q.list_measures,
        group,
        len(sites) > 1,
        [one.site.site_id for one in sites],
        [start for start, _ in ends],
        [end for _, end in ends],
        [one.rules.repeat_days for one in sites],
        now,
        list(callers),
        list(stays),
    )
    return arrange(
        (
            Counted(
                group=row["grp"],
                measure=row["measure"],
                numerator=row["numerator"],
                denominator=row["denominator"],
                value=row["value"],
                shielded=row["shielded"],
            )
            for row in rows
        ),
        group,
        unknown=() if known else ("FALLBACK_OVERLONG",),
    )


async def list_names(
    connection: Connection, sites: Sequence[Measured], group: Group
) -> Mapping[str, str]:
    """Returns {group value: name} as list_measures tells them; channels have no names here."""
    site_names = {one.site.site_id: one.site.name for one in sites}
    several = len(sites) > 1
    names = {}
    for row in await connection.fetch(Q.list_names, list(site_names)):
        if row["kind"] != group:
            continue
        if several and group is not Group.SITE:
            value = f"{row['site_id']}/{row['code']}"
            names[value] = f"{site_names[row['site_id']]} · {row['name']}"
        else:
            names[row["code"]] = row["name"]
    return names


async def list_days(
    connection: Connection, site: Site, period: Period, callers: Iterable[str]
) -> list[Day]:
    """Returns every day of the period in order, those without any case included."""
    start, end = period.instants(site.zone)
    rows = await connection.fetch(
        Q.list_days, site.site_id, start, end, site.zone.key, list(callers)
    )
    found = {row["day"]: Day(row["day"], row["came"], row["closed"]) for row in rows}
    days = (date.fromordinal(period.start_date.toordinal() + n) for n in range(period.days))
    return [found.get(day) or Day(day, 0, 0) for day in days]


async def list_hot_spots(
    connection: Connection,
    site: Site,
    period: Period,
    callers: Iterable[str],
    smallest_cell: int,
    count: int,
) -> list[HotSpot]:
    """Returns the places with the most appeals of one category, most first.

    Those that would tell who a confidential or anonymous reporter is are left out.
    """
    start, end = period.instants(site.zone)
    rows = await connection.fetch(
        Q.list_hot_spots, site.site_id, start, end, list(callers), smallest_cell, count
    )
    return [HotSpot(row["place"], row["category"], row["came"], row["open"]) for row in rows]

"""Finds, lists and counts a site's cases.

A statement is put together from the pieces of sql/finding.sql and sql/filters.sql: its text
depends on what kind of thing is asked, every value is an argument. It is planned anew each time:
whether the index of a person, of the open cases or of the words is the right one depends on them.

Words are looked for with the worker's rights. Row-level security lets a condition reach an index
only if its operator can't leak what it compares, and the one that asks an array for its parts
isn't known for that: the app's role would read every case. So ids are found with the worker's, of
the one site that the caller may see, and the rows are read with the app's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.finding import (
    CountGroup,
    Order,
    OrderField,
    Place,
    Wanted,
    text_grams,
)
from services.intake.domain.inbox import INBOXES, View
from services.intake.domain.values import Listed
from services.intake.store.filters import compile_filter
from services.intake.store.pieces import Arguments, Pieces
from services.intake.store.rows import read_case

Q = load_queries("services.intake", "sql/finding.sql")
_PIECES = Pieces.load("sql/finding.sql")
_FILTERS = Pieces.load("sql/filters.sql")
# What a list says of each case is what its filter means.
_LIST_CASES = _PIECES["list_cases"].replace("{overdue}", _FILTERS["overdue"])


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom and when cases are found.

    `callers` are all who stand behind the call, `person` is the one whose inbox is meant; `units`
    are that person's; `day_end` is 24:00 of the site's day.
    """

    callers: frozenset[str]
    person: str
    zone: ZoneInfo
    units: tuple[str, ...] = ()
    day_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its arguments."""

    sql: str
    arguments: tuple[Any, ...]


async def list_units_of(connection: Connection, site_id: str, person: str) -> tuple[str, ...]:
    """Returns a person's unit and all below it; none for whoever has none."""
    rows = await connection.fetch(Q.list_units_of, site_id, person)
    return tuple(row["unit_id"] for row in rows)


async def list_cases(
    connection: Connection,
    wanted: Wanted,
    reader: Reader,
    order: Order,
    after: Place | None,
    count: int,
) -> list[Listed]:
    """Returns cases after a place of the order.

    `connection` is of the app's role. Raises Refused FILTER_INVALID for a filter of words that
    nothing is left of.
    """
    await connection.execute(Q.plan_anew)
    found: list[Listed] = []
    for statement in _pages(_LIST_CASES, wanted, reader, order, after):
        if len(found) < count:
            arguments = (*statement.arguments, count - len(found))
            found += map(_listed, await connection.fetch(statement.sql, *arguments))
    return found


async def find_cases(
    connection: Connection,
    wanted: Wanted,
    reader: Reader,
    order: Order,
    after: Place | None,
    count: int,
) -> list[str]:
    """Returns the ids of cases after a place of the order, for `load_found`.

    `connection` may be of the worker's role, once the caller is known to see the site.
    """
    await connection.execute(Q.plan_anew)
    found: list[str] = []
    for statement in _pages(_PIECES["find_cases"], wanted, reader, order, after):
        if len(found) < count:
            arguments = (*statement.arguments, count - len(found))
            rows = await connection.fetch(statement.sql, *arguments)
            found += [row["case_id"] for row in rows]
    return found


async def load_found(
    connection: Connection, site_id: str, callers: frozenset[str], case_ids: Sequence[str]
) -> list[Listed]:
    """Returns those of the cases that are there for the callers, in the order of the ids."""
    arguments = Arguments[Any](site_id, list(callers))
    among = _PIECES.put("among_ids", arguments.add(list(case_ids)))
    sql = _joined(_LIST_CASES, [among])
    rows = await connection.fetch(sql, *arguments.values)
    cases = {one.case.case_id: one for one in map(_listed, rows)}
    return [cases[one] for one in case_ids if one in cases]


async def count_cases(
    connection: Connection, wanted: Wanted, reader: Reader, group: CountGroup
) -> Mapping[str, int]:
    """Returns {value: cases}, most first; of either role, as `find_cases`."""
    await connection.execute(Q.plan_anew)
    statement = counting(wanted, reader, group)
    rows = await connection.fetch(statement.sql, *statement.arguments)
    return {row["value"]: row["count"] for row in rows}


async def count_inboxes(connection: Connection, site_id: str, reader: Reader) -> Mapping[View, int]:
    """Returns how many cases each inbox has, in one statement."""
    await connection.execute(Q.plan_anew)
    arguments = Arguments[Any](site_id, list(reader.callers))
    columns = ", ".join(
        f"count(*) FILTER (WHERE {_of_view(view, reader, arguments)}) AS {view.lower()}"
        for view in INBOXES
    )
    sql = _PIECES["count_inboxes"].replace("{columns}", columns)
    row = await connection.fetchrow(sql, *arguments.values)
    return {view: row[view.lower()] if row else 0 for view in INBOXES}


def listing(
    wanted: Wanted, reader: Reader, order: Order, after: Place | None, count: int
) -> list[Statement]:
    """Returns what `list_cases` runs, with all its arguments: for a look at the plans."""
    return [
        Statement(one.sql, (*one.arguments, count))
        for one in _pages(_LIST_CASES, wanted, reader, order, after)
    ]


def finding(
    wanted: Wanted, reader: Reader, order: Order, after: Place | None, count: int
) -> list[Statement]:
    """Returns what `find_cases` runs, with all its arguments."""
    return [
        Statement(one.sql, (*one.arguments, count))
        for one in _pages(_PIECES["find_cases"], wanted, reader, order, after)
    ]


def counting(wanted: Wanted, reader: Reader, group: CountGroup) -> Statement:
    """Returns what `count_cases` runs."""
    arguments = Arguments[Any](wanted.site_id, list(reader.callers))
    head = _PIECES["count_cases"].replace("{group}", _PIECES[f"group_{group.lower()}"])
    sql = _joined(head, _conditions(wanted, reader, arguments))
    return Statement(f"{sql}\n{_PIECES['grouped']}", tuple(arguments.values))


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(read_case(row), row["overdue"])


def _pages(
    head: str, wanted: Wanted, reader: Reader, order: Order, after: Place | None
) -> Iterable[Statement]:
    """Yields the statements of a page, all but their last argument: how many rows.

    The second one, of those without a value, is there for whatever the first leaves to be found.
    """
    lacking = after is not None and after.lacking
    if not lacking:
        yield _page(head, wanted, reader, order, after)
    if order.field.nullable:
        yield _page(head, wanted, reader, order, after if lacking else None, lacking=True)


def _page(
    head: str,
    wanted: Wanted,
    reader: Reader,
    order: Order,
    after: Place | None,
    *,
    lacking: bool = False,
) -> Statement:
    arguments = Arguments[Any](wanted.site_id, list(reader.callers))
    conditions = _conditions(wanted, reader, arguments)
    if order.field.nullable:
        conditions.append(_PIECES[f"{'lacks' if lacking else 'has'}_{order.field}"])
    # Those without a value are ordered by when they came.
    field = OrderField.RECORD_TIME if lacking else order.field
    falling = order.descending or lacking
    column = _PIECES[f"order_{field}"]
    if after is not None:
        conditions.append(
            _PIECES.put(
                "before" if falling else "after",
                column,
                arguments.add(after.value),
                arguments.add(after.case_id),
            )
        )
    end = _PIECES.put("falling" if falling else "rising", column, f"${arguments.next}")
    return Statement(f"{_joined(head, conditions)}\n{end}", tuple(arguments.values))


def _conditions(wanted: Wanted, reader: Reader, arguments: Arguments[Any]) -> list[str]:
    conditions: list[str] = []
    if wanted.states:
        conditions.append(_PIECES.put("in_states", arguments.add(list(wanted.states))))
    if wanted.unit_id:
        conditions.append(_PIECES.put("of_unit", arguments.add(wanted.unit_id)))
    if wanted.accountable:
        conditions.append(_PIECES.put("of_accountable", arguments.add(wanted.accountable)))
    for word in wanted.words:
        if word.grams:
            parts = arguments.add(list(word.grams)), arguments.add(word.normal)
            conditions.append(_FILTERS.put("says", *parts))
        else:
            conditions.append(_FILTERS.put("says_briefly", arguments.add(word.normal)))
    if wanted.filter.condition is not None:
        compiled = compile_filter(wanted.filter, arguments.next, reader.zone, text_grams)
        for value in compiled.arguments:
            arguments.add(value)
        conditions.append(compiled.sql)
    if wanted.view is not View.NONE:
        conditions.append(_PIECES["is_open"])
        if wanted.view in (View.MINE, View.WAITING_FOR_ME):
            conditions.append(_PIECES.put("near_person", arguments.add(reader.person), "$1"))
        conditions.append(_of_view(wanted.view, reader, arguments))
    return conditions


def _of_view(view: View, reader: Reader, arguments: Arguments[Any]) -> str:
    """Returns what is true of an open case in an inbox; the statement's $1 is the site."""
    match view:
        case View.MINE | View.WAITING_FOR_ME:
            person = arguments.add(reader.person)
            return _PIECES.put(view.lower(), person, _PIECES.put("owes_first_reply", person))
        case View.MY_UNIT:
            return _PIECES.put("my_unit", arguments.add(list(reader.units)), "$1")
        case View.DUE_TODAY:
            return _PIECES.put("due_today", arguments.add(reader.day_end))
        case View.OVERDUE:
            return _FILTERS["overdue"]
        case View.TOP_LEVEL:
            return _PIECES.put("top_level", "$1")
        case _:
            return _PIECES[view.lower()]


def _joined(head: str, conditions: Iterable[str]) -> str:
    return "\n    AND ".join((head, *conditions))

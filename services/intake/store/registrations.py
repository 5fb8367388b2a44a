"""Writes new cases, many of one site in one statement: round trips cost, not rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import asyncpg

from backstop.fact.v1 import fact_pb2
from chassis.database import Connection
from chassis.errors import Refused
from services.intake.domain.commands import RegisterCase
from services.intake.domain.registration import Known
from services.intake.domain.values import Case, Link
from services.intake.store import Q
from services.intake.store.directory import read_site

# Constraints that a slip in use runs into, whichever is looked at first.
_SLIP_CONSTRAINTS = frozenset({"cases_slip", "receipt_codes_pkey"})


@dataclass(frozen=True, slots=True)
class SealedReporter:
    """A reporter as stored: `person_hash` is None when no person's code is known."""

    sealed: fact_pb2.Sealed
    person_hash: bytes | None


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case with what is written beside it; `reporter` is None for an anonymous one.

    `hands` are the persons who have taken it in.
    """

    case: Case
    hands: Sequence[str]
    code_hash: bytes
    links: tuple[Link, ...]
    reporter: SealedReporter | None


async def load_known(
    connection: Connection, site_id: str, appeals: Sequence[RegisterCase]
) -> Known | None:
    """Returns what a site has of all that some appeals name; None when there is no such site."""
    row = await connection.fetchrow(
        Q.get_known,
        site_id,
        [appeal.unit_id for appeal in appeals],
        [appeal.post_id for appeal in appeals],
        [appeal.category for appeal in appeals],
        [link.case_id for appeal in appeals for link in appeal.links],
        [code for appeal in appeals for code in (appeal.receiver, *appeal.about_persons)],
    )
    if row is None:
        return None
    return Known(
        site=read_site(row),
        units=frozenset(row["units"]),
        posts=json.loads(row["posts"] or "{}"),
        categories=frozenset(row["categories"]),
        linked=json.loads(row["linked"] or "{}"),
        people=frozenset(row["people"]),
    )


async def has_case(connection: Connection, case_id: str) -> bool:
    """Tells whether a case is on file, one of this very transaction included."""
    return bool(await connection.fetchval(Q.has_case, case_id))


async def take_numbers(connection: Connection, site_id: str, day: date, count: int) -> int:
    """Takes the next `count` running numbers of a site's local day; returns the first."""
    last: int = await connection.fetchval(Q.take_numbers, site_id, day, count)
    return last - count + 1


async def insert_cases(connection: Connection, site_id: str, made: Sequence[NewCase]) -> None:
    """Writes new cases of a site.

    Raises Refused SLIP_IN_USE when one has a slip that is taken; the transaction is lost then.
    """
    cases = [one.case for one in made]
    links = [(one.case.case_id, link) for one in made for link in one.links]
    sealed = [(one.case.case_id, one.reporter) for one in made if one.reporter is not None]
    hands = [(one.case.case_id, person) for one in made for person in one.hands]
    try:
        await connection.execute(
            Q.insert_cases,
            site_id,
            [case.case_id for case in cases],
            [case.number for case in cases],
            [case.state for case in cases],
            [case.kind for case in cases],
            [case.category for case in cases],
            [case.channel for case in cases],
            [case.post_id for case in cases],
            [case.place for case in cases],
            [case.unit_id for case in cases],
            [case.text for case in cases],
            [case.urgency for case in cases],
            [case.reporter_kind for case in cases],
            [case.confidentiality for case in cases],
            [case.occurred_time for case in cases],
            [case.record_time for case in cases],
            [case.receiver for case in cases],
            [case.slip_number for case in cases],
            [case.accountable for case in cases],
            [case.next_wake_time for case in cases],
            [one.code_hash for one in made],
            [case_id for case_id, _ in links],
            [link.case_id for _, link in links],
            [link.relation for _, link in links],
            [case_id for case_id, _ in sealed],
            [reporter.sealed.key_id for _, reporter in sealed],
            [reporter.sealed.nonce for _, reporter in sealed],
            [reporter.sealed.ciphertext for _, reporter in sealed],
            [reporter.person_hash for _, reporter in sealed],
            [case_id for case_id, _ in hands],
            [person for _, person in hands],
            [json.dumps(case.about_persons) for case in cases],
        )
    except asyncpg.UniqueViolationError as error:
        slips = [case.slip_number for case in cases if case.slip_number]
        if slips and error.constraint_name in _SLIP_CONSTRAINTS:
            raise Refused("SLIP_IN_USE", slip_number=slips[0]) from None
        raise

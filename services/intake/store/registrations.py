"""Writes new cases, many of one site in one statement: round trips cost, not rows."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

import asyncpg

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import intake_rules_pb2
from chassis.database import Connection
from chassis.errors import Refused
from chassis.queries import load_queries
from services.intake.convert import rules as convert_rules
from services.intake.domain.commands import RegisterCase
from services.intake.domain.lateness import Span
from services.intake.domain.marks import Attachment
from services.intake.domain.registration import (
    Caller,
    Known,
    Referred,
    external_ref_in_use,
    receiver_of,
    says_place_alone,
)
from services.intake.domain.rules import DEFAULTS
from services.intake.domain.slips import Printed, slip_parts
from services.intake.domain.values import Case, Link
from services.intake.store.directory import read_site

Q = load_queries("services.intake", "sql/registration.sql")

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

    `hands` are the persons who have taken it in; `suggested_duplicates` tell whether each was one;
    `suggestion` is what became of the lexicon's category.
    """

    case: Case
    hands: Sequence[str]
    code_hash: bytes
    links: tuple[Link, ...]
    reporter: SealedReporter | None
    attachments: tuple[Attachment, ...] = ()
    suggestion: str = ""
    suggested_duplicates: Mapping[str, bool] = field(default_factory=dict)
    normal_text: str = ""
    grams: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Registered:
    """What a batch tells of a case."""

    case_id: str
    site_id: str
    number: str
    slip_number: str
    code_attempt: int
    late_entry: bool
    about_persons: tuple[str, ...]


async def load_known(
    connection: Connection,
    site_id: str,
    appeals: Sequence[RegisterCase],
    callers: Sequence[Caller] = (),
) -> Known | None:
    """Returns what a site has of all that some appeals name; None when there is no such site.

    With whom each was handed in by, it knows of shifts and of their own references, too.
    """
    called = list(zip(appeals, callers, strict=True)) if callers else []
    # What was spoken at this very instant is in time.
    spoken = [
        (receiver_of(appeal, caller), appeal.occurred_time)
        for appeal, caller in called
        if appeal.occurred_time is not None
    ]
    referred = [
        (caller.subject, appeal.external_ref) for appeal, caller in called if appeal.external_ref
    ]
    named = [
        code
        for appeal in appeals
        for code in (appeal.receiver, appeal.leader, *appeal.about_persons)
    ]
    row = await connection.fetchrow(
        Q.get_known,
        site_id,
        [appeal.unit_id for appeal in appeals],
        [appeal.post_id for appeal in appeals],
        [appeal.category for appeal in appeals],
        [
            case_id
            for appeal in appeals
            for case_id in (*(link.case_id for link in appeal.links), *appeal.suggested_duplicates)
        ],
        named,
        [receiver for receiver, _ in spoken],
        [time for _, time in spoken],
        [appeal.case_id for appeal in appeals if appeal.case_id],
        [system for system, _ in referred],
        [reference for _, reference in referred],
        [slip_parts(appeal.slip_number)[0] for appeal in appeals if appeal.slip_number],
        [appeal.place for appeal in appeals if says_place_alone(appeal)],
    )
    return None if row is None else _read_known(row, spoken)


def _read_known(row: asyncpg.Record, spoken: Sequence[tuple[str, datetime]]) -> Known:
    rules = row["rules"]
    pads: dict[str, list[Printed]] = {}
    for prefix, *printed in json.loads(row["pads"] or "[]"):
        pads.setdefault(prefix, []).append(Printed(*printed))
    return Known(
        site=read_site(row),
        units=frozenset(row["units"]),
        named_units=json.loads(row["named_units"] or "{}"),
        posts=json.loads(row["posts"] or "{}"),
        categories=frozenset(row["categories"]),
        linked=json.loads(row["linked"] or "{}"),
        people=frozenset(row["people"]),
        rules=(
            DEFAULTS
            if rules is None
            else convert_rules.from_message(
                intake_rules_pb2.WindowRules.FromString(rules), row["rules_version"]
            )
        ),
        shift_ends={
            key: end for key, end in zip(spoken, row["shift_ends"], strict=True) if end is not None
        },
        taken=frozenset(row["taken_ids"]),
        referred={
            (one["system"], one["reference"]): Referred(one["number"], one["about"])
            for one in json.loads(row["referred"] or "[]")
        },
        pads=pads if row["has_pads"] else None,
    )


async def has_case(connection: Connection, case_id: str) -> bool:
    """Tells whether a case is on file, one of this very transaction included."""
    return bool(await connection.fetchval(Q.has_case, case_id))


async def take_numbers(
    connection: Connection, site_id: str, day: date, count: int, *, blocks: bool = False
) -> int:
    """Takes the next `count` running numbers of a site's local day; returns the first.

    `blocks` keeps that the day's numbers may have gaps.
    """
    last: int = await connection.fetchval(Q.take_numbers, site_id, day, count, blocks)
    return last - count + 1


async def list_registered(connection: Connection, case_ids: Sequence[str]) -> list[Registered]:
    """Returns what a batch tells of its cases, in no order."""
    rows = await connection.fetch(Q.list_registered, case_ids)
    return [
        Registered(
            case_id=row["case_id"],
            site_id=row["site_id"],
            number=row["number"],
            slip_number=row["slip_number"],
            code_attempt=row["code_attempt"],
            late_entry=row["late_entry"],
            about_persons=tuple(row["about_persons"]),
        )
        for row in rows
    ]


async def replace_code(
    connection: Connection, case_id: str, site_id: str, code_hash: bytes, attempt: int
) -> None:
    """Writes a case's new receipt code, and that the one before opens nothing."""
    await connection.execute(Q.replace_code, case_id, site_id, code_hash, attempt)


async def save_shifts(
    connection: Connection,
    site_id: str,
    spans: Sequence[Span],
    oldest: datetime,
    since: datetime,
) -> None:
    """Writes a roster as it is from `since` on; forgets shifts that ended before `oldest`."""
    await connection.execute(
        Q.save_shifts,
        site_id,
        [one.person_id for one in spans],
        [one.start_time for one in spans],
        [one.end_time for one in spans],
        oldest,
        since,
    )


@contextmanager
def taken_ids_refused(case_ids: Iterable[str]) -> Iterator[None]:
    """Raises Refused CASE_ID_TAKEN for a key of a case that has one: it may be out of sight."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        made = next(filter(None, case_ids), "")
        if made and error.constraint_name == "sealing_keys_subject":
            raise Refused("CASE_ID_TAKEN", case_id=made) from None
        raise


async def insert_cases(connection: Connection, site_id: str, made: Sequence[NewCase]) -> None:
    """Writes new cases of a site.

    Raises Refused SLIP_IN_USE, CASE_ID_TAKEN and EXTERNAL_REF_IN_USE when one of them is taken,
    maybe out of sight; the transaction is lost then.
    """
    cases = [one.case for one in made]
    links = [(one.case.case_id, link) for one in made for link in one.links]
    sealed = [(one.case.case_id, one.reporter) for one in made if one.reporter is not None]
    hands = [(one.case.case_id, person) for one in made for person in one.hands]
    flags = [(one.case.case_id, flag) for one in made for flag in one.case.flags]
    attached = [
        (one.case.case_id, position, attachment)
        for one in made
        for position, attachment in enumerate(one.attachments)
    ]
    suggested = [
        (one.case.case_id, *suggestion)
        for one in made
        for suggestion in one.suggested_duplicates.items()
    ]
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
            [case.cycle_start_time for case in cases],
            [case.late_entry for case in cases],
            [case.external_system for case in cases],
            [case.external_ref for case in cases],
            [case.suggested_category for case in cases],
            [one.suggestion for one in made],
            [one.normal_text for one in made],
            # None of them has a space in it.
            [" ".join(one.grams) for one in made],
            [case_id for case_id, _ in flags],
            [flag.kind for _, flag in flags],
            [flag.reason for _, flag in flags],
            [flag.leader for _, flag in flags],
            [flag.flagged_by for _, flag in flags],
            [flag.flag_time for _, flag in flags],
            [case_id for case_id, _, _ in attached],
            [position for _, position, _ in attached],
            [one.reference for _, _, one in attached],
            [one.sha256 for _, _, one in attached],
            [one.media_type for _, _, one in attached],
            [one.size_bytes for _, _, one in attached],
            [one.caption for _, _, one in attached],
            [case_id for case_id, _, _ in suggested],
            [duplicate for _, duplicate, _ in suggested],
            [accepted for _, _, accepted in suggested],
            [json.dumps(case.recused_persons) for case in cases],
        )
    except asyncpg.UniqueViolationError as error:
        refused = _already_used(error.constraint_name or "", cases)
        if refused is None:
            raise
        raise refused from None


def _already_used(constraint: str, cases: Sequence[Case]) -> Refused | None:
    """Returns the refusal of the first case that may have run into a constraint.

    Where there are several of them each is tried alone afterwards, and the guilty one found.
    """
    for case in cases:
        if constraint in _SLIP_CONSTRAINTS and case.slip_number:
            return Refused("SLIP_IN_USE", slip_number=case.slip_number)
        if constraint == "cases_pkey":
            return Refused("CASE_ID_TAKEN", case_id=case.case_id)
        if constraint == "cases_external_ref" and case.external_ref:
            return external_ref_in_use(case.external_ref)
    return None

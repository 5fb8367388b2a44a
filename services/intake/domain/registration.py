"""How an appeal becomes a case: what must be said, what is filled in, and its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chassis.errors import FieldViolation, Refused
from services.intake.domain.commands import RegisterCase
from services.intake.domain.times import believed, first_wake, local_day
from services.intake.domain.values import (
    DISPATCH_ROOM,
    OTHER_CATEGORY,
    Case,
    CaseState,
    Confidentiality,
    Reporter,
    Site,
)

# What is entered later than a quarter of a year is a slip of the pen more often than a late slip.
LATEST_ENTRY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Known:
    """What the site has of the things that appeals name, as far as they name them.

    `posts` are {post id: where it stands}; `linked` {linked case: whom it is about} of those that
    exist at the site.
    """

    site: Site
    units: frozenset[str]
    posts: Mapping[str, str]
    categories: frozenset[str]
    linked: Mapping[str, Sequence[str]]
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who hands the appeal in; `staff` is False for reporters themselves and for systems.

    `persons` are all who stand behind the call: the caller, and whom a system acts for.
    """

    subject: str
    staff: bool
    persons: frozenset[str] = frozenset()


def settle_reporter(reporter: Reporter) -> Reporter:
    """Returns the reporter with the confidentiality decided.

    NAMED when nothing is said: anonymity is the reporter's choice, never an empty field's. Raises
    Refused ANONYMOUS_WITH_IDENTITY and REPORTER_MISSING.
    """
    identity = {
        "name": reporter.name,
        "person_code": reporter.person_code,
        "phone": reporter.phone,
        "email": reporter.email,
    }
    given = [field for field, value in identity.items() if value]
    settled = reporter.confidentiality
    if settled is Confidentiality.UNSPECIFIED:
        settled = Confidentiality.NAMED
    if settled is Confidentiality.ANONYMOUS:
        if given:
            raise Refused("ANONYMOUS_WITH_IDENTITY", field=f"reporter.{given[0]}")
    elif not (reporter.name or reporter.person_code):
        raise Refused("REPORTER_MISSING")
    return replace(reporter, confidentiality=settled)


def own_appeal(command: RegisterCase, person_code: str) -> RegisterCase:
    """Returns an appeal as someone may hand it in for themselves: nobody else took it.

    Raises Refused NOT_THE_REPORTER when another person is named.
    """
    reporter = command.reporter
    if reporter.person_code not in ("", person_code):
        raise Refused("NOT_THE_REPORTER")
    if reporter.confidentiality is not Confidentiality.ANONYMOUS:
        reporter = replace(reporter, person_code=person_code)
    return replace(command, reporter=reporter, receiver="")


def with_reporter(command: RegisterCase) -> RegisterCase:
    """Returns the command with its reporter settled; raises as `settle_reporter`."""
    return replace(command, reporter=settle_reporter(command.reporter))


def check_known(command: RegisterCase, known: Known, caller: Caller) -> None:
    """Raises Refused for what the site doesn't have: unit, post, category, linked case, persons.

    Staff may always name themselves as the receiver, as they are when they name nobody. A linked
    case about the caller is one that isn't there.
    """
    site_id = command.site_id
    if command.unit_id and command.unit_id not in known.units:
        raise Refused("UNIT_UNKNOWN", unit_id=command.unit_id, site_id=site_id)
    if command.post_id and command.post_id not in known.posts:
        raise Refused("POST_UNKNOWN", post_id=command.post_id, site_id=site_id)
    if command.category not in ("", OTHER_CATEGORY, *known.categories):
        raise Refused("CATEGORY_UNKNOWN", category=command.category, site_id=site_id)
    for link in command.links:
        about = known.linked.get(link.case_id)
        if about is None or not caller.persons.isdisjoint(about):
            raise Refused("LINK_NOT_FOUND", case_id=link.case_id)
    for person_id in command.about_persons:
        if person_id not in known.people:
            raise Refused("ABOUT_PERSON_UNKNOWN", person_id=person_id, site_id=site_id)
    receivers = {"", DISPATCH_ROOM} | ({caller.subject} if caller.staff else set())
    if command.receiver not in receivers | known.people:
        raise Refused(
            "INVALID_FIELD",
            fields=[FieldViolation("receiver", "is nobody of the site's directory")],
            field="receiver",
        )


def case_number(site: Site, day: date, count: int) -> str:
    """Returns "YW-20261122-0007": prefix, local day of registration, running number of the day."""
    return f"{site.number_prefix}-{day:%Y%m%d}-{count:04d}"


def register(
    command: RegisterCase, known: Known, caller: Caller, now: datetime, case_id: str, count: int
) -> Case:
    """Returns the case as it goes on file; the dispatch room answers for it from the start.

    `command.reporter` must be settled, the rest checked. Raises Refused TIME_IN_FUTURE and
    TOO_LONG_AGO.
    """
    site = known.site
    occurred_time = believed(command.occurred_time, now, "occurred_time")
    if occurred_time < now - LATEST_ENTRY:
        raise Refused("TOO_LONG_AGO", field="occurred_time", days=LATEST_ENTRY.days)
    # A reporter's own code must not show, and a system can't reply: the window owes the reply.
    receiver = command.receiver or (caller.subject if caller.staff else DISPATCH_ROOM)
    if receiver in command.about_persons:
        # Whoever has taken it in would owe its first reply.
        receiver = DISPATCH_ROOM
    return Case(
        case_id=case_id,
        site_id=site.site_id,
        number=case_number(site, local_day(now, site.zone), count),
        state=CaseState.REGISTERED,
        kind=command.kind,
        category=command.category or OTHER_CATEGORY,
        channel=command.channel,
        post_id=command.post_id,
        place=command.place or known.posts.get(command.post_id, ""),
        unit_id=command.unit_id,
        text=command.text,
        urgency=command.urgency,
        reporter_kind=command.reporter.kind,
        confidentiality=command.reporter.confidentiality,
        occurred_time=occurred_time,
        record_time=now,
        cycle_start_time=occurred_time,
        receiver=receiver,
        slip_number=command.slip_number,
        accountable=DISPATCH_ROOM,
        next_wake_time=first_wake(now, site.zone),
        about_persons=command.about_persons,
    )

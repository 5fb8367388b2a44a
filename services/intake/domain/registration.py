"""How an appeal becomes a case: what must be said, what is filled in, and its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from chassis.errors import FieldViolation, Refused
from services.intake.domain.commands import RegisterCase
from services.intake.domain.lateness import is_late
from services.intake.domain.marks import Flag, FlagKind
from services.intake.domain.rules import DEFAULTS, Rules
from services.intake.domain.slips import Printed, slip_parts
from services.intake.domain.times import believed, first_wake, local_day
from services.intake.domain.values import (
    DISPATCH_ROOM,
    OTHER_CATEGORY,
    Case,
    CaseState,
    Confidentiality,
    Relation,
    Reporter,
    Site,
)

# What is entered later than a quarter of a year is a slip of the pen more often than a late slip.
LATEST_ENTRY = timedelta(days=90)

# Why a case is flagged that was flagged when it was registered.
FLAGGED_AT_REGISTRATION = "登记时标记"

# Ties that are made by other means: a duplicate is merged, a case is split.
_NOT_BY_HAND = frozenset({Relation.DUPLICATE_OF, Relation.SPLIT_FROM})


@dataclass(frozen=True, slots=True)
class Known:
    """What the site has of the things that appeals name, as far as they name them.

    `posts` are {post id: where it stands}; `linked` {linked case: whom it is about} of those that
    exist at the site, suggested duplicates included. `shift_ends` {(receiver, spoken): end of that
    shift}; `taken` are the ids of cases that are; `referred` {(system, its reference): case};
    `pads` {prefix: slips of its pads}, None for a site that has issued none; `named_units` {name:
    unit} of places that are the name of one unit.
    """

    site: Site
    units: frozenset[str]
    posts: Mapping[str, str]
    categories: frozenset[str]
    linked: Mapping[str, Sequence[str]]
    people: frozenset[str]
    rules: Rules = DEFAULTS
    shift_ends: Mapping[tuple[str, datetime], datetime] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    referred: Mapping[tuple[str, str], "Referred"] = field(default_factory=dict)
    pads: Mapping[str, Sequence[Printed]] | None = None
    named_units: Mapping[str, str] = field(default_factory=dict)

    def printed(self, slip_number: str) -> Printed | None:
        """Returns the slips of the pad that a slip is from; None for one of no pad."""
        prefix, number = slip_parts(slip_number)
        ranges = (self.pads or {}).get(prefix, ())
        return next((one for one in ranges if one.first <= number <= one.last), None)


@dataclass(frozen=True, slots=True)
class Referred:
    """A case that a system has handed in by its own reference, and whom it is about."""

    number: str
    about_persons: Sequence[str]


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
    given = [name for name, value in identity.items() if value]
    if reporter.representative is not None:
        given.append("representative")
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

    Raises Refused NOT_THE_REPORTER when another person is named, and INVALID_FIELD for what only
    somebody else has.
    """
    reporter = command.reporter
    if reporter.person_code not in ("", person_code):
        raise Refused("NOT_THE_REPORTER")
    if reporter.representative is not None:
        raise _invalid("reporter.representative", "a reporter's own account speaks for itself")
    if command.external_ref:
        # It is kept with the caller's name, which would tell who raised the case.
        raise _invalid("external_ref", "a reporter's own account has none")
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
        raise _invalid("receiver", "is nobody of the site's directory")
    if command.leader and command.leader not in known.people:
        raise _invalid("leader", "is nobody of the site's directory")
    if command.leader in command.about_persons:
        raise _invalid("leader", "may not have the case in hand")
    _check_unused(command, known, caller)


def _check_unused(command: RegisterCase, known: Known, caller: Caller) -> None:
    """Raises Refused CASE_ID_TAKEN, EXTERNAL_REF_IN_USE and SLIP_UNKNOWN."""
    if command.case_id in known.taken:
        raise Refused("CASE_ID_TAKEN", case_id=command.case_id)
    referred = known.referred.get((caller.subject, command.external_ref))
    if command.external_ref and referred is not None:
        seen = caller.persons.isdisjoint(referred.about_persons)
        raise external_ref_in_use(command.external_ref, referred.number if seen else "")
    slip = command.slip_number
    if slip and known.pads is not None and known.printed(slip) is None:
        raise Refused("SLIP_UNKNOWN", slip_number=slip)


def external_ref_in_use(external_ref: str, number: str = "") -> Refused:
    """Returns the refusal of a reference in use; with the case's `number` where it may be told."""
    if number:
        return Refused("EXTERNAL_REF_IN_USE", external_ref=external_ref, number=number)
    return Refused("EXTERNAL_REF_IN_USE", external_ref=external_ref)


def check_links(command: RegisterCase) -> None:
    """Raises Refused LINK_NOT_ALLOWED for ties that nobody makes by hand."""
    for link in command.links:
        if link.relation in _NOT_BY_HAND:
            raise Refused("LINK_NOT_ALLOWED", relation=link.relation.value)


def receiver_of(command: RegisterCase, caller: Caller) -> str:
    """Returns who has taken an appeal in, and owes its first reply.

    A reporter's own code must not show, and a system can't reply: the window owes it then. So it
    does where the appeal is about whoever took it.
    """
    receiver = command.receiver or (caller.subject if caller.staff else DISPATCH_ROOM)
    return DISPATCH_ROOM if receiver in command.about_persons else receiver


def flags_of(command: RegisterCase, flagged_by: str, now: datetime) -> tuple[Flag, ...]:
    """Returns the flags that a case has from the start."""
    kinds = [
        (FlagKind.HAZARD, command.hazard, ""),
        (FlagKind.LONG_STANDING, command.long_standing, command.leader),
    ]
    return tuple(
        Flag(kind, FLAGGED_AT_REGISTRATION, leader, flagged_by, now)
        for kind, is_set, leader in kinds
        if is_set
    )


def verdict_of(command: RegisterCase, suggested: str) -> str:
    """Returns what became of the lexicon's category: ACCEPTED, OVERRULED, or empty.

    Empty where there was none, and where nobody has chosen.
    """
    if not (suggested and command.category):
        return ""
    return "ACCEPTED" if command.category == suggested else "OVERRULED"


def case_number(site: Site, day: date, count: int) -> str:
    """Returns "YW-20261122-0007": prefix, local day of registration, running number of the day."""
    return f"{site.number_prefix}-{day:%Y%m%d}-{count:04d}"


def register(
    command: RegisterCase,
    known: Known,
    caller: Caller,
    now: datetime,
    case_id: str,
    count: int,
    *,
    suggested: str = "",
    flagged_by: str = "",
) -> Case:
    """Returns the case as it goes on file; the dispatch room answers for it from the start.

    `command.reporter` must be settled, the rest checked; `suggested` is the lexicon's category,
    `flagged_by` how the caller is recorded. Raises Refused TIME_IN_FUTURE and TOO_LONG_AGO. The
    long-standing keep their date, however old, and their clocks begin now.
    """
    site = known.site
    occurred_time = believed(command.occurred_time, now, "occurred_time")
    split = _split_off(command)
    # The matter that a case is split from was believed already.
    if occurred_time < now - LATEST_ENTRY and not (command.long_standing or split):
        raise Refused("TOO_LONG_AGO", field="occurred_time", days=LATEST_ENTRY.days)
    receiver = receiver_of(command, caller)
    shift_end = known.shift_ends.get((receiver, occurred_time))
    late = is_late(occurred_time, now, shift_end, known.rules.entry_hours)
    return Case(
        case_id=case_id,
        site_id=site.site_id,
        number=case_number(site, local_day(now, site.zone), count),
        state=CaseState.REGISTERED,
        kind=command.kind,
        category=command.category or OTHER_CATEGORY,
        channel=command.channel,
        post_id=command.post_id,
        place=place_of(command, known),
        unit_id=unit_of(command, known),
        text=command.text,
        urgency=command.urgency,
        reporter_kind=command.reporter.kind,
        confidentiality=command.reporter.confidentiality,
        occurred_time=occurred_time,
        record_time=now,
        cycle_start_time=now if command.long_standing else occurred_time,
        receiver=receiver,
        slip_number=command.slip_number,
        accountable=DISPATCH_ROOM,
        next_wake_time=first_wake(now, site.zone),
        about_persons=command.about_persons,
        recused_persons=command.recused_persons,
        flags=flags_of(command, flagged_by, now),
        # What a sweep found or a case was split into was entered by nobody.
        late_entry=late and not (command.long_standing or split or command.sweep_id),
        external_system=caller.subject if command.external_ref else "",
        external_ref=command.external_ref,
        suggested_category=suggested,
    )


def place_of(command: RegisterCase, known: Known) -> str:
    """Returns where it is in words: the post's own place where nothing else is said.

    Of a matter that was split off the post is only where the first one was taken in.
    """
    if command.place or _split_off(command):
        return command.place
    return known.posts.get(command.post_id, "")


def says_place_alone(command: RegisterCase) -> bool:
    """Tells whether words are all that it says of where it is."""
    return bool(command.place and not command.unit_id and not command.post_id)


def unit_of(command: RegisterCase, known: Known) -> str:
    """Returns the unit that it concerns: a place that is a unit's name means the unit."""
    if says_place_alone(command):
        return known.named_units.get(command.place, "")
    return command.unit_id


def _split_off(command: RegisterCase) -> bool:
    return any(link.relation is Relation.SPLIT_FROM for link in command.links)


def _invalid(name: str, problem: str) -> Refused:
    return Refused("INVALID_FIELD", fields=[FieldViolation(name, problem)], field=name)

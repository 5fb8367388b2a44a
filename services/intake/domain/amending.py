"""What was registered turns out to be different: who may say so, and what the case is then.

Nothing is overwritten unseen: each change is kept as what it was and what it is, except for the
reporter's data, which stay sealed.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from chassis.errors import FieldViolation, Refused
from services.intake.domain.registration import settle_reporter
from services.intake.domain.room import Entry, check_number
from services.intake.domain.transitions import IN_HAND, Act, require
from services.intake.domain.values import (
    DISPATCH_ROOM,
    OTHER_CATEGORY,
    Case,
    CaseFile,
    CaseKind,
    Confidentiality,
    Reporter,
    ReporterKind,
    Urgency,
)

# May say who the reporter is and whom it is about, beside whoever took the appeal.
_TRUSTED = frozenset({"DISPATCHER", "DIRECTOR"})


@dataclass(frozen=True, slots=True)
class AmendCase:
    """What is None stays as it is; `add_about_persons` are added to those it is about."""

    case_id: str
    expected_version: int
    reason: str
    text: str | None = None
    place: str | None = None
    post_id: str | None = None
    unit_id: str | None = None
    category: str | None = None
    kind: CaseKind | None = None
    urgency: Urgency | None = None
    add_about_persons: tuple[str, ...] = ()
    reporter: Reporter | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a field was and is; both are empty for the reporter."""

    field: str
    previous_value: str
    value: str


@dataclass(frozen=True, slots=True)
class Codes:
    """What the site has of the codes that an amendment or a meeting names."""

    units: frozenset[str] = frozenset()
    posts: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Amended:
    """`reporter` is the one to seal from now on; None where it stays as it is."""

    case: Case
    amendments: tuple[Amendment, ...]
    reporter: Reporter | None


def check_codes(site_id: str, command: AmendCase, known: Codes) -> None:
    """Raises Refused for what the site doesn't have: unit, post, category, persons."""
    if command.unit_id and command.unit_id not in known.units:
        raise Refused("UNIT_UNKNOWN", unit_id=command.unit_id, site_id=site_id)
    if command.post_id and command.post_id not in known.posts:
        raise Refused("POST_UNKNOWN", post_id=command.post_id, site_id=site_id)
    if command.category is not None and command.category not in (
        OTHER_CATEGORY,
        *known.categories,
    ):
        raise Refused("CATEGORY_UNKNOWN", category=command.category, site_id=site_id)
    for person_id in command.add_about_persons:
        if person_id not in known.people:
            raise Refused("ABOUT_PERSON_UNKNOWN", person_id=person_id, site_id=site_id)


def may_amend_persons(case: Case, subject: str, roles: AbstractSet[str]) -> bool:
    """Tells who may amend the reporter and whom it is about: the dispatch room, the receiver."""
    return subject == case.receiver or not roles.isdisjoint(_TRUSTED)


def amend(
    file: CaseFile,
    command: AmendCase,
    act: Act,
    roles: AbstractSet[str],
    reporter: Reporter,
) -> Amended:
    """Returns the case as it is from now on, and what was changed, in the order of the fields.

    `reporter` is who was on file. Someone whom it turns out to be about has it in hand no longer:
    the dispatch room has, until routing decides anew. Raises Refused WRONG_STATE,
    PERMISSION_DENIED, TOO_MANY_ENTRIES, NOTHING_TO_AMEND, for the reporter as `next_reporter`, and
    INVALID_FIELD for one who is the caller or has had a hand in the case.
    """
    case = file.case
    require(case, "AmendCase", *IN_HAND)
    wants_persons = command.reporter is not None or bool(command.add_about_persons)
    if wants_persons and not may_amend_persons(case, act.by, roles):
        raise Refused("PERMISSION_DENIED", needed=", ".join(sorted(_TRUSTED)))
    added = tuple(one for one in command.add_about_persons if one not in case.about_persons)
    if added:
        check_number(file, Entry.PERSONS, len(added))
    settled = None
    if command.reporter is not None:
        settled = next_reporter(reporter, command.reporter)
        settled = None if settled == reporter else settled
        _check_own_hand(file, act, reporter, settled)
    amendments = [
        Amendment(field, str(getattr(case, field)), str(value))
        for field in ("text", "place", "post_id", "unit_id", "category", "kind", "urgency")
        if (value := getattr(command, field)) not in (None, getattr(case, field))
    ]
    changed = {one.field: getattr(command, one.field) for one in amendments}
    if added:
        amendments.append(Amendment("add_about_persons", "", ", ".join(added)))
        changed["about_persons"] = (*case.about_persons, *added)
    if settled is not None:
        amendments.append(Amendment("reporter", "", ""))
        changed["reporter_kind"] = settled.kind
        changed["confidentiality"] = settled.confidentiality
    if not amendments:
        raise Refused("NOTHING_TO_AMEND")
    return Amended(out_of_their_hands(replace(case, **changed)), tuple(amendments), settled)


def next_reporter(before: Reporter, told: Reporter) -> Reporter:
    """Returns the reporter as they are from now on; what isn't said of kind and reach stays.

    Raises Refused ANONYMOUS_WITH_IDENTITY, REPORTER_MISSING, and INVALID_FIELD where how far they
    are known would be widened, or given up.
    """
    reach = told.confidentiality
    if reach is Confidentiality.UNSPECIFIED:
        reach = before.confidentiality
    kind = before.kind if told.kind is ReporterKind.UNSPECIFIED else told.kind
    if before.confidentiality is Confidentiality.ANONYMOUS:
        # They chose to have no name here; nobody else gives them one.
        reach = Confidentiality.ANONYMOUS
    allowed = {before.confidentiality}
    if before.confidentiality is Confidentiality.NAMED:
        allowed.add(Confidentiality.CONFIDENTIAL)
    if reach not in allowed:
        field = "reporter.confidentiality"
        raise Refused(
            "INVALID_FIELD",
            fields=[FieldViolation(field, "can only go from NAMED to CONFIDENTIAL")],
            field=field,
        )
    return settle_reporter(replace(told, kind=kind, confidentiality=reach))


def _check_own_hand(file: CaseFile, act: Act, before: Reporter, settled: Reporter | None) -> None:
    """Raises Refused INVALID_FIELD where somebody would come to speak for a case they handle."""
    code = settled.person_code if settled is not None else ""
    if code == before.person_code or code not in file.hands | act.persons:
        return
    field = "reporter.person_code"
    raise Refused(
        "INVALID_FIELD",
        fields=[FieldViolation(field, "must be of nobody who has had a hand in the case")],
        field=field,
    )


def out_of_their_hands(case: Case) -> Case:
    """Returns the case with nobody in charge whom it is about."""
    about = case.about_persons
    steward = case.steward not in about
    return replace(
        case,
        receiver=DISPATCH_ROOM if case.receiver in about else case.receiver,
        steward=case.steward if steward else "",
        accepted=case.accepted and steward,
        accountable=DISPATCH_ROOM if case.accountable in about else case.accountable,
        first_reply_by="" if case.first_reply_by in about else case.first_reply_by,
    )

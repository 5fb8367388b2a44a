"""Who answers for a unit at an instant, by what was known when, and what a case needs of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.routing.domain.assignment import Responsible
from services.routing.domain.changes import ListChange
from services.routing.domain.coverage import Gap, Held, Organisation, Span
from services.routing.domain.faults import Fault
from services.routing.domain.matrix import Published
from services.routing.domain.roles import TOLD_AS_WELL, Role


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant asked about, and what was in force then as it was known at another.

    Versions are 0 before the first list.
    """

    site_id: str
    zone: ZoneInfo
    now_time: datetime
    at_time: datetime
    known_time: datetime
    matrix_version: int
    directory_version: int
    present_directory_version: int
    span_limit: int

    @property
    def day(self) -> date:
        """The local day asked about."""
        return self.at_time.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Known:
    """What decided on a day who answered for the units of a site."""

    day: date
    organisation: Organisation
    published: Published | None
    span_limit: int

    @property
    def names(self) -> Mapping[str, str]:
        """Names of people by their codes."""
        return {person.person_id: person.name for person in self.organisation.people}


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing a matrix would do; nothing of it is refused here."""

    version: int
    faults: Sequence[Fault]
    gaps: Sequence[Gap]
    changes: Sequence[ListChange]
    spans: Sequence[Span]
    moving: int
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answers:
    """Who holds what of a unit on a day, in the order of the roles.

    `vacant` tells whom rows name by which nobody answers; `missing` are the required roles that
    nobody holds. A unit that isn't there that day has none of either.
    """

    unit_id: str
    unit_name: str
    holders: tuple[Held, ...] = ()
    missing: tuple[Role, ...] = ()
    vacant: Mapping[Role, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def holder(self, role: Role) -> str:
        """Returns who holds a role, empty for nobody."""
        return next((held.person_id for held in self.holders if held.role is role), "")


def answers_of(
    unit_id: str,
    unit_name: str,
    required: Sequence[Role],
    held: Sequence[Held],
    *,
    vacant: Mapping[Role, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Answers:
    """Puts together who answers for a unit that is there."""
    filled = {holder.role: holder for holder in held}
    return Answers(
        unit_id,
        unit_name,
        tuple(filled[role] for role in Role if role in filled),
        tuple(role for role in required if role not in filled),
        vacant or {},
        names or {},
    )


def responsible(answers: Answers) -> Responsible:
    """Returns what a case of the unit goes by."""
    steward = next((held for held in answers.holders if held.role is Role.STEWARD), None)
    told = (answers.holder(role) for role in TOLD_AS_WELL)
    return Responsible(
        unit_name=answers.unit_name,
        steward=steward.person_id if steward else "",
        steward_name=answers.names.get(steward.person_id, "") if steward else "",
        also_told=tuple(person for person in told if person),
        deputy_for=steward.deputy_for if steward else "",
        absent=answers.vacant.get(Role.STEWARD, ""),
    )

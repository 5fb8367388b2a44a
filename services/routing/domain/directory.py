"""A site's organisation: units in a tree, people, positions, posts, categories, the ladder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.routing.domain.days import ALWAYS, Days
from services.routing.domain.roles import Role, UnitKind

DEFAULT_TIME_ZONE = "Asia/Shanghai"

# Positions that routing itself looks for; a site may leave them out.
DUTY_LEAD = "DUTY_LEAD"
DIRECTOR = "DIRECTOR"
DISPATCH_ROOM = "DISPATCH_ROOM"


@dataclass(frozen=True, slots=True)
class Unit:
    """A node of the tree, there on `days`; `parent_id` is empty for a root."""

    unit_id: str
    name: str
    kind: UnitKind
    parent_id: str = ""
    days: Days = ALWAYS


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the site, on `days`. `group_code` is theirs at every mine of the group."""

    person_id: str
    name: str
    unit_id: str = ""
    days: Days = ALWAYS
    group_code: str = ""
    contact_ref: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """An office; `holder` is who has it when the roster says nothing, empty when vacant."""

    position_id: str
    name: str
    holder: str = ""
    # Outside the mine.
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Hours in which something is open: seconds from local midnight, on some days of the week.

    `weekdays` are 0 = Monday to 6, those of the start; none = every day. An end at or before the
    start is of the next day.
    """

    start_second: int
    end_second: int
    weekdays: frozenset[int] = frozenset()
    days: Days = ALWAYS


@dataclass(frozen=True, slots=True)
class Post:
    """A staffed place; somebody has to be there in its `windows`."""

    post_id: str
    name: str
    place: str = ""
    unit_id: str = ""
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    category_id: str
    name: str
    group_category_id: str = ""
    lead_unit_id: str = ""
    supporting_unit_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceRule:
    """Matters of a place, of one category or of all (empty), are a unit's."""

    place: str
    category_id: str
    unit_id: str


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the ladder, and how long it may stay silent; not used at the top.

    Exactly one of working days and working time is given, the other is 0.
    """

    position_id: str
    dwell_working_days: int = 0
    dwell_working_time: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class CategoryLadder:
    """The ladder of one category, from level 1 up."""

    category_id: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    """The roles that units of a kind can't be without."""

    kind: UnitKind
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site has decided about routing; zero and empty = as the group has it, or none."""

    span_limit: int = 0
    alternate_chain: tuple[str, ...] = ()
    steward_hours: tuple[Window, ...] = ()
    recurrence_days: int = 0


DEFAULT_RECURRENCE_DAYS = 90

NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Directory:
    """All of a site's organisation, as published at once; `ladder` is from level 1 up."""

    site_id: str
    name: str
    number_prefix: str
    time_zone: str
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    positions: tuple[Position, ...]
    posts: tuple[Post, ...]
    categories: tuple[Category, ...]
    ladder: tuple[Level, ...]
    category_ladders: tuple[CategoryLadder, ...] = ()
    place_rules: tuple[PlaceRule, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    rules: Rules = NO_RULES


@dataclass(frozen=True, slots=True)
class Site:
    """A site's head: what most decisions need to know of it; versions are 0 before the first."""

    site_id: str
    name: str
    number_prefix: str
    zone: ZoneInfo
    directory_version: int
    matrix_version: int
    roster_version: int
    handover_date: date
    rules: Rules = NO_RULES

    def local(self, time: datetime) -> datetime:
        """Returns the wall-clock time of an instant at the site."""
        return time.astimezone(self.zone)

    def matrix_day(self, time: datetime) -> date:
        """Returns the local day whose rows of the matrix count at an instant.

        Never before the day that open cases were moved to already: a transaction begun before
        midnight must not assign by yesterday's rows behind the back of that move.
        """
        return max(self.local(time).date(), self.handover_date)


def is_within(parents: Mapping[str, str], unit_id: str, above: str) -> bool:
    """Tells whether a unit is `above` or stands somewhere below it; `parents` is child → parent."""
    seen: set[str] = set()
    while unit_id and unit_id not in seen:
        if unit_id == above:
            return True
        seen.add(unit_id)
        unit_id = parents.get(unit_id, "")
    return False

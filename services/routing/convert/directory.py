"""The directory between its messages and values; its entries alone as well."""

from datetime import date, timedelta
from typing import Protocol

from google.type.date_pb2 import Date

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2
from backstop.routing.v1 import routing_pb2 as pb
from chassis.convert import to_date_message, to_duration
from services.routing.convert.common import (
    DAY_SECONDS,
    ROLE,
    UNIT_KIND,
    invalid,
    local_day,
    second_of_day,
    time_of_day,
)
from services.routing.domain.days import ALWAYS, Days
from services.routing.domain.directory import (
    DEFAULT_TIME_ZONE,
    NO_RULES,
    Category,
    CategoryLadder,
    Directory,
    Level,
    Person,
    PlaceRule,
    Position,
    Post,
    Requirement,
    Rules,
    Unit,
    Window,
)
from services.routing.domain.roles import Role, UnitKind
from services.routing.domain.template import Template


def directory_from(message: pb.Directory, field: str = "directory") -> Directory:
    """Returns the directory of a request or a document, with the default time zone.

    Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist, below `field`.
    """
    return Directory(
        site_id=message.site_id,
        name=message.name,
        number_prefix=message.number_prefix,
        time_zone=message.time_zone or DEFAULT_TIME_ZONE,
        units=tuple(unit_from(m, f"{field}.units[{i}]") for i, m in enumerate(message.units)),
        people=tuple(person_from(m, f"{field}.people[{i}]") for i, m in enumerate(message.people)),
        positions=tuple(position_from(m) for m in message.positions),
        posts=tuple(post_from(m, f"{field}.posts[{i}]") for i, m in enumerate(message.posts)),
        categories=tuple(category_from(m) for m in message.categories),
        ladder=tuple(level_from(m) for m in message.ladder),
        category_ladders=tuple(category_ladder_from(m) for m in message.category_ladders),
        place_rules=tuple(
            PlaceRule(m.place, m.category_id, m.unit_id) for m in message.place_rules
        ),
        requirements=tuple(requirement_from(m) for m in message.role_requirements),
        rules=rules_from(message.rules, f"{field}.rules"),
    )


def directory_message(directory: Directory) -> pb.Directory:
    """Returns the message, with each person's positions."""
    held: dict[str, list[str]] = {}
    for position in directory.positions:
        if position.holder:
            held.setdefault(position.holder, []).append(position.position_id)
    return pb.Directory(
        site_id=directory.site_id,
        name=directory.name,
        number_prefix=directory.number_prefix,
        time_zone=directory.time_zone,
        units=[unit_message(unit) for unit in directory.units],
        people=[
            person_message(person, held.get(person.person_id, ())) for person in directory.people
        ],
        positions=[position_message(position) for position in directory.positions],
        posts=[post_message(post) for post in directory.posts],
        categories=[category_message(category) for category in directory.categories],
        ladder=[level_message(level) for level in directory.ladder],
        category_ladders=[category_ladder_message(ladder) for ladder in directory.category_ladders],
        place_rules=[
            pb.PlaceRule(place=rule.place, category_id=rule.category_id, unit_id=rule.unit_id)
            for rule in directory.place_rules
        ],
        role_requirements=[requirement_message(r) for r in directory.requirements],
        rules=rules_message(directory.rules),
    )


def directory_published(directory: pb.Directory, template_version: int) -> facts.DirectoryPublished:
    return facts.DirectoryPublished(directory=directory, template_version=template_version)


def template_from(message: routing_organisation_pb2.GroupTemplate, version: int = 0) -> Template:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    return Template(
        version=version,
        name=message.name,
        categories=tuple(category_from(m) for m in message.categories),
        positions=tuple(position_from(m) for m in message.positions),
        ladder=tuple(level_from(m) for m in message.ladder),
        category_ladders=tuple(category_ladder_from(m) for m in message.category_ladders),
        requirements=tuple(requirement_from(m) for m in message.role_requirements),
        rules=rules_from(message.rules, "template.rules"),
    )


def template_message(template: Template) -> routing_organisation_pb2.GroupTemplate:
    return routing_organisation_pb2.GroupTemplate(
        name=template.name,
        categories=[category_message(category) for category in template.categories],
        positions=[position_message(position) for position in template.positions],
        ladder=[level_message(level) for level in template.ladder],
        category_ladders=[category_ladder_message(ladder) for ladder in template.category_ladders],
        role_requirements=[requirement_message(each) for each in template.requirements],
        rules=rules_message(template.rules),
    )


# Entries ---------------------------------------------------------------------------------------


def unit_from(message: pb.Unit, field: str) -> Unit:
    return Unit(
        message.unit_id,
        message.name,
        UnitKind(pb.UnitKind.Name(message.kind).removeprefix(UNIT_KIND)),
        message.parent_id,
        days_from(message, field),
    )


def unit_message(unit: Unit) -> pb.Unit:
    return pb.Unit(
        unit_id=unit.unit_id,
        name=unit.name,
        kind=unit_kind_value(unit.kind),
        parent_id=unit.parent_id,
        start_date=day_message(unit.days.start),
        end_date=day_message(unit.days.end),
    )


def person_from(message: pb.Person, field: str) -> Person:
    return Person(
        message.person_id,
        message.name,
        message.unit_id,
        days_from(message, field),
        message.group_code,
        message.contact_ref,
    )


def person_message(person: Person, position_ids: list[str] | tuple[str, ...] = ()) -> pb.Person:
    return pb.Person(
        person_id=person.person_id,
        name=person.name,
        unit_id=person.unit_id,
        start_date=day_message(person.days.start),
        end_date=day_message(person.days.end),
        group_code=person.group_code,
        contact_ref=person.contact_ref,
        position_ids=position_ids,
    )


def position_from(message: pb.Position) -> Position:
    return Position(message.position_id, message.name, message.holder, message.outside)


def position_message(position: Position) -> pb.Position:
    return pb.Position(
        position_id=position.position_id,
        name=position.name,
        holder=position.holder,
        outside=position.outside,
    )


def post_from(message: pb.Post, field: str) -> Post:
    return Post(
        message.post_id,
        message.name,
        message.place,
        message.unit_id,
        tuple(window_from(m, f"{field}.windows[{i}]") for i, m in enumerate(message.windows)),
    )


def post_message(post: Post) -> pb.Post:
    return pb.Post(
        post_id=post.post_id,
        name=post.name,
        place=post.place,
        unit_id=post.unit_id,
        windows=[window_message(window) for window in post.windows],
    )


def category_from(message: pb.Category) -> Category:
    return Category(
        message.category_id,
        message.name,
        message.group_category_id,
        message.lead_unit_id,
        tuple(message.supporting_unit_ids),
    )


def category_message(category: Category) -> pb.Category:
    return pb.Category(
        category_id=category.category_id,
        name=category.name,
        group_category_id=category.group_category_id,
        lead_unit_id=category.lead_unit_id,
        supporting_unit_ids=category.supporting_unit_ids,
    )


def level_from(message: pb.LadderLevel) -> Level:
    """Fractions of a second are dropped."""
    return Level(
        message.position_id,
        message.dwell_working_days,
        timedelta(seconds=message.dwell_working_time.seconds),
    )


def level_message(level: Level) -> pb.LadderLevel:
    message = pb.LadderLevel(
        position_id=level.position_id, dwell_working_days=level.dwell_working_days
    )
    if level.dwell_working_time:
        message.dwell_working_time.CopyFrom(to_duration(level.dwell_working_time))
    return message


def category_ladder_from(message: pb.CategoryLadder) -> CategoryLadder:
    return CategoryLadder(message.category_id, tuple(level_from(level) for level in message.levels))


def category_ladder_message(ladder: CategoryLadder) -> pb.CategoryLadder:
    return pb.CategoryLadder(
        category_id=ladder.category_id, levels=[level_message(level) for level in ladder.levels]
    )


def requirement_from(message: pb.RoleRequirement) -> Requirement:
    return Requirement(
        UnitKind(pb.UnitKind.Name(message.kind).removeprefix(UNIT_KIND)),
        tuple(Role(pb.ResponsibilityRole.Name(r).removeprefix(ROLE)) for r in message.roles),
    )


def requirement_message(requirement: Requirement) -> pb.RoleRequirement:
    return pb.RoleRequirement(
        kind=unit_kind_value(requirement.kind),
        roles=[pb.ResponsibilityRole.Value(ROLE + role) for role in requirement.roles],
    )


def rules_from(message: pb.SiteRules, field: str) -> Rules:
    return Rules(
        span_limit=message.span_limit,
        alternate_chain=tuple(message.alternate_chain),
        steward_hours=tuple(
            window_from(m, f"{field}.steward_hours[{i}]")
            for i, m in enumerate(message.steward_hours)
        ),
        recurrence_days=message.recurrence_days,
    )


def rules_message(rules: Rules) -> pb.SiteRules | None:
    """Returns None where nothing was decided."""
    if rules == NO_RULES:
        return None
    return pb.SiteRules(
        span_limit=rules.span_limit,
        alternate_chain=rules.alternate_chain,
        steward_hours=[window_message(window) for window in rules.steward_hours],
        recurrence_days=rules.recurrence_days,
    )


# Days and windows ------------------------------------------------------------------------------


class _WithDays(Protocol):
    """A message with a first and a last local day."""

    @property
    def start_date(self) -> Date: ...

    @property
    def end_date(self) -> Date: ...


def days_from(message: _WithDays, field: str) -> Days:
    """Returns the days of a message; Refused INVALID_FIELD for one that doesn't exist."""
    start, end = None, None
    if message.HasField("start_date"):  # type: ignore[attr-defined] # every message has it
        start = local_day(message.start_date, f"{field}.start_date")
    if message.HasField("end_date"):  # type: ignore[attr-defined] # every message has it
        end = local_day(message.end_date, f"{field}.end_date")
    return ALWAYS if start is None and end is None else Days(start, end)


def day_message(day: date | None) -> Date | None:
    return None if day is None else to_date_message(day)


def window_from(message: pb.OpeningWindow, field: str) -> Window:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    start = second_of_day(message.start_time, f"{field}.start_time")
    if start == DAY_SECONDS:
        raise invalid(f"{field}.start_time", "a window can't start at 24:00")
    # DayOfWeek counts from MONDAY = 1.
    return Window(
        start_second=start,
        end_second=second_of_day(message.end_time, f"{field}.end_time"),
        weekdays=frozenset(day - 1 for day in message.days),
        days=days_from(message, field),
    )


def window_message(window: Window) -> pb.OpeningWindow:
    return pb.OpeningWindow(
        days=[day + 1 for day in sorted(window.weekdays)],
        start_time=time_of_day(window.start_second),
        end_time=time_of_day(window.end_second),
        start_date=day_message(window.days.start),
        end_date=day_message(window.days.end),
    )


def unit_kind_value(kind: UnitKind) -> pb.UnitKind.ValueType:
    return pb.UnitKind.Value(UNIT_KIND + kind)

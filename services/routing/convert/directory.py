"""Directory, matrix, roster and coverage between their messages and values."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from google.type.timeofday_pb2 import TimeOfDay

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date, to_date_message, to_duration
from services.routing.convert.common import ROLE, UNIT_KIND, invalid
from services.routing.domain import commands
from services.routing.domain.directory import (
    DEFAULT_TIME_ZONE,
    Category,
    Directory,
    Level,
    Person,
    Position,
    Post,
    Unit,
    UnitKind,
)
from services.routing.domain.matrix import Gap, Matrix, Published, Responsibility, Role
from services.routing.domain.roster import DAY_SECONDS, Duty, Roster, Shift


def publish_directory(request: rpc.PublishDirectoryRequest) -> commands.PublishDirectory:
    return commands.PublishDirectory(request.expected_version, directory_from(request.directory))


def publish_matrix(request: rpc.PublishMatrixRequest) -> commands.PublishMatrix:
    """Raises Refused INVALID_FIELD for a day that doesn't exist."""
    rows = tuple(
        responsibility_from(row, f"responsibilities[{index}]")
        for index, row in enumerate(request.responsibilities)
    )
    return commands.PublishMatrix(
        request.expected_version,
        Matrix(
            site_id=request.site_id,
            responsibilities=rows,
            leading_office=request.leading_office,
            supporting_office=request.supporting_office,
            basis_document=request.basis_document,
        ),
    )


def publish_roster(request: rpc.PublishRosterRequest) -> commands.PublishRoster:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    shifts = tuple(
        shift_from(shift, f"shifts[{index}]") for index, shift in enumerate(request.shifts)
    )
    return commands.PublishRoster(request.expected_version, Roster(request.site_id, shifts))


def directory_from(message: pb.Directory) -> Directory:
    return Directory(
        site_id=message.site_id,
        name=message.name,
        number_prefix=message.number_prefix,
        time_zone=message.time_zone or DEFAULT_TIME_ZONE,
        units=tuple(
            Unit(
                unit.unit_id,
                unit.name,
                UnitKind(pb.UnitKind.Name(unit.kind).removeprefix(UNIT_KIND)),
                unit.parent_id,
            )
            for unit in message.units
        ),
        people=tuple(
            Person(person.person_id, person.name, person.unit_id) for person in message.people
        ),
        positions=tuple(Position(p.position_id, p.name, p.holder) for p in message.positions),
        posts=tuple(Post(post.post_id, post.name, post.place) for post in message.posts),
        categories=tuple(
            Category(c.category_id, c.name, c.group_category_id, c.lead_unit_id)
            for c in message.categories
        ),
        ladder=tuple(level_from(level) for level in message.ladder),
    )


def directory_message(directory: Directory) -> pb.Directory:
    return pb.Directory(
        site_id=directory.site_id,
        name=directory.name,
        number_prefix=directory.number_prefix,
        time_zone=directory.time_zone,
        units=[
            pb.Unit(
                unit_id=unit.unit_id,
                name=unit.name,
                kind=unit_kind_value(unit.kind),
                parent_id=unit.parent_id,
            )
            for unit in directory.units
        ],
        people=[
            pb.Person(person_id=person.person_id, name=person.name, unit_id=person.unit_id)
            for person in directory.people
        ],
        positions=[
            pb.Position(position_id=p.position_id, name=p.name, holder=p.holder)
            for p in directory.positions
        ],
        posts=[
            pb.Post(post_id=post.post_id, name=post.name, place=post.place)
            for post in directory.posts
        ],
        categories=[
            pb.Category(
                category_id=c.category_id,
                name=c.name,
                group_category_id=c.group_category_id,
                lead_unit_id=c.lead_unit_id,
            )
            for c in directory.categories
        ],
        ladder=[level_message(level) for level in directory.ladder],
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


def directory_published(directory: Directory) -> facts.DirectoryPublished:
    return facts.DirectoryPublished(directory=directory_message(directory))


def matrix_published(matrix: Matrix) -> facts.MatrixPublished:
    return facts.MatrixPublished(
        site_id=matrix.site_id,
        responsibilities=[responsibility_message(row) for row in matrix.responsibilities],
        leading_office=matrix.leading_office,
        supporting_office=matrix.supporting_office,
        basis_document=matrix.basis_document,
    )


def roster_published(roster: Roster) -> facts.RosterPublished:
    return facts.RosterPublished(
        site_id=roster.site_id, shifts=[shift_message(shift) for shift in roster.shifts]
    )


def responsibility_from(message: pb.Responsibility, field: str) -> Responsibility:
    end = None
    if message.HasField("end_date"):
        end = to_date(message.end_date, f"{field}.end_date")
    return Responsibility(
        unit_id=message.unit_id,
        role=Role(pb.ResponsibilityRole.Name(message.role).removeprefix(ROLE)),
        person_id=message.person_id,
        start_date=to_date(message.start_date, f"{field}.start_date"),
        end_date=end,
    )


def responsibility_message(row: Responsibility) -> pb.Responsibility:
    return pb.Responsibility(
        unit_id=row.unit_id,
        role=role_value(row.role),
        person_id=row.person_id,
        start_date=to_date_message(row.start_date),
        end_date=None if row.end_date is None else to_date_message(row.end_date),
    )


def shift_from(message: pb.Shift, field: str) -> Shift:
    start = to_date(message.start_date, f"{field}.start_date")
    end = start
    if message.HasField("end_date"):
        end = to_date(message.end_date, f"{field}.end_date")
    start_second = second_of_day(message.start_time, f"{field}.start_time")
    if start_second == DAY_SECONDS:
        raise invalid(f"{field}.start_time", "a shift can't start at 24:00")
    return Shift(
        post_id=message.post_id,
        position_id=message.position_id,
        person_id=message.person_id,
        start_date=start,
        end_date=end,
        start_second=start_second,
        end_second=second_of_day(message.end_time, f"{field}.end_time"),
    )


def shift_message(shift: Shift) -> pb.Shift:
    return pb.Shift(
        post_id=shift.post_id,
        position_id=shift.position_id,
        person_id=shift.person_id,
        start_date=to_date_message(shift.start_date),
        end_date=to_date_message(shift.end_date),
        start_time=time_of_day(shift.start_second),
        end_time=time_of_day(shift.end_second),
    )


def second_of_day(value: TimeOfDay, field: str) -> int:
    """Returns seconds from midnight, 24:00 included; nanoseconds are dropped.

    Raises Refused INVALID_FIELD for a time that no clock shows.
    """
    seconds: int = value.hours * 3600 + value.minutes * 60 + value.seconds
    shown = 0 <= value.hours <= 24 and 0 <= value.minutes < 60 and 0 <= value.seconds < 60
    if not shown or seconds > DAY_SECONDS:
        raise invalid(field, "no such time of day")
    return seconds


def time_of_day(second: int) -> TimeOfDay:
    return TimeOfDay(hours=second // 3600, minutes=second // 60 % 60, seconds=second % 60)


def coverage(
    units: Iterable[Unit],
    holders: Mapping[str, Iterable[tuple[Role, str]]],
    names: Mapping[str, str],
    gaps: Iterable[Gap],
    published: Published | None,
) -> rpc.GetCoverageResponse:
    response = rpc.GetCoverageResponse(gaps=[gap_message(gap) for gap in gaps])
    for unit in units:
        response.units.append(
            pb.UnitCoverage(
                unit_id=unit.unit_id,
                unit_name=unit.name,
                kind=unit_kind_value(unit.kind),
                holders=[
                    pb.UnitCoverage.Holder(
                        role=role_value(role), person_id=person, person_name=names.get(person, "")
                    )
                    for role, person in holders.get(unit.unit_id, ())
                ],
            )
        )
    if published is not None:
        response.matrix_version = published.version
        response.leading_office = published.leading_office
        response.supporting_office = published.supporting_office
        response.basis_document = published.basis_document
    return response


def gap_message(gap: Gap) -> pb.CoverageGap:
    return pb.CoverageGap(
        unit_id=gap.unit_id,
        unit_name=gap.unit_name,
        role=role_value(gap.role),
        start_date=to_date_message(gap.start_date),
        end_date=None if gap.end_date is None else to_date_message(gap.end_date),
    )


def on_duty(duty: Duty) -> rpc.WhoIsOnDutyResponse:
    return rpc.WhoIsOnDutyResponse(
        person_id=duty.person_id, person_name=duty.person_name, by_roster=duty.by_roster
    )


def role_value(role: Role) -> pb.ResponsibilityRole.ValueType:
    return pb.ResponsibilityRole.Value(ROLE + role)


def unit_kind_value(kind: UnitKind) -> pb.UnitKind.ValueType:
    return pb.UnitKind.Value(UNIT_KIND + kind)

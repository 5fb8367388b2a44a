"""The responsibility matrix and coverage between their messages and values."""

from collections.abc import Iterable, Mapping

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message, to_timestamp
from services.routing.convert.changes import change_message, fault_message
from services.routing.convert.common import ROLE, local_day
from services.routing.convert.directory import unit_kind_value
from services.routing.domain.answers import Answers, Known, Preview
from services.routing.domain.commands import lists as commands
from services.routing.domain.coverage import Gap, Held, Span, spans
from services.routing.domain.matrix import Matrix, Published, Responsibility
from services.routing.domain.roles import Role


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


def matrix_published(matrix: Matrix) -> facts.MatrixPublished:
    return facts.MatrixPublished(
        site_id=matrix.site_id,
        responsibilities=[responsibility_message(row) for row in matrix.responsibilities],
        leading_office=matrix.leading_office,
        supporting_office=matrix.supporting_office,
        basis_document=matrix.basis_document,
    )


def responsibility_from(message: pb.Responsibility, field: str) -> Responsibility:
    end = None
    if message.HasField("end_date"):
        end = local_day(message.end_date, f"{field}.end_date")
    return Responsibility(
        unit_id=message.unit_id,
        role=Role(pb.ResponsibilityRole.Name(message.role).removeprefix(ROLE)),
        person_id=message.person_id,
        start_date=local_day(message.start_date, f"{field}.start_date"),
        end_date=end,
        deputy=message.deputy,
    )


def responsibility_message(row: Responsibility) -> pb.Responsibility:
    return pb.Responsibility(
        unit_id=row.unit_id,
        role=role_value(row.role),
        person_id=row.person_id,
        start_date=to_date_message(row.start_date),
        end_date=None if row.end_date is None else to_date_message(row.end_date),
        deputy=row.deputy,
    )


def coverage(
    known: Known, gaps: Iterable[Gap], held: Mapping[str, Iterable[Held]]
) -> rpc.GetCoverageResponse:
    """Tells of the units that are there on the day; `gaps` and `held` are of the same."""
    names = known.names
    response = rpc.GetCoverageResponse(
        gaps=[gap_message(gap) for gap in gaps],
        spans=span_messages(spans(known.organisation, known.day, known.span_limit), names),
        span_limit=known.span_limit,
    )
    for unit in known.organisation.units:
        if not unit.days.holds(known.day):
            continue
        response.units.append(
            pb.UnitCoverage(
                unit_id=unit.unit_id,
                unit_name=unit.name,
                kind=unit_kind_value(unit.kind),
                holders=[holder_message(each, names) for each in held.get(unit.unit_id, ())],
            )
        )
    published = known.published
    if published is not None:
        response.matrix_version = published.version
        response.leading_office = published.leading_office
        response.supporting_office = published.supporting_office
        response.basis_document = published.basis_document
    return response


def matrix_message(
    site_id: str, published: Published | None, rows: Iterable[Responsibility]
) -> organisation.GetMatrixResponse:
    response = organisation.GetMatrixResponse(
        site_id=site_id, responsibilities=[responsibility_message(row) for row in rows]
    )
    if published is not None:
        response.version = published.version
        response.leading_office = published.leading_office
        response.supporting_office = published.supporting_office
        response.basis_document = published.basis_document
        response.publish_time.CopyFrom(to_timestamp(published.publish_time))
        response.published_by = published.published_by
    return response


def answers_message(answers: Answers, matrix_version: int) -> organisation.WhoAnswersForResponse:
    return organisation.WhoAnswersForResponse(
        unit_id=answers.unit_id,
        unit_name=answers.unit_name,
        holders=[holder_message(held, answers.names) for held in answers.holders],
        matrix_version=matrix_version,
        missing=[role_value(role) for role in answers.missing],
    )


def preview_message(preview: Preview) -> rpc.PublishMatrixResponse:
    return rpc.PublishMatrixResponse(
        version=preview.version,
        changes=[change_message(change) for change in preview.changes],
        faults=[fault_message(fault) for fault in preview.faults],
        gaps=[gap_message(gap) for gap in preview.gaps],
        spans=span_messages(preview.spans, preview.names),
        moving_case_count=preview.moving,
    )


def span_messages(found: Iterable[Span], names: Mapping[str, str]) -> list[organisation.Span]:
    return [
        organisation.Span(
            person_id=span.person_id,
            person_name=names.get(span.person_id, ""),
            unit_count=span.unit_count,
            over_limit=span.over_limit,
        )
        for span in found
    ]


def holder_message(held: Held, names: Mapping[str, str]) -> pb.UnitCoverage.Holder:
    return pb.UnitCoverage.Holder(
        role=role_value(held.role),
        person_id=held.person_id,
        person_name=names.get(held.person_id, ""),
        deputy_for=held.deputy_for,
    )


def gap_message(gap: Gap) -> pb.CoverageGap:
    return pb.CoverageGap(
        unit_id=gap.unit_id,
        unit_name=gap.unit_name,
        role=role_value(gap.role),
        start_date=to_date_message(gap.start_date),
        end_date=None if gap.end_date is None else to_date_message(gap.end_date),
        person_id=gap.person_id,
    )


def role_value(role: Role) -> pb.ResponsibilityRole.ValueType:
    return pb.ResponsibilityRole.Value(ROLE + role)

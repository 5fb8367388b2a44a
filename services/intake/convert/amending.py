"""Amendments: request → command, what was amended → fact."""

from typing import Any, TypeVar

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as rpc
from backstop.intake.v1 import intake_marks_pb2
from chassis.convert import to_timestamp
from services.intake.convert.enums import from_number, to_number
from services.intake.convert.requests import reporter
from services.intake.domain import amending, values
from services.intake.domain.transitions import Act

E = TypeVar("E", values.CaseKind, values.Urgency)


def amend_case(request: rpc.AmendCaseRequest) -> amending.AmendCase:
    return amending.AmendCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        reason=request.reason,
        text=_text(request, "text"),
        place=_text(request, "place"),
        post_id=_text(request, "post_id"),
        unit_id=_text(request, "unit_id"),
        category=_text(request, "category"),
        kind=_enum(request, "kind", values.CaseKind),
        urgency=_enum(request, "urgency", values.Urgency),
        add_about_persons=tuple(request.add_about_persons),
        reporter=reporter(request.reporter) if request.HasField("reporter") else None,
    )


def case_amended(
    amended: amending.Amended,
    command: amending.AmendCase,
    reached_by: values.Reporter,
    act: Act,
) -> facts.CaseAmended:
    """Tells everything but who the reporter is; `reached_by` is who is on file from now on."""
    case = amended.case
    return facts.CaseAmended(
        case_id=case.case_id,
        reason=command.reason,
        amendments=[
            intake_marks_pb2.Amendment(
                field=one.field, previous_value=one.previous_value, value=one.value
            )
            for one in amended.amendments
        ],
        text=case.text,
        place=case.place,
        post_id=case.post_id,
        unit_id=case.unit_id,
        category=case.category,
        kind=to_number(case.kind),
        urgency=to_number(case.urgency),
        about_persons=case.about_persons,
        has_phone=bool(reached_by.phone),
        has_email=bool(reached_by.email),
        amended_by=act.by,
        amend_time=to_timestamp(act.time),
        reporter_kind=to_number(case.reporter_kind),
        confidentiality=to_number(case.confidentiality),
        receiver=case.receiver,
    )


def _text(request: rpc.AmendCaseRequest, field: Any) -> str | None:
    return str(getattr(request, field)) if request.HasField(field) else None


def _enum(request: rpc.AmendCaseRequest, field: Any, kind: type[E]) -> E | None:
    return from_number(kind, getattr(request, field)) if request.HasField(field) else None

"""Enum numbers of the protos ↔ names of the domain, in one place for all of them."""

from enum import StrEnum
from typing import Any, TypeVar

from backstop.intake.v1 import (
    intake_handover_pb2,
    intake_life_pb2,
    intake_marks_pb2,
    intake_rules_pb2,
)
from backstop.intake.v1 import intake_pb2 as pb
from services.intake.domain import handover, marks, rules, samples, values

E = TypeVar("E", bound=StrEnum)

# Domain enum → its proto enum and the prefix of that one's names.
_PROTO: dict[type[StrEnum], tuple[Any, str]] = {
    values.Channel: (pb.Channel, "CHANNEL_"),
    values.CaseKind: (pb.CaseKind, "CASE_KIND_"),
    values.ReporterKind: (pb.ReporterKind, "REPORTER_KIND_"),
    values.Confidentiality: (pb.Confidentiality, "CONFIDENTIALITY_"),
    values.Urgency: (pb.Urgency, "URGENCY_"),
    values.CaseState: (pb.CaseState, "CASE_STATE_"),
    values.Outcome: (pb.Outcome, "OUTCOME_"),
    values.AnswerKind: (pb.AnswerKind, "ANSWER_KIND_"),
    values.FeedbackWay: (pb.FeedbackWay, "FEEDBACK_WAY_"),
    values.Grade: (pb.Grade, "GRADE_"),
    values.Basis: (pb.ConfirmationBasis, "CONFIRMATION_BASIS_"),
    values.Relation: (pb.Relation, "RELATION_"),
    marks.FlagKind: (pb.CaseFlag, "CASE_FLAG_"),
    marks.ReviewDecision: (intake_marks_pb2.ReviewDecision, "REVIEW_DECISION_"),
    marks.Visibility: (intake_marks_pb2.CommentVisibility, "COMMENT_VISIBILITY_"),
    rules.Numbering: (intake_rules_pb2.Numbering, "NUMBERING_"),
    handover.Change: (intake_handover_pb2.HandoverChange, "HANDOVER_CHANGE_"),
    samples.Stratum: (intake_life_pb2.SampleStratum, "SAMPLE_STRATUM_"),
}


# A page of 50 cases asks 500 times. By kind: members of two kinds are equal where their texts are.
_NUMBERS: dict[type[StrEnum], dict[StrEnum, Any]] = {
    kind: {member: proto.Value(f"{prefix}{member.value or 'UNSPECIFIED'}") for member in kind}
    for kind, (proto, prefix) in _PROTO.items()
}


def to_number(value: StrEnum) -> Any:
    """Returns the proto's number of a domain value; an empty value is UNSPECIFIED."""
    return _NUMBERS[type(value)][value]


def from_number(kind: type[E], number: int) -> E:
    """Returns the domain value of a proto's number; ValueError for one the domain lacks."""
    proto, prefix = _PROTO[kind]
    name: str = proto.Name(number).removeprefix(prefix)
    value: E = kind("" if name == "UNSPECIFIED" and name not in kind.__members__ else name)
    return value


def name_of(proto: Any, prefix: str, number: int) -> str:
    """Returns a peer's enum name without its prefix; the number itself when it is newer than us."""
    value = proto.DESCRIPTOR.values_by_number.get(number)
    return str(number) if value is None else str(value.name.removeprefix(prefix))

"""Requests → commands. The walls have checked the rules of the protos before."""

from datetime import datetime

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_date, to_datetime
from services.intake.convert import marks as marks_of
from services.intake.convert.enums import from_number, to_number
from services.intake.domain import commands, marks, values


def register_case(request: intake_registration_pb2.RegisterCaseRequest) -> commands.RegisterCase:
    """Kind and urgency have the defaults of the proto."""
    return commands.RegisterCase(
        site_id=request.site_id,
        text=request.text,
        channel=from_number(values.Channel, request.channel),
        reporter=reporter(request.reporter),
        place=request.place,
        post_id=request.post_id,
        unit_id=request.unit_id,
        kind=from_number(values.CaseKind, request.kind or pb.CASE_KIND_REQUEST),
        category=request.category,
        urgency=from_number(values.Urgency, request.urgency or pb.URGENCY_NORMAL),
        occurred_time=_time(request, "occurred_time"),
        receiver=request.receiver,
        # The code on a slip belongs to its number as it is printed: in capitals.
        slip_number=request.slip_number.upper(),
        links=tuple(
            values.Link(link.case_id, from_number(values.Relation, link.relation))
            for link in request.links
        ),
        about_persons=tuple(request.about_persons),
        # The same id, however it is written.
        case_id=request.case_id.lower(),
        external_ref=request.external_ref.strip(),
        hazard=request.hazard,
        long_standing=request.long_standing,
        leader=request.leader,
        attachments=marks_of.attachments(request.attachments),
        suggested_duplicates=tuple(dict.fromkeys(request.suggested_duplicates)),
    )


def verify_case(request: rpc.VerifyCaseRequest) -> commands.VerifyCase:
    return commands.VerifyCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        place=request.place,
        findings=request.findings,
        verify_time=_time(request, "verify_time"),
        attachments=marks_of.attachments(request.attachments),
    )


def answer_case(request: rpc.AnswerCaseRequest) -> commands.AnswerCase:
    promised, again = request.HasField("promised_date"), request.HasField("next_date")
    return commands.AnswerCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        kind=from_number(values.AnswerKind, request.kind),
        text=request.text,
        promised_date=to_date(request.promised_date, "promised_date") if promised else None,
        feedback=_feedback(request.feedback) if request.HasField("feedback") else None,
        answer_time=_time(request, "answer_time"),
        next_date=to_date(request.next_date, "next_date") if again else None,
    )


def feed_back_answer(request: rpc.FeedBackAnswerRequest) -> commands.FeedBackAnswer:
    return commands.FeedBackAnswer(
        case_id=request.case_id,
        expected_version=request.expected_version,
        answer_id=request.answer_id,
        feedback=_feedback(request.feedback),
    )


def move_promise(request: rpc.MovePromiseRequest) -> commands.MovePromise:
    return commands.MovePromise(
        case_id=request.case_id,
        expected_version=request.expected_version,
        answer_id=request.answer_id,
        promised_date=to_date(request.promised_date, "promised_date"),
        reason=request.reason,
    )


def flag_case(request: rpc.FlagCaseRequest) -> commands.FlagCase:
    return commands.FlagCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        flag=from_number(marks.FlagKind, request.flag),
        set=not request.remove,
        reason=request.reason,
        leader=request.leader,
    )


def record_callback(request: rpc.RecordCallbackRequest) -> commands.RecordCallback:
    return commands.RecordCallback(
        case_id=request.case_id,
        expected_version=request.expected_version,
        reached=request.reached,
        words=request.words,
        call_time=_time(request, "call_time"),
        grade=from_number(values.Grade, request.grade),
        sample_id=request.sample_id,
    )


def escalate_case(request: rpc.EscalateCaseRequest) -> commands.EscalateCase:
    return commands.EscalateCase(request.case_id, request.expected_version, request.reason)


def resolve_case(request: rpc.ResolveCaseRequest) -> commands.ResolveCase:
    return commands.ResolveCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        resolution=request.resolution,
        outcome=from_number(values.Outcome, request.outcome),
        feedback=_feedback(request.feedback) if request.HasField("feedback") else None,
        resolve_time=_time(request, "resolve_time"),
    )


def confirm_case(request: rpc.ConfirmCaseRequest) -> commands.ConfirmCase:
    return commands.ConfirmCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        grade=from_number(values.Grade, request.grade),
        words=request.words,
        receipt_code=request.receipt_code,
    )


def reject_case(request: rpc.RejectCaseRequest) -> commands.RejectCase:
    return commands.RejectCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        reason=request.reason,
        receipt_code=request.receipt_code,
    )


def close_case(request: rpc.CloseCaseRequest) -> commands.CloseCase:
    return commands.CloseCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        outcome=from_number(values.Outcome, request.outcome),
        remark=request.remark,
    )


def unseal_reporter(request: rpc.UnsealReporterRequest) -> commands.UnsealReporter:
    return commands.UnsealReporter(request.case_id, request.reason)


def basis(outcome: str) -> pb.ConfirmationBasis.ValueType:
    """Returns the basis that a confirmation's receipt keeps as its outcome."""
    number: pb.ConfirmationBasis.ValueType = to_number(values.Basis(outcome))
    return number


def _time(request: object, field: str) -> datetime | None:
    if not request.HasField(field):  # type: ignore[attr-defined] # any request of this service
        return None
    return to_datetime(getattr(request, field), field)


def reporter(message: pb.Reporter) -> values.Reporter:
    """Returns a reporter as told, or as it was sealed."""
    return values.Reporter(
        kind=from_number(values.ReporterKind, message.kind),
        confidentiality=from_number(values.Confidentiality, message.confidentiality),
        name=message.name.strip(),
        person_code=message.person_code.strip(),
        phone=message.phone.strip(),
        email=message.email.strip(),
        representative=(
            _representative(message.representative) if message.HasField("representative") else None
        ),
    )


def _representative(message: pb.Representative) -> values.Representative:
    return values.Representative(
        name=message.name.strip(), phone=message.phone.strip(), relation=message.relation.strip()
    )


def _feedback(message: pb.Feedback) -> commands.GivenFeedback:
    given = message.HasField("feedback_time")
    return commands.GivenFeedback(
        way=from_number(values.FeedbackWay, message.way),
        feedback_time=(
            to_datetime(message.feedback_time, "feedback.feedback_time") if given else None
        ),
        note=message.note,
    )

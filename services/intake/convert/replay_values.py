"""Messages in intake's own facts → the values that they were made of."""

from backstop.intake.v1 import intake_marks_pb2
from backstop.intake.v1 import intake_pb2 as pb
from chassis.convert import opt_datetime, to_date, to_datetime
from services.intake.convert.enums import from_number
from services.intake.convert.marks import attachments
from services.intake.domain import marks, values


def link(message: pb.Link) -> values.Link:
    """Returns a tie; whom the other case is about isn't in the fact."""
    return values.Link(message.case_id, from_number(values.Relation, message.relation))


def feedback(message: pb.Feedback, answer_id: str, cycle: int, recorded_by: str) -> values.Feedback:
    return values.Feedback(
        way=from_number(values.FeedbackWay, message.way),
        feedback_time=to_datetime(message.feedback_time),
        note=message.note,
        answer_id=answer_id,
        cycle=cycle,
        recorded_by=recorded_by,
    )


def verification(message: pb.Verification) -> values.Verification:
    return values.Verification(
        place=message.place,
        findings=message.findings,
        verified_by=message.verified_by,
        verify_time=to_datetime(message.verify_time),
        attachments=attachments(message.attachments),
    )


def referral(message: intake_marks_pb2.Referral, version: int) -> marks.Referral:
    return marks.Referral(
        version=version,
        cycle=message.cycle,
        body=message.body,
        reference=message.reference,
        reason=message.reason,
        referred_by=message.referred_by,
        refer_time=to_datetime(message.refer_time),
        result=message.result,
        result_recorded_by=message.result_recorded_by,
        result_time=opt_datetime(message.HasField("result_time"), message.result_time),
    )


def review(message: intake_marks_pb2.Review) -> marks.Review:
    return marks.Review(
        cycle=message.cycle,
        decision=from_number(marks.ReviewDecision, message.decision),
        findings=message.findings,
        verified_by=message.verified_by,
        reviewed_by=message.reviewed_by,
        review_time=to_datetime(message.review_time),
    )


def comment(message: intake_marks_pb2.Comment) -> marks.Comment:
    return marks.Comment(
        visibility=from_number(marks.Visibility, message.visibility),
        text=message.text,
        written_by=message.written_by,
        by_reporter=message.by_reporter,
        comment_time=to_datetime(message.comment_time),
        attachments=attachments(message.attachments),
    )


def meeting(message: intake_marks_pb2.CoordinationMeeting, cycle: int) -> marks.Meeting:
    dated = message.HasField("next_date")
    return marks.Meeting(
        cycle=cycle,
        meeting_time=to_datetime(message.meeting_time),
        chaired_by=message.chaired_by,
        participants=tuple(message.participants),
        unit_ids=tuple(message.unit_ids),
        decisions=message.decisions,
        next_date=to_date(message.next_date) if dated else None,
        recorded_by=message.recorded_by,
    )

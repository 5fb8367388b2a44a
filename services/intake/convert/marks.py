"""What stands beside a case's course → messages, and attachments both ways."""

from collections.abc import Iterable

from backstop.intake.v1 import intake_marks_pb2
from backstop.intake.v1 import intake_pb2 as pb
from chassis.convert import set_timestamp, to_date_message, to_timestamp
from services.intake.convert.enums import to_number
from services.intake.domain import marks, values


def add(message: pb.Case, file: values.CaseFile) -> None:
    """Adds to a case's message what hangs on its file beside answers, clocks and tasks."""
    if file.referrals:
        message.referral.CopyFrom(referral(file.referrals[-1]))
    if file.withdrawals and file.withdrawals[-1].cycle == file.case.cycle:
        message.withdrawal.CopyFrom(withdrawal(file.withdrawals[-1]))
    message.reviews.extend(review(one) for one in file.reviews)
    message.comments.extend(comment(one) for one in file.comments)
    message.meetings.extend(meeting(one) for one in file.meetings)
    message.attachments.extend(attachment(one) for one in file.attachments)
    message.follower_count = len(file.followers)


def attachment(one: marks.Attachment) -> intake_marks_pb2.Attachment:
    return intake_marks_pb2.Attachment(
        reference=one.reference,
        sha256=one.sha256,
        media_type=one.media_type,
        size_bytes=one.size_bytes,
        caption=one.caption,
    )


def attachments(told: Iterable[intake_marks_pb2.Attachment]) -> tuple[marks.Attachment, ...]:
    """Returns attachments as a request names them."""
    return tuple(
        marks.Attachment(
            one.reference, one.sha256, one.media_type, one.size_bytes, one.caption.strip()
        )
        for one in told
    )


def referral(one: marks.Referral) -> intake_marks_pb2.Referral:
    message = intake_marks_pb2.Referral(
        body=one.body,
        reference=one.reference,
        reason=one.reason,
        referred_by=one.referred_by,
        refer_time=to_timestamp(one.refer_time),
        result=one.result,
        result_recorded_by=one.result_recorded_by,
        cycle=one.cycle,
    )
    set_timestamp(message.result_time, one.result_time)
    return message


def withdrawal(one: marks.Withdrawal) -> pb.Withdrawal:
    return pb.Withdrawal(
        reason=one.reason,
        basis=to_number(values.Basis(one.basis)),
        counts=one.counts,
        withdraw_time=to_timestamp(one.withdraw_time),
    )


def review(one: marks.Review) -> intake_marks_pb2.Review:
    return intake_marks_pb2.Review(
        decision=to_number(one.decision),
        findings=one.findings,
        verified_by=one.verified_by,
        reviewed_by=one.reviewed_by,
        review_time=to_timestamp(one.review_time),
        cycle=one.cycle,
    )


def comment(one: marks.Comment) -> intake_marks_pb2.Comment:
    return intake_marks_pb2.Comment(
        visibility=to_number(one.visibility),
        text=one.text,
        written_by=one.written_by,
        by_reporter=one.by_reporter,
        comment_time=to_timestamp(one.comment_time),
        attachments=[attachment(attached) for attached in one.attachments],
    )


def meeting(one: marks.Meeting) -> intake_marks_pb2.CoordinationMeeting:
    message = intake_marks_pb2.CoordinationMeeting(
        meeting_time=to_timestamp(one.meeting_time),
        chaired_by=one.chaired_by,
        participants=one.participants,
        unit_ids=one.unit_ids,
        decisions=one.decisions,
        recorded_by=one.recorded_by,
    )
    if one.next_date is not None:
        message.next_date.CopyFrom(to_date_message(one.next_date))
    return message

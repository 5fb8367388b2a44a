"""Comments and meetings: requests → commands, what was said → facts."""

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as rpc
from backstop.intake.v1 import intake_marks_pb2
from chassis.convert import opt_datetime, to_date
from services.intake.convert import marks as marks_of
from services.intake.convert.enums import from_number
from services.intake.domain import marks, talking, values


def comment_case(request: rpc.CommentCaseRequest) -> talking.CommentCase:
    """Unless told otherwise a comment is internal."""
    visibility = request.visibility or intake_marks_pb2.COMMENT_VISIBILITY_INTERNAL
    return talking.CommentCase(
        case_id=request.case_id,
        text=request.text,
        visibility=from_number(marks.Visibility, visibility),
        attachments=marks_of.attachments(request.attachments),
    )


def record_meeting(request: rpc.RecordMeetingRequest) -> talking.RecordMeeting:
    dated = request.HasField("next_date")
    return talking.RecordMeeting(
        case_id=request.case_id,
        expected_version=request.expected_version,
        meeting_time=opt_datetime(
            request.HasField("meeting_time"), request.meeting_time, "meeting_time"
        ),
        chaired_by=request.chaired_by,
        participants=tuple(request.participants),
        unit_ids=tuple(request.unit_ids),
        decisions=request.decisions,
        next_date=to_date(request.next_date, "next_date") if dated else None,
    )


def case_commented(case: values.Case, comment: marks.Comment) -> facts.CaseCommented:
    return facts.CaseCommented(case_id=case.case_id, comment=marks_of.comment(comment))


def case_meeting_recorded(case: values.Case, meeting: marks.Meeting) -> facts.CaseMeetingRecorded:
    return facts.CaseMeetingRecorded(
        case_id=case.case_id, cycle=meeting.cycle, meeting=marks_of.meeting(meeting)
    )

"""What registering says beside the case itself: flags, codes, what a hazard's taker must do."""

from google.type import timeofday_pb2

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_marks_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from chassis.convert import to_date, to_timestamp
from chassis.errors import ENGLISH
from services.intake.convert.enums import to_number
from services.intake.domain import lateness, marks, values
from services.intake.domain.rules import Rules
from services.intake.domain.times import bounded

_CALL_NOW = {
    False: ("安全隐患，请立即拨打调度室电话{phone}，不要等待。", "", " {phone}"),
    True: ("This is a hazard: phone the dispatch room{phone} now, don't wait.", "", " ({phone})"),
}


def case_flagged(case: values.Case, flag: marks.Flag) -> facts.CaseFlagged:
    """Tells of a flag that a case has from the start."""
    return facts.CaseFlagged(
        case_id=case.case_id,
        flag=to_number(flag.kind),
        set=True,
        reason=flag.reason,
        leader=flag.leader,
        flag_time=to_timestamp(flag.flag_time),
    )


def case_code_reissued(
    case: values.Case, reason: str, issued_by: str, attempt: int
) -> facts.CaseCodeReissued:
    return facts.CaseCodeReissued(
        case_id=case.case_id, reason=reason, issued_by=issued_by, attempt=attempt
    )


def hazard_notice(rules: Rules, language: str) -> intake_marks_pb2.HazardNotice:
    """Says what whoever has taken a hazard must do at once, in their language."""
    sentence, without, with_number = _CALL_NOW[language == ENGLISH]
    phone = with_number.format(phone=rules.hazard_phone) if rules.hazard_phone else without
    return intake_marks_pb2.HazardNotice(
        text=sentence.format(phone=phone), phone_number=rules.hazard_phone
    )


def roster_shifts(message: routing_facts_pb2.RosterPublished) -> list[lateness.RosterShift]:
    """Returns the roster's shifts, of posts and positions alike."""
    return [_shift(one) for one in message.shifts]


def _second(at: timeofday_pb2.TimeOfDay) -> int:
    second: int = at.hours * 3_600 + at.minutes * 60 + at.seconds
    return second


def _shift(message: routing_pb2.Shift) -> lateness.RosterShift:
    first = bounded(to_date(message.start_date, "start_date"))
    last = message.end_date if message.HasField("end_date") else message.start_date
    return lateness.RosterShift(
        person_id=message.person_id,
        start_date=first,
        end_date=bounded(to_date(last, "end_date")),
        start_second=_second(message.start_time),
        end_second=_second(message.end_time),
    )

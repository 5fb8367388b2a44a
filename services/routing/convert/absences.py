"""Absences between their messages and values."""

from backstop.routing.v1 import routing_organisation_pb2 as pb
from chassis.convert import opt_datetime, set_timestamp, to_date, to_date_message, to_datetime
from services.routing.convert.common import invalid, local_day
from services.routing.domain.absences import Absence
from services.routing.domain.commands.absences import CancelAbsence, RecordAbsence


def record_absence(request: pb.RecordAbsenceRequest) -> RecordAbsence:
    """Raises Refused INVALID_FIELD for a day that no calendar bears and one's own deputy."""
    if request.deputy and request.deputy == request.person_id:
        raise invalid("deputy", "the person who is away")
    return RecordAbsence(
        site_id=request.site_id,
        person_id=request.person_id,
        start_date=local_day(request.start_date, "start_date"),
        end_date=local_day(request.end_date, "end_date"),
        deputy=request.deputy,
        reason=request.reason,
    )


def cancel_absence(request: pb.CancelAbsenceRequest) -> CancelAbsence:
    return CancelAbsence(request.site_id, request.absence_id)


def absence_message(absence: Absence) -> pb.Absence:
    message = pb.Absence(
        absence_id=absence.absence_id,
        site_id=absence.site_id,
        person_id=absence.person_id,
        start_date=to_date_message(absence.start_date),
        end_date=to_date_message(absence.end_date),
        deputy=absence.deputy,
        reason=absence.reason,
        recorded_by=absence.recorded_by,
    )
    set_timestamp(message.record_time, absence.record_time)
    set_timestamp(message.cancel_time, absence.cancel_time)
    return message


def absence_from(message: pb.Absence) -> Absence:
    """Returns an absence as a fact tells it."""
    return Absence(
        absence_id=message.absence_id,
        site_id=message.site_id,
        person_id=message.person_id,
        start_date=to_date(message.start_date),
        end_date=to_date(message.end_date),
        deputy=message.deputy,
        reason=message.reason,
        recorded_by=message.recorded_by,
        record_time=to_datetime(message.record_time),
        cancel_time=opt_datetime(message.HasField("cancel_time"), message.cancel_time),
    )

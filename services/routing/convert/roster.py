"""The duty roster between its messages and values."""

from collections.abc import Iterable, Sequence

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message, to_timestamp
from services.routing.convert.common import (
    DAY_SECONDS,
    invalid,
    local_day,
    second_of_day,
    time_of_day,
)
from services.routing.domain.commands import lists as commands
from services.routing.domain.commands.roster import SwapShift
from services.routing.domain.roster import Duty, Roster, Shift, Swap
from services.routing.domain.roster_gaps import PostGap


def publish_roster(request: rpc.PublishRosterRequest) -> commands.PublishRoster:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    roster = Roster(request.site_id, shifts_from(request.shifts, "shifts"))
    return commands.PublishRoster(request.expected_version, roster)


def shifts_from(messages: Iterable[pb.Shift], field: str) -> tuple[Shift, ...]:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    return tuple(shift_from(one, f"{field}[{index}]") for index, one in enumerate(messages))


def roster_published(roster: Roster) -> facts.RosterPublished:
    return facts.RosterPublished(
        site_id=roster.site_id, shifts=[shift_message(shift) for shift in roster.shifts]
    )


def shift_from(message: pb.Shift, field: str) -> Shift:
    start = local_day(message.start_date, f"{field}.start_date")
    end = start
    if message.HasField("end_date"):
        end = local_day(message.end_date, f"{field}.end_date")
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


def swap_shift(request: organisation.SwapShiftRequest) -> SwapShift:
    """Raises Refused INVALID_FIELD for no place or two, and for a swap with oneself."""
    if bool(request.post_id) == bool(request.position_id):
        raise invalid("post_id", "exactly one of post_id and position_id is set")
    if request.from_person_id == request.to_person_id:
        raise invalid("to_person_id", "the one who has the shift already")
    return SwapShift(
        site_id=request.site_id,
        post_id=request.post_id,
        position_id=request.position_id,
        day=local_day(request.date, "date"),
        start_second=second_of_day(request.start_time, "start_time"),
        from_person_id=request.from_person_id,
        to_person_id=request.to_person_id,
        reason=request.reason,
    )


def swap_message(swap: Swap) -> organisation.ShiftSwap:
    return organisation.ShiftSwap(
        swap_id=swap.swap_id,
        post_id=swap.post_id,
        position_id=swap.position_id,
        date=to_date_message(swap.day),
        start_time=time_of_day(swap.start_second),
        from_person_id=swap.from_person_id,
        to_person_id=swap.to_person_id,
        reason=swap.reason,
        approved_by=swap.approved_by,
        record_time=to_timestamp(swap.record_time),
    )


def shift_swapped(site_id: str, swap: Swap) -> facts.ShiftSwapped:
    return facts.ShiftSwapped(site_id=site_id, swap=swap_message(swap))


def gap_messages(gaps: Iterable[PostGap]) -> list[organisation.PostGap]:
    return [
        organisation.PostGap(
            post_id=gap.post_id,
            post_name=gap.post_name,
            start_time=to_timestamp(gap.start),
            end_time=to_timestamp(gap.end),
        )
        for gap in gaps
    ]


def on_duty(duties: Sequence[Duty]) -> rpc.WhoIsOnDutyResponse:
    """Tells of all who are on duty, of the first above all; nobody when there is none."""
    there = [duty for duty in duties if duty.person_id]
    if not there:
        return rpc.WhoIsOnDutyResponse()
    return rpc.WhoIsOnDutyResponse(
        person_id=there[0].person_id,
        person_name=there[0].person_name,
        by_roster=there[0].by_roster,
        person_ids=[duty.person_id for duty in there],
    )

"""Contacts with units between their messages and values."""

from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_pb2
from chassis.convert import set_timestamp, to_datetime, to_timestamp
from services.routing.convert.common import FORM, invalid, opt_instant
from services.routing.domain.commands import outreach as commands
from services.routing.domain.matrix import Published
from services.routing.domain.outreach import Clock, Form, Kept, Outreach


def record_outreach(request: rpc.RecordOutreachRequest) -> commands.RecordOutreach:
    """Raises Refused INVALID_FIELD unless exactly one of unit_id and unit_ids is given."""
    if bool(request.unit_id) == bool(request.unit_ids):
        raise invalid("unit_id", "exactly one of unit_id and unit_ids is set")
    return commands.RecordOutreach(
        site_id=request.site_id,
        unit_ids=tuple(request.unit_ids) or (request.unit_id,),
        together=bool(request.unit_ids),
        form=Form(pb.OutreachForm.Name(request.form).removeprefix(FORM)),
        place=request.place,
        heard=request.heard,
        outreach_time=opt_instant(
            request.HasField("outreach_time"), request.outreach_time, "outreach_time"
        ),
        case_ids=tuple(request.case_ids),
        heard_count=request.heard_count,
    )


def outreach_message(outreach: Outreach) -> pb.Outreach:
    return pb.Outreach(
        outreach_id=outreach.outreach_id,
        site_id=outreach.site_id,
        unit_id=outreach.unit_id,
        form=pb.OutreachForm.Value(FORM + outreach.form),
        place=outreach.place,
        heard=outreach.heard,
        done_by=outreach.done_by,
        outreach_time=to_timestamp(outreach.outreach_time),
        record_time=to_timestamp(outreach.record_time),
        occasion_id=outreach.occasion_id,
        case_ids=outreach.case_ids,
        heard_count=outreach.heard_count,
    )


def outreach_recorded(outreach: Outreach) -> facts.OutreachRecorded:
    return facts.OutreachRecorded(
        site_id=outreach.site_id,
        unit_id=outreach.unit_id,
        outreach_id=outreach.outreach_id,
        form=pb.OutreachForm.Value(FORM + outreach.form),
        place=outreach.place,
        heard=outreach.heard,
        done_by=outreach.done_by,
        outreach_time=to_timestamp(outreach.outreach_time),
        occasion_id=outreach.occasion_id,
        case_ids=outreach.case_ids,
        heard_count=outreach.heard_count,
    )


def clock(message: sla_pb2.Clock) -> Clock:
    """Returns a unit's clock as sla tells of it."""
    return Clock(
        message.clock_id,
        to_datetime(message.start_time),
        to_datetime(message.due_time),
        to_datetime(message.breach_time) if message.HasField("breach_time") else None,
    )


def overview(
    units: Sequence[Kept], now: datetime, published: Published | None, *, overdue_only: bool
) -> rpc.GetOutreachOverviewResponse:
    """Tells of units in their order, or of the overdue ones among them."""
    overdue = [kept for kept in units if kept.overdue(now)]
    return rpc.GetOutreachOverviewResponse(
        units=[_unit_outreach(kept, now) for kept in (overdue if overdue_only else units)],
        overdue_count=len(overdue),
        leading_office=published.leading_office if published else "",
        supporting_office=published.supporting_office if published else "",
    )


def _unit_outreach(kept: Kept, now: datetime) -> rpc.GetOutreachOverviewResponse.UnitOutreach:
    message = rpc.GetOutreachOverviewResponse.UnitOutreach(
        unit_id=kept.unit_id,
        unit_name=kept.unit_name,
        steward=kept.steward,
        steward_name=kept.steward_name,
        contact_count=kept.contact_count,
        case_count=kept.case_count,
        overdue=kept.overdue(now),
    )
    set_timestamp(message.due_time, kept.due_time(now))
    if kept.last is not None:
        set_timestamp(message.last_time, kept.last.time)
        message.last_by = kept.last.by
        if kept.last.form is not None:
            message.last_form = pb.OutreachForm.Value(FORM + kept.last.form)
    return message

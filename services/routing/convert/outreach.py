"""Contacts with units between their messages and values."""

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from services.routing.convert.common import FORM, opt_instant
from services.routing.domain import commands
from services.routing.domain.outreach import Form, Outreach


def record_outreach(request: rpc.RecordOutreachRequest) -> commands.RecordOutreach:
    return commands.RecordOutreach(
        request.site_id,
        request.unit_id,
        Form(pb.OutreachForm.Name(request.form).removeprefix(FORM)),
        request.place,
        request.heard,
        opt_instant(request.HasField("outreach_time"), request.outreach_time, "outreach_time"),
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
    )

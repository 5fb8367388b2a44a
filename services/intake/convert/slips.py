"""Pads of slips ↔ their messages."""

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.convert import to_timestamp
from services.intake.domain.codes import Codes
from services.intake.domain.slips import IssuePad, Pad, slip_number


def issue_pad(request: rpc.IssueSlipPadRequest) -> IssuePad:
    return IssuePad(request.site_id, request.prefix, request.count, request.note.strip())


def slip_pad_issued(pad: Pad) -> facts.SlipPadIssued:
    return facts.SlipPadIssued(
        site_id=pad.site_id,
        pad_id=pad.pad_id,
        first_slip_number=slip_number(pad.prefix, pad.first),
        last_slip_number=slip_number(pad.prefix, pad.last),
        issued_by=pad.issued_by,
    )


def printed(pad: Pad, codes: Codes) -> list[rpc.PrintedSlip]:
    """Returns a pad's slips with their codes, which are derived and kept nowhere."""
    return [
        rpc.PrintedSlip(slip_number=one, receipt_code=codes.of_slip(pad.site_id, one))
        for one in pad.numbers
    ]


def slip_pad(pad: Pad) -> rpc.SlipPad:
    return rpc.SlipPad(
        pad_id=pad.pad_id,
        first_slip_number=slip_number(pad.prefix, pad.first),
        last_slip_number=slip_number(pad.prefix, pad.last),
        count=pad.last - pad.first + 1,
        used_count=pad.used,
        issued_by=pad.issued_by,
        issue_time=to_timestamp(pad.issue_time),
        note=pad.note,
    )

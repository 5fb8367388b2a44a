"""Handovers and samples ↔ their messages, and the facts about them."""

from collections.abc import Sequence
from datetime import datetime

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_handover_pb2, intake_life_pb2
from chassis.convert import set_timestamp, to_date, to_date_message, to_timestamp
from services.intake.convert import replies
from services.intake.convert.enums import to_number
from services.intake.domain import commands, handover, samples
from services.intake.domain.handover import LINES_SHOWN
from services.intake.domain.times import bounded
from services.intake.store.handover import Handover, Line
from services.intake.store.samples import Sample, Sampled


def prepare_handover(
    request: intake_handover_pb2.PrepareShiftHandoverRequest,
) -> commands.PrepareHandover:
    return commands.PrepareHandover(request.site_id, request.incoming, request.note.strip())


def draw_sample(request: intake_life_pb2.DrawCallbackSampleRequest) -> commands.DrawSample:
    return commands.DrawSample(
        site_id=request.site_id,
        start_date=bounded(to_date(request.start_date, "start_date")),
        end_date=bounded(to_date(request.end_date, "end_date")),
        count=request.count,
        seed=request.seed,
    )


def handover_prepared(
    made: Handover, lines: Sequence[handover.Entry]
) -> facts.ShiftHandoverPrepared:
    """`lines` are those of the snapshot, the closed among them."""
    return facts.ShiftHandoverPrepared(
        handover_id=made.handover_id,
        site_id=made.site_id,
        sequence=made.sequence,
        outgoing=made.outgoing,
        incoming=made.incoming,
        open_count=sum(line.change is not handover.Change.CLOSED for line in lines),
        at_risk_count=made.at_risk,
        prepare_time=to_timestamp(made.prepare_time),
    )


def handover_signed(found: Handover, sign_time: datetime) -> facts.ShiftHandoverSigned:
    return facts.ShiftHandoverSigned(
        handover_id=found.handover_id,
        site_id=found.site_id,
        incoming=found.incoming,
        sign_time=to_timestamp(sign_time),
    )


def sample_drawn(sample: Sample, drawn: Sequence[samples.Drawn]) -> facts.CallbackSampleDrawn:
    return facts.CallbackSampleDrawn(
        sample_id=sample.sample_id,
        site_id=sample.site_id,
        start_date=to_date_message(sample.start_date),
        end_date=to_date_message(sample.end_date),
        seed=sample.seed,
        population_count=sample.population_count,
        case_ids=[one.case_id for one in drawn],
    )


def handover_message(
    found: Handover, lines: Sequence[Line] = ()
) -> intake_handover_pb2.ShiftHandover:
    """Returns a handover; whoever prepared it has signed it by that."""
    sums = found.reckoning
    message = intake_handover_pb2.ShiftHandover(
        handover_id=found.handover_id,
        site_id=found.site_id,
        sequence=found.sequence,
        prepared_by=found.outgoing,
        prepare_time=to_timestamp(found.prepare_time),
        outgoing=found.outgoing,
        outgoing_sign_time=to_timestamp(found.prepare_time),
        incoming=found.incoming,
        note=found.note,
        incoming_note=found.incoming_note,
        reckoning=intake_handover_pb2.HandoverReckoning(
            open_before=sums.open_before,
            registered=sums.registered,
            reopened=sums.reopened,
            closed=sums.closed,
            open_now=sums.open_now,
            balanced=sums.balanced,
        ),
        at_risk_count=found.at_risk,
        promised_today_count=found.promised_today,
        cases=[_line(one) for one in lines[:LINES_SHOWN]],
        cases_left_off=max(0, len(lines) - LINES_SHOWN),
    )
    set_timestamp(message.incoming_sign_time, found.incoming_sign_time)
    return message


def sample_message(
    sample: Sample, heard: samples.Heard, sampled: Sequence[Sampled] = ()
) -> intake_life_pb2.CallbackSample:
    """Returns a sample with what was declared and what was heard."""
    return intake_life_pb2.CallbackSample(
        sample_id=sample.sample_id,
        site_id=sample.site_id,
        start_date=to_date_message(sample.start_date),
        end_date=to_date_message(sample.end_date),
        seed=sample.seed,
        asked_count=sample.asked_count,
        drawn_by=sample.drawn_by,
        draw_time=to_timestamp(sample.draw_time),
        population_count=sample.population_count,
        cases=[_sampled(one) for one in sampled],
        reached_count=heard.reached,
        agreeing_count=heard.agreeing,
    )


def _line(line: Line) -> intake_handover_pb2.HandoverCase:
    entry: handover.Entry = line.entry
    message = intake_handover_pb2.HandoverCase(
        case_id=entry.case_id,
        number=line.number,
        state=to_number(entry.state),
        change=to_number(entry.change),
        at_risk=entry.at_risk,
        promised_today=entry.promised_today,
        accountable=entry.accountable,
        text=line.text,
        place=line.place,
        unit_id=line.unit_id,
        urgent=line.urgent,
        hazard=line.hazard,
        about_persons=line.about_persons,
    )
    set_timestamp(message.due_time, entry.due_time)
    return message


def _sampled(one: Sampled) -> intake_life_pb2.SampledCase:
    return intake_life_pb2.SampledCase(
        case_id=one.drawn.case_id,
        number=one.number,
        stratum=to_number(one.drawn.stratum),
        declared_outcome=to_number(one.drawn.outcome),
        declared_grade=to_number(one.drawn.grade),
        callback=replies.callback(one.callback) if one.callback else None,
    )

"""Handovers and samples ↔ their messages."""

from collections.abc import Sequence

from backstop.intake.v1 import intake_handover_pb2, intake_life_pb2
from chassis.convert import set_timestamp, to_date, to_date_message, to_timestamp
from services.intake.convert import replies
from services.intake.convert.enums import to_number
from services.intake.domain import handover, samples
from services.intake.domain.handover import LINES_SHOWN
from services.intake.domain.times import bounded
from services.intake.domain.values import Grade
from services.intake.handlers import shifts
from services.intake.store.handover import Handover, Line
from services.intake.store.samples import Sample, Sampled


def draw_sample(request: intake_life_pb2.DrawCallbackSampleRequest) -> shifts.DrawSample:
    return shifts.DrawSample(
        site_id=request.site_id,
        start_date=bounded(to_date(request.start_date, "start_date")),
        end_date=bounded(to_date(request.end_date, "end_date")),
        count=request.count,
        seed=request.seed,
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
    sample: Sample, sampled: Sequence[Sampled] = ()
) -> intake_life_pb2.CallbackSample:
    """Returns a sample with what was declared and what was heard."""
    heard = [one for one in sampled if one.callback is not None and one.callback.reached]
    graded = [
        (one.drawn, Grade(one.callback.grade))
        for one in heard
        if one.callback is not None and one.callback.grade
    ]
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
        reached_count=len(heard),
        agreeing_count=sum(
            samples.agrees(drawn.grade, drawn.outcome, grade) for drawn, grade in graded
        ),
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

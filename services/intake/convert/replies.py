"""Domain → what callers read."""

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import set_timestamp, to_date_message, to_timestamp
from services.intake.convert import marks as marks_of
from services.intake.convert.enums import to_number
from services.intake.domain import clocks, marks, room, values


def case_row(case: values.Case, *, overdue: bool) -> pb.Case:
    """Returns a case without what hangs on it, as in lists."""
    message = pb.Case(
        case_id=case.case_id,
        site_id=case.site_id,
        number=case.number,
        state=to_number(case.state),
        kind=to_number(case.kind),
        category=case.category,
        channel=to_number(case.channel),
        post_id=case.post_id,
        place=case.place,
        unit_id=case.unit_id,
        text=case.text,
        urgency=to_number(case.urgency),
        reporter_kind=to_number(case.reporter_kind),
        confidentiality=to_number(case.confidentiality),
        occurred_time=to_timestamp(case.occurred_time),
        record_time=to_timestamp(case.record_time),
        receiver=case.receiver,
        steward=case.steward,
        accountable=case.accountable,
        level=case.level,
        cycle=case.cycle,
        reopen_count=case.reopen_count,
        resolution=case.resolution,
        proposed_outcome=to_number(case.proposed_outcome),
        outcome=to_number(case.outcome),
        grade=to_number(case.grade),
        confirmation_basis=to_number(case.basis),
        version=case.version,
        deliveries_planned=case.deliveries_planned,
        deliveries_sent=case.deliveries_sent,
        slip_number=case.slip_number,
        flags=[_flag(one) for one in case.flags],
        pause=_pause(case.pause) if case.pause else None,
        promise_move_count=case.promise_move_count,
        about_persons=case.about_persons,
        recused_persons=case.recused_persons,
        late_entry=case.late_entry,
        external_system=case.external_system,
        external_ref=case.external_ref,
        suggested_category=case.suggested_category,
        overdue=overdue,
    )
    set_timestamp(message.next_wake_time, case.next_wake_time)
    set_timestamp(message.due_time, case.due_time)
    set_timestamp(message.resolve_time, case.resolve_time)
    set_timestamp(message.resolve_record_time, case.resolve_record_time)
    set_timestamp(message.close_time, case.close_time)
    return message


def case_file(file: values.CaseFile) -> pb.Case:
    """Returns the whole case file, but for tasks and clocks where there are too many."""
    message = case_row(file.case, overdue=clocks.overdue(file.case, file.clocks))
    message.first_reply_owed_by = file.first_reply_owed_by
    message.answers.extend(answer(one, file) for one in file.answers)
    message.verifications.extend(verification(one) for one in file.verifications)
    orders, shown = room.work_orders_shown(file.work_orders), room.clocks_shown(file.clocks)
    message.work_orders.extend(_work_order(one) for one in orders)
    message.work_orders_left_off = len(file.work_orders) - len(orders)
    message.clocks.extend(_clock(one) for one in shown)
    message.clocks_left_off = len(file.clocks) - len(shown)
    message.links.extend(link(one) for one in file.links)
    message.callbacks.extend(callback(one) for one in file.callbacks)
    message.result_feedbacks.extend(
        feedback(one)
        for one in file.feedbacks
        if not one.answer_id and one.cycle == file.case.cycle
    )
    marks_of.add(message, file)
    return message


def tracked_case(file: values.CaseFile) -> pb.Case:
    """Returns of a case what the holder of its code may see: no names."""
    shown = track(file)
    return pb.Case(
        case_id=shown.case_id,
        number=shown.number,
        state=shown.state,
        outcome=shown.outcome,
        answers=shown.answers,
        resolution=shown.resolution,
        version=shown.version,
        pause=shown.pause if shown.HasField("pause") else None,
    )


def track(file: values.CaseFile) -> rpc.TrackCaseResponse:
    """Returns how a case stands, without names."""
    case = file.case
    message = rpc.TrackCaseResponse(
        case_id=case.case_id,
        number=case.number,
        state=to_number(case.state),
        outcome=to_number(case.outcome),
        answers=[_followed(one, file) for one in file.answers],
        resolution=case.resolution,
        version=case.version,
    )
    if case.pause is not None:
        message.pause.CopyFrom(_nameless_pause(case.pause))
    due, message.late = clocks.owed_to_reporter(case, file.clocks)
    set_timestamp(message.next_due_time, due)
    return message


def feedback(one: values.Feedback) -> pb.Feedback:
    return pb.Feedback(
        way=to_number(one.way), feedback_time=to_timestamp(one.feedback_time), note=one.note
    )


def answer(one: values.Answer, file: values.CaseFile) -> pb.Answer:
    """Returns an answer with its own feedbacks and moves out of those of the case."""
    message = _nameless(one)
    message.answered_by = one.answered_by
    message.feedbacks.extend(feedback(f) for f in file.feedbacks if f.answer_id == one.answer_id)
    for move in file.promise_moves:
        if move.answer_id == one.answer_id:
            made = _nameless_move(move)
            made.reason, made.approved_by = move.reason, move.approved_by
            message.moves.append(made)
    return message


def verification(one: values.Verification) -> pb.Verification:
    return pb.Verification(
        place=one.place,
        findings=one.findings,
        verified_by=one.verified_by,
        verify_time=to_timestamp(one.verify_time),
        attachments=[marks_of.attachment(attached) for attached in one.attachments],
    )


def link(one: values.Link) -> pb.Link:
    return pb.Link(case_id=one.case_id, relation=to_number(one.relation))


def timeline_entry(step: values.Step, sentence: str) -> pb.TimelineEntry:
    return pb.TimelineEntry(
        source=step.source,
        version=step.version,
        type=step.type.rpartition(".")[2],
        occurred_time=to_timestamp(step.occurred_time),
        record_time=to_timestamp(step.record_time),
        actor=step.actor,
        acting_for=step.acting_for,
        sentence=sentence,
    )


def reporter(one: values.Reporter) -> pb.Reporter:
    return pb.Reporter(
        kind=to_number(one.kind),
        confidentiality=to_number(one.confidentiality),
        name=one.name,
        person_code=one.person_code,
        phone=one.phone,
        email=one.email,
        representative=_representative(one.representative) if one.representative else None,
    )


def _representative(one: values.Representative) -> pb.Representative:
    return pb.Representative(name=one.name, phone=one.phone, relation=one.relation)


def _nameless(one: values.Answer) -> pb.Answer:
    message = pb.Answer(
        answer_id=one.answer_id,
        kind=to_number(one.kind),
        text=one.text,
        answer_time=to_timestamp(one.answer_time),
        cycle=one.cycle,
    )
    if one.promised_date is not None:
        message.promised_date.CopyFrom(to_date_message(one.promised_date))
    if one.next_date is not None:
        message.next_date.CopyFrom(to_date_message(one.next_date))
    set_timestamp(message.fed_back_time, one.fed_back_time)
    return message


def _followed(one: values.Answer, file: values.CaseFile) -> pb.Answer:
    """Returns an answer as whoever follows the case sees it: with every date it promised."""
    message = _nameless(one)
    message.moves.extend(
        _nameless_move(move) for move in file.promise_moves if move.answer_id == one.answer_id
    )
    return message


def _nameless_move(one: marks.PromiseMove) -> pb.PromiseMove:
    return pb.PromiseMove(
        previous_promised_date=to_date_message(one.previous_date),
        promised_date=to_date_message(one.promised_date),
        move_time=to_timestamp(one.move_time),
    )


def callback(one: marks.Callback) -> pb.Callback:
    return pb.Callback(
        reached=one.reached,
        called_by=one.called_by,
        call_time=to_timestamp(one.call_time),
        words=one.words,
        cycle=one.cycle,
        grade=to_number(values.Grade(one.grade)),
        sample_id=one.sample_id,
    )


def _flag(one: marks.Flag) -> pb.FlagMark:
    return pb.FlagMark(
        flag=to_number(one.kind),
        reason=one.reason,
        leader=one.leader,
        flagged_by=one.flagged_by,
        flag_time=to_timestamp(one.flag_time),
    )


def _pause(one: marks.Pause) -> pb.CasePause:
    message = _nameless_pause(one)
    message.words, message.approved_by = one.words, one.approved_by
    return message


def _nameless_pause(one: marks.Pause) -> pb.CasePause:
    message = pb.CasePause(reason=one.reason, start_time=to_timestamp(one.start_time))
    set_timestamp(message.latest_end_time, one.latest_end_time)
    return message


def _work_order(one: values.WorkOrder) -> pb.WorkOrderSummary:
    return pb.WorkOrderSummary(
        work_order_id=one.work_order_id,
        unit_id=one.unit_id,
        lead=one.lead,
        task=one.task,
        deadline_time=to_timestamp(one.deadline_time),
        state=one.state,
    )


def _clock(one: values.Clock) -> pb.ClockSummary:
    return pb.ClockSummary(
        clock_id=one.clock_id,
        kind=one.kind,
        cycle=one.cycle,
        due_time=to_timestamp(one.due_time),
        state=one.state,
        provisional=one.provisional,
        reference=one.reference,
    )

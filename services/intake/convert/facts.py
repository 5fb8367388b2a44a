"""Domain → the facts that intake publishes, and what it takes from those of others."""

from datetime import datetime
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import (
    opt_datetime,
    set_timestamp,
    to_date_message,
    to_datetime,
    to_timestamp,
)
from chassis.handling import ReceivedFact
from services.intake.convert import marks as marks_of
from services.intake.convert import replies
from services.intake.convert.enums import name_of, to_number
from services.intake.domain import commands, directory, follow_up, marks, transitions, values

DEFAULT_ZONE = "Asia/Shanghai"


def case_registered(case: values.Case, command: commands.RegisterCase) -> facts.CaseRegistered:
    """Tells everything about a new case but who raised it."""
    message = facts.CaseRegistered(
        case_id=case.case_id,
        site_id=case.site_id,
        number=case.number,
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
        links=[replies.link(link) for link in command.links],
        has_phone=bool(command.reporter.phone),
        has_email=bool(command.reporter.email),
        slip_number=case.slip_number,
        about_persons=case.about_persons,
        recused_persons=case.recused_persons,
        sweep_id=command.sweep_id,
        sweep_task_id=command.sweep_task_id,
        late_entry=case.late_entry,
        external_system=case.external_system,
        external_ref=case.external_ref,
        suggested_category=case.suggested_category,
        suggested_duplicates=command.suggested_duplicates,
        attachments=[marks_of.attachment(one) for one in command.attachments],
    )
    if case.cycle_start_time != case.occurred_time:
        message.clock_start_time.CopyFrom(to_timestamp(case.cycle_start_time))
    return message


def case_verified(case: values.Case, verification: values.Verification) -> facts.CaseVerified:
    return facts.CaseVerified(case_id=case.case_id, verification=replies.verification(verification))


def case_answered(answered: transitions.Answered) -> facts.CaseAnswered:
    answer, feedback = answered.answer, answered.feedback
    message = facts.CaseAnswered(
        case_id=answered.case.case_id,
        cycle=answer.cycle,
        answer_id=answer.answer_id,
        kind=to_number(answer.kind),
        text=answer.text,
        answer_time=to_timestamp(answer.answer_time),
        feedback=replies.feedback(feedback) if feedback else None,
        fed_back=answer.fed_back_time is not None,
    )
    if answer.promised_date is not None:
        message.promised_date.CopyFrom(to_date_message(answer.promised_date))
    if answer.next_date is not None:
        message.next_date.CopyFrom(to_date_message(answer.next_date))
    return message


def case_fed_back(fed_back: transitions.FedBack) -> facts.CaseFedBack:
    """The cycle is the answer's own: an old answer stops no clock of a new cycle."""
    answer = fed_back.answer
    message = facts.CaseFedBack(
        case_id=fed_back.case.case_id,
        cycle=answer.cycle,
        answer_id=answer.answer_id,
        kind=to_number(answer.kind),
        feedback=replies.feedback(fed_back.feedback),
        fed_back=fed_back.counts,
    )
    if answer.promised_date is not None:
        message.promised_date.CopyFrom(to_date_message(answer.promised_date))
    return message


def case_promise_moved(moved: follow_up.Moved) -> facts.CasePromiseMoved:
    """The cycle is the plan's own, which is the present one."""
    move = moved.move
    return facts.CasePromiseMoved(
        case_id=moved.case.case_id,
        cycle=moved.answer.cycle,
        answer_id=move.answer_id,
        previous_promised_date=to_date_message(move.previous_date),
        promised_date=to_date_message(move.promised_date),
        reason=move.reason,
        approved_by=move.approved_by,
        move_time=to_timestamp(move.move_time),
    )


def case_flagged(flagged: follow_up.Flagged, *, is_set: bool) -> facts.CaseFlagged:
    flag = flagged.flag
    return facts.CaseFlagged(
        case_id=flagged.case.case_id,
        flag=to_number(flag.kind),
        set=is_set,
        reason=flag.reason,
        leader=flag.leader,
        flag_time=to_timestamp(flag.flag_time),
    )


def case_called_back(called: follow_up.CalledBack) -> facts.CaseCalledBack:
    callback = called.callback
    return facts.CaseCalledBack(
        case_id=called.case.case_id,
        cycle=callback.cycle,
        reached=callback.reached,
        called_by=callback.called_by,
        call_time=to_timestamp(callback.call_time),
        words=callback.words,
        unanswered_days=called.unanswered_days,
        grade=to_number(values.Grade(callback.grade)),
        sample_id=callback.sample_id,
    )


def case_escalation_requested(
    case: values.Case, command: commands.EscalateCase, requested_by: str
) -> facts.CaseEscalationRequested:
    return facts.CaseEscalationRequested(
        case_id=case.case_id,
        reason=command.reason,
        requested_by=requested_by,
        from_level=case.level,
        cycle=case.cycle,
    )


def case_resolved(resolved: transitions.Resolved) -> facts.CaseResolved:
    case, feedback = resolved.case, resolved.feedback
    message = facts.CaseResolved(
        case_id=case.case_id,
        cycle=case.cycle,
        proposed_outcome=to_number(case.proposed_outcome),
        resolution=case.resolution,
        feedback=replies.feedback(feedback) if feedback else None,
        fed_back=feedback is not None and feedback.way.counts,
    )
    set_timestamp(message.resolve_time, case.resolve_time)
    return message


def case_confirmed(
    confirmed: transitions.Confirmed,
    command: commands.ConfirmCase,
    basis: values.Basis,
    act: transitions.Act,
) -> facts.CaseConfirmed:
    return facts.CaseConfirmed(
        case_id=confirmed.case.case_id,
        cycle=confirmed.case.cycle,
        basis=to_number(basis),
        grade=to_number(command.grade),
        words=command.words,
        counts=confirmed.counts,
        confirm_time=to_timestamp(act.time),
    )


def case_rejected(
    case: values.Case, command: commands.RejectCase, basis: values.Basis, act: transitions.Act
) -> facts.CaseRejected:
    """`case` is the case after the rejection."""
    return facts.CaseRejected(
        case_id=case.case_id,
        cycle=case.cycle - 1,
        new_cycle=case.cycle,
        reason=command.reason,
        basis=to_number(basis),
        reopen_count=case.reopen_count,
        reject_time=to_timestamp(act.time),
    )


def case_unsealed(
    case: values.Case, command: commands.UnsealReporter, unsealed_by: str
) -> facts.CaseUnsealed:
    return facts.CaseUnsealed(case_id=case.case_id, reason=command.reason, unsealed_by=unsealed_by)


def step(fact: ReceivedFact) -> values.Step:
    """Returns a foreign fact as it stands on the timeline."""
    return values.Step(
        source=fact.source,
        version=fact.version,
        type=fact.type,
        occurred_time=fact.occurred_time,
        record_time=fact.record_time,
        actor=fact.actor.subject,
        acting_for=fact.actor.acting_for,
        payload=fact.envelope.payload,
    )


def site_directory(fact: routing_facts_pb2.DirectoryPublished, version: int) -> directory.Directory:
    """Raises ZoneInfoNotFoundError for a time zone that isn't one."""
    told = fact.directory
    return directory.Directory(
        site=values.Site(
            told.site_id, told.name, told.number_prefix, ZoneInfo(told.time_zone or DEFAULT_ZONE)
        ),
        version=version,
        units=tuple(
            directory.Unit(
                unit.unit_id,
                unit.name,
                name_of(routing_pb2.UnitKind, "UNIT_KIND_", unit.kind),
                unit.parent_id,
            )
            for unit in told.units
        ),
        people=tuple(directory.Named(one.person_id, one.name, one.unit_id) for one in told.people),
        positions=tuple(directory.Named(one.position_id, one.name) for one in told.positions),
        posts=tuple(directory.Post(one.post_id, one.name, one.place) for one in told.posts),
        categories=tuple(
            directory.Named(one.category_id, one.name, one.group_category_id)
            for one in told.categories
        ),
    )


def clock(message: sla_pb2.Clock) -> values.Clock:
    """Returns sla's clock; it is breached once it has ever been."""
    return values.Clock(
        clock_id=message.clock_id,
        kind=name_of(sla_pb2.ClockKind, "CLOCK_KIND_", message.kind),
        cycle=message.cycle,
        reference=message.reference,
        start_time=to_datetime(message.start_time),
        due_time=to_datetime(message.due_time),
        state=name_of(sla_pb2.ClockState, "CLOCK_STATE_", message.state),
        provisional=message.provisional,
        breached=message.HasField("breach_time"),
        excused=message.HasField("excuse"),
    )


def pause(message: sla_facts_pb2.ClocksPaused, start_time: datetime) -> marks.Pause | None:
    """Returns sla's pause, which began when the fact happened; None for one that is over."""
    if message.reason == sla_pb2.PAUSE_REASON_UNSPECIFIED:
        return None
    has_end = message.HasField("latest_end_time")
    return marks.Pause(
        reason=name_of(sla_pb2.PauseReason, "PAUSE_REASON_", message.reason),
        words=message.words,
        approved_by=message.approved_by,
        start_time=start_time,
        latest_end_time=opt_datetime(has_end, message.latest_end_time),
    )


def work_order(message: routing_pb2.WorkOrder) -> values.WorkOrder:
    """Returns routing's work order."""
    return values.WorkOrder(
        work_order_id=message.work_order_id,
        unit_id=message.unit_id,
        lead=message.lead,
        task=message.task,
        dispatch_time=to_datetime(message.dispatch_time),
        deadline_time=to_datetime(message.deadline_time),
        state=name_of(routing_pb2.WorkOrderState, "WORK_ORDER_STATE_", message.state),
    )

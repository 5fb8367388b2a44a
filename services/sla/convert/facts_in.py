"""What the facts of intake and routing say happened to a case, as an act of sla's own."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from chassis.convert import opt_datetime, to_date, to_datetime, to_timedelta
from services.sla.convert.clocks import ANSWER_KINDS, FLAGS
from services.sla.domain import acts
from services.sla.domain.policy import Profile

# What a message says happened; None where it is nothing that counts. The second argument is when
# the fact itself says it happened: it stands in where the message leaves its own time out.
Reader: TypeAlias = Callable[[Any, datetime], acts.Act | None]


def act_of(message: Message, happened: datetime) -> acts.Act | None:
    """Returns what happened to the case, None where it is nothing to sla.

    Raises KeyError for a message that `READERS` doesn't have, ValueError or Refused for one whose
    words or times can't be read.
    """
    return READERS[type(message)](message, happened)


def _registered(message: intake.CaseRegistered, happened: datetime) -> acts.Registered:
    return acts.Registered(
        time=_time(message.HasField("occurred_time"), message.occurred_time, happened),
        profile=profile(message.category, message.kind, message.urgency),
        unit_id=message.unit_id,
        anonymous=message.confidentiality == intake_pb2.CONFIDENTIALITY_ANONYMOUS,
        clock_start=opt_datetime(
            message.HasField("clock_start_time"), message.clock_start_time, "clock_start_time"
        ),
    )


def _amended(message: intake.CaseAmended, happened: datetime) -> acts.Corrected:
    return acts.Corrected(
        profile=profile(message.category, message.kind, message.urgency),
        unit_id=message.unit_id,
        time=_time(message.HasField("amend_time"), message.amend_time, happened),
    )


def about_persons(message: Message) -> list[str]:
    """Returns whom a case is about, which its registration says, and what was amended of it."""
    if isinstance(message, intake.CaseRegistered | intake.CaseAmended):
        return list(message.about_persons)
    return []


def profile(
    category: str,
    kind: "intake_pb2.CaseKind.ValueType",
    urgency: "intake_pb2.Urgency.ValueType",
) -> Profile:
    """Returns what a policy's rules look at; a word unknown here matches no rule's scope.

    A case that nobody calls urgent is an ordinary one.
    """
    hurry = _word(intake_pb2.Urgency, urgency or intake_pb2.URGENCY_NORMAL)
    return Profile(category, _word(intake_pb2.CaseKind, kind), hurry)


def _answered(
    message: intake.CaseAnswered | intake.CaseFedBack, happened: datetime
) -> acts.Answered | None:
    if not message.fed_back:
        return None
    promised = None
    if message.HasField("promised_date"):
        promised = to_date(message.promised_date, "promised_date")
    return acts.Answered(
        cycle=message.cycle,
        answer_id=message.answer_id,
        kind=ANSWER_KINDS.word(message.kind),
        promised_date=promised,
        time=_feedback_time(message, happened),
    )


def _promise_moved(message: intake.CasePromiseMoved, happened: datetime) -> acts.PromiseMoved:
    return acts.PromiseMoved(
        cycle=message.cycle,
        answer_id=message.answer_id,
        promised_date=to_date(message.promised_date, "promised_date"),
        time=_time(message.HasField("move_time"), message.move_time, happened),
        reason=message.reason,
        approved_by=message.approved_by,
    )


def _resolved(message: intake.CaseResolved, happened: datetime) -> acts.Resolved:
    time = _time(message.HasField("resolve_time"), message.resolve_time, happened)
    return acts.Resolved(
        time=time, fed_back_time=_feedback_time(message, time) if message.fed_back else None
    )


def _called_back(message: intake.CaseCalledBack, happened: datetime) -> acts.CalledBack | None:
    if message.sample_id:
        # About a closed case, for a sample: nothing waits for it.
        return None
    time = _time(message.HasField("call_time"), message.call_time, happened)
    return acts.CalledBack(message.cycle, message.reached, time)


def _confirmed(message: intake.CaseConfirmed, happened: datetime) -> acts.Confirmed | None:
    if not message.counts or message.master_case_id:
        # Of a duplicate's reporter it is about the master's result, and moves nothing here.
        return None
    time = _time(message.HasField("confirm_time"), message.confirm_time, happened)
    return acts.Confirmed(message.cycle, time)


def _rejected(message: intake.CaseRejected, happened: datetime) -> acts.Rejected:
    time = _time(message.HasField("reject_time"), message.reject_time, happened)
    return acts.Rejected(message.new_cycle, time)


def _closed(message: intake.CaseClosed, happened: datetime) -> acts.Closed:
    return acts.Closed(_time(message.HasField("close_time"), message.close_time, happened))


def _case_reopened(message: intake.CaseReopened, happened: datetime) -> acts.BegunAgain:
    time = _time(message.HasField("reopen_time"), message.reopen_time, happened)
    return acts.BegunAgain(message.new_cycle, time)


def _met(message: intake.CaseMeetingRecorded, happened: datetime) -> acts.Met:
    meeting = message.meeting
    return acts.Met(_time(meeting.HasField("meeting_time"), meeting.meeting_time, happened))


def _flagged(message: intake.CaseFlagged, happened: datetime) -> acts.Flagged:
    time = _time(message.HasField("flag_time"), message.flag_time, happened)
    return acts.Flagged(FLAGS.word(message.flag), message.set, time)


def _assigned(message: routing.CaseAssigned, happened: datetime) -> acts.Assigned:
    return acts.Assigned(
        unit_id=message.unit_id,
        steward=message.steward,
        accountable=message.accountable,
        time=_time(message.HasField("assign_time"), message.assign_time, happened),
    )


def _escalated(message: routing.CaseEscalated, happened: datetime) -> acts.Escalated:
    return acts.Escalated(
        cycle=message.cycle,
        number=message.to_level,
        dwell_working_days=message.dwell_working_days,
        top=message.top,
        fallback=message.fallback,
        time=_time(message.HasField("escalate_time"), message.escalate_time, happened),
        dwell_working_time=_dwell(message),
        accountable=message.accountable,
        by_hand=message.cause == routing.ESCALATION_CAUSE_MANUAL,
        again=message.from_level == message.to_level,
    )


def _deescalated(message: routing.CaseDeescalated, happened: datetime) -> acts.Deescalated:
    return acts.Deescalated(
        cycle=message.cycle,
        number=message.to_level,
        dwell_working_days=message.dwell_working_days,
        fallback=message.fallback,
        time=_time(message.HasField("deescalate_time"), message.deescalate_time, happened),
        dwell_working_time=_dwell(message),
        accountable=message.accountable,
    )


def _dwell(message: routing.CaseEscalated | routing.CaseDeescalated) -> timedelta:
    if not message.HasField("dwell_working_time"):
        return timedelta(0)
    return to_timedelta(message.dwell_working_time, "dwell_working_time")


def _instructed(message: routing.CaseInstructed, happened: datetime) -> acts.Instructed:
    return acts.Instructed(
        cycle=message.cycle,
        accountable=message.accountable,
        time=_time(message.HasField("instruct_time"), message.instruct_time, happened),
    )


def _dispatched(message: routing.WorkOrdersDispatched, happened: datetime) -> acts.Dispatched:
    orders = tuple(
        acts.DispatchedOrder(order.work_order_id, to_datetime(order.deadline_time, "deadline_time"))
        for order in message.work_orders
    )
    return acts.Dispatched(orders, happened)


def _reopened(message: routing.WorkOrderReopened, happened: datetime) -> acts.Reopened:
    order = message.work_order
    return acts.Reopened(
        work_order_id=order.work_order_id,
        deadline=to_datetime(order.deadline_time, "deadline_time"),
        time=_time(message.HasField("reopen_time"), message.reopen_time, happened),
    )


def _completed(message: routing.WorkOrderCompleted, happened: datetime) -> acts.Completed:
    time = _time(message.HasField("complete_time"), message.complete_time, happened)
    return acts.Completed(message.work_order_id, time)


def _returned(message: routing.WorkOrderReturned, happened: datetime) -> acts.Returned:
    time = _time(message.HasField("return_time"), message.return_time, happened)
    return acts.Returned(message.work_order_id, time)


def _ruled(message: routing.WorkOrderRuled, happened: datetime) -> acts.Ruled:
    given = message.HasField("deadline_time")
    return acts.Ruled(
        work_order_id=message.work_order_id,
        time=_time(message.HasField("rule_time"), message.rule_time, happened),
        deadline=opt_datetime(given, message.deadline_time, "deadline_time"),
    )


def _extended(message: routing.WorkOrderExtended, happened: datetime) -> acts.Extended:
    return acts.Extended(
        work_order_id=message.work_order_id,
        deadline=to_datetime(message.deadline_time, "deadline_time"),
        time=_time(message.HasField("extend_time"), message.extend_time, happened),
        reason=message.reason,
        approved_by=message.approved_by,
    )


# Every fact of a case that sla listens to; the rest is none of its business.
READERS: Mapping[type[Message], Reader] = {
    intake.CaseRegistered: _registered,
    intake.CaseAnswered: _answered,
    intake.CaseFedBack: _answered,
    intake.CasePromiseMoved: _promise_moved,
    intake.CaseResolved: _resolved,
    intake.CaseCalledBack: _called_back,
    intake.CaseConfirmed: _confirmed,
    intake.CaseRejected: _rejected,
    intake.CaseClosed: _closed,
    intake.CaseReopened: _case_reopened,
    intake.CaseAmended: _amended,
    intake.CaseMeetingRecorded: _met,
    intake.CaseFlagged: _flagged,
    routing.CaseAssigned: _assigned,
    routing.CaseEscalated: _escalated,
    routing.CaseDeescalated: _deescalated,
    routing.CaseInstructed: _instructed,
    routing.WorkOrdersDispatched: _dispatched,
    routing.WorkOrderReopened: _reopened,
    routing.WorkOrderCompleted: _completed,
    routing.WorkOrderReturned: _returned,
    routing.WorkOrderRuled: _ruled,
    routing.WorkOrderExtended: _extended,
}


def ladders_of(directory: routing_pb2.Directory) -> dict[str, list[tuple[int, int]]]:
    """Returns (working days, seconds of working time) of each level's dwell, from level 1 up.

    The site's own ladder is under "", those of categories under theirs.
    """
    ladders = {"": directory.ladder}
    ladders |= {own.category_id: own.levels for own in directory.category_ladders}
    return {
        category: [(level.dwell_working_days, level.dwell_working_time.seconds) for level in levels]
        for category, levels in ladders.items()
    }


def contact_time(message: routing.OutreachRecorded, happened: datetime) -> datetime:
    """Returns when a unit was contacted."""
    return _time(message.HasField("outreach_time"), message.outreach_time, happened)


def _feedback_time(
    message: intake.CaseAnswered | intake.CaseFedBack | intake.CaseResolved, happened: datetime
) -> datetime:
    given = message.HasField("feedback") and message.feedback.HasField("feedback_time")
    return _time(given, message.feedback.feedback_time, happened)


def _time(given: bool, value: Timestamp, otherwise: datetime) -> datetime:
    return to_datetime(value) if given else otherwise


def _word(enum: Any, number: int) -> str:
    found = enum.DESCRIPTOR.values_by_number.get(number)
    if found is None or not number:
        return ""
    # "CASE_KIND_APPEAL" of "CaseKind".
    zero = str(enum.DESCRIPTOR.values_by_number[0].name)
    return str(found.name).removeprefix(zero.removesuffix("UNSPECIFIED"))

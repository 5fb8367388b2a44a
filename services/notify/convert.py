"""protobuf ↔ domain, pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from google.protobuf.descriptor import EnumDescriptor
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.notify.v1 import notify_pb2, notify_service_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import set_timestamp, to_datetime, to_timedelta
from chassis.handling import ReceivedFact
from services.notify.domain.cases import CaseView
from services.notify.domain.clock_plans import ClockView, MovedClock
from services.notify.domain.contacts import DEFAULT_LANGUAGE, Contact, PutContacts
from services.notify.domain.deliveries import Channel, Delivery, DeliveryState
from services.notify.domain.names import DEFAULT_TIME_ZONE, Code, NameKind, Site
from services.notify.domain.sweep_plans import SweepTaskView
from services.notify.domain.work_order_plans import WorkOrderView

# Clocks of a case that fire and run on to their next deadline.
_COME_AGAIN = ("REMINDER", "REVIEW")

# Contacts ----------------------------------------------------------------------------------------


def put_contacts(request: notify_service_pb2.PutContactsRequest) -> PutContacts:
    """Reads the command of a request."""
    return PutContacts(request.site_id, tuple(contact(message) for message in request.contacts))


def contact(message: notify_pb2.Contact) -> Contact:
    """Reads a contact, from a request or from under its seal."""
    return Contact(
        person_id=message.person_id,
        phone=message.phone,
        email=message.email,
        language=message.language or DEFAULT_LANGUAGE,
    )


def contact_message(value: Contact) -> notify_pb2.Contact:
    """Returns a contact as it is sealed."""
    return notify_pb2.Contact(
        person_id=value.person_id,
        phone=value.phone,
        email=value.email,
        language=value.language,
    )


# Messages ----------------------------------------------------------------------------------------


def delivery(value: Delivery) -> notify_pb2.Delivery:
    """Returns a message as callers and facts see it: no text, no address."""
    result = notify_pb2.Delivery(
        delivery_id=value.delivery_id,
        case_id=value.case_id,
        site_id=value.site_id,
        recipient=value.recipient,
        channel=_CHANNELS[value.channel],
        template=value.template,
        state=_STATES[value.state],
        attempt_count=value.attempt_count,
        problem=value.problem,
        digest_id=value.digest_id,
    )
    set_timestamp(result.plan_time, value.plan_time)
    set_timestamp(result.finish_time, value.finish_time)
    return result


_CHANNELS = {
    Channel.PHONE: notify_pb2.DELIVERY_CHANNEL_PHONE,
    Channel.EMAIL: notify_pb2.DELIVERY_CHANNEL_EMAIL,
    Channel.PAPER: notify_pb2.DELIVERY_CHANNEL_PAPER,
}
_STATES = {
    DeliveryState.PLANNED: notify_pb2.DELIVERY_STATE_PLANNED,
    DeliveryState.SENDING: notify_pb2.DELIVERY_STATE_SENDING,
    DeliveryState.SENT: notify_pb2.DELIVERY_STATE_SENT,
    DeliveryState.FAILED: notify_pb2.DELIVERY_STATE_FAILED,
    DeliveryState.UNKNOWN: notify_pb2.DELIVERY_STATE_UNKNOWN,
}


# Facts -------------------------------------------------------------------------------------------


def site(directory: routing_pb2.Directory) -> Site:
    """Reads what notify keeps of a site."""
    return Site(directory.site_id, directory.name, directory.time_zone or DEFAULT_TIME_ZONE)


def names(directory: routing_pb2.Directory) -> dict[Code, str]:
    """Reads what the codes of a site are called."""
    return {
        **{Code(NameKind.UNIT, unit.unit_id): unit.name for unit in directory.units},
        **{Code(NameKind.PERSON, person.person_id): person.name for person in directory.people},
        **{
            Code(NameKind.POSITION, position.position_id): position.name
            for position in directory.positions
        },
        **{
            Code(NameKind.CATEGORY, category.category_id): category.name
            for category in directory.categories
        },
    }


def registered_case(fact: intake_facts_pb2.CaseRegistered) -> CaseView:
    """Reads what notify keeps of a new case; never its text."""
    return CaseView(
        case_id=fact.case_id,
        site_id=fact.site_id,
        number=fact.number,
        category=fact.category,
        place=fact.place,
        unit_id=fact.unit_id,
        urgent=fact.urgency == intake_pb2.URGENCY_URGENT,
        confidentiality=enum_name(
            intake_pb2.Confidentiality.DESCRIPTOR, fact.confidentiality, "CONFIDENTIALITY_"
        ),
        has_phone=fact.has_phone,
        has_email=fact.has_email,
        receiver=fact.receiver,
        shielded=frozenset((*fact.about_persons, *fact.recused_persons)),
    )


def amended_case(case: CaseView, fact: intake_facts_pb2.CaseAmended) -> CaseView:
    """Reads what an amendment changes of a case; whom it is about is told nothing from now on."""
    return replace(
        case,
        category=fact.category,
        place=fact.place,
        unit_id=fact.unit_id,
        urgent=fact.urgency == intake_pb2.URGENCY_URGENT,
        has_phone=fact.has_phone,
        has_email=fact.has_email,
        shielded=case.shielded.union(fact.about_persons),
    )


def clock(message: sla_pb2.Clock) -> ClockView:
    """Reads a clock of a fact."""
    return ClockView(
        clock_id=message.clock_id,
        kind=enum_name(sla_pb2.ClockKind.DESCRIPTOR, message.kind, "CLOCK_KIND_"),
        cycle=message.cycle,
        reference=message.reference,
        due_time=to_datetime(message.due_time),
        provisional=message.provisional,
        born_breached=message.born_breached,
    )


def missed_clock(fact: sla_facts_pb2.ClockBreached) -> ClockView:
    """Reads the clock of a breach with the deadline that passed.

    One that comes again shows its next one already, and when the one before was noticed.
    """
    read = clock(fact.clock)
    if read.kind not in _COME_AGAIN or not fact.clock.HasField("breach_time"):
        return read
    noticed = to_datetime(fact.clock.breach_time)
    return replace(read, due_time=noticed - to_timedelta(fact.detected_late_by))


def clocks(messages: Iterable[sla_pb2.Clock]) -> tuple[ClockView, ...]:
    """Reads the clocks of a fact."""
    return tuple(clock(message) for message in messages)


def moved_clocks(fact: sla_facts_pb2.ClocksAmended) -> tuple[MovedClock, ...]:
    """Reads the clocks of an amendment, each with the deadline before."""
    return tuple(
        MovedClock(clock(one), to_datetime(previous))
        for one, previous in zip(fact.clocks, fact.previous_due_times, strict=False)
    )


def warned_late_by(message: sla_pb2.Clock, fact: ReceivedFact) -> timedelta:
    """Returns how long after its point a warning was noticed.

    A warning happens at its point; the clock has the point, too, unless it shows the next one.
    """
    points = [fact.occurred_time]
    if message.HasField("warn_time"):
        points.append(to_datetime(message.warn_time))
    return max(timedelta(0), *(fact.record_time - point for point in points))


def work_orders(fact: routing_facts_pb2.WorkOrdersDispatched) -> tuple[WorkOrderView, ...]:
    """Reads the work orders of a fact, each with the head of its unit."""
    heads = (*fact.heads, *[""] * len(fact.work_orders))
    return tuple(
        WorkOrderView(
            work_order_id=order.work_order_id,
            unit_id=order.unit_id,
            lead=order.lead,
            task=order.task,
            deadline_time=to_datetime(order.deadline_time),
            head=head,
        )
        for order, head in zip(fact.work_orders, heads, strict=False)
    )


def ruled_work_order(fact: routing_facts_pb2.WorkOrderRuled, head: str) -> WorkOrderView:
    """Reads the work order of a ruling as it is now; `head` leads its unit, or is empty."""
    return WorkOrderView(
        work_order_id=fact.work_order_id,
        unit_id=fact.unit_id,
        lead=fact.lead,
        task=fact.task,
        deadline_time=to_datetime(fact.deadline_time),
        head=head,
    )


def sweep_tasks(fact: routing_facts_pb2.SweepOpened) -> tuple[SweepTaskView, ...]:
    """Reads the tasks of a sweep at a site, each with the head of its unit."""
    heads = (*fact.heads, *[""] * len(fact.tasks))
    return tuple(
        SweepTaskView(task.task_id, task.unit_id, task.place, head)
        for task, head in zip(fact.tasks, heads, strict=False)
    )


def date_text(value: Date) -> str:
    """Returns a date as contexts hold it, empty for an absent or impossible one."""
    try:
        return date(value.year, value.month, value.day).isoformat()
    except ValueError:
        return ""


def feedback_way(message: intake_pb2.Feedback) -> str:
    """Returns how an answer was fed back: "TOLD"; empty when it was not."""
    if message.way == intake_pb2.FEEDBACK_WAY_UNSPECIFIED:
        return ""
    return enum_name(intake_pb2.FeedbackWay.DESCRIPTOR, message.way, "FEEDBACK_WAY_")


def answer_kind(kind: int) -> str:
    """Returns the name of an answer's kind."""
    return enum_name(intake_pb2.AnswerKind.DESCRIPTOR, kind, "ANSWER_KIND_")


def outcome(value: int) -> str:
    """Returns the name of an outcome."""
    return enum_name(intake_pb2.Outcome.DESCRIPTOR, value, "OUTCOME_")


def enum_name(enum: EnumDescriptor, number: int, prefix: str) -> str:
    """Returns the name of an enum's value without its prefix.

    A value newer than this program is its number, so that it is at least told apart.
    """
    value = enum.values_by_number.get(number)
    return str(number) if value is None else value.name.removeprefix(prefix)

"""Facts of the other services, made as their journals would make them."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_duration, to_timestamp
from chassis.ids import new_fact_id, new_id
from chassis.journal import Cause, Entry, envelope, fact_hash
from services.notify.handlers.telling import DELIVERIES

__all__ = ["DELIVERIES", "SITE", "Stream"]

SITE = "yuwu"
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Stream:
    """Numbers facts per source and subject, as the sources do."""

    def __init__(self, *, chained: bool = False) -> None:
        """With `chained` each fact of a case follows from the one made before it."""
        self._chained = chained
        self._last: dict[str, Cause] = {}
        self._versions: dict[tuple[str, str], int] = defaultdict(int)

    def fact(
        self,
        source: str,
        subject_id: str,
        message: Message,
        *causes: Cause,
        site: str = SITE,
        occurred_time: datetime = NOW,
    ) -> fact_pb2.Fact:
        """Returns the next fact of a subject."""
        self._versions[source, subject_id] += 1
        before = self._last.get(subject_id)
        if self._chained and before is not None and before.source != source:
            causes = (*causes, before)
        self._last[subject_id] = Cause(source, subject_id, self._versions[source, subject_id])
        entry = Entry(
            fact_id=new_fact_id(),
            source=source,
            site_id=site,
            subject_id=subject_id,
            subject_version=self._versions[source, subject_id],
            type=message.DESCRIPTOR.full_name,
            occurred_time=occurred_time,
            record_time=NOW,
            actor=f"service:{source}",
            acting_for="",
            causes=causes,
            trace="",
            payload=message.SerializeToString(deterministic=True),
        )
        return envelope(entry, fact_hash(entry), 1)

    def directory(self) -> fact_pb2.Fact:
        """Returns a small directory of the site."""
        directory = routing_pb2.Directory(
            site_id=SITE,
            name="余吾煤业",
            number_prefix="YW",
            time_zone="Asia/Shanghai",
            units=[routing_pb2.Unit(unit_id="bathhouse", name="澡堂队")],
            people=[
                routing_pb2.Person(person_id="dd01", name="包保·甲"),
                routing_pb2.Person(person_id="lead1", name="值班·乙"),
            ],
            positions=[routing_pb2.Position(position_id="DUTY_LEAD", name="值班负责人")],
            categories=[routing_pb2.Category(category_id="BATHING", name="洗浴")],
        )
        return self.fact(
            "routing", f"directory/{SITE}", routing.DirectoryPublished(directory=directory)
        )

    def registered(
        self,
        case_id: str = "",
        *,
        urgent: bool = False,
        has_phone: bool = True,
        site: str = SITE,
    ) -> fact_pb2.Fact:
        """Returns a new case's first fact; its subject id is the case's."""
        case_id = case_id or new_id()
        message = intake.CaseRegistered(
            case_id=case_id,
            site_id=site,
            number="YW-20261123-0001",
            category="BATHING",
            place="南风井澡堂",
            unit_id="bathhouse",
            channel=intake_pb2.CHANNEL_DESK,
            urgency=intake_pb2.URGENCY_URGENT if urgent else intake_pb2.URGENCY_NORMAL,
            receiver="clerk1",
            has_phone=has_phone,
            text="淋浴头坏了",
        )
        return self.fact("intake", case_id, message, site=site)

    def assigned(self, case_id: str, steward: str = "dd01") -> fact_pb2.Fact:
        """Returns the assignment that follows from the registration."""
        message = routing.CaseAssigned(
            case_id=case_id,
            unit_id="bathhouse",
            steward=steward,
            accountable=steward,
            rule=routing_pb2.ASSIGNMENT_RULE_RESPONSIBILITY,
        )
        return self.fact("routing", case_id, message, Cause("intake", case_id, 1))

    def breached(
        self,
        case_id: str,
        kind: sla_pb2.ClockKind.ValueType = sla_pb2.CLOCK_KIND_PLAN,
        *,
        consequence: sla_pb2.Consequence.ValueType = sla_pb2.CONSEQUENCE_LADDER,
        late: timedelta = timedelta(0),
    ) -> fact_pb2.Fact:
        """Returns a missed deadline, noticed so long after it."""
        message = sla.ClockBreached(
            case_id=case_id,
            clock=self.clock(case_id, kind),
            consequence=consequence,
            detected_late_by=to_duration(late),
        )
        return self.fact("sla", case_id, message)

    def escalated(
        self,
        case_id: str,
        accountable: str = "lead1",
        *,
        cause: routing.EscalationCause.ValueType = routing.ESCALATION_CAUSE_BREACH,
    ) -> fact_pb2.Fact:
        """Returns a case's way to the first level."""
        message = routing.CaseEscalated(
            case_id=case_id,
            cycle=1,
            to_level=1,
            position_id="DUTY_LEAD",
            accountable=accountable,
            cause=cause,
        )
        return self.fact("routing", case_id, message)

    def clocks_started(self, case_id: str) -> fact_pb2.Fact:
        """Returns the first clocks, which follow from the registration."""
        message = sla.ClocksStarted(
            case_id=case_id,
            clocks=[
                self.clock(case_id, sla_pb2.CLOCK_KIND_FIRST_REPLY),
                self.clock(case_id, sla_pb2.CLOCK_KIND_PLAN),
            ],
        )
        return self.fact("sla", case_id, message, Cause("intake", case_id, 1))

    def clock(
        self, case_id: str, kind: sla_pb2.ClockKind.ValueType, reference: str = ""
    ) -> sla_pb2.Clock:
        """Returns a clock due at 24:00 of the day."""
        return sla_pb2.Clock(
            clock_id=new_id(),
            case_id=case_id,
            kind=kind,
            cycle=1,
            reference=reference,
            due_time=to_timestamp(NOW + timedelta(hours=15)),
        )

    def life(self, case_id: str) -> list[fact_pb2.Fact]:
        """Returns a case from registration to close-out, each source in its own order."""
        order = routing_pb2.WorkOrder(
            work_order_id="wo-1",
            unit_id="bathhouse",
            lead=True,
            task="更换淋浴头",
            deadline_time=to_timestamp(NOW + timedelta(days=10)),
        )
        answer = intake.CaseAnswered(
            case_id=case_id,
            answer_id=new_id(),
            kind=intake_pb2.ANSWER_KIND_PLAN,
            text="半月内更换",
        )
        attempt = intake.CaseFedBack(
            case_id=case_id,
            answer_id=answer.answer_id,
            kind=answer.kind,
            feedback=intake_pb2.Feedback(way=intake_pb2.FEEDBACK_WAY_ATTEMPT),
        )
        late = sla.ClockBreached(
            case_id=case_id,
            clock=self.clock(case_id, sla_pb2.CLOCK_KIND_WORK_ORDER, "wo-1"),
            consequence=sla_pb2.CONSEQUENCE_HEAD_OF_UNIT,
        )
        soon = sla.ClockDueSoon(
            case_id=case_id, clock=self.clock(case_id, sla_pb2.CLOCK_KIND_FIRST_REPLY)
        )
        escalated = routing.CaseEscalated(
            case_id=case_id,
            cycle=1,
            to_level=1,
            position_id="DUTY_LEAD",
            accountable="lead1",
            cause=routing.ESCALATION_CAUSE_MANUAL,
        )
        instructed = routing.CaseInstructed(
            case_id=case_id,
            cycle=1,
            level=1,
            kind=routing_pb2.INSTRUCTION_KIND_ORDER,
            text="三日内办结",
            instructed_by="lead1",
            accountable="dd01",
        )
        completed = routing.WorkOrderCompleted(
            case_id=case_id, work_order_id="wo-1", unit_id="bathhouse", result="已更换"
        )
        dispatched = routing.WorkOrdersDispatched(
            case_id=case_id, work_orders=[order], heads=["head1"]
        )
        facts = [
            self.registered(case_id),
            self.assigned(case_id),
            self.clocks_started(case_id),
            self.fact("sla", case_id, soon),
            self.fact("routing", case_id, routing.CaseAccepted(case_id=case_id)),
            self.fact("routing", case_id, dispatched),
            self.fact("sla", case_id, late, Cause("routing", case_id, 3)),
            self.fact("intake", case_id, answer),
            self.fact("intake", case_id, attempt),
            self.fact("routing", case_id, escalated),
            self.fact("routing", case_id, instructed),
            self.fact("routing", case_id, completed),
        ]
        ends = (
            intake.CaseResolved(
                case_id=case_id,
                proposed_outcome=intake_pb2.OUTCOME_SOLVED,
                resolution="已更换全部淋浴头",
            ),
            intake.CaseRejected(case_id=case_id, reopen_count=1, new_cycle=2),
            intake.CaseResolved(
                case_id=case_id, proposed_outcome=intake_pb2.OUTCOME_SOLVED, resolution="已疏通"
            ),
            intake.CaseClosed(case_id=case_id, outcome=intake_pb2.OUTCOME_SOLVED),
        )
        facts += [self.fact("intake", case_id, message) for message in ends]
        return facts


# Who is told by `Stream.life`, in the order of its facts.
TOLD_IN_A_LIFE = [
    ("dd01", "case_assigned"),
    ("reporter", "receipt"),
    ("dd01", "clock_due_soon"),
    ("clerk1", "clock_due_soon"),
    ("head1", "work_order_dispatched"),
    ("head1", "work_order_late"),
    ("reporter", "case_answered"),
    ("reporter", "answer_left"),
    ("lead1", "case_escalated"),
    ("dd01", "case_escalated_on"),
    ("dd01", "case_instructed"),
    ("dd01", "work_order_completed"),
    ("reporter", "case_resolved"),
    ("dd01", "case_rejected"),
    ("position:DUTY_LEAD", "case_rejected"),
    ("reporter", "case_resolved"),
    ("reporter", "case_closed"),
    ("dd01", "case_closed_staff"),
]

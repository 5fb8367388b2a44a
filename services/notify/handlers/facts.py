"""What routing's and intake's facts lead to: a changed view of the case, and messages planned once.

The gate lets each fact through once and has locked its subject; the messages are planned in the
same transaction as the change.
"""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.notify import convert
from services.notify.domain import cases, life_plans, plans, sweep_plans
from services.notify.domain.digests import Digesting
from services.notify.handlers.telling import follow, payload, tell
from services.notify.store import cases as store
from services.notify.store import directory as sites

# Routing -----------------------------------------------------------------------------------------


async def on_directory_published(work: Work, fact: ReceivedFact) -> None:
    """Keeps what the codes of a site are called."""
    directory = payload(fact, routing.DirectoryPublished).directory
    await sites.save_site(work.connection, convert.site(directory), convert.names(directory))


async def on_case_assigned(work: Work, fact: ReceivedFact) -> None:
    """The case has its steward."""
    message = payload(fact, routing.CaseAssigned)
    before = await store.load_case(work.connection, message.case_id)
    case = cases.assign(
        before,
        message.steward,
        message.accountable,
        first_reply_by=message.first_reply_by,
        shielded=message.shielded,
    )
    if not message.assigned_by and cases.same_hands(before, case, message.previous):
        await follow(work, fact, case, plans.told_anew(before, case))
        return
    told = plans.assigned(
        case,
        also_told=message.also_told,
        previous=message.previous,
        handover=message.rule == routing_pb2.ASSIGNMENT_RULE_HANDOVER,
        note=message.handover_note,
    )
    await follow(work, fact, case, told)


async def on_case_accepted(work: Work, fact: ReceivedFact) -> None:
    """The receiver owes nothing more."""
    message = payload(fact, routing.CaseAccepted)
    case = await store.load_case(work.connection, message.case_id)
    await store.save_case(work.connection, cases.accept(case))


class Escalations:
    """Handler of escalations; `digesting` says which wait for others of their recipient."""

    def __init__(self, digesting: Digesting) -> None:
        self._digesting = digesting

    async def on_case_escalated(self, work: Work, fact: ReceivedFact) -> None:
        """The case is one level higher."""
        message = payload(fact, routing.CaseEscalated)
        case = await store.load_case(work.connection, message.case_id)
        if cases.gone_by(case, message.cycle):
            return
        case = cases.escalate(case, message.accountable, message.to_level, message.cycle)
        cause = convert.enum_name(
            routing.EscalationCause.DESCRIPTOR, message.cause, "ESCALATION_CAUSE_"
        )
        told = plans.escalated(
            case,
            position_id=message.position_id,
            cause=cause,
            top=message.top,
            fallback=message.fallback,
        )
        held = self._digesting.held_escalation(case, cause, work.raw_time)
        await follow(work, fact, case, told, held=held)


async def on_case_deescalated(work: Work, fact: ReceivedFact) -> None:
    """The case is one level lower."""
    message = payload(fact, routing.CaseDeescalated)
    case = await store.load_case(work.connection, message.case_id)
    if cases.gone_by(case, message.cycle):
        return
    case = cases.escalate(case, message.accountable, message.to_level, message.cycle)
    told = plans.deescalated(
        case,
        position_id=message.position_id,
        reason=message.reason,
        decided_by=message.decided_by,
        fallback=message.fallback,
    )
    await follow(work, fact, case, told)


async def on_person_recused(work: Work, fact: ReceivedFact) -> None:
    """A person is out of the case; whoever has it instead hears of that by another fact."""
    message = payload(fact, routing.PersonRecused)
    case = await store.load_case(work.connection, message.case_id)
    case = cases.recuse(case, message.person_id)
    await follow(work, fact, case, plans.recused(case, message.person_id))


async def on_case_instructed(work: Work, fact: ReceivedFact) -> None:
    """The level that has the case answered."""
    message = payload(fact, routing.CaseInstructed)
    case = await store.load_case(work.connection, message.case_id)
    if cases.gone_by(case, message.cycle):
        return
    case = cases.instruct(case, message.accountable, message.cycle)
    told = plans.instructed(
        case,
        level=message.level,
        kind=convert.enum_name(
            routing_pb2.InstructionKind.DESCRIPTOR, message.kind, "INSTRUCTION_KIND_"
        ),
        text=message.text,
        instructed_by=message.instructed_by,
    )
    await follow(work, fact, case, told)


async def on_fix_not_lasting(work: Work, fact: ReceivedFact) -> None:
    """The same again, so soon that the repair did not last."""
    message = payload(fact, routing.FixNotLasting)
    case = await store.load_case(work.connection, message.case_id)
    again = await store.find_case(work.connection, message.again_case_id)
    told = plans.fix_not_lasting(case, again=again, days=message.days)
    await tell(work, fact, told, case_id=case.case_id)


async def on_sweep_opened(work: Work, fact: ReceivedFact) -> None:
    """Units of a site are to look for a defect; the case that it starts from may be another's."""
    message = payload(fact, routing.SweepOpened)
    case = await store.find_case(work.connection, message.case_id)
    told = sweep_plans.sweep_opened(
        convert.sweep_tasks(message),
        defect=message.defect,
        due_date=convert.date_text(message.due_date),
        opened_by=message.opened_by,
        shielded=case.shielded if case else frozenset(),
    )
    await tell(work, fact, told)


# Intake ------------------------------------------------------------------------------------------


async def on_case_registered(work: Work, fact: ReceivedFact) -> None:
    """A case begins."""
    message = payload(fact, intake.CaseRegistered)
    case = convert.registered_case(message)
    await store.insert_case(work.connection, case)
    await tell(work, fact, plans.registered(case), case_id=case.case_id)


async def on_case_answered(work: Work, fact: ReceivedFact) -> None:
    """An answer to the reporter was written."""
    message = payload(fact, intake.CaseAnswered)
    case = await store.load_case(work.connection, message.case_id)
    told = plans.answered(
        case,
        answer_id=message.answer_id,
        kind=convert.answer_kind(message.kind),
        text=message.text,
        promised_date=convert.date_text(message.promised_date),
        next_date=convert.date_text(message.next_date),
        way=convert.feedback_way(message.feedback),
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_case_fed_back(work: Work, fact: ReceivedFact) -> None:
    """An answer was fed back, or tried."""
    message = payload(fact, intake.CaseFedBack)
    case = await store.load_case(work.connection, message.case_id)
    told = plans.fed_back(
        case,
        answer_id=message.answer_id,
        kind=convert.answer_kind(message.kind),
        way=convert.feedback_way(message.feedback),
    )
    await tell(work, fact, told, case_id=case.case_id)


async def on_case_resolved(work: Work, fact: ReceivedFact) -> None:
    """Done, as far as the handlers are concerned."""
    message = payload(fact, intake.CaseResolved)
    case = cases.resolve(await store.load_case(work.connection, message.case_id))
    told = plans.resolved(
        case, resolution=message.resolution, outcome=convert.outcome(message.proposed_outcome)
    )
    await follow(work, fact, case, told)


async def on_case_rejected(work: Work, fact: ReceivedFact) -> None:
    """Not done, as the reporter says."""
    message = payload(fact, intake.CaseRejected)
    case = await store.load_case(work.connection, message.case_id)
    case = cases.begin_again(case, message.new_cycle)
    await follow(work, fact, case, plans.rejected(case, reopen_count=message.reopen_count))


async def on_case_flagged(work: Work, fact: ReceivedFact) -> None:
    """A hazard is told at once; a long-standing case has a leader, who is told of its reviews."""
    message = payload(fact, intake.CaseFlagged)
    case = await store.load_case(work.connection, message.case_id)
    if message.flag == intake_pb2.CASE_FLAG_HAZARD and message.set:
        await tell(work, fact, life_plans.hazard(case), case_id=case.case_id)
    if message.flag != intake_pb2.CASE_FLAG_LONG_STANDING:
        return
    leader = message.leader if message.set else ""
    await store.save_case(work.connection, cases.lead(case, leader))

"""Contacts with units, as they are recorded; and by when sla wants to hear of each."""

from collections.abc import Awaitable, Callable

from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_datetime
from chassis.errors import FieldViolation, Refused
from chassis.handling import ReceivedFact
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import outreach as convert
from services.routing.domain import outreach as contacts
from services.routing.domain.commands.outreach import RecordOutreach
from services.routing.domain.outreach import Outreach
from services.routing.handlers import holding
from services.routing.store import outreach as store
from services.routing.store.routes import list_about


async def record_outreach(work: Work, command: RecordOutreach) -> Receipt:
    """Adds a contact with each unit to the log; the receipt's outcome is the occasion's id."""
    site_id, unit_ids = command.site_id, command.unit_ids
    await holding.site(work, site_id)
    known = await store.known_units(work.connection, site_id, unit_ids)
    for index, unit_id in enumerate(unit_ids):
        if unit_id not in known:
            field = f"unit_ids[{index}]" if command.together else "unit_id"
            raise Refused("NO_SUCH_UNIT", fields=[FieldViolation(field, unit_id)], unit_id=unit_id)
    if command.case_ids:
        ours = await store.known_cases(work.connection, site_id, command.case_ids)
        hidden = await list_about(work.connection, command.case_ids, holding.callers(work.actor))
        for index, case_id in enumerate(command.case_ids):
            if case_id not in ours - hidden:
                raise Refused(
                    "ROUTE_NOT_FOUND",
                    fields=[FieldViolation(f"case_ids[{index}]", case_id)],
                    case_id=case_id,
                )
    outreach_time = command.outreach_time or work.time
    contacts.check_time(outreach_time, work.time)
    subjects = [contacts.subject(site_id, unit_id) for unit_id in unit_ids]
    await work.lock(site_id, *subjects)
    ids = [new_id() for _ in unit_ids]
    made = [
        Outreach(
            outreach_id=outreach_id,
            site_id=site_id,
            unit_id=unit_id,
            form=command.form,
            place=command.place,
            heard=command.heard,
            done_by=work.actor.subject,
            outreach_time=outreach_time,
            record_time=work.time,
            occasion_id=ids[0],
            case_ids=command.case_ids,
            heard_count=command.heard_count,
        )
        for outreach_id, unit_id in zip(ids, unit_ids, strict=True)
    ]
    await store.insert_occasion(work.connection, made)
    for subject, outreach in zip(subjects, made, strict=True):
        work.record(
            subject, site_id, convert.outreach_recorded(outreach), occurred_time=outreach_time
        )
    return Receipt(subjects[0], work.version(subjects[0]), ids[0])


# What sla tells of units' clocks; of cases' clocks it tells with the same types ------------------


async def on_clocks_started(work: Work, fact: ReceivedFact) -> None:
    """Notes by when a unit should be heard of; clocks of cases concern routing not."""
    for clock in await _of_unit(work, fact, sla.ClocksStarted):
        await store.start_clock(
            work.connection, fact.site_id, clock.reference, convert.clock(clock)
        )


async def on_clocks_stopped(work: Work, fact: ReceivedFact) -> None:
    """Forgets the clock of a unit that was heard of or has gone."""
    for clock in await _of_unit(work, fact, sla.ClocksStopped):
        await store.stop_clock(work.connection, fact.site_id, clock.reference, clock.clock_id)


async def on_clocks_amended(work: Work, fact: ReceivedFact) -> None:
    """Moves the deadline of a unit's clock that was counted again."""
    for clock in await _of_unit(work, fact, sla.ClocksAmended):
        await store.amend_clock(
            work.connection,
            fact.site_id,
            clock.reference,
            clock.clock_id,
            to_datetime(clock.due_time),
        )


async def on_clock_breached(work: Work, fact: ReceivedFact) -> None:
    """Notes that a unit's clock was reported as overdue."""
    for clock in await _of_unit(work, fact, sla.ClockBreached):
        await store.breach_clock(
            work.connection,
            fact.site_id,
            clock.reference,
            clock.clock_id,
            to_datetime(clock.breach_time),
        )


def unit_or_case(
    of_unit: Callable[[Work, ReceivedFact], Awaitable[None]],
    of_case: Callable[[Work, ReceivedFact], Awaitable[None]],
) -> Callable[[Work, ReceivedFact], Awaitable[None]]:
    """Returns a handler of facts that sla records about units as well as about cases."""

    async def handle(work: Work, fact: ReceivedFact) -> None:
        await (of_unit if contacts.is_unit(fact.subject_id) else of_case)(work, fact)

    return handle


async def _of_unit(
    work: Work,
    fact: ReceivedFact,
    kind: type[sla.ClocksStarted]
    | type[sla.ClocksStopped]
    | type[sla.ClocksAmended]
    | type[sla.ClockBreached],
) -> list[sla_pb2.Clock]:
    """Returns the clocks of a fact about a unit, which is locked; none of one about a case."""
    message = fact.message
    if not isinstance(message, kind):
        raise TypeError(f"{fact.type} where {kind.__name__} was expected")
    if not contacts.is_unit(fact.subject_id):
        return []
    await work.lock(fact.site_id, fact.subject_id)
    clocks = [message.clock] if isinstance(message, sla.ClockBreached) else list(message.clocks)
    for clock in clocks:
        if contacts.subject(fact.site_id, clock.reference) != fact.subject_id:
            raise ValueError("the clock is another unit's than the fact's subject")
    return clocks

"""What a sweep finds becomes a case of its own, linked to the one that the sweep started from."""

from dataclasses import replace
from datetime import timedelta

from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_sweeps_pb2
from chassis.call import Call
from chassis.convert import to_datetime
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.intake.domain.commands import RegisterCase
from services.intake.domain.registration import LATEST_ENTRY, Caller, Known, with_reporter
from services.intake.domain.values import (
    OTHER_CATEGORY,
    CaseKind,
    Channel,
    Confidentiality,
    Link,
    Relation,
    Reporter,
    ReporterKind,
    Urgency,
)
from services.intake.handlers.register import Appeal, Secrets, register_cases
from services.intake.store import registrations


async def on_sweep_task_answered(work: Work, fact: ReceivedFact, *, secrets: Secrets) -> None:
    """Registers the case of what a unit has found; once for each task, however often it says so."""
    message = fact.message
    if not isinstance(message, routing.SweepTaskAnswered):
        raise TypeError(f"{fact.type} where SweepTaskAnswered was expected")
    if message.task.finding != routing_sweeps_pb2.SWEEP_FINDING_FOUND:
        return
    if await registrations.has_case(work.connection, message.new_case_id):
        return
    command = _appeal(work, fact.site_id, message)
    known = await registrations.load_known(work.connection, fact.site_id, [command])
    if known is None:
        raise LookupError(f"{fact.type} of the unknown site {fact.site_id}")
    # Nobody has called: the service itself registers, on the word of whoever answered.
    call = Call(work.actor, fact.type, request_id="", fingerprint=b"", trace=fact.envelope.trace)
    caller = Caller(message.task.answered_by, staff=True)
    appeal = Appeal(call, _as_known(command, known), caller, case_id=message.new_case_id)
    await register_cases(work, [appeal], secrets)


def _appeal(work: Work, site_id: str, message: routing.SweepTaskAnswered) -> RegisterCase:
    """Returns what was found as an appeal of the one who found it, named by their code alone."""
    task = message.task
    reporter = Reporter(ReporterKind.EMPLOYEE, Confidentiality.NAMED, person_code=task.answered_by)
    links = []
    if message.case_site_id == site_id:
        links.append(Link(message.case_id, Relation.FOUND_BY_SWEEP))
    found_time = to_datetime(task.answer_time)
    # A fact may come late, and its clock may be ahead of ours: what was found stays found.
    oldest = work.time - LATEST_ENTRY + timedelta(hours=1)
    return with_reporter(
        RegisterCase(
            site_id=site_id,
            text=f"{task.words}\n（举一反三排查发现，排查内容：{message.defect}）",
            channel=Channel.SYSTEM,
            reporter=reporter,
            place=task.place,
            post_id="",
            unit_id=task.unit_id,
            kind=CaseKind.GRIEVANCE,
            category=message.category,
            urgency=Urgency.NORMAL,
            occurred_time=min(max(found_time, oldest), work.time),
            receiver=task.answered_by,
            slip_number="",
            links=tuple(links),
            sweep_id=message.sweep_id,
            sweep_task_id=task.task_id,
        )
    )


def _as_known(command: RegisterCase, known: Known) -> RegisterCase:
    """Leaves out what the site doesn't have: a category of another mine, a unit that has gone.

    Nobody could correct it, and what was found has to be followed all the same.
    """
    return replace(
        command,
        category=command.category if command.category in known.categories else OTHER_CATEGORY,
        unit_id=command.unit_id if command.unit_id in known.units else "",
        links=tuple(link for link in command.links if link.case_id in known.linked),
    )

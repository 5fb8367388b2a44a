"""Sweeps between their messages and values."""

from collections.abc import Sequence
from datetime import datetime

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_sweeps_pb2 as pb
from chassis.convert import set_timestamp, to_date_message, to_timestamp
from services.routing.convert.common import local_day
from services.routing.convert.work_orders import evidence_from, evidence_messages
from services.routing.domain import sweeps
from services.routing.domain.commands import sweeps as commands
from services.routing.domain.sweeps import Answer, Finding, Sweep, SweepTask, Target

FINDING = "SWEEP_FINDING_"


def open_sweep(request: pb.OpenSweepRequest) -> commands.OpenSweep:
    return commands.OpenSweep(
        request.case_id,
        request.defect,
        tuple(Target(one.site_id, one.unit_id, one.place) for one in request.targets),
        local_day(request.due_date, "due_date"),
    )


def answer_sweep_task(request: pb.AnswerSweepTaskRequest) -> commands.AnswerSweepTask:
    planned = None
    if request.HasField("planned_date"):
        planned = local_day(request.planned_date, "planned_date")
    answer = Answer(
        Finding(pb.SweepFinding.Name(request.finding).removeprefix(FINDING)),
        request.words,
        planned,
        evidence_from(request.evidence),
    )
    return commands.AnswerSweepTask(key(request.sweep_id), key(request.task_id), answer)


def close_sweep(request: pb.CloseSweepRequest) -> commands.CloseSweep:
    return commands.CloseSweep(key(request.sweep_id), request.reason)


def key(given: str) -> str:
    """Returns an id as subjects and rows have it: a UUID may be told in capitals."""
    return given.lower()


def sweep_message(parts: Sequence[Sweep], time: datetime) -> pb.Sweep:
    """Returns the parts of one sweep as the whole that their reader sees."""
    first, progress = parts[0], sweeps.progress(parts, time)
    reasons = dict.fromkeys(part.close_reason for part in parts if part.close_reason)
    message = pb.Sweep(
        sweep_id=first.sweep_id,
        site_id=first.case_site_id,
        case_id=first.case_id,
        defect=first.defect,
        due_date=to_date_message(first.due_date),
        state=pb.SWEEP_STATE_CLOSED if progress.closed else pb.SWEEP_STATE_OPEN,
        opened_by=first.opened_by,
        open_time=to_timestamp(first.open_time),
        close_reason="；".join(reasons) if progress.closed else "",
        tasks=[task_message(part, task) for part in parts for task in part.tasks],
        answered_count=progress.answered,
        task_count=progress.total,
        overdue=progress.overdue,
        # Rises with every change of a part.
        version=sum(part.version for part in parts),
    )
    set_timestamp(message.close_time, progress.close_time)
    return message


def task_message(part: Sweep, task: SweepTask) -> pb.SweepTask:
    message = pb.SweepTask(
        task_id=task.task_id,
        site_id=part.site_id,
        unit_id=task.unit_id,
        place=task.place,
        answered_by=task.answered_by,
        found_case_id=task.found_case_id,
        late=task.late,
    )
    answer = task.answer
    if answer is not None:
        message.finding = pb.SweepFinding.Value(FINDING + answer.finding)
        message.words = answer.words
        message.evidence.extend(evidence_messages(answer.evidence))
        if answer.planned_date is not None:
            message.planned_date.CopyFrom(to_date_message(answer.planned_date))
    set_timestamp(message.answer_time, task.answer_time)
    set_timestamp(message.not_lasting_time, task.not_lasting_time)
    return message


def sweep_opened(part: Sweep, heads: Sequence[str]) -> facts.SweepOpened:
    """`heads` are of the tasks' units, in their order."""
    return facts.SweepOpened(
        sweep_id=part.sweep_id,
        site_id=part.site_id,
        case_site_id=part.case_site_id,
        case_id=part.case_id,
        defect=part.defect,
        due_date=to_date_message(part.due_date),
        tasks=[task_message(part, task) for task in part.tasks],
        heads=heads,
        opened_by=part.opened_by,
        open_time=to_timestamp(part.open_time),
    )


def sweep_task_answered(part: Sweep, task: SweepTask) -> facts.SweepTaskAnswered:
    found = task.answer is not None and task.answer.finding is Finding.FOUND
    return facts.SweepTaskAnswered(
        sweep_id=part.sweep_id,
        case_id=part.case_id,
        case_site_id=part.case_site_id,
        defect=part.defect,
        task=task_message(part, task),
        new_case_id=sweeps.found_case_id(task.task_id) if found else "",
        category=part.category,
        open_count=part.owed_count,
    )


def sweep_closed(part: Sweep) -> facts.SweepClosed:
    message = facts.SweepClosed(
        sweep_id=part.sweep_id,
        site_id=part.site_id,
        case_id=part.case_id,
        reason=part.close_reason,
        closed_by=part.closed_by,
    )
    set_timestamp(message.close_time, part.close_time)
    return message

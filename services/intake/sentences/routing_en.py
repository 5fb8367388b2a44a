"""English: what routing did to a case, and to the lists that cases are routed by."""

from collections.abc import Mapping
from typing import Any

from backstop.routing.v1 import routing_facts_pb2 as routing
from services.intake.sentences.words import Sentence, Words, same_hands


def _directory_published(m: routing.DirectoryPublished, _: Words) -> str:
    told = m.directory
    return (
        f"The directory of {told.name} was published: {len(told.units)} units, "
        f"{len(told.people)} people."
    )


def _matrix_published(m: routing.MatrixPublished, _: Words) -> str:
    return f"The responsibility matrix was published: {len(m.responsibilities)} rows."


def _roster_published(m: routing.RosterPublished, _: Words) -> str:
    return f"The duty roster was published: {len(m.shifts)} shifts."


def _case_assigned(m: routing.CaseAssigned, w: Words) -> str:
    if same_hands(m):
        # Whoever decided noted the reasons in Chinese.
        return f"It stays with {w.who(m.steward or m.accountable)}: {''.join(m.reasons)}"
    same = ("", m.steward or m.accountable)
    taken = f" (before: {w.who(m.previous)})" if m.previous not in same else ""
    steward = w.who(m.steward or m.accountable)
    by = f" ({w.who(m.assigned_by)})" if m.assigned_by else ""
    also = f"; also told: {w.people(m.also_told)}" if m.also_told else ""
    first = f"; first reply owed by {w.who(m.first_reply_by)}" if m.first_reply_by else ""
    note = f" Handover note: {m.handover_note}" if m.handover_note else ""
    return f"Assigned to {steward}{taken} by {w.label(m, 'rule')}{by}{also}{first}.{note}"


def _case_accepted(m: routing.CaseAccepted, w: Words) -> str:
    return f"{w.who(m.accepted_by)} accepted it."


def _case_escalated(m: routing.CaseEscalated, w: Words) -> str:
    holder = "vacant, the dispatch room has it" if m.fallback else w.who(m.accountable)
    reason = f": {m.reason}" if m.reason else "."
    return (
        f"Escalated to level {m.to_level}, {w.position(m.position_id)} ({holder}), "
        f"{w.label(m, 'cause')}{reason}"
    )


def _case_instructed(m: routing.CaseInstructed, w: Words) -> str:
    return f"{w.who(m.instructed_by)} instructed ({w.label(m, 'kind')}): {m.text}"


def _work_orders_dispatched(m: routing.WorkOrdersDispatched, w: Words) -> str:
    orders = "; ".join(
        f"{w.unit(order.unit_id)}{' (leading)' if order.lead else ''} "
        f"by {w.instant(order.deadline_time)}: {order.task}"
        for order in m.work_orders
    )
    return f"Work orders dispatched: {orders}"


def _work_order_accepted(m: routing.WorkOrderAccepted, w: Words) -> str:
    return f"{w.unit(m.unit_id)} accepted its work order ({w.who(m.accepted_by)})."


def _work_order_completed(m: routing.WorkOrderCompleted, w: Words) -> str:
    by = f"({w.who(m.completed_by)})"
    return f"{w.unit(m.unit_id)} completed its work order {by}{_shown(m)}: {m.result}"


def _work_order_returned(m: routing.WorkOrderReturned, w: Words) -> str:
    by = f"{w.who(m.returned_by)}, return {m.ordinal}"
    return f"{w.unit(m.unit_id)} gave its work order back ({by}): {m.reason}"


def _work_order_ruled(m: routing.WorkOrderRuled, w: Words) -> str:
    due = f" by {w.instant(m.deadline_time)}" if m.HasField("deadline_time") else ""
    met = f"; met: {w.units(m.meeting_unit_ids)}" if m.meeting_unit_ids else ""
    return (
        f"{w.who(m.ruled_by)} ruled on the return ({w.label(m, 'kind')}): "
        f"{w.unit(m.unit_id)} has the task{due}{met}. {m.text}"
    )


def _work_order_extended(m: routing.WorkOrderExtended, w: Words) -> str:
    before, now = w.instant(m.previous_deadline_time), w.instant(m.deadline_time)
    return f"{w.who(m.approved_by)} extended a work order from {before} to {now}: {m.reason}"


def _outreach_recorded(m: routing.OutreachRecorded, w: Words) -> str:
    place = f" ({m.place})" if m.place else ""
    return f"{w.who(m.done_by)} {w.label(m, 'form')} {w.unit(m.unit_id)}{place}: {m.heard}"


def _group_template_published(m: routing.GroupTemplatePublished, _: Words) -> str:
    return f"The group's template was published: {len(m.template.categories)} categories."


def _person_transferred(m: routing.PersonTransferred, w: Words) -> str:
    sites = f"from {m.from_site_id} to {m.to_site_id}"
    return f"{w.who(m.person_id)} goes {sites} on {w.day(m.start_date)}."


def _absence_recorded(m: routing.AbsenceRecorded, w: Words) -> str:
    one = m.absence
    deputy = f", {w.who(one.deputy)} stands in" if one.deputy else ""
    days = f"from {w.day(one.start_date)} to {w.day(one.end_date)}"
    by = w.who(one.recorded_by)
    return f"{by} recorded that {w.who(one.person_id)} is absent {days}{deputy}: {one.reason}"


def _absence_cancelled(m: routing.AbsenceCancelled, w: Words) -> str:
    one = m.absence
    of = f"the absence of {w.who(one.person_id)} from {w.day(one.start_date)} on"
    return f"{w.actor()} cancelled {of}."


def _shift_swapped(m: routing.ShiftSwapped, w: Words) -> str:
    swap = m.swap
    shift = f"the shift of {w.who(swap.from_person_id)} on {w.day(swap.date)}"
    change = f"to {w.who(swap.to_person_id)}: {swap.reason}"
    return f"{w.who(swap.approved_by)} gave {shift} {change}"


def _person_recused(m: routing.PersonRecused, w: Words) -> str:
    person = w.who(m.person_id)
    if not m.asked_by_reporter and m.recorded_by in ("", m.person_id):
        return f"{person} withdrew from the case: {m.reason}"
    wish = ", as the reporter asked" if m.asked_by_reporter else ""
    return f"{w.who(m.recorded_by)} took {person} out of the case's handling{wish}: {m.reason}"


def _case_deescalated(m: routing.CaseDeescalated, w: Words) -> str:
    if m.to_level:
        holder = "vacant" if m.fallback else w.who(m.accountable)
        to = f"level {m.to_level}, {w.position(m.position_id)} ({holder})"
    else:
        to = f"the steward ({w.who(m.accountable)})"
    return f"{w.who(m.decided_by)} sent it down from level {m.from_level} to {to}: {m.reason}"


def _work_order_reopened(m: routing.WorkOrderReopened, w: Words) -> str:
    order = m.work_order
    due = f", due {w.instant(order.deadline_time)}" if order.HasField("deadline_time") else ""
    unit = w.unit(order.unit_id)
    return f"{w.who(m.reopened_by)} opened the work order of {unit} again{due}: {m.reason}"


def _extension_asked(m: routing.WorkOrderExtensionAsked, w: Words) -> str:
    before, asked = w.instant(m.deadline_time), w.instant(m.asked_deadline_time)
    by = f"{w.unit(m.unit_id)} ({w.who(m.asked_by)})"
    return f"{by} asked for more time, from {before} to {asked}: {m.reason}"


def _extension_declined(m: routing.WorkOrderExtensionDeclined, w: Words) -> str:
    words = f": {m.words}" if m.words else "."
    return f"{w.who(m.declined_by)} declined to give {w.unit(m.unit_id)} more time{words}"


def _joint_survey_recorded(m: routing.JointSurveyRecorded, w: Words) -> str:
    by = f"recorded by {w.who(m.recorded_by)}"
    where = f"at {m.place} ({by})"
    return f"{w.units(m.unit_ids)} looked together {where}{_shown(m)}: {m.findings}"


def _category_proposed(m: routing.CategoryProposed, w: Words) -> str:
    one = m.proposal
    what = f"{w.category(one.category_id)} is the business of {w.unit(one.unit_id)}"
    return f"Rulings say that {what}; the table is proposed to say so, too."


def _category_proposal_decided(m: routing.CategoryProposalDecided, w: Words) -> str:
    one = m.proposal
    done = "took over" if m.taken_over else "declined"
    what = f"{w.category(one.category_id)} goes to {w.unit(one.unit_id)}"
    words = f": {m.reason}" if m.reason else "."
    return f"{w.who(m.decided_by)} {done} the proposal that {what}{words}"


def _sweep_opened(m: routing.SweepOpened, w: Words) -> str:
    units = w.units(dict.fromkeys(task.unit_id for task in m.tasks))
    return (
        f"{w.who(m.opened_by)} opened a sweep; {units} are to look by {w.day(m.due_date)}: "
        f"{m.defect}"
    )


def _sweep_task_answered(m: routing.SweepTaskAnswered, w: Words) -> str:
    task = m.task
    planned = f" by {w.day(task.planned_date)}" if task.HasField("planned_date") else ""
    finding = f"({w.label(task, 'finding')}{planned})"
    return f"{w.unit(task.unit_id)} answered the sweep {finding}{_shown(task)}: {task.words}"


def _sweep_closed(m: routing.SweepClosed, w: Words) -> str:
    if not m.reason:
        return "The sweep is over: all have answered."
    return f"{w.who(m.closed_by)} closed the sweep: {m.reason}"


def _fix_not_lasting(m: routing.FixNotLasting, w: Words) -> str:
    number = w.case(m.again_case_id)
    again = f" (case {number})" if number else ""
    return f"The repair did not last: the same again after {m.days} days{again}."


def _shown(m: Any) -> str:
    """Tells that something shows it; the case file has what."""
    return f" (papers: {len(m.evidence)})" if m.evidence else ""


SENTENCES: Mapping[Any, Sentence] = {
    routing.DirectoryPublished: _directory_published,
    routing.MatrixPublished: _matrix_published,
    routing.RosterPublished: _roster_published,
    routing.CaseAssigned: _case_assigned,
    routing.CaseAccepted: _case_accepted,
    routing.CaseEscalated: _case_escalated,
    routing.CaseInstructed: _case_instructed,
    routing.WorkOrdersDispatched: _work_orders_dispatched,
    routing.WorkOrderAccepted: _work_order_accepted,
    routing.WorkOrderCompleted: _work_order_completed,
    routing.WorkOrderReturned: _work_order_returned,
    routing.WorkOrderRuled: _work_order_ruled,
    routing.WorkOrderExtended: _work_order_extended,
    routing.OutreachRecorded: _outreach_recorded,
    routing.GroupTemplatePublished: _group_template_published,
    routing.PersonTransferred: _person_transferred,
    routing.AbsenceRecorded: _absence_recorded,
    routing.AbsenceCancelled: _absence_cancelled,
    routing.ShiftSwapped: _shift_swapped,
    routing.PersonRecused: _person_recused,
    routing.CaseDeescalated: _case_deescalated,
    routing.WorkOrderReopened: _work_order_reopened,
    routing.WorkOrderExtensionAsked: _extension_asked,
    routing.WorkOrderExtensionDeclined: _extension_declined,
    routing.JointSurveyRecorded: _joint_survey_recorded,
    routing.CategoryProposed: _category_proposed,
    routing.CategoryProposalDecided: _category_proposal_decided,
    routing.SweepOpened: _sweep_opened,
    routing.SweepTaskAnswered: _sweep_task_answered,
    routing.SweepClosed: _sweep_closed,
    routing.FixNotLasting: _fix_not_lasting,
}

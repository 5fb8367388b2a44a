"""Time passes: what is due fires, of cases and of units' outreach alike."""

from chassis.work import Work
from services.sla.domain.acts import Elapsed
from services.sla.handlers import outreach
from services.sla.handlers.facts import Given, apply_acts

# Cause of an act that nobody and nothing but time led to.
TIME = "time"


async def fire_due(work: Work, subject_ids: list[str]) -> int:
    """Fires what is due on those of the subjects that nobody else works on; returns how many fired.

    The clocks are read again under the lock, and judged by this transaction's time: whatever was
    seen before it may have been stopped or fired since.
    """
    free = await work.lock_free(*subject_ids)
    # In the order given, which is that of their deadlines.
    due = [(subject_id, free[subject_id]) for subject_id in subject_ids if subject_id in free]
    cases = [
        Given(case_id, site_id, Elapsed(), work.time, work.actor.subject, TIME, work.time)
        for case_id, site_id in due
        if not outreach.is_unit(case_id)
    ]
    units = {subject_id: site_id for subject_id, site_id in due if outreach.is_unit(subject_id)}
    fired = await outreach.fire_due(work, units) if units else 0
    changes = await apply_acts(work, cases) if cases else []
    return fired + sum(len(change.fired) for change in changes)

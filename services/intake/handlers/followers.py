"""Tells the duplicates of a case how the one that goes on in their place stands.

The case may have many, and a handler locks no subject that it can't name beforehand: it leaves a
job behind, which goes over them in steps.
"""

import json

from chassis.jobs import MAX_SUBJECTS_PER_STEP, Job
from chassis.journal import Cause
from chassis.work import Work
from services.intake.convert import linking as convert
from services.intake.domain.linking import master_of
from services.intake.domain.values import Case, CaseFile
from services.intake.handlers.holding import act
from services.intake.store import cases
from services.intake.store import linking as store

# The kind of job that tells followers.
MASTER_MOVED = "master_moved"


async def tell_followers(work: Work, file: CaseFile, master: Case) -> None:
    """Leaves a job behind that tells a case's duplicates how their master stands now.

    `master` is the case itself as it has just become, or the one that they follow from now on.
    """
    if not file.followers:
        return
    payload = {
        "followed": file.case.case_id,
        "master": master.case_id,
        "state": master.state,
        "cycle": master.cycle,
    }
    await work.enqueue_job(
        master.site_id, MASTER_MOVED, json.dumps(payload).encode(), total=len(file.followers)
    )


async def step(work: Work, job: Job) -> str | None:
    """Tells the next duplicates, each once.

    When the master has moved on meanwhile there is another job, which tells how it stands then.
    Those who follow another case from now on are handed over first, to whichever has no master.
    """
    told = json.loads(job.payload)
    followed, first = told["followed"], job.cursor
    found = await store.list_followers(work.connection, followed, first, MAX_SUBJECTS_PER_STEP)
    if not found:
        return None
    moves = followed != told["master"]
    master_id = told["master"]
    if moves:
        # What it was merged into may have been merged since.
        master_id = await store.last_master(work.connection, master_id)
    await work.lock_existing(followed, master_id, *found)
    file = await cases.load_file(work.connection, master_id)
    if file is None:
        raise LookupError(f"the case {master_id} has gone")
    master = file.case
    if moves and master_of(file):
        # Merged between the two reads: the same step again, with what it was merged into.
        return first
    if not moves and (master.state, master.cycle) != (told["state"], told["cycle"]):
        return None
    # One that was reopened before it was locked is a duplicate no longer.
    last = found[-1]
    there = await store.list_followers(work.connection, followed, first, MAX_SUBJECTS_PER_STEP)
    ids = [one for one in there if one <= last and one in found]
    if moves:
        await store.move_followers(work.connection, followed, master_id, ids)
    cause = Cause("intake", master_id, work.version(master_id))
    for one in ids:
        work.record(
            one, job.site_id, convert.case_master_moved(one, master, act(work)), causes=[cause]
        )
    job.done += len(ids)
    return last

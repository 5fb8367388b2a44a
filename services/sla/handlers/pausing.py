"""What people decide about a case's clocks: that they stand still, run again, are excused."""

from datetime import datetime, timedelta

from backstop.sla.v1 import sla_facts_pb2
from chassis.errors import FieldViolation, Refused
from chassis.work import Receipt, Work
from services.sla.convert.questions import excused
from services.sla.domain.acts import Excused, Paused, Resumed
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Case
from services.sla.domain.kinds import CaseState, ClockKind, ClockState, PauseReason
from services.sla.domain.sight import behind
from services.sla.handlers.facts import apply_act
from services.sla.store import files
from services.sla.store.excuses import add_excuse
from services.sla.store.questions import Excuse

_LONGEST_PAUSE = timedelta(days=366)

# A clock that runs has no verdict yet, though it may have fired before; but a unit that was
# reported stays so until somebody goes there.
_ENDED = (ClockState.BREACHED, ClockState.MET, ClockState.MET_LATE)


async def pause_clocks(
    work: Work,
    case_id: str,
    expected_version: int,
    reason: PauseReason,
    words: str,
    latest_end_time: datetime,
) -> Receipt:
    """Lets the clocks of an open case that may do so for the reason stand still from now on."""
    case = await _hold(work, case_id, expected_version)
    if case.state is not CaseState.OPEN:
        raise Refused("CASE_NOT_IN_HAND")
    if case.pause is not None:
        raise Refused("ALREADY_PAUSED")
    _check_latest_end(work.time, latest_end_time)
    act = Paused(reason, work.time, latest_end_time, words, work.actor.subject)
    change = await apply_act(
        work, case_id, case.site_id, act, work.time, work.actor.subject, "PauseClocks", work.time
    )
    if not change.paused:
        raise Refused("NOTHING_TO_PAUSE", reason=reason)
    return Receipt(case_id, work.version(case_id))


async def resume_clocks(work: Work, case_id: str, expected_version: int) -> Receipt:
    """Ends a case's pause now, or at its latest end where that is over and not noticed yet."""
    case = await _hold(work, case_id, expected_version)
    if case.pause is None:
        raise Refused("NOT_PAUSED")
    await apply_act(
        work,
        case_id,
        case.site_id,
        Resumed(work.time),
        work.time,
        work.actor.subject,
        "ResumeClocks",
        work.time,
    )
    return Receipt(case_id, work.version(case_id))


async def excuse_breach(work: Work, clock_id: str, reason: str) -> Receipt:
    """Puts the caller's word beside a breach, which stays one."""
    clock = await _hold_clock(work, clock_id)
    reported = clock.kind is ClockKind.OUTREACH and clock.state is ClockState.RUNNING
    if clock.breach_time is None or not (reported or clock.state in _ENDED):
        raise Refused("NOT_BREACHED")
    excuse = Excuse(reason, work.actor.subject, work.time)
    if not await add_excuse(work.connection, clock, excuse):
        raise Refused("ALREADY_EXCUSED")
    case_id = ""
    # A unit's outreach has no acts; its excuse is found by its clock alone.
    if clock.kind is not ClockKind.OUTREACH:
        case_id = clock.subject_id
        await apply_act(
            work,
            case_id,
            clock.site_id,
            Excused(clock_id, reason, excuse.excused_by),
            work.time,
            work.actor.subject,
            "ExcuseBreach",
            work.time,
        )
    work.record(
        clock.subject_id,
        clock.site_id,
        sla_facts_pb2.BreachExcused(
            case_id=case_id,
            clock=excused(clock, excuse),
            reason=reason,
            excused_by=excuse.excused_by,
        ),
    )
    return Receipt(clock.subject_id, work.version(clock.subject_id))


async def _hold(work: Work, case_id: str, expected_version: int) -> Case:
    locked = await work.lock_existing(case_id)
    case = await files.load_case(work.connection, case_id, _behind(work)) if locked else None
    if case is None:
        raise Refused("CLOCKS_NOT_FOUND", case_id=case_id)
    work.expect(case_id, expected_version)
    return case


async def _hold_clock(work: Work, clock_id: str) -> Clock:
    """Returns a clock as it stands under the lock of its subject, which only it can name."""
    callers = _behind(work)
    clock = await files.load_clock(work.connection, clock_id, callers)
    if clock is not None:
        await work.lock(clock.site_id, clock.subject_id)
        clock = await files.load_clock(work.connection, clock_id, callers)
    if clock is None:
        raise Refused("CLOCK_NOT_FOUND", clock_id=clock_id)
    return clock


def _behind(work: Work) -> list[str]:
    return behind(work.actor.subject, work.actor.acting_for)


def _check_latest_end(now: datetime, latest_end_time: datetime) -> None:
    if now < latest_end_time <= now + _LONGEST_PAUSE:
        return
    field = "latest_end_time"
    description = f"must be later than now, by at most {_LONGEST_PAUSE.days} days"
    raise Refused("INVALID_FIELD", fields=[FieldViolation(field, description)], field=field)

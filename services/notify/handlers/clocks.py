"""What sla's facts lead to: the reporter's receipt, warnings, missed and moved deadlines.

A clock of no case, such as OUTREACH's of a unit, tells nobody anything.
"""

from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import opt_datetime, to_timedelta
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.notify import convert
from services.notify.domain import clock_plans
from services.notify.domain.digests import Digesting
from services.notify.domain.work_order_plans import WorkOrderHolder
from services.notify.handlers.telling import follow, payload, tell
from services.notify.store import cases as store
from services.notify.store import work_orders as tasks


class Clocks:
    """Handlers of sla's facts; `digesting` says what waits for others of its recipient."""

    def __init__(self, digesting: Digesting) -> None:
        self._digesting = digesting

    async def on_started(self, work: Work, fact: ReceivedFact) -> None:
        """The first deadlines are known: the reporter's receipt."""
        message = payload(fact, sla.ClocksStarted)
        if not message.case_id:
            return
        case = await store.load_case(work.connection, message.case_id)
        told = clock_plans.clocks_started(case, convert.clocks(message.clocks))
        await tell(work, fact, told, case_id=case.case_id)

    async def on_due_soon(self, work: Work, fact: ReceivedFact) -> None:
        """A deadline comes near."""
        message = payload(fact, sla.ClockDueSoon)
        if not message.case_id:
            return
        case = await store.load_case(work.connection, message.case_id)
        clock = convert.clock(message.clock)
        late_by = convert.warned_late_by(message.clock, fact)
        held = self._digesting.held_clock(case, clock, late_by)
        told = clock_plans.clock_due_soon(case, clock)
        await tell(work, fact, told, case_id=case.case_id, held=held)

    async def on_breached(self, work: Work, fact: ReceivedFact) -> None:
        """A deadline passed; where that was noticed late, so is what it leads to."""
        message = payload(fact, sla.ClockBreached)
        if not message.case_id:
            return
        case = await store.load_case(work.connection, message.case_id)
        clock = convert.missed_clock(message)
        whose = WorkOrderHolder()
        if clock.kind == "WORK_ORDER":
            whose = await tasks.load_work_order(work.connection, case.case_id, clock.reference)
        consequence = convert.enum_name(
            sla_pb2.Consequence.DESCRIPTOR, message.consequence, "CONSEQUENCE_"
        )
        told = clock_plans.clock_breached(
            case, clock, consequence, work_order=whose.unit_id, head=whose.head
        )
        held = self._digesting.held_clock(case, clock, to_timedelta(message.detected_late_by))
        case = self._digesting.missed(case, consequence, held, work.raw_time)
        await follow(work, fact, case, told, held=held)

    async def on_paused(self, work: Work, fact: ReceivedFact) -> None:
        """Clocks stand still."""
        message = payload(fact, sla.ClocksPaused)
        case = await store.load_case(work.connection, message.case_id)
        told = clock_plans.clocks_paused(
            case,
            reason=convert.enum_name(
                sla_pb2.PauseReason.DESCRIPTOR, message.reason, "PAUSE_REASON_"
            ),
            words=message.words,
            latest_end_time=opt_datetime(
                message.HasField("latest_end_time"), message.latest_end_time
            ),
            approved_by=message.approved_by,
        )
        await tell(work, fact, told, case_id=case.case_id)

    async def on_resumed(self, work: Work, fact: ReceivedFact) -> None:
        """Clocks run again."""
        message = payload(fact, sla.ClocksResumed)
        case = await store.load_case(work.connection, message.case_id)
        told = clock_plans.clocks_resumed(
            case, convert.clocks(message.clocks), latest_end_reached=message.latest_end_reached
        )
        await tell(work, fact, told, case_id=case.case_id)

    async def on_amended(self, work: Work, fact: ReceivedFact) -> None:
        """Deadlines were moved, or only became provisional, or certain."""
        message = payload(fact, sla.ClocksAmended)
        if not message.case_id:
            return
        case = await store.load_case(work.connection, message.case_id)
        told = clock_plans.clocks_amended(
            case,
            convert.moved_clocks(message),
            cause=convert.enum_name(
                sla_pb2.AmendmentCause.DESCRIPTOR, message.cause, "AMENDMENT_CAUSE_"
            ),
            reason=message.reason,
        )
        await tell(work, fact, told, case_id=case.case_id)

    async def on_calendar_year_missing(self, work: Work, fact: ReceivedFact) -> None:
        """A year begins soon that the site's calendar doesn't have."""
        message = payload(fact, sla.CalendarYearMissing)
        await tell(work, fact, clock_plans.calendar_year_missing(message.year))

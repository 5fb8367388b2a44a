"""A case and clocks that several tests speak of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notify.domain.cases import CaseView
from services.notify.domain.clock_plans import ClockView, MovedClock
from services.notify.domain.deliveries import Channel, Delivery, DeliveryState
from services.notify.domain.sweep_plans import SweepTaskView
from services.notify.domain.work_order_plans import WorkOrderHolder, WorkOrderView

# 24:00 of Monday, 2026-11-23 in Shanghai.
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)

CASE = CaseView(
    case_id="019e0000-0000-7000-8000-000000000001",
    site_id="yuwu",
    number="YW-20261123-0001",
    category="BATHING",
    place="南风井澡堂",
    unit_id="bathhouse",
    urgent=False,
    confidentiality="NAMED",
    has_phone=True,
    has_email=False,
    receiver="clerk1",
    steward="dd01",
    accountable="dd01",
)
SILENT = replace(CASE, has_phone=False)
URGENT = replace(CASE, urgent=True)


def clock(kind: str = "FIRST_REPLY", *, cycle: int = 1, born_breached: bool = False) -> ClockView:
    """Returns a clock due at MIDNIGHT."""
    return ClockView(
        clock_id=f"clock-{kind}",
        kind=kind,
        cycle=cycle,
        reference="wo-1" if kind == "WORK_ORDER" else "",
        due_time=MIDNIGHT,
        born_breached=born_breached,
    )


def moved(kind: str, by: timedelta) -> MovedClock:
    """Returns a clock that was due at MIDNIGHT and has been moved."""
    return MovedClock(replace(clock(kind), due_time=MIDNIGHT + by), MIDNIGHT)


def delivery(number: int, **changes: Any) -> Delivery:
    """Returns a late deadline's message to dd01, held for a digest; the number tells them apart."""
    usual = Delivery(
        delivery_id=f"d{number:04d}",
        subject_id=f"c{number:04d}",
        case_id=f"c{number:04d}",
        site_id="yuwu",
        recipient="dd01",
        channel=Channel.PHONE,
        template="clock_breached",
        reference=f"clock-{number}",
        state=DeliveryState.PLANNED,
        attempt_count=0,
        plan_time=MIDNIGHT + timedelta(seconds=number),
        digest=True,
        context={
            "number": f"YW-20261123-{number:04d}",
            "urgent": False,
            "clock": "PLAN",
            "late_seconds": 12_000,
            "due_time": (MIDNIGHT + timedelta(days=number)).isoformat(),
        },
    )
    return replace(usual, **changes)


def escalation(number: int, template: str = "case_escalated", **changes: Any) -> Delivery:
    """Returns dd01's message of a case that climbed because of a late deadline."""
    context = {
        "number": f"YW-20261123-{number:04d}",
        "urgent": False,
        "level": 2,
        "cause": "BREACH",
        "late_seconds": 12_000,
    }
    return delivery(number, template=template, reference="", context=context, **changes)


def work_order(number: int, unit_id: str, head: str = "") -> WorkOrderView:
    """Returns a task due at MIDNIGHT."""
    return WorkOrderView(
        work_order_id=f"wo-{number}",
        unit_id=unit_id,
        lead=number == 1,
        task=f"更换淋浴头 {number}",
        deadline_time=MIDNIGHT,
        head=head,
    )


def sweep_task(number: int, unit_id: str, head: str = "", place: str = "") -> SweepTaskView:
    """Returns a unit's share of a sweep."""
    return SweepTaskView(f"task-{number}", unit_id, place, head)


# A work order of the bathhouse, whose head asked for more time.
HELD = WorkOrderHolder("bathhouse", "head2", "asker1")

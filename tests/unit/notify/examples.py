"""A case and clocks that several tests speak of."""

from dataclasses import replace
from datetime import UTC, datetime

from services.notify.domain.cases import CaseView
from services.notify.domain.plans import ClockView, WorkOrderView

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

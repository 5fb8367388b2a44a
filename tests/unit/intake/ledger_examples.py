"""Rows of a ledger to make files of."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.intake.domain.ledger import LedgerRow
from services.intake.domain.values import CaseKind, CaseState, Channel, Grade, Outcome

ZONE = ZoneInfo("Asia/Shanghai")
# 09:00 at the mine.
SPOKEN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def row(**changes: Any) -> LedgerRow:
    """A case that was solved; `changes` replace its fields."""
    usual: dict[str, Any] = {
        "number": "YW-20261123-0001",
        "case_id": "0190a5d0-0000-7000-8000-000000000001",
        "occurred_time": SPOKEN,
        "record_time": SPOKEN + timedelta(minutes=5),
        "kind": CaseKind.REQUEST,
        "category": "BATHING",
        "category_name": "洗浴",
        "unit_id": "bath",
        "unit_name": "浴室队",
        "place": "南风井浴室",
        "channel": Channel.DESK,
        "text": "淋浴头坏了",
        "steward": "s-1",
        "steward_name": "样例乙",
        "state": CaseState.CLOSED,
        "overdue": False,
        "outcome": Outcome.SOLVED,
        "grade": Grade.MOSTLY_SATISFIED,
        "first_reply_time": SPOKEN + timedelta(hours=1),
        "promised_date": date(2026, 12, 3),
        "resolution": "已更换淋浴头",
        "resolve_time": SPOKEN + timedelta(days=1),
        "close_time": SPOKEN + timedelta(days=2),
        "level": 0,
        "reopen_count": 1,
        "breach_count": 2,
        "late_entry": True,
    }
    return LedgerRow(**usual | changes)


def open_row(**changes: Any) -> LedgerRow:
    """A case that is in hand; `changes` replace its fields."""
    usual: dict[str, Any] = {
        "state": CaseState.IN_PROGRESS,
        "outcome": Outcome.NONE,
        "grade": Grade.NONE,
        "resolution": "",
        "resolve_time": None,
        "close_time": None,
        "promised_date": None,
        "first_reply_time": None,
        "reopen_count": 0,
        "breach_count": 0,
        "late_entry": False,
    }
    return row(**usual | changes)

"""Cases of the past, written straight into the tables, and what is measured of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.type import date_pb2

from backstop.intake.v1 import intake_measures_pb2 as rpc
from tests.integration.intake.window import Window

# Midnight at the mine, 1 October 2026.
OCTOBER = datetime(2026, 9, 30, 16, tzinfo=UTC)
END = datetime(2026, 10, 31, 16, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def day(value: date) -> date_pb2.Date:
    return date_pb2.Date(year=value.year, month=value.month, day=value.day)


def october(**more: Any) -> rpc.GetMeasuresRequest:
    fields: dict[str, Any] = {
        "site_ids": ["yuwu"],
        "start_date": day(date(2026, 10, 1)),
        "end_date": day(date(2026, 10, 31)),
    }
    return rpc.GetMeasuresRequest(**fields | more)


class Ledger:
    """Writes cases of the past, which nobody can register any more as they were."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._count = 0

    async def put(self, table: str, **fields: Any) -> None:
        columns = ", ".join(fields)
        places = ", ".join(f"${n}" for n in range(1, len(fields) + 1))
        await self._connection.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({places})", *fields.values()
        )

    async def case(self, came: datetime, **fields: Any) -> str:
        self._count += 1
        case_id = f"case-{self._count}"
        usual: dict[str, Any] = {
            "case_id": case_id,
            "site_id": "yuwu",
            "number": f"YW-{self._count}",
            "state": "IN_PROGRESS",
            "kind": "GRIEVANCE",
            "category": "BATHING",
            "channel": "DESK",
            "post_id": "",
            "place": "南风井浴室",
            "unit_id": "bath",
            "text": "样例",
            "urgency": "NORMAL",
            "reporter_kind": "EMPLOYEE",
            "confidentiality": "NAMED",
            "occurred_time": came,
            "record_time": came,
            "cycle_start_time": came,
            "receiver": "c-1",
            "slip_number": "",
            "steward": "s-1",
            "accountable": "s-1",
            "next_wake_time": END,
        }
        if fields.get("state") == "CLOSED":
            usual |= {"accountable": "", "next_wake_time": None, "outcome": "SOLVED"}
        await self.put("cases", **usual | fields)
        return case_id

    async def clock(self, case_id: str, kind: str, due: datetime, state: str, **more: Any) -> None:
        usual: dict[str, Any] = {
            "case_id": case_id,
            "clock_id": f"{kind}-{case_id}-{due:%m%d%H}",
            "site_id": "yuwu",
            "kind": kind,
            "cycle": 1,
            "reference": "",
            "start_time": due - DAY,
            "due_time": due,
            "state": state,
            "provisional": False,
            "breached": state != "MET",
        }
        await self.put("clocks", **usual | more)


async def figures(window: Window, **more: Any) -> dict[str, dict[str, rpc.MeasureValue]]:
    reply = await window.ask(october(**more), "DIRECTOR")
    return {one.value: {m.measure: m for m in one.measures} for one in reply.sets}


def share(value: rpc.MeasureValue) -> tuple[int, int]:
    return value.numerator, value.denominator

"""The measures of a period, and the report of a month, as callers are given them."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import openpyxl
import pytest
from google.type import date_pb2

from backstop.intake.v1 import intake_measures_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.testing import bearer, read_refusal
from services.intake.domain.measures import DEFINITIONS
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


@pytest.fixture
async def ledger(window: Window) -> Any:
    connection = await asyncpg.connect(
        window.database.dsn("owner"), server_settings={"search_path": "intake"}
    )
    await connection.execute("SELECT set_config('backstop.sites', '*', false)")
    yield Ledger(connection)
    await connection.close()


async def figures(window: Window, **more: Any) -> dict[str, dict[str, rpc.MeasureValue]]:
    reply = await window.ask(october(**more), "DIRECTOR")
    return {one.value: {m.measure: m for m in one.measures} for one in reply.sets}


def share(value: rpc.MeasureValue) -> tuple[int, int]:
    return value.numerator, value.denominator


async def test_what_comes_and_goes_is_counted_by_the_days_of_the_mine(
    window: Window, ledger: Ledger
) -> None:
    await ledger.case(OCTOBER, late_entry=True)
    await ledger.case(OCTOBER - timedelta(seconds=1))
    await ledger.case(END - timedelta(seconds=1), level=7, accountable="position:DISPATCH_ROOM")
    await ledger.case(END)
    closed = {"state": "CLOSED", "resolve_time": OCTOBER + 30 * HOUR, "confirmed": True}
    await ledger.case(OCTOBER + 20 * HOUR, close_time=OCTOBER + 50 * HOUR, **closed)
    # Closed after the month's end: still open at it, and resolved in it.
    await ledger.case(OCTOBER + 10 * DAY, close_time=END, **closed | {"resolve_time": END - HOUR})
    found = (await figures(window))[""]
    assert found["REGISTERED"].value == 4
    assert share(found["LATE_ENTRIES"]) == (1, 4)
    assert found["RESOLVED_COUNT"].value == 2
    assert found["CLOSED_COUNT"].value == found["SOLVED_COUNT"].value == 1
    assert found["OPEN"].value == 4
    bands = [found[f"AGEING_{band}"].value for band in ("0_3", "4_7", "8_15", "16_30", "OVER_30")]
    # 31 October is the day itself, 21, 30 and 31 days after the appeals.
    assert bands == [1, 0, 0, 2, 1]
    assert found["LEVEL_5"].value == found["FALLBACK"].value == 1
    assert found["MEDIAN_CLOSE"].value == 30
    assert found["MEDIAN_RESOLUTION"].value == (10 + (21 * 24 - 1)) / 2


async def test_rates_of_the_results(window: Window, ledger: Ledger) -> None:
    done = {"resolve_time": OCTOBER + DAY, "close_time": OCTOBER + 2 * DAY, "state": "CLOSED"}
    solved = done | {"confirmed": True}
    await ledger.case(OCTOBER, grade="SATISFIED", **solved)
    await ledger.case(OCTOBER, grade="MOSTLY_SATISFIED", **solved)
    # Resolved and confirmed, to be struck off yet.
    await ledger.case(
        OCTOBER,
        state="RESOLVED",
        proposed_outcome="SOLVED",
        grade="DISSATISFIED",
        confirmed=True,
        resolve_time=OCTOBER + DAY,
    )
    # What is only reported counts for nothing.
    await ledger.case(OCTOBER, grade="SATISFIED", outcome="UNCONFIRMED", **done)
    await ledger.case(OCTOBER, outcome="EXPLAINED_NOT_ACCEPTED", **done)
    await ledger.case(OCTOBER, kind="SUGGESTION", outcome="EXPLAINED", **solved)
    for outcome in ("DUPLICATE", "WITHDRAWN"):
        await ledger.case(OCTOBER, outcome=outcome, **done)
    found = (await figures(window))[""]
    assert share(found["RESOLUTION_RATE"]) == (3, 5)
    assert found["RESOLUTION_RATE"].value == 60
    assert share(found["ANSWERED_SHARE"]) == (4, 6)
    assert share(found["SATISFIED_SHARE"]) == share(found["MOSTLY_SATISFIED_SHARE"]) == (1, 4)
    assert share(found["DISSATISFIED_SHARE"]) == (2, 4)


async def test_deadlines_are_of_the_day_that_they_end(window: Window, ledger: Ledger) -> None:
    case_id = await ledger.case(OCTOBER + DAY)
    # 24:00 of the last day before the month, and of its last day.
    await ledger.clock(case_id, "FIRST_REPLY", OCTOBER, "MET_LATE")
    await ledger.clock(case_id, "FIRST_REPLY", END, "MET")
    await ledger.clock(case_id, "FIRST_REPLY", END - DAY, "BREACHED", excused=True)
    await ledger.clock(case_id, "FIRST_REPLY", END - 2 * DAY, "MET_LATE")
    await ledger.clock(case_id, "FIRST_REPLY", END - 3 * DAY, "CANCELLED")
    # Heard of late, but done in time; and excused, though it was not needed.
    await ledger.clock(case_id, "PLAN", END - DAY, "MET", breached=True, excused=True)
    await ledger.clock(case_id, "RESOLUTION", END - DAY, "MET_LATE", excused=True)
    found = (await figures(window))[""]
    assert share(found["RESPONSE_RATE"]) == (1, 3)
    assert share(found["ON_TIME_FIRST_REPLY"]) == (1, 2)
    assert found["EXCUSED_FIRST_REPLY"].value == 1
    assert share(found["ON_TIME_PLAN"]) == (1, 1)
    assert found["EXCUSED_PLAN"].value == 0
    assert share(found["ON_TIME_RESOLUTION"]) == (0, 0)
    assert not found["ON_TIME_RESOLUTION"].HasField("value")
    assert share(found["KEPT_PROMISE_RATE"]) == (0, 1)


async def test_what_is_not_due_yet_is_not_judged(window: Window, ledger: Ledger) -> None:
    now = datetime.now(UTC)
    case_id = await ledger.case(now - HOUR)
    await ledger.clock(case_id, "PLAN", now - HOUR, "RUNNING")
    await ledger.clock(case_id, "PLAN", now + timedelta(minutes=5), "RUNNING")
    # A day each way, whatever the mine's midnight.
    today = (now + timedelta(hours=8)).date()
    found = await figures(window, start_date=day(today - DAY), end_date=day(today + DAY))
    assert share(found[""]["ON_TIME_PLAN"]) == (0, 1)


async def test_promises_and_work_orders_are_those_of_their_units(
    window: Window, ledger: Ledger
) -> None:
    case_id = await ledger.case(OCTOBER)
    order = {
        "case_id": case_id,
        "site_id": "yuwu",
        "task": "更换",
        "deadline_time": END,
        "dispatch_time": OCTOBER,
        "state": "COMPLETED",
    }
    await ledger.put("work_orders", work_order_id="w-1", unit_id="south", lead=True, **order)
    await ledger.clock(case_id, "WORK_ORDER", END, "MET", reference="w-1")
    await ledger.clock(case_id, "RESOLUTION", END, "MET")
    plan = {
        "case_id": case_id,
        "site_id": "yuwu",
        "cycle": 1,
        "kind": "PLAN",
        "text": "样例",
        "answered_by": "s-1",
    }
    told = OCTOBER + 10 * HOUR
    await ledger.put(
        "answers",
        answer_id="a-1",
        version=2,
        promised_date=date(2026, 10, 20),
        answer_time=told,
        fed_back_time=told,
        **plan,
    )
    await ledger.put(
        "promise_moves",
        case_id=case_id,
        version=3,
        site_id="yuwu",
        answer_id="a-1",
        previous_date=date(2026, 10, 6),
        promised_date=date(2026, 10, 20),
        reason="样例",
        approved_by="d-1",
        move_time=OCTOBER + 2 * DAY,
    )
    await ledger.put(
        "feedbacks",
        case_id=case_id,
        version=2,
        site_id="yuwu",
        answer_id="a-1",
        cycle=1,
        way="TOLD",
        feedback_time=told,
        note="",
        recorded_by="s-1",
    )
    found = await figures(window, group_by=rpc.MEASURE_GROUP_UNIT)
    assert share(found["south"]["ON_TIME_WORK_ORDER"]) == (1, 1)
    assert share(found["south"]["KEPT_PROMISE_RATE"]) == (1, 1)
    assert found["south"]["MEDIAN_PROMISE_DAYS"].value == 5
    assert found["south"]["PROMISE_MOVES"].value == 1
    assert found["bath"]["REGISTERED"].value == 1
    assert found["bath"]["MEDIAN_FIRST_REPLY"].value == found["bath"]["MEDIAN_PLAN"].value == 10
    assert share(found["bath"]["ON_TIME_WORK_ORDER"]) == (0, 0)


async def test_repeats_recurrences_and_suggestions(window: Window, ledger: Ledger) -> None:
    first = await ledger.case(OCTOBER - 60 * DAY)
    second = await ledger.case(OCTOBER + DAY, suggestion="ACCEPTED")
    third = await ledger.case(OCTOBER + 2 * DAY, suggestion="OVERRULED")
    # A hundred days apart, each within reach of the month.
    old = await ledger.case(OCTOBER - 80 * DAY)
    late = await ledger.case(OCTOBER + 20 * DAY)
    for case_id, person in (
        (first, b"w-7"),
        (second, b"w-7"),
        (third, b"w-7"),
        (old, b"w-8"),
        (late, b"w-8"),
    ):
        await ledger.put(
            "reporters",
            case_id=case_id,
            site_id="yuwu",
            key_id="k",
            nonce=b"0",
            ciphertext=b"0",
            person_hash=person,
        )
    await ledger.put(
        "links", case_id=second, linked_case_id=first, relation="RECURRENCE_OF", site_id="yuwu"
    )
    for accepted, other in ((True, first), (False, old)):
        await ledger.put(
            "duplicate_suggestions",
            case_id=third,
            suggested_case_id=other,
            site_id="yuwu",
            accepted=accepted,
        )
    found = (await figures(window))[""]
    assert found["REPEAT_REPORTERS"].value == 1
    assert share(found["RECURRENCE"]) == (1, 3)
    assert share(found["SUGGESTIONS_ACCEPTED"]) == (1, 2)
    assert share(found["SUGGESTIONS_OVERRULED"]) == (1, 2)
    assert share(found["DUPLICATES_ACCEPTED"]) == (1, 2)


async def test_reporters_are_not_told_by_small_cells(window: Window, ledger: Ledger) -> None:
    for category, channel, confidentiality in (
        ("PAY", "DESK", "ANONYMOUS"),
        *[("BATHING", "DESK", "NAMED")] * 3,
        *[("FOOD", "PHONE", "CONFIDENTIAL")] * 5,
    ):
        await ledger.case(
            OCTOBER, category=category, channel=channel, confidentiality=confidentiality
        )
    found = await figures(window, group_by=rpc.MEASURE_GROUP_CATEGORY)
    assert found["PAY"]["REGISTERED"].suppressed
    assert not found["PAY"]["REGISTERED"].HasField("value")
    assert found["BATHING"]["REGISTERED"].suppressed
    assert found["FOOD"]["REGISTERED"].value == 5
    for group in (rpc.MEASURE_GROUP_STEWARD, rpc.MEASURE_GROUP_UNIT, rpc.MEASURE_GROUP_NONE):
        (one,) = (await figures(window, group_by=group)).values()
        assert one["REGISTERED"].value == 9


async def test_an_excused_breach_is_kept_apart(window: Window) -> None:
    made = await window.register()
    clock = sla_pb2.Clock(
        clock_id="k-1",
        case_id=made.case.case_id,
        site_id="yuwu",
        kind=sla_pb2.CLOCK_KIND_PLAN,
        cycle=1,
        state=sla_pb2.CLOCK_STATE_MET_LATE,
    )
    past = datetime.now(UTC) - timedelta(minutes=1)
    clock.start_time.FromDatetime(past)
    clock.due_time.FromDatetime(past)
    clock.breach_time.FromDatetime(past)
    await window.tell(
        "sla",
        made.case.case_id,
        "yuwu",
        sla_facts_pb2.ClocksStarted(case_id=made.case.case_id, clocks=[clock]),
    )
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    period = {"start_date": day(today - DAY), "end_date": day(today)}
    assert share((await figures(window, **period))[""]["ON_TIME_PLAN"]) == (0, 1)
    clock.excuse.reason = "停电"
    clock.excuse.excused_by = "d-1"
    await window.tell(
        "sla",
        made.case.case_id,
        "yuwu",
        sla_facts_pb2.BreachExcused(case_id=made.case.case_id, clock=clock, excused_by="d-1"),
    )
    found = (await figures(window, **period))[""]
    assert share(found["ON_TIME_PLAN"]) == (0, 0)
    assert found["EXCUSED_PLAN"].value == 1


async def test_cases_about_the_caller_and_other_mines_are_not_in_it(
    window: Window, ledger: Ledger
) -> None:
    await ledger.case(OCTOBER, about_persons=["director"])
    await ledger.case(OCTOBER)
    await ledger.case(OCTOBER, site_id="other", number="OT-1")
    assert (await figures(window))[""]["REGISTERED"].value == 1
    both = await window.ask(
        october(site_ids=[], group_by=rpc.MEASURE_GROUP_UNIT),
        "LEADER",
        subject="l-1",
        sites=("yuwu", "other"),
    )
    assert [(one.value, one.name) for one in both.sets] == [
        ("other/bath", "样例矿 · 浴室队"),
        ("yuwu/bath", "样例矿 · 浴室队"),
    ]


async def test_periods_are_compared_and_measures_explained(window: Window, ledger: Ledger) -> None:
    await ledger.case(OCTOBER)
    request = october(
        group_by=rpc.MEASURE_GROUP_CHANNEL,
        compared_start_date=day(date(2026, 9, 1)),
        compared_end_date=day(date(2026, 9, 30)),
    )
    reply = await window.ask(request, "DISPATCHER", language="en")
    assert [one.name for one in reply.sets] == ["desk"]
    assert list(reply.compared_sets) == []
    assert [one.measure for one in reply.definitions] == [one.measure for one in DEFINITIONS]
    assert reply.definitions[0].title == "Response rate"
    assert (await window.ask(request, "DISPATCHER")).definitions[0].title == "回复率"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"site_ids": ["nowhere"]}, "SITE_UNKNOWN"),
        ({"site_ids": ["other"]}, "SITE_UNKNOWN"),
        ({"end_date": day(date(2026, 9, 1))}, "PERIOD_INVALID"),
        ({"start_date": day(date(2000, 1, 1))}, "PERIOD_INVALID"),
        (
            {"start_date": day(date(2999, 1, 1)), "end_date": day(date(2999, 1, 2))},
            "PERIOD_INVALID",
        ),
        ({"compared_start_date": day(date(2026, 9, 1))}, "PERIOD_INVALID"),
        ({"start_date": date_pb2.Date(year=2026, month=13, day=1)}, "INVALID_FIELD"),
        ({"group_by": 99}, "INVALID_FIELD"),
    ],
)
async def test_bad_periods_and_sites(window: Window, fields: dict[str, Any], reason: str) -> None:
    assert (await window.refused(october(**fields), "DIRECTOR")).reason == reason


async def exported(window: Window, language: str = "zh-CN", **fields: Any) -> tuple[str, bytes]:
    usual: dict[str, Any] = {
        "site_id": "yuwu",
        "year": 2026,
        "month": 10,
        "format": rpc.DOCUMENT_FORMAT_HTML,
    }
    metadata = (
        ("accept-language", language),
        *bearer(window.keys.person("director", ("DIRECTOR",), ("yuwu",))),
    )
    name, content = "", b""
    async for part in window.stub.ExportMonthlyReport(
        rpc.ExportMonthlyReportRequest(**usual | fields), timeout=20, metadata=metadata
    ):
        assert len(part.content) <= 64 * 1024
        name, content = name or part.file_name, content + part.content
    return name, content


async def test_the_report_of_a_month_as_a_page_and_as_a_workbook(
    window: Window, ledger: Ledger
) -> None:
    for place in ("=cmd|'/c calc'!A1", "<script>alert(1)</script>"):
        for _ in range(2):
            await ledger.case(OCTOBER + DAY, place=place)
    name, page = await exported(window)
    assert name == "report-yuwu-202610.html"
    text = page.decode()
    assert "样例矿 · 诉求办理月报" in text
    assert "浴室队" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http" not in text.replace("http-equiv", "")
    name, book = await exported(window, format=rpc.DOCUMENT_FORMAT_XLSX)
    assert name == "report-yuwu-202610.xlsx"
    sheets = openpyxl.load_workbook(io.BytesIO(book))
    assert sheets.sheetnames[:3] == ["概览", "流入流出", "按类别"]
    spots = {row[0].value: row[0].data_type for row in sheets["热点"].iter_rows(min_row=2)}
    assert spots["=cmd|'/c calc'!A1"] == "s"
    assert sheets["按单位"]["B2"].value == 4
    _, english = await exported(window, "en")
    assert "按类别 By category" in english.decode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"site_id": "other"}, "SITE_UNKNOWN"),
        ({"year": 2998}, "PERIOD_INVALID"),
        ({"month": 13}, "INVALID_FIELD"),
        ({"format": rpc.DOCUMENT_FORMAT_CSV}, "INVALID_FIELD"),
    ],
)
async def test_reports_that_cannot_be_made(
    window: Window, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await exported(window, **fields)
    assert read_refusal(caught.value).reason == reason


async def test_who_may_not_ask(window: Window) -> None:
    assert (await window.refused(october(), "CLERK")).reason == "PERMISSION_DENIED"
    assert (await window.refused(october(), "HANDLER")).reason == "PERMISSION_DENIED"

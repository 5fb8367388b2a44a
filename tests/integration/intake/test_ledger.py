"""The ledger over the real walls: what its rows tell, streamed, as files, and in public."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import openpyxl
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_measures_pb2 as rpc
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import to_timestamp
from chassis.testing import bearer, read_refusal
from services.intake.documents.ledger_columns import COLUMNS
from services.intake.store import ledger
from services.intake.store.ledger import Q
from tests.integration.intake.window import Window, directory
from tests.waiting import eventually

NOW = datetime.now(UTC)
TODAY = Date(year=NOW.year, month=NOW.month, day=NOW.day)
COLUMN = {column.chinese: index for index, column in enumerate(COLUMNS)}
PLANNED = (NOW + timedelta(days=9)).date()
NAMED = pb.Reporter(kind=pb.REPORTER_KIND_EMPLOYEE, name="样例工", person_code="w-7")


def called(
    window: Window,
    request: Message,
    role: str = "LEADER",
    *,
    subject: str = "",
    sites: tuple[str, ...] = ("yuwu",),
    language: str = "zh-CN",
) -> Any:
    """Calls a streaming RPC, which has no deadline."""
    name = type(request).__name__.removesuffix("Request")
    metadata = (
        ("accept-language", language),
        *bearer(window.keys.person(subject or role.lower(), (role,), sites)),
    )
    return getattr(window.stub, name)(request, metadata=metadata)


async def streamed(window: Window, **fields: Any) -> list[pb.LedgerRow]:
    how = {name: fields.pop(name) for name in ("subject", "sites", "role") if name in fields}
    request = rpc.StreamLedgerRequest(**{"site_id": "yuwu"} | fields)
    return [row async for batch in called(window, request, **how) for row in batch.rows]


async def exported(
    window: Window, file_format: rpc.DocumentFormat.ValueType, **fields: Any
) -> tuple[str, bytes, int]:
    """Returns the file's name, its bytes, and how many rows it is said to have."""
    how = {name: fields.pop(name) for name in ("subject", "sites", "language") if name in fields}
    request = rpc.ExportLedgerRequest(**({"site_id": "yuwu"} | fields), format=file_format)
    messages = [message async for message in called(window, request, **how)]
    assert messages[0].file_name
    assert not any(message.file_name for message in messages[1:])
    assert all(len(message.content) <= 64 * 1024 for message in messages)
    assert not any(message.row_count for message in messages[:-1])
    content = b"".join(message.content for message in messages)
    return messages[0].file_name, content, messages[-1].row_count


async def listed(window: Window, **fields: Any) -> list[pb.LedgerRow]:
    reply = await window.ask(rpc.ListLedgerRequest(**{"site_id": "yuwu"} | fields), "LEADER")
    return list(reply.rows)


async def closed(window: Window, **fields: Any) -> pb.Case:
    """Registers a case, which is solved, confirmed by code and struck off."""
    made = await window.resolved(**fields)
    await window.ask(
        intake_service_pb2.ConfirmCaseRequest(
            case_id=made.case.case_id,
            grade=pb.GRADE_SATISFIED,
            receipt_code=made.receipt_code,
        ),
        nobody=True,
    )
    await window.ask(
        intake_service_pb2.CloseCaseRequest(case_id=made.case.case_id, outcome=pb.OUTCOME_SOLVED),
        "DISPATCHER",
    )
    case: pb.Case = made.case
    return case


async def overdue(window: Window, case: pb.Case) -> None:
    """sla tells that the case's plan is late."""
    clock = sla_pb2.Clock(
        clock_id=f"plan-{case.case_id}",
        case_id=case.case_id,
        site_id="yuwu",
        kind=sla_pb2.CLOCK_KIND_PLAN,
        cycle=1,
        start_time=to_timestamp(NOW),
        due_time=to_timestamp(NOW),
        state=sla_pb2.CLOCK_STATE_BREACHED,
        breach_time=to_timestamp(NOW),
    )
    breached = sla_facts_pb2.ClockBreached(case_id=case.case_id, clock=clock)
    await window.tell("sla", case.case_id, "yuwu", breached)


async def test_a_row_tells_how_the_case_stands(window: Window) -> None:
    made = await window.register(place="二楼", kind=pb.CASE_KIND_GRIEVANCE)
    case_id = made.case.case_id
    await window.tell(
        "routing",
        case_id,
        "yuwu",
        routing_facts_pb2.CaseAssigned(
            case_id=case_id, unit_id="bath", steward="s-1", accountable="s-1"
        ),
    )
    (row,) = await listed(window)
    assert (row.place, row.kind, row.late_entry, row.level) == (
        "二楼",
        pb.CASE_KIND_GRIEVANCE,
        False,
        0,
    )
    assert row.record_time == made.case.record_time
    assert (row.category_name, row.unit_name, row.steward_name) == ("洗浴", "浴室队", "样例乙")
    assert not row.HasField("first_reply_time")
    assert not row.HasField("promised_date")
    await window.ask(
        intake_service_pb2.AnswerCaseRequest(
            case_id=case_id,
            kind=pb.ANSWER_KIND_PLAN,
            text="周五前更换",
            promised_date=Date(year=PLANNED.year, month=PLANNED.month, day=PLANNED.day),
        ),
        "STEWARD",
    )
    (row,) = await listed(window)
    assert (row.promised_date.month, row.promised_date.day) == (PLANNED.month, PLANNED.day)
    # It hasn't reached anybody yet.
    assert not row.HasField("first_reply_time")
    await window.ask(
        intake_service_pb2.ResolveCaseRequest(
            case_id=case_id,
            resolution="已更换",
            outcome=pb.OUTCOME_SOLVED,
            feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
        ),
        "STEWARD",
    )
    (row,) = await listed(window)
    assert row.HasField("first_reply_time")
    assert row.first_reply_time.ToDatetime(UTC) >= row.record_time.ToDatetime(UTC)


async def test_names_that_are_gone_leave_the_codes(window: Window) -> None:
    await window.register()
    without = directory("yuwu", "YW")
    del without.directory.units[:]
    del without.directory.categories[:]
    await window.tell("routing", "directory/yuwu", "yuwu", without)
    (row,) = await listed(window)
    assert (row.unit_id, row.unit_name) == ("bath", "")
    assert (row.category, row.category_name) == ("BATHING", "")


async def test_filters_narrow_all_three_alike(window: Window) -> None:
    wanted = await window.register(text="=cmd 食堂太咸", category="")
    late = await window.register(text="路灯不亮")
    await overdue(window, late.case)
    for text, expected in (
        ("太咸", [wanted.case.case_id]),
        ("overdue = true", [late.case.case_id]),
        ("category = BATHING OR category = NONE", [late.case.case_id]),
        ("state = CLOSED", []),
    ):
        assert [row.case_id for row in await listed(window, filter=text)] == expected, text
        assert [row.case_id for row in await streamed(window, filter=text)] == expected, text
        _, content, count = await exported(window, rpc.DOCUMENT_FORMAT_CSV, filter=text)
        assert count == len(expected)
        assert len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))) == count + 1
    assert await streamed(window, category="BATHING", end_date=TODAY, solved_only=True) == []
    for request in (
        rpc.ListLedgerRequest(site_id="yuwu", filter="stat = OPEN"),
        rpc.StreamLedgerRequest(site_id="yuwu", filter="stat = OPEN"),
        rpc.ExportLedgerRequest(
            site_id="yuwu", filter="stat = OPEN", format=rpc.DOCUMENT_FORMAT_CSV
        ),
    ):
        assert (await _refusal(window, request)).reason == "FILTER_INVALID"


async def test_pages_of_another_filter_are_refused(window: Window) -> None:
    for _ in range(2):
        await window.register()
    request = rpc.ListLedgerRequest(site_id="yuwu", page_size=1, filter="category = BATHING")
    reply = await window.ask(request, "LEADER")
    request.page_token = reply.next_page_token
    assert len((await window.ask(request, "LEADER")).rows) == 1
    request.filter = ""
    assert (await window.refused(request, "LEADER")).reason == "INVALID_PAGE_TOKEN"


async def test_a_stream_has_every_row_once_and_in_order(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    spoken = NOW - timedelta(days=1)
    made = [
        await window.register(occurred_time=to_timestamp(spoken - timedelta(seconds=index // 2)))
        for index in range(5)
    ]
    expected = sorted((one.case.occurred_time.ToNanoseconds(), one.case.case_id) for one in made)
    request = rpc.StreamLedgerRequest(site_id="yuwu")
    batches = [[row.case_id for row in batch.rows] async for batch in called(window, request)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [one for batch in batches for one in batch] == [case_id for _, case_id in expected]


async def test_whoever_reads_slowly_holds_no_transaction(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BATCH", 1)
    for _ in range(3):
        await window.register()
    call = called(window, rpc.StreamLedgerRequest(site_id="yuwu"))
    assert len((await call.read()).rows) == 1
    open_now = """
        SELECT count(*) AS count FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'backstop_intake_app'
            AND xact_start IS NOT NULL
    """

    async def none_is_open() -> bool:
        (row,) = await window.rows(open_now)
        return not row["count"]

    await eventually(none_is_open, what="no transaction of the app's role is open")
    assert len((await call.read()).rows) == 1
    call.cancel()


async def test_other_sites_and_cases_about_the_caller_are_left_out(window: Window) -> None:
    about = await window.register(about_persons=["s-1"])
    other = await window.register(about_persons=["c-1"])
    assert [row.case_id for row in await streamed(window, subject="s-1")] == [other.case.case_id]
    _, content, count = await exported(window, rpc.DOCUMENT_FORMAT_CSV, subject="s-1")
    assert count == 1
    assert about.case.number not in content.decode()
    assert other.case.number in content.decode()
    elsewhere = rpc.ExportLedgerRequest(site_id="yuwu", format=rpc.DOCUMENT_FORMAT_CSV)
    for request in (elsewhere, rpc.StreamLedgerRequest(site_id="yuwu")):
        assert (await _refusal(window, request, sites=("other",))).reason == "SITE_UNKNOWN"
    assert (await _refusal(window, elsewhere, role="CLERK")).reason == "PERMISSION_DENIED"
    refused = await window.refused(
        rpc.ListSolvedProblemsRequest(site_id="yuwu"), "CLERK", sites=("other",)
    )
    assert refused.reason == "SITE_UNKNOWN"


async def test_a_workbook_of_the_period(window: Window) -> None:
    await closed(window)
    late = await window.register(text="=1+1")
    await overdue(window, late.case)
    await window.register(category="")
    days = {
        "start_date": Date(year=2026, month=1, day=1),
        "end_date": Date(year=2199, month=1, day=31),
    }
    name, content, count = await exported(window, rpc.DOCUMENT_FORMAT_XLSX, **days)
    assert (name, count) == ("ledger-yuwu-20260101-21990131.xlsx", 3)
    book: Any = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    sheet = book["台账"]
    assert sheet["A1"].value == "样例矿 诉求台账　2026-01-01 至 2199-01-31"
    texts = [sheet.cell(at, COLUMN["诉求内容"] + 1) for at in (3, 4, 5)]
    assert (texts[1].value, texts[1].data_type) == ("=1+1", "s")
    assert sheet.cell(4, COLUMN["是否超期"] + 1).value == "是"
    assert sheet.cell(3, 2).is_date
    sums = [[cell.value for cell in line] for line in book["汇总"]["A6:F8"]]
    assert sums[0] == ["洗浴", 2, 0, 1, 1, 0]
    assert sums[2] == ["合计", 3, 1, 1, 1, 0]
    name, content, count = await exported(window, rpc.DOCUMENT_FORMAT_XLSX, language="en")
    assert name == "ledger-yuwu-all-all.xlsx"
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames == ["Summary", "Ledger"]


async def test_whoever_leaves_an_export_leaves_nothing_behind(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    await window.register()
    begun, go_on = asyncio.Event(), asyncio.Event()
    plain = ledger.read_ledger

    async def stalled(*args: Any) -> AsyncIterator[Any]:
        async for rows in plain(*args):
            yield rows
        begun.set()
        await go_on.wait()

    monkeypatch.setattr(ledger, "read_ledger", stalled)
    call = called(window, rpc.ExportLedgerRequest(site_id="yuwu", format=rpc.DOCUMENT_FORMAT_XLSX))
    reading = asyncio.create_task(call.read())
    await begun.wait()
    assert left_in(folder)
    call.cancel()

    async def gone() -> bool:
        return not left_in(folder)

    await eventually(gone, what="the file's folder is gone")
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_solved_problems_name_nobody(window: Window) -> None:
    first = await closed(window, text="样例甲说南风井浴室水凉，电话13900001111", reporter=NAMED)
    request = rpc.ListSolvedProblemsRequest(site_id="yuwu", page_size=1)
    await closed(
        window,
        text="保密的事",
        reporter=pb.Reporter(
            kind=pb.REPORTER_KIND_EMPLOYEE,
            confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL,
            name="样例",
        ),
    )
    await closed(window, text="关于某人的事", about_persons=["c-1"], reporter=NAMED)
    await closed(window, text=f"{first.number}还是凉", reporter=NAMED)
    page = await window.ask(request, "REPORTER", subject="w-9")
    assert [one.problem for one in page.problems] == ["***还是凉"]
    request.page_token = page.next_page_token
    await closed(window, text="又好了", reporter=NAMED)
    page = await window.ask(request, "REPORTER", subject="w-9")
    (problem,) = page.problems
    assert not page.next_page_token
    assert problem.problem == "某某说南风井浴室水凉，电话***"
    assert (problem.category_name, problem.solution, problem.days) == ("洗浴", "已更换淋浴头", 0)
    solved = date(problem.solve_date.year, problem.solve_date.month, problem.solve_date.day)
    assert abs(solved - NOW.date()) <= timedelta(days=1)
    past = rpc.ListSolvedProblemsRequest(site_id="yuwu", end_date=Date(year=2026, month=1, day=1))
    assert not (await window.ask(past, "CLERK")).problems


async def test_the_ledger_is_read_by_its_index(window: Window) -> None:
    await window.register()
    arguments = ["yuwu", NOW, NOW, False, "", NOW, "", ["s-1"], 50]
    async with window.database.app.connection() as connection, connection.transaction():
        # A table this small would be read whole, and sorted.
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        await connection.execute("SET LOCAL backstop.sites = 'yuwu'")
        plan = await connection.fetch(f"EXPLAIN {Q.list_ledger}", *arguments)
    text = "\n".join(row[0] for row in plan)
    assert "cases_ledger" in text
    # The key is where the scan begins, and nothing that is thrown away row by row.
    assert "occurred_time, case_id) > ROW(" in text.split("Filter:")[0]


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _refusal(window: Window, request: Message, role: str = "LEADER", **how: Any) -> Any:
    """Returns how a call is refused, streaming or not."""
    if isinstance(request, rpc.ListLedgerRequest):
        return await window.refused(request, role, **how)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in called(window, request, role, **how):
            pass
    return read_refusal(caught.value)

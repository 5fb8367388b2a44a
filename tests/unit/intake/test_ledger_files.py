"""The ledger as a file: read by other programs, it says what the rows say and runs nothing."""

import asyncio
import csv
import io
import re
import tempfile
import threading
import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from services.intake.documents import press
from services.intake.documents.cells import LONGEST_CELL, acts, clean, in_file_name
from services.intake.documents.ledger_columns import COLUMNS, PRINTED, Speech, cells
from services.intake.documents.ledger_csv import LedgerCsv
from services.intake.documents.ledger_xlsx import LedgerXlsx, Title
from services.intake.domain.ledger import LedgerRow
from services.intake.domain.values import CaseKind, CaseState, Channel, Grade, Outcome
from tests.unit.intake.ledger_examples import SPOKEN, ZONE, open_row, row

CHINESE = Speech("zh-CN", ZONE)
ENGLISH = Speech("en", ZONE)
TITLE = Title("样例矿", "2026-11-01 至 2026-11-30", SPOKEN, "仅已解决")
FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+86 139",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "'=1+1",
    '"=1+1',
    "＝1+1",
    "＠SUM(A1)",
    "\u200b=1+1",
    "\x00=1+1",
]
COLUMN = {column.chinese: index for index, column in enumerate(COLUMNS)}
TEXT, REOPENED, BREACHED = COLUMN["诉求内容"], COLUMN["重办次数"], COLUMN["超期次数"]


def written_csv(rows: Sequence[LedgerRow], speech: Speech = CHINESE) -> bytes:
    file = io.BytesIO()
    writer = LedgerCsv(file, speech)
    writer.add(rows)
    writer.finish()
    writer.close()
    assert writer.row_count == len(rows)
    return file.getvalue()


def written_xlsx(
    rows: Sequence[LedgerRow], folder: Path, speech: Speech = CHINESE, **how: Any
) -> bytes:
    file = io.BytesIO()
    writer = LedgerXlsx(file, folder, speech, TITLE, **how)
    writer.add(rows)
    writer.finish()
    writer.close()
    assert writer.row_count == len(rows)
    return file.getvalue()


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def test_csv_is_read_again_as_it_was() -> None:
    content = written_csv([row(text='说："很冷",\n又说'), open_row()])
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    headings, first, second = read(content)
    assert headings == [column.chinese for column in COLUMNS]
    assert dict(zip(headings, first, strict=True)) == {
        "编号": "YW-20261123-0001", "反映时间": "2026-11-23 09:00", "类别": "洗浴",
        "单位": "浴室队", "地点": "南风井浴室", "诉求内容": '说："很冷",\n又说',
        "包保人员": "样例乙", "状态": "已销号", "是否超期": "", "承诺日期": "2026-12-03",
        "办理情况": "已更换淋浴头", "销号结果": "已解决", "满意度": "基本满意",
        "销号日期": "2026-11-25", "首次回复时间": "2026-11-23 10:00", "办结日期": "2026-11-24",
        "登记时间": "2026-11-23 09:05", "渠道": "值守点", "性质": "诉求", "上报层级": "0",
        "重办次数": "1", "超期次数": "2", "是否补录": "是",
    }  # fmt: skip
    assert second[COLUMN["承诺日期"]] == second[COLUMN["销号结果"]] == ""


def test_days_are_those_of_the_site() -> None:
    late = SPOKEN.replace(hour=16, minute=30)
    (_, line) = read(written_csv([row(occurred_time=late, close_time=late)]))
    assert line[COLUMN["反映时间"]] == "2026-11-24 00:30"
    assert line[COLUMN["销号日期"]] == "2026-11-24"


def test_english_for_whom_it_is() -> None:
    headings, line = read(written_csv([row()], ENGLISH))
    assert headings[:2] == ["Number", "Spoken"]
    assert line[COLUMN["状态"]] == "closed"
    assert line[COLUMN["满意度"]] == "mostly satisfied"


@pytest.mark.parametrize("kind", [CaseState, CaseKind, Channel, Outcome, Grade])
def test_every_value_has_its_word(kind: Any) -> None:
    for value in kind:
        for speech in (CHINESE, ENGLISH):
            assert bool(speech.word(value)) == bool(value)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_is_no_formula_in_csv(text: str) -> None:
    (_, line) = read(written_csv([row(text=text, place=text, resolution=text)]))
    for column in ("诉求内容", "地点", "办理情况"):
        assert line[COLUMN[column]].startswith("'")
    assert line[TEXT].removeprefix("'") == clean(text)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_is_a_text_in_a_workbook(text: str, tmp_path: Path) -> None:
    book = opened(written_xlsx([row(text=text, category_name=text)], tmp_path))
    cell = book["台账"].cell(3, TEXT + 1)
    assert cell.data_type == "s"
    assert cell.value == clean(text)
    # So that it stays one when somebody edits it.
    assert cell.quotePrefix
    category = book["汇总"].cell(6, 1)
    assert category.data_type == "s"


@pytest.mark.parametrize("text", ["淋浴头", "1+1", "a=b", "", "https://example.org", "12"])
def test_what_is_no_formula_stays_as_it_is(text: str, tmp_path: Path) -> None:
    assert not acts(text)
    (_, line) = read(written_csv([row(text=text)]))
    assert line[TEXT] == text
    cell = opened(written_xlsx([row(text=text)], tmp_path))["台账"].cell(3, TEXT + 1)
    assert (cell.value or "") == text
    assert cell.hyperlink is None


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("一\x00二\x07三\x7f四\x85", "一二三四"),
        ("一\r\n二\r三\n四\t五", "一\n二\n三\n四 五"),
        ("\u202e倒\u2066置\ufeff", "倒置"),
        ("软\xad连\u180e字\U000e0041符", "软连字符"),
        ("半\ud83d个", "半个"),
        ("😀好", "😀好"),
        ("字" * 40_000, "字" * LONGEST_CELL),
        # Two units each: the last one has no room for its second half.
        ("😀" * 20_000, "😀" * (LONGEST_CELL // 2)),
    ],
)
def test_cells_hold_what_can_be_seen(text: str, cleaned: str, tmp_path: Path) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned
    sheet = opened(written_xlsx([row(text=text)], tmp_path))["台账"]
    assert sheet.cell(3, TEXT + 1).value == cleaned


def test_what_looks_like_an_escape_is_none(tmp_path: Path) -> None:
    sheet = opened(written_xlsx([row(text="<b>&_x0041_</b>")], tmp_path))["台账"]
    # As spreadsheet programs read it: the library doesn't, where a text stands in its cell.
    assert unescape(sheet.cell(3, TEXT + 1).value) == "<b>&_x0041_</b>"


def test_the_sheet_is_one_to_work_with(tmp_path: Path) -> None:
    rows = [row(), open_row(), row(reopen_count=2, breach_count=3)]
    book = opened(written_xlsx(rows, tmp_path))
    assert book.sheetnames == ["汇总", "台账"]
    sheet = book["台账"]
    assert sheet["A1"].value == "样例矿 诉求台账　2026-11-01 至 2026-11-30"
    assert [cell.value for cell in sheet[2]] == [column.chinese for column in COLUMNS]
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:W5"
    assert sheet.print_title_rows == "$1:$2"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.paperSize == 9
    assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)
    assert sheet.print_area == "'台账'!$A$1:$N$6"
    assert COLUMNS[PRINTED - 1].chinese == "销号日期"
    assert sheet.column_dimensions["F"].width == pytest.approx(34, abs=1)
    spoken = sheet["B3"]
    assert spoken.value == datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001 - cells have no zone
    assert spoken.is_date
    assert sheet.cell(3, REOPENED + 1).data_type == "n"
    # The sums stand below what the filter filters.
    assert sheet["A6"].value == "合计 3 件"
    assert sheet.cell(6, REOPENED + 1).value == "=SUM(U3:U5)"
    calculated = openpyxl.load_workbook(io.BytesIO(written_xlsx(rows, tmp_path)), data_only=True)[
        "台账"
    ]
    assert [calculated.cell(6, at + 1).value for at in (REOPENED, BREACHED)] == [3, 5]


def test_the_sums_tell_open_overdue_and_solved(tmp_path: Path) -> None:
    rows = [
        row(),
        open_row(),
        open_row(overdue=True),
        open_row(state=CaseState.RESOLVED),
        row(outcome=Outcome.REFERRED),
        open_row(category_name="食堂", overdue=True),
        # Closed meanwhile: what it missed is over.
        row(category_name="", category=""),
    ]
    content = written_xlsx(rows, tmp_path)
    sheet = openpyxl.load_workbook(io.BytesIO(content), data_only=True)["汇总"]
    assert sheet["A1"].value == "样例矿 诉求台账"
    assert "2026-11-01 至 2026-11-30" in sheet["A2"].value
    assert sheet["A3"].value == "仅已解决"
    lines = [[cell.value for cell in line] for line in sheet["A5:F9"]]
    assert lines == [
        ["类别", "登记", "未结（未超期）", "未结且超期", "已解决", "其他方式结案"],
        ["洗浴", 5, 2, 1, 1, 1],
        ["未分类", 1, 0, 0, 1, 0],
        ["食堂", 1, 0, 1, 0, 0],
        ["合计", 7, 2, 2, 2, 1],
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        chart = parts.read("xl/charts/chart1.xml").decode()
    assert '<c:grouping val="stacked"/>' in chart
    assert [f"汇总!${letter}$6:${letter}$8" in chart for letter in "ACDEF"] == [True] * 5


def test_a_ledger_without_rows_is_a_file_still(tmp_path: Path) -> None:
    book = opened(written_xlsx([], tmp_path, ENGLISH))
    assert book.sheetnames == ["Summary", "Ledger"]
    assert book["Ledger"].auto_filter.ref == "A2:W2"
    assert book["Ledger"]["A3"].value == "0 in all"
    assert len(read(written_csv([]))) == 1


def test_what_has_no_room_goes_on_another_sheet(tmp_path: Path) -> None:
    rows = [row(number=f"YW-{index}") for index in range(5)]
    book = opened(written_xlsx(rows, tmp_path, rows_per_sheet=2))
    assert book.sheetnames == ["汇总", "台账", "台账 2", "台账 3"]
    numbers = [
        [sheet.cell(at, 1).value for at in range(3, sheet.max_row)] for sheet in book.worksheets[1:]
    ]
    assert numbers == [["YW-0", "YW-1"], ["YW-2", "YW-3"], ["YW-4"]]
    assert book["台账 2"].freeze_panes == "B3"


def test_rows_that_wrap_are_as_high_as_their_text(tmp_path: Path) -> None:
    sheet = opened(written_xlsx([row(), row(text="长" * 330)], tmp_path))["台账"]
    assert sheet.row_dimensions[3].height < 20
    assert sheet.row_dimensions[4].height > 200


def test_rows_have_as_many_cells_as_there_are_columns() -> None:
    assert len(cells(row(), CHINESE)) == len(COLUMNS)


async def test_a_file_comes_in_pieces() -> None:
    async with press.blank() as (file, folder):
        assert folder.is_dir()
        file.write(b"x" * (press.CHUNK_BYTES * 2 + 1))
        pieces = [(len(chunk), last) async for chunk, last in press.chunks(file)]
    assert pieces == [(press.CHUNK_BYTES, False), (press.CHUNK_BYTES, False), (1, True)]
    assert not folder.exists()
    async with press.blank() as (file, _):
        assert [piece async for piece in press.chunks(file)] == [(b"", True)]


async def test_whoever_leaves_waits_for_the_thread_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    folders: list[Path] = []

    def work(folder: Path) -> None:
        (folder / "half").write_text("half")
        loop.call_soon_threadsafe(begun.set)
        may_end.wait(10)
        (folder / "whole").write_text("whole")

    async def make() -> None:
        async with press.blank() as (_, folder):
            folders.append(folder)
            await press.pressed(work, folder)

    task = asyncio.create_task(make())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_in(tmp_path) == []
    assert folders


def test_what_is_written_is_not_kept(tmp_path: Path) -> None:
    batch = [row(text=f"第{index}件：" + "水" * 100) for index in range(500)]
    writer = LedgerXlsx(io.BytesIO(), tmp_path, CHINESE, TITLE)
    writer.add(batch)
    tracemalloc.start()
    writer.add(batch)
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(4):
        writer.add(batch)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.finish()
    # Less than a byte in ten of what 2,000 rows are in the file.
    assert after - before < 50_000


@pytest.mark.parametrize("site_id", ["../../etc", "a/b\\c", "x\r\nSet-Cookie: y", "矿\u202e.exe"])
def test_a_site_leads_no_file_elsewhere(site_id: str) -> None:
    assert re.fullmatch("[A-Za-z0-9_-]+", in_file_name(site_id))

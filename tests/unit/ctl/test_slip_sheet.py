"""The sheet of slips: its template is read as it is filled in, and every fault has its place."""

import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstop.intake.v1 import intake_pb2 as pb
from ctl.failures import Problem
from ctl.slips import reading
from ctl.slips.reading import read_sheet
from ctl.slips.sheet import (
    COLUMNS,
    MAX_ROWS,
    TITLE,
    RowResult,
    SheetFault,
    SlipRow,
    write_report,
    write_template,
)

ZONE = ZoneInfo("Asia/Shanghai")
IDS = [f"request-{n:04}" for n in range(1, 6)]
HEADINGS = {column.name: column.heading for column in COLUMNS}

LEAST = {"slip_number": "SAM-S26-0001", "place": "南翼回风巷", "text": "照明坏了三天"}


def _write(path: Path, *rows: dict[str, Any], head: list[str] | None = None) -> Path:
    """A sheet with these rows from line 2 on, by the names of the columns."""
    names = head or [column.name for column in COLUMNS]
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = TITLE
    sheet.append([HEADINGS.get(name, name) for name in names])
    for line, row in enumerate(rows, 2):
        for name, value in row.items():
            sheet.cell(line, names.index(name) + 1, value)
    book.save(path)
    return path


def _read(path: Path) -> tuple[list[SlipRow], list[SheetFault]]:
    return read_sheet(path, ZONE)


def _one(tmp_path: Path, **cells: Any) -> SlipRow:
    rows, faults = _read(_write(tmp_path / "slips.xlsx", LEAST | cells))
    assert faults == []
    [row] = rows
    return row


def _fault(tmp_path: Path, **cells: Any) -> tuple[str, str]:
    """The place and the words of the only fault of the only row."""
    rows, faults = _read(_write(tmp_path / "slips.xlsx", LEAST | cells))
    assert rows == []
    [fault] = faults
    return fault.place, fault.words


def test_a_template_filled_in_is_read_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "slips.xlsx"
    write_template(path, IDS, units=["样例·综采一队"], categories=["照明"])
    book = openpyxl.load_workbook(path)
    sheet = book[TITLE]
    assert sheet.freeze_panes == "C2"
    assert [cell.value for cell in sheet[1]] == [column.heading for column in COLUMNS]
    filled: dict[str, Any] = {
        "slip_number": "SAM-S26-0007",
        "occurred_time": datetime(2026, 11, 22, 8, 30),  # noqa: DTZ001 - as spreadsheets have it
        "unit": "样例·综采一队",
        "place": "南翼回风巷",
        "post": "灯房",
        "category": "照明",
        "text": "照明坏了三天",
        "name": "样例·某",
        "person_code": "00123",
        "phone": 13800000000,
        "email": "sample@example.com",
        "confidentiality": "保密",
        "receiver": "样例·首接",
        "urgent": "是",
        "hazard": "否",
        "channel": "值守点",
        "kind": "合理化建议",
        "reporter_kind": "外委人员",
    }
    for name, value in filled.items():
        at = [column.name for column in COLUMNS].index(name) + 1
        sheet.cell(4, at, value)
    book.save(path)
    rows, faults = _read(path)
    assert faults == []
    # Lines 2, 3, 5 and 6 have their request id alone.
    assert rows == [
        SlipRow(
            line=4,
            request_id=IDS[2],
            slip_number="SAM-S26-0007",
            occurred_time=datetime(2026, 11, 22, 0, 30, tzinfo=UTC),
            unit="样例·综采一队",
            place="南翼回风巷",
            post="灯房",
            category="照明",
            text="照明坏了三天",
            name="样例·某",
            person_code="00123",
            phone="13800000000",
            email="sample@example.com",
            confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL,
            receiver="样例·首接",
            urgent=True,
            hazard=False,
            channel=pb.CHANNEL_DESK,
            kind=pb.CASE_KIND_SUGGESTION,
            reporter_kind=pb.REPORTER_KIND_CONTRACTOR,
        )
    ]


def test_what_a_template_offers_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path, IDS, units=["=甲", "乙"], posts=["灯房"], receivers=["样例·首接"])
    book = openpyxl.load_workbook(path)
    sheet, lists = book[TITLE], book["选项"]
    assert lists.sheet_state == "hidden"
    offered: dict[str, list[Any]] = {}
    strict = {}
    for rule in sheet.data_validations.dataValidation:
        # Every row that has an id, and no other.
        column = re.fullmatch(r"([A-Z])2:\1(\d+)", str(rule.sqref))
        assert column is not None
        assert int(column[2]) == 1 + len(IDS)
        heading = sheet[f"{column[1]}1"].value
        cells = lists[rule.formula1.partition("!")[2].replace("$", "")]
        offered[heading] = [cell.value for row in cells for cell in row]
        strict[heading] = bool(rule.showErrorMessage)
    assert offered["单位"] == ["=甲", "乙"]
    assert not strict["单位"]
    assert strict["渠道"]
    assert {"渠道", "诉求种类", "紧急", "匿名/保密", "值守点", "首接人"} <= offered.keys()
    names = {heading: name for name, heading in HEADINGS.items()}
    for heading in offered.keys() - {"单位", "值守点", "首接人"}:
        for word in offered[heading]:
            _one(tmp_path, **{names[heading]: word})


def test_a_template_has_no_more_rows_than_are_read(tmp_path: Path) -> None:
    with pytest.raises(Problem):
        write_template(tmp_path / "slips.xlsx", ["x"] * (MAX_ROWS + 1))


def test_what_isnt_said_is_a_slip_of_an_employee(tmp_path: Path) -> None:
    row = _one(tmp_path)
    assert (row.channel, row.reporter_kind) == (pb.CHANNEL_SLIP, pb.REPORTER_KIND_EMPLOYEE)
    assert (row.confidentiality, row.kind) == (0, 0)
    assert (row.occurred_time, row.urgent, row.hazard, row.name) == (None, False, False, "")


@pytest.mark.parametrize(
    ("said", "local"),
    [
        ("2026-11-22 08:30", "2026-11-22 08:30:00"),
        ("2026-11-22T08:30:15", "2026-11-22 08:30:15"),
        ("2026/11/2 8:05", "2026-11-02 08:05:00"),
        ("2026.11.22 8:30", "2026-11-22 08:30:00"),
        ("2026年11月22日 8时30分", "2026-11-22 08:30:00"),
        ("２０２６-11-22　08：30", "2026-11-22 08:30:00"),
        ("2026-11-22", "2026-11-22 00:00:00"),
        (date(2026, 11, 22), "2026-11-22 00:00:00"),
        (datetime(2026, 11, 22, 8, 29, 59, 999_600), "2026-11-22 08:30:00"),  # noqa: DTZ001
    ],
)
def test_times_are_the_sites(tmp_path: Path, said: object, local: str) -> None:
    time = _one(tmp_path, occurred_time=said).occurred_time
    assert time is not None
    assert time.tzinfo is not None
    assert f"{time.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" == local


@pytest.mark.parametrize(
    "said",
    [
        "昨天",
        "+5d",
        "08:30",
        "2026-02-30 08:30",
        "2026-11-22 25:00",
        "2026-11-22 08",
        "0001-01-01 00:00",
        46348.354,
        datetime(1900, 1, 1),  # noqa: DTZ001
    ],
)
def test_a_time_that_is_none_is_told(tmp_path: Path, said: object) -> None:
    place, words = _fault(tmp_path, occurred_time=said)
    assert place == "凭条:2 反映时间"
    assert " / " in words


@given(st.text(max_size=25))
def test_no_text_is_a_time_by_accident(said: str) -> None:
    try:
        found = reading._time(said, ZONE)
    except reading._Wrong:
        return
    assert found.tzinfo is ZONE
    assert 2000 <= found.year < 2100


@pytest.mark.parametrize(
    ("cells", "heading", "words"),
    [
        ({"text": "=1+1"}, "内容", "公式"),
        ({"phone": "=HYPERLINK(A1)"}, "电话", "公式"),
        ({"occurred_time": "=NOW()"}, "反映时间", "公式"),
        ({"urgent": "=TRUE()"}, "紧急", "公式"),
        ({"kind": "=A1"}, "诉求种类", "公式"),
        ({"text": "#N/A"}, "内容", "错误值"),
        ({"text": "长" * 4001}, "内容", "4000"),
        ({"place": "长" * 201}, "地点", "200"),
        ({"name": "长" * 61}, "诉求人", "60"),
        ({"slip_number": "A" * 31}, "凭条号", "30"),
        ({"slip_number": "SAM S26"}, "凭条号", "连字符"),
        ({"slip_number": None}, "凭条号", "应有凭条号"),
        ({"slip_number": "  "}, "凭条号", "应有凭条号"),
        ({"text": None}, "内容", "不能为空"),
        ({"place": None}, "地点", "至少填一项"),
        ({"channel": "信鸽"}, "渠道", "电话"),
        ({"confidentiality": "公开"}, "匿名/保密", "匿名"),
        ({"urgent": "也许"}, "紧急", "是"),
        ({"request_id": "short"}, "请求编号", "8"),
        ({"request_id": "请求编号请求编号"}, "请求编号", "8"),
        ({"request_id": "x" * 65}, "请求编号", "64"),
    ],
)
def test_a_fault_is_told_by_line_and_column(
    tmp_path: Path, cells: dict[str, Any], heading: str, words: str
) -> None:
    place, said = _fault(tmp_path, **cells)
    assert place == f"凭条:2 {heading}"
    assert words in said
    # Chinese, then English.
    assert re.search(r"[一-鿿].* [a-z]", said)


def test_every_fault_is_told_at_once_and_sound_rows_are_read(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "slips.xlsx",
        LEAST,
        LEAST | {"slip_number": "SAM-2", "text": None, "occurred_time": "昨天", "urgent": "?"},
        {},
        LEAST | {"slip_number": "SAM-3"},
    )
    rows, faults = _read(path)
    assert [row.line for row in rows] == [2, 5]
    assert {fault.place for fault in faults} == {
        "凭条:3 内容",
        "凭条:3 反映时间",
        "凭条:3 紧急",
    }


def test_text_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    path = tmp_path / "slips.xlsx"
    _write(path, LEAST | {"text": "x"})
    book = openpyxl.load_workbook(path)
    cell = book[TITLE]["H2"]
    cell.value = "=cmd|' /C calc'!A0"
    cell.data_type = "s"
    book.save(path)
    [row], faults = _read(path)
    assert row.text == "=cmd|' /C calc'!A0"
    assert faults == []


def test_no_slip_and_no_request_comes_twice(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "slips.xlsx",
        LEAST | {"request_id": IDS[0]},
        LEAST | {"request_id": IDS[1], "slip_number": "sam-s26-0001"},
        LEAST | {"request_id": IDS[0], "slip_number": "SAM-2"},
        {"channel": "电话", "place": "澡堂", "text": "水凉"},
        {"channel": "电话", "place": "浴室", "text": "水凉"},
    )
    rows, faults = _read(path)
    assert [row.line for row in rows] == [2, 5]
    assert [fault.place for fault in faults] == [
        "凭条:3 凭条号",
        "凭条:4 请求编号",
        "凭条:6 请求编号",
    ]
    assert "第 2 行" in faults[0].words
    assert "第 5 行" in faults[2].words


def test_a_number_is_taken_as_it_is_printed(tmp_path: Path) -> None:
    # The receipt code hangs on it: another case of the letters would be another code.
    assert _one(tmp_path, slip_number=" ｓam-Ｓ26-０００1 ").slip_number == "SAM-S26-0001"
    assert _one(tmp_path, slip_number=17).slip_number == "17"


def test_a_row_without_request_id_has_the_same_one_every_time(tmp_path: Path) -> None:
    first = _one(tmp_path, occurred_time="2026-11-22 08:30")
    assert re.fullmatch(r"slip-[0-9a-f]{40}", first.request_id)
    # In another line, of another file, with the time typed in another way.
    path = _write(
        tmp_path / "again.xlsx", {}, LEAST | {"occurred_time": "2026/11/22 8:30", "name": "样例·某"}
    )
    [again], _ = _read(path)
    assert again.request_id == first.request_id
    assert replace(again, line=2, name="") == first
    others = [
        _one(tmp_path, occurred_time="2026-11-22 08:31"),
        _one(tmp_path, occurred_time="2026-11-22 08:30", text="照明坏了四天"),
        _one(tmp_path, occurred_time="2026-11-22 08:30", slip_number="SAM-2"),
    ]
    assert len({first.request_id, *(other.request_id for other in others)}) == 4


@pytest.mark.parametrize(
    ("head", "place"),
    [
        (["slip_number", "text", "place", "幸运数"], "凭条:1 幸运数"),
        (["slip_number", "text", "place", "内容"], "凭条:1 内容"),
        (["slip_number", "place"], "凭条:1 内容"),
        (["text", "place"], "凭条:1 凭条号"),
    ],
)
def test_headings_that_are_wrong_leave_no_rows(tmp_path: Path, head: list[str], place: str) -> None:
    row = {name: value for name, value in LEAST.items() if name in head}
    rows, faults = _read(_write(tmp_path / "slips.xlsx", row, head=head))
    assert rows == []
    assert [fault.place for fault in faults] == [place]


def test_headings_may_be_the_names_of_the_fields_and_in_any_order(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["text", "凭条号", None, "place"])
    sheet.append(["水凉", "SAM-1", None, "澡堂"])
    sheet.append(["水凉", "SAM-2", "丢了", "澡堂"])
    book.save(tmp_path / "slips.xlsx")
    [row], [fault] = _read(tmp_path / "slips.xlsx")
    assert (row.text, row.slip_number, row.place) == ("水凉", "SAM-1", "澡堂")
    # What stands under no heading isn't lost in silence.
    assert fault.line == 3
    assert "3" in fault.words


def test_at_most_so_many_rows_are_read(tmp_path: Path) -> None:
    every = [LEAST | {"slip_number": f"SAM-{n}"} for n in range(MAX_ROWS + 2)]
    head = ["slip_number", "place", "text"]
    rows, faults = _read(_write(tmp_path / "slips.xlsx", *every, head=head))
    assert len(rows) == MAX_ROWS
    assert [fault.place for fault in faults] == [f"凭条:{MAX_ROWS + 2}"]


def test_an_empty_sheet_has_no_headings(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "slips.xlsx")
    rows, faults = _read(tmp_path / "slips.xlsx")
    assert rows == []
    assert [fault.place for fault in faults] == ["凭条:1"]


def _damaged(path: Path, part: str, content: bytes) -> Path:
    """The sheet with another content of one of its parts."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts[part] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return path


BOMB = b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData>
</worksheet>"""


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"),
        ("xl/worksheets/sheet1.xml", BOMB),
        ("xl/workbook.xml", b""),
        ("[Content_Types].xml", b"<Types/>"),
    ],
)
def test_a_damaged_workbook_is_told(tmp_path: Path, part: str, content: bytes) -> None:
    path = _damaged(_write(tmp_path / "slips.xlsx", LEAST), part, content)
    with pytest.raises(Problem) as refused:
        _read(path)
    assert refused.value.field == str(path)


def test_what_is_no_workbook_or_unpacks_to_too_much_is_told(tmp_path: Path) -> None:
    path = tmp_path / "slips.xlsx"
    with pytest.raises(Problem):
        _read(path)
    path.write_bytes(b"slip_number,text\n")
    with pytest.raises(Problem):
        _read(path)
    with zipfile.ZipFile(_write(path, LEAST), "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/zeros", bytes(200_000_001))
    with pytest.raises(Problem, match="太大"):
        _read(path)


def test_a_report_says_row_by_row_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    results = [
        RowResult(3, "SAM-2", IDS[1], refusal="=cmd 单号 SAM-2 已绑定另一诉求。"),
        RowResult(2, "SAM-1", IDS[0], number="SAM-20261122-0007"),
        RowResult(4, "", IDS[2], number="SAM-20261122-0008"),
    ]
    write_report(path, results)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert "已登记 2 行，未登记 1 行" in str(lines[0][0])
    assert lines[1] == ["行号", "凭条号", "结果", "编号", "说明", "请求编号"]
    assert lines[2] == [2, "SAM-1", "已登记", "SAM-20261122-0007", None, IDS[0]]
    assert lines[3] == [3, "SAM-2", "未登记", None, "=cmd 单号 SAM-2 已绑定另一诉求。", IDS[1]]
    assert sheet["E4"].data_type == "s"
    assert [line[0] for line in lines[2:]] == [2, 3, 4]
    assert sheet.freeze_panes == "A3"

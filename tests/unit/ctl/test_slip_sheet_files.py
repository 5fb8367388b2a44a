"""Sheets of slips as files: headings, bounds, and damage, each told with its place."""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from ctl.failures import Problem
from ctl.slips.sheet import MAX_ROWS, RowResult, SheetFault, refused_lines, write_report
from tests.unit.ctl.slip_sheets import LEAST, read, write


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
    rows, faults = read(write(tmp_path / "slips.xlsx", row, head=head))
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
    [row], [fault] = read(tmp_path / "slips.xlsx")
    assert (row.text, row.slip_number, row.place) == ("水凉", "SAM-1", "澡堂")
    # What stands under no heading isn't lost in silence.
    assert fault.line == 3
    assert "3" in fault.words


def test_at_most_so_many_rows_are_read(tmp_path: Path) -> None:
    every = [LEAST | {"slip_number": f"SAM-{n}"} for n in range(MAX_ROWS + 2)]
    head = ["slip_number", "place", "text"]
    rows, faults = read(write(tmp_path / "slips.xlsx", *every, head=head))
    assert len(rows) == MAX_ROWS
    assert [fault.place for fault in faults] == [f"凭条:{MAX_ROWS + 2}"]


def test_an_empty_sheet_has_no_headings(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "slips.xlsx")
    rows, faults = read(tmp_path / "slips.xlsx")
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
    path = _damaged(write(tmp_path / "slips.xlsx", LEAST), part, content)
    with pytest.raises(Problem) as refused:
        read(path)
    assert refused.value.field == str(path)


def test_what_is_no_workbook_or_unpacks_to_too_much_is_told(tmp_path: Path) -> None:
    path = tmp_path / "slips.xlsx"
    with pytest.raises(Problem):
        read(path)
    path.write_bytes(b"slip_number,text\n")
    with pytest.raises(Problem):
        read(path)
    with zipfile.ZipFile(write(path, LEAST), "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/zeros", bytes(200_000_001))
    with pytest.raises(Problem, match="太大"):
        read(path)


def test_a_line_is_refused_once_whatever_is_wrong_with_it() -> None:
    faults = [
        SheetFault(8, "时间", "看不懂"),
        SheetFault(3, "内容", "没有填"),
        SheetFault(8, "", "多了一格"),
    ]
    lines = {one.line: one.refusal for one in refused_lines(faults)}
    assert lines == {8: "时间 看不懂；多了一格", 3: "内容 没有填"}


def test_what_was_on_file_before_is_told_apart(tmp_path: Path) -> None:
    write_report(
        tmp_path / "report.xlsx",
        [
            RowResult(2, "SAM-1", "r-1", "YW-1"),
            RowResult(3, "SAM-2", "r-2", "YW-2", known=True),
            RowResult(4, "", "", refusal="内容 没有填"),
        ],
    )
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx").active
    assert sheet is not None
    assert [row[2].value for row in sheet.iter_rows(min_row=3)] == [
        "已登记",
        "此前已登记",
        "未登记",
    ]

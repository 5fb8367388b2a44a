"""Sheets of slips for tests: written by the names of the columns, and read again."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl

from ctl.slips.reading import read_sheet
from ctl.slips.sheet import (
    COLUMNS,
    TITLE,
    SheetFault,
    SlipRow,
)

ZONE = ZoneInfo("Asia/Shanghai")
IDS = [f"request-{n:04}" for n in range(1, 6)]
HEADINGS = {column.name: column.heading for column in COLUMNS}

LEAST = {"slip_number": "SAM-S26-0001", "place": "南翼回风巷", "text": "照明坏了三天"}


def write(path: Path, *rows: dict[str, Any], head: list[str] | None = None) -> Path:
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


def read(path: Path) -> tuple[list[SlipRow], list[SheetFault]]:
    return read_sheet(path, ZONE)


def one(tmp_path: Path, **cells: Any) -> SlipRow:
    rows, faults = read(write(tmp_path / "slips.xlsx", LEAST | cells))
    assert faults == []
    [row] = rows
    return row


def fault_of(tmp_path: Path, **cells: Any) -> tuple[str, str]:
    """The place and the words of the only fault of the only row."""
    rows, faults = read(write(tmp_path / "slips.xlsx", LEAST | cells))
    assert rows == []
    [fault] = faults
    return fault.place, fault.words

"""A template of slips is read as it is filled in; the report says what became of each row."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from backstop.intake.v1 import intake_pb2 as pb
from ctl.failures import Problem
from ctl.slips.sheet import (
    COLUMNS,
    MAX_ROWS,
    TITLE,
    RowResult,
    SlipRow,
    write_report,
    write_template,
)
from tests.unit.ctl.slip_sheets import HEADINGS, IDS, one, read


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
    rows, faults = read(path)
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
            one(tmp_path, **{names[heading]: word})


def test_a_template_has_no_more_rows_than_are_read(tmp_path: Path) -> None:
    with pytest.raises(Problem):
        write_template(tmp_path / "slips.xlsx", ["x"] * (MAX_ROWS + 1))


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

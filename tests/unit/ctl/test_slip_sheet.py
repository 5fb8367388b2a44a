"""The cells of a sheet of slips: read as they were meant, and every fault has its place."""

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstop.intake.v1 import intake_pb2 as pb
from ctl.slips import reading
from ctl.slips.sheet import (
    TITLE,
)
from tests.unit.ctl.slip_sheets import IDS, LEAST, ZONE, fault_of, one, read, write


def test_what_isnt_said_is_a_slip_of_an_employee(tmp_path: Path) -> None:
    row = one(tmp_path)
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
    time = one(tmp_path, occurred_time=said).occurred_time
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
    place, words = fault_of(tmp_path, occurred_time=said)
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
    place, said = fault_of(tmp_path, **cells)
    assert place == f"凭条:2 {heading}"
    assert words in said
    # Chinese, then English.
    assert re.search(r"[一-鿿].* [a-z]", said)


def test_every_fault_is_told_at_once_and_sound_rows_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "slips.xlsx",
        LEAST,
        LEAST | {"slip_number": "SAM-2", "text": None, "occurred_time": "昨天", "urgent": "?"},
        {},
        LEAST | {"slip_number": "SAM-3"},
    )
    rows, faults = read(path)
    assert [row.line for row in rows] == [2, 5]
    assert {fault.place for fault in faults} == {
        "凭条:3 内容",
        "凭条:3 反映时间",
        "凭条:3 紧急",
    }


def test_text_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    path = tmp_path / "slips.xlsx"
    write(path, LEAST | {"text": "x"})
    book = openpyxl.load_workbook(path)
    cell = book[TITLE]["H2"]
    cell.value = "=cmd|' /C calc'!A0"
    cell.data_type = "s"
    book.save(path)
    [row], faults = read(path)
    assert row.text == "=cmd|' /C calc'!A0"
    assert faults == []


def test_no_slip_and_no_request_comes_twice(tmp_path: Path) -> None:
    path = write(
        tmp_path / "slips.xlsx",
        LEAST | {"request_id": IDS[0]},
        LEAST | {"request_id": IDS[1], "slip_number": "sam-s26-0001"},
        LEAST | {"request_id": IDS[0], "slip_number": "SAM-2"},
        {"channel": "电话", "place": "澡堂", "text": "水凉"},
        {"channel": "电话", "place": "浴室", "text": "水凉"},
    )
    rows, faults = read(path)
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
    assert one(tmp_path, slip_number=" ｓam-Ｓ26-０００1 ").slip_number == "SAM-S26-0001"
    assert one(tmp_path, slip_number=17).slip_number == "17"


def test_a_row_without_request_id_has_the_same_one_every_time(tmp_path: Path) -> None:
    first = one(tmp_path, occurred_time="2026-11-22 08:30")
    assert re.fullmatch(r"slip-[0-9a-f]{40}", first.request_id)
    # In another line, of another file, with the time typed in another way.
    path = write(
        tmp_path / "again.xlsx", {}, LEAST | {"occurred_time": "2026/11/22 8:30", "name": "样例·某"}
    )
    [again], _ = read(path)
    assert again.request_id == first.request_id
    assert replace(again, line=2, name="") == first
    others = [
        one(tmp_path, occurred_time="2026-11-22 08:31"),
        one(tmp_path, occurred_time="2026-11-22 08:30", text="照明坏了四天"),
        one(tmp_path, occurred_time="2026-11-22 08:30", slip_number="SAM-2"),
    ]
    assert len({first.request_id, *(other.request_id for other in others)}) == 4

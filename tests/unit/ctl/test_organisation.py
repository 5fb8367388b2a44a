"""A site's lists in files: what is written is read again, and what is wrong has its line."""

import csv
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from ctl.failures import Problem
from ctl.organisation import cells, export, files, layout
from ctl.organisation.files import Lists
from ctl.organisation.layout import Cell

SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "samples" / "yuwu"


def _published(
    lists: Lists,
) -> tuple[rpc.GetDirectoryResponse, lists_pb.GetMatrixResponse, lists_pb.GetRosterResponse]:
    """The sample's lists as the service would return them."""
    assert lists.matrix is not None
    assert lists.roster is not None
    matrix = lists_pb.GetMatrixResponse(
        site_id="yuwu",
        version=3,
        responsibilities=lists.matrix.responsibilities,
        leading_office=lists.matrix.leading_office,
        supporting_office=lists.matrix.supporting_office,
        basis_document=lists.matrix.basis_document,
    )
    directory = rpc.GetDirectoryResponse(directory=lists.directory, version=7)
    roster = lists_pb.GetRosterResponse(site_id="yuwu", version=2, shifts=lists.roster)
    return directory, matrix, roster


@pytest.fixture
def sample() -> Lists:
    return files.read(SAMPLE)


@pytest.mark.parametrize("form", ["yaml", "csv", "xlsx"])
def test_what_is_written_is_read_again(tmp_path: Path, sample: Lists, form: str) -> None:
    path = tmp_path / "site.xlsx" if form == "xlsx" else tmp_path
    write = {"yaml": export.to_yaml, "csv": export.to_csv, "xlsx": export.to_xlsx}[form]
    assert all(one.exists() for one in write(path, *_published(sample)))
    again = files.read(path)
    assert again.faults == []
    assert again.directory == sample.directory
    assert again.matrix == sample.matrix
    assert again.roster == sample.roster
    # An import of it is refused once another version is in force.
    assert (sample.version, again.version) == (0, 7)


def _csv(folder: Path, name: str, *rows: list[str]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_every_fault_is_told_with_its_line_and_good_rows_are_none(tmp_path: Path) -> None:
    _csv(tmp_path, "units", ["unit_id", "name", "kind"], ["a", "甲", "TEAM"], ["b", "乙", "OFFICE"])
    people = [[f"p{n}", f"样例·{n}", "2026-01-01"] for n in range(10_000)]
    people[6_999][2] = "2026-02-30"
    _csv(tmp_path, "people", ["person_id", "name", "start_date"], *people)
    found = files.read(tmp_path)
    assert [fault.place for fault in found.faults] == [
        "units.csv:3 kind",
        "people.csv:7001 start_date",
    ]
    assert "OFFICE" in found.faults[0].words
    # What the service finds wrong leads to the line as well.
    assert found.place_of("directory.people[6999].unit_id") == "people.csv:7001 unit_id"
    assert found.place_of("directory.people[10000].unit_id") == "directory.people[10000].unit_id"
    assert found.place_of("directory.time_zone") == "directory.time_zone"


def test_headings_are_chinese_or_the_names_of_the_fields(tmp_path: Path) -> None:
    _csv(tmp_path, "units", ["单位代码", "名称", "kind", "幸运数"], ["a", "甲", "科室", "7"])
    found = files.read(tmp_path)
    [unit] = found.directory.units
    assert (unit.unit_id, unit.name, unit.kind) == ("a", "甲", pb.UNIT_KIND_DEPARTMENT)
    [fault] = found.faults
    assert fault.place == "units.csv:1"
    assert "幸运数" in fault.words


def test_empty_rows_and_the_mark_of_spreadsheets_are_passed_over(tmp_path: Path) -> None:
    text = "\ufeffunit_id,name,kind\r\n,,\r\na,甲,TEAM\r\n"
    (tmp_path / "units.csv").write_text(text, encoding="utf-8")
    found = files.read(tmp_path)
    assert [unit.unit_id for unit in found.directory.units] == ["a"]
    assert found.place_of("directory.units[0].name") == "units.csv:3 name"
    assert found.faults == []


def test_no_cell_of_an_export_is_a_formula(tmp_path: Path, sample: Lists) -> None:
    sample.directory.units[0].name = "=cmd|' /C calc'!A0"
    export.to_csv(tmp_path, *_published(sample))
    text = (tmp_path / "units.csv").read_text(encoding="utf-8-sig")
    assert ",'=cmd" in text
    assert files.read(tmp_path).directory.units[0].name == sample.directory.units[0].name
    book = tmp_path / "site.xlsx"
    export.to_xlsx(book, *_published(sample))
    sheet = openpyxl.load_workbook(book)[layout.UNITS.title]
    assert sheet["B2"].data_type == "s"
    assert sheet["B2"].value == sample.directory.units[0].name


def test_a_date_typed_into_a_spreadsheet_is_a_date(tmp_path: Path) -> None:
    from datetime import datetime

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "人员"
    sheet.append(["人员代码", "姓名", "起"])
    sheet.append(["p1", "样例·一", datetime(2026, 3, 1)])  # noqa: DTZ001 - as a spreadsheet has it
    book.save(tmp_path / "site.xlsx")
    [person] = files.read(tmp_path / "site.xlsx").directory.people
    assert (person.start_date.year, person.start_date.month, person.start_date.day) == (2026, 3, 1)


def test_ladders_of_categories_are_rows_of_one_table(tmp_path: Path) -> None:
    _csv(tmp_path, "units", ["unit_id", "name", "kind"], ["a", "甲", "TEAM"])
    _csv(
        tmp_path,
        "ladder",
        ["category_id", "position_id", "dwell_working_days", "dwell_working_time"],
        ["", "DUTY_LEAD", "1", ""],
        ["HAZARD", "DIRECTOR", "", "2h"],
        ["", "DIRECTOR", "2", ""],
    )
    directory = files.read(tmp_path).directory
    assert [level.position_id for level in directory.ladder] == ["DUTY_LEAD", "DIRECTOR"]
    [hazard] = directory.category_ladders
    assert hazard.category_id == "HAZARD"
    assert hazard.levels[0].dwell_working_time.seconds == 7200


@pytest.mark.parametrize("name", ["nothing", "notes.txt", "broken.xlsx"])
def test_what_is_no_list_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "nothing":
        path.write_text("nothing of the kind")
    with pytest.raises(Problem) as caught:
        files.read(path)
    assert name in caught.value.field


@pytest.mark.parametrize("text", ["06:30", "25-26", "8 06:30-08:00", "06:30-08:00@yesterday.."])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        cells.read(text, Cell.WINDOWS)


_HOURS = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
_DATES = st.dates().map(lambda day: day.isoformat())


@st.composite
def _windows(draw: st.DrawFn) -> dict[str, object]:
    window: dict[str, object] = {"start_time": draw(_HOURS), "end_time": draw(_HOURS)}
    if draw(st.booleans()):
        days = sorted(draw(st.sets(st.integers(0, 6), min_size=1)))
        window["days"] = [cells.DAYS[day] for day in days]
    for name in ("start_date", "end_date"):
        if draw(st.booleans()):
            window[name] = draw(_DATES)
    return window


@given(st.lists(_windows(), min_size=1, max_size=4))
def test_windows_survive_their_cell(windows: list[dict[str, object]]) -> None:
    assert cells.read(cells.write(windows, Cell.WINDOWS), Cell.WINDOWS) == windows

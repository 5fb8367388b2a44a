"""A site's lists into files that `read` takes again: YAML, CSV or one XLSX workbook."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from ctl import choices
from ctl.organisation import cells, layout
from ctl.organisation.layout import Table

# Cells that a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@")


def to_yaml(
    folder: Path,
    directory: rpc.GetDirectoryResponse,
    matrix: lists_pb.GetMatrixResponse,
    roster: lists_pb.GetRosterResponse,
) -> list[Path]:
    """Writes directory.yaml, matrix.yaml and roster.yaml; returns what was written."""
    head = {layout.VERSION_KEY: directory.version, **values(directory.directory)}
    written = [_yaml(folder / "directory.yaml", head)]
    if matrix.version:
        data = values(matrix)
        for name in ("version", "publish_time", "published_by"):
            data.pop(name, None)
        written.append(_yaml(folder / "matrix.yaml", data))
    if roster.version:
        shifts = [values(shift) for shift in roster.shifts]
        data = {"site_id": roster.site_id, "shifts": shifts}
        written.append(_yaml(folder / "roster.yaml", data))
    return written


def to_csv(
    folder: Path,
    directory: rpc.GetDirectoryResponse,
    matrix: lists_pb.GetMatrixResponse,
    roster: lists_pb.GetRosterResponse,
) -> list[Path]:
    """Writes a file for each table; returns what was written."""
    written = []
    for name, grid in _grids(directory, matrix, roster, english=True).items():
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([[_harmless(cell) for cell in row] for row in grid])
        written.append(path)
    return written


def to_xlsx(
    path: Path,
    directory: rpc.GetDirectoryResponse,
    matrix: lists_pb.GetMatrixResponse,
    roster: lists_pb.GetRosterResponse,
) -> list[Path]:
    """Writes one workbook with a sheet for each table, headings in Chinese."""
    # What looks like a formula or an address stays text.
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#D9E2F3"})
        for title, grid in _grids(directory, matrix, roster, english=False).items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(grid):
                sheet.write_row(number, 0, row, bold if number == 0 else None)
            sheet.freeze_panes(1, 0)
            sheet.autofit()
    return [path]


def _grids(
    directory: rpc.GetDirectoryResponse,
    matrix: lists_pb.GetMatrixResponse,
    roster: lists_pb.GetRosterResponse,
    *,
    english: bool,
) -> dict[str, list[list[str]]]:
    """Returns each table as rows of text, headings first."""
    data = {layout.VERSION_KEY: directory.version, **values(directory.directory)}
    site = {key: data[key] for key in layout.SITE_KEYS if key in data}
    site |= data.get("rules", {})
    rows: dict[str, list[dict[str, Any]]] = {
        table.name: data.get(table.name, []) for table in layout.DIRECTORY_TABLES
    }
    for ladder in data.get("category_ladders", []):
        for level in ladder["levels"]:
            rows[layout.LADDER.name].append({"category_id": ladder["category_id"], **level})
    if matrix.version:
        site |= {key: value for key in layout.OFFICE_KEYS if (value := getattr(matrix, key))}
        rows[layout.MATRIX.name] = [values(row) for row in matrix.responsibilities]
    if roster.version:
        rows[layout.ROSTER.name] = [values(shift) for shift in roster.shifts]
    grids = {layout.SITE if english else layout.SITE_TITLE: _site(site, english=english)}
    for table in layout.TABLES:
        if rows.get(table.name):
            name = table.name if english else table.title
            grids[name] = _grid(table, rows[table.name], english=english)
    return grids


def _grid(table: Table, rows: Iterable[Mapping[str, Any]], *, english: bool) -> list[list[str]]:
    head = [column.name if english else column.heading for column in table.columns]
    return [
        head,
        *(
            [
                cells.write(row[column.name], column.cell) if column.name in row else ""
                for column in table.columns
            ]
            for row in rows
        ),
    ]


def _site(site: Mapping[str, Any], *, english: bool) -> list[list[str]]:
    head = ["key", "value"] if english else ["项目", "内容"]
    return [
        head,
        *(
            [key if english else heading, cells.write(site[key], cell)]
            for key, (heading, cell) in layout.SITE_KEYS.items()
            if key in site
        ),
    ]


def _harmless(cell: str) -> str:
    """Returns a cell that no spreadsheet runs; the reader of our own files is no spreadsheet."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _yaml(path: Path, data: Mapping[str, Any]) -> Path:
    text = yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=100)
    path.write_text(text, encoding="utf-8")
    return path


def values(message: Message) -> dict[str, Any]:
    """Returns a message as the reader of YAML takes it: dates, hours and enums as people write."""
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        # What is told and never read.
        if field.full_name == "backstop.routing.v1.Person.position_ids":
            continue
        found[field.name] = (
            [_value(field, one) for one in value] if field.is_repeated else _value(field, value)
        )
    return found


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        match field.message_type.full_name:
            case "google.type.Date":
                return f"{value.year:04}-{value.month:02}-{value.day:02}"
            case "google.type.TimeOfDay":
                return f"{value.hours:02}:{value.minutes:02}"
            case "google.protobuf.Duration":
                return f"{value.seconds}s"
            case _:
                return values(value)
    if field.enum_type is not None:
        name = field.enum_type.values_by_number[value].name
        return name.removeprefix(choices.prefix_of(field.enum_type))
    return value

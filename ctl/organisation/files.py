"""A site's lists from files: a folder of YAML, a folder of CSV, or one XLSX workbook.

Whatever is wrong is collected, each fault with its file and line, so that ten thousand rows are
put right in one round. What the service finds wrong is traced back to the line as well.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
import yaml
from google.protobuf import json_format
from openpyxl.utils.exceptions import InvalidFileException

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from ctl import yaml_messages
from ctl.failures import Problem
from ctl.organisation import cells, layout
from ctl.organisation.layout import Cell, Table

_INDEX = re.compile(r"^(?P<list>[a-z_.]+)\[(?P<index>\d+)\](?:\.(?P<field>.*))?$")


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong, and where: "people.csv:12 unit_id"."""

    place: str
    words: str


@dataclass(slots=True)
class Lists:
    """A site's lists as read. `matrix` and `roster` are None where the files have none.

    `faults` are those of the files themselves; with any of them nothing may be published.
    """

    directory: pb.Directory = field(default_factory=pb.Directory)
    matrix: rpc.MatrixContent | None = None
    roster: list[pb.Shift] | None = None
    faults: list[LineFault] = field(default_factory=list)
    # Of the directory that the files were exported from; 0 when they don't say.
    version: int = 0
    # Where each entry of the request was read: {"directory.people": ["people.csv:2", …]}.
    lines: dict[str, list[str]] = field(default_factory=dict)

    def place_of(self, path: str) -> str:
        """Returns the line that a path in the request was read from; the path where there is none.

        >>> lists.place_of("directory.people[3].unit_id")
        "people.csv:5 unit_id"
        """
        match = _INDEX.match(path)
        if match is None:
            return path
        places = self.lines.get(match["list"], [])
        index = int(match["index"])
        if index >= len(places):
            return path
        return " ".join(filter(None, (places[index], match["field"])))


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    values: dict[str, object]


@dataclass(slots=True)
class _Source:
    """What a kind of file gives: values of the site, and rows by table."""

    site: dict[str, object]
    rows: dict[str, list[_Row]]
    faults: list[LineFault] = field(default_factory=list)


def read(path: Path) -> Lists:
    """Reads a workbook or a folder; Problem when it is neither, or none that can be read."""
    if path.is_file() and path.suffix.lower() == ".xlsx":
        return _lists(_workbook(path))
    if not path.is_dir():
        raise Problem("应为目录或 .xlsx 文件 / a folder, or an .xlsx file", field=str(path))
    if (path / "directory.yaml").exists():
        return _lists(_yaml(path))
    if (path / "units.csv").exists():
        return _lists(_csv(path))
    raise Problem("目录中没有 directory.yaml 或 units.csv / neither is in there", field=str(path))


def _lists(source: _Source) -> Lists:
    lists = Lists(faults=source.faults)
    directory: dict[str, Any] = {}
    for key in ("site_id", "name", "number_prefix", "time_zone"):
        if key in source.site:
            directory[key] = source.site[key]
    rules = {key: source.site[key] for key in layout.RULE_KEYS if key in source.site}
    if rules:
        directory["rules"] = rules
    head = _plain(lists, pb.Directory.DESCRIPTOR, _Row(layout.SITE, directory))
    version = str(source.site.get(layout.VERSION_KEY, "0"))
    if version.isdecimal():
        lists.version = int(version)
    else:
        words = f"应为整数 / not a whole number: {version}"
        lists.faults.append(LineFault(f"{layout.SITE} {layout.VERSION_KEY}", words))
    for table in layout.DIRECTORY_TABLES:
        if table is layout.LADDER:
            _ladders(lists, source, head)
        elif table.name in source.rows:
            key = f"directory.{table.name}"
            head[table.name] = _table(lists, table, source.rows[table.name], key)
    json_format.ParseDict(head, lists.directory)
    if layout.MATRIX.name in source.rows:
        rows = _table(lists, layout.MATRIX, source.rows[layout.MATRIX.name], "responsibilities")
        offices: dict[str, Any] = {
            key: source.site[key] for key in layout.OFFICE_KEYS if key in source.site
        }
        lists.matrix = rpc.MatrixContent()
        json_format.ParseDict({"responsibilities": rows, **offices}, lists.matrix)
    if layout.ROSTER.name in source.rows:
        rows = _table(lists, layout.ROSTER, source.rows[layout.ROSTER.name], "shifts")
        lists.roster = [json_format.ParseDict(row, pb.Shift()) for row in rows]
    return lists


def _table(lists: Lists, table: Table, rows: Iterable[_Row], key: str) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        plain = _plain(lists, table.row, row)
        found.append(plain)
        lists.lines.setdefault(key, []).append(row.place)
    return found


def _ladders(lists: Lists, source: _Source, head: dict[str, Any]) -> None:
    """Sorts the levels of all ladders, which are one table, into the site's and the categories'."""
    own: list[Any] = []
    others: dict[str, list[Any]] = {}
    for row in source.rows.get(layout.LADDER.name, []):
        values = dict(row.values)
        category = str(values.pop("category_id", ""))
        level = _plain(lists, layout.LADDER.row, _Row(row.place, values))
        (others.setdefault(category, []) if category else own).append(level)
        if not category:
            lists.lines.setdefault("directory.ladder", []).append(row.place)
    if own:
        head["ladder"] = own
    if others:
        head["category_ladders"] = [
            {"category_id": category, "levels": levels} for category, levels in others.items()
        ]


def _plain(lists: Lists, kind: Any, row: _Row) -> dict[str, Any]:
    """Returns the JSON form of a row; what is wrong with it is noted, and left out."""
    found: dict[str, Any] = {}
    for name, value in row.values.items():
        try:
            plain = yaml_messages.plain(kind, {name: value}, "")
        except Problem as problem:
            lists.faults.append(LineFault(f"{row.place} {problem.field or name}", str(problem)))
            continue
        if isinstance(plain, dict):
            found |= plain
    return found


# YAML ---------------------------------------------------------------------------------------------


def _yaml(folder: Path) -> _Source:
    source = _Source({}, {})
    directory = yaml_messages.read_yaml(folder / "directory.yaml")
    lines = _yaml_lines(folder / "directory.yaml")
    source.site = {key: directory[key] for key in layout.SITE_KEYS if key in directory}
    rules = directory.get("rules", {})
    source.site |= rules if isinstance(rules, dict) else {}
    known = {table.name for table in layout.DIRECTORY_TABLES} | {"rules", "category_ladders"}
    for name in directory:
        if name not in known and name not in layout.SITE_KEYS:
            source.faults.append(LineFault(f"directory.yaml {name}", "没有此项 / no such key"))
    for table in layout.DIRECTORY_TABLES:
        if table.name in directory:
            source.rows[table.name] = _yaml_rows(
                "directory.yaml", directory[table.name], lines.get(table.name, [])
            )
    for ladder in directory.get("category_ladders", []):
        for level in ladder.get("levels", []):
            row = _Row(
                "directory.yaml category_ladders", {"category_id": ladder["category_id"], **level}
            )
            source.rows.setdefault(layout.LADDER.name, []).append(row)
    for table, file, key in (
        (layout.MATRIX, "matrix.yaml", "responsibilities"),
        (layout.ROSTER, "roster.yaml", "shifts"),
    ):
        if (folder / file).exists():
            data = yaml_messages.read_yaml(folder / file)
            source.site |= {name: data[name] for name in layout.OFFICE_KEYS if name in data}
            rows = _yaml_rows(file, data.get(key, []), _yaml_lines(folder / file).get(key, []))
            # What stands once at the top of the file holds for each row that says nothing.
            top = {
                name: data[name]
                for name in ("start_date", "end_date", "start_time", "end_time")
                if name in data
            }
            source.rows[table.name] = [_Row(row.place, top | row.values) for row in rows]
    return source


def _yaml_rows(file: str, data: object, lines: list[int]) -> list[_Row]:
    rows = data if isinstance(data, list) else []
    places = [f"{file}:{line}" for line in lines] + [file] * len(rows)
    return [
        _Row(place, dict(row)) for row, place in zip(rows, places, strict=False) if row is not None
    ]


def _yaml_lines(path: Path) -> dict[str, list[int]]:
    """Returns the line of each entry of the lists at the top of a file."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {
        key.value: [entry.start_mark.line + 1 for entry in value.value]
        for key, value in root.value
        if isinstance(value, yaml.SequenceNode)
    }


# CSV and XLSX -------------------------------------------------------------------------------------


def _csv(folder: Path) -> _Source:
    source = _Source({}, {})
    for table in layout.TABLES:
        path = folder / f"{table.name}.csv"
        if path.exists():
            _grid(source, table, path.name, _csv_lines(path))
    path = folder / f"{layout.SITE}.csv"
    if path.exists():
        _site(source, path.name, _csv_lines(path))
    return source


def _csv_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        # Spreadsheets begin a file of UTF-8 with a mark.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for row in reader:
                yield reader.line_num, [_unguarded(cell) for cell in row]
    except UnicodeDecodeError:
        raise Problem("不是 UTF-8 文本 / not UTF-8", field=str(path)) from None


def _unguarded(cell: str) -> str:
    """Returns a cell without the mark that keeps spreadsheets from taking it for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@" else cell


def _workbook(path: Path) -> _Source:
    source = _Source({}, {})
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, OSError, KeyError, ValueError) as error:
        raise Problem(f"不是 XLSX / not XLSX: {error}", field=str(path)) from None
    with_names = {sheet.title.strip(): sheet for sheet in book.worksheets}
    for table in layout.TABLES:
        sheet = with_names.get(table.title) or with_names.get(table.name)
        if sheet is not None:
            _grid(source, table, sheet.title, _sheet_lines(sheet))
    sheet = with_names.get(layout.SITE_TITLE) or with_names.get(layout.SITE)
    if sheet is not None:
        _site(source, sheet.title, _sheet_lines(sheet))
    book.close()
    return source


def _sheet_lines(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        yield number, ["" if value is None else cell_text(value) for value in row]


def cell_text(value: Any) -> str:
    """Returns what a spreadsheet's value is as text: dates in ISO form, whole numbers bare."""
    if hasattr(value, "isoformat"):
        # A spreadsheet makes a moment of a day; and its hours have seconds.
        text: str = value.isoformat()
        return text.removesuffix("T00:00:00") if "T" in text or "-" in text else text[:5]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _grid(source: _Source, table: Table, file: str, lines: Iterable[tuple[int, list[str]]]) -> None:
    rows = source.rows.setdefault(table.name, [])
    columns: list[layout.Column | None] | None = None
    for number, values in lines:
        if not any(value.strip() for value in values):
            continue
        if columns is None:
            columns = [table.column(heading) for heading in values]
            for heading, column in zip(values, columns, strict=True):
                if column is None and heading.strip():
                    known = "、".join(f"{c.heading}({c.name})" for c in table.columns)
                    words = f"没有此列 / no such column: {heading}({known})"
                    source.faults.append(LineFault(f"{file}:{number}", words))
            continue
        row: dict[str, object] = {}
        for column, value in zip(columns, values, strict=False):
            if column is not None and value.strip():
                _put(source, row, column.name, value, column.cell, f"{file}:{number}")
        rows.append(_Row(f"{file}:{number}", row))


def _site(source: _Source, file: str, lines: Iterable[tuple[int, list[str]]]) -> None:
    names = {heading: key for key, (heading, _) in layout.SITE_KEYS.items()}
    for number, values in lines:
        key, value = ([*values, "", ""])[:2]
        if key.strip() in ("key", "项目"):
            continue
        key = names.get(key.strip(), key.strip())
        if key in layout.SITE_KEYS:
            if value.strip():
                cell = layout.SITE_KEYS[key][1]
                _put(source, source.site, key, value, cell, f"{file}:{number}")
        elif key:
            source.faults.append(LineFault(f"{file}:{number}", f"没有此项 / no such key: {key}"))


def _put(
    source: _Source, row: dict[str, object], name: str, value: str, cell: Cell, place: str
) -> None:
    try:
        row[name] = cells.read(value, cell)
    except Problem as problem:
        source.faults.append(LineFault(f"{place} {name}", str(problem)))

"""Slips typed into a sheet, read with every fault of it told by its line and column at once."""

import hashlib
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from zoneinfo import ZoneInfo

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from backstop.intake.v1 import intake_pb2 as pb
from ctl import choices
from ctl.failures import Problem
from ctl.organisation.files import cell_text
from ctl.slips.sheet import (
    COLUMNS,
    HEADINGS,
    MAX_ROWS,
    NEEDED,
    TITLE,
    SheetFault,
    SlipRow,
    words_of,
)

# Of the parts of a workbook unpacked: 5,000 rows of the longest texts are 60 MB.
_MAX_BYTES: Final = 200_000_000
_SHORTEST_ID: Final = 8
_ID: Final = re.compile(r"[!-~]+")
_SLIP: Final = re.compile(r"[A-Z0-9-]+")
_TIME: Final = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(\d{1,2})\s*[:时]\s*(\d{1,2})(?::(\d{2}))?\s*分?)?"
)
# An empty cell turned into a date is of 1900.
_YEARS: Final = range(2000, 2100)
_YES: Final = frozenset({"是", "有", "√", "✓", "1", "Y", "YES", "TRUE"})
_NO: Final = frozenset({"否", "无", "×", "0", "N", "NO", "FALSE"})
# In characters, as the suite has them; of names that stand for a code, a name's length.
_LENGTHS: Final[Mapping[str, int]] = {
    "request_id": 64,
    "slip_number": 30,
    "unit": 100,
    "place": 200,
    "post": 100,
    "category": 100,
    "text": 4000,
    "name": 60,
    "person_code": 40,
    "phone": 30,
    "receiver": 60,
    "email": 120,
}


def read_sheet(path: Path, zone: ZoneInfo) -> tuple[list[SlipRow], list[SheetFault]]:
    """Reads a sheet; returns its sound rows, and what is wrong with the others, cell by cell.

    Times are of `zone`. Rows where nothing but the request id is filled in are passed over; a row
    without one gets one from what it says, the same whenever it is read. A fault in the headings
    leaves no rows. Raises Problem for what is no XLSX, or has no sheet of slips.
    """
    with closing(_lines(path)) as lines:
        return _Reader(zone).read(lines)


def _lines(path: Path) -> Generator[tuple[int, Sequence[Any]], None, None]:
    """Yields the lines of the sheet of slips with their cells; a file's faults are Problems."""
    try:
        # Opened here: where loading fails, openpyxl leaves open what it opened.
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as parts:
                if sum(part.file_size for part in parts.infolist()) > _MAX_BYTES:
                    raise Problem("文件太大 / too large a file", field=str(path))
            # Formulas are asked for, to refuse them: what they came to is another program's word.
            book = openpyxl.load_workbook(file, read_only=True, data_only=False)
            sheet = _sheet(book, path)
            # What a file says of its own size isn't to be believed.
            sheet.reset_dimensions()
            yield from enumerate(sheet.iter_rows(), 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        InvalidFileException,
        OSError,
        KeyError,
        ParseError,
        ValueError,
    ) as error:
        raise Problem(f"不是 XLSX / not XLSX: {error}", field=str(path)) from None


def _sheet(book: Any, path: Path) -> Any:
    """Returns the sheet of slips: that of this name, else the first that shows."""
    for sheet in book.worksheets:
        if sheet.title.strip() in (TITLE, "slips"):
            return sheet
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not shown:
        raise Problem(f"没有“{TITLE}”工作表 / no such sheet", field=str(path))
    return shown[0]


class _Wrong(Exception):
    """A cell can't be read; the text says why."""


class _Reader:
    """One reading of a sheet; gathers rows and faults."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.rows: list[SlipRow] = []
        self.faults: list[SheetFault] = []
        # Where each request id and slip was met first.
        self.ids: dict[str, int] = {}
        self.slips: dict[str, int] = {}

    def read(
        self, lines: Iterator[tuple[int, Sequence[Any]]]
    ) -> tuple[list[SlipRow], list[SheetFault]]:
        columns: list[str] | None = None
        count = 0
        for line, cells in lines:
            if not any(_said(cell.value) for cell in cells):
                continue
            if columns is None:
                columns = self._headings(line, cells)
                if self.faults:
                    break
                continue
            row = dict(self._cells(line, columns, cells))
            if not row.keys() - {"request_id"}:
                continue
            count += 1
            if count > MAX_ROWS:
                words = f"最多 {MAX_ROWS} 行，此行起未读 / at most {MAX_ROWS} rows, the rest unread"
                self._fault(line, "", words)
                break
            self._row(line, row)
        if columns is None:
            self._fault(1, "", "没有表头 / no headings")
        return self.rows, self.faults

    def _headings(self, line: int, cells: Sequence[Any]) -> list[str]:
        """Returns the name of each column, an empty one where it has none."""
        known = {key: c.name for c in COLUMNS for key in (c.name, c.heading)}
        found: list[str] = []
        for cell in cells:
            heading = cell_text(cell.value).strip() if _said(cell.value) else ""
            name = known.get(heading, "")
            if heading and not name:
                every = "、".join(column.heading for column in COLUMNS)
                self._fault(line, heading, f"没有此列 / no such column ({every})")
            elif name and name in found:
                self._fault(line, heading, "此列出现两次 / this column comes twice")
            found.append(name)
        for name in NEEDED:
            if name not in found:
                self._fault(line, HEADINGS[name], "缺少此列 / this column is missing")
        return found

    def _cells(
        self, line: int, columns: Sequence[str], cells: Sequence[Any]
    ) -> Iterator[tuple[str, Any]]:
        """Yields the cells of a row that say something."""
        for at, cell in enumerate(cells):
            if not _said(cell.value):
                continue
            name = columns[at] if at < len(columns) else ""
            # A cell beside the table would be lost in silence.
            yield name or f"#{at + 1}", cell

    def _row(self, line: int, row: Mapping[str, Any]) -> None:
        before = len(self.faults)
        for name in row:
            if name.startswith("#"):
                words = f"第 {name[1:]} 列没有表头 / column {name[1:]} has no heading"
                self._fault(line, "", words)
        text = {name: self._text(line, name, row.get(name)) for name in _LENGTHS}
        text["slip_number"] = unicodedata.normalize("NFKC", text["slip_number"]).upper()
        time = self._occurred(line, row.get("occurred_time"))
        channel = self._enum(line, "channel", row, pb.Channel) or pb.CHANNEL_SLIP
        confidentiality = self._enum(line, "confidentiality", row, pb.Confidentiality)
        kind = self._enum(line, "kind", row, pb.CaseKind)
        reporter = self._enum(line, "reporter_kind", row, pb.ReporterKind)
        urgent = self._yes(line, "urgent", row.get("urgent"))
        hazard = self._yes(line, "hazard", row.get("hazard"))
        self._slip(line, row, text["slip_number"], needed=channel == pb.CHANNEL_SLIP)
        if "text" not in row:
            self._fault(line, HEADINGS["text"], "不能为空 / must not be empty")
        if not row.keys() & {"unit", "place", "post"}:
            words = "单位、地点、值守点至少填一项 / one of unit, place, post is needed"
            self._fault(line, HEADINGS["place"], words)
        if len(self.faults) > before:
            return
        request_id = text["request_id"] or _derived(text["slip_number"], text["text"], time)
        if not self._fresh(line, request_id, given=bool(text["request_id"])):
            return
        self.rows.append(
            SlipRow(
                line=line,
                occurred_time=time,
                confidentiality=confidentiality,
                urgent=urgent,
                hazard=hazard,
                channel=channel,
                kind=kind,
                reporter_kind=reporter or pb.REPORTER_KIND_EMPLOYEE,
                **(text | {"request_id": request_id}),
            )
        )

    def _text(self, line: int, name: str, cell: Any) -> str:
        """Returns what a cell says, an empty text where there is nothing or something wrong."""
        if cell is None:
            return ""
        try:
            _plain(cell)
        except _Wrong as wrong:
            self._fault(line, HEADINGS[name], str(wrong))
            return ""
        found = cell_text(cell.value).strip()
        most = _LENGTHS[name]
        if len(found) > most:
            words = f"最多 {most} 个字符，现有 {len(found)} 个 / at most {most} characters"
            self._fault(line, HEADINGS[name], words)
            return ""
        return found

    def _occurred(self, line: int, cell: Any) -> datetime | None:
        if cell is None:
            return None
        try:
            _plain(cell)
            return _time(cell.value, self.zone)
        except _Wrong as wrong:
            self._fault(line, HEADINGS["occurred_time"], str(wrong))
            return None

    def _enum(self, line: int, name: str, row: Mapping[str, Any], enum: Any) -> Any:
        """Returns the value that a cell names; 0 for none, and for what is none."""
        cell = row.get(name)
        if cell is None:
            return 0
        try:
            _plain(cell)
            found = choices.name_of(enum.DESCRIPTOR, cell_text(cell.value))
            if found is None:
                offered = "、".join(words_of(enum.DESCRIPTOR))
                raise _Wrong(f"应为：{offered} / not one of them: {cell_text(cell.value)[:20]}")
        except _Wrong as wrong:
            self._fault(line, HEADINGS[name], str(wrong))
            return 0
        return enum.Value(found)

    def _yes(self, line: int, name: str, cell: Any) -> bool:
        if cell is None:
            return False
        try:
            _plain(cell)
            text = cell_text(cell.value).strip().upper()
            if text not in _YES | _NO:
                raise _Wrong(f"应为“是”或“否” / 是 (yes) or 否 (no), not {text[:20]}")
        except _Wrong as wrong:
            self._fault(line, HEADINGS[name], str(wrong))
            return False
        return text in _YES

    def _slip(self, line: int, row: Mapping[str, Any], number: str, *, needed: bool) -> None:
        heading = HEADINGS["slip_number"]
        if "slip_number" not in row:
            if needed:
                self._fault(line, heading, "纸条应有凭条号 / a slip has its number")
        elif number:
            if not _SLIP.fullmatch(number):
                words = "只能用字母、数字和连字符 / letters, digits and hyphens only"
                self._fault(line, heading, f"{words}: {number}")
            elif (first := self.slips.setdefault(number, line)) != line:
                self._fault(line, heading, f"与第 {first} 行相同 / the same as in line {first}")

    def _fresh(self, line: int, request_id: str, *, given: bool) -> bool:
        """Tells whether a request id may be used, and notes why not."""
        heading = HEADINGS["request_id"]
        if len(request_id) < _SHORTEST_ID or not _ID.fullmatch(request_id):
            words = (
                f"应为 {_SHORTEST_ID} 至 64 个字母、数字或符号 / {_SHORTEST_ID} to 64 ASCII signs"
            )
            self._fault(line, heading, words)
            return False
        first = self.ids.setdefault(request_id, line)
        if first == line:
            return True
        words = f"与第 {first} 行相同 / the same as in line {first}"
        if not given:
            words = f"此行与第 {first} 行内容相同 / says the same as line {first}"
        self._fault(line, heading, words)
        return False

    def _fault(self, line: int, heading: str, words: str) -> None:
        self.faults.append(SheetFault(line, heading, words))


def _said(value: object) -> bool:
    return value is not None and bool(str(value).strip())


def _plain(cell: Any) -> None:
    """Raises _Wrong for a cell that doesn't say itself what it says."""
    if cell.data_type == "f":
        raise _Wrong("不能是公式，请粘贴为数值 / no formulas: paste values")
    if cell.data_type == "e":
        raise _Wrong(f"单元格有错误值 {cell.value} / the cell has an error")


def _time(value: object, zone: ZoneInfo) -> datetime:
    """Reads a spreadsheet's time or "2026-11-22 08:30", both local; a day alone is its 00:00."""
    if isinstance(value, datetime):
        # Spreadsheets count in fractions of days and miss the second by a little.
        found = value.replace(microsecond=0) + timedelta(seconds=value.microsecond >= 500_000)
        text = found.isoformat(" ", "minutes")
    else:
        text = unicodedata.normalize("NFKC", cell_text(value).strip())
        match = _TIME.fullmatch(text)
        if match is None:
            raise _Wrong(f"应写作 2026-11-22 08:30 / not written so: {text[:30]}")
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            found = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - local, below
        except ValueError:
            raise _Wrong(f"没有这个时间 / no such time: {text[:30]}") from None
    if found.year not in _YEARS:
        raise _Wrong(f"年份不对 / not a year of slips: {text[:30]}")
    return found.replace(tzinfo=zone)


def _derived(slip_number: str, text: str, time: datetime | None) -> str:
    """Returns the request id of a row that has none: the same whenever the row is read."""
    when = "" if time is None else time.astimezone(UTC).isoformat()
    digest = hashlib.sha256(f"{slip_number}\0{text}\0{when}".encode())
    return f"slip-{digest.hexdigest()[:40]}"

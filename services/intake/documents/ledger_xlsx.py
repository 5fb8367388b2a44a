"""The ledger as a workbook: a page of sums with a chart by category, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import IO, Any

import xlsxwriter

from services.intake.documents.cells import acts, clean
from services.intake.documents.ledger_columns import (
    COLUMNS,
    PRINTED,
    Cell,
    CellKind,
    Speech,
    cells,
)
from services.intake.documents.ledger_sums import write_sums
from services.intake.domain.ledger import LedgerRow, Tally

# A sheet has 1,048,576 rows; what is more goes on the next one.
ROWS_PER_SHEET = 1_000_000

_A4 = 9
_HEAD_COLOUR = "#DCE6F1"
_FIRST_ROW = 2
_HIGHEST_ROW = 409
_WRAPPED = tuple(index for index, column in enumerate(COLUMNS) if column.kind is CellKind.TEXT)


@dataclass(frozen=True, slots=True)
class Title:
    """What a ledger says of itself; `narrowed` are the words for a filter, or empty."""

    site_name: str
    period: str
    made_time: datetime
    narrowed: str = ""


class LedgerXlsx:
    """Writes the workbook row by row: what is written is on the disk, in `folder`.

    The caller owns `file` and `folder`; the file is complete after `finish`.
    """

    def __init__(
        self,
        file: IO[bytes],
        folder: Path,
        speech: Speech,
        title: Title,
        *,
        rows_per_sheet: int = ROWS_PER_SHEET,
    ) -> None:
        self.row_count = 0
        self._speech = speech
        self._title = title
        self._rows_per_sheet = rows_per_sheet
        self._tally = Tally()
        self._book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": str(folder),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._formats = _Formats(self._book)
        # First, since it is what people open the file for; it is filled in at the end.
        self._sums = self._book.add_worksheet(speech.say("汇总", "Summary"))
        self._sheets = 0
        self._open_sheet()

    def add(self, rows: Sequence[LedgerRow]) -> None:
        """Writes further rows."""
        for row in rows:
            if self._row == _FIRST_ROW + self._rows_per_sheet:
                self._close_sheet()
                self._open_sheet()
            self._write(row)
        self._tally.add(rows)
        self.row_count += len(rows)

    def finish(self) -> None:
        """Writes the sums and ends the file."""
        self._close_sheet()
        title = self._title
        made = self._speech.instant(title.made_time)
        write_sums(
            self._book,
            self._sums,
            self._tally,
            self._speech,
            heading=self._heading(),
            lines=(
                self._speech.say(
                    f"反映日期：{title.period}　　生成时间：{made:%Y-%m-%d %H:%M}",
                    f"Spoken: {title.period}    Made: {made:%Y-%m-%d %H:%M}",
                ),
                clean(title.narrowed),
            ),
        )
        self._book.close()

    def close(self) -> None:
        """Lets go of what was opened in `folder`; needed where it doesn't come to `finish`."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()

    def _heading(self) -> str:
        site = clean(self._title.site_name)
        return self._speech.say(f"{site} 诉求台账", f"{site}: ledger of appeals")

    def _open_sheet(self) -> None:
        self._sheets += 1
        name = self._speech.say("台账", "Ledger")
        sheet = self._book.add_worksheet(name if self._sheets == 1 else f"{name} {self._sheets}")
        for index, column in enumerate(COLUMNS):
            sheet.set_column(index, index, column.width)
        sheet.set_row(0, 24)
        sheet.write_string(0, 0, f"{self._heading()}　{self._title.period}", self._formats.title)
        # Headings of four characters break into two lines in the narrow columns.
        sheet.set_row(1, 30)
        for index, column in enumerate(COLUMNS):
            sheet.write_string(1, index, self._speech.heading(column), self._formats.head)
        sheet.freeze_panes(_FIRST_ROW, 1)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, 1)
        # On paper, too: cells have no borders of their own, since empty ones aren't written.
        sheet.hide_gridlines(0)
        sheet.set_footer(self._speech.say("&C第 &P 页，共 &N 页", "&CPage &P of &N"))
        self._sheet = sheet
        self._row = _FIRST_ROW
        self._summed = [0] * len(COLUMNS)

    def _write(self, row: LedgerRow) -> None:
        sheet, formats, at = self._sheet, self._formats, self._row
        values = cells(row, self._speech)
        sheet.set_row(at, _height(values))
        for index, value in enumerate(values):
            if value is None or value == "":
                continue
            look = formats.columns[index]
            if isinstance(value, str):
                sheet.write_string(at, index, value, formats.quoted if acts(value) else look)
            elif isinstance(value, int):
                sheet.write_number(at, index, value, look)
                self._summed[index] += value
            else:
                sheet.write_datetime(at, index, value, look)
        # The row before is on the disk now; the library would keep its height to the end.
        sheet.row_info.pop(at - 1, None)
        sheet.row_sizes.pop(at - 1, None)
        self._row += 1

    def _close_sheet(self) -> None:
        """Adds the sums, outside of what the filter filters."""
        sheet, last = self._sheet, self._row - 1
        sheet.print_area(0, 0, self._row, PRINTED - 1)
        sheet.autofilter(1, 0, max(last, 1), len(COLUMNS) - 1)
        count = self._row - _FIRST_ROW
        total = self._speech.say(f"合计 {count} 件", f"{count} in all")
        for index, column in enumerate(COLUMNS):
            if index == 0:
                sheet.write_string(self._row, 0, total, self._formats.total)
            elif column.summed and count:
                first = xlsxwriter.utility.xl_rowcol_to_cell(_FIRST_ROW, index)
                end = xlsxwriter.utility.xl_rowcol_to_cell(last, index)
                # With its value, for programs that don't calculate.
                sheet.write_formula(
                    self._row,
                    index,
                    f"=SUM({first}:{end})",
                    self._formats.total,
                    self._summed[index],
                )
            else:
                sheet.write_blank(self._row, index, None, self._formats.total)


def _height(values: Sequence[Cell]) -> float:
    """Returns a row's height in points: not every program works it out when it opens a file."""
    lines = 1
    for index in _WRAPPED:
        value = values[index]
        if isinstance(value, str) and len(value) * 2 > COLUMNS[index].width:
            # As wide as its bytes in this encoding: two for a Chinese character.
            width = len(value.encode("gb18030", "replace"))
            needed = ceil(width / (COLUMNS[index].width - 1)) + value.count("\n")
            lines = max(lines, needed)
    return min(_HIGHEST_ROW, 4 + 13 * lines)


class _Formats:
    """How cells look, made once for a workbook."""

    def __init__(self, book: Any) -> None:
        plain = {"font_size": 10, "valign": "top"}
        self.title = book.add_format({"bold": True, "font_size": 14, "valign": "vcenter"})
        self.head = book.add_format(
            plain
            | {
                "bold": True, "align": "center", "valign": "vcenter", "text_wrap": True,
                "bg_color": _HEAD_COLOUR,
            }
        )  # fmt: skip
        self.total = book.add_format(plain | {"bold": True, "bg_color": "#F2F2F2"})
        self.quoted = book.add_format(plain | {"text_wrap": True, "quote_prefix": True})
        looks = {
            CellKind.TEXT: book.add_format(plain | {"text_wrap": True}),
            CellKind.SHORT: book.add_format(plain),
            CellKind.NUMBER: book.add_format(plain | {"align": "center"}),
            CellKind.INSTANT: book.add_format(
                plain | {"num_format": "yyyy-mm-dd hh:mm", "align": "center"}
            ),
            CellKind.DAY: book.add_format(plain | {"num_format": "yyyy-mm-dd", "align": "center"}),
        }
        self.columns = [looks[column.kind] for column in COLUMNS]

"""How the sheets of a report look, on the screen and on A4: formats, headings, charts, pages."""

from collections.abc import Sequence
from math import ceil
from typing import Any

from services.intake.documents import report_content as content
from services.intake.documents.cells import acts
from services.intake.documents.report_content import Report
from services.intake.domain.measures import BY_NAME, Figure, Unit

BLUE, GREEN, AMBER, RED = "#1F6F8B", "#4F9D69", "#E0B04C", "#C8402F"
GRID = {"visible": True, "line": {"color": "#E3E9ED", "width": 0.75}}
# The axis of lying bars: the first on top, and none without its name.
NAMES = {"reverse": True, "interval_unit": 1, "major_gridlines": {"visible": False}}

# Rows in points; pixels are of 96 to the inch.
ROW_POINTS = 19
ROW_PIXELS = ROW_POINTS * 4 / 3

_A4 = 9
_MARGINS = {"left": 0.5, "right": 0.5, "top": 0.75, "bottom": 0.6}
# What is left of A4 between them, in pixels: across and down.
_PORTRAIT, _LANDSCAPE = (698.0, 993.0), (1026.0, 664.0)


class Looks:
    """Writes into a workbook in the report's manner."""

    def __init__(self, workbook: Any, report: Report) -> None:
        self.report = report
        self.workbook = workbook
        add = workbook.add_format
        self.title = add({"bold": True, "font_size": 16})
        self.note = add({"font_color": "#55636F", "font_size": 9})
        self.head = add(
            {
                "bold": True,
                "bg_color": "#DCE9EE",
                "border": 1,
                "border_color": "#B9C8D0",
                "text_wrap": True,
                "valign": "vcenter",
                "align": "center",
            }
        )
        edge = {"border": 1, "border_color": "#D5DDE3", "valign": "vcenter"}
        self.text = add({**edge, "text_wrap": True})
        self.quoted = add({**edge, "text_wrap": True, "quote_prefix": True})
        self.name = add(edge)
        self.kept = add({**edge, "align": "right", "font_color": "#55636F"})
        self.day = add({**edge, "num_format": "mm-dd", "align": "left"})
        self.formats = {
            Unit.SHARE: add({**edge, "num_format": '0.0"%"'}),
            Unit.HOURS: add({**edge, "num_format": "0.0"}),
            Unit.DAYS: add({**edge, "num_format": "0.#"}),
            Unit.COUNT: add({**edge, "num_format": "#,##0"}),
        }
        self.alarm = add({**edge, "num_format": "#,##0", "font_color": RED, "bold": True})
        self.points = add({**edge, "num_format": "+0.0;-0.0;0"})

    def sheet(
        self,
        name: tuple[str, str],
        widths: Sequence[float],
        *,
        landscape: bool = False,
        one_page: bool = False,
    ) -> Any:
        """Adds a sheet that prints on A4, as wide as one page; a page says whose and what it is."""
        sheet = self.workbook.add_worksheet(self.name_of(name))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_paper(_A4)
        sheet.set_margins(**_MARGINS)
        if landscape:
            sheet.set_landscape()
        sheet.center_horizontally()
        sheet.fit_to_pages(1, 1 if one_page else 0)
        sheet.hide_gridlines(2)
        sheet.set_default_row(ROW_POINTS)
        # An ampersand begins an instruction of the header.
        site = self.report.site_name[:60].replace("&", "&&")
        month = f"{self.report.month.start_date:%Y-%m}"
        sheet.set_header(f"&L&9 {site} · 诉求办理月报 {month}&R&9&A")
        sheet.set_footer("&C&P / &N")
        return sheet

    def name_of(self, name: tuple[str, str]) -> str:
        """Returns a sheet's name; spreadsheet programs allow 31 characters."""
        return self.report.say(*name)[:31]

    def headings(
        self, sheet: Any, row: int, heads: Sequence[tuple[str, str]], *, left: int = 0
    ) -> None:
        """Writes a row of headings; one at the top stands on every page."""
        for column, head in enumerate(heads, left):
            sheet.write_string(row, column, self.report.say(*head), self.head)
        if self.report.english:
            # Two languages take two lines.
            sheet.set_row(row, 2 * ROW_POINTS - 4)
        if row == 0:
            sheet.repeat_rows(0)

    def typed(self, sheet: Any, row: int, column: int, text: str) -> None:
        """Writes what a person typed, which stays a text even when somebody edits it."""
        sheet.write_string(row, column, text, self.quoted if acts(text) else self.text)

    def figure(self, sheet: Any, row: int, column: int, figure: Figure) -> None:
        """Writes a figure as a number, so that it can be reckoned with; else a mark."""
        if figure.value is None:
            sheet.write_string(row, column, content.shown(figure), self.kept)
            return
        unit = BY_NAME[figure.measure].unit
        alarming = figure.measure == "OVERDUE" and figure.value > 0
        form = self.alarm if alarming else self.formats[unit]
        sheet.write_number(row, column, round(figure.value, 1), form)

    def series(
        self, sheet_name: str, first: int, last: int, column: int, head: int, colour: str
    ) -> dict[str, Any]:
        """Returns a row of bars, whose values stand in a column below its heading."""
        return {
            "name": [sheet_name, head, column],
            "categories": [sheet_name, first, 0, last, 0],
            "values": [sheet_name, first, column, last, column],
            "fill": {"color": colour},
            "data_labels": {"value": True, "font": {"size": 9}},
            "gap": 60,
        }

    def place(
        self,
        chart: Any,
        sheet: Any,
        cell: tuple[int, int],
        title: tuple[str, str],
        size: tuple[float, float],
    ) -> None:
        """Puts a chart of (width, height) pixels at a cell of (row, column)."""
        chart.set_title({"name": self.report.say(*title), "name_font": {"size": 12}})
        chart.set_legend({"none": True} if len(chart.series) < 2 else {"position": "bottom"})
        chart.set_size({"width": int(size[0]), "height": int(size[1])})
        sheet.insert_chart(*cell, chart, {"x_offset": 2, "y_offset": 4})


def pixels(widths: Sequence[float]) -> float:
    """Returns how wide columns are together."""
    return sum(7 * width + 5 for width in widths)


def page_pixels(widths: Sequence[float], *, landscape: bool) -> float:
    """Returns how much fits on a page downwards, once the columns fit across it."""
    across, down = _LANDSCAPE if landscape else _PORTRAIT
    return down * max(1.0, pixels(widths) / across)


def row_points(texts: Sequence[str], widths: Sequence[float]) -> float:
    """Returns the height of a row of wrapped texts: not every program works it out by itself."""
    lines = 1
    for text, width in zip(texts, widths, strict=True):
        # As wide as its bytes in this encoding: two for a Chinese character.
        needed = (
            ceil(len(line.encode("gb18030", "replace")) / (width - 2)) for line in text.split("\n")
        )
        lines = max(lines, sum(max(1, count) for count in needed))
    return 2 + 14 * lines

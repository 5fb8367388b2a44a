"""The report of a month as a workbook with the spreadsheet program's own charts.

Every text is written as a text: what a person typed never becomes a formula.
"""

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from services.intake.documents import report_content as content
from services.intake.documents.report_content import Part, Report
from services.intake.domain.measures import BY_NAME, DEFINITIONS, Figure, Unit

_A4 = 9
# As many as a landscape page can show in a readable size.
_PART_MEASURES = (
    *("REGISTERED", "OPEN", "OVERDUE", "SOLVED_COUNT", "RESPONSE_RATE", "RESOLUTION_RATE"),
    *("SATISFIED_SHARE", "DISSATISFIED_SHARE", "KEPT_PROMISE_RATE", "ON_TIME_WORK_ORDER"),
    *("MEDIAN_RESOLUTION", "RECURRENCE"),
)
_MOST_BARS = 15
_CATEGORIES = ("按类别", "By category")
_UNITS = ("按单位", "By unit")
_BLUE, _GREEN, _AMBER, _RED = "#1F6F8B", "#4F9D69", "#E0B04C", "#C8402F"


_GRID = {"visible": True, "line": {"color": "#E3E9ED", "width": 0.75}}


def make(report: Report) -> bytes:
    """Returns the workbook; pure, takes some tenths of a second."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as workbook:
        book = _Book(workbook, report)
        book.summary()
        book.days()
        book.parts(_CATEGORIES, ("类别", "Category"), report.categories)
        book.parts(_UNITS, ("单位", "Unit"), report.units)
        book.clocks()
        book.hot_spots()
        book.definitions()
    return buffer.getvalue()


class _Book:
    """Writes one sheet after the other."""

    def __init__(self, workbook: Any, report: Report) -> None:
        self._report = report
        self._workbook = workbook
        add = workbook.add_format
        self._title = add({"bold": True, "font_size": 16})
        self._note = add({"font_color": "#55636F", "font_size": 9})
        self._head = add(
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
        self._text = add({**edge, "text_wrap": True})
        self._name = add(edge)
        self._kept = add({**edge, "align": "right", "font_color": "#55636F"})
        self._day = add({**edge, "num_format": "mm-dd", "align": "left"})
        self._formats = {
            Unit.SHARE: add({**edge, "num_format": '0.0"%"'}),
            Unit.HOURS: add({**edge, "num_format": "0.0"}),
            Unit.DAYS: add({**edge, "num_format": "0.#"}),
            Unit.COUNT: add({**edge, "num_format": "#,##0"}),
        }
        self._alarm = add({**edge, "num_format": "#,##0", "font_color": _RED, "bold": True})
        self._points = add({**edge, "num_format": "+0.0;-0.0;0"})

    def summary(self) -> None:
        """The month in figures, beside the month before and the year before, on one page."""
        report, say = self._report, self._report.say
        sheet = self._sheet(
            ("概览", "Summary"), [30 if not report.english else 52, 12, 12, 12, 12, 12]
        )
        month = report.month
        sheet.write_string(0, 0, f"{report.site_name} · 诉求办理月报", self._title)
        about = f"{month.start_date} 至 {month.end_date} · 制表 {report.made_time:%Y-%m-%d %H:%M}"
        if report.unfinished:
            about += " · " + say("本月尚未结束，数字截至制表时", "The month isn't over")
        sheet.write_string(1, 0, about, self._note)
        self._headings(
            sheet,
            3,
            [
                ("指标", "Measure"),
                ("本月", "This month"),
                ("上月", "Last month"),
                ("增减", "Change"),
                ("上年同月", "Last year"),
                ("增减", "Change"),
            ],
        )
        for row, measure in enumerate(content.COMPARED, 4):
            now = report.total[measure]
            sheet.write_string(row, 0, report.title(measure), self._name)
            self._figure(sheet, row, 1, now)
            for column, then in ((2, report.before[measure]), (4, report.year_before[measure])):
                self._figure(sheet, row, column, then)
                if now.value is None or then.value is None:
                    sheet.write_string(row, column + 1, content.NOTHING, self._kept)
                else:
                    moved = round(now.value - then.value, 1)
                    sheet.write_number(row, column + 1, moved, self._points)
        last = 4 + len(content.COMPARED)
        sheet.write_string(
            last,
            0,
            say(
                f"单位：率为 %，用时为小时，承诺为天。{content.KEPT_BACK} 为保护保密或匿名诉求人"
                f"不予显示（此类诉求不足 {report.smallest_cell} 件）；{content.NOTHING} 无可统计。",
                f"Shares in %, times in hours, promises in days. {content.KEPT_BACK} kept back;"
                f" {content.NOTHING} nothing to measure.",
            ),
            self._note,
        )
        self._ageing(sheet, last + 2)
        row, breaks = last + 12, list[int]()
        for name, parts in (
            (_CATEGORIES, report.categories),
            (_UNITS, report.units),
        ):
            if parts:
                breaks.append(row)
                row += 2 + self._parts_chart(sheet, row, name, len(parts), 720) // 25
        # The first chart stays on the page of the figures.
        sheet.set_h_pagebreaks(breaks[1:])
        sheet.freeze_panes(4, 1)

    def _ageing(self, sheet: Any, top: int) -> None:
        report = self._report
        self._headings(sheet, top, [("在办时长", "Age of what is open"), ("在办", "Open")])
        for row, band in enumerate(content.BANDS, top + 1):
            name = f"AGEING_{band}"
            sheet.write_string(row, 0, report.title(name), self._name)
            self._figure(sheet, row, 1, report.total[name])
        chart = self._workbook.add_chart({"type": "bar"})
        chart.add_series(
            self._series(sheet.name, top + 1, top + len(content.BANDS), 1, top, _AMBER)
        )
        chart.set_y_axis({"reverse": True, "major_gridlines": {"visible": False}})
        chart.set_x_axis({"major_gridlines": _GRID})
        self._place(chart, sheet, top, 2, ("在办时长（件）", "Age of what is open"), 420, 200)

    def days(self) -> None:
        """What came in and went out, by day and by week."""
        sheet = self._sheet(("流入流出", "Flow"), [16, 10, 10, 4, 18, 10, 10])
        heads = [("日期", "Day"), ("提出", "Raised"), ("销号", "Closed")]
        self._headings(sheet, 0, heads)
        count = self._formats[Unit.COUNT]
        for row, day in enumerate(self._report.days, 1):
            sheet.write_datetime(row, 0, day.day, self._day)
            sheet.write_number(row, 1, day.came, count)
            sheet.write_number(row, 2, day.closed, count)
        self._headings(sheet, 0, [("周", "Week"), *heads[1:]], left=4)
        for row, week in enumerate(self._report.weeks, 1):
            span = f"{week.start_date:%m-%d}–{week.end_date:%m-%d}"
            sheet.write_string(row, 4, span, self._name)
            sheet.write_number(row, 5, week.came, count)
            sheet.write_number(row, 6, week.closed, count)
        last = len(self._report.days)
        chart = self._workbook.add_chart({"type": "column"})
        for column, colour in ((1, _BLUE), (2, _GREEN)):
            series = self._series(sheet.name, 1, last, column, 0, colour)
            # Sixty numbers would hide the columns that they stand on.
            chart.add_series({**series, "data_labels": {"value": False}})
        chart.set_x_axis({"num_format": "d", "text_axis": True, "interval_unit": 2})
        chart.set_y_axis({"major_gridlines": _GRID})
        self._place(chart, sheet, 8, 4, ("按日流入与流出（件）", "By day"), 520, 300)
        sheet.freeze_panes(1, 0)

    def parts(self, name: tuple[str, str], first: tuple[str, str], parts: Sequence[Part]) -> None:
        """Every measure of every category or unit, most to do first, and who has how much open."""
        sheet = self._sheet(name, [24, *([10] * len(_PART_MEASURES))], landscape=True)
        titles = [(BY_NAME[one].zh.title, BY_NAME[one].en.title) for one in _PART_MEASURES]
        self._headings(sheet, 0, [first, *titles])
        sheet.set_row(0, 60 if self._report.english else 32)
        ranked = content.ranked(parts)
        for row, part in enumerate(ranked, 1):
            sheet.write_string(row, 0, part.name, self._name)
            for column, measure in enumerate(_PART_MEASURES, 1):
                self._figure(sheet, row, column, part.figures[measure])
        sheet.freeze_panes(1, 1)
        if not ranked:
            return
        sheet.autofilter(0, 0, len(ranked), len(_PART_MEASURES))
        self._parts_chart(sheet, len(ranked) + 2, name, len(ranked), 900)

    def _parts_chart(
        self, sheet: Any, row: int, name: tuple[str, str], parts: int, width: int
    ) -> int:
        """Draws what is overdue, open and solved of a sheet of parts; returns its height."""
        shown = min(parts, _MOST_BARS)
        chart = self._workbook.add_chart({"type": "bar"})
        for measure, colour in (("OVERDUE", _RED), ("OPEN", _AMBER), ("SOLVED_COUNT", _GREEN)):
            column = 1 + _PART_MEASURES.index(measure)
            chart.add_series(self._series(self._name_of(name), 1, shown, column, 0, colour))
        chart.set_y_axis({"reverse": True, "major_gridlines": {"visible": False}})
        chart.set_x_axis({"major_gridlines": _GRID})
        height = 90 + 36 * shown
        zh, en = name
        title = (f"{zh}：超期、在办、本月解决（件）", f"{en}: overdue, open, solved")
        self._place(chart, sheet, row, 0, title, width, height)
        return height

    def clocks(self) -> None:
        """On-time rates by clock, the excused apart, and how long each stage takes."""
        report = self._report
        width = 44 if report.english else 26
        sheet = self._sheet(("时限", "Deadlines"), [width, 12, 12, 12, 12, 12, 12])
        self._headings(
            sheet,
            0,
            [
                ("时限", "Deadline"),
                ("按时率 %", "On time %"),
                ("按时", "In time"),
                ("到期", "Due"),
                ("免责（另计）", "Excused"),
                ("上月 %", "Last month %"),
                ("上年同月 %", "Last year %"),
            ],
        )
        for row, clock in enumerate(content.CLOCKS, 1):
            name = f"ON_TIME_{clock}"
            figure = report.total[name]
            sheet.write_string(row, 0, report.title(name), self._name)
            self._figure(sheet, row, 1, figure)
            for column, count in ((2, figure.numerator), (3, figure.denominator)):
                if figure.suppressed:
                    sheet.write_string(row, column, content.KEPT_BACK, self._kept)
                else:
                    sheet.write_number(row, column, count, self._formats[Unit.COUNT])
            self._figure(sheet, row, 4, report.total[f"EXCUSED_{clock}"])
            self._figure(sheet, row, 5, report.before[name])
            self._figure(sheet, row, 6, report.year_before[name])
        top = len(content.CLOCKS) + 2
        self._headings(sheet, top, [("环节用时（小时）", "Hours to each stage"), ("", "")])
        for row, measure in enumerate(
            [f"{part}_{stage}" for stage in content.STAGES for part in ("MEDIAN", "P90")], top + 1
        ):
            sheet.write_string(row, 0, report.title(measure), self._name)
            self._figure(sheet, row, 1, report.total[measure])
        chart = self._workbook.add_chart({"type": "column"})
        chart.add_series(self._series(sheet.name, 1, len(content.CLOCKS), 1, 0, _BLUE))
        chart.set_y_axis({"min": 0, "max": 100, "major_gridlines": _GRID})
        self._place(chart, sheet, top, 2, ("按时率（%）", "On time, %"), 480, 260)
        sheet.freeze_panes(1, 1)

    def hot_spots(self) -> None:
        """Places from which the same sort of appeal came more than once."""
        sheet = self._sheet(("热点", "Hot spots"), [34, 24, 14, 14])
        heads = [
            ("地点", "Place"),
            ("类别", "Category"),
            ("本月提出", "Raised"),
            ("其中未销号", "Open"),
        ]
        self._headings(sheet, 0, heads)
        for row, (category, spot) in enumerate(self._report.hot_spots, 1):
            sheet.write_string(row, 0, spot.place, self._text)
            sheet.write_string(row, 1, category, self._text)
            sheet.write_number(row, 2, spot.came, self._formats[Unit.COUNT])
            sheet.write_number(row, 3, spot.open, self._formats[Unit.COUNT])
        sheet.freeze_panes(1, 0)

    def definitions(self) -> None:
        """What every measure means."""
        report = self._report
        sheet = self._sheet(("指标定义", "Definitions"), [34, 60, 60, 8])
        heads = [
            ("指标", "Measure"),
            ("分子 / 统计内容", "Numerator"),
            ("分母", "Denominator"),
            ("单位", "Unit"),
        ]
        self._headings(sheet, 0, heads)
        for row, one in enumerate(DEFINITIONS, 1):
            for column, zh, en in (
                (0, one.zh.title, one.en.title),
                (1, one.zh.numerator, one.en.numerator),
                (2, one.zh.denominator, one.en.denominator),
            ):
                text = f"{zh}\n{en}" if report.english and en else zh
                sheet.write_string(row, column, text, self._text)
            sheet.write_string(row, 3, one.unit, self._text)
        sheet.freeze_panes(1, 1)

    def _sheet(
        self, name: tuple[str, str], widths: Sequence[float], *, landscape: bool = False
    ) -> Any:
        """Adds a sheet that prints on A4, as wide as one page."""
        sheet = self._workbook.add_worksheet(self._name_of(name))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_paper(_A4)
        if landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.hide_gridlines(2)
        sheet.set_default_row(19)
        sheet.set_footer("&C&P / &N")
        return sheet

    def _name_of(self, name: tuple[str, str]) -> str:
        """Returns a sheet's name; spreadsheet programs allow 31 characters."""
        return self._report.say(*name)[:31]

    def _headings(
        self, sheet: Any, row: int, heads: Sequence[tuple[str, str]], *, left: int = 0
    ) -> None:
        for column, head in enumerate(heads, left):
            sheet.write_string(row, column, self._report.say(*head), self._head)
        if row == 0:
            sheet.repeat_rows(0)

    def _figure(self, sheet: Any, row: int, column: int, figure: Figure) -> None:
        """Writes a figure as a number, so that it can be reckoned with; else a mark."""
        if figure.value is None:
            sheet.write_string(row, column, content.shown(figure), self._kept)
            return
        unit = BY_NAME[figure.measure].unit
        alarming = figure.measure == "OVERDUE" and figure.value > 0
        form = self._alarm if alarming else self._formats[unit]
        sheet.write_number(row, column, round(figure.value, 1), form)

    def _series(
        self, sheet_name: str, first: int, last: int, column: int, head: int, colour: str
    ) -> dict[str, Any]:
        return {
            "name": [sheet_name, head, column],
            "categories": [sheet_name, first, 0, last, 0],
            "values": [sheet_name, first, column, last, column],
            "fill": {"color": colour},
            "data_labels": {"value": True, "font": {"size": 8}},
            "gap": 60,
        }

    def _place(
        self,
        chart: Any,
        sheet: Any,
        row: int,
        column: int,
        title: tuple[str, str],
        width: int,
        height: int,
    ) -> None:
        chart.set_title({"name": self._report.say(*title), "name_font": {"size": 11}})
        chart.set_legend({"none": True} if len(chart.series) < 2 else {"position": "bottom"})
        chart.set_size({"width": width, "height": height})
        sheet.insert_chart(row, column, chart, {"x_offset": 12, "y_offset": 4})

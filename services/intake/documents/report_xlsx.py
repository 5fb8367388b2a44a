"""The report of a month as a workbook with the spreadsheet program's own charts.

Every text is written as a text: what a person typed never becomes a formula. Each sheet fills its
pages of A4.
"""

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from services.intake.documents import report_content as content
from services.intake.documents.report_content import Part, Report
from services.intake.documents.report_looks import (
    AMBER,
    BLUE,
    GREEN,
    GRID,
    NAMES,
    RED,
    ROW_PIXELS,
    Looks,
    page_pixels,
    pixels,
    row_points,
)
from services.intake.domain.measures import BY_NAME, DEFINITIONS, Unit

# As many as a landscape page can show in a readable size.
_PART_MEASURES = (
    *("REGISTERED", "OPEN", "OVERDUE", "SOLVED_COUNT", "RESPONSE_RATE", "RESOLUTION_RATE"),
    *("SATISFIED_SHARE", "DISSATISFIED_SHARE", "KEPT_PROMISE_RATE", "ON_TIME_WORK_ORDER"),
    *("MEDIAN_RESOLUTION", "RECURRENCE"),
)
_PART_WIDTHS = (24.0, *([10.0] * len(_PART_MEASURES)))
_MOST_BARS = 15
_BAR_PIXELS, _AROUND_BARS = 28, 90
_CATEGORIES = ("按类别", "By category")
_UNITS = ("按单位", "By unit")


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
        book = _Book(workbook, content.cleaned(report))
        book.summary()
        book.days()
        book.parts(_CATEGORIES, ("类别", "Category"), book.report.categories)
        book.parts(_UNITS, ("单位", "Unit"), book.report.units)
        book.clocks_and_spots()
        book.definitions()
    return buffer.getvalue()


class _Book(Looks):
    """Writes one sheet after the other."""

    def summary(self) -> None:
        """The month in figures, beside the month before and the year before, on one page."""
        report, say = self.report, self.report.say
        widths = [30 if not report.english else 52, 13, 13, 13, 13, 13]
        sheet = self.sheet(("概览", "Summary"), widths, one_page=True)
        month = report.month
        sheet.write_string(0, 0, f"{report.site_name} · 诉求办理月报", self.title)
        about = f"{month.start_date} 至 {month.end_date} · 制表 {report.made_time:%Y-%m-%d %H:%M}"
        if report.unfinished:
            about += " · " + say("本月尚未结束，数字截至制表时", "The month isn't over")
        sheet.write_string(1, 0, about, self.note)
        self.headings(
            sheet,
            2,
            [
                ("指标", "Measure"),
                ("本月", "This month"),
                ("上月", "Last month"),
                ("增减", "Change"),
                ("上年同月", "Last year"),
                ("增减", "Change"),
            ],
        )
        for row, measure in enumerate(content.COMPARED, 3):
            now = report.total[measure]
            sheet.write_string(row, 0, report.title(measure), self.name)
            self.figure(sheet, row, 1, now)
            for column, then in ((2, report.before[measure]), (4, report.year_before[measure])):
                self.figure(sheet, row, column, then)
                if now.value is None or then.value is None:
                    sheet.write_string(row, column + 1, content.NOTHING, self.kept)
                else:
                    moved = round(now.value - then.value, 1)
                    sheet.write_number(row, column + 1, moved, self.points)
        last = 3 + len(content.COMPARED)
        sheet.write_string(
            last,
            0,
            say(
                "单位：率为 %，用时为小时，承诺为天；占比的增减为百分点；"
                f"{content.NOTHING} 无可统计。",
                f"Shares in %, times in hours, promises in days. {content.NOTHING} nothing to"
                " measure.",
            ),
            self.note,
        )
        self._ageing(sheet, last + 1, pixels(widths))
        parts = report.categories
        if parts:
            shown = min(len(parts), _MOST_BARS)
            size = pixels(widths) - 4, _AROUND_BARS + _BAR_PIXELS * shown
            self._parts_chart(sheet, last + 8, _CATEGORIES, shown, size)
        sheet.freeze_panes(3, 1)

    def _ageing(self, sheet: Any, top: int, width: float) -> None:
        report = self.report
        self.headings(sheet, top, [("在办时长", "Age of what is open"), ("在办", "Open")])
        for row, band in enumerate(content.BANDS, top + 1):
            name = f"AGEING_{band}"
            sheet.write_string(row, 0, report.title(name), self.name)
            self.figure(sheet, row, 1, report.total[name])
        chart = self.workbook.add_chart({"type": "bar"})
        chart.add_series(self.series(sheet.name, top + 1, top + len(content.BANDS), 1, top, AMBER))
        chart.set_y_axis(NAMES)
        # The bars say their numbers themselves.
        chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
        left = pixels([30 if not report.english else 52, 13])
        size = width - left - 4, 7 * ROW_PIXELS - 8
        self.place(chart, sheet, (top, 2), ("在办时长（件）", "Age of what is open"), size)

    def days(self) -> None:
        """What came in and went out, by day and by week, on one page."""
        # Those below the chart, too: programs differ about a width that isn't told.
        widths = [14, 10, 10, 3, 18, 10, 10, *([9] * 9)]
        sheet = self.sheet(("流入流出", "Flow"), widths, landscape=True, one_page=True)
        heads = [("日期", "Day"), ("提出", "Raised"), ("销号", "Closed")]
        self.headings(sheet, 0, heads)
        count = self.formats[Unit.COUNT]
        for row, day in enumerate(self.report.days, 1):
            sheet.write_datetime(row, 0, day.day, self.day)
            sheet.write_number(row, 1, day.came, count)
            sheet.write_number(row, 2, day.closed, count)
        self.headings(sheet, 0, [("周", "Week"), *heads[1:]], left=4)
        for row, week in enumerate(self.report.weeks, 1):
            span = f"{week.start_date:%m-%d}–{week.end_date:%m-%d}"
            sheet.write_string(row, 4, span, self.name)
            sheet.write_number(row, 5, week.came, count)
            sheet.write_number(row, 6, week.closed, count)
        last = len(self.report.days)
        chart = self.workbook.add_chart({"type": "column"})
        for column, colour in ((1, BLUE), (2, GREEN)):
            series = self.series(sheet.name, 1, last, column, 0, colour)
            # Sixty numbers would hide the columns that they stand on.
            chart.add_series({**series, "data_labels": {"value": False}})
        chart.set_x_axis({"num_format": "d", "text_axis": True, "interval_unit": 2})
        chart.set_y_axis({"major_gridlines": GRID})
        title = ("按日流入与流出（件），横轴为日期", "By day")
        self.place(chart, sheet, (8, 4), title, (pixels(widths[4:]) - 4, 24 * ROW_PIXELS - 8))
        sheet.freeze_panes(1, 0)

    def parts(self, name: tuple[str, str], first: tuple[str, str], parts: Sequence[Part]) -> None:
        """Every measure of every category or unit, most to do first, and who has how much open."""
        sheet = self.sheet(name, _PART_WIDTHS, landscape=True)
        titles = [(BY_NAME[one].zh.title, BY_NAME[one].en.title) for one in _PART_MEASURES]
        self.headings(sheet, 0, [first, *titles])
        head = 78 if self.report.english else 34
        sheet.set_row(0, head)
        ranked = content.ranked(parts)
        for row, part in enumerate(ranked, 1):
            self.typed(sheet, row, 0, part.name)
            for column, measure in enumerate(_PART_MEASURES, 1):
                self.figure(sheet, row, column, part.figures[measure])
        sheet.freeze_panes(1, 1)
        if not ranked:
            sheet.write_string(
                1, 0, self.report.say("本月无数据。", "Nothing this month."), self.note
            )
            return
        sheet.autofilter(0, 0, len(ranked), len(_PART_MEASURES))
        below = len(ranked) + 1
        if any(figure.suppressed for part in ranked for figure in part.figures.figures.values()):
            sheet.write_string(below, 0, self._why_kept_back(), self.note)
        # The chart fills the page of the table, or has one of its own.
        shown = min(len(ranked), _MOST_BARS)
        needed = _AROUND_BARS + _BAR_PIXELS * shown
        page = page_pixels(_PART_WIDTHS, landscape=True)
        left = page - (head * 4 / 3 + ROW_PIXELS * below) % page - 10
        if left < needed:
            sheet.set_h_pagebreaks([below + 1])
            left = page - head * 4 / 3 - 10
        size = pixels(_PART_WIDTHS) - 4, min(left, 2 * needed)
        self._parts_chart(sheet, below + 1, name, shown, size)

    def _why_kept_back(self) -> str:
        return self.report.say(
            f"{content.KEPT_BACK} 为保护保密或匿名诉求人不予显示（此类诉求不足"
            f" {self.report.smallest_cell} 件）。",
            f"{content.KEPT_BACK} kept back to protect confidential or anonymous reporters"
            f" (fewer than {self.report.smallest_cell}).",
        )

    def _parts_chart(
        self, sheet: Any, row: int, name: tuple[str, str], shown: int, size: tuple[float, float]
    ) -> None:
        """Draws what is overdue, open and solved of the first of a sheet of parts."""
        chart = self.workbook.add_chart({"type": "bar"})
        for measure, colour in (("OVERDUE", RED), ("OPEN", AMBER), ("SOLVED_COUNT", GREEN)):
            column = 1 + _PART_MEASURES.index(measure)
            chart.add_series(self.series(self.name_of(name), 1, shown, column, 0, colour))
        chart.set_y_axis(NAMES)
        chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
        zh, en = name
        title = (f"{zh}：超期、在办、本月解决（件）", f"{en}: overdue, open, solved")
        self.place(chart, sheet, (row, 0), title, size)

    def clocks_and_spots(self) -> None:
        """On-time rates by clock, how long each stage takes, and the hot spots, on one page."""
        report = self.report
        widths = [50 if report.english else 30, *([13] * 6)]
        name = ("时限与热点", "Deadlines, spots")
        sheet = self.sheet(name, widths, landscape=True, one_page=True)
        self.headings(
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
            name_of_clock = f"ON_TIME_{clock}"
            figure = report.total[name_of_clock]
            sheet.write_string(row, 0, report.title(name_of_clock), self.name)
            self.figure(sheet, row, 1, figure)
            for column, count in ((2, figure.numerator), (3, figure.denominator)):
                if figure.suppressed:
                    sheet.write_string(row, column, content.KEPT_BACK, self.kept)
                else:
                    sheet.write_number(row, column, count, self.formats[Unit.COUNT])
            self.figure(sheet, row, 4, report.total[f"EXCUSED_{clock}"])
            self.figure(sheet, row, 5, report.before[name_of_clock])
            self.figure(sheet, row, 6, report.year_before[name_of_clock])
        chart = self.workbook.add_chart({"type": "bar"})
        chart.add_series(self.series(sheet.name, 1, len(content.CLOCKS), 1, 0, BLUE))
        chart.set_y_axis(NAMES)
        chart.set_x_axis({"min": 0, "max": 100, "major_gridlines": GRID})
        top = len(content.CLOCKS) + 2
        self.headings(sheet, top, [("环节用时（小时）", "Hours to each stage"), ("", "")])
        stages = [f"{part}_{stage}" for stage in content.STAGES for part in ("MEDIAN", "P90")]
        for row, measure in enumerate(stages, top + 1):
            sheet.write_string(row, 0, report.title(measure), self.name)
            self.figure(sheet, row, 1, report.total[measure])
        size = pixels(widths[2:]) - 4, (len(stages) + 3) * ROW_PIXELS - 8
        self.place(chart, sheet, (top, 2), ("按时率（%）", "On time, %"), size)
        self._hot_spots(sheet, top + len(stages) + 4)
        sheet.freeze_panes(1, 1)

    def _hot_spots(self, sheet: Any, top: int) -> None:
        """Places from which the same sort of appeal came more than once."""
        heads = [
            ("热点：地点", "Hot spot"),
            ("类别", "Category"),
            ("本月提出", "Raised"),
            ("其中未销号", "Open"),
        ]
        self.headings(sheet, top, heads)
        for row, (category, spot) in enumerate(self.report.hot_spots, top + 1):
            self.typed(sheet, row, 0, spot.place)
            self.typed(sheet, row, 1, category)
            sheet.set_row(row, row_points((spot.place, category), (30, 13)))
            sheet.write_number(row, 2, spot.came, self.formats[Unit.COUNT])
            sheet.write_number(row, 3, spot.open, self.formats[Unit.COUNT])
        if not self.report.hot_spots:
            nothing = (
                "同一地点同类诉求均未超过一件。",
                "No place had more than one of a category.",
            )
            sheet.write_string(top + 1, 0, self.report.say(*nothing), self.note)

    def definitions(self) -> None:
        """What every measure means."""
        report = self.report
        widths = [24, 52, 36, 6]
        sheet = self.sheet(("指标定义", "Definitions"), widths)
        heads = [
            ("指标", "Measure"),
            ("分子 / 统计内容", "Numerator"),
            ("分母", "Denominator"),
            ("单位", "Unit"),
        ]
        self.headings(sheet, 0, heads)
        for row, one in enumerate(DEFINITIONS, 1):
            texts = [
                f"{zh}\n{en}" if report.english and en else zh
                for zh, en in (
                    (one.zh.title, one.en.title),
                    (one.zh.numerator, one.en.numerator),
                    (one.zh.denominator, one.en.denominator),
                )
            ]
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text, self.text)
            sheet.write_string(row, 3, one.unit, self.text)
            sheet.set_row(row, row_points(texts, widths[:3]))
        sheet.freeze_panes(1, 1)

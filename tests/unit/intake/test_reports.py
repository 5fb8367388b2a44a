"""The report of a month: what a reader sees, and what nobody can smuggle into it."""

import io
import re
from dataclasses import replace
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.intake.documents import report_charts, report_content, report_html, report_xlsx
from services.intake.documents.cells import clean
from services.intake.domain.measures import DEFINITIONS, Figure
from services.intake.store.measures import Day, HotSpot
from tests.unit.intake.report_examples import CATEGORIES, UNITS, report

SMUGGLED = ("=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "<b onload=x>", "{{ 7*7 }}")


def test_a_page_shows_open_overdue_and_solved_of_all_and_fetches_nothing() -> None:
    page = report_html.make(report()).decode()
    for name in (*CATEGORIES, *UNITS, "南风井浴室", "三率", "热点与复发", "指标定义"):
        assert name in page
    assert "5 / 14 / 22" in page
    for one in DEFINITIONS:
        assert one.zh.numerator in page
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)


def test_english_stands_beside_the_chinese_only_where_it_is_read() -> None:
    assert "The three rates" in report_html.make(report(language="en")).decode()
    assert "The three rates" not in report_html.make(report()).decode()


def test_a_kept_back_category_is_a_star_and_told_why() -> None:
    page = report_html.make(report()).decode()
    row = page[page.index("<tr><td>其他</td>") :]
    cells = re.findall(r"<td class=\"n[^>]*>([^<]*)<", row[: row.index("</tr>")])
    assert cells == ["＊"] * 7
    assert page.count("不足 5 件") == 1
    assert page.index("按类别") < page.index("不足 5 件") < page.index("<tr><td>其他</td>")


@pytest.mark.parametrize("text", SMUGGLED)
def test_what_people_typed_stays_a_text(text: str) -> None:
    made = report(names={"洗浴": text})
    sheet = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(made)))["按类别"]
    cell = sheet["A2"]
    assert (cell.value, cell.data_type) == (clean(text), "s")
    page = report_html.make(made).decode()
    assert "<b onload" not in page
    if text == "{{ 7*7 }}":
        assert text in page


def test_a_workbook_has_frozen_headings_charts_and_numbers() -> None:
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(report())))
    assert book.sheetnames == ["概览", "流入流出", "按类别", "按单位", "时限与热点", "指标定义"]
    assert all(sheet.freeze_panes for sheet in book)
    assert all(sheet.page_setup.paperSize == 9 for sheet in book)
    sheet = book["按类别"]
    assert [sheet.cell(1, n).value for n in (1, 2, 3, 4, 5)] == [
        "类别", "登记数", "在办数", "超期数", "解决数",
    ]  # fmt: skip
    assert [sheet.cell(2, n).value for n in (1, 2, 3, 4, 5)] == ["洗浴", 40, 14, 5, 22]
    assert sheet.cell(9, 2).value == "＊"


def test_a_sheet_fills_its_pages_of_a4_and_says_whose_it_is() -> None:
    book: Any = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(report())))
    pages = {
        # One page is what a workbook doesn't say.
        sheet.title: (sheet.page_setup.orientation, 1 if height is None else height)
        for sheet in book
        for height in [sheet.page_setup.fitToHeight]
    }
    assert pages == {
        "概览": ("portrait", 1),
        "流入流出": ("landscape", 1),
        "按类别": ("landscape", 0),
        "按单位": ("landscape", 0),
        "时限与热点": ("landscape", 1),
        "指标定义": ("portrait", 0),
    }
    for sheet in book:
        assert sheet.page_setup.fitToWidth in (None, 1)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert not sheet.row_breaks.brk
    # The space keeps the name of a site that begins with a digit from being taken for a size.
    renamed = replace(report(), site_name="3 号矿 & 选煤厂")
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(renamed)))
    assert book["概览"].oddHeader.left.text == "3 号矿 && 选煤厂 · 诉求办理月报 2026-11"
    assert book["概览"].oddHeader.left.size == 9


@pytest.mark.parametrize(("units", "apart"), [(8, False), (13, True), (40, True)])
def test_a_chart_stands_below_its_table_or_on_a_page_of_its_own(units: int, apart: bool) -> None:
    made = report()
    many = [replace(made.units[n % 8], name=f"样例{n}队") for n in range(units)]
    book: Any = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(replace(made, units=many))))
    sheet = book["按单位"]
    (chart,) = sheet._charts
    assert [one.id for one in sheet.row_breaks.brk] == ([units + 2] if apart else [])
    assert chart.anchor._from.row == units + 2


def test_what_turns_a_line_around_is_not_in_it_and_a_formula_stays_a_text() -> None:
    spot = HotSpot("\u202e=1+1\u200b", "BATHING", 9, 3)
    made = replace(report(names={"洗浴": "洗\u202e浴"}), hot_spots=[("洗\u2066浴", spot)])
    page = report_html.make(made).decode()
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(made)))
    texts = [cell.value for sheet in book for row in sheet for cell in row]
    for text in (page, *(one for one in texts if isinstance(one, str))):
        assert not re.search("[\u200b\u202e\u2066]", text)
    (cell,) = (cell for row in book["时限与热点"] for cell in row if cell.value == "=1+1")
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert book["按类别"]["A2"].value == "洗浴"


def test_an_empty_month_makes_both() -> None:
    nothing = report()
    empty = report_content.Report(
        **{
            **{name: getattr(nothing, name) for name in nothing.__slots__},
            "categories": [],
            "units": [],
            "hot_spots": [],
            "days": [Day(date(2026, 11, 1), 0, 0)],
        }
    )
    assert "本月无数据" in report_html.make(empty).decode()
    assert report_xlsx.make(empty)[:2] == b"PK"


@pytest.mark.parametrize(
    ("largest", "marks"),
    [
        (0, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (23, [0, 5, 10, 15, 20, 25]),
        (3225, [0, 1000, 2000, 3000, 4000]),
    ],
)
def test_axes_end_on_round_numbers_above_the_highest_bar(largest: int, marks: list[int]) -> None:
    chart = report_charts.days_chart([Day(date(2026, 11, 1), largest, 0)])
    assert [int(mark.text) for mark in chart.grid] == marks
    assert all(bar.y >= chart.grid[-1].at - 0.01 for bar in chart.bars)


def test_changes_are_said_with_their_direction() -> None:
    now, then = Figure("OVERDUE", value=5), Figure("OVERDUE", value=2)
    assert (report_content.difference(now, then), report_content.verdict(now, then)) == (
        "+3",
        "worse",
    )
    assert report_content.verdict(then, now) == "better"
    assert report_content.difference(now, Figure("OVERDUE", suppressed=True)) == "—"
    assert report_content.shown(Figure("MEDIAN_CLOSE", value=36.5)) == "36.5 小时"

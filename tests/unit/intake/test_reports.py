"""The report of a month: what a reader sees, and what nobody can smuggle into it."""

import io
import re
from datetime import date

import openpyxl
import pytest

from services.intake.documents import report_charts, report_content, report_html, report_xlsx
from services.intake.domain.measures import DEFINITIONS, Figure
from services.intake.store.measures import Day
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
    assert (cell.value, cell.data_type) == (text, "s")
    page = report_html.make(made).decode()
    assert "<b onload" not in page
    if text == "{{ 7*7 }}":
        assert text in page


def test_a_workbook_has_frozen_headings_charts_and_numbers() -> None:
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx.make(report())))
    assert book.sheetnames == ["概览", "流入流出", "按类别", "按单位", "时限", "热点", "指标定义"]
    assert all(sheet.freeze_panes for sheet in book)
    assert all(sheet.page_setup.paperSize == 9 for sheet in book)
    sheet = book["按类别"]
    assert [sheet.cell(1, n).value for n in (1, 2, 3, 4, 5)] == [
        "类别", "登记数", "在办数", "超期数", "解决数",
    ]  # fmt: skip
    assert [sheet.cell(2, n).value for n in (1, 2, 3, 4, 5)] == ["洗浴", 40, 14, 5, 22]
    assert sheet.cell(9, 2).value == "＊"


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

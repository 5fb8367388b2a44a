"""The page of sums: how many cases of each category are open, overdue, solved, and their chart."""

from collections.abc import Sequence
from typing import Any

from services.intake.documents.cells import clean
from services.intake.documents.ledger_columns import Speech
from services.intake.domain.ledger import Standing, Tally

_A4 = 9
_TABLE_ROW = 4

# Told apart in grey, too: light, dark, middle, lightest.
_COLOURS = {
    Standing.OPEN: "#9DC3E6",
    Standing.OVERDUE: "#C00000",
    Standing.SOLVED: "#70AD47",
    Standing.ENDED: "#D9D9D9",
}
_WORDS = {
    Standing.OPEN: ("未结（未超期）", "Open, in time"),
    Standing.OVERDUE: ("未结且超期", "Open, overdue"),
    Standing.SOLVED: ("已解决", "Solved"),
    Standing.ENDED: ("其他方式结案", "Closed otherwise"),
}
_NOTE_CHINESE = (
    "登记＝未结（未超期）＋未结且超期＋已解决＋其他方式结案。"
    "未结：尚未销号；超期：本轮有时限已过而未办；其他方式结案：说明、转办、重复、撤回、未能确认等。"
)
_NOTE_ENGLISH = (
    "Registered = open in time + open overdue + solved + closed otherwise. Open: not struck off "
    "yet; overdue: a deadline of this round has passed; closed otherwise: explained, referred, "
    "duplicate, withdrawn, unconfirmed."
)


def write_sums(
    book: Any,
    sheet: Any,
    tally: Tally,
    speech: Speech,
    *,
    heading: str,
    lines: Sequence[str],
) -> None:
    """Fills the sheet; `lines` stand below the heading, two at most."""
    looks: dict[str, dict[str, Any]] = {
        "heading": {"bold": True, "font_size": 16},
        "line": {"font_size": 10},
        "note": {"font_size": 9, "font_color": "#595959", "text_wrap": True, "valign": "top"},
        "head": {
            "bold": True, "border": 1, "align": "center", "text_wrap": True,
            "bg_color": "#DCE6F1",
        },
        "name": {"border": 1, "text_wrap": True},
        "number": {"border": 1, "align": "center"},
        "total": {"border": 1, "align": "center", "bold": True, "bg_color": "#F2F2F2"},
    }  # fmt: skip
    formats = {name: book.add_format({"valign": "vcenter"} | look) for name, look in looks.items()}
    standings = tuple(Standing)
    last_column = 1 + len(standings)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, last_column, 13)
    sheet.set_column(last_column + 1, last_column + 1, 2)
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, heading, formats["heading"])
    for row, line in enumerate(lines, start=1):
        sheet.write_string(row, 0, line, formats["line"])
    sheet.set_row(_TABLE_ROW, 32)
    headings = (
        speech.say("类别", "Category"),
        speech.say("登记", "Registered"),
        *(speech.say(*_WORDS[standing]) for standing in standings),
    )
    for column, text in enumerate(headings):
        sheet.write_string(_TABLE_ROW, column, text, formats["head"])
    categories = tally.categories()
    first = row = _TABLE_ROW + 1
    for category, counts in categories:
        sheet.write_string(
            row, 0, clean(category) or speech.say("未分类", "no category"), formats["name"]
        )
        sheet.write_number(row, 1, sum(counts.values()), formats["number"])
        for column, standing in enumerate(standings, start=2):
            sheet.write_number(row, column, counts[standing], formats["number"])
        row += 1
    sheet.write_string(row, 0, speech.say("合计", "All"), formats["total"])
    totals = [sum(counts[standing] for _, counts in categories) for standing in standings]
    for column, value in enumerate((sum(totals), *totals), start=1):
        letter = chr(ord("A") + column)
        if categories:
            formula = f"=SUM({letter}{first + 1}:{letter}{row})"
            sheet.write_formula(row, column, formula, formats["total"], value)
        else:
            sheet.write_number(row, column, value, formats["total"])
    sheet.set_row(row + 1, 52)
    sheet.merge_range(
        row + 1, 0, row + 1, last_column, speech.say(_NOTE_CHINESE, _NOTE_ENGLISH), formats["note"]
    )
    if categories:
        _chart(book, sheet, first, row - 1, speech)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(speech.say("&C第 &P 页，共 &N 页", "&CPage &P of &N"))


def _chart(book: Any, sheet: Any, first: int, last: int, speech: Speech) -> None:
    """Puts bars beside the table, a stack for each category in its order."""
    chart = book.add_chart({"type": "bar", "subtype": "stacked"})
    for column, standing in enumerate(Standing, start=2):
        chart.add_series(
            {
                "name": [sheet.name, _TABLE_ROW, column],
                "categories": [sheet.name, first, 0, last, 0],
                "values": [sheet.name, first, column, last, column],
                "fill": {"color": _COLOURS[standing]},
                "border": {"color": "#FFFFFF", "width": 0.5},
                # A nought has no room in its bar.
                "data_labels": {
                    "value": True,
                    "num_format": "0;;;",
                    "font": {
                        "color": "#FFFFFF" if standing is Standing.OVERDUE else "#000000",
                        "size": 9,
                    },
                },
                "gap": 40,
            }
        )
    chart.set_title(
        {
            "name": speech.say("各类别诉求办理情况（件）", "Appeals by category"),
            "name_font": {"size": 13},
        }
    )
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10}})
    # The bars say their numbers themselves.
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_legend({"position": "bottom", "font": {"size": 10}})
    chart.set_size({"width": 620, "height": min(900, 170 + 34 * (last - first + 1))})
    sheet.insert_chart(_TABLE_ROW, 7, chart)

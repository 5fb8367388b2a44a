"""Slip pads as PDF: what a window takes underground instead of a telephone.

A slip has two halves. The stub stays at the window and is filled in by hand; the worker tears the
other one off and has a receipt before anybody could type the appeal in. The code is on the worker's
half alone, so that whoever handles the stub can't speak for the worker.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import segno
from fpdf import FPDF
from fpdf.fonts import TTFFont

from ctl import paper
from ctl.failures import Problem
from ctl.paper import PAGE_HEIGHT, PAGE_WIDTH, bold_line, line

# Millimetres.
_MARGIN = 10.0
_COLUMNS, _ROWS = 2, 3
PER_PAGE = _COLUMNS * _ROWS
_WIDTH = (PAGE_WIDTH - 2 * _MARGIN) / _COLUMNS
_HEIGHT = (PAGE_HEIGHT - 2 * _MARGIN) / _ROWS
# Where a slip is torn, below its top.
_TEAR = 56.5
_PADDING = 4.0
_INNER = _WIDTH - 2 * _PADDING
_LINE = 6.3
_QR = 27.0
_MARK = 3.0

_GREY = 150

# As the suite takes slip numbers, but in capitals alone: the code hangs on the number as printed,
# and nobody who types it in should have to look at its case.
_NUMBER: Final = re.compile(r"[A-Z0-9-]{1,30}")
_CODE: Final = re.compile(r"[0-9]{16}")
# In capitals because QR packs those tighter: larger squares, that bear coal dust longer.
_SCHEME: Final = "BACKSTOP"


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: `number` in capitals, digits and hyphens, `code` 16 digits."""

    number: str
    code: str


@dataclass(frozen=True, slots=True)
class Pad:
    """What is printed in one go. `prefix` names the pad on the edge of its pages.

    `hotline` and `valid_note` ("2027-06-30 前有效") may be empty: then nothing is said of them.
    """

    site_name: str
    hotline: str
    prefix: str
    slips: Sequence[Slip]
    valid_note: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a page, in millimetres from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


def payload(slip: Slip) -> str:
    """Returns what a slip's QR says: "BACKSTOP:YW-S-0001:1234567890123456".

    No address, since a mine's pages move and slips lie in lockers for months: whatever page or
    scanner reads it, takes the number and the code from it by `slip_of`.
    """
    return f"{_SCHEME}:{slip.number}:{slip.code}"


def slip_of(text: str) -> Slip | None:
    """Reads what a QR says; None when it is no slip's."""
    scheme, _, rest = text.strip().upper().partition(":")
    number, _, code = rest.partition(":")
    if scheme != _SCHEME or not _NUMBER.fullmatch(number) or not _CODE.fullmatch(code):
        return None
    return Slip(number, code)


def pages(slips: Sequence[Slip]) -> list[list[Slip | None]]:
    """Sorts slips onto pages, `PER_PAGE` places each, None where a place stays empty.

    Numbers run through the stack and not over the page: once it is cut, each pile is in order,
    and the piles laid upon one another are the pad.
    """
    count = -(-len(slips) // PER_PAGE)
    return [
        [
            slips[place * count + page] if place * count + page < len(slips) else None
            for place in range(PER_PAGE)
        ]
        for page in range(count)
    ]


def halves(place: int) -> tuple[Area, Area]:
    """Returns the stub and the worker's half of a place, counted from 0 by rows."""
    row, column = divmod(place, _COLUMNS)
    left, top = _MARGIN + column * _WIDTH, _MARGIN + row * _HEIGHT
    return (
        Area(left, top, left + _WIDTH, top + _TEAR),
        Area(left, top + _TEAR, left + _WIDTH, top + _HEIGHT),
    )


def write_pad(path: Path, pad: Pad) -> int:
    """Writes a pad as PDF, readable by its owner alone since it holds codes; returns its pages.

    Chinese is embedded, so that any viewer and printer shows it. Takes the place of a file that is
    there. Raises Problem, and writes nothing, for a pad without slips, a number or code that is
    none or comes twice, characters the font doesn't have, and words too long for a slip.
    """
    _check(pad)
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(auto=False)
    with paper.chinese(pdf, f"诉求凭条 {pad.slips[0].number} – {pad.slips[-1].number}") as font:
        _check_font(font, pad)
        content = _drawn(pdf, pad)
    paper.save(path, content)
    return pdf.pages_count


def _drawn(pdf: FPDF, pad: Pad) -> bytes:
    every = pages(pad.slips)
    for number, page in enumerate(every, 1):
        pdf.add_page()
        _edge(pdf, pad, f"{number}/{len(every)}")
        for place, slip in enumerate(page):
            if slip is not None:
                stub, own = halves(place)
                _stub(pdf, pad, slip, stub)
                _own(pdf, pad, slip, own)
    return bytes(pdf.output())


def _check(pad: Pad) -> None:
    if not pad.slips:
        raise Problem("一张凭条也没有 / no slips", field="slips")
    for slip in pad.slips:
        if not _NUMBER.fullmatch(slip.number):
            words = (
                "只能用大写字母、数字和连字符，最多 30 个 / capitals, digits, hyphens, at most 30"
            )
            raise Problem(f"{words}: {slip.number!r}", field="number")
        if not _CODE.fullmatch(slip.code):
            # The code itself stays out of what may end up in a log.
            raise Problem(f"凭证号应为 16 位数字 / not 16 digits: {slip.number}", field="code")
    for name, values in (
        ("number", [slip.number for slip in pad.slips]),
        ("code", [slip.code for slip in pad.slips]),
    ):
        if len(set(values)) < len(values):
            raise Problem("有重复 / some come twice", field=name)


def _check_font(font: TTFFont, pad: Pad) -> None:
    for name in ("site_name", "hotline", "prefix", "valid_note"):
        if missing := paper.missing(font, getattr(pad, name)):
            raise Problem(f"字体中没有这个字 / not in the font: {missing!r}", field=name)


def _edge(pdf: FPDF, pad: Pad, page: str) -> None:
    """Draws what falls off in cutting: where to cut, which page it is, what to mind."""
    pdf.set_draw_color(_GREY)
    pdf.set_line_width(0.1)
    for column in range(_COLUMNS + 1):
        x = _MARGIN + column * _WIDTH
        pdf.line(x, _MARGIN - 1 - _MARK, x, _MARGIN - 1)
        pdf.line(x, PAGE_HEIGHT - _MARGIN + 1, x, PAGE_HEIGHT - _MARGIN + 1 + _MARK)
        for row in range(1, _ROWS):
            y = _MARGIN + row * _HEIGHT
            pdf.line(x - _MARK, y, x + _MARK, y)
            pdf.line(x, y - _MARK, x, y + _MARK)
    for row in range(_ROWS + 1):
        y = _MARGIN + row * _HEIGHT
        pdf.line(_MARGIN - 1 - _MARK, y, _MARGIN - 1, y)
        pdf.line(PAGE_WIDTH - _MARGIN + 1, y, PAGE_WIDTH - _MARGIN + 1 + _MARK, y)
    pdf.set_text_color(_GREY - 50)
    words = (
        f"{pad.prefix}  {page}  ·  沿十字裁切，裁后各叠即按编号排好；印有凭证号，发放前请锁存"
        "  ·  cut at the marks; holds codes, keep locked"
    )
    line(pdf, _MARGIN + 2, PAGE_HEIGHT - 4, words, 6, PAGE_WIDTH - 2 * _MARGIN - 4)
    pdf.set_text_color(0)


def _stub(pdf: FPDF, pad: Pad, slip: Slip, area: Area) -> None:
    left, right = area.left + _PADDING, area.right - _PADDING
    y = area.top + 7
    line(pdf, left, y, "存根", 11, 12)
    line(pdf, left + 10, y, "兜底窗口留存 stub", 6.5, 30)
    bold_line(pdf, right, y, slip.number, 13, 44, right=True)
    line(pdf, left, y + 4, pad.site_name, 7, _INNER)
    half = left + _INNER / 2 + 2
    y += 10
    _blank(pdf, left, y, "姓名（可不填）", half - 2)
    _boxes(pdf, half, y, ("实名", "保密", "匿名"))
    y += _LINE
    _blank(pdf, left, y, "单位", half - 2)
    _blank(pdf, half, y, "电话（可不填）", right)
    y += _LINE
    _blank(pdf, left, y, "地点", half - 2)
    line(pdf, half, y, "时间", 8, 10)
    for at, words in enumerate("月日时分"):
        line(pdf, half + 13 + at * 8.4, y, words, 8, 4)
    y += _LINE
    _blank(pdf, left, y, "内容", right)
    for _ in range(2):
        y += _LINE
        _blank(pdf, left, y, "", right)
    y += _LINE
    _blank(pdf, left, y, "首接人", half - 2)
    _boxes(pdf, half, y, ("紧急", "安全隐患"))


def _own(pdf: FPDF, pad: Pad, slip: Slip, area: Area) -> None:
    left, right = area.left + _PADDING, area.right - _PADDING
    pdf.set_draw_color(_GREY)
    pdf.set_line_width(0.15)
    pdf.set_dash_pattern(dash=1.2, gap=1.0)
    pdf.line(area.left + 1, area.top, area.right - 1, area.top)
    pdf.set_dash_pattern()
    _qr(pdf, slip, left, area.top + 1.5)
    x = left + _QR + 2
    width = right - x
    y = area.top + 6.3
    line(pdf, x, y, "兜底窗口 诉求凭条", 9.5, width)
    line(pdf, x, y + 3.7, pad.site_name, 7, width)
    bold_line(pdf, x, y + 10, slip.number, 15, width)
    groups = " ".join(slip.code[at : at + 4] for at in range(0, 16, 4))
    line(pdf, x, y + 16, "凭证号", 6, width)
    line(pdf, x + 8, y + 16, groups, 13, width - 8)
    way = "查进展：到兜底窗口或值守点出示本条"
    if pad.hotline:
        way = f"查进展：拨打 {pad.hotline}，或到窗口、值守点出示"
    line(pdf, x, y + 20, way, 6.5, width)
    care = "请收好，勿让他人看到凭证号" + (f"；{pad.valid_note}" if pad.valid_note else "")
    line(pdf, x, y + 23.2, care, 6.5, width)
    english = "Your receipt, keep it. Ask at any window"
    english += f" or call {pad.hotline}" if pad.hotline else ""
    pdf.set_text_color(_GREY - 60)
    line(pdf, left, area.top + 33, f"{english}; say the number and the code.", 5.5, _INNER)
    pdf.set_text_color(0)


def _blank(pdf: FPDF, x: float, y: float, words: str, end: float) -> None:
    """Writes the name of a field and the line to write on."""
    start = x
    if words:
        line(pdf, x, y, words, 8, end - x)
        start += pdf.get_string_width(words) + 1
    pdf.set_draw_color(_GREY)
    pdf.set_line_width(0.15)
    pdf.line(start, y + 0.8, end, y + 0.8)


def _boxes(pdf: FPDF, x: float, y: float, choices: Sequence[str]) -> None:
    """Draws boxes to tick, each with its words."""
    pdf.set_draw_color(_GREY - 60)
    pdf.set_line_width(0.15)
    for words in choices:
        pdf.rect(x, y - 2.6, 2.8, 2.8)
        line(pdf, x + 3.6, y, words, 8, 20)
        x += 3.6 + pdf.get_string_width(words) + 2.5


def _qr(pdf: FPDF, slip: Slip, left: float, top: float) -> None:
    """Draws the code with its quiet zone, so that a third of it may be lost to dirt and folds."""
    matrix = [list(row) for row in segno.make_qr(payload(slip), error="h").matrix_iter(border=4)]
    module = _QR / len(matrix)
    pdf.set_fill_color(0)
    for row, values in enumerate(matrix):
        column = 0
        # Squares side by side are one, without hairlines between them.
        for dark, run in groupby(values):
            count = len(list(run))
            if dark:
                pdf.rect(
                    left + column * module, top + row * module, count * module, module, style="F"
                )
            column += count

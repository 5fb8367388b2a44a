"""The handover between shifts on paper: what both shifts sign, and what hangs in the room then.

In Chinese alone: it is signed by the mine's people. What the font lacks is printed as a box, since
nobody can hand a shift over without what somebody once typed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, WrapMode
from fpdf.fonts import FontFace, TTFFont

from backstop.intake.v1 import intake_handover_pb2, intake_pb2
from ctl import paper
from ctl.paper import FONT, PAGE_HEIGHT, PAGE_WIDTH, bold_line, line
from ctl.tables.look import Look
from ctl.words import ZH, Words

# Millimetres.
_MARGIN = 14.0
_FOOT = 12.0
_INNER = PAGE_WIDTH - 2 * _MARGIN
_TOP = 10.0
# For both lines, with room to write.
_SIGNATURES = 32.0
_NAME, _RULE = 62.0, 56.0

_GREY = 150
_SHADE = 232

COLUMNS: Final[tuple[tuple[str, int], ...]] = (
    ("序", 7),
    ("编号", 28),
    ("单位", 22),
    ("状态", 14),
    ("当前责任人", 20),
    ("最近期限", 18),
    ("提示", 15),
    ("内容", 58),
)
AT_RISK, PROMISED, NOTHING_OPEN = "有风险", "今日承诺", "没有未销号的诉求"
WITHHELD: Final = "反映人员的诉求，内容不印"
BALANCED, UNBALANCED = "账目相符", "账目不符，请逐件核对"
_UNPRINTABLE: Final = "□"


@dataclass(frozen=True, slots=True)
class Line:
    """A case as it is printed; `marks` are what the next shift has to look after first."""

    number: str
    unit: str
    state: str
    accountable: str
    due: str
    marks: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs; `time` is empty until it has been done in the system."""

    name: str
    time: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A handover as it is printed; the reckoning is a sentence that `balanced` or doesn't."""

    site_name: str
    sequence: int
    time: str
    reckoning: str
    balanced: bool
    outgoing: Signature
    incoming: Signature
    notes: tuple[tuple[str, str], ...]
    lines: Sequence[Line]


def sheet_of(
    look: Look,
    handover: intake_handover_pb2.ShiftHandover,
    site_name: str,
) -> Sheet:
    """Returns a handover in the words of the site."""
    words, names, sums = Words(ZH), look.names, handover.reckoning
    came = f"上班未销 {sums.open_before} + 新增 {sums.registered} + 重新办理 {sums.reopened}"
    left_off = f"另有 {handover.cases_left_off} 件未列出" if handover.cases_left_off else ""
    notes = (("", left_off), ("交班说明", handover.note), ("接班说明", handover.incoming_note))
    lines = []
    for case in handover.cases:
        told = (
            (case.at_risk, AT_RISK),
            (case.promised_today, PROMISED),
            (case.hazard, "隐患"),
            (case.urgent, "紧急"),
            (case.change == intake_handover_pb2.HANDOVER_CHANGE_NEW, "新增"),
            (case.change == intake_handover_pb2.HANDOVER_CHANGE_REOPENED, "重新办理"),
        )
        lines.append(
            Line(
                number=case.number,
                unit=names.unit(case.unit_id) or ("" if case.about_persons else case.place),
                state=words.value(intake_pb2.CaseState.DESCRIPTOR, case.state),
                accountable=names.who(case.accountable),
                due=look.due(case.due_time),
                marks=tuple(mark for is_so, mark in told if is_so),
                # The sheet lies open, and those it is about may pass by.
                text=WITHHELD if case.about_persons else " ".join(case.text.split()),
            )
        )
    return Sheet(
        site_name=site_name,
        sequence=handover.sequence,
        time=look.time(handover.prepare_time),
        reckoning=f"{came} − 销号 {sums.closed} = 现有未销 {sums.open_now}",
        balanced=sums.balanced,
        outgoing=Signature(names.who(handover.outgoing), look.time(handover.outgoing_sign_time)),
        incoming=Signature(names.who(handover.incoming), look.time(handover.incoming_sign_time)),
        notes=tuple((label, text) for label, text in notes if text.strip()),
        lines=lines,
    )


def write_handover(path: Path, sheet: Sheet) -> int:
    """Writes a handover as PDF, readable by its owner alone; returns its pages.

    Takes the place of a file that is there.
    """
    pdf = _Pages(sheet)
    with paper.chinese(pdf, f"交接班单 第 {sheet.sequence} 号") as font:
        pdf.font = font
        pdf.add_page()
        _head(pdf, sheet)
        _cases(pdf, sheet.lines)
        _notes(pdf, sheet.notes)
        _signatures(pdf, sheet)
        content = bytes(pdf.output())
    paper.save(path, content)
    return pdf.pages_count


class _Pages(FPDF):
    """Pages that say which handover they are of, and how many there are."""

    font: TTFFont

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(format="A4")
        self.set_margins(_MARGIN, _TOP + 6, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_FOOT + 6)
        self._sheet = sheet

    def printable(self, text: str) -> str:
        """Returns a text with a box for what the font lacks."""
        lacking = set(paper.missing(self.font, text)) - {"\n"}
        return "".join(_UNPRINTABLE if sign in lacking else sign for sign in text)

    def header(self) -> None:
        if self.page > 1:
            words = self.printable(
                f"{self._sheet.site_name} 交接班单 第 {self._sheet.sequence} 号（续）"
            )
            self.set_text_color(_GREY - 60)
            line(self, _MARGIN, _TOP + 2, words, 8, _INNER)
            self.set_text_color(0)

    def footer(self) -> None:
        self.set_y(PAGE_HEIGHT - _FOOT)
        self.set_font(FONT, size=8)
        self.set_text_color(_GREY - 60)
        self.cell(_INNER, 4, f"第 {self.page} 页 / 共 {{nb}} 页", align=Align.C)
        self.set_text_color(0)

    def room(self, height: float) -> None:
        """Begins another page unless so much is left on this one."""
        if self.get_y() + height > PAGE_HEIGHT - _FOOT - 6:
            self.add_page()


def _head(pdf: _Pages, sheet: Sheet) -> None:
    title = "兜底窗口交接班单"
    pdf.set_font(FONT, size=17)
    left = (PAGE_WIDTH - pdf.get_string_width(title)) / 2
    bold_line(pdf, left, 21, title, 17, _INNER)
    line(pdf, _MARGIN, 29, pdf.printable(sheet.site_name), 10, _INNER * 0.55)
    told = f"第 {sheet.sequence} 号    {sheet.time}"
    line(pdf, PAGE_WIDTH - _MARGIN, 29, told, 10, _INNER * 0.4, right=True)
    pdf.set_line_width(0.3)
    pdf.line(_MARGIN, 31, PAGE_WIDTH - _MARGIN, 31)
    verdict = BALANCED if sheet.balanced else UNBALANCED
    line(pdf, _MARGIN + 1, 37, f"{sheet.reckoning}    {verdict}", 11, _INNER - 2)
    if not sheet.balanced:
        pdf.rect(_MARGIN, 32.4, _INNER, 6.6)
    marked = [sum(mark in one.marks for one in sheet.lines) for mark in (AT_RISK, PROMISED)]
    told = f"{AT_RISK} {marked[0]} 件（灰底；已超期或 12 小时内到期）    {PROMISED} {marked[1]} 件"
    line(pdf, _MARGIN + 1, 43.5, told, 9, _INNER)
    pdf.set_y(46.5)


def _cases(pdf: _Pages, lines: Sequence[Line]) -> None:
    pdf.set_font(FONT, size=8)
    if not lines:
        pdf.cell(_INNER, 10, NOTHING_OPEN, align=Align.C, new_x="LMARGIN", new_y="NEXT")
        return
    pdf.set_draw_color(_GREY)
    pdf.set_line_width(0.15)
    shaded = FontFace(fill_color=_SHADE)
    with pdf.table(
        borders_layout=TableBordersLayout.ALL,
        col_widths=tuple(width for _, width in COLUMNS),
        headings_style=FontFace(emphasis="", fill_color=210),
        line_height=4,
        padding=(0.8, 0.8),
        text_align=Align.L,
        wrapmode=WrapMode.CHAR,
        width=_INNER,
    ) as table:
        table.row([heading for heading, _ in COLUMNS])
        for place, one in enumerate(lines, 1):
            cells = (
                str(place),
                one.number,
                one.unit,
                one.state,
                one.accountable,
                one.due.replace(" ", "\n"),
                "\n".join(one.marks),
                one.text,
            )
            style = shaded if AT_RISK in one.marks else None
            table.row([pdf.printable(cell) for cell in cells], style=style)
    pdf.set_draw_color(0)


def _notes(pdf: _Pages, notes: Sequence[tuple[str, str]]) -> None:
    for label, text in notes:
        pdf.room(12)
        pdf.ln(2)
        pdf.set_font(FONT, size=9)
        words = pdf.printable("：".join(filter(None, (label, text.strip()))))
        pdf.multi_cell(
            _INNER, 4.6, words, align=Align.L, wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT"
        )


def _signatures(pdf: _Pages, sheet: Sheet) -> None:
    """Writes both lines to sign, on one page."""
    pdf.room(_SIGNATURES)
    y = pdf.get_y() + 14
    for label, one in (("交班人", sheet.outgoing), ("接班人", sheet.incoming)):
        line(pdf, _MARGIN, y, pdf.printable(f"{label}：{one.name}"), 11, _NAME - 2)
        line(pdf, _MARGIN + _NAME, y, "签字", 11, 9)
        start = _MARGIN + _NAME + 10
        pdf.set_line_width(0.3)
        pdf.line(start, y + 1, start + _RULE, y + 1)
        told = f"系统内已签 {one.time}" if one.time else "系统内未签      月    日    时    分"
        line(pdf, start + _RULE + 3, y, told, 9, PAGE_WIDTH - _MARGIN - start - _RULE - 3)
        y += 13

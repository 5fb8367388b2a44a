"""The sheet that slips are typed into after the shift: its columns, its template, its report.

Phones and computers stay above ground; what was said below comes up on paper, a shift's slips at a
time. Each row carries its request id from the template on, so that a sheet may be handed in twice,
or by two people, and no appeal is doubled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import xlsxwriter
from google.protobuf.descriptor import EnumDescriptor
from xlsxwriter.utility import xl_col_to_name

from backstop.intake.v1 import intake_pb2 as pb
from ctl.failures import Problem
from ctl.organisation.layout import Column
from ctl.values import VALUES

TITLE: Final = "凭条"
_CHOICES_TITLE: Final = "选项"
MAX_ROWS: Final = 5000

COLUMNS: Final = (
    Column("request_id", "请求编号"),
    Column("slip_number", "凭条号"),
    Column("occurred_time", "反映时间"),
    Column("unit", "单位"),
    Column("place", "地点"),
    Column("post", "值守点"),
    Column("category", "类别"),
    Column("text", "内容"),
    Column("name", "诉求人"),
    Column("person_code", "工号"),
    Column("phone", "电话"),
    Column("confidentiality", "匿名/保密"),
    Column("receiver", "首接人"),
    Column("urgent", "紧急"),
    Column("hazard", "隐患"),
    Column("channel", "渠道"),
    Column("kind", "诉求种类"),
    Column("reporter_kind", "人员类别"),
    Column("email", "邮箱"),
)
HEADINGS: Final = {column.name: column.heading for column in COLUMNS}
# Without these a sheet isn't one of slips.
NEEDED: Final = ("slip_number", "text")
_WIDTHS: Final[Mapping[str, int]] = {
    "request_id": 12,
    "slip_number": 14,
    "occurred_time": 17,
    "place": 22,
    "text": 60,
}

# What looks like a formula or an address stays text.
_PLAIN: Final = {"strings_to_formulas": False, "strings_to_urls": False}

_HINTS: Final[Mapping[str, str]] = {
    "request_id": "已填好，请勿改动；同一文件导入两次不会重复登记 / leave as it is",
    "slip_number": "照凭条抄写 / as printed",
    "occurred_time": "诉求人提出的时间，如 2026-11-22 08:30 / when it was said",
    "unit": "单位、地点、值守点至少填一项；名称或代码 / one of unit, place, post",
    "place": "单位、地点、值守点至少填一项 / one of unit, place, post",
    "post": "单位、地点、值守点至少填一项；名称或代码 / one of unit, place, post",
    "text": "必填，最多 4000 字 / needed",
    "name": "匿名的不填 / empty when anonymous",
    "confidentiality": "不填为实名 / named when empty",
    "receiver": "不填为导入人 / whoever imports, when empty",
    "channel": "不填为纸条 / slip when empty",
    "kind": "不填为诉求 / request when empty",
    "reporter_kind": "不填为职工 / employee when empty",
}


@dataclass(frozen=True, slots=True)
class SlipRow:
    """A row as it is registered. Unit, post, category and receiver are names or codes, as typed.

    `occurred_time` is aware, None where the slip has none. Of the enums, `channel` is SLIP and
    `reporter_kind` EMPLOYEE where nothing is said, the others UNSPECIFIED.
    """

    line: int
    request_id: str
    slip_number: str
    occurred_time: datetime | None
    unit: str
    place: str
    post: str
    category: str
    text: str
    name: str
    person_code: str
    phone: str
    email: str
    confidentiality: pb.Confidentiality.ValueType
    receiver: str
    urgent: bool
    hazard: bool
    channel: pb.Channel.ValueType
    kind: pb.CaseKind.ValueType
    reporter_kind: pb.ReporterKind.ValueType


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong with a cell, Chinese first; no heading where it is the line that is wrong."""

    line: int
    heading: str
    words: str

    @property
    def place(self) -> str:
        """Where it is: "凭条:12 反映时间"."""
        return f"{TITLE}:{self.line} {self.heading}".rstrip()


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row: the number it was given, or in `refusal` why there is none.

    `known` tells that it had been registered before, by the same request id.
    """

    line: int
    slip_number: str
    request_id: str
    number: str = ""
    refusal: str = ""
    known: bool = False

    @property
    def became(self) -> str:
        """In a word what became of it."""
        if self.refusal:
            return "未登记"
        return "此前已登记" if self.known else "已登记"


def refused_lines(faults: Iterable[SheetFault]) -> list[RowResult]:
    """Returns a result for each line with faults, all of them in its refusal."""
    lines: dict[int, list[str]] = {}
    for fault in faults:
        lines.setdefault(fault.line, []).append(f"{fault.heading} {fault.words}".strip())
    return [RowResult(line, "", "", refusal="；".join(said)) for line, said in lines.items()]


def write_template(
    path: Path,
    request_ids: Sequence[str],
    *,
    units: Iterable[str] = (),
    posts: Iterable[str] = (),
    categories: Iterable[str] = (),
    receivers: Iterable[str] = (),
) -> None:
    """Writes an empty sheet with a row for each request id, which are to be had fresh.

    Units, posts, categories and receivers are offered in their cells and anything else may be typed
    there; of channel, kind and the like only what is offered. Raises Problem for more ids than
    `MAX_ROWS`.
    """
    if len(request_ids) > MAX_ROWS:
        raise Problem(f"最多 {MAX_ROWS} 行 / at most {MAX_ROWS} rows", field="rows")
    last = max(len(request_ids), 1)
    offered: dict[str, tuple[list[str], bool]] = {
        "unit": (list(units), False),
        "post": (list(posts), False),
        "category": (list(categories), False),
        "receiver": (list(receivers), False),
        "confidentiality": (words_of(pb.Confidentiality.DESCRIPTOR), True),
        "channel": (words_of(pb.Channel.DESCRIPTOR), True),
        "kind": (words_of(pb.CaseKind.DESCRIPTOR), True),
        "reporter_kind": (words_of(pb.ReporterKind.DESCRIPTOR), True),
        "urgent": (["是", "否"], True),
        "hazard": (["是", "否"], True),
    }
    with xlsxwriter.Workbook(str(path), _PLAIN) as book:
        head = book.add_format({"bold": True, "bg_color": "#D9E2F3", "border": 1})
        needed = book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1})
        # As text, or a spreadsheet drops the zero that a number begins with.
        text = book.add_format({"num_format": "@", "valign": "top"})
        long = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top"})
        grey = book.add_format({"num_format": "@", "valign": "top", "font_color": "#808080"})
        formats = {"request_id": grey, "occurred_time": time, "text": long, "place": long}
        sheet = book.add_worksheet(TITLE)
        lists = book.add_worksheet(_CHOICES_TITLE)
        for at, column in enumerate(COLUMNS):
            sheet.set_column(at, at, _WIDTHS.get(column.name, 11), formats.get(column.name, text))
            sheet.write_string(0, at, column.heading, needed if column.name in NEEDED else head)
            sheet.write_comment(0, at, f"{column.name}\n{_HINTS.get(column.name, '')}".strip())
            words, strict = offered.get(column.name, ([], True))
            if not words:
                continue
            lists.write_column(0, at, [column.heading, *words])
            letter = xl_col_to_name(at)
            rule = {
                "validate": "list",
                "source": f"={_CHOICES_TITLE}!${letter}$2:${letter}${len(words) + 1}",
                "error_title": column.heading,
                "error_message": "请从下拉列表中选择 / choose from the list",
                "show_error": strict,
            }
            sheet.data_validation(1, at, last, at, rule)
        sheet.write_column(1, 0, request_ids, grey)
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        lists.hide()


def write_report(path: Path, results: Iterable[RowResult]) -> None:
    """Writes what became of each row, those refused in red, and the sums above them.

    Receipt codes have no place in it: they are on the slips.
    """
    every = sorted(results, key=lambda result: result.line)
    done = sum(not result.refusal for result in every)
    with xlsxwriter.Workbook(str(path), _PLAIN) as book:
        head = book.add_format({"bold": True, "bg_color": "#D9E2F3", "border": 1})
        plain = book.add_format({"valign": "top", "text_wrap": True})
        red = book.add_format({"valign": "top", "text_wrap": True, "font_color": "#C00000"})
        sheet = book.add_worksheet("导入结果")
        sheet.write_string(
            0,
            0,
            f"已登记 {done} 行，未登记 {len(every) - done} 行 / "
            f"{done} registered, {len(every) - done} not",
        )
        headings = ("行号", "凭条号", "结果", "编号", "说明", "请求编号")
        sheet.write_row(1, 0, headings, head)
        for at, width in enumerate((7, 16, 10, 20, 70, 38)):
            sheet.set_column(at, at, width)
        for at, result in enumerate(every, 2):
            look = red if result.refusal else plain
            sheet.write_number(at, 0, result.line, look)
            sheet.write_row(
                at,
                1,
                (
                    result.slip_number,
                    result.became,
                    result.number,
                    result.refusal,
                    result.request_id,
                ),
                look,
            )
        sheet.freeze_panes(2, 0)
        sheet.autofilter(1, 0, max(len(every) + 1, 2), len(headings) - 1)


def words_of(enum: EnumDescriptor) -> list[str]:
    """Returns the Chinese words of an enum's values."""
    return [VALUES[value.name][0] for value in enum.values if value.number]

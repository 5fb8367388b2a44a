"""The columns of the ledger as a file, in Chinese and English, the same for both formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from chassis.errors import ENGLISH
from services.intake.documents.cells import clean
from services.intake.domain.ledger import LedgerRow
from services.intake.domain.values import CaseKind, CaseState, Channel, Grade, Outcome
from services.intake.sentences import labels

# What the sentences of the timeline never say.
_WORDS: Mapping[str, tuple[str, str]] = {
    "CASE_STATE_REGISTERED": ("已登记", "registered"),
    "CASE_STATE_ASSIGNED": ("已分派", "assigned"),
    "CASE_STATE_IN_PROGRESS": ("办理中", "in progress"),
    "CASE_STATE_RESOLVED": ("待确认", "resolved"),
    "CASE_STATE_CLOSED": ("已销号", "closed"),
    "CASE_KIND_GRIEVANCE": ("急难愁盼", "grievance"),
    "CASE_KIND_REQUEST": ("诉求", "request"),
    "CASE_KIND_SUGGESTION": ("合理化建议", "suggestion"),
    "CASE_KIND_INQUIRY": ("咨询", "inquiry"),
}
_CHINESE = {**labels.CHINESE, **{name: words[0] for name, words in _WORDS.items()}}
_ENGLISH = {**labels.ENGLISH, **{name: words[1] for name, words in _WORDS.items()}}
_PREFIXES: Mapping[type[StrEnum], str] = {
    CaseState: "CASE_STATE",
    CaseKind: "CASE_KIND",
    Channel: "CHANNEL",
    Outcome: "OUTCOME",
    Grade: "GRADE",
}


class CellKind(StrEnum):
    """TEXT wraps, SHORT doesn't; INSTANT is a local time of the site, DAY one of its days."""

    TEXT = "TEXT"
    SHORT = "SHORT"
    NUMBER = "NUMBER"
    INSTANT = "INSTANT"
    DAY = "DAY"


Cell = str | int | datetime | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `width` is in digits, for headings that may break into two lines."""

    chinese: str
    english: str
    width: float
    kind: CellKind
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Speech:
    """In which language a file is, and in which zone its times are."""

    language: str
    zone: ZoneInfo

    def say(self, chinese: str, english: str) -> str:
        """Returns the words in the file's language."""
        return english if self.language == ENGLISH else chinese

    def heading(self, column: Column) -> str:
        """Returns what stands above a column."""
        return self.say(column.chinese, column.english)

    def word(self, value: Channel | Outcome | Grade | CaseState | CaseKind) -> str:
        """Returns the word for a value; nothing for none."""
        if not value:
            return ""
        words = _ENGLISH if self.language == ENGLISH else _CHINESE
        return words[f"{_PREFIXES[type(value)]}_{value}"]

    def instant(self, value: datetime | None) -> datetime | None:
        """Returns the site's local time to the second, without its zone: cells have none."""
        if value is None:
            return None
        return value.astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def day(self, value: datetime | None) -> date | None:
        """Returns the site's day of an instant."""
        return None if value is None else value.astimezone(self.zone).date()

    def yes(self, value: bool) -> str:
        """Returns a word for what is so, and leaves empty what isn't."""
        return self.say("是", "yes") if value else ""


COLUMNS = (
    Column("编号", "Number", 18, CellKind.SHORT),
    Column("反映时间", "Spoken", 15.5, CellKind.INSTANT),
    Column("类别", "Category", 9, CellKind.TEXT),
    Column("单位", "Unit", 10, CellKind.TEXT),
    Column("地点", "Place", 11, CellKind.TEXT),
    Column("诉求内容", "Appeal", 34, CellKind.TEXT),
    Column("包保人员", "Steward", 9, CellKind.TEXT),
    Column("状态", "State", 8, CellKind.TEXT),
    Column("是否超期", "Over-due", 6, CellKind.TEXT),
    Column("承诺日期", "Promised", 10.5, CellKind.DAY),
    Column("办理情况", "What was done", 30, CellKind.TEXT),
    Column("销号结果", "Outcome", 9, CellKind.TEXT),
    Column("满意度", "Grade", 9, CellKind.TEXT),
    Column("销号日期", "Closed", 10.5, CellKind.DAY),
    Column("首次回复时间", "First reply", 15.5, CellKind.INSTANT),
    Column("办结日期", "Resolved", 10.5, CellKind.DAY),
    Column("登记时间", "Entered", 15.5, CellKind.INSTANT),
    Column("渠道", "Channel", 9, CellKind.TEXT),
    Column("性质", "Kind", 10, CellKind.TEXT),
    Column("上报层级", "Level", 6, CellKind.NUMBER),
    Column("重办次数", "Times re-opened", 8, CellKind.NUMBER, summed=True),
    Column("超期次数", "Deadlines missed", 9, CellKind.NUMBER, summed=True),
    Column("是否补录", "Entered late", 8, CellKind.TEXT),
)
# Those that fit on A4 and can be read there; the others stand to their right.
PRINTED = 14


def cells(row: LedgerRow, speech: Speech) -> tuple[Cell, ...]:
    """Returns what stands in the columns, in their order; codes where there is no name."""
    return (
        clean(row.number),
        speech.instant(row.occurred_time),
        clean(row.category_name or row.category),
        clean(row.unit_name or row.unit_id),
        clean(row.place),
        clean(row.text),
        clean(row.steward_name or row.steward),
        speech.word(row.state),
        speech.yes(row.overdue),
        row.promised_date,
        clean(row.resolution),
        speech.word(row.outcome),
        speech.word(row.grade),
        speech.day(row.close_time),
        speech.instant(row.first_reply_time),
        speech.day(row.resolve_time),
        speech.instant(row.record_time),
        speech.word(row.channel),
        speech.word(row.kind),
        row.level,
        row.reopen_count,
        row.breach_count,
        speech.yes(row.late_entry),
    )

"""What a month's report says, before it is a page or a workbook.

Chinese first; a reader whose language is English has an English heading beside each Chinese one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.errors import ENGLISH
from services.intake.documents.cells import clean
from services.intake.domain.measures import BY_NAME, Figure, FigureSet, Period, Unit
from services.intake.store.measures import Day, HotSpot

RATES = ("RESPONSE_RATE", "RESOLUTION_RATE", "SATISFIED_SHARE")
SATISFACTION = ("SATISFIED_SHARE", "MOSTLY_SATISFIED_SHARE", "DISSATISFIED_SHARE", "ANSWERED_SHARE")
CLOCKS = ("FIRST_REPLY", "PLAN", "PROGRESS", "RESOLUTION", "WORK_ORDER", "CONFIRMATION")
STAGES = ("FIRST_REPLY", "PLAN", "RESOLUTION", "CLOSE")
BANDS = ("0_3", "4_7", "8_15", "16_30", "OVER_30")
HEADLINES = ("REGISTERED", "CLOSED_COUNT", "SOLVED_COUNT", "OPEN", "OVERDUE", "REOPENED")
# What a category or unit is told by: open, overdue, solved, and how many came.
BREAKDOWN = ("REGISTERED", "OPEN", "OVERDUE", "SOLVED_COUNT")
COMPARED = (
    *("REGISTERED", "RESOLVED_COUNT", "CLOSED_COUNT", "SOLVED_COUNT", "OPEN", "OVERDUE"),
    *("RESPONSE_RATE", "RESOLUTION_RATE", *SATISFACTION, "KEPT_PROMISE_RATE"),
    *("MEDIAN_PROMISE_DAYS", "PROMISE_MOVES", "MEDIAN_RESOLUTION", "REOPENED", "FALLBACK"),
    "FALLBACK_OVERLONG",
    *("REPEAT_REPORTERS", "RECURRENCE", "LATE_ENTRIES", "SUGGESTIONS_ACCEPTED"),
)
# Of these more is worse; of REGISTERED and the like neither is said.
WORSE_WHEN_MORE = frozenset(
    {"OPEN", "OVERDUE", "REOPENED", "FALLBACK_OVERLONG", "DISSATISFIED_SHARE"}
)
BETTER_WHEN_MORE = frozenset(
    {"RESPONSE_RATE", "RESOLUTION_RATE", "SATISFIED_SHARE", "SOLVED_COUNT", "CLOSED_COUNT"}
)

NOTHING = "—"
KEPT_BACK = "＊"


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one category or unit."""

    name: str
    figures: FigureSet


@dataclass(frozen=True, slots=True)
class Week:
    """Sums of seven days from Monday on, cut at the month's ends."""

    start_date: date
    end_date: date
    came: int
    closed: int


@dataclass(frozen=True, slots=True)
class Report:
    """A site's month. `made_time` is the site's local time; `days` are all of the month."""

    site_name: str
    language: str
    month: Period
    made_time: datetime
    unfinished: bool
    smallest_cell: int
    total: FigureSet
    before: FigureSet
    year_before: FigureSet
    categories: Sequence[Part]
    units: Sequence[Part]
    days: Sequence[Day]
    hot_spots: Sequence[tuple[str, HotSpot]]

    def say(self, zh: str, en: str) -> str:
        """Returns a heading of its Chinese, and its English beside it where that is read."""
        return f"{zh} {en}" if self.english else zh

    @property
    def english(self) -> bool:
        """Tells whether English stands beside the Chinese."""
        return self.language == ENGLISH

    @property
    def weeks(self) -> list[Week]:
        """Returns the weeks of the month in order."""
        found: dict[int, list[Day]] = {}
        for day in self.days:
            found.setdefault(day.day.toordinal() - day.day.weekday(), []).append(day)
        return [
            Week(days[0].day, days[-1].day, sum(d.came for d in days), sum(d.closed for d in days))
            for _, days in sorted(found.items())
        ]

    def title(self, measure: str) -> str:
        """Returns a measure's title."""
        definition = BY_NAME[measure]
        return self.say(definition.zh.title, definition.en.title)


def cleaned(report: Report) -> Report:
    """Returns the report without what nobody can see, or what turns a line around, in its texts."""

    def parts(found: Sequence[Part]) -> list[Part]:
        return [replace(part, name=clean(part.name)) for part in found]

    return replace(
        report,
        site_name=clean(report.site_name),
        categories=parts(report.categories),
        units=parts(report.units),
        hot_spots=[
            (clean(category), replace(spot, place=clean(spot.place)))
            for category, spot in report.hot_spots
        ],
    )


def ranked(parts: Sequence[Part]) -> list[Part]:
    """Returns the parts with most to do first: open, then registered; kept-back ones last."""

    def order(part: Part) -> tuple[float, float, str]:
        return (
            -(part.figures["OPEN"].value if part.figures["OPEN"].value is not None else -1),
            -(part.figures["REGISTERED"].value or 0),
            part.name,
        )

    return sorted(parts, key=order)


def shown(figure: Figure) -> str:
    """Returns a figure as it is read: with its unit, a dash for nothing, a star if kept back."""
    if figure.suppressed:
        return KEPT_BACK
    if figure.value is None:
        return NOTHING
    match BY_NAME[figure.measure].unit:
        case Unit.SHARE:
            return f"{figure.value:.1f}%"
        case Unit.HOURS:
            return f"{figure.value:.1f} 小时"
        case Unit.DAYS:
            return f"{figure.value:g} 天"
        case Unit.COUNT:
            return f"{figure.value:.0f}"


def difference(now: Figure, then: Figure) -> str:
    """Returns how a figure has moved, in its own unit (points of a share); a dash if unknown."""
    if now.value is None or then.value is None:
        return NOTHING
    moved = now.value - then.value
    if BY_NAME[now.measure].unit is Unit.COUNT:
        return f"{moved:+.0f}" if moved else "0"
    return f"{moved:+.1f}" if round(moved, 1) else "0"


def verdict(now: Figure, then: Figure) -> str:
    """Returns "better", "worse", or nothing where neither can be said."""
    if now.value is None or then.value is None or now.value == then.value:
        return ""
    more = now.value > then.value
    if now.measure in BETTER_WHEN_MORE:
        return "better" if more else "worse"
    if now.measure in WORSE_WHEN_MORE:
        return "worse" if more else "better"
    return ""

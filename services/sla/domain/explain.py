"""Why an instant is the deadline: day by day, and in sentences of both languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.sla.domain import explain_en, explain_zh
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Due, Span
from services.sla.domain.explain_days import DayReason, account_of
from services.sla.domain.kinds import ClockKind
from services.sla.domain.policy import ClockRule

__all__ = ["DayReason", "ExplainedDay", "Explanation", "explain"]

# Days that are listed one by one; of more, the first and the last half of so many.
MOST_LISTED = 400


@dataclass(frozen=True, slots=True)
class ExplainedDay:
    """A local day between start and deadline, with a sentence about it.

    `ordinal` says which of the counted days it is, 0 = not counted; of a given deadline, which of
    those that it moved on by. `counted_time` is zero unless working time is counted.
    """

    date: date
    ordinal: int
    reason: DayReason
    name: str
    zh: str
    en: str
    counted_time: timedelta
    provisional: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    due: Due
    days: tuple[ExplainedDay, ...]
    summary_zh: str
    summary_en: str


def explain(
    rule: ClockRule,
    calendar: Calendar,
    start: datetime,
    given: datetime | None,
    pauses: Sequence[Span],
    due: Due,
    kind: ClockKind,
) -> Explanation:
    """Explains a deadline: from when, how counted, what was left out, until when provisional.

    `calendar` is the one that it was counted with. Raises ValueError where these don't lead to the
    deadline, or where the rule counts nothing (LADDER, OFF); OverflowError for a deadline more than
    50 000 days away.
    """
    account = account_of(kind, rule, calendar, start, given, pauses, due)
    listed, half = account.days, MOST_LISTED // 2
    omitted = listed[half:-half] if len(listed) > MOST_LISTED else ()
    if omitted:
        listed = listed[:half] + listed[-half:]
    days = tuple(
        ExplainedDay(
            date=day.date,
            ordinal=day.ordinal,
            reason=day.reason,
            name=day.name,
            zh=explain_zh.day(account, day),
            en=explain_en.day(account, day),
            counted_time=day.counted_time,
            provisional=day.provisional,
        )
        for day in listed
    )
    return Explanation(
        due=due,
        days=days,
        summary_zh=explain_zh.summary(account, omitted),
        summary_en=explain_en.summary(account, omitted),
    )

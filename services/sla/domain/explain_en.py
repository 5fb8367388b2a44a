"""A deadline's account in English."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from services.sla.domain.explain_days import Account, DayReason, Moment, Part, Reckoned, Run, runs
from services.sla.domain.kinds import ClockKind, Counting, DayEnd

_KINDS: Mapping[ClockKind, str] = {
    ClockKind.FIRST_REPLY: "first reply",
    ClockKind.PLAN: "plan or progress note",
    ClockKind.PROGRESS: "progress note",
    ClockKind.RESOLUTION: "promised resolution",
    ClockKind.WORK_ORDER: "work order",
    ClockKind.CONFIRMATION: "reporter's confirmation",
    ClockKind.ESCALATION: "instruction",
    ClockKind.REMINDER: "daily reminder",
    ClockKind.RULING: "ruling on a return",
    ClockKind.OUTREACH: "outreach contact",
    ClockKind.PAUSE: "pause",
    ClockKind.CALLBACK: "next callback",
    ClockKind.SILENCE: "silence of an anonymous case",
    ClockKind.REVIEW: "review of a long-standing case",
}

_GIVEN: Mapping[ClockKind, str] = {
    ClockKind.RESOLUTION: "as promised",
    ClockKind.WORK_ORDER: "as the work order says",
    ClockKind.PAUSE: "as the pause says, the latest end of it",
}

_REASONS: Mapping[DayReason, str] = {
    DayReason.WORKING_DAY: "working day",
    DayReason.MAKEUP_DAY: "make-up day, worked",
    DayReason.EVENT: "day of the event",
    DayReason.REST_DAY: "rest day",
    DayReason.HOLIDAY: "holiday",
    DayReason.CLOSURE: "closed",
    DayReason.PAUSED: "stood still",
    DayReason.CALENDAR_DAY: "rest day",
}

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Runs of days that are named one by one; more are only counted.
_MOST_RUNS = 12


def day(account: Account, reckoned: Reckoned) -> str:
    """Returns the sentence of a day."""
    unknown = "; the year is not announced yet, provisional" if reckoned.provisional else ""
    return f"{_day(reckoned.date)}: {_what(account, reckoned)}{unknown}."


def _what(account: Account, day: Reckoned) -> str:
    reason, counting = _reason(day.reason, day.name), account.rule.counting
    match counting:
        case Counting.WORKING_TIME if day.ordinal:
            still = ", the pause not counted" if day.part_paused else ""
            return f"{reason}, {duration(day.counted_time)} counted{still}"
        case Counting.WORKING_TIME if day.reason is DayReason.EVENT:
            return "day of the event, no working time left to count"
        case Counting.WORKING_DAYS if day.ordinal:
            return f"{reason}, number {day.ordinal} of the working days"
        case Counting.CALENDAR_DAYS if day.ordinal:
            still_counted = " but counted" if day.reason is DayReason.CALENDAR_DAY else ""
            return f"{reason}{still_counted}, day {day.ordinal}"
        case Counting.WORKING_DAYS | Counting.CALENDAR_DAYS if day.reason is DayReason.EVENT:
            return "day of the event, not counted (Civil Code, article 201)"
        case Counting.SAME_DAY if day.part is Part.DUE and day.reason is DayReason.EVENT:
            return "day of the event, and of the deadline"
        case Counting.SAME_DAY if day.part is Part.DUE:
            return f"{reason}, on which {duration(account.rule.floor)} from the start are over"
        case Counting.GIVEN if day.ordinal:
            return f"{reason}, number {day.ordinal} of the days by which the deadline moves"
        case Counting.GIVEN if day.part is Part.DEFERS:
            return "stood still, which moves the deadline by a working day"
        case Counting.GIVEN if day.reason is DayReason.PAUSED:
            return "stood still, no day for the deadline to move to"
        case Counting.GIVEN | Counting.DAILY | Counting.SAME_DAY:
            return reason
    if day.part is Part.MOVED_ON:
        return f"{reason}, the last day moves on (Civil Code, article 203)"
    return f"{reason}, not counted"


def summary(account: Account, omitted: tuple[Reckoned, ...]) -> str:
    """Returns the whole in sentences; `omitted` are the days that are told nowhere else."""
    parts = [_begin(account), *_notes(account)]
    if omitted:
        counted = sum(1 for day in omitted if day.ordinal)
        of_them = f", {counted} of them counted" if counted else ""
        span = _span(omitted[0].date, omitted[-1].date)
        parts.append(f"Not listed day by day: {span}, {_number(len(omitted), 'day')}{of_them}.")
    if account.paused_now:
        parts.append("It stands still now, and is counted again when it runs.")
    if account.provisional:
        years = ", ".join(map(str, account.unknown_years))
        parts.append(
            f"The holidays and make-up days of {years} are not in the calendar (the State Council "
            "announces them about November of the year before): the deadline is provisional "
            "until they are, and is then counted again."
        )
    parts.append(f"Due: {_deadline(account.due)}.")
    return " ".join(parts)


def _begin(account: Account) -> str:
    rule, start = account.rule, account.start.local
    by = f"the rule “{rule.name}”" if rule.name else "the default rule"
    since = f"{_clock(start)} on {_day(start.date())}"
    return f"“{_KINDS[account.kind]}” from {since}, by {by}: {_counting(account)}."


def _counting(account: Account) -> str:
    rule = account.rule
    close = rule.day_end is DayEnd.CLOSE_OF_BUSINESS
    end = "at the close of business" if close else "at 24:00"
    period = (
        "the day of the event is not counted (Civil Code, article 201), "
        f"the last day ends {end} (article 203)"
    )
    match rule.counting:
        case Counting.WORKING_DAYS:
            return f"{_number(rule.amount, 'working day')}; {period}"
        case Counting.CALENDAR_DAYS:
            return f"{_number(rule.amount, 'day')}, rest days included; {period}"
        case Counting.WORKING_TIME:
            return f"{duration(timedelta(seconds=rule.amount))} of working time"
        case Counting.SAME_DAY:
            floor = f", never sooner than {duration(rule.floor)} after it" if rule.floor else ""
            return f"the same day, which ends {end}{floor}"
        case Counting.GIVEN if account.given is not None:
            given = _GIVEN.get(account.kind, "as given")
            return f"{given}, {_deadline(account.given)}"
        case _:
            return "every day at 24:00"


def _notes(account: Account) -> Iterable[str]:
    rule, days = account.rule, account.days
    # Of calendar days it only matters whether the last one is worked.
    looked_at = days[-1:] if rule.counting is Counting.CALENDAR_DAYS else days
    if makeup := [d for d in looked_at if d.ordinal and d.reason is DayReason.MAKEUP_DAY]:
        yield f"Make-up days, and so counted: {_listed(runs(makeup), reasons=False)}."
    match rule.counting:
        case Counting.WORKING_DAYS | Counting.CALENDAR_DAYS | Counting.WORKING_TIME:
            skipped = [
                d
                for d in days
                if d.part is Part.PASSED and not d.ordinal and d.reason is not DayReason.EVENT
            ]
            if skipped:
                yield f"Not counted: {_listed(runs(skipped))}."
            if moved := [d for d in days if d.part is Part.MOVED_ON]:
                listed = _listed(runs(moved))
                yield f"The last day moves on over {listed} (Civil Code, article 203)."
            if partly := [d for d in days if d.part_paused]:
                yield f"Stood still for a part of {_listed(runs(partly), reasons=False)}."
        case Counting.SAME_DAY if account.by_floor:
            yield f"Less than {duration(rule.floor)} of the day was left, so they decide."
        case Counting.GIVEN:
            if deferring := [d for d in days if d.part is Part.DEFERS]:
                listed = _listed(runs(deferring), reasons=False)
                moved_by = _number(len(deferring), "working day")
                yield f"Stood still on {listed}, which moves the deadline by {moved_by}."
        case _:
            return


def _reason(reason: DayReason, name: str) -> str:
    """Returns why a day is counted or not, with the name of its holiday or closure."""
    return f"{_REASONS[reason]} ({name})" if name else _REASONS[reason]


def _listed(found: list[Run], *, reasons: bool = True) -> str:
    """Returns runs of days by name; the rest days only by number where they are many."""
    rest = [run for run in found if run.reason is DayReason.REST_DAY]
    named = [run for run in found if run.reason is not DayReason.REST_DAY]
    words = []
    if len(rest) <= _MOST_RUNS:
        named, rest = found, []
    for run in named[:_MOST_RUNS]:
        why = f", {_reason(run.reason, run.name)}" if reasons else ""
        words.append(f"{_span(run.first, run.last)}{why}")
    if rest:
        words.append(_number(sum(run.length for run in rest), "rest day"))
    if more := sum(run.length for run in named[_MOST_RUNS:]):
        words.append(f"{_number(more, 'day')} more")
    return "; ".join(words)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _span(first: date, last: date) -> str:
    return _day(first) if first == last else f"{_day(first)} to {_day(last)}"


def _day(day: date) -> str:
    weekday, month = _WEEKDAYS[day.weekday()], _MONTHS[day.month - 1]
    return f"{weekday} {day.day} {month} {day.year}"


def _deadline(moment: Moment) -> str:
    if moment.ends is not None:
        return f"end of {_day(moment.ends)}"
    return f"{_clock(moment.local)} on {_day(moment.local.date())}"


def _clock(local: datetime) -> str:
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def duration(length: timedelta) -> str:
    """Returns a length of time in hours, minutes and seconds."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"

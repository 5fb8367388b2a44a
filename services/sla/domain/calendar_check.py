"""Whether a calendar may be published: what contradicts itself is refused, and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from chassis.errors import FieldViolation, Refused
from services.sla.domain.days import CalendarPlan, Window, Year
from services.sla.domain.seeds import is_known

# How far from its year a notice may name a day: 31 December before, say, for New Year.
_BESIDE = timedelta(weeks=2)

# Working time that a week has at least. With less, working time would take years to pass.
_LEAST_MINUTES = 60

# Whole days that closures may take together. Beyond that no deadline would be found any more.
MOST_CLOSED_DAYS = 4000

_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def check(plan: CalendarPlan) -> None:
    """Refuses a calendar that contradicts itself or under which nothing could be counted.

    Raises Refused DAY_OFF_AND_WORKED, DAY_OUTSIDE_ITS_YEAR, YEAR_TWICE,
    MAKEUP_DAY_IS_WORKED_ANYWAY, WINDOWS_OVERLAP, PERIOD_ENDS_BEFORE_IT_STARTS, UNKNOWN_COUNTRY,
    NO_WORKING_DAYS (less than an hour a week); INVALID_FIELD where the site would be closed for
    more than ten years in all.
    """
    if not is_known(plan.country):
        unknown = _at("calendar.country", "nothing is known of its holidays")
        raise Refused("UNKNOWN_COUNTRY", fields=unknown, country=plan.country)
    _check_week(plan.week)
    _check_years(plan.years, plan.week)
    _check_closures(plan)


def _check_week(week: Sequence[Sequence[Window]]) -> None:
    for name, windows in zip(_WEEKDAYS, week, strict=True):
        ordered = sorted(windows)
        for window in ordered:
            _check_order(window.start < window.end, f"{name} {_hours(window)}", "calendar.week")
        for earlier, later in pairwise(ordered):
            if later.start < earlier.end:
                both = _at("calendar.week", f"{_hours(earlier)} and {_hours(later)} overlap")
                raise Refused("WINDOWS_OVERLAP", fields=both, day=name)
    if sum(_open_minutes(windows, ()) for windows in week) < _LEAST_MINUTES:
        least = _at("calendar.week", f"has less than {_LEAST_MINUTES} minutes of working time")
        raise Refused("NO_WORKING_DAYS", fields=least)


def _check_years(years: Sequence[Year], week: Sequence[Sequence[Window]]) -> None:
    seen: set[int] = set()
    off: set[int] = set()
    for index, year in enumerate(years):
        field = f"calendar.years[{index}]"
        if year.year in seen:
            twice = _at(f"{field}.year", "is there already")
            raise Refused("YEAR_TWICE", fields=twice, year=year.year)
        seen.add(year.year)
        for place, holiday in enumerate(year.holidays):
            path = f"{field}.holidays[{place}]"
            _check_order(holiday.start <= holiday.end, holiday.name, path)
            _check_year((holiday.start, holiday.end), year.year, path)
            off.update(range(holiday.start.toordinal(), holiday.end.toordinal() + 1))
        _check_year(sorted(year.makeup_days), year.year, f"{field}.makeup_dates")
    # Only now all that is off is known: a notice may name days of the year beside its own.
    for index, year in enumerate(years):
        path = f"calendar.years[{index}].makeup_dates"
        for day in sorted(year.makeup_days):
            if day.toordinal() in off:
                both = _at(path, f"{day} is a holiday")
                raise Refused("DAY_OFF_AND_WORKED", fields=both, date=str(day))
            if week[day.weekday()]:
                worked = _at(path, f"{day} is worked by the plain week")
                raise Refused("MAKEUP_DAY_IS_WORKED_ANYWAY", fields=worked, date=str(day))


def _check_closures(plan: CalendarPlan) -> None:
    closed = 0
    for index, closure in enumerate(plan.closures):
        field = f"calendar.closures[{index}]"
        _check_order(closure.start <= closure.end, closure.name, field)
        if closure.window is not None:
            _check_order(closure.window.start < closure.window.end, closure.name, field)
        else:
            closed += (closure.end - closure.start).days + 1
    closed += _closed_by_hours(plan)
    if closed > MOST_CLOSED_DAYS:
        path = "calendar.closures"
        most = _at(path, f"{closed} days in all, {MOST_CLOSED_DAYS} at most")
        raise Refused("INVALID_FIELD", fields=most, field=path)


def _closed_by_hours(plan: CalendarPlan) -> int:
    """Returns how many days closures of some hours leave without any, alone or together.

    All days count during which they leave a week less than the working time that it must have.
    """
    closures = [
        (closure.start.toordinal(), closure.end.toordinal() + 1, closure.window)
        for closure in plan.closures
        if closure.window is not None
    ]
    closed = 0
    # Between two of these days nothing begins and nothing ends.
    turns = sorted({day for start, end, _ in closures for day in (start, end)})
    for first, after in pairwise(turns):
        shut = sorted({hours for start, end, hours in closures if start <= first < end})
        left = [_open_minutes(windows, shut) for windows in plan.week]
        if sum(left) < _LEAST_MINUTES:
            closed += after - first
        else:
            emptied = [bool(w) and not minutes for w, minutes in zip(plan.week, left, strict=True)]
            # Ordinal 1 was a Monday.
            weeks, rest = divmod(after - first, 7)
            closed += weeks * sum(emptied)
            closed += sum(emptied[(first - 1 + day) % 7] for day in range(rest))
    return closed


def _open_minutes(windows: Sequence[Window], shut: Sequence[Window]) -> int:
    """Returns how many minutes of windows that don't overlap lie outside of the shut ones.

    These are in order of their start.
    """
    minutes = 0
    for window in windows:
        since = window.start
        for hours in shut:
            minutes += max(0, min(hours.start, window.end) - since)
            since = max(since, hours.end)
        minutes += max(0, window.end - since)
    return minutes


def _check_order(in_order: bool, name: str, field: str) -> None:
    if not in_order:
        path = _at(field, "must end after its start")
        raise Refused("PERIOD_ENDS_BEFORE_IT_STARTS", fields=path, name=name)


def _check_year(days: Iterable[date], year: int, field: str) -> None:
    first, last = date(year, 1, 1) - _BESIDE, date(year, 12, 31) + _BESIDE
    for day in days:
        if not first <= day <= last:
            beside = _at(field, f"{day} is not of {year}")
            raise Refused("DAY_OUTSIDE_ITS_YEAR", fields=beside, date=str(day), year=year)


def _hours(window: Window) -> str:
    ends = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (window.start, window.end))
    return "–".join(ends)


def _at(path: str, description: str) -> list[FieldViolation]:
    return [FieldViolation(path, description)]

"""A site's days: which of them are worked, in which hours, and when they end.

Deadlines are counted in working days of China, whose make-up days (调休) the State Council
announces year by year. Days of a year that isn't announced are judged by the plain week and the
holidays of the law, and whatever was counted through them is provisional.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.sla.domain.calendar_check import check
from services.sla.domain.days import (
    ANNOUNCING_COUNTRY,
    MINUTES_PER_DAY,
    WORKED,
    CalendarPlan,
    Closure,
    Day,
    DayKind,
    Holiday,
    Shift,
    Window,
    Year,
)
from services.sla.domain.seeds import fixed_holidays

__all__ = [
    "Calendar",
    "CalendarPlan",
    "Closure",
    "Day",
    "DayKind",
    "Holiday",
    "Shift",
    "Window",
    "Year",
    "check",
]

_DAY = timedelta(days=1)
_NOTHING = timedelta(0)
_LAST_ORDINAL = date.max.toordinal()

# A plan that `check` lets pass has a working day within fewer days than this, wherever one starts
# to look; whoever gets further has asked for something absurd.
_FARTHEST = 50_000

_Instants = tuple[datetime, datetime]


class Calendar:
    """A published calendar in a site's time zone, ready to be asked; pure, apart from a memory.

    A closure of whole days goes before a make-up day, that before a holiday, that before the plain
    week.
    """

    __slots__ = (
        "_days",
        "_ends",
        "_exceptions",
        "_hours",
        "_week",
        "_worked",
        "_years",
        "plan",
        "version",
        "zone",
    )

    def __init__(self, zone: ZoneInfo, plan: CalendarPlan, version: int = 1) -> None:
        self.zone = zone
        self.plan = plan
        self.version = version
        self._years = {year.year: year for year in plan.years}
        self._week = tuple(tuple(sorted(windows)) for windows in plan.week)
        # What was found out, by year or by the day's ordinal.
        self._exceptions: dict[int, dict[date, tuple[DayKind, str]]] = {}
        self._days: dict[int, Day] = {}
        self._worked: dict[int, bool] = {}
        self._ends: dict[int, datetime] = {}
        self._hours: dict[int, tuple[_Instants, ...]] = {}

    def day(self, day: date) -> Day:
        """Returns what is known of the day."""
        ordinal = day.toordinal()
        known = self._days.get(ordinal)
        if known is None:
            kind, name = self._judge(day)
            known = Day(day, kind, self._windows(day, kind), name, self._unknown(day.year))
            self._days[ordinal] = known
        return known

    def is_working(self, day: date) -> bool:
        """Tells whether the day is worked, as far as known."""
        ordinal = day.toordinal()
        worked = self._worked.get(ordinal)
        return self._is_worked(ordinal) if worked is None else worked

    def local_day(self, instant: datetime) -> date:
        """Returns the site's day that an instant falls into."""
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """Returns 24:00 of the day, in UTC: the first instant that no longer belongs to it."""
        ordinal = day.toordinal()
        end = self._ends.get(ordinal)
        if end is None:
            end = self._ends[ordinal] = self._instant(day + _DAY, time(0))
        return end

    def close_of_business(self, day: date) -> datetime:
        """Returns the end of the day's last window, in UTC; 24:00 where it has none."""
        hours = self.windows_of(day)
        return hours[-1][1] if hours else self.end_of(day)

    def add_working_days(
        self, day: date, count: int, *, skipping: Callable[[date], bool] | None = None
    ) -> tuple[date, bool]:
        """Returns the day that is `count` working days later, and whether that is provisional.

        The day itself isn't counted (Civil Code, article 201), nor is one that `skipping` says yes
        to; with 0 it is the answer. ValueError when negative; OverflowError at the year 9999, or
        when it is more than 50 000 days away.
        """
        if count <= 0:
            if count < 0:
                raise ValueError("a negative number of working days")
            return day, False
        first = ordinal = day.toordinal()
        last = min(first + _FARTHEST, _LAST_ORDINAL)
        known = self._worked
        while count:
            if ordinal == last:
                raise OverflowError(f"no end of the working days from {day} on")
            ordinal += 1
            worked = known.get(ordinal)
            if worked is None:
                worked = self._is_worked(ordinal)
            if worked and (skipping is None or not skipping(date.fromordinal(ordinal))):
                count -= 1
        return date.fromordinal(ordinal), self._any_unknown(first + 1, ordinal)

    def next_working_day(self, day: date) -> tuple[date, bool]:
        """Returns the day itself if it is worked, else the next that is; and if provisional.

        OverflowError at the year 9999, or when it is more than 50 000 days away.
        """
        if self.is_working(day):
            return day, self._unknown(day.year)
        following, provisional = self.add_working_days(day, 1)
        return following, provisional or self._unknown(day.year)

    def working_days_between(self, first: date, last: date) -> int:
        """Returns how many working days lie after `first`, up to and with `last`.

        OverflowError when they are more than 50 000 days apart.
        """
        after, end = first.toordinal() + 1, last.toordinal() + 1
        _bound(end - after)
        known, count = self._worked, 0
        for ordinal in range(after, end):
            worked = known.get(ordinal)
            count += self._is_worked(ordinal) if worked is None else worked
        return count

    def working_day_before(self, day: date, count: int = 1) -> date:
        """Returns the count-th working day before the day; with 0 the day itself.

        OverflowError at the year 1, or when it is more than 50 000 days away.
        """
        ordinal = day.toordinal()
        last = max(ordinal - _FARTHEST, 1)
        while count > 0:
            if ordinal == last:
                raise OverflowError(f"no end of the working days before {day}")
            ordinal -= 1
            count -= self._is_worked(ordinal)
        return date.fromordinal(ordinal)

    def working_days_before(self, due: datetime, count: int) -> datetime:
        """Returns the same time of day so many working days before a due instant.

        24:00 counts as the end of its day, so a deadline at the end of Thursday gives the end of
        Wednesday.
        """
        local = due.astimezone(self.zone)
        day = local.date()
        if due == self.end_of(day - _DAY):
            return self.end_of(self.working_day_before(day - _DAY, count))
        return self._instant(self.working_day_before(day, count), local.time())

    def windows_of(self, day: date) -> Sequence[tuple[datetime, datetime]]:
        """Returns the working hours of the day as instants in UTC, in order.

        Of hours that a change of the clocks leaves out, nothing remains.
        """
        ordinal = day.toordinal()
        hours = self._hours.get(ordinal)
        if hours is None:
            spans = ((self._at(day, w.start), self._at(day, w.end)) for w in self.day(day).windows)
            hours = self._hours[ordinal] = tuple(span for span in spans if span[0] < span[1])
        return hours

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Returns how much of the time between two instants lies in working hours.

        OverflowError when they are more than 50 000 days apart.
        """
        total = _NOTHING
        # Times of the same zone would be compared and subtracted by their wall clocks.
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return total
        first, last = self.local_day(start).toordinal(), self.local_day(end).toordinal()
        _bound(last - first)
        for ordinal in range(first, last + 1):
            for opens, closes in self._hours.get(ordinal) or self._hours_of(ordinal):
                if start <= opens and closes <= end:
                    total += closes - opens
                elif opens < end and start < closes:
                    total += min(closes, end) - max(opens, start)
        return total

    def add_working_time(
        self,
        start: datetime,
        amount: timedelta,
        *,
        without: Sequence[tuple[datetime, datetime]] = (),
    ) -> tuple[datetime, bool]:
        """Returns when so much working time from `start` on is over, and if provisional.

        The spans of `without` don't count. The end of a window is reached at its end, not at the
        start of the next one. ValueError for a negative amount; OverflowError at the year 9999, or
        when it is more than 50 000 days away.
        """
        start = start.astimezone(UTC)
        if amount <= _NOTHING:
            if amount < _NOTHING:
                raise ValueError("a negative amount of working time")
            return start, False
        _bound(amount.days)
        first = self.local_day(start).toordinal()
        spans = sorted((since.astimezone(UTC), until.astimezone(UTC)) for since, until in without)
        left = amount
        for ordinal in range(first, min(first + _FARTHEST, _LAST_ORDINAL)):
            for opens, closes in self._hours.get(ordinal) or self._hours_of(ordinal):
                if closes <= start:
                    continue
                for since, until in _outside(max(opens, start), closes, spans):
                    if until - since >= left:
                        return since + left, self._any_unknown(first, ordinal)
                    left -= until - since
        raise OverflowError(f"no end of the working time from {start} on")

    # Looked up once --------------------------------------------------------------------------

    def _hours_of(self, ordinal: int) -> Sequence[_Instants]:
        return self.windows_of(date.fromordinal(ordinal))

    def _is_worked(self, ordinal: int) -> bool:
        worked = self._worked.get(ordinal)
        if worked is None:
            kind, _ = self._judge(date.fromordinal(ordinal))
            worked = self._worked[ordinal] = kind in WORKED
        return worked

    def _judge(self, day: date) -> tuple[DayKind, str]:
        exceptions = self._exceptions.get(day.year)
        if exceptions is None:
            exceptions = self._exceptions[day.year] = self._exceptions_of(day.year)
        kind = DayKind.WORKING_DAY if self._week[day.weekday()] else DayKind.REST_DAY
        return exceptions.get(day) or (kind, "")

    def _exceptions_of(self, year: int) -> dict[date, tuple[DayKind, str]]:
        """Returns the days of a year that differ from the plain week; what goes before is put last.

        A notice may name days of the years beside its own; its own year's goes before those.
        """
        found: dict[date, tuple[DayKind, str]] = {}
        if year not in self._years:
            by_law = fixed_holidays(self.plan.country, year)
            found.update((day, (DayKind.HOLIDAY, name)) for day, name in by_law.items())
        beside = (year - 1, year + 1, year)
        notices = [self._years[other] for other in beside if other in self._years]
        for notice in notices:
            for holiday in reversed(notice.holidays):
                off = (DayKind.HOLIDAY, holiday.name)
                found.update(dict.fromkeys(_within(year, holiday.start, holiday.end), off))
        for notice in notices:
            worked = (day for day in notice.makeup_days if day.year == year)
            found.update(dict.fromkeys(worked, (DayKind.MAKEUP_DAY, "")))
        for closure in reversed(self.plan.closures):
            if closure.window is None:
                shut = (DayKind.CLOSURE, closure.name)
                found.update(dict.fromkeys(_within(year, closure.start, closure.end), shut))
        return found

    def _windows(self, day: date, kind: DayKind) -> tuple[Window, ...]:
        if kind is DayKind.WORKING_DAY:
            windows = self._week[day.weekday()]
        elif kind is DayKind.MAKEUP_DAY:
            windows = next((windows for windows in self._week if windows), ())
        else:
            return ()
        for closure in self.plan.closures:
            if closure.window is not None and closure.start <= day <= closure.end:
                windows = tuple(_cut(windows, closure.window))
        return windows

    def _unknown(self, year: int) -> bool:
        return self.plan.country == ANNOUNCING_COUNTRY and year not in self._years

    def _any_unknown(self, first: int, last: int) -> bool:
        if self.plan.country != ANNOUNCING_COUNTRY:
            return False
        begin, end = date.fromordinal(first).year, date.fromordinal(last).year
        known = self._years
        return begin not in known or any(year not in known for year in range(begin + 1, end + 1))

    def _at(self, day: date, minutes: int) -> datetime:
        if minutes == MINUTES_PER_DAY:
            return self.end_of(day)
        return self._instant(day, time(minutes // 60, minutes % 60))

    def _instant(self, day: date, at: time) -> datetime:
        """Returns a local time as an instant in UTC.

        Of a time that comes twice, the first; of one that the clocks leave out, the instant at
        which they are put forward, so that later times are never earlier instants.
        """
        wall = datetime.combine(day, at.replace(fold=0), self.zone)
        instant = wall.astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
            return instant
        # By the offset before the change it lies after it, by the offset after it before it.
        before, after = int(wall.replace(fold=1).timestamp()), int(instant.timestamp()) + 1
        offset = datetime.fromtimestamp(after, self.zone).utcoffset()
        while after - before > 1:
            middle = (before + after) // 2
            if datetime.fromtimestamp(middle, self.zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        return datetime.fromtimestamp(after, UTC)


def _within(year: int, first: date, last: date) -> Iterator[date]:
    """Yields the days from first to last that are of the year."""
    first, last = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _bound(days: int) -> None:
    if days > _FARTHEST:
        raise OverflowError(f"{days} days at once")


def _cut(windows: Sequence[Window], closed: Window) -> Iterator[Window]:
    """Yields what the closed hours leave of the windows."""
    for window in windows:
        if window.start < min(window.end, closed.start):
            yield Window(window.start, min(window.end, closed.start))
        if max(window.start, closed.end) < window.end:
            yield Window(max(window.start, closed.end), window.end)


def _outside(since: datetime, until: datetime, spans: Sequence[_Instants]) -> Iterator[_Instants]:
    """Yields the parts of a time that lie outside of the spans, which are in order of start."""
    for start, end in spans:
        if since < min(start, until):
            yield since, min(start, until)
        since = max(since, end)
        if since >= until:
            return
    yield since, until

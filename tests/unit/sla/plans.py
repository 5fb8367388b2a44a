"""Calendars for tests: the one every site begins with, and arbitrary ones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.sla.domain.calendar import (
    Calendar,
    CalendarPlan,
    Closure,
    Holiday,
    Window,
    Year,
)
from services.sla.domain.seeds import PLAIN_WEEK, default_plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
SANTIAGO = ZoneInfo("America/Santiago")
ULAANBAATAR = ZoneInfo("Asia/Ulaanbaatar")

DEFAULT = Calendar(SHANGHAI, default_plan())

_HALF_HOUR = 30


def hours(*spans: tuple[float, float]) -> tuple[Window, ...]:
    """Returns windows given in hours of the local clock."""
    return tuple(Window(int(start * 60), int(end * 60)) for start, end in spans)


def plan(
    country: str = "CN",
    week: tuple[tuple[Window, ...], ...] = PLAIN_WEEK,
    years: tuple[Year, ...] = (),
    closures: tuple[Closure, ...] = (),
) -> CalendarPlan:
    return CalendarPlan(country, week, years, closures)


def year(number: int, *holidays: Holiday, makeup: frozenset[date] = frozenset()) -> Year:
    return Year(number, "样例通知", holidays, makeup)


def off(name: str, start: str, end: str = "") -> Holiday:
    return Holiday(name, date.fromisoformat(start), date.fromisoformat(end or start))


def closed(start: str, end: str = "", window: Window | None = None) -> Closure:
    return Closure("检修", date.fromisoformat(start), date.fromisoformat(end or start), window)


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Returns the instant of a local time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


# Zones that change their clocks at midnight, by night, by half an hour, or not any more.
zones = st.sampled_from(
    [
        ZoneInfo(key)
        for key in (
            "Asia/Shanghai",
            "Asia/Ulaanbaatar",
            "America/Santiago",
            "Europe/Berlin",
            "Australia/Lord_Howe",
            "UTC",
        )
    ]
)

_FIRST_DAY = date(2014, 12, 25)
days = st.integers(0, 4500).map(lambda number: _FIRST_DAY + timedelta(days=number))

# To the half-hour, in which the zones above count; the naive reckoning steps by it.
instants = st.integers(0, 4500 * 48).map(
    lambda number: datetime(2014, 12, 25, tzinfo=UTC) + number * timedelta(minutes=_HALF_HOUR)
)


@st.composite
def windows(draw: st.DrawFn, most: int = 3) -> tuple[Window, ...]:
    """Draws windows in order that don't overlap; no bound of them in an hour that comes twice."""
    bounds = st.sampled_from([half * _HALF_HOUR for half in (*range(8, 46), 48)])
    count = draw(st.integers(0, most)) * 2
    drawn = sorted(draw(st.sets(bounds, min_size=count, max_size=count)))
    return tuple(Window(*pair) for pair in zip(drawn[::2], drawn[1::2], strict=True))


def _an_hour(week: tuple[tuple[Window, ...], ...]) -> bool:
    return sum(window.end - window.start for windows in week for window in windows) >= 60


@st.composite
def plans(draw: st.DrawFn) -> CalendarPlan:
    """Draws a calendar that `check` lets pass, its years within 2015 to 2026."""
    week = draw(
        st.one_of(
            st.just(PLAIN_WEEK),
            st.just((*PLAIN_WEEK[:5], hours((8, 12)), ())),
            st.tuples(*[windows()] * 7).filter(_an_hour),
        )
    )
    years = [
        _year(draw, year, week)
        for year in sorted(draw(st.sets(st.integers(2015, 2026), max_size=8)))
    ]
    closures = draw(
        st.lists(
            st.builds(
                lambda start, length, window: Closure(
                    "检修", start, start + timedelta(days=length), window
                ),
                days,
                st.integers(0, 20),
                st.one_of(st.none(), windows().filter(bool).map(lambda found: found[0])),
            ),
            max_size=6,
        )
    )
    country = draw(st.sampled_from(["CN", "CN", "MN", "CL"]))
    return CalendarPlan(country, week, tuple(years), tuple(closures))


def _year(draw: st.DrawFn, year: int, week: tuple[tuple[Window, ...], ...]) -> Year:
    within = st.integers(0, 364).map(lambda number: date(year, 1, 1) + timedelta(days=number))
    starts = draw(st.sets(within, max_size=4))
    holidays = tuple(
        Holiday(f"节{number}", start, start + timedelta(days=draw(st.integers(0, 9))))
        for number, start in enumerate(sorted(starts))
    )
    # A day of another year's notice can't be among them: none reaches further than nine days.
    makeup = {
        day
        for day in draw(st.sets(within, max_size=8))
        if not week[day.weekday()]
        and day.timetuple().tm_yday > 10
        and not any(holiday.start <= day <= holiday.end for holiday in holidays)
    }
    return Year(year, "样例通知", holidays, frozenset(makeup))


calendars = st.builds(Calendar, zones, plans())

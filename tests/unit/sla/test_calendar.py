"""Which days are worked and in which hours: the notices' days, closures, clocks put forward."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.domain.calendar import (
    Calendar,
    DayKind,
    Window,
)
from services.sla.domain.seeds import PLAIN_WEEK, default_plan
from tests.unit.sla.plans import (
    DEFAULT,
    SANTIAGO,
    SHANGHAI,
    ULAANBAATAR,
    closed,
    days,
    hours,
    local,
    off,
    plan,
    windows,
    year,
    zones,
)

DAY = timedelta(days=1)


# Days ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("2025-01-24", 1, "2025-01-26"),  # Spring Festival's first make-up day, a Sunday
        ("2025-01-27", 3, "2025-02-07"),
        ("2025-02-07", 1, "2025-02-08"),
        ("2025-04-25", 1, "2025-04-27"),
        ("2025-09-26", 1, "2025-09-28"),
        ("2025-09-30", 3, "2025-10-11"),
        ("2026-01-03", 1, "2026-01-04"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-02-27", 1, "2026-02-28"),
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-05-08", 1, "2026-05-09"),
        ("2026-05-09", 3, "2026-05-13"),
        ("2026-09-18", 1, "2026-09-20"),
        ("2026-09-18", 3, "2026-09-22"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-11-23", 3, "2026-11-26"),
        ("2026-11-22", 0, "2026-11-22"),
    ],
)
def test_working_days_of_the_notices(start: str, count: int, expected: str) -> None:
    found = DEFAULT.add_working_days(date.fromisoformat(start), count)
    assert found == (date.fromisoformat(expected), False)


@pytest.mark.parametrize("day", ["2026-02-14", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_a_make_up_day_is_worked_in_the_hours_of_monday(day: str) -> None:
    known = DEFAULT.day(date.fromisoformat(day))
    assert (known.kind, known.windows, known.working) == (
        DayKind.MAKEUP_DAY,
        PLAIN_WEEK[0],
        True,
    )


def test_a_make_up_day_has_the_hours_of_the_first_day_that_has_any() -> None:
    week = ((), hours((9, 17)), hours((8, 12)), (), (), (), ())
    sunday = date(2026, 3, 1)
    calendar = Calendar(SHANGHAI, plan(week=week, years=(year(2026, makeup=frozenset({sunday})),)))
    assert calendar.day(sunday).windows == hours((9, 17))


def test_a_closure_goes_before_a_make_up_day_before_a_holiday_before_the_week() -> None:
    saturday = date(2026, 2, 14)
    announced = year(2026, off("春节", "2026-02-14", "2026-02-16"), makeup=frozenset({saturday}))
    both = Calendar(SHANGHAI, plan(years=(announced,)))
    assert both.day(saturday).kind is DayKind.MAKEUP_DAY
    monday = both.day(date(2026, 2, 16))
    assert (monday.kind, monday.name, monday.working) == (DayKind.HOLIDAY, "春节", False)
    assert both.day(date(2026, 2, 17)).kind is DayKind.WORKING_DAY
    assert both.day(date(2026, 2, 21)).kind is DayKind.REST_DAY
    shut = Calendar(
        SHANGHAI, plan(years=(announced,), closures=(closed("2026-02-14", "2026-02-17"),))
    )
    for day in (14, 16, 17):
        known = shut.day(date(2026, 2, day))
        assert (known.kind, known.name, known.windows) == (DayKind.CLOSURE, "检修", ())


def test_a_notice_counts_beside_its_year_which_stays_provisional() -> None:
    # A Friday off and a Sunday worked in 2023, both of the notice of 2024.
    friday, sunday = date(2023, 12, 29), date(2023, 12, 24)
    announced = year(2024, off("元旦", "2023-12-29", "2024-01-01"), makeup=frozenset({sunday}))
    calendar = Calendar(SHANGHAI, plan(years=(announced,)))
    assert calendar.day(friday).kind is DayKind.HOLIDAY
    assert calendar.day(sunday).kind is DayKind.MAKEUP_DAY
    assert calendar.day(friday).provisional
    assert not calendar.day(date(2024, 1, 1)).provisional


def test_a_year_that_nobody_announced_knows_the_holidays_of_the_law() -> None:
    known = DEFAULT.day(date(2027, 10, 1))
    assert (known.kind, known.name, known.provisional) == (DayKind.HOLIDAY, "国庆节", True)
    assert DEFAULT.day(date(2027, 10, 8)).kind is DayKind.WORKING_DAY
    # No package reaches so far.
    assert DEFAULT.is_working(date(2150, 10, 1))


def test_an_announced_year_is_judged_by_its_notice_alone() -> None:
    calendar = Calendar(SHANGHAI, plan(years=(year(2027),)))
    assert calendar.is_working(date(2027, 10, 1))


def test_other_countries_need_no_announcement() -> None:
    calendar = Calendar(SANTIAGO, default_plan("CL"))
    fiestas = calendar.day(date(2026, 9, 18))
    assert (fiestas.kind, fiestas.name, fiestas.provisional) == (
        DayKind.HOLIDAY,
        "Independence Day",
        False,
    )
    assert calendar.add_working_days(date(2031, 12, 30), 2)[1] is False


def test_provisional_is_what_was_looked_at_on_the_way() -> None:
    add = DEFAULT.add_working_days
    assert add(date(2026, 12, 30), 1) == (date(2026, 12, 31), False)
    assert add(date(2026, 12, 31), 1) == (date(2027, 1, 4), True)
    between = Calendar(SHANGHAI, plan(years=(year(2026), year(2028))))
    day, provisional = between.add_working_days(date(2026, 12, 31), 262)
    assert (day.year, provisional) == (2028, True)
    assert between.add_working_days(date(2028, 1, 3), 5)[1] is False
    # The day itself isn't looked at where it isn't counted.
    assert between.add_working_days(date(2027, 12, 31), 1)[1] is False
    assert between.next_working_day(date(2027, 12, 31)) == (date(2027, 12, 31), True)
    assert between.next_working_day(date(2028, 1, 1)) == (date(2028, 1, 3), False)
    known = Calendar(SHANGHAI, plan(years=(year(2023),)))
    assert known.next_working_day(date(2022, 12, 31)) == (date(2023, 1, 2), True)


def test_a_week_with_saturdays() -> None:
    week = (*PLAIN_WEEK[:5], hours((8, 12)), ())
    calendar = Calendar(SHANGHAI, plan(week=week, years=default_plan().years))
    friday = date(2026, 11, 27)
    assert calendar.add_working_days(friday, 2) == (date(2026, 11, 30), False)
    assert calendar.close_of_business(friday + DAY) == local("2026-11-28 12:00")
    # Off by the notice though the week has it.
    assert not calendar.is_working(date(2026, 10, 3))


def test_days_to_leave_out() -> None:
    skipped = {date(2026, 11, 25), date(2026, 11, 29)}
    found = DEFAULT.add_working_days(date(2026, 11, 23), 3, skipping=skipped.__contains__)
    assert found == (date(2026, 11, 27), False)


# Hours -----------------------------------------------------------------------------------------


def test_hours_taken_off_leave_the_day_a_working_day() -> None:
    closures = (closed("2026-11-24", window=hours((11, 15))[0]), closed("2026-11-25", "2026-11-26"))
    calendar = Calendar(SHANGHAI, plan(closures=closures, years=default_plan().years))
    day = date(2026, 11, 24)
    assert calendar.day(day).windows == hours((8, 11), (15, 18))
    assert calendar.day(day).kind is DayKind.WORKING_DAY
    assert calendar.add_working_days(date(2026, 11, 23), 2) == (date(2026, 11, 27), False)
    assert calendar.working_time_between(
        local("2026-11-24 00:00"), local("2026-11-27 00:00")
    ) == timedelta(hours=6)


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ((8, 12), hours((14, 18))),
        ((9, 10), hours((8, 9), (10, 12), (14, 18))),
        ((12, 14), hours((8, 12), (14, 18))),
        ((0, 8), hours((8, 12), (14, 18))),
        ((16, 24), hours((8, 12), (14, 16))),
        ((0, 24), ()),
    ],
)
def test_what_a_closure_leaves(taken: tuple[float, float], left: tuple[Window, ...]) -> None:
    closures = (closed("2026-11-24", window=hours(taken)[0]),)
    calendar = Calendar(SHANGHAI, plan(closures=closures))
    assert calendar.day(date(2026, 11, 24)).windows == left


def test_a_day_without_hours_closes_at_midnight() -> None:
    closures = (closed("2026-11-24", window=hours((0, 24))[0]),)
    calendar = Calendar(SHANGHAI, plan(closures=closures))
    assert calendar.is_working(date(2026, 11, 24))
    assert calendar.close_of_business(date(2026, 11, 24)) == local("2026-11-25 00:00")
    assert calendar.close_of_business(date(2026, 11, 28)) == local("2026-11-29 00:00")
    assert calendar.close_of_business(date(2026, 11, 27)) == local("2026-11-27 18:00")


def test_windows_are_in_order_however_they_were_published() -> None:
    week = (hours((14, 18), (8, 12)), *[()] * 6)
    calendar = Calendar(SHANGHAI, plan(week=week))
    assert [start for start, _ in calendar.windows_of(date(2026, 11, 23))] == [
        local("2026-11-23 08:00"),
        local("2026-11-23 14:00"),
    ]


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-11-23 09:00", 3, "2026-11-23 12:00"),  # at the end of a window, not later
        ("2026-11-23 09:00", 4, "2026-11-23 15:00"),
        ("2026-11-23 09:00", 7, "2026-11-23 18:00"),
        ("2026-11-23 12:30", 1, "2026-11-23 15:00"),
        ("2026-11-20 17:00", 2, "2026-11-23 09:00"),  # over a weekend
        ("2026-02-13 17:00", 9, "2026-02-14 18:00"),  # into a make-up day
        ("2026-09-30 18:00", 8, "2026-10-08 18:00"),
    ],
)
def test_working_time(start: str, amount: int, end: str) -> None:
    found = DEFAULT.add_working_time(local(start), timedelta(hours=amount))
    assert found == (local(end), False)


def test_working_time_without_spans() -> None:
    start = local("2026-11-23 08:00")
    spans = [
        (local("2026-11-23 15:00"), local("2026-11-24 09:00")),
        (local("2026-11-23 09:00"), local("2026-11-23 10:00")),
        (local("2026-11-23 09:30"), local("2026-11-23 11:00")),
    ]
    # Monday 8–9, 11–12, 14–15; Tuesday from 9 on.
    found = DEFAULT.add_working_time(start, timedelta(hours=5), without=spans)
    assert found == (local("2026-11-24 11:00"), False)


def test_working_time_into_an_unknown_year_is_provisional() -> None:
    start = local("2026-12-31 17:00")
    assert DEFAULT.add_working_time(start, timedelta(hours=1)) == (local("2026-12-31 18:00"), False)
    assert DEFAULT.add_working_time(start, timedelta(hours=2)) == (local("2027-01-04 09:00"), True)
    assert DEFAULT.add_working_time(start, timedelta(0)) == (start, False)


def test_local_times_are_taken_as_instants() -> None:
    # In Berlin's night of 25 October 2026 an hour comes twice: subtracted by the wall clock it
    # would be lost.
    berlin = ZoneInfo("Europe/Berlin")
    calendar = Calendar(berlin, plan("DE", week=(hours((0, 24)),) * 7))
    start = datetime(2026, 10, 25, 1, 30, tzinfo=berlin)
    end = datetime(2026, 10, 25, 4, 0, tzinfo=berlin)
    assert calendar.working_time_between(start, end) == timedelta(hours=3.5)
    found = calendar.add_working_time(start, timedelta(hours=3.5))
    assert found == (datetime(2026, 10, 25, 3, tzinfo=UTC), False)


# Clocks put forward and back -------------------------------------------------------------------


def test_a_midnight_that_the_zone_skips_is_the_end_of_its_day_all_the_same() -> None:
    calendar = Calendar(SANTIAGO, default_plan("CL"))
    saturday = date(2026, 9, 5)
    end = calendar.end_of(saturday)
    assert end == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert calendar.local_day(end) == date(2026, 9, 6)
    assert calendar.local_day(end - timedelta(microseconds=1)) == saturday
    # Shown as 01:00 of Sunday, and yet the end of Saturday.
    assert calendar.working_days_before(end, 1) == calendar.end_of(date(2026, 9, 4))


def test_hours_of_days_on_which_the_clocks_change() -> None:
    whole = Calendar(SANTIAGO, plan("CL", week=(hours((0, 8), (20, 24)),) * 7))
    lengths = {
        day: [end - start for start, end in whole.windows_of(day)]
        for day in (date(2026, 9, 6), date(2027, 4, 3))
    }
    eight, seven, four, five = (timedelta(hours=number) for number in (8, 7, 4, 5))
    assert lengths[date(2026, 9, 6)] == [seven, four]  # begins at 01:00
    assert lengths[date(2027, 4, 3)] == [eight, five]  # 23:00 comes twice


def test_a_time_left_out_is_the_instant_of_the_change() -> None:
    # Ulaanbaatar went from 02:00 to 03:00 on 26 March 2016.
    change = datetime(2016, 3, 25, 18, tzinfo=UTC)
    week = (hours((1, 2.25), (2.5, 2.75), (2.75, 4)),) * 7
    calendar = Calendar(ULAANBAATAR, plan("MN", week=week))
    hour = timedelta(hours=1)
    assert calendar.windows_of(date(2016, 3, 26)) == (
        (change - hour, change),
        (change, change + hour),
    )
    day_after = local("2016-03-27 02:30", ULAANBAATAR)
    assert calendar.working_days_before(day_after, 1) == change


def test_a_day_that_never_was_has_no_hours() -> None:
    # Samoa went from 29 to 31 December 2011.
    samoa = Calendar(ZoneInfo("Pacific/Apia"), default_plan("WS"))
    assert samoa.end_of(date(2011, 12, 29)) == samoa.end_of(date(2011, 12, 30))
    assert samoa.windows_of(date(2011, 12, 30)) == ()
    assert len(samoa.windows_of(date(2011, 12, 29))) == 2


@given(zones, st.tuples(*[windows()] * 7), days)
def test_windows_lie_within_their_day_and_in_order(
    zone: ZoneInfo, week: tuple[tuple[Window, ...], ...], day: date
) -> None:
    calendar = Calendar(zone, plan("CN", week=week))
    since = calendar.end_of(day - DAY)
    for start, end in calendar.windows_of(day):
        assert since <= start < end
        assert calendar.local_day(start) == day
        since = end
    assert since <= calendar.end_of(day)


@given(zones, days)
def test_a_day_ends_where_the_next_begins(zone: ZoneInfo, day: date) -> None:
    calendar = Calendar(zone, default_plan())
    end = calendar.end_of(day)
    assert calendar.local_day(end) == day + DAY
    assert calendar.local_day(end - timedelta(microseconds=1)) == day


# What is absurd --------------------------------------------------------------------------------

LONG = timedelta(days=200_000)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.add_working_days(date(2026, 1, 1), 50_000),
        lambda c: c.add_working_days(date(9999, 12, 20), 30),
        lambda c: c.add_working_days(date(2026, 1, 1), 1, skipping=lambda _: True),
        lambda c: c.working_day_before(date(2026, 1, 1), 50_000),
        lambda c: c.working_day_before(date(1, 1, 1)),
        lambda c: c.working_days_between(date(2026, 1, 1), date(9000, 1, 1)),
        lambda c: c.add_working_time(local("2026-01-01 00:00"), LONG),
        lambda c: c.add_working_time(local("2026-01-01 00:00"), timedelta(days=40_000)),
        lambda c: c.add_working_time(local("9999-12-20 00:00"), timedelta(days=30)),
        lambda c: c.working_time_between(local("2026-01-01 00:00"), local("9000-01-01 00:00")),
        lambda c: c.end_of(date.max),
    ],
)
def test_what_never_ends_is_refused(ask: Callable[[Calendar], object]) -> None:
    with pytest.raises(OverflowError):
        ask(DEFAULT)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.add_working_days(date(2026, 1, 1), -1),
        lambda c: c.add_working_time(local("2026-01-01 00:00"), timedelta(seconds=-1)),
    ],
)
def test_nothing_is_added_backwards(ask: Callable[[Calendar], object]) -> None:
    with pytest.raises(ValueError, match="negative"):
        ask(DEFAULT)


def test_between_a_later_and_an_earlier_time_lies_nothing() -> None:
    assert DEFAULT.working_days_between(date(2026, 11, 27), date(2026, 11, 23)) == 0
    later, earlier = local("2026-11-27 10:00"), local("2026-11-23 10:00")
    assert DEFAULT.working_time_between(later, earlier) == timedelta(0)
    within = local("2026-11-27 09:00")
    assert DEFAULT.working_time_between(later, within) == timedelta(0)


# Warnings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "count", "expected"),
    [
        ("2026-11-27 00:00", 1, "2026-11-26 00:00"),  # end of Thursday, end of Wednesday
        ("2026-11-23 15:00", 1, "2026-11-20 15:00"),
        ("2026-10-08 15:00", 1, "2026-09-30 15:00"),
        ("2026-11-24 00:00", 2, "2026-11-20 00:00"),
        ("2026-11-23 15:00", 0, "2026-11-23 15:00"),
    ],
)
def test_working_days_before_a_deadline(due: str, count: int, expected: str) -> None:
    assert DEFAULT.working_days_before(local(due), count) == local(expected)

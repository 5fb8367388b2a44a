"""Opened posts where nobody will be: the windows, less who really is there."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Refused
from services.routing.domain.days import ALWAYS, Days
from services.routing.domain.directory import Post, Window
from services.routing.domain.roster import Attendance, Roster, Shift, Swap, instant
from services.routing.domain.roster_gaps import MOST_GAPS, PostGap, Staffing, gaps, period
from tests.unit.routing.test_roster import DAY, HOUR, ONE, SCENES, SHANGHAI, at, minutes, scenes

EVERYBODY = Attendance({"p1": Days(), "p2": Days()})


def staffing(
    *windows: Window,
    shifts: tuple[Shift, ...] = (),
    swaps: tuple[Swap, ...] = (),
    attendance: Attendance = EVERYBODY,
    zone: ZoneInfo = SHANGHAI,
) -> Staffing:
    posts = (Post("south", "南风井", windows=windows), Post("free", "随意"))
    return Staffing(zone, posts, Roster("yuwu", shifts), swaps, attendance)


def stands(start: int, end: int, first: date = DAY, days: int = 1, who: str = "p1") -> Shift:
    last = first + (days - 1) * ONE
    return Shift("south", "", who, first, last, start * HOUR, end * HOUR)


def found(staff: Staffing, first: date = DAY, days: int = 1) -> list[tuple[datetime, datetime]]:
    start = instant(staff.zone, first, 0)
    end = instant(staff.zone, first + days * ONE, 0)
    return [(gap.start, gap.end) for gap in gaps(staff, start, end)]


LUNCH = Window(11 * HOUR, 13 * HOUR)
NIGHT = Window(22 * HOUR, 2 * HOUR)


def test_a_window_without_a_shift_is_a_gap_and_a_post_without_windows_has_none() -> None:
    staff = staffing(LUNCH)
    assert gaps(staff, at(DAY, 0), at(DAY + ONE, 0)) == [
        PostGap("south", "南风井", at(DAY, 11), at(DAY, 13))
    ]
    assert found(staffing()) == []


def test_only_what_the_shifts_leave_open_is_a_gap() -> None:
    for shift, expected in (
        (stands(11, 13), []),
        (stands(10, 14), []),
        (stands(11, 12), [(12, 13)]),
        (stands(12, 14), [(11, 12)]),
        (stands(14, 16), [(11, 13)]),
    ):
        assert found(staffing(LUNCH, shifts=(shift,))) == [
            (at(DAY, start), at(DAY, end)) for start, end in expected
        ]


def test_windows_have_their_days_and_seasons() -> None:
    # 2026-11-23 is a Monday.
    tuesdays = Window(11 * HOUR, 13 * HOUR, frozenset({1}))
    assert found(staffing(tuesdays), days=14) == [
        (at(day, 11), at(day, 13)) for day in (DAY + ONE, DAY + 8 * ONE)
    ]
    winter = Window(11 * HOUR, 13 * HOUR, days=Days(DAY + ONE, DAY + ONE))
    assert found(staffing(winter), days=3) == [(at(DAY + ONE, 11), at(DAY + ONE, 13))]


def test_a_window_of_the_evening_before_reaches_in() -> None:
    assert found(staffing(NIGHT)) == [
        (at(DAY, 0), at(DAY, 2)),
        (at(DAY, 22), at(DAY + ONE, 0)),
    ]
    night_shift = stands(20, 6, first=DAY - ONE)
    assert found(staffing(NIGHT, shifts=(night_shift,))) == [(at(DAY, 22), at(DAY + ONE, 0))]


def test_windows_that_meet_make_one_gap_also_over_months() -> None:
    always = Window(0, 24 * HOUR)
    assert found(staffing(always), days=100) == [(at(DAY, 0), at(DAY + 100 * ONE, 0))]


def test_who_is_away_or_gave_the_shift_away_leaves_a_gap() -> None:
    shifts = (stands(11, 13, days=2),)
    away = Attendance(EVERYBODY.days, {"p1": [Days(DAY, DAY)]})
    lunch = (at(DAY, 11), at(DAY, 13))
    assert found(staffing(LUNCH, shifts=shifts, attendance=away), days=2) == [lunch]
    taken = Swap("s", "south", "", DAY, 11 * HOUR, "p1", "p2", "换班", "p9", at(DAY, 0))
    assert found(staffing(LUNCH, shifts=shifts, attendance=away, swaps=(taken,)), days=2) == []
    left = Attendance({"p1": Days(None, DAY - ONE), "p2": Days()})
    assert len(found(staffing(LUNCH, shifts=shifts, attendance=left), days=2)) == 2


def test_there_are_ten_thousand_gaps_at_most_and_they_are_the_first() -> None:
    windows = tuple(Window(hour * HOUR, hour * HOUR + 60) for hour in range(24))
    posts = tuple(Post(f"p{number}", "点", windows=windows) for number in range(20))
    staff = Staffing(SHANGHAI, posts, Roster("yuwu", ()), (), EVERYBODY)
    many = gaps(staff, at(DAY, 0), at(DAY + 366 * ONE, 0))
    assert len(many) == MOST_GAPS
    assert many == sorted(many, key=lambda gap: (gap.start, gap.post_id))
    # 480 a day.
    assert many[-1].start == at(DAY + 20 * ONE, 19)


def test_the_days_asked_for_are_ahead_ordered_and_a_year_at_most() -> None:
    assert period(None, None, DAY) == (DAY, DAY + 13 * ONE)
    assert period(DAY + ONE, None, DAY) == (DAY + ONE, DAY + 14 * ONE)
    assert period(None, DAY, DAY) == (DAY, DAY)
    assert period(DAY, DAY + 365 * ONE, DAY) == (DAY, DAY + 365 * ONE)
    for first, last in (
        (DAY - ONE, DAY),
        (DAY + ONE, DAY),
        (None, DAY - ONE),
        (DAY, DAY + 366 * ONE),
    ):
        with pytest.raises(Refused, match="PERIOD_INVALID"):
            period(first, last, DAY)


any_window = st.tuples(
    minutes, minutes, st.sets(st.integers(0, 6)), st.integers(-1, 4), st.integers(0, 6)
)
any_stand = st.tuples(
    st.sampled_from(["p1", "p2"]), minutes, minutes, st.integers(-1, 4), st.integers(1, 5)
)


@settings(max_examples=60, deadline=None)
@given(
    scenes,
    st.lists(any_window, max_size=3),
    st.lists(any_stand, max_size=4),
    st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 2)), max_size=2),
)
def test_gaps_agree_with_looking_at_every_quarter_of_an_hour(
    scene: tuple[ZoneInfo, date],
    some_windows: list[tuple[int, int, set[int], int, int]],
    some_shifts: list[tuple[str, int, int, int, int]],
    away: list[tuple[int, int]],
) -> None:
    zone, day = scene
    windows = tuple(
        Window(
            start,
            end,
            frozenset(weekdays),
            Days(day + first * ONE, day + (first + length) * ONE) if length else ALWAYS,
        )
        for start, end, weekdays, first, length in some_windows
    )
    shifts = tuple(
        Shift("south", "", who, day + first * ONE, day + (first + days - 1) * ONE, start, end)
        for who, start, end, first, days in some_shifts
    )
    absences = {"p1": [Days(day + first * ONE, day + (first + more) * ONE) for first, more in away]}
    attendance = Attendance({"p1": Days(), "p2": Days(day, None)}, absences)
    staff = staffing(*windows, shifts=shifts, attendance=attendance, zone=zone)
    start, end = instant(zone, day, 0), instant(zone, day + 5 * ONE, 0)
    told = [(gap.start, gap.end) for gap in gaps(staff, start, end)]
    assert all(one[1] < other[0] for one, other in pairwise(told))
    moment = start - timedelta(hours=3)
    while moment < end + timedelta(hours=3):
        local_day = moment.astimezone(zone).date()
        opened = start <= moment < end and any(
            _is_on(window.start_second, window.end_second, each, moment, zone)
            for window in windows
            for each in (local_day - ONE, local_day)
            if window.days.holds(each)
            and (not window.weekdays or each.weekday() in window.weekdays)
        )
        staffed = any(
            _is_on(shift.start_second, shift.end_second, each, moment, zone)
            and attendance.there(shift.person_id, local_day)
            for shift in shifts
            for each in (local_day - ONE, local_day)
            if shift.start_date <= each <= shift.end_date
        )
        assert any(one <= moment < other for one, other in told) == (opened and not staffed)
        moment += timedelta(minutes=15)


def _is_on(start: int, end: int, day: date, moment: datetime, zone: ZoneInfo) -> bool:
    end_day = day if end > start else day + ONE
    return _has_come(day, start, moment, zone) and not _has_come(end_day, end, moment, zone)


def _has_come(day: date, second: int, moment: datetime, zone: ZoneInfo) -> bool:
    """Tells whether the clock has shown a time, or a later one, by a moment: clocks go back."""
    local = datetime.combine(day, datetime.min.time()) + timedelta(seconds=second)
    return any(
        (moment - quarter * timedelta(minutes=15)).astimezone(zone).replace(tzinfo=None) >= local
        for quarter in range(5)
    )


def test_the_scenes_have_both_changes_of_the_clocks() -> None:
    """So that the comparisons above mean something."""
    lengths = {
        instant(zone, first + (day + 1) * ONE, 0) - instant(zone, first + day * ONE, 0)
        for zone, first in SCENES
        for day in range(5)
    }
    assert lengths == {timedelta(hours=hours) for hours in (23, 24, 25)}
    assert at(DAY, 0).tzinfo is UTC

"""Who is on duty: across midnight, over ranges of days, and when the clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.domain.days import Days
from services.routing.domain.directory import Person
from services.routing.domain.roster import (
    Attendance,
    Shift,
    Stint,
    Swap,
    instant,
    is_shown,
    joined,
    on_duty,
    presence,
    stints,
    without,
)
from services.routing.domain.roster_check import check, check_taker, overlap

DAY = date(2026, 11, 23)
ONE = timedelta(days=1)
HOUR = 3600
MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
SANTIAGO = ZoneInfo("America/Santiago")

# A few days from which on the clocks of a zone are changed, or aren't.
SCENES = [
    (SHANGHAI, DAY),
    (BERLIN, date(2026, 3, 28)),
    (BERLIN, date(2026, 10, 24)),
    # Chile changes them at midnight.
    (SANTIAGO, date(2026, 4, 3)),
    (SANTIAGO, date(2026, 9, 4)),
]
ALL = Attendance({"p1": Days(), "p2": Days(), "p3": Days()})


def shift(
    person: str = "p1",
    start: int = 8 * HOUR,
    end: int = 16 * HOUR,
    *,
    first: date = DAY,
    days: int = 1,
    post: str = "",
    position: str = "DUTY_LEAD",
) -> Shift:
    last = first + timedelta(days=days - 1)
    return Shift(post, "" if post else position, person, first, last, start, end)


def swap(from_person: str, to_person: str, day: date = DAY, start: int = 8 * HOUR) -> Swap:
    time = datetime.combine(day, datetime.min.time(), UTC)
    return Swap("s", "", "DUTY_LEAD", day, start, from_person, to_person, "换班", "p9", time)


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)


def on(
    shifts: list[Shift],
    moment: datetime,
    *swaps: Swap,
    attendance: Attendance = ALL,
    zone: ZoneInfo = SHANGHAI,
) -> list[str]:
    day = moment.astimezone(zone).date()
    found = stints(shifts, swaps, zone, day - ONE, day)
    return [stint.person_id for stint in on_duty(found, attendance, zone, moment)]


def faults(*shifts: Shift, zone: ZoneInfo = SHANGHAI, people: tuple[Person, ...] = ()) -> list[str]:
    known = people or (Person("p1", "甲"), Person("p2", "乙"))
    found = check(shifts, posts=["desk", "door"], positions=["DUTY_LEAD"], people=known, zone=zone)
    return [fault.field for fault in found]


def test_a_day_shift_begins_at_its_start_and_is_over_at_its_end() -> None:
    day = [shift()]
    assert on(day, at(DAY, 7, 59)) == []
    assert on(day, at(DAY, 8)) == ["p1"]
    assert on(day, at(DAY, 15, 59)) == ["p1"]
    assert on(day, at(DAY, 16)) == []
    assert on(day, at(DAY + ONE, 9)) == []


def test_a_night_shift_reaches_into_the_morning_after_its_last_day() -> None:
    night = [shift(start=22 * HOUR, end=6 * HOUR, days=2)]
    assert on(night, at(DAY, 22)) == ["p1"]
    assert on(night, at(DAY + ONE, 5, 59)) == ["p1"]
    assert on(night, at(DAY + 2 * ONE, 5, 59)) == ["p1"]
    assert on(night, at(DAY + 2 * ONE, 6)) == []
    assert on(night, at(DAY + 2 * ONE, 22)) == []
    assert on(night, at(DAY, 5)) == []


def test_a_shift_may_end_at_midnight_and_may_last_a_whole_day() -> None:
    evening = [shift(start=16 * HOUR, end=24 * HOUR)]
    assert on(evening, at(DAY, 23, 59)) == ["p1"]
    assert on(evening, at(DAY + ONE, 0)) == []
    assert on([shift(start=8 * HOUR, end=8 * HOUR)], at(DAY + ONE, 7, 59)) == ["p1"]
    assert on([shift(start=16 * HOUR, end=0)], at(DAY, 23, 59)) == ["p1"]


def test_several_shifts_a_day_follow_one_another() -> None:
    shifts = [shift("p1"), shift("p2", 16 * HOUR, 24 * HOUR), shift("p3", 0, 8 * HOUR)]
    assert [on(shifts, at(DAY, hour)) for hour in (3, 8, 16)] == [["p3"], ["p1"], ["p2"]]


def test_who_is_away_or_has_left_is_not_on_duty() -> None:
    night = [shift(start=22 * HOUR, end=6 * HOUR), shift("p2", 22 * HOUR, 6 * HOUR)]
    away = Attendance({"p1": Days(None, DAY), "p2": Days()}, {"p2": [Days(DAY - 3 * ONE, DAY)]})
    assert on(night, at(DAY, 23), attendance=away) == ["p1"]
    assert on(night, at(DAY + ONE, 0), attendance=away) == ["p2"]


def test_a_swap_counts_for_its_day_and_the_last_one_of_a_shift_counts() -> None:
    days = [shift(days=2)]
    there_and_back = [swap("p1", "p2"), swap("p2", "p3"), swap("p3", "p1")]
    assert on(days, at(DAY, 9), *there_and_back[:1]) == ["p2"]
    assert on(days, at(DAY, 9), *there_and_back[:2]) == ["p3"]
    assert on(days, at(DAY, 9), *there_and_back) == ["p1"]
    assert on(days, at(DAY + ONE, 9), *there_and_back[:1]) == ["p1"]
    # Not theirs to give.
    assert on(days, at(DAY, 9), swap("p2", "p3")) == ["p1"]


def test_a_position_has_one_person_at_a_time_a_post_may_have_several() -> None:
    assert faults(shift("p1"), shift("p2", 15 * HOUR, 20 * HOUR)) == ["shifts[1]"]
    assert faults(shift("p1"), shift("p2", 16 * HOUR, 20 * HOUR)) == []
    assert faults(shift("p1", post="desk"), shift("p2", post="desk")) == []


def test_nobody_stands_at_two_posts_at_once() -> None:
    assert faults(shift("p1", post="desk"), shift("p1", post="door")) == ["shifts[1]"]
    assert faults(shift("p1", post="desk"), shift("p1")) == []


def test_a_night_shift_meets_the_next_days_early_one() -> None:
    night = shift("p1", 22 * HOUR, 6 * HOUR)
    early = shift("p2", 5 * HOUR, 13 * HOUR, first=DAY + ONE)
    assert faults(night, early) == ["shifts[1]"]
    assert faults(early, night) == ["shifts[0]"]


def test_strangers_and_contradictions_are_refused() -> None:
    assert faults(shift("p9")) == ["shifts[0].person_id"]
    assert faults(shift(post="gone")) == ["shifts[0].post_id"]
    assert faults(shift(position="GONE")) == ["shifts[0].position_id"]
    assert faults(shift(days=0)) == ["shifts[0].end_date"]
    assert faults(Shift("", "", "p1", DAY, DAY, 0, HOUR)) == ["shifts[0]"]
    assert faults(Shift("desk", "DUTY_LEAD", "p1", DAY, DAY, 0, HOUR)) == ["shifts[0]"]


def test_nobody_has_a_shift_before_they_come_or_after_they_leave() -> None:
    limited = (Person("p1", "甲", days=Days(DAY, DAY + ONE)),)
    assert faults(shift(days=2), people=limited) == []
    for first, days in ((DAY - ONE, 2), (DAY + ONE, 2)):
        assert faults(shift(first=first, days=days), people=limited) == ["shifts[0].person_id"]


def test_a_time_that_the_clock_never_shows_is_refused_for_a_shift_of_one_day() -> None:
    spring = date(2026, 3, 29)
    half_past_two = 5 * HOUR // 2
    assert faults(shift(start=half_past_two, first=spring), zone=BERLIN) == ["shifts[0].start_time"]
    assert faults(shift(start=0, end=half_past_two, first=spring), zone=BERLIN) == [
        "shifts[0].end_time"
    ]
    night = shift(start=22 * HOUR, end=half_past_two, first=spring - ONE)
    assert faults(night, zone=BERLIN) == ["shifts[0].end_time"]
    assert faults(shift(start=half_past_two, first=spring - ONE, days=3), zone=BERLIN) == []
    # Shown twice is shown.
    assert faults(shift(start=half_past_two, first=date(2026, 10, 25)), zone=BERLIN) == []
    # 24:00 is the end of the day even where the next one has no 0:00.
    assert faults(shift(end=24 * HOUR, first=date(2026, 9, 5)), zone=SANTIAGO) == []


def test_who_takes_a_shift_is_neither_elsewhere_nor_away() -> None:
    (night,) = stints([shift("p2", 22 * HOUR, 6 * HOUR)], [], SHANGHAI, DAY, DAY)

    def refused(others: list[Stint], attendance: Attendance = ALL) -> int:
        return len(check_taker(night, others, attendance, SHANGHAI))

    def theirs(person: str, start: int, end: int, first: date = DAY) -> list[Stint]:
        shifts = [shift(person, start * HOUR, end * HOUR, first=first, post="desk")]
        return stints(shifts, [], SHANGHAI, first, first)

    assert refused([]) == 0
    assert refused(theirs("p2", 14, 22)) == 0
    assert refused(theirs("p2", 6, 14, DAY + ONE)) == 0
    assert refused(theirs("p2", 14, 23)) == 1
    assert refused(theirs("p2", 5, 14, DAY + ONE)) == 1
    assert refused(theirs("p3", 14, 23)) == 0
    for days in (Days(DAY, DAY), Days(DAY + ONE, DAY + ONE)):
        assert refused([], Attendance({"p2": Days()}, {"p2": [days]})) == 1
    assert refused([], Attendance({"p2": Days()}, {"p2": [Days(DAY + 2 * ONE, None)]})) == 0
    assert refused([], Attendance({"p2": Days(None, DAY - ONE)})) == 2
    # A shift that ends at midnight doesn't touch the day that begins then.
    (late,) = stints([shift("p2", 16 * HOUR, 24 * HOUR)], [], SHANGHAI, DAY, DAY)
    tomorrow = Attendance({"p2": Days()}, {"p2": [Days(DAY + ONE, DAY + ONE)]})
    assert check_taker(late, [], tomorrow, SHANGHAI) == []


@pytest.mark.parametrize(("zone", "first"), SCENES, ids=str)
def test_every_time_of_the_clock_is_the_first_instant_that_shows_it_or_a_later_one(
    zone: ZoneInfo, first: date
) -> None:
    """The brute force: walk through the minutes and read the clock at each."""
    shown: dict[tuple[date, int], datetime] = {}
    moment = datetime.combine(first - ONE, datetime.min.time(), UTC)
    end = moment + 6 * ONE
    walked: list[tuple[tuple[date, int], datetime]] = []
    while moment < end:
        local = moment.astimezone(zone)
        key = local.date(), local.hour * 60 + local.minute
        shown.setdefault(key, moment)
        walked.append((key, moment))
        moment += MINUTE
    for days in range(4):
        day = first + days * ONE
        for minute in range(24 * 60):
            found = instant(zone, day, minute * 60)
            assert is_shown(zone, day, minute * 60) == ((day, minute) in shown)
            if (day, minute) in shown:
                assert found == shown[day, minute]
            else:
                assert found == next(time for key, time in walked if key > (day, minute))


minutes = st.integers(0, 24 * 4 - 1).map(lambda quarter: quarter * 900)
scenes = st.sampled_from(SCENES)
any_shift = st.tuples(
    st.sampled_from(["p1", "p2"]), minutes, minutes, st.integers(0, 3), st.integers(1, 3)
)
any_day = st.integers(-1, 6)


@settings(max_examples=60, deadline=None)
@given(
    scenes,
    st.lists(any_shift, max_size=4),
    st.lists(st.tuples(st.sampled_from(["p1", "p2"]), any_day, any_day), max_size=2),
)
def test_who_is_there_agrees_with_looking_at_every_quarter_of_an_hour(
    scene: tuple[ZoneInfo, date],
    given_shifts: list[tuple[str, int, int, int, int]],
    given_absences: list[tuple[str, int, int]],
) -> None:
    zone, day = scene
    shifts = [
        shift(person, start, end, first=day + first * ONE, days=days)
        for person, start, end, first, days in given_shifts
    ]
    absences: dict[str, list[Days]] = {"p1": [], "p2": []}
    for person, first, last in given_absences:
        absences[person].append(Days(day + first * ONE, day + last * ONE))
    attendance = Attendance({"p1": Days(), "p2": Days(day, day + 2 * ONE)}, absences)
    found = stints(shifts, [], zone, day - ONE, day + 8 * ONE)
    spans = joined(presence(found, attendance, zone))
    moment = datetime.combine(day - ONE, datetime.min.time(), UTC)
    for _ in range(8 * 96):
        local = moment.astimezone(zone)
        expected = [
            one.person_id
            for one in shifts
            if _is_on(one, moment, zone) and attendance.there(one.person_id, local.date())
        ]
        assert [each.person_id for each in on_duty(found, attendance, zone, moment)] == expected
        assert any(start <= moment < end for start, end in spans) == bool(expected)
        moment += timedelta(minutes=15)


def _is_on(one: Shift, moment: datetime, zone: ZoneInfo) -> bool:
    """Looks for a day whose start has come on the clock by then and whose end hasn't.

    "Has come" is asked of the clock itself: it showed that time, or a later one, at some moment
    up to this one.
    """
    day = one.start_date
    while day <= one.end_date:
        end_day = day if one.end_second > one.start_second else day + ONE
        if _has_come(day, one.start_second, moment, zone) and not _has_come(
            end_day, one.end_second, moment, zone
        ):
            return True
        day += ONE
    return False


def _has_come(day: date, second: int, moment: datetime, zone: ZoneInfo) -> bool:
    local = datetime.combine(day, datetime.min.time()) + timedelta(seconds=second)
    # No clock goes back by more than an hour here.
    for quarter in range(5):
        earlier = moment - quarter * timedelta(minutes=15)
        if earlier.astimezone(zone).replace(tzinfo=None) >= local:
            return True
    return False


@pytest.mark.parametrize(("zone", "first"), SCENES, ids=str)
def test_shifts_that_follow_one_another_on_the_clock_leave_no_hole(
    zone: ZoneInfo, first: date
) -> None:
    for cuts in ((8, 16, 24), (2, 10, 18), (1, 9, 23)):
        shifts = [
            shift("p1", cuts[0] * HOUR, cuts[1] * HOUR, first=first - ONE, days=7),
            shift("p2", cuts[1] * HOUR, cuts[2] % 24 * HOUR, first=first - ONE, days=7),
            shift("p3", cuts[2] % 24 * HOUR, cuts[0] * HOUR, first=first - ONE, days=7),
        ]
        found = stints(shifts, [], zone, first - ONE, first + 4 * ONE)
        start, end = instant(zone, first, 0), instant(zone, first + 4 * ONE, 0)
        assert not without([(start, end)], joined(presence(found, ALL, zone)))
        assert sum((two - one for one, two in presence(found, ALL, zone)), timedelta()) == (
            max(each.end for each in found) - min(each.start for each in found)
        )
        away = Attendance(ALL.days, {"p2": [Days(first + ONE, first + ONE)]})
        assert without([(start, end)], joined(presence(found, away, zone)))


spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12)).map(
        lambda pair: (
            at(DAY, 0) + pair[0] * MINUTE,
            at(DAY, 0) + (pair[0] + pair[1]) * MINUTE,
        )
    ),
    max_size=6,
)


@given(spans, spans)
def test_what_is_left_of_spans_agrees_with_looking_at_every_minute(
    ours: list[tuple[datetime, datetime]], taken: list[tuple[datetime, datetime]]
) -> None:
    left = without(joined(ours), joined(taken))
    for minute in range(60):
        moment = at(DAY, 0) + minute * MINUTE
        within = any(start <= moment < end for start, end in ours)
        gone = any(start <= moment < end for start, end in taken)
        assert any(start <= moment < end for start, end in left) == (within and not gone)
    assert left == joined(left)


hours = st.integers(0, 23)
plain_shift = st.builds(
    lambda start, end, first, days: shift(
        start=start * HOUR, end=end * HOUR, first=DAY + timedelta(days=first), days=days
    ),
    hours,
    st.integers(0, 24),
    st.integers(0, 4),
    st.integers(1, 3),
)


@given(plain_shift, plain_shift)
def test_overlap_agrees_with_looking_at_the_instants(one: Shift, other: Shift) -> None:
    first, last = DAY - ONE, DAY + 8 * ONE
    pairs = (
        (mine, theirs)
        for mine in stints([one], [], SHANGHAI, first, last)
        for theirs in stints([other], [], SHANGHAI, first, last)
    )
    together = any(mine.start < their.end and their.start < mine.end for mine, their in pairs)
    assert overlap(one, other) == overlap(other, one) == together

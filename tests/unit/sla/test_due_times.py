"""When a clock is due: the worked examples, a second implementation, and what must always hold."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla import store
from services.sla.domain import clocks as rules
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import ClockKind
from services.sla.domain.policy import Policy, Terms
from services.sla.domain.seeds import announced_years, fixed_holidays
from tests.unit.sla import naive

SHANGHAI = ZoneInfo("Asia/Shanghai")
TERMS = store.default_terms()

# Occurred, first reply due, plan due, whether the plan's is provisional: Asia/Shanghai, the default
# policy; why, in the words of the domain's table.
EXAMPLES = [
    pytest.param(*row[:4], id=row[4])
    for row in [
        ("2026-11-23 09:00", "2026-11-24 00:00", "2026-11-27 00:00", False, "Tue Wed Thu"),
        ("2026-11-20 23:59:30", "2026-11-21 01:59:30", "2026-11-26 00:00", False, "floor of 2 h"),
        ("2026-11-22 10:00", "2026-11-23 00:00", "2026-11-26 00:00", False, "a Sunday"),
        ("2026-09-30 10:00", "2026-10-01 00:00", "2026-10-11 00:00", False, "National Day"),
        ("2026-02-13 18:30", "2026-02-14 00:00", "2026-02-26 00:00", False, "Spring Festival"),
        ("2026-04-30 08:00", "2026-05-01 00:00", "2026-05-09 00:00", False, "Labour Day"),
        ("2026-05-09 10:00", "2026-05-10 00:00", "2026-05-14 00:00", False, "a make-up day itself"),
        (
            "2026-09-18 10:00",
            "2026-09-19 00:00",
            "2026-09-23 00:00",
            False,
            "through a make-up day",
        ),
        ("2026-12-29 08:00", "2026-12-30 00:00", "2027-01-05 00:00", True, "into an unknown year"),
    ]
]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(("occurred", "first_reply", "plan", "provisional"), EXAMPLES)
def test_worked_examples(occurred: str, first_reply: str, plan: str, provisional: bool) -> None:
    assert rules.first_reply_due(TERMS, local(occurred)) == rules.Due(local(first_reply))
    assert rules.plan_due(TERMS, local(occurred)) == rules.Due(local(plan), provisional)


def test_due_times_are_in_utc() -> None:
    assert rules.plan_due(TERMS, local("2026-11-23 09:00")).time.tzinfo is UTC


def _between(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    return st.timedeltas(timedelta(0), last - first).map(lambda passed: first + passed)


# Any instant from which the naive model stays within the announced years.
instants = _between(datetime(2004, 1, 2, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))


@given(instants)
def test_agrees_with_the_naive_first_reply(occurred: datetime) -> None:
    assert rules.first_reply_due(TERMS, occurred).time == naive.first_reply_due(occurred)


@given(instants, st.integers(1, 30))
def test_agrees_with_the_naive_working_days(start: datetime, count: int) -> None:
    due = rules.working_days_due(TERMS, start, count)
    assert due == rules.Due(naive.working_days_due(start, count), provisional=False)


def test_every_announced_day_is_what_the_package_says() -> None:
    day = date(2004, 1, 1)
    while day.year in announced_years():
        assert TERMS.calendar.is_working(day) == naive.is_working(day), day
        day += timedelta(days=1)
    assert day == date(2027, 1, 1)


zones = st.sampled_from(
    ["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/Santiago", "Pacific/Auckland", "UTC"]
)
anywhere = _between(datetime(2000, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
policies = st.builds(
    Policy,
    first_reply_floor=st.timedeltas(timedelta(0), timedelta(days=2)),
    plan_working_days=st.integers(1, 20),
)


def terms_of(zone: str, policy: Policy) -> Terms:
    calendar = TERMS.calendar
    return Terms(Calendar(ZoneInfo(zone), calendar.announced, calendar.exceptions), policy)


@given(anywhere, st.timedeltas(timedelta(0), timedelta(days=400)), zones, policies)
def test_who_speaks_later_is_never_due_earlier(
    occurred: datetime, later: timedelta, zone: str, policy: Policy
) -> None:
    terms = terms_of(zone, policy)
    for due in (rules.first_reply_due, rules.plan_due):
        assert due(terms, occurred).time <= due(terms, occurred + later).time


@given(anywhere, zones, policies)
def test_due_lies_after_the_start_and_keeps_the_floor(
    occurred: datetime, zone: str, policy: Policy
) -> None:
    terms = terms_of(zone, policy)
    first_reply = rules.first_reply_due(terms, occurred).time
    assert first_reply > occurred
    assert first_reply - occurred >= policy.first_reply_floor
    plan = rules.plan_due(terms, occurred).time
    # 24:00 of a worked day, and at least as many days later as are promised.
    last = (plan - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    assert terms.calendar.is_working(last)
    began = occurred.astimezone(ZoneInfo(zone)).date()
    assert (last - began).days >= policy.plan_working_days


@given(
    anywhere, zones, st.sampled_from(list(ClockKind)), st.timedeltas(timedelta(1), timedelta(60))
)
def test_a_warning_lies_between_start_and_due(
    start: datetime, zone: str, kind: ClockKind, length: timedelta
) -> None:
    due = start + length
    point = rules.warn_time(terms_of(zone, Policy()), kind, start, due)
    assert point is None or start < point < due
    assert point is None or kind is not ClockKind.REMINDER


@given(anywhere, zones, st.integers(0, 40))
def test_adding_working_days_one_by_one_is_the_same(start: datetime, zone: str, count: int) -> None:
    calendar = terms_of(zone, Policy()).calendar
    day, provisional = start.date(), False
    for _ in range(count):
        day, unknown = calendar.add_working_days(day, 1)
        provisional = provisional or unknown
    assert calendar.add_working_days(start.date(), count) == (day, provisional)
    if count:
        before = calendar.working_day_before(day)
        assert calendar.add_working_days(before, 1)[0] == day


def test_warning_points_of_the_worked_example() -> None:
    start = local("2026-11-23 09:00")
    first_reply = rules.first_reply_due(TERMS, start).time
    assert rules.warn_time(TERMS, ClockKind.FIRST_REPLY, start, first_reply) == local(
        "2026-11-23 16:30"
    )
    plan = rules.plan_due(TERMS, start).time
    assert rules.warn_time(TERMS, ClockKind.PLAN, start, plan) == local("2026-11-26 00:00")


def test_a_work_order_warns_at_the_same_time_of_the_working_day_before() -> None:
    monday = local("2026-11-23 15:00")
    warning = rules.warn_time(TERMS, ClockKind.WORK_ORDER, local("2026-11-18 08:00"), monday)
    assert warning == local("2026-11-20 15:00")


def test_no_warning_before_the_start() -> None:
    start = local("2026-11-23 09:00")
    due = local("2026-11-23 15:00")
    assert rules.warn_time(TERMS, ClockKind.WORK_ORDER, start, due) is None


def test_years_not_announced_know_weekends_and_fixed_holidays() -> None:
    calendar = TERMS.calendar
    assert not calendar.is_working(date(2027, 1, 1))  # a Friday
    assert not calendar.is_working(date(2027, 1, 2))
    assert calendar.is_working(date(2027, 1, 4))
    assert not calendar.is_working(date(2031, 10, 1))
    assert calendar.is_working(date(2150, 10, 1))  # a Thursday that no package knows of
    assert fixed_holidays(2150) == frozenset()


def test_a_day_edited_at_the_site_counts() -> None:
    closed = Calendar(
        SHANGHAI,
        TERMS.calendar.announced,
        {**TERMS.calendar.exceptions, date(2026, 11, 24): False},
    )
    due = rules.plan_due(Terms(closed, Policy()), local("2026-11-23 09:00"))
    assert due.time == local("2026-11-28 00:00")


def test_a_midnight_that_the_zone_skips_is_the_end_of_its_day_all_the_same() -> None:
    # Santiago put its clocks forward at 24:00 of 5 September 2026.
    calendar = Calendar(ZoneInfo("America/Santiago"), frozenset(), {})
    end = calendar.end_of(date(2026, 9, 5))
    assert end == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert calendar.local_day(end) == date(2026, 9, 6)
    assert calendar.local_day(end - timedelta(microseconds=1)) == date(2026, 9, 5)


def test_a_year_unknown_on_the_way_makes_provisional_whatever_year_it_ends_in() -> None:
    calendar = Calendar(SHANGHAI, frozenset({2026, 2028}), {})
    day, provisional = calendar.add_working_days(date(2026, 12, 31), 262)
    assert (day.year, provisional) == (2028, True)
    assert not calendar.add_working_days(date(2028, 1, 3), 5)[1]

"""A directory says the same as message and as value; a day that no calendar has is refused."""

import dataclasses
from datetime import date, timedelta

import pytest
from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay
from hypothesis import given
from hypothesis import strategies as st

from backstop.routing.v1 import routing_pb2 as pb
from chassis.errors import Refused
from services.routing.convert.directory import (
    directory_from,
    directory_message,
    template_from,
    template_message,
    window_from,
    window_message,
)
from services.routing.domain.days import ALWAYS, Days
from services.routing.domain.directory import Level, Person, Post, Rules, Unit, Window
from services.routing.domain.roles import UnitKind
from tests.unit.routing.test_directory import GOOD
from tests.unit.routing.test_template import TEMPLATE

some_date = st.dates(date(1990, 1, 1), date(2090, 1, 1))
some_days = st.one_of(
    st.just(ALWAYS), st.builds(Days, some_date, st.none()), st.builds(Days, some_date, some_date)
)
some_window = st.builds(
    Window,
    st.integers(0, 86_399),
    st.integers(0, 86_400),
    st.frozensets(st.integers(0, 6)),
    some_days,
)
some_level = st.one_of(
    st.builds(Level, st.just("DIRECTOR"), st.integers(1, 30)),
    st.builds(
        Level,
        st.just("DIRECTOR"),
        st.just(0),
        st.integers(900, 90_000).map(lambda seconds: timedelta(seconds=seconds)),
    ),
)


@given(some_window)
def test_a_window_stays_what_it_is(window: Window) -> None:
    assert window_from(window_message(window), "window") == window


@given(some_days, some_days, st.lists(some_window, max_size=3).map(tuple), some_level)
def test_a_directory_stays_what_it_is(
    unit_days: Days, days: Days, windows: tuple[Window, ...], level: Level
) -> None:
    directory = dataclasses.replace(
        GOOD,
        units=(Unit("u", "队", UnitKind.JOINT_TEAM, "", unit_days),),
        people=(Person("p", "某人", "u", days, "G1", "hr/1"),),
        posts=(Post("post", "值守点", "门口", "u", windows),),
        ladder=(level,),
        rules=Rules(3, ("GROUP_INSPECTION",), windows, 20),
    )
    assert directory_from(directory_message(directory)) == directory


def test_a_template_stays_what_it_is() -> None:
    assert template_from(template_message(TEMPLATE), TEMPLATE.version) == TEMPLATE


def test_rules_that_say_nothing_are_left_out() -> None:
    message = directory_message(dataclasses.replace(GOOD, rules=Rules()))
    assert not message.HasField("rules")
    assert directory_from(message).rules == Rules()


def test_sunday_is_the_last_day_of_the_week() -> None:
    window = pb.OpeningWindow(days=[1, 7], start_time=TimeOfDay(), end_time=TimeOfDay(hours=24))
    assert window_from(window, "window") == Window(0, 86_400, frozenset({0, 6}))


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (
            pb.Directory(units=[pb.Unit(kind=pb.UNIT_KIND_TEAM, end_date=Date(year=2026))]),
            "directory.units[0].end_date",
        ),
        (
            pb.Directory(people=[pb.Person(start_date=Date(year=2026, month=2, day=30))]),
            "directory.people[0].start_date",
        ),
        (
            pb.Directory(
                posts=[
                    pb.Post(
                        windows=[
                            pb.OpeningWindow(
                                start_time=TimeOfDay(hours=24), end_time=TimeOfDay(hours=1)
                            )
                        ]
                    )
                ]
            ),
            "directory.posts[0].windows[0].start_time",
        ),
        (
            pb.Directory(
                rules=pb.SiteRules(
                    steward_hours=[
                        pb.OpeningWindow(
                            start_time=TimeOfDay(hours=8), end_time=TimeOfDay(minutes=60)
                        )
                    ]
                )
            ),
            "directory.rules.steward_hours[0].end_time",
        ),
    ],
)
def test_what_no_calendar_and_no_clock_shows_is_refused(message: pb.Directory, field: str) -> None:
    with pytest.raises(Refused) as refused:
        directory_from(message)
    assert refused.value.metadata == {"field": field}

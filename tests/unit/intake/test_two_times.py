"""When it was said and when it was heard of: both are kept, whatever lies between them."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.domain import registration
from services.intake.domain.rules import Rules
from services.intake.domain.times import CLOCK_SKEW
from services.intake.domain.values import Case, Site
from tests.unit.intake.examples import APPEAL, NOW, ZONE

CLERK = registration.Caller("c-1", staff=True, persons=frozenset({"c-1"}))
BIT = timedelta(microseconds=1)
EDGES = [-timedelta(days=90), -timedelta(days=90) - BIT, CLOCK_SKEW, CLOCK_SKEW + BIT]
INSTANTS = st.one_of(
    st.sampled_from(EDGES), st.timedeltas(timedelta(days=-1_000), timedelta(days=1))
).map(lambda off: NOW + off)
PAST = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=89)).map(lambda off: NOW - off)


def known(
    shift_end: datetime | None = None, spoken: datetime = NOW, hours: int = 12
) -> registration.Known:
    ends = {} if shift_end is None else {("c-1", spoken): shift_end}
    return registration.Known(
        site=Site("yuwu", "样例矿", "YW", ZONE),
        units=frozenset({"bath"}),
        posts={"canteen": "食堂门口"},
        categories=frozenset(),
        linked={},
        people=frozenset(),
        rules=Rules(entry_hours=hours),
        shift_ends=ends,
    )


def entered(spoken: datetime, at: registration.Known, *, long_standing: bool = False) -> Case:
    command = replace(APPEAL, occurred_time=spoken, long_standing=long_standing)
    return registration.register(command, at, CLERK, NOW, "id", 1)


@given(INSTANTS)
def test_both_times_are_kept_or_the_appeal_is_refused(spoken: datetime) -> None:
    refusal = ""
    if spoken > NOW + timedelta(minutes=5):
        refusal = "TIME_IN_FUTURE"
    elif spoken < NOW - timedelta(days=90):
        refusal = "TOO_LONG_AGO"
    if refusal:
        with pytest.raises(Refused, match=refusal):
            entered(spoken, known())
        return
    case = entered(spoken, known())
    # Clocks run from when it was spoken; the number is of the day when it was heard of.
    assert (case.occurred_time, case.cycle_start_time, case.record_time) == (spoken, spoken, NOW)
    assert case.number == "YW-20261123-0001"
    assert case.next_wake_time is not None and case.next_wake_time > NOW


@pytest.mark.parametrize(
    ("ahead", "taken"), [(timedelta(minutes=5), True), (timedelta(minutes=5) + BIT, False)]
)
def test_a_callers_clock_may_be_five_minutes_ahead_and_no_more(
    ahead: timedelta, taken: bool
) -> None:
    if taken:
        assert entered(NOW + ahead, known()).occurred_time == NOW + ahead
    else:
        with pytest.raises(Refused, match="TIME_IN_FUTURE"):
            entered(NOW + ahead, known())


@given(
    spoken=PAST,
    left=st.timedeltas(timedelta(days=-89), timedelta(days=99)),
    hours=st.integers(1, 72),
)
def test_entry_before_the_end_of_the_shift_is_never_late(
    spoken: datetime, left: timedelta, hours: int
) -> None:
    end = NOW + left
    assume(end > spoken)
    assert entered(spoken, known(end, spoken, hours)).late_entry is (end < NOW)


@given(spoken=PAST, hours=st.integers(1, 72))
def test_out_of_any_shift_the_sites_hours_count(spoken: datetime, hours: int) -> None:
    late = entered(spoken, known(hours=hours)).late_entry
    assert late is (NOW - spoken > timedelta(hours=hours))


@given(age=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=20_000)))
def test_the_long_standing_keep_their_date_and_are_neither_late_nor_born_breached(
    age: timedelta,
) -> None:
    case = entered(NOW - age, known(), long_standing=True)
    assert case.occurred_time == NOW - age
    assert case.cycle_start_time == case.record_time == NOW
    assert not case.late_entry

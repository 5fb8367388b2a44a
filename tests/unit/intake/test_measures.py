"""What measures mean, which periods there are, and which figures are kept back."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.documents import measures_page
from services.intake.domain.measures import (
    BY_NAME,
    DEFINITIONS,
    FigureSet,
    Group,
    Unit,
    arrange,
    month_of,
    period,
    suppress,
)
from services.intake.domain.measures.figures import Counted
from services.intake.domain.measures.periods import Period
from tests.integration.intake.measured_month import EXPECTED

TODAY = date(2026, 11, 22)
K = 5


def counted(group: str, measure: str, numerator: int, **more: object) -> Counted:
    fields: dict[str, object] = {"denominator": None, "value": None, "shielded": 0, **more}
    return Counted(group, measure, numerator, **fields)  # type: ignore[arg-type] # as told


def test_every_measure_is_defined_once_in_both_languages() -> None:
    assert len(BY_NAME) == len(DEFINITIONS)
    for one in DEFINITIONS:
        for words in (one.zh, one.en):
            assert words.title
            assert words.numerator
            assert bool(words.denominator) == (one.unit is Unit.SHARE)


def test_the_page_of_definitions_is_made_of_them() -> None:
    page = Path(__file__).parents[3] / "docs" / "measures.md"
    assert page.read_text(encoding="utf-8") == measures_page.make()


def test_every_measure_has_an_example_whose_value_could_be_another() -> None:
    assert EXPECTED.keys() == BY_NAME.keys()
    for name, example in EXPECTED.items():
        assert example.value > 0, name
        if BY_NAME[name].unit is Unit.SHARE:
            assert example.denominator, name
            assert example.value < 100, name
        else:
            assert example.denominator is None, name


def test_a_share_is_of_its_denominator_and_nothing_has_no_share() -> None:
    rows = [
        counted("", "RESPONSE_RATE", 3, denominator=4),
        counted("", "RESOLUTION_RATE", 0, denominator=0),
        counted("", "REGISTERED", 7),
        counted("", "MEDIAN_CLOSE", 2, value=36.5),
    ]
    (one,) = arrange(rows, Group.NONE)
    assert (one["RESPONSE_RATE"].value, one["RESPONSE_RATE"].denominator) == (75.0, 4)
    assert one["RESOLUTION_RATE"].value is None
    assert one["REGISTERED"].value == 7
    assert one["MEDIAN_CLOSE"].value == 36.5
    assert one["OPEN"].value == 0
    assert one["P90_CLOSE"].value is None


def test_nothing_at_all_is_one_set_of_all_and_no_group() -> None:
    assert [one.value for one in arrange([], Group.NONE)] == [""]
    assert arrange([], Group.CATEGORY) == []


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (date(2026, 11, 2), date(2026, 11, 1), "ends before"),
        (date(2020, 1, 1), date(2026, 1, 1), "five years"),
        (date(2026, 11, 23), date(2026, 11, 30), "not begun"),
        (date(1, 1, 1), date(1, 1, 2), "no calendar"),
    ],
)
def test_periods_that_cannot_be_measured(start: date, end: date, problem: str) -> None:
    with pytest.raises(Refused) as caught:
        period(start, end, TODAY)
    assert caught.value.reason == "PERIOD_INVALID"
    assert problem in caught.value.metadata["problem"]


def test_a_period_that_has_begun_may_end_later() -> None:
    assert period(TODAY, date(2026, 11, 30), TODAY).days == 9


def test_days_are_those_of_the_site() -> None:
    start, end = Period(date(2026, 11, 1), date(2026, 11, 30)).instants(ZoneInfo("Asia/Shanghai"))
    assert start == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert end == datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_a_standing_is_looked_at_on_the_last_day_or_today() -> None:
    november, zone = Period(date(2026, 11, 1), date(2026, 11, 30)), ZoneInfo("Asia/Shanghai")
    late = datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert november.last_day(zone, late) == date(2026, 11, 23)
    assert november.last_day(zone, datetime(2026, 12, 9, tzinfo=UTC)) == date(2026, 11, 30)


def test_months_before_and_a_year_before() -> None:
    assert month_of(2026, 1, back=1) == Period(date(2025, 12, 1), date(2025, 12, 31))
    assert month_of(2024, 2) == Period(date(2024, 2, 1), date(2024, 2, 29))
    assert month_of(2026, 3, back=12) == Period(date(2025, 3, 1), date(2025, 3, 31))


def sets(**cells: tuple[int, int]) -> list[FigureSet]:
    """Groups with REGISTERED of (cases, of them shielded)."""
    rows = [
        counted(name, "REGISTERED", cases, shielded=shielded)
        for name, (cases, shielded) in cells.items()
    ]
    return arrange(rows, Group.CATEGORY)


def hidden(found: list[FigureSet], measure: str = "REGISTERED") -> set[str]:
    return {one.value for one in found if one[measure].suppressed}


def test_a_cell_with_few_shielded_cases_is_kept_back_and_the_next_smallest_with_it() -> None:
    told = sets(bath=(40, 2), canteen=(9, 0), pay=(30, 6))
    assert hidden(suppress(told, Group.CATEGORY, K)) == {"bath", "canteen"}
    assert suppress(told, Group.CATEGORY, K)[0]["REGISTERED"].numerator == 0


def test_enough_of_them_or_none_hide_each_other() -> None:
    told = sets(bath=(40, 5), canteen=(1, 0))
    assert hidden(suppress(told, Group.CATEGORY, K)) == set()


def test_work_lists_and_wholes_are_shown() -> None:
    told = sets(bath=(40, 2), canteen=(3, 1))
    assert (
        hidden(suppress(told, Group.UNIT, K)) == hidden(suppress(told, Group.STEWARD, K)) == set()
    )
    for whole in (Group.NONE, Group.SITE):
        few = arrange([counted("yuwu", "REGISTERED", 1, shielded=1)], whole)
        assert hidden(suppress(few, whole, K)) == set()


def test_what_adds_up_is_kept_back_together() -> None:
    rows = [
        counted("bath", "OPEN", 20, shielded=8),
        counted("bath", "AGEING_0_3", 3, shielded=1),
        counted("bath", "AGEING_4_7", 17, shielded=7),
        counted("pay", "OPEN", 9),
        counted("canteen", "OPEN", 30),
    ]
    found = suppress(arrange(rows, Group.CATEGORY), Group.CATEGORY, K)
    for measure in ("OPEN", "AGEING_0_3", "AGEING_4_7"):
        assert hidden(found, measure) == {"bath", "pay"}
    assert hidden(found) == set()


_CELLS = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.integers(0, 30).flatmap(lambda cases: st.tuples(st.just(cases), st.integers(0, cases))),
    min_size=1,
)


@given(_CELLS, st.integers(0, 12))
def test_no_reporter_is_found_by_looking_nor_by_subtraction(
    cells: dict[str, tuple[int, int]], smallest: int
) -> None:
    found = suppress(sets(**cells), Group.CATEGORY, smallest)
    kept = hidden(found)
    exposing = {name for name, (_, shielded) in cells.items() if 1 <= shielded < smallest}
    # Looking: nothing of such a cell is to be seen.
    assert exposing <= kept
    for one in found:
        if one.value in kept:
            assert one["REGISTERED"].value is None
            assert one["REGISTERED"].numerator == one["REGISTERED"].denominator == 0
            assert one["REGISTERED"].shielded == 0
    # Subtracting from the total: what is missing is of two groups, unless there is but one.
    assert len(kept) != 1 or len(cells) == 1
    # And no more is kept back than that takes.
    assert len(kept - exposing) <= (1 if len(exposing) == 1 else 0)

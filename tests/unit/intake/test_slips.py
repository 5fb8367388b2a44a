"""Slips' numbers: what is printed, what is read back, and where a prefix ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.domain.slips import LAST_NUMBER, follow, slip_number, slip_parts


@given(st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True), st.integers(1, LAST_NUMBER))
def test_a_printed_number_is_read_back(prefix: str, number: int) -> None:
    assert slip_parts(slip_number(prefix, number)) == (prefix, number)


@pytest.mark.parametrize(
    "number",
    [
        "A-1",
        "A-00001",
        "A-1000000",
        "A0001",
        "0001",
        "-0001",
        "A-",
        "-",
        "",
        "A-٠٠٠١",
        "A-" + "9" * 28,
    ],
)
def test_what_no_pad_has_is_no_slips_number(number: str) -> None:
    assert slip_parts(number) == (number, 0)


def test_four_digits_at_least() -> None:
    assert [slip_number("A", one) for one in (1, 9_999, 10_000)] == ["A-0001", "A-9999", "A-10000"]


def test_a_pad_follows_on_the_last_up_to_the_end_of_the_prefix() -> None:
    assert follow("A", 0, 60) == (1, 60)
    assert follow("A", LAST_NUMBER - 1, 1) == (LAST_NUMBER, LAST_NUMBER)
    with pytest.raises(Refused) as caught:
        follow("A", LAST_NUMBER - 1, 2)
    assert (caught.value.reason, caught.value.metadata) == (
        "SLIP_NUMBERS_EXHAUSTED",
        {"prefix": "A"},
    )

"""A bench that counts wrongly is worse than none: what it makes of firings, and of its document."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from bench.document import with_section
from bench.timers.measure import NOTHING, Account, Firing, account, percentile

DUE = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def firing(number: int, decided: timedelta = SECOND) -> Firing:
    return Firing(number, DUE, DUE + decided, DUE + decided + SECOND)


def test_all_fired_once() -> None:
    found = account(3, [firing(1), firing(2), firing(3, timedelta(0))])
    assert found == Account(armed=3, early=0, missing=0, doubled=0)
    assert found.sound


def test_early_missing_and_doubled_are_told_apart() -> None:
    found = account(4, [firing(1, -SECOND), firing(2), firing(2), firing(2)])
    assert found == Account(armed=4, early=1, missing=2, doubled=2)
    assert not found.sound
    assert found + NOTHING == found
    assert found + found == Account(8, 2, 4, 4)


def test_lateness_is_that_of_the_commit() -> None:
    assert firing(1, SECOND).late == 2.0


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)]
)
def test_percentiles(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_of_nothing_there_is_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_section_is_put_at_the_end_and_then_made_anew() -> None:
    once = with_section("# Benchmarks\n", "timers", "## Timers\nold")
    assert once.startswith("# Benchmarks\n")
    again = with_section(f"{once}\n## Others\n", "timers", "## Timers\nnew")
    assert "old" not in again
    assert again.count("## Timers") == 1
    assert again.index("new") < again.index("## Others")

"""What holds where a site has published no rules of its own, and what no rule of a site bounds."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.domain import ending
from services.intake.domain.rules import DEFAULTS, Rules
from services.intake.domain.transitions import Act, struck_off
from services.intake.domain.values import Basis, CaseFile, Outcome
from tests.unit.intake.examples import NOW, ZONE, resolved_file

CLOSED = CaseFile(struck_off(resolved_file().case, Outcome.SOLVED, NOW), ZONE)
DAYS = timedelta(days=15)
LITTLE = timedelta(microseconds=1)


def after(span: timedelta) -> Act:
    return Act("reporter:x", NOW + span)


@pytest.mark.parametrize("basis", [Basis.REPORTER, Basis.CODE])
def test_a_reporter_has_fifteen_days_to_reopen(basis: Basis) -> None:
    assert ending.reopen(CLOSED, basis, after(DAYS), DEFAULTS).case.open
    with pytest.raises(Refused, match="REOPEN_WINDOW_OVER") as refused:
        ending.reopen(CLOSED, basis, after(DAYS + LITTLE), DEFAULTS)
    assert refused.value.metadata == {"days": "15"}


@given(st.timedeltas(timedelta(), timedelta(days=36_500)), st.integers(0, 365))
def test_the_dispatch_room_reopens_at_any_time(span: timedelta, days: int) -> None:
    reopened = ending.reopen(CLOSED, Basis.NONE, after(span), Rules(reopen_days=days))
    assert (reopened.case.open, reopened.previous_outcome) == (True, Outcome.SOLVED)

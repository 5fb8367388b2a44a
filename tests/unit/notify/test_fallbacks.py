"""A case without a steward goes back to the position that has it, whatever level it came from."""

from dataclasses import replace

import pytest

from services.notify.domain import cases, life_plans, plans
from services.notify.domain.cases import CaseView
from tests.unit.notify.examples import CASE

OFFICE = "position:GROUP_OFFICE"
NOBODY = replace(CASE, steward="", accountable=cases.DISPATCH_ROOM)
HELD = cases.assign(NOBODY, "", OFFICE)


@pytest.mark.parametrize(
    "case",
    [
        HELD,
        cases.escalate(HELD, "lead1", 1, cycle=1),
        # A level that is vacant is no position at the foot.
        cases.escalate(HELD, cases.DISPATCH_ROOM, 2, cycle=1),
        cases.assign(cases.escalate(HELD, "lead1", 1, cycle=1), "", "lead1"),
        cases.instruct(HELD, "lead1", cycle=1),
        cases.escalate(NOBODY, OFFICE, 0, cycle=1),
    ],
    ids=["level 0", "level 1", "vacant level", "told anew on a level", "instructed", "sent down"],
)
def test_a_rejected_case_goes_to_the_position_that_has_it(case: CaseView) -> None:
    again = cases.begin_again(cases.resolve(case), 2)
    assert (again.accountable, again.level) == (OFFICE, 0)
    for told in (
        plans.rejected(again, reopen_count=1),
        life_plans.reopened(again, outcome="SOLVED", reopen_count=1),
    ):
        staff = [one.recipient for one in told if one.recipient != "reporter"]
        assert staff == [OFFICE, plans.DUTY_LEAD]
    # What routing says next is no new assignment.
    assert cases.same_hands(again, cases.assign(again, "", OFFICE), OFFICE)


def test_a_steward_comes_before_any_position() -> None:
    found = cases.assign(HELD, "dd01", "dd01")
    assert cases.begin_again(cases.escalate(found, "lead1", 1, 1), 2).accountable == "dd01"


def test_the_dispatch_room_has_what_no_position_was_named_for() -> None:
    climbed = cases.escalate(NOBODY, "lead1", 1, cycle=1)
    assert cases.begin_again(climbed, 2).accountable == cases.DISPATCH_ROOM

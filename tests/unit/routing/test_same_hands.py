"""Who else is told and who owes the first reply of a case that stays in the same hands."""

from dataclasses import replace

import pytest

from services.routing.domain import refiling, same_hands
from services.routing.domain import route as routes
from services.routing.domain.assignment import Candidates, Responsible
from services.routing.domain.decisions import Rule
from services.routing.domain.route import Route, RouteState
from services.routing.domain.shield import Shield
from tests.unit.routing.test_handover import FOUND, NAMED, NOW, a_route

ACCEPTED = routes.accept(a_route(), "p1", NOW)
ACCEPTED_OFF_SHIFT = routes.accept(a_route(), "p1", NOW, off_shift=True)


def test_others_are_told_and_nothing_else_changes() -> None:
    route = a_route()
    assert same_hands.told_anew(route, FOUND, receiver_here=True, off_shift=False) is None
    other = Candidates("bathhouse", replace(NAMED, also_told=("p5",)))
    told = same_hands.told_anew(route, other, receiver_here=True, off_shift=False)
    assert told is not None
    assert same_hands.tell_anew(route, told) == replace(route, also_told=("p5",))
    assert "p5" in told.reasons[0]
    # In another order they are the same.
    turned = Candidates("bathhouse", replace(NAMED, also_told=("p4", "p3")))
    assert same_hands.told_anew(route, turned, receiver_here=True, off_shift=False) is None
    assert (
        same_hands.told_anew(routes.close(route), other, receiver_here=False, off_shift=False)
        is None
    )


def test_a_receiver_who_has_left_or_keeps_away_owes_no_first_reply() -> None:
    route = a_route()
    left = same_hands.told_anew(route, FOUND, receiver_here=False, off_shift=False)
    assert left is not None
    assert same_hands.tell_anew(route, left) == replace(route, first_reply_by="")
    kept = replace(FOUND, shield=Shield(frozenset({"p9"}), frozenset({"clerk"})))
    away = same_hands.told_anew(route, kept, receiver_here=True, off_shift=False)
    assert away is not None and away.first_reply_by == ""
    # Back again they owe it, until somebody has accepted the case.
    without = same_hands.tell_anew(route, left)
    back = same_hands.told_anew(without, FOUND, receiver_here=True, off_shift=False)
    assert back is not None and back.first_reply_by == "clerk"
    for done in (replace(without, accept_time=NOW), replace(without, state=RouteState.RESOLVED)):
        assert same_hands.told_anew(done, FOUND, receiver_here=True, off_shift=False) is None
    # Accepted off shift it is theirs still.
    off = replace(route, accept_time=NOW)
    assert same_hands.told_anew(off, FOUND, receiver_here=True, off_shift=True) is None
    assert same_hands.told_anew(off, FOUND, receiver_here=False, off_shift=True) is not None


@pytest.mark.parametrize(
    ("route", "off_shift", "owes"),
    [
        pytest.param(a_route(), False, "clerk", id="not accepted"),
        pytest.param(ACCEPTED, False, "", id="accepted"),
        pytest.param(ACCEPTED, True, "", id="accepted, and gone off shift since"),
        pytest.param(ACCEPTED_OFF_SHIFT, True, "clerk", id="accepted off shift"),
        pytest.param(ACCEPTED_OFF_SHIFT, False, "", id="accepted off shift, at work now"),
    ],
)
def test_who_owes_the_first_reply_of_a_case_that_is_refiled_or_begins_again(
    route: Route, off_shift: bool, owes: str
) -> None:
    amended = replace(route, category="HEATING")
    given, moves = refiling.decided_anew(
        route, amended, FOUND, here=True, receiver_here=True, off_shift=off_shift
    )
    assert (given.steward, given.first_reply_by, moves) == ("p1", owes, False)
    again = same_hands.begun_again(routes.reopen(route, 2), off_shift=off_shift)
    assert (again.steward, again.first_reply_by) == ("p1", owes)
    assert same_hands.tell_anew(route, again) == replace(route, first_reply_by=owes)


def test_a_rejection_says_with_whom_the_case_is_now() -> None:
    assert "包保人员" in same_hands.begun_again(a_route(), off_shift=False).reasons[0]
    waiting = a_route(steward="", fallback_position="GROUP")
    again = same_hands.begun_again(waiting, off_shift=False)
    assert (again.steward, again.fallback_position) == ("", "GROUP")
    assert "position:GROUP" in again.reasons[0]


def test_a_case_without_a_steward_that_begins_again_goes_to_whom_the_lists_name_now() -> None:
    closed = routes.close(a_route(steward="", rule=Rule.QUEUE, first_reply_by=""))
    again = routes.reopen(closed, 2)

    def decided(found: Candidates) -> tuple[str, bool]:
        given, moves = refiling.decided_anew(
            closed, again, found, here=False, receiver_here=True, off_shift=False
        )
        assert "销号后恢复办理" in given.reasons[0]
        return given.steward, moves

    assert decided(FOUND) == ("p1", True)
    assert decided(Candidates("bathhouse", Responsible("浴室班"))) == ("", False)

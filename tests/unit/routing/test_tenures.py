"""Whose the time is that a case takes: every second is somebody's, and nobody has one twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.route import Route, RouteState, Rule
from services.routing.domain.tenures import Share, Tenure, attribute, boundaries, holders
from services.routing.domain.work_orders import WorkOrder, WorkOrderState

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
QUEUE = "position:DISPATCH_ROOM"
ROUTE = Route("c1", "yuwu", "bathhouse", RouteState.OPEN, "zhang", Rule.MANUAL, (), (), NOW)
ORDER = WorkOrder("w1", "c1", "yuwu", "bathhouse", True, "修", NOW, WorkOrderState.DISPATCHED, NOW)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def tenure(*names: str, at: float = 0) -> Tenure:
    return Tenure(NOW + seconds(at), names)


def test_without_tasks_a_case_lies_with_whoever_is_accountable() -> None:
    assert holders(ROUTE, []) == ("zhang",)
    assert holders(replace(ROUTE, steward=""), []) == (QUEUE,)
    done = replace(ORDER, state=WorkOrderState.COMPLETED, complete_time=NOW)
    assert holders(ROUTE, [done]) == ("zhang",)


def test_tasks_lie_with_their_units_the_leading_one_first() -> None:
    helper = replace(ORDER, work_order_id="w0", unit_id="power", lead=False)
    assert holders(ROUTE, [helper, ORDER]) == ("unit:bathhouse", "unit:power")
    again = replace(ORDER, work_order_id="w2", lead=False, state=WorkOrderState.ACCEPTED)
    assert holders(ROUTE, [helper, ORDER, again]) == ("unit:bathhouse", "unit:power")


def test_a_task_given_back_is_the_dispatch_rooms() -> None:
    back = replace(ORDER, state=WorkOrderState.RETURNED, return_count=1)
    assert holders(ROUTE, [back]) == (QUEUE,)
    helper = replace(ORDER, work_order_id="w2", unit_id="power", lead=False)
    assert holders(ROUTE, [helper, back]) == (QUEUE, "unit:power")


def test_a_resolved_case_lies_with_the_reporter_and_a_closed_one_with_nobody() -> None:
    assert holders(replace(ROUTE, state=RouteState.RESOLVED), []) == ("reporter",)
    assert holders(replace(ROUTE, state=RouteState.CLOSED), []) == ()


def test_a_tenure_ends_where_the_next_begins_and_the_last_one_now() -> None:
    lay = [tenure("a"), tenure("b", at=10)]
    later = NOW + seconds(60)
    assert boundaries(lay, later) == [NOW + seconds(10), later]
    assert boundaries([*lay, tenure(at=30)], later) == [NOW + seconds(n) for n in (10, 30, 30)]
    # A clock that was read before the last change.
    assert boundaries(lay, NOW) == [NOW + seconds(10)] * 2


def test_those_who_have_a_case_together_share_its_time() -> None:
    lay = [tenure("a"), tenure("b", "c", "d"), tenure("a"), tenure()]
    spans = [seconds(10.7), seconds(21.2), seconds(22), seconds(22)]
    assert attribute(lay, spans) == [
        Share("a", 10 + 1),
        Share("b", 3 + 2),
        Share("c", 3),
        Share("d", 3),
    ]


def test_time_that_lay_with_nobody_is_nobodys() -> None:
    lay = [tenure("a"), tenure(), tenure("b")]
    spans = [seconds(5), seconds(50), seconds(57)]
    assert attribute(lay, spans) == [Share("a", 5), Share("b", 7)]


def test_there_is_one_sum_for_each_tenure() -> None:
    with pytest.raises(ValueError, match="zip"):
        attribute([tenure("a"), tenure("b")], [seconds(1)])


NAMES = [f"unit:{number}" for number in range(40)]
SETS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=40, unique=True).map(tuple)
STEPS = st.one_of(st.just(0), st.integers(0, 3_000_000), st.integers(0, 10**13))


@given(st.lists(st.tuples(SETS, STEPS), min_size=1, max_size=60))
def test_the_parts_add_up_to_the_whole_to_the_second(
    lives: list[tuple[tuple[str, ...], int]],
) -> None:
    spans, passed = [], 0
    for _, microseconds in lives:
        passed += microseconds
        spans.append(timedelta(microseconds=passed))
    shares = attribute([tenure(*names) for names, _ in lives], spans)
    assert sum(share.seconds for share in shares) == passed // 1_000_000
    assert all(share.seconds >= 0 for share in shares)
    first_seen = list(dict.fromkeys(name for names, _ in lives for name in names))
    assert [share.holder for share in shares] == first_seen


@given(SETS, st.integers(0, 10**7))
def test_nobody_of_those_together_has_more_than_a_second_less(
    names: tuple[str, ...], span: int
) -> None:
    first, *others = attribute([tenure(*names)], [seconds(span)])
    each = span // len(names)
    assert [share.seconds for share in others] == [each] * (len(names) - 1)
    assert each <= first.seconds < each + len(names)

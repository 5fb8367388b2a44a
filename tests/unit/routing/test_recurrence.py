"""When an appeal says that a repair didn't last."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.routing.domain import recurrence
from services.routing.domain.directory import Rules, Site
from services.routing.domain.recurrence import Appeal, FixedTask
from services.routing.domain.route import Route, RouteState, Rule

SITE = Site("yuwu", "余吾煤业", "YW", ZoneInfo("Asia/Shanghai"), 1, 1, 0, date(2026, 1, 1))
# 11:00 at the site.
SOLVED = datetime(2026, 3, 2, 3, tzinfo=UTC)
ROUTE = Route(
    case_id="case-1",
    site_id="yuwu",
    unit_id="bathhouse",
    state=RouteState.RESOLVED,
    steward="zhang",
    rule=Rule.RESPONSIBILITY,
    reasons=(),
    also_told=(),
    assign_time=SOLVED,
    resolve_time=SOLVED,
)


@pytest.mark.parametrize(
    ("days", "limit", "said"),
    [(0, 0, 0), (90, 0, 90), (91, 0, None), (30, 30, 30), (31, 30, None), (400, 400, 400)],
)
def test_a_repair_has_the_sites_days_to_last(days: int, limit: int, said: int | None) -> None:
    site = replace(SITE, rules=Rules(recurrence_days=limit))
    appeal = SOLVED + timedelta(days=days, minutes=1)
    assert recurrence.route_again(site, ROUTE, appeal) == said


def test_the_days_are_local_ones() -> None:
    # 23:59 of the last day that counts, and 00:00 of the next.
    last = datetime(2026, 5, 31, 15, 59, tzinfo=UTC)
    assert recurrence.days_after(SITE, SOLVED, last) == 90
    assert recurrence.days_after(SITE, SOLVED, last + timedelta(minutes=1)) is None


def test_an_appeal_of_before_the_repair_says_nothing() -> None:
    assert recurrence.route_again(SITE, ROUTE, SOLVED) is None
    assert recurrence.route_again(SITE, ROUTE, SOLVED - timedelta(days=1)) is None


def test_only_a_repair_can_fail_to_last() -> None:
    later = SOLVED + timedelta(days=1)
    assert recurrence.route_again(SITE, replace(ROUTE, state=RouteState.OPEN), later) is None
    assert recurrence.route_again(SITE, replace(ROUTE, resolve_time=None), later) is None
    assert recurrence.route_again(SITE, replace(ROUTE, state=RouteState.CLOSED), later) == 1


def test_each_repair_is_told_of_once() -> None:
    noted = replace(ROUTE, not_lasting_time=SOLVED + timedelta(days=2))
    assert recurrence.route_again(SITE, noted, SOLVED + timedelta(days=3)) is None
    again = replace(noted, resolve_time=SOLVED + timedelta(days=5))
    assert recurrence.route_again(SITE, again, SOLVED + timedelta(days=9)) == 4


def test_a_sweeps_task_is_told_of_once() -> None:
    task = FixedTask("task-1", "sweep-1", "case-1", "yuwu", SOLVED)
    later = SOLVED + timedelta(days=3)
    assert recurrence.task_again(SITE, task, later) == 3
    assert recurrence.task_again(SITE, replace(task, not_lasting_time=later), later) is None


@pytest.mark.parametrize(("category", "said"), [("", False), ("OTHER", False), ("BATHING", True)])
def test_what_fits_nowhere_is_not_the_same_thing(category: str, said: bool) -> None:
    assert Appeal("case-2", "yuwu", "bathhouse", category, "浴室", SOLVED).comparable is said

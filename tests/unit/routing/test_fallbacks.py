"""Cases with an owner of last resort: which they are, since when, and why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.routing.domain.decisions import Rule
from services.routing.domain.fallbacks import fallbacks, is_fallback, since_by_day
from services.routing.domain.route import QUEUE, Answered, Instruction, Route, RouteState

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ROUTE = Route(
    case_id="case-1",
    site_id="yuwu",
    unit_id="bathhouse",
    state=RouteState.OPEN,
    steward="p1",
    rule=Rule.RESPONSIBILITY,
    reasons=(),
    also_told=(),
    assign_time=NOW,
    accountable_since=NOW,
)
IN_QUEUE = replace(ROUTE, steward="", rule=Rule.QUEUE)
LEAD = replace(ROUTE, rule=Rule.DUTY_LEAD)


def at_level(route: Route, owner: str, answered: Answered | None = None) -> Route:
    return replace(
        route,
        level=2,
        level_position="DIRECTOR",
        level_owner=owner,
        level_time=NOW,
        answered=answered,
    )


@pytest.mark.parametrize(
    "rule",
    [Rule.RESPONSIBILITY, Rule.DEPUTY, Rule.MANUAL, Rule.HANDOVER, Rule.ALTERNATE],
)
def test_whoever_answers_for_a_case_is_no_fallback(rule: Rule) -> None:
    assert not is_fallback(replace(ROUTE, rule=rule))


@pytest.mark.parametrize("rule", [Rule.DUTY_LEAD, Rule.POST])
def test_whoever_stands_in_for_a_steward_is_one(rule: Rule) -> None:
    assert is_fallback(replace(ROUTE, rule=rule))


def test_a_level_above_a_stand_in_has_the_case_until_it_has_answered() -> None:
    assert not is_fallback(at_level(LEAD, "p2"))
    ordered = Answered(Instruction.ORDER, "x", "p2", NOW)
    assert is_fallback(at_level(LEAD, "p2", ordered))
    assert not is_fallback(at_level(LEAD, "p2", replace(ordered, kind=Instruction.TAKE_OVER)))


def test_a_position_without_anybody_is_one_at_every_level() -> None:
    assert is_fallback(IN_QUEUE)
    assert is_fallback(replace(IN_QUEUE, rule=Rule.ALTERNATE, fallback_position="UNION"))
    assert is_fallback(at_level(ROUTE, QUEUE))


def test_days_are_the_sites() -> None:
    """17:00 UTC is one o'clock of the next day in Shanghai; all of a day are asked about once."""
    late = replace(ROUTE, accountable_since=datetime(2026, 11, 22, 17, tzinfo=UTC))
    found = since_by_day([ROUTE, late], SHANGHAI)
    assert list(found) == [date(2026, 11, 23)]
    before = replace(ROUTE, accountable_since=datetime(2026, 11, 22, 15, tzinfo=UTC))
    assert set(since_by_day([ROUTE, before], SHANGHAI)) == {date(2026, 11, 22), date(2026, 11, 23)}


def test_the_longest_there_comes_first_and_one_working_day_is_no_overlong_one() -> None:
    older = replace(
        IN_QUEUE, case_id="case-0", accountable_since=NOW - timedelta(days=2), version=3
    )
    oldest = replace(LEAD, case_id="case-9", accountable_since=NOW - timedelta(days=4))
    days = {date(2026, 11, 23): 0, date(2026, 11, 21): 1, date(2026, 11, 19): 2}
    found = fallbacks([IN_QUEUE, older, oldest], days, SHANGHAI)
    assert [(one.case_id, one.working_days, one.overlong) for one in found] == [
        ("case-9", 2, True),
        ("case-0", 1, False),
        ("case-1", 0, False),
    ]
    assert [one.accountable for one in found] == ["p1", QUEUE, QUEUE]


@pytest.mark.parametrize(
    ("route", "zh", "en"),
    [
        (IN_QUEUE, "也没有值班负责人，在调度室待办", "No steward can have it; nor is there"),
        (replace(IN_QUEUE, unit_id=""), "诉求没有写明单位", "The appeal names no unit; nor is"),
        (LEAD, "由调度室值班负责人代办", "duty lead stands in"),
        (replace(LEAD, rule=Rule.POST), "值守人员代办", "on duty where it was taken"),
        (
            replace(IN_QUEUE, rule=Rule.ALTERNATE, fallback_position="UNION"),
            "备用渠道也无人可办",
            "nor can anybody of the alternate chain",
        ),
        (at_level(ROUTE, QUEUE), "第2级岗位 DIRECTOR 空缺", "Nobody holds DIRECTOR of level 2"),
        (at_level(ROUTE, "position:UNION"), "第2级按规定应当回避", "Level 2 keeps away"),
    ],
)
def test_why_nobody_else_has_it(route: Route, zh: str, en: str) -> None:
    (found,) = fallbacks([route], {date(2026, 11, 23): 0}, SHANGHAI)
    assert zh in found.zh
    assert found.zh.endswith("。")
    assert en in found.en
    assert found.en.endswith(".")

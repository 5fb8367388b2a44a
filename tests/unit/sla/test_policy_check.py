"""Which rules are sound, and how the others are refused: by name, by place, in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.sla.v1 import error_reason_pb2
from chassis.errors import CHINESE, ENGLISH, Refused, catalogue
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import due, warn_points
from services.sla.domain.kinds import (
    ClockKind,
    Consequence,
    Counting,
    DayEnd,
    PauseReason,
    WarningKind,
)
from services.sla.domain.policy import DEFAULTS, PolicyRule, Scope, WarningPoint
from services.sla.domain.policy_check import check
from tests.unit.sla.plans import DEFAULT, calendars, instants, local
from tests.unit.sla.policies import ambiguous, rule, rule_sets


def refusal(rules: Sequence[PolicyRule]) -> Refused:
    """Returns how the rules are refused; its sentences have no gaps."""
    with pytest.raises(Refused) as raised:
        check(rules)
    meanings = catalogue("sla", error_reason_pb2.ErrorReason.DESCRIPTOR)
    for language in (CHINESE, ENGLISH):
        assert "—" not in meanings.sentence(raised.value, language)
    return raised.value


def places(refused: Refused) -> list[str]:
    return [violation.field for violation in refused.fields]


@settings(deadline=None)
@given(rule_sets())
def test_rules_are_refused_exactly_when_two_fit_a_case_and_neither_is_narrower(
    rules: tuple[PolicyRule, ...],
) -> None:
    if not ambiguous(rules):
        check(rules)
        return
    refused = refusal(rules)
    assert refused.reason == "RULES_OVERLAP"
    two = (refused.metadata["other"], refused.metadata["rule"])
    named = [rule for rule in rules if rule.name in two]
    assert ambiguous(named)
    assert all(ClockKind(refused.metadata["clock"]) in rule.clocks for rule in named)


def test_a_third_rule_for_what_two_have_in_common_does_not_make_them_sound() -> None:
    rules = [
        rule("申诉", ClockKind.PLAN, scope=Scope(kinds=frozenset({"GRIEVANCE"}))),
        rule("紧急", ClockKind.PLAN, scope=Scope(urgencies=frozenset({"URGENT"}))),
        rule(
            "紧急申诉",
            ClockKind.PLAN,
            scope=Scope(kinds=frozenset({"GRIEVANCE"}), urgencies=frozenset({"URGENT"})),
        ),
    ]
    refused = refusal(rules)
    assert refused.reason == "RULES_OVERLAP"
    assert (refused.metadata["other"], refused.metadata["rule"]) == ("申诉", "紧急")


def test_a_name_is_given_once() -> None:
    refused = refusal([rule("甲", ClockKind.PLAN), rule("甲", ClockKind.PROGRESS)])
    assert (refused.reason, refused.metadata) == ("RULE_NAME_TWICE", {"rule": "甲"})
    assert places(refused) == ["policy.rules[1].name"]


def test_the_same_cases_twice_overlap() -> None:
    refused = refusal([rule("甲", ClockKind.PLAN), rule("乙", ClockKind.PLAN)])
    assert refused.reason == "RULES_OVERLAP"
    assert refused.metadata == {"rule": "乙", "other": "甲", "clock": "PLAN"}
    assert places(refused) == ["policy.rules[1].clocks[0]"]


ALLOWED: Mapping[ClockKind, str] = {
    ClockKind.FIRST_REPLY: "SAME_DAY WORKING_TIME",
    ClockKind.PLAN: "WORKING_DAYS CALENDAR_DAYS WORKING_TIME",
    ClockKind.PROGRESS: "WORKING_DAYS CALENDAR_DAYS WORKING_TIME",
    ClockKind.RESOLUTION: "GIVEN",
    ClockKind.WORK_ORDER: "GIVEN",
    ClockKind.CONFIRMATION: "WORKING_DAYS CALENDAR_DAYS OFF",
    ClockKind.ESCALATION: "LADDER",
    ClockKind.REMINDER: "DAILY",
    ClockKind.RULING: "WORKING_DAYS WORKING_TIME",
    ClockKind.OUTREACH: "WORKING_DAYS CALENDAR_DAYS OFF",
    ClockKind.PAUSE: "GIVEN",
    ClockKind.CALLBACK: "WORKING_DAYS WORKING_TIME",
    ClockKind.SILENCE: "WORKING_DAYS CALENDAR_DAYS",
    ClockKind.REVIEW: "WORKING_DAYS CALENDAR_DAYS OFF",
}


@pytest.mark.parametrize("kind", ClockKind)
@pytest.mark.parametrize("counting", Counting)
def test_how_each_clock_may_be_counted(kind: ClockKind, counting: Counting) -> None:
    rules = [rule("甲", kind, counting=counting, amount=600, warnings=())]
    if counting in ALLOWED[kind].split():
        check(rules)
        return
    refused = refusal(rules)
    assert places(refused) == ["policy.rules[0].clocks[0]"]
    if counting is not Counting.OFF:
        assert refused.reason == "COUNTING_NOT_OF_CLOCK"
        assert refused.metadata == {"rule": "甲", "clock": kind, "counting": counting.lower()}
    elif kind is ClockKind.PROGRESS:
        assert (refused.reason, refused.metadata) == ("PROGRESS_NEEDED", {"rule": "甲"})
    else:
        assert refused.reason == "CLOCK_NEEDED"
        assert refused.metadata == {"rule": "甲", "clock": kind}


def test_only_progress_is_off_while_promised() -> None:
    check([rule("甲", ClockKind.PROGRESS, off_while_promised=True)])
    refused = refusal([rule("甲", ClockKind.PLAN, off_while_promised=True)])
    assert refused.reason == "COUNTING_NOT_OF_CLOCK"
    assert refused.metadata["counting"] == "off_while_promised"


CONSEQUENCES: Mapping[ClockKind, str] = {
    ClockKind.FIRST_REPLY: "LADDER DIRECTOR REPORT ALERT",
    ClockKind.PLAN: "LADDER DIRECTOR REPORT ALERT",
    ClockKind.PROGRESS: "LADDER DIRECTOR REPORT ALERT",
    ClockKind.RESOLUTION: "LADDER DIRECTOR REPORT ALERT",
    ClockKind.WORK_ORDER: "HEAD_OF_UNIT LADDER DIRECTOR REPORT ALERT",
    ClockKind.CONFIRMATION: "CALLBACK LADDER DIRECTOR REPORT ALERT",
    ClockKind.ESCALATION: "LADDER",
    ClockKind.REMINDER: "REMINDER",
    ClockKind.RULING: "LADDER DIRECTOR REPORT ALERT",
    ClockKind.OUTREACH: "REPORT ALERT",
    ClockKind.PAUSE: "RESUME",
    ClockKind.CALLBACK: "CALLBACK",
    ClockKind.SILENCE: "MAY_CLOSE",
    ClockKind.REVIEW: "REVIEW",
}


@pytest.mark.parametrize("kind", ClockKind)
@pytest.mark.parametrize("consequence", Consequence)
def test_what_may_follow_from_each_breach(kind: ClockKind, consequence: Consequence) -> None:
    rules = [rule("甲", kind, on_breach=consequence)]
    if consequence in CONSEQUENCES[kind].split():
        check(rules)
        return
    refused = refusal(rules)
    assert refused.reason == "CONSEQUENCE_NOT_OF_CLOCK"
    assert refused.metadata == {"rule": "甲", "clock": kind, "consequence": consequence}
    assert places(refused) == ["policy.rules[0].clocks[0]"]


@pytest.mark.parametrize("kind", ClockKind)
def test_which_clocks_may_be_paused(kind: ClockKind) -> None:
    rules = [rule("甲", kind, pause_reasons=(PauseReason.FORCE_MAJEURE,))]
    if kind in {"PLAN", "PROGRESS", "RESOLUTION", "WORK_ORDER"}:
        check(rules)
        return
    refused = refusal(rules)
    assert refused.reason == "CLOCK_NOT_PAUSABLE"
    assert refused.metadata == {"rule": "甲", "clock": kind}
    assert places(refused) == ["policy.rules[0].clocks[0]"]


@pytest.mark.parametrize(
    ("kind", "counting", "sound"),
    [
        (ClockKind.FIRST_REPLY, Counting.SAME_DAY, True),
        (ClockKind.FIRST_REPLY, Counting.WORKING_TIME, False),
        (ClockKind.PLAN, Counting.WORKING_DAYS, True),
        (ClockKind.PLAN, Counting.CALENDAR_DAYS, True),
        (ClockKind.PLAN, Counting.WORKING_TIME, False),
        (ClockKind.WORK_ORDER, Counting.GIVEN, False),
        (ClockKind.REVIEW, Counting.OFF, False),
        # A level's dwell may be so many working days.
        (ClockKind.ESCALATION, Counting.LADDER, True),
        (ClockKind.REMINDER, Counting.DAILY, False),
    ],
)
def test_only_a_last_day_has_a_close_of_business(
    kind: ClockKind, counting: Counting, sound: bool
) -> None:
    rules = [
        rule(
            "甲",
            kind,
            counting=counting,
            amount=3600,
            warnings=(),
            day_end=DayEnd.CLOSE_OF_BUSINESS,
        )
    ]
    if sound:
        check(rules)
        return
    refused = refusal(rules)
    assert refused.reason == "TERMS_CONTRADICT"
    assert (refused.metadata["first"], refused.metadata["second"]) == (
        "day_end",
        counting.lower(),
    )


DAYS = WarningKind.WORKING_DAYS_BEFORE
SECONDS = WarningKind.SECONDS_BEFORE
HOURS = 3600


@pytest.mark.parametrize(
    ("kind", "changes", "point", "sound"),
    [
        (ClockKind.PLAN, {"amount": 3}, (DAYS, 3), True),
        (ClockKind.PLAN, {"amount": 3}, (DAYS, 4), False),
        (ClockKind.PLAN, {"amount": 3}, (DAYS, 5), False),
        (ClockKind.SILENCE, {"amount": 15}, (DAYS, 15), True),
        (ClockKind.SILENCE, {"amount": 15}, (DAYS, 16), False),
        # A holiday may lie between, so that hours can't be judged.
        (ClockKind.PLAN, {"amount": 1}, (SECONDS, 30 * 24 * HOURS), True),
        (ClockKind.FIRST_REPLY, {}, (DAYS, 1), False),
        (ClockKind.FIRST_REPLY, {}, (SECONDS, 24 * HOURS), True),
        (ClockKind.FIRST_REPLY, {}, (SECONDS, 25 * HOURS), False),
        (ClockKind.FIRST_REPLY, {"floor": timedelta(hours=30)}, (SECONDS, 29 * HOURS), True),
        (ClockKind.FIRST_REPLY, {"floor": timedelta(hours=30)}, (SECONDS, 30 * HOURS), False),
        (ClockKind.REMINDER, {}, (DAYS, 1), False),
        (ClockKind.REMINDER, {}, (SECONDS, 25 * HOURS), False),
        (ClockKind.WORK_ORDER, {}, (DAYS, 30), True),
        (ClockKind.WORK_ORDER, {}, (SECONDS, 30 * 24 * HOURS), True),
        (ClockKind.PLAN, {"counting": Counting.WORKING_TIME, "amount": 60}, (DAYS, 1), True),
        (ClockKind.PLAN, {"amount": 1}, (WarningKind.SHARE, 0.01), True),
        (ClockKind.PLAN, {"amount": 1}, (WarningKind.WORKING_TIME_SHARE, 0.01), True),
    ],
)
def test_a_warning_never_lies_before_the_start_whatever_the_calendar(
    kind: ClockKind, changes: dict[str, Any], point: tuple[WarningKind, float], sound: bool
) -> None:
    halfway = WarningPoint(WarningKind.SHARE, 0.5)
    rules = [rule("甲", kind, warnings=(halfway, WarningPoint(*point)), **changes)]
    if sound:
        check(rules)
        return
    refused = refusal(rules)
    assert refused.reason == "WARNING_BEFORE_START"
    assert refused.metadata == {"rule": "甲", "clock": kind}
    assert places(refused) == ["policy.rules[0].clocks[0]"]


@settings(deadline=None)
@given(calendars, instants, st.data())
def test_a_warning_that_is_refused_could_not_be_given_by_any_calendar(
    calendar: Calendar, start: datetime, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from([ClockKind.FIRST_REPLY, ClockKind.PLAN, ClockKind.SILENCE]))
    point = data.draw(
        st.one_of(
            st.builds(WarningPoint, st.just(DAYS), st.integers(1, 8)),
            st.builds(WarningPoint, st.just(SECONDS), st.integers(1, 200 * HOURS)),
        )
    )
    changes: dict[str, Any] = {"amount": data.draw(st.integers(1, 7))}
    if kind is ClockKind.FIRST_REPLY:
        changes = {"floor": timedelta(hours=data.draw(st.integers(0, 23)))}
    changes["day_end"] = data.draw(st.sampled_from(DayEnd))
    terms = rule("甲", kind, warnings=(point,), **changes)
    try:
        check([terms])
    except Refused:
        clock = terms.clocks[kind]
        assert not warn_points(clock, calendar, start, due(clock, calendar, start).time)


@settings(deadline=None)
@given(st.integers(1, 30))
def test_a_warning_as_early_as_the_first_day_is_given(amount: int) -> None:
    terms = rule("甲", ClockKind.PLAN, amount=amount, warnings=(WarningPoint(DAYS, amount),))
    check([terms])
    clock, start = terms.clocks[ClockKind.PLAN], local("2026-11-23T09:00")
    deadline = due(clock, DEFAULT, start).time
    assert warn_points(clock, DEFAULT, start, deadline) == (local("2026-11-24T00:00"),)


def test_the_place_of_a_fault_is_counted_as_in_the_request() -> None:
    sound = PolicyRule("甲", Scope(categories=frozenset({"宿舍"})), DEFAULTS)
    clocks = {kind: DEFAULTS[kind] for kind in (ClockKind.REVIEW, ClockKind.PAUSE, ClockKind.PLAN)}
    clocks[ClockKind.PLAN] = replace(
        clocks[ClockKind.PLAN], counting=Counting.SAME_DAY, warnings=()
    )
    refused = refusal([sound, PolicyRule("乙", Scope(categories=frozenset({"食堂"})), clocks)])
    assert places(refused) == ["policy.rules[1].clocks[2]"]

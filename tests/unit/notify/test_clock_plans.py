"""Who is told what of a clock, and of a calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notify.domain import cases, clock_plans
from services.notify.domain.deliveries import Channel, Plan
from tests.unit.notify.examples import CASE, MIDNIGHT, clock, moved

PHONE, PAPER = Channel.PHONE, Channel.PAPER


def told(planned: Sequence[Plan]) -> list[tuple[str, str, Channel]]:
    return [(plan.recipient, plan.template, plan.channel) for plan in planned]


def test_the_receipt_names_the_deadlines() -> None:
    planned = clock_plans.clocks_started(CASE, [clock("PLAN"), clock("FIRST_REPLY")])
    assert told(planned) == [("reporter", "receipt", PHONE)]
    deadlines = planned[0].context["deadlines"]
    assert [deadline["clock"] for deadline in deadlines] == ["FIRST_REPLY", "PLAN"]


def test_the_receipt_leaves_out_what_was_late_before_it_was_known() -> None:
    planned = clock_plans.clocks_started(CASE, [clock(born_breached=True), clock("PLAN")])
    assert [d["clock"] for d in planned[0].context["deadlines"]] == ["PLAN"]


@pytest.mark.parametrize("clocks", [[clock("PROGRESS")], [clock(cycle=2), clock("PLAN", cycle=2)]])
def test_later_clocks_are_no_receipt(clocks: list[clock_plans.ClockView]) -> None:
    assert clock_plans.clocks_started(CASE, clocks) == ()


def test_a_warning_goes_to_the_receiver_too_until_the_steward_has_accepted() -> None:
    assert [r for r, _, _ in told(clock_plans.clock_due_soon(CASE, clock()))] == ["dd01", "clerk1"]
    accepted = cases.accept(CASE)
    assert [r for r, _, _ in told(clock_plans.clock_due_soon(accepted, clock()))] == ["dd01"]
    assert [r for r, _, _ in told(clock_plans.clock_due_soon(CASE, clock("PLAN")))] == ["dd01"]


@pytest.mark.parametrize(
    ("consequence", "kind", "expected"),
    [
        ("LADDER", "FIRST_REPLY", [("dd01", "clock_breached"), ("clerk1", "clock_breached")]),
        ("LADDER", "PLAN", [("dd01", "clock_breached")]),
        (
            "ALERT",
            "FIRST_REPLY",
            [("dd01", "clock_missed_before"), ("clerk1", "clock_missed_before")],
        ),
        # Late beside another, which climbs for both of them.
        ("ALERT", "PROGRESS", [("dd01", "clock_breached")]),
        ("CALLBACK", "CONFIRMATION", [("position:SUPPORT", "callback_due")]),
        ("CALLBACK", "CALLBACK", [("position:SUPPORT", "callback_due")]),
        ("REMINDER", "REMINDER", [("dd01", "case_reminder")]),
        ("DIRECTOR", "RULING", [("position:DIRECTOR", "clock_breached_director")]),
        ("MAY_CLOSE", "SILENCE", [("position:DISPATCH_ROOM", "may_close")]),
        ("REPORT", "OUTREACH", []),
        ("RESUME", "PAUSE", []),
        ("99", "PLAN", [("dd01", "clock_breached")]),
    ],
)
def test_a_breach_tells_by_its_consequence(
    consequence: str, kind: str, expected: list[tuple[str, str]]
) -> None:
    # The first reply is what a case entered too late alerts of.
    born = consequence == "ALERT" and kind == "FIRST_REPLY"
    planned = clock_plans.clock_breached(CASE, clock(kind, born_breached=born), consequence)
    assert [(plan.recipient, plan.template) for plan in planned] == expected


@pytest.mark.parametrize(
    "consequence",
    [
        "LADDER",
        "ALERT",
        "HEAD_OF_UNIT",
        "CALLBACK",
        "REMINDER",
        "DIRECTOR",
        "MAY_CLOSE",
        "REVIEW",
        "99",
    ],
)
def test_what_comes_late_of_a_closed_case_bothers_nobody(consequence: str) -> None:
    case = cases.close(CASE)
    assert clock_plans.clock_breached(case, clock(), consequence) == ()
    assert clock_plans.clock_due_soon(case, clock()) == ()


@pytest.mark.parametrize(
    ("unit", "head", "expected"),
    [
        ("logistics", "head1", ("head1", PHONE)),
        ("logistics", "", ("unit:logistics", PAPER)),
        ("", "", ("dd01", PHONE)),
    ],
)
def test_a_late_work_order_goes_to_the_head_else_the_unit_else_whoever_has_the_case(
    unit: str, head: str, expected: tuple[str, Channel]
) -> None:
    planned = clock_plans.clock_breached(
        CASE, clock("WORK_ORDER"), "HEAD_OF_UNIT", work_order=unit, head=head
    )
    assert [(plan.recipient, plan.channel) for plan in planned] == [expected]


@pytest.mark.parametrize("receiver", ["system:erp", "service:intake", "reporter:3f", "receipt:9"])
def test_nobody_writes_to_programs_and_pseudonyms(receiver: str) -> None:
    case = replace(CASE, receiver=receiver)
    assert [r for r, _, _ in told(clock_plans.clock_due_soon(case, clock()))] == ["dd01"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("RULING", [("position:DISPATCH_ROOM", "clock_due_soon")]),
        ("PAUSE", [("dd01", "pause_ends_soon")]),
        ("WORK_ORDER", [("dd01", "clock_due_soon")]),
    ],
)
def test_a_warning_goes_to_whoever_owes_it(kind: str, expected: list[tuple[str, str]]) -> None:
    planned = clock_plans.clock_due_soon(CASE, clock(kind))
    assert [(plan.recipient, plan.template) for plan in planned] == expected


def test_a_review_is_told_to_the_leader_in_charge_too() -> None:
    late = clock("REVIEW")
    assert [r for r, _, _ in told(clock_plans.clock_breached(CASE, late, "REVIEW"))] == ["dd01"]
    led = cases.lead(CASE, "ld01")
    planned = clock_plans.clock_breached(led, late, "REVIEW")
    assert told(planned) == [("dd01", "review_due", PHONE), ("ld01", "review_due", PHONE)]
    assert len(clock_plans.clock_breached(cases.lead(CASE, "dd01"), late, "REVIEW")) == 1


def paused(case: cases.CaseView) -> tuple[Plan, ...]:
    return clock_plans.clocks_paused(
        case, reason="FORCE_MAJEURE", words="暴雨", latest_end_time=MIDNIGHT, approved_by="dd00"
    )


def test_a_pause_is_told_to_whoever_must_move() -> None:
    (plan,) = paused(CASE)
    assert told([plan]) == [("dd01", "clocks_paused", PHONE)]
    assert plan.context["due_time"] == MIDNIGHT.isoformat()


def test_only_a_pause_that_ended_of_itself_is_told_of() -> None:
    clocks = [clock("PLAN"), clock("RESOLUTION")]
    assert clock_plans.clocks_resumed(CASE, clocks, latest_end_reached=False) == ()
    (plan,) = clock_plans.clocks_resumed(CASE, clocks, latest_end_reached=True)
    assert told([plan]) == [("dd01", "clocks_resumed", PHONE)]
    assert [one["clock"] for one in plan.context["deadlines"]] == ["PLAN", "RESOLUTION"]


def test_moved_deadlines_come_in_one_message_and_those_that_stayed_in_none() -> None:
    day = timedelta(days=1)
    clocks = [moved("PLAN", day), moved("CONFIRMATION", timedelta(0)), moved("PROGRESS", -day)]
    (plan,) = clock_plans.clocks_amended(CASE, clocks, cause="CALENDAR", reason="")
    assert told([plan]) == [("dd01", "clocks_amended", PHONE)]
    assert [(one["clock"], one["previous_due_time"]) for one in plan.context["deadlines"]] == [
        ("PLAN", MIDNIGHT.isoformat()), ("PROGRESS", MIDNIGHT.isoformat()),
    ]  # fmt: skip
    provisional = [moved("PLAN", timedelta(0))]
    assert clock_plans.clocks_amended(CASE, provisional, cause="CALENDAR", reason="") == ()


def test_a_closed_case_bothers_nobody_with_its_clocks() -> None:
    case = cases.close(CASE)
    clocks = [moved("PLAN", timedelta(days=1))]
    assert paused(case) == ()
    assert clock_plans.clocks_resumed(case, [clock()], latest_end_reached=True) == ()
    assert clock_plans.clocks_amended(case, clocks, cause="POLICY", reason="") == ()


def test_a_missing_year_is_told_to_the_director_of_the_dispatch_room() -> None:
    (plan,) = clock_plans.calendar_year_missing(2027)
    assert told([plan]) == [("position:DIRECTOR", "calendar_year_missing", PHONE)]
    assert plan.context["year"] == 2027


# On a level above the steward's.
CLIMBED = cases.escalate(CASE, "lead1", 1, cycle=1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("FIRST_REPLY", ["lead1", "dd01", "clerk1"]),
        ("PLAN", ["lead1", "dd01"]),
        ("PROGRESS", ["lead1", "dd01"]),
        ("RESOLUTION", ["lead1", "dd01"]),
        ("WORK_ORDER", ["lead1", "dd01"]),
        ("PAUSE", ["lead1", "dd01"]),
        ("ESCALATION", ["lead1"]),
        ("REMINDER", ["lead1"]),
    ],
)
def test_the_steward_still_hears_of_the_stewards_clocks_on_a_higher_level(
    kind: str, expected: list[str]
) -> None:
    late = clock(kind)
    assert [r for r, _, _ in told(clock_plans.clock_due_soon(CLIMBED, late))] == expected
    if kind == "PAUSE":
        return
    for consequence in ("LADDER", "ALERT", "99"):
        planned = clock_plans.clock_breached(CLIMBED, late, consequence)
        receiver = [] if consequence != "99" else ["clerk1"]
        assert [plan.recipient for plan in planned] == [r for r in expected if r not in receiver]


def test_a_late_work_order_of_no_known_unit_is_told_to_the_steward_too() -> None:
    late = clock("WORK_ORDER")
    planned = clock_plans.clock_breached(CLIMBED, late, "HEAD_OF_UNIT")
    assert [plan.recipient for plan in planned] == ["lead1", "dd01"]
    known = clock_plans.clock_breached(CLIMBED, late, "HEAD_OF_UNIT", head="head1")
    assert [plan.recipient for plan in known] == ["head1"]


def test_a_reminder_of_a_higher_level_is_its_own() -> None:
    planned = clock_plans.clock_breached(CLIMBED, clock("REMINDER"), "REMINDER")
    assert [plan.recipient for plan in planned] == ["lead1"]


def test_the_steward_hears_of_pauses_and_moved_deadlines_on_a_higher_level() -> None:
    assert [plan.recipient for plan in paused(CLIMBED)] == ["lead1", "dd01"]
    for kinds, theirs in ((["PLAN", "ESCALATION"], ["PLAN"]), (["ESCALATION"], [])):
        expected = [("lead1", kinds), *([("dd01", theirs)] if theirs else [])]
        resumed = clock_plans.clocks_resumed(
            CLIMBED, [clock(kind) for kind in kinds], latest_end_reached=True
        )
        day = timedelta(days=1)
        amended = clock_plans.clocks_amended(
            CLIMBED, [moved(kind, day) for kind in kinds], cause="CALENDAR", reason=""
        )
        for planned in (resumed, amended):
            assert [
                (plan.recipient, [one["clock"] for one in plan.context["deadlines"]])
                for plan in planned
            ] == expected

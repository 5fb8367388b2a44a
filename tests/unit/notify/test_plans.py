"""Who is told what, fact by fact."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.notify.domain import cases, plans
from services.notify.domain.deliveries import Channel, Plan
from tests.unit.notify.examples import CASE, SILENT, URGENT, clock, work_order


def told(planned: Sequence[Plan]) -> list[tuple[str, str, Channel]]:
    return [(plan.recipient, plan.template, plan.channel) for plan in planned]


PHONE, EMAIL, PAPER = Channel.PHONE, Channel.EMAIL, Channel.PAPER


def test_an_ordinary_registration_tells_nobody_yet() -> None:
    assert plans.registered(CASE) == ()


def test_an_urgent_registration_tells_the_duty_lead_at_once() -> None:
    planned = plans.registered(URGENT)
    assert told(planned) == [("position:DUTY_LEAD", "case_urgent", PHONE)]
    assert planned[0].urgent


def test_assignment_tells_steward_and_joint_team() -> None:
    planned = plans.assigned(CASE, also_told=["ins1", "tec1"], previous="", handover=False)
    assert told(planned) == [
        ("dd01", "case_assigned", PHONE),
        ("ins1", "case_also_told", PHONE),
        ("tec1", "case_also_told", PHONE),
    ]


def test_assignment_without_steward_tells_whoever_answers_for_it() -> None:
    nobody = replace(CASE, steward="", accountable="position:DISPATCH_ROOM")
    planned = plans.assigned(nobody, also_told=[], previous="", handover=False)
    assert told(planned) == [("position:DISPATCH_ROOM", "case_assigned", PHONE)]


def test_handover_tells_who_had_it_and_a_person_only_once() -> None:
    planned = plans.assigned(CASE, also_told=["dd02"], previous="dd02", handover=True)
    assert told(planned) == [
        ("dd01", "case_assigned", PHONE),
        ("dd02", "case_also_told", PHONE),
    ]
    planned = plans.assigned(CASE, also_told=[], previous="dd02", handover=True)
    assert ("dd02", "case_handed_over", PHONE) in told(planned)


def test_the_receipt_names_the_deadlines() -> None:
    planned = plans.clocks_started(CASE, [clock("PLAN"), clock("FIRST_REPLY")])
    assert told(planned) == [("reporter", "receipt", PHONE)]
    deadlines = planned[0].context["deadlines"]
    assert [deadline["clock"] for deadline in deadlines] == ["FIRST_REPLY", "PLAN"]


def test_the_receipt_leaves_out_what_was_late_before_it_was_known() -> None:
    planned = plans.clocks_started(CASE, [clock(born_breached=True), clock("PLAN")])
    assert [d["clock"] for d in planned[0].context["deadlines"]] == ["PLAN"]


@pytest.mark.parametrize("clocks", [[clock("PROGRESS")], [clock(cycle=2), clock("PLAN", cycle=2)]])
def test_later_clocks_are_no_receipt(clocks: list[plans.ClockView]) -> None:
    assert plans.clocks_started(CASE, clocks) == ()


def test_a_warning_goes_to_the_receiver_too_until_the_steward_has_accepted() -> None:
    assert [r for r, _, _ in told(plans.clock_due_soon(CASE, clock()))] == ["dd01", "clerk1"]
    accepted = cases.accept(CASE)
    assert [r for r, _, _ in told(plans.clock_due_soon(accepted, clock()))] == ["dd01"]
    assert [r for r, _, _ in told(plans.clock_due_soon(CASE, clock("PLAN")))] == ["dd01"]


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
        ("REMINDER", "REMINDER", [("dd01", "case_reminder")]),
        ("99", "PLAN", [("dd01", "clock_breached")]),
    ],
)
def test_a_breach_tells_by_its_consequence(
    consequence: str, kind: str, expected: list[tuple[str, str]]
) -> None:
    # The first reply is what a case entered too late alerts of.
    born = consequence == "ALERT" and kind == "FIRST_REPLY"
    planned = plans.clock_breached(CASE, clock(kind, born_breached=born), consequence)
    assert [(plan.recipient, plan.template) for plan in planned] == expected


@pytest.mark.parametrize(
    "consequence", ["LADDER", "ALERT", "HEAD_OF_UNIT", "CALLBACK", "REMINDER", "99"]
)
def test_what_comes_late_of_a_closed_case_bothers_nobody(consequence: str) -> None:
    case = cases.close(CASE)
    assert plans.clock_breached(case, clock(), consequence) == ()
    assert plans.clock_due_soon(case, clock()) == ()


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
    planned = plans.clock_breached(
        CASE, clock("WORK_ORDER"), "HEAD_OF_UNIT", work_order=unit, head=head
    )
    assert [(plan.recipient, plan.channel) for plan in planned] == [expected]


def test_escalation_tells_the_new_level_and_the_steward() -> None:
    case = cases.escalate(CASE, "director", 2, cycle=1)
    planned = plans.escalated(
        case, position_id="DIRECTOR", cause="MANUAL", top=False, fallback=False
    )
    assert told(planned) == [
        ("director", "case_escalated", PHONE),
        ("dd01", "case_escalated_on", PHONE),
    ]


def test_escalation_to_the_steward_themselves_tells_once() -> None:
    planned = plans.escalated(
        CASE, position_id="DUTY_LEAD", cause="BREACH", top=False, fallback=False
    )
    assert told(planned) == [("dd01", "case_escalated", PHONE)]


def test_work_orders_of_one_head_come_in_one_message() -> None:
    planned = plans.work_orders_dispatched(
        CASE,
        [
            work_order(1, "logistics", "head1"),
            work_order(2, "bathhouse"),
            work_order(3, "apartments", "head1"),
        ],
    )
    assert told(planned) == [
        ("head1", "work_order_dispatched", PHONE),
        ("unit:bathhouse", "work_order_dispatched", PAPER),
    ]
    assert [task["task"] for task in planned[0].context["tasks"]] == [
        "更换淋浴头 1",
        "更换淋浴头 3",
    ]


@pytest.mark.parametrize(("way", "count"), [("TOLD", 0), ("LEFT", 1), ("ATTEMPT", 1), ("", 1)])
def test_the_reporter_gets_every_answer_unless_told_in_person(way: str, count: int) -> None:
    planned = plans.answered(
        CASE, answer_id="a1", kind="PLAN", text="半月内更换", promised_date="2026-12-08", way=way
    )
    assert len(planned) == count


@pytest.mark.parametrize(
    ("case", "way", "count"),
    [(CASE, "ATTEMPT", 1), (CASE, "LEFT", 1), (CASE, "TOLD", 0), (SILENT, "LEFT", 0)],
)
def test_feeding_back_later_is_told_to_whom_it_can_be_written(
    case: cases.CaseView, way: str, count: int
) -> None:
    assert len(plans.fed_back(case, answer_id="a1", kind="PLAN", way=way)) == count


def test_a_reporter_without_telephone_is_told_by_the_steward() -> None:
    planned = plans.resolved(SILENT, resolution="已更换", outcome="SOLVED")
    assert told(planned) == [("reporter", "case_resolved", PAPER)]
    assert planned[0].context["teller"] == "dd01"
    by_mail = plans.resolved(replace(SILENT, has_email=True), resolution="", outcome="SOLVED")
    assert told(by_mail) == [("reporter", "case_resolved", EMAIL)]


def test_before_any_steward_the_receiver_tells_and_without_one_the_dispatch_room() -> None:
    assert replace(SILENT, steward="").teller == "clerk1"
    assert replace(SILENT, steward="", receiver="").teller == "position:DISPATCH_ROOM"


def test_rejection_tells_steward_and_duty_lead() -> None:
    planned = plans.rejected(CASE, reopen_count=1)
    assert [plan.recipient for plan in planned] == ["dd01", "position:DUTY_LEAD"]


def test_closing_tells_reporter_and_steward() -> None:
    planned = plans.closed(CASE, outcome="SOLVED")
    assert told(planned) == [
        ("reporter", "case_closed", PHONE),
        ("dd01", "case_closed_staff", PHONE),
    ]


@pytest.mark.parametrize("receiver", ["system:erp", "service:intake", "reporter:3f", "receipt:9"])
def test_nobody_writes_to_programs_and_pseudonyms(receiver: str) -> None:
    case = replace(CASE, receiver=receiver)
    assert [r for r, _, _ in told(plans.clock_due_soon(case, clock()))] == ["dd01"]


def test_rejection_puts_the_case_back_to_its_steward() -> None:
    case = cases.reject(cases.resolve(cases.escalate(CASE, "director", 2, cycle=1)), 2)
    assert (case.accountable, case.level, case.state) == ("dd01", 0, cases.CaseState.OPEN)
    assert cases.gone_by(case, 1)
    assert not cases.gone_by(case, 2)


def test_a_level_of_the_new_cycle_that_is_heard_of_before_the_rejection_stays() -> None:
    case = cases.escalate(cases.resolve(CASE), "lead1", 1, cycle=2)
    case = cases.reject(case, 2)
    assert (case.accountable, case.level, case.state) == ("lead1", 1, cases.CaseState.OPEN)


def test_a_new_steward_has_yet_to_accept() -> None:
    accepted = cases.accept(CASE)
    assert cases.assign(accepted, "dd01", "dd01").accepted
    assert not cases.assign(accepted, "dd02", "dd02").accepted

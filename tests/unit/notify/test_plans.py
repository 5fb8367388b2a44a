"""Who is told what, fact by fact."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.notify.domain import cases, life_plans, plans, work_order_plans
from services.notify.domain.deliveries import Channel, Plan
from tests.unit.notify.examples import CASE, SILENT, URGENT, work_order


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


def test_who_had_it_is_told_whatever_moved_it_and_a_position_is_not() -> None:
    planned = plans.assigned(CASE, also_told=[], previous="dd02", handover=False)
    assert told(planned)[1:] == [("dd02", "case_handed_over", PHONE)]
    for previous in ("", "position:DISPATCH_ROOM", "dd01"):
        planned = plans.assigned(CASE, also_told=[], previous=previous, handover=False)
        assert told(planned) == [("dd01", "case_assigned", PHONE)]


def test_the_handover_note_goes_to_the_new_steward_alone() -> None:
    planned = plans.assigned(
        CASE, also_told=["ins1"], previous="dd02", handover=True, note="配件已订"
    )
    assert [plan.recipient for plan in planned if "配件已订" in plan.context.values()] == ["dd01"]


def test_in_the_same_hands_nobody_is_told_but_who_comes_to_owe_the_first_reply() -> None:
    before = cases.assign(CASE, "dd01", "lead1")
    after = cases.assign(before, "dd01", "lead1", first_reply_by="clerk2")
    assert cases.same_hands(before, after, "dd01")
    assert told(plans.told_anew(before, after)) == [("clerk2", "first_reply_owed", PHONE)]
    assert plans.told_anew(after, after) == ()
    assert plans.told_anew(after, before) == ()
    # Once accepted the steward owes it; the receiver has heard of it before.
    assert plans.told_anew(before, replace(after, accepted=True)) == ()


def test_what_is_the_same_hands() -> None:
    before = cases.assign(CASE, "dd01", "dd01")
    assert not cases.same_hands(before, before, "")
    assert not cases.same_hands(before, cases.assign(before, "dd02", "dd02"), "dd01")
    assert not cases.same_hands(before, cases.assign(before, "dd01", "lead1"), "dd01")
    queued = cases.assign(CASE, "", "position:DISPATCH_ROOM")
    assert cases.same_hands(queued, queued, "position:DISPATCH_ROOM")
    # The first assignment of all.
    assert not cases.same_hands(queued, queued, "")


def test_whoever_owes_the_first_reply_in_the_stewards_place_is_told() -> None:
    owed = cases.assign(CASE, "dd01", "dd01", first_reply_by="clerk2")
    planned = plans.assigned(owed, also_told=[], previous="", handover=False)
    assert told(planned) == [
        ("dd01", "case_assigned", PHONE),
        ("clerk2", "first_reply_owed", PHONE),
    ]
    assert owed.replier == "clerk2"
    assert cases.accept(owed).replier == "clerk1"
    own = cases.assign(CASE, "dd01", "dd01", first_reply_by="dd01")
    assert len(plans.assigned(own, also_told=[], previous="", handover=False)) == 1


def test_a_case_that_goes_down_tells_who_has_it_now() -> None:
    case = cases.escalate(CASE, "lead1", 1, cycle=1)
    planned = plans.deescalated(
        case, position_id="DUTY_LEAD", reason="班组可办", decided_by="director", fallback=False
    )
    assert told(planned) == [("lead1", "case_deescalated", PHONE)]
    assert planned[0].context["text"] == "班组可办"


def test_a_recusal_tells_the_dispatch_room_without_the_reason() -> None:
    case = cases.recuse(replace(CASE, accountable="dd02"), "dd02")
    planned = plans.recused(case, "dd02")
    assert told(planned) == [("position:DISPATCH_ROOM", "person_recused", PHONE)]
    assert planned[0].context["person"] == "dd02"
    assert "text" not in planned[0].context


def test_a_repair_that_did_not_last_is_the_stewards() -> None:
    again = replace(CASE, case_id="other", number="YW-20261130-0002")
    planned = plans.fix_not_lasting(CASE, again=again, days=7)
    assert told(planned) == [("dd01", "fix_not_lasting", PHONE)]
    assert planned[0].context["again"] == again.number
    assert plans.fix_not_lasting(CASE, again=None, days=7)[0].context["again"] == ""
    about_them = replace(again, shielded=frozenset({"dd01"}))
    assert plans.fix_not_lasting(CASE, again=about_them, days=7) == ()


def test_a_shielded_receiver_tells_no_reporter() -> None:
    silent = replace(SILENT, steward="", shielded=frozenset({"clerk1"}))
    assert silent.teller == "position:DISPATCH_ROOM"


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
    planned = work_order_plans.work_orders_dispatched(
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
    planned = life_plans.closed(CASE, outcome="SOLVED")
    assert told(planned) == [
        ("reporter", "case_closed", PHONE),
        ("dd01", "case_closed_staff", PHONE),
    ]


def test_rejection_puts_the_case_back_to_its_steward() -> None:
    case = cases.begin_again(cases.resolve(cases.escalate(CASE, "director", 2, cycle=1)), 2)
    assert (case.accountable, case.level, case.state) == ("dd01", 0, cases.CaseState.OPEN)
    assert cases.gone_by(case, 1)
    assert not cases.gone_by(case, 2)


def test_a_level_of_the_new_cycle_that_is_heard_of_before_the_rejection_stays() -> None:
    case = cases.escalate(cases.resolve(CASE), "lead1", 1, cycle=2)
    case = cases.begin_again(case, 2)
    assert (case.accountable, case.level, case.state) == ("lead1", 1, cases.CaseState.OPEN)


def test_a_new_steward_has_yet_to_accept() -> None:
    accepted = cases.accept(CASE)
    assert cases.assign(accepted, "dd01", "dd01").accepted
    assert not cases.assign(accepted, "dd02", "dd02").accepted

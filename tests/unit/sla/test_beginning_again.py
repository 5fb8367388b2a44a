"""What closed cases, old cases and amended ones owe: from when on, and by which rules."""

from dataclasses import replace

import pytest

from services.sla.domain.acts import AnswerKind, Corrected
from services.sla.domain.kinds import CaseState, ClockKind, ClockState
from services.sla.domain.policy import Policy, PolicyRule, Profile, Scope
from tests.unit.sla.life import TERMS, Life, at, ruled


def test_reopening_a_closed_case_owes_everything_anew() -> None:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.fire(at("11-24 00:00"))
    life.escalate(2, at("11-24 08:00"))
    life.resolve(at("11-24 09:00"))
    life.close(at("11-25 09:00"))
    before = dict(life.clocks)
    life.reopen(at("12-07 10:00"))
    case = life.change.case
    assert (case.state, case.cycle, case.level) == (CaseState.OPEN, 2, 0)
    assert life.running() == {"FIRST_REPLY", "PLAN"}
    running = {c.kind: c for c in life.clocks.values() if c.running}
    assert running[ClockKind.FIRST_REPLY].due_time == at("12-08 00:00")
    assert running[ClockKind.FIRST_REPLY].cycle == 2
    # Nothing of the first cycle moves: its breach, and what it met, stay as they were.
    assert {key: life.clocks[key] for key in before} == before
    assert life.replayed().case == case


def test_only_beginning_again_moves_a_closed_case_and_only_onwards() -> None:
    life = Life()
    life.close(at("11-23 10:00"))
    life.reopen(at("11-23 11:00"), cycle=1)
    assert life.change.case.state is CaseState.CLOSED
    assert life.change.clocks == ()
    life.do(Corrected(Profile("WATER"), "u-2", at("11-23 12:00")), now=at("11-23 12:00"))
    assert life.change.case.profile == Profile()


def test_the_new_cycle_of_a_reopened_case_has_all_its_clocks() -> None:
    life = Life()
    life.resolve(at("11-23 10:00"))
    life.close(at("11-23 11:00"))
    life.reopen(at("11-30 10:00"))
    life.answer(AnswerKind.PROGRESS, at("11-30 11:00"), cycle=2)
    life.resolve(at("12-01 10:00"))
    assert life.running() == {"CONFIRMATION"}
    assert [clock.cycle for clock in life.all(ClockKind.CONFIRMATION)] == [1, 2]


def test_a_reopened_case_without_a_steward_is_the_dispatch_rooms() -> None:
    life = Life()
    life.assign("", at("11-23 09:01"))
    life.close(at("11-23 10:00"))
    life.reopen(at("11-30 10:00"))
    assert life.change.case.accountable == "position:DISPATCH_ROOM"
    assert "REMINDER" in life.running()


@pytest.mark.parametrize("long_standing", [True, False])
def test_a_long_standing_case_is_reviewed_again_once_reopened(long_standing: bool) -> None:
    life = Life()
    life.flag(at("11-23 10:00"))
    if not long_standing:
        life.flag(at("11-23 11:00"), on=False)
    life.close(at("11-24 10:00"))
    assert life.running() == set()
    life.reopen(at("12-01 10:00"))
    assert ("REVIEW" in life.running()) is long_standing


def test_an_old_case_is_not_born_breached() -> None:
    spoken, entered = at("03-02 09:00"), at("11-23 09:00")
    born = Life(spoken, known=entered)
    assert born.one(ClockKind.FIRST_REPLY).state is ClockState.BREACHED
    life = Life(spoken, known=entered, clock_start=entered)
    assert life.change.fired == ()
    assert life.one(ClockKind.FIRST_REPLY).due_time == at("11-24 00:00")
    assert life.one(ClockKind.PLAN).due_time == at("11-27 00:00")
    # It keeps its own date all the same.
    assert life.change.case.occurred_time == spoken
    assert life.replayed().clocks == tuple(life.clocks.values())


def test_a_meeting_is_the_review_of_a_long_standing_case() -> None:
    life = Life()
    life.flag(at("11-23 10:00"))
    life.meet(at("11-26 15:00"))
    first, second = life.all(ClockKind.REVIEW)
    assert (first.state, first.stop_time) == (ClockState.MET, at("11-26 15:00"))
    assert (second.start_time, second.due_time) == (at("11-26 15:00"), at("12-04 00:00"))


def test_a_meeting_of_before_or_about_any_other_case_reviews_nothing() -> None:
    life = Life()
    life.meet(at("11-23 10:00"))
    assert life.change.clocks == ()
    life.flag(at("11-24 10:00"))
    life.meet(at("11-23 15:00"), heard=at("11-24 11:00"))
    assert life.one(ClockKind.REVIEW).running


def test_what_is_amended_holds_for_what_starts_from_then_on() -> None:
    urgent = PolicyRule(
        "紧急",
        Scope(urgencies=frozenset({"URGENT"})),
        {
            ClockKind.PLAN: ruled(ClockKind.PLAN, amount=1),
            ClockKind.PROGRESS: ruled(ClockKind.PROGRESS, amount=1),
        },
    )
    terms = replace(TERMS, policy=Policy(2, (urgent,)))
    life = Life(terms=terms, profile=Profile("", "", "NORMAL"))
    plan = life.one(ClockKind.PLAN)
    time = at("11-23 10:00")
    life.do(Corrected(Profile("WATER", "", "URGENT"), "u-2", time), now=time)
    assert life.change.clocks == ()
    assert life.one(ClockKind.PLAN) == plan
    assert life.change.case.unit_id == "u-2"
    life.answer(AnswerKind.PROGRESS, at("11-23 11:00"))
    assert life.one(ClockKind.PROGRESS).due_time == at("11-25 00:00")

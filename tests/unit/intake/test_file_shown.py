"""What a case shows beside its columns: what is late, how its result was told, who may speak."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.intake.convert.access import ACCESS
from services.intake.convert.replies import case_file, case_row, track
from services.intake.domain import clocks, samples
from services.intake.domain.actions import Caller, needs_circumstances
from services.intake.domain.values import (
    CaseFile,
    CaseState,
    Clock,
    Feedback,
    FeedbackWay,
    Grade,
    Outcome,
)
from tests.unit.intake.examples import NOW, file, resolved_file

HOUR = timedelta(hours=1)


def clock(kind: str, hours: float, state: str = "RUNNING", cycle: int = 1) -> Clock:
    due = NOW + hours * HOUR
    return Clock(f"{kind} {hours}", kind, cycle, "", NOW - HOUR, due, state, False, False)


@pytest.mark.parametrize(
    ("given", "hours", "late"),
    [
        ((), None, False),
        ((clock("PLAN", 9), clock("FIRST_REPLY", 5)), 5, False),
        # What is late comes before what is next; of several late the one that waits longest.
        ((clock("PLAN", 9), clock("FIRST_REPLY", -1, "BREACHED")), -1, True),
        ((clock("PLAN", -3, "BREACHED"), clock("FIRST_REPLY", -1, "BREACHED")), -3, True),
        # What was done late is done; what stands still isn't owed meanwhile.
        ((clock("PLAN", 9), clock("FIRST_REPLY", -1, "MET_LATE")), 9, False),
        ((clock("PLAN", 9, "PAUSED"),), None, False),
        # A breach of a cycle that is over stays on record, and nobody owes it any more.
        ((clock("PLAN", 9, cycle=2), clock("PLAN", -50, "BREACHED")), 9, False),
        # Those who handle the case owe these to each other.
        ((clock("WORK_ORDER", -1, "BREACHED"), clock("ESCALATION", -1, "BREACHED")), None, False),
    ],
)
def test_the_reporter_is_told_what_is_owed_to_them(
    given: tuple[Clock, ...], hours: float | None, late: bool
) -> None:
    cycle = max((one.cycle for one in given), default=1)
    there = replace(file(cycle=cycle), clocks=given)
    due = None if hours is None else NOW + hours * HOUR
    assert clocks.owed_to_reporter(there.case, there.clocks) == (due, late)
    told = track(there)
    assert (told.HasField("next_due_time"), told.late) == (due is not None, late)
    closed = replace(there.case, state=CaseState.CLOSED, outcome=Outcome.SOLVED, close_time=NOW)
    assert clocks.owed_to_reporter(closed, given) == (None, False)


@pytest.mark.parametrize(
    ("one", "late"),
    [
        (clock("WORK_ORDER", -1, "BREACHED"), True),
        (clock("FIRST_REPLY", -1, "BREACHED", cycle=2), False),
        (clock("FIRST_REPLY", -1, "MET_LATE"), False),
        (clock("FIRST_REPLY", -1), False),
        (clock("REVIEW", -1, "BREACHED"), False),
        (clock("SILENCE", -1, "BREACHED"), False),
    ],
)
def test_what_counts_makes_an_open_case_overdue(one: Clock, late: bool) -> None:
    there = replace(file(due_time=NOW), clocks=(one,))
    message = case_file(there)
    assert message.overdue is late
    assert message.HasField("due_time")
    assert case_row(there.case, overdue=True).overdue
    closed = replace(there.case, state=CaseState.CLOSED)
    assert not clocks.overdue(closed, there.clocks)


def test_the_result_of_the_present_cycle_is_shown_as_it_was_told() -> None:
    told = Feedback(FeedbackWay.TOLD, NOW, "电话", "", 2, "s-1")
    feedbacks = (
        replace(told, cycle=1, note="上一轮"),
        replace(told, answer_id="a-1", note="答复"),
        replace(told, way=FeedbackWay.ATTEMPT, note="无人接听"),
        told,
    )
    message = case_file(replace(resolved_file(cycle=2), feedbacks=feedbacks))
    assert [one.note for one in message.result_feedbacks] == ["无人接听", "电话"]
    assert message.resolve_record_time.ToDatetime(tzinfo=NOW.tzinfo) == NOW


def duplicate() -> CaseFile:
    return file(state=CaseState.CLOSED, outcome=Outcome.DUPLICATE, close_time=NOW, accountable="")


@pytest.mark.parametrize("role", ["CLERK", "STEWARD", "DISPATCHER", "DIRECTOR", "SUPPORT"])
def test_a_duplicates_master_is_looked_at_for_whoever_may_confirm(role: str) -> None:
    caller = Caller("d-1", frozenset({role}), frozenset({"d-1"}))
    handled = replace(duplicate(), hands=frozenset({"d-1"}))
    assert needs_circumstances(handled, caller, ACCESS)
    for other in ("HANDLER", "LEADER"):
        asks = Caller("d-1", frozenset({other}), frozenset({"d-1"}))
        assert not needs_circumstances(handled, asks, ACCESS)


def test_whoever_gave_no_grade_agrees_with_nothing() -> None:
    for declared in Grade:
        for outcome in Outcome:
            assert not samples.agrees(declared, outcome, Grade.NONE)

"""Which act is allowed when, and what it leaves."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chassis.errors import Refused
from services.intake.domain import commands, read_model, transitions, visibility
from services.intake.domain.values import (
    AnswerKind,
    Basis,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
    Feedback,
    FeedbackWay,
    Grade,
    Outcome,
)
from tests.unit.intake.examples import (
    ACT,
    NOW,
    SPOKEN,
    TOLD,
    ZONE,
    answer,
    attempt,
    case,
    file,
    resolved_file,
)

REPLY = commands.AnswerCase("", 0, AnswerKind.FIRST_REPLY, "已派人", None, None, None)
RESOLVE = commands.ResolveCase("", 0, "已更换", Outcome.SOLVED, None, None)
CONFIRM = commands.ConfirmCase("", 0, Grade.SATISFIED, "", "")
OPEN = (CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.IN_PROGRESS)


def given(way: FeedbackWay, hours: float | None = None) -> commands.GivenFeedback:
    instant = None if hours is None else SPOKEN + timedelta(hours=hours)
    return commands.GivenFeedback(way, instant, "")


@pytest.mark.parametrize("state", OPEN)
def test_an_answer_begins_the_work(state: CaseState) -> None:
    made = transitions.answer(file(state=state), REPLY, ACT, "a-1")
    assert made.case.state is CaseState.IN_PROGRESS
    assert made.answer.fed_back_time is None


@pytest.mark.parametrize("state", [CaseState.RESOLVED, CaseState.CLOSED])
def test_what_is_done_is_neither_answered_nor_verified_nor_resolved(state: CaseState) -> None:
    done = file(state=state)
    look = commands.VerifyCase("", 0, "浴室", "坏", None)
    for act in (
        lambda: transitions.answer(done, REPLY, ACT, "a"),
        lambda: transitions.verify(done, look, ACT),
        lambda: transitions.escalate(done, "x", dispatch_room=True),
        lambda: transitions.resolve(done, RESOLVE, ACT),
    ):
        with pytest.raises(Refused, match="WRONG_STATE") as caught:
            act()
        assert caught.value.metadata["allowed"] == "REGISTERED, ASSIGNED, IN_PROGRESS"


def test_nobody_passes_over_the_level_that_has_the_case() -> None:
    held = file(state=CaseState.IN_PROGRESS, accountable="p-7")
    assert transitions.escalate(held, "p-7", dispatch_room=False) is held.case
    assert transitions.escalate(held, "p-8", dispatch_room=True) is held.case
    with pytest.raises(Refused, match="NOT_ACCOUNTABLE") as refused:
        transitions.escalate(held, "p-8", dispatch_room=False)
    assert refused.value.metadata == {"accountable": "p-7"}


def test_what_was_said_before_on_the_same_basis_is_nothing_new() -> None:
    first = transitions.confirm(file(state=CaseState.RESOLVED), CONFIRM, Basis.CODE)
    assert first.new
    again = replace(file(), case=first.case)
    plain = replace(CONFIRM, words="")
    assert not transitions.confirm(again, plain, Basis.CODE).new
    assert transitions.confirm(again, replace(plain, words="更正"), Basis.CODE).new
    assert transitions.confirm(again, replace(plain, grade=Grade.DISSATISFIED), Basis.CODE).new


@pytest.mark.parametrize("state", [*OPEN, CaseState.CLOSED])
def test_only_what_is_resolved_is_confirmed_or_rejected(state: CaseState) -> None:
    for act in (
        lambda: transitions.confirm(file(state=state), CONFIRM, Basis.CODE),
        lambda: transitions.reject(file(state=state), Basis.CODE, ACT),
    ):
        with pytest.raises(Refused, match="WRONG_STATE") as refused:
            act()
        assert refused.value.metadata["allowed"] == "RESOLVED"


@pytest.mark.parametrize("state", CaseState)
def test_a_duplicates_reporter_is_heard_once_the_master_has_a_result(state: CaseState) -> None:
    duplicate = file(state=CaseState.CLOSED, outcome=Outcome.DUPLICATE)
    master = case(state=state)
    if state in OPEN:
        with pytest.raises(Refused, match="WRONG_STATE"):
            transitions.confirm(duplicate, CONFIRM, Basis.CODE, master)
        return
    made = transitions.confirm(duplicate, CONFIRM, Basis.CODE, master)
    assert made.counts
    assert made.case == replace(
        duplicate.case, grade=Grade.SATISFIED, basis=Basis.CODE, confirmed=True
    )


def test_what_is_closed_is_not_rejected_but_reopened() -> None:
    with pytest.raises(Refused, match="WRONG_STATE") as refused:
        transitions.reject(file(state=CaseState.CLOSED, outcome=Outcome.DUPLICATE), Basis.CODE, ACT)
    assert refused.value.metadata["instead"] == "ReopenCase"


def test_a_new_cycle_is_not_begun_by_a_steward_who_may_not_have_the_case() -> None:
    recused = resolved_file(recused_persons=("s-1",))
    assert transitions.reject(recused, Basis.CODE, ACT).accountable == "position:DISPATCH_ROOM"


def test_what_was_told_at_ten_was_answered_at_ten() -> None:
    command = commands.AnswerCase(
        "", 0, AnswerKind.FIRST_REPLY, "已派人", None, given(FeedbackWay.TOLD, 1), None
    )
    made = transitions.answer(file(), command, ACT, "a-1")
    assert made.answer.answer_time == made.answer.fed_back_time == SPOKEN + timedelta(hours=1)


def test_a_try_is_only_a_try() -> None:
    command = commands.FeedBackAnswer("", 0, "a-1", given(FeedbackWay.ATTEMPT))
    made = transitions.feed_back(file(answer()), command, ACT)
    assert not made.counts
    assert made.answer.fed_back_time is None


def test_the_first_feedback_that_counts_stands() -> None:
    command = commands.FeedBackAnswer("", 0, "a-1", TOLD)
    first = transitions.feed_back(file(answer()), command, ACT)
    assert first.counts
    assert first.answer.fed_back_time == NOW
    again = transitions.feed_back(file(answer(fed_back_time=SPOKEN)), command, ACT)
    assert not again.counts
    assert again.answer.fed_back_time == SPOKEN
    with pytest.raises(Refused, match="ANSWER_NOT_FOUND"):
        transitions.feed_back(file(), command, ACT)


@pytest.mark.parametrize(
    ("hours", "enough"),
    [((), False), ((1,), False), ((1, 1.5), False), ((1, 2), True), ((0.95, 1.05), True)],
)
def test_a_message_is_left_after_tries_in_two_hours(hours: tuple[float, ...], enough: bool) -> None:
    tried = file(answer(), feedbacks=tuple(attempt(h) for h in hours))
    assert (transitions.attempt_hours(tried, NOW) >= transitions.ATTEMPTS_NEEDED) is enough
    if not enough:
        with pytest.raises(Refused, match="ATTEMPTS_MISSING"):
            transitions.feedback_given(tried, given(FeedbackWay.LEFT), ACT, "a-1")


def test_tries_of_the_cycle_before_do_not_count() -> None:
    tried = file(answer(), feedbacks=(attempt(1), attempt(2)), cycle=2)
    assert transitions.attempt_hours(tried, NOW) == 0


def test_a_message_is_left_after_its_tries_not_before() -> None:
    tried = file(answer(answer_time=SPOKEN), feedbacks=(attempt(1), attempt(2)))
    for hours in (0.5, 1.5):
        with pytest.raises(Refused, match="ATTEMPTS_MISSING"):
            transitions.feedback_given(tried, given(FeedbackWay.LEFT, hours), ACT, "a-1")
    left = transitions.feedback_given(tried, given(FeedbackWay.LEFT, 2), ACT, "a-1")
    assert left.way is FeedbackWay.LEFT


def test_no_answer_is_fed_back_before_it_was_given() -> None:
    given_at_two = file(answer(answer_time=SPOKEN + timedelta(hours=2)))
    early = commands.FeedBackAnswer("", 0, "a-1", given(FeedbackWay.TOLD, 1))
    with pytest.raises(Refused, match="INVALID_FIELD") as caught:
        transitions.feed_back(given_at_two, early, ACT)
    assert caught.value.fields[0].field == "feedback.feedback_time"
    at_two = commands.FeedBackAnswer("", 0, "a-1", given(FeedbackWay.TOLD, 2))
    assert transitions.feed_back(given_at_two, at_two, ACT).counts
    together = commands.AnswerCase(
        "",
        0,
        AnswerKind.FIRST_REPLY,
        "已派人",
        None,
        given(FeedbackWay.TOLD, 1),
        SPOKEN + timedelta(hours=2),
    )
    with pytest.raises(Refused, match="INVALID_FIELD"):
        transitions.answer(file(), together, ACT, "a-2")


def test_a_new_cycle_begins_with_the_rejection() -> None:
    made = transitions.reject(resolved_file(), Basis.CODE, ACT)
    assert made.cycle_start_time == NOW
    reopened = file(answer(), cycle=2, cycle_start_time=NOW)
    old = commands.FeedBackAnswer("", 0, "a-1", given(FeedbackWay.TOLD, 1))
    with pytest.raises(Refused, match="INVALID_FIELD"):
        transitions.feed_back(reopened, old, ACT)


def test_whoever_has_a_hand_in_the_case_only_reports() -> None:
    ours = replace(resolved_file(), hands=frozenset({"s-1"}))
    support = frozenset({"SUPPORT"})
    for person, code, basis in (
        ("s-1", False, Basis.REPORTED),
        ("s-1", True, Basis.REPORTED),
        ("u-1", False, Basis.CALLBACK),
        ("u-1", True, Basis.CODE),
    ):
        speaker = visibility.Speaker(person, support, code=code)
        assert visibility.basis_of(ours, speaker) is basis
    assert visibility.basis_of(ours, visibility.Speaker("anyone", frozenset(), code=True)) is (
        Basis.CODE
    )


def test_whoever_acts_for_a_hand_in_the_case_only_reports() -> None:
    ours = replace(resolved_file(), hands=frozenset({"s-1"}))
    persons = frozenset({"u-1", "s-1"})
    for code in (False, True):
        speaker = visibility.Speaker("u-1", frozenset({"SUPPORT"}), code=code, persons=persons)
        assert visibility.basis_of(ours, speaker) is Basis.REPORTED


def test_nobody_can_have_called_the_anonymous() -> None:
    speaker = visibility.Speaker("u-1", frozenset({"SUPPORT"}))
    nobody = resolved_file(confidentiality=Confidentiality.ANONYMOUS)
    assert visibility.basis_of(nobody, speaker) is Basis.REPORTED
    assert visibility.basis_of(nobody, replace(speaker, code=True)) is Basis.CODE


@pytest.mark.parametrize(
    ("basis", "count"),
    [(Basis.REPORTER, 1), (Basis.CODE, 1), (Basis.CALLBACK, 1), (Basis.REPORTED, 0)],
)
def test_only_a_word_of_the_reporters_own_is_a_rejection(basis: Basis, count: int) -> None:
    made = transitions.reject(resolved_file(), basis, ACT)
    assert (made.state, made.cycle, made.rejections) == (CaseState.IN_PROGRESS, 2, count)


def test_positions_and_pseudonyms_are_no_persons() -> None:
    told = ("", "s-1", "position:DUTY_LEAD", "service:routing", "reporter:3f", "s-1", "s-2")
    assert visibility.persons(told) == ["s-1", "s-2"]


def test_posting_is_for_the_anonymous() -> None:
    with pytest.raises(Refused, match="POSTED_NEEDS_ANONYMOUS"):
        transitions.feedback_given(file(), given(FeedbackWay.POSTED), ACT, "a-1")
    hidden = file(confidentiality=Confidentiality.ANONYMOUS)
    made = transitions.feedback_given(hidden, given(FeedbackWay.POSTED), ACT, "a-1")
    assert made.way.counts


def test_nothing_is_resolved_behind_the_reporters_back() -> None:
    with pytest.raises(Refused, match="NOT_ANSWERED"):
        transitions.resolve(file(answer()), RESOLVE, ACT)
    with pytest.raises(Refused, match="NOT_ANSWERED"):
        transitions.resolve(file(answer(fed_back_time=NOW), cycle=2), RESOLVE, ACT)
    told = commands.ResolveCase("", 0, "已更换", Outcome.SOLVED, TOLD, None)
    assert transitions.resolve(file(), told, ACT).case.state is CaseState.RESOLVED
    fed_back = file(answer(fed_back_time=NOW))
    assert transitions.resolve(fed_back, RESOLVE, ACT).case.state is CaseState.RESOLVED


def test_a_wake_up_that_has_passed_is_replaced() -> None:
    late = file(answer(fed_back_time=NOW), next_wake_time=NOW - timedelta(hours=1))
    wake = transitions.resolve(late, RESOLVE, ACT).case.next_wake_time
    assert wake is not None
    assert wake > NOW


def test_what_is_only_reported_does_not_count_nor_replace_what_does() -> None:
    reported = transitions.confirm(resolved_file(), CONFIRM, Basis.REPORTED)
    assert not reported.counts
    assert not reported.case.confirmed
    real = transitions.confirm(resolved_file(), CONFIRM, Basis.CALLBACK)
    assert real.counts
    assert real.case.confirmed
    confirmed = resolved_file(confirmed=True, basis=Basis.CODE, grade=Grade.DISSATISFIED)
    after = transitions.confirm(confirmed, CONFIRM, Basis.REPORTED)
    assert not after.counts
    assert (after.case.basis, after.case.grade) == (Basis.CODE, Grade.DISSATISFIED)


def test_a_rejection_begins_again_at_the_steward() -> None:
    made = transitions.reject(
        resolved_file(level=3, accountable="boss", confirmed=True), Basis.CODE, ACT
    )
    assert (made.state, made.cycle, made.reopen_count) == (CaseState.IN_PROGRESS, 2, 1)
    assert (made.level, made.accountable, made.confirmed) == (0, "s-1", False)
    assert made.next_wake_time is not None
    assert made.next_wake_time > NOW


def test_a_promise_in_the_past_is_none() -> None:
    command = commands.AnswerCase("", 0, AnswerKind.PLAN, "换", date(2026, 11, 22), None, None)
    with pytest.raises(Refused, match="PROMISE_IN_PAST"):
        transitions.answer(file(), command, ACT, "a-1")


def test_a_progress_note_may_say_when_the_reporter_hears_again() -> None:
    command = commands.AnswerCase("", 0, AnswerKind.PROGRESS, "等配件", None, None, None)
    today = NOW.astimezone(ZONE).date()
    made = transitions.answer(file(), replace(command, next_date=today), ACT, "a-1")
    assert made.answer.next_date == today
    assert transitions.answer(file(), command, ACT, "a-1").answer.next_date is None
    past = replace(command, next_date=today - timedelta(days=1))
    with pytest.raises(Refused, match="PROMISE_IN_PAST") as caught:
        transitions.answer(file(), past, ACT, "a-1")
    assert caught.value.metadata["field"] == "next_date"


def test_states_only_move_on() -> None:
    for state in CaseState:
        for goal in (CaseState.ASSIGNED, CaseState.IN_PROGRESS):
            moved = transitions.advance(case(state=state), goal).state
            assert moved in (state, goal)
            assert list(CaseState).index(moved) >= list(CaseState).index(state)


def file_of(one: Case) -> CaseFile:
    return CaseFile(one, ZONE)


def test_a_new_steward_has_yet_to_accept() -> None:
    accepted = read_model.accepted(case(steward="s-1"))
    assert accepted.state is CaseState.IN_PROGRESS
    assert read_model.assigned(accepted, "", "s-1", "s-1").accepted
    handed_over = read_model.assigned(accepted, "", "s-2", "s-2")
    assert not handed_over.accepted
    assert handed_over.state is CaseState.IN_PROGRESS


def test_the_first_reply_is_owed_until_it_is_fed_back() -> None:
    assert file(steward="s-1").first_reply_owed_by == "c-1"
    assert file(steward="s-1", accepted=True).first_reply_owed_by == "s-1"
    assert file(answer()).first_reply_owed_by == "c-1"
    assert file(answer(fed_back_time=NOW)).first_reply_owed_by == ""
    assert file(answer(fed_back_time=NOW), cycle=2).first_reply_owed_by == "c-1"
    assert file(state=CaseState.CLOSED).first_reply_owed_by == ""
    result = Feedback(FeedbackWay.TOLD, NOW, "", "", 1, "s-1")
    assert file(feedbacks=(result,), state=CaseState.RESOLVED).first_reply_owed_by == ""
    tried = replace(result, way=FeedbackWay.ATTEMPT)
    assert file(feedbacks=(tried,)).first_reply_owed_by == "c-1"
    assert file(feedbacks=(result,), cycle=2).first_reply_owed_by == "c-1"


def test_the_first_reply_is_owed_by_whom_routing_names_until_the_steward_accepts() -> None:
    off = read_model.assigned(case(steward="s-1", accepted=True), "", "s-1", "s-1", "c-2")
    assert file_of(off).first_reply_owed_by == "c-2"
    assert file_of(read_model.accepted(off)).first_reply_owed_by == "s-1"
    assert file_of(read_model.assigned(off, "", "s-1", "s-1")).first_reply_owed_by == "s-1"


def test_nobody_who_may_not_have_the_case_owes_its_first_reply() -> None:
    named = case(steward="s-1", accountable="s-1", first_reply_by="c-2")
    one = read_model.recused(named, "c-2")
    assert file_of(one).first_reply_owed_by == "c-1"
    two = read_model.recused(one, "c-1")
    assert file_of(two).first_reply_owed_by == "s-1"
    assert read_model.recused(two, "c-1") == two
    alternate = replace(two, accountable="position:UNION", about_persons=("s-1",))
    assert file_of(alternate).first_reply_owed_by == "position:UNION"


def test_a_joint_survey_begins_the_work_and_takes_nothing_back() -> None:
    assert read_model.worked_on(case()).state is CaseState.IN_PROGRESS
    done = case(state=CaseState.RESOLVED)
    assert read_model.worked_on(done) == done


def test_a_case_goes_down_as_it_climbs() -> None:
    high = case(level=2, accountable="boss", steward="s-1")
    low = read_model.moved_to_level(high, 1, 0, "s-1")
    assert (low.level, low.accountable) == (0, "s-1")


def test_whom_a_case_is_about_finds_nothing_and_the_recused_may_read() -> None:
    shielded = case(about_persons=("a-1",), recused_persons=("r-1",))
    for callers, reason in (
        (visibility.behind("a-1", ""), "CASE_NOT_FOUND"),
        (visibility.behind("system:portal", "a-1"), "CASE_NOT_FOUND"),
        (visibility.behind("r-1", ""), ""),
        (visibility.behind("", ""), ""),
    ):
        if reason:
            with pytest.raises(Refused) as refused:
                visibility.check_sight(shielded, callers)
            assert refused.value.reason == reason
        else:
            visibility.check_sight(shielded, callers)
    with pytest.raises(Refused) as refused:
        visibility.check_hand(shielded, visibility.behind("s-1", "r-1"))
    assert refused.value.reason == "CASE_RECUSED"
    visibility.check_hand(shielded, visibility.behind("s-1", ""))
    assert shielded.shielded == {"a-1", "r-1"}


@pytest.mark.parametrize(
    ("cycle", "told", "heard"),
    [(1, 0, True), (1, 1, True), (2, 0, False), (2, 1, False), (2, 2, True)],
)
def test_only_the_present_cycle_climbs(cycle: int, told: int, heard: bool) -> None:
    before = case(cycle=cycle)
    assert (read_model.moved_to_level(before, told, 1, "boss") != before) is heard
    assert (read_model.instructed(before, told, "boss") != before) is heard

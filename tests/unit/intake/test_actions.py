"""What a caller is told that they may do with a case."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.intake.convert.access import ACCESS
from services.intake.domain.actions import BY_CODE, NAMES, Caller, Circumstances, allowed
from services.intake.domain.marks import Withdrawal
from services.intake.domain.values import (
    AnswerKind,
    CaseFile,
    CaseState,
    Confidentiality,
    Outcome,
)
from tests.unit.intake.examples import NOW, answer, case, file, resolved_file

AROUND = Circumstances(NOW)


def may(
    about: CaseFile, *roles: str, around: Circumstances = AROUND, subject: str = "d-1", **who: Any
) -> set[str]:
    caller = Caller(subject, frozenset(roles), frozenset({subject}), **who)
    return set(allowed(about, caller, ACCESS, around))


def closed_file(outcome: Outcome, **changes: Any) -> CaseFile:
    return file(state=CaseState.CLOSED, outcome=outcome, close_time=NOW, accountable="", **changes)


def test_every_name_is_an_rpc_in_the_order_of_the_service() -> None:
    from backstop.intake.v1 import intake_service_pb2

    service = intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"]
    order = [method.name for method in service.methods if method.name in NAMES]
    assert order == list(NAMES)
    # What changes one case is listed; reads and what makes a case are not.
    naming = {
        method.name
        for method in service.methods
        if {"case_id", "request_id"} <= set(method.input_type.fields_by_name)
    }
    assert naming - set(NAMES) == {"RegisterCase"}


def test_roles_and_state_decide() -> None:
    fresh = file()
    assert may(fresh, "CLERK") == {
        "VerifyCase",
        "AnswerCase",
        "ReissueReceiptCode",
        "AmendCase",
        "CommentCase",
        "LinkCases",
        "SplitCase",
        "WithdrawCase",
    }
    assert may(fresh, "OPERATOR") == set()
    assert "ConfirmCase" in may(resolved_file(), "CLERK")
    assert "AmendCase" not in may(resolved_file(), "CLERK")
    assert may(closed_file(Outcome.SOLVED), "DISPATCHER") == {
        "UnsealReporter",
        "ReissueReceiptCode",
        "CommentCase",
        "LinkCases",
        "ReopenCase",
    }


def test_whom_it_is_about_may_nothing_and_the_recused_only_speak_for_themselves() -> None:
    assert may(file(about_persons=("d-1",)), "DIRECTOR") == set()
    recused = resolved_file(recused_persons=("d-1",))
    assert may(recused, "DIRECTOR") == set()
    own = may(recused, "DIRECTOR", "REPORTER", own=True)
    assert own == {"ConfirmCase", "RejectCase", "CommentCase", "WithdrawCase"}


def test_the_hand_in_it_decides() -> None:
    assert "EscalateCase" in may(file(accountable="s-1"), "STEWARD", subject="s-1")
    assert "EscalateCase" not in may(file(accountable="s-1"), "STEWARD", subject="s-2")
    waiting = resolved_file()
    assert "RecordCallback" in may(waiting, "SUPPORT", subject="u-1")
    touched = replace(waiting, hands=frozenset({"u-1"}))
    assert "RecordCallback" not in may(touched, "SUPPORT", subject="u-1")
    nameless = resolved_file(confidentiality=Confidentiality.ANONYMOUS)
    assert "RecordCallback" not in may(nameless, "SUPPORT", subject="u-1")


def test_the_reporter_is_seen_by_who_may_see_them() -> None:
    hidden = file(confidentiality=Confidentiality.CONFIDENTIAL)
    assert "UnsealReporter" in may(hidden, "DIRECTOR")
    assert "UnsealReporter" not in may(hidden, "DISPATCHER")
    assert "UnsealReporter" not in may(file(confidentiality=Confidentiality.ANONYMOUS), "DIRECTOR")


def test_a_code_says_the_reporters_words_and_no_others() -> None:
    def by_code(about: CaseFile, around: Circumstances = AROUND) -> set[str]:
        return may(about, around=around, subject="", code=True)

    assert by_code(file()) == {"WithdrawCase", "CommentCase"}
    assert by_code(resolved_file()) == {"ConfirmCase", "RejectCase", "WithdrawCase", "CommentCase"}
    assert by_code(closed_file(Outcome.SOLVED)) == {"ReopenCase", "CommentCase"}
    late = Circumstances(NOW + timedelta(days=15, seconds=1))
    assert by_code(closed_file(Outcome.SOLVED), late) == {"CommentCase"}
    assert by_code(closed_file(Outcome.EXPLAINED_NOT_ACCEPTED)) == {"CommentCase"}
    assert set(BY_CODE) >= by_code(resolved_file())


def test_a_duplicates_reporter_is_asked_about_the_master() -> None:
    duplicate = closed_file(Outcome.DUPLICATE)
    master = case(state=CaseState.RESOLVED)
    for state, expected in ((CaseState.RESOLVED, True), (CaseState.IN_PROGRESS, False)):
        around = Circumstances(NOW, master=replace(master, state=state))
        found = may(duplicate, around=around, subject="", code=True)
        assert ("ConfirmCase" in found) is expected


def test_closing_is_offered_where_an_end_is_proven() -> None:
    assert "CloseCase" not in may(resolved_file(), "DISPATCHER")
    assert "CloseCase" in may(resolved_file(confirmed=True), "DISPATCHER")
    assert "CloseCase" not in may(resolved_file(confirmed=True), "STEWARD")
    taken_back = replace(file(), withdrawals=(Withdrawal(1, "算了", "CODE", True, NOW),))
    assert "CloseCase" in may(taken_back, "DISPATCHER")
    only_said = replace(file(), withdrawals=(Withdrawal(1, "算了", "REPORTED", False, NOW),))
    assert "CloseCase" not in may(only_said, "DISPATCHER")


@pytest.mark.parametrize("rejections", [0, 1, 2])
def test_a_review_waits_for_the_second_rejection(rejections: int) -> None:
    found = may(file(rejections=rejections), "DIRECTOR", around=Circumstances(NOW))
    assert ("ReviewCase" in found) is (rejections == 2)


def test_what_there_is_nothing_of_is_not_offered() -> None:
    assert not {"FeedBackAnswer", "MovePromise", "RecordReferralResult"} & may(file(), "DISPATCHER")
    plan = answer(kind=AnswerKind.PLAN, promised_date=NOW.date())
    assert {"FeedBackAnswer", "MovePromise"} <= may(file(plan), "DISPATCHER")
    # A plan of a cycle that is over promises nothing any more.
    assert "MovePromise" not in may(file(plan, cycle=2), "DISPATCHER")

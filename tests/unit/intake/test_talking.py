"""Whose word a comment is, what a case takes of them, and what its history tells."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_pb2 as pb
from chassis.errors import Refused
from services.intake.domain.attaching import ATTACHMENTS_LIMIT, check_attachments
from services.intake.domain.marks import Attachment, Comment, Visibility
from services.intake.domain.talking import (
    COMMENTS_LIMIT,
    CommentCase,
    comment,
    promised_date,
)
from services.intake.domain.values import AnswerKind, CaseState, Step, Verification
from services.intake.domain.visibility import Speaker
from services.intake.sentences import public
from tests.unit.intake.examples import ACT, NOW, answer, case, file

SAID = CommentCase(case().case_id, "知道了", Visibility.INTERNAL)
REPORTER = frozenset({"REPORTER"})
PHOTO = Attachment("photos/1.jpg", "ab" * 32)


@pytest.mark.parametrize(
    ("speaker", "own"),
    [
        (Speaker("w-7", REPORTER, own=True), True),
        (Speaker("anyone", frozenset(), code=True), True),
        (Speaker("u-1", frozenset({"SUPPORT"}), code=True), True),
        (Speaker("s-1", frozenset({"STEWARD"}), code=True), False),
        (Speaker("s-1", frozenset({"STEWARD"})), False),
        (Speaker("s-1", frozenset({"STEWARD", "REPORTER"}), own=True), True),
    ],
)
def test_whose_word_it_is(speaker: Speaker, own: bool) -> None:
    about = replace(file(), hands=frozenset({"s-1"}))
    made = comment(about, SAID, ACT, speaker)
    assert made.by_reporter is own
    assert made.written_by == ("" if own else "s-1")
    assert made.visibility is (Visibility.REPORTER if own else Visibility.INTERNAL)


@pytest.mark.parametrize(
    ("speaker", "reason"),
    [
        (Speaker("w-9", REPORTER), "CASE_NOT_FOUND"),
        (Speaker("o-1", frozenset({"OPERATOR"})), "PERMISSION_DENIED"),
        (Speaker("s-1", frozenset(), code=True), "PERMISSION_DENIED"),
    ],
)
def test_strangers_have_no_word(speaker: Speaker, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        comment(replace(file(), hands=frozenset({"s-1"})), SAID, ACT, speaker)


def test_comments_and_files_are_bounded() -> None:
    one = Comment(Visibility.INTERNAL, "x", "s-1", False, NOW, (PHOTO,))
    steward = Speaker("s-1", frozenset({"STEWARD"}))
    almost = replace(file(), comments=(replace(one, attachments=()),) * (COMMENTS_LIMIT - 1))
    comment(almost, SAID, ACT, steward)
    full = replace(almost, comments=(*almost.comments, one))
    with pytest.raises(Refused, match="TOO_MANY_COMMENTS"):
        comment(full, SAID, ACT, steward)
    looked = Verification("x", "y", "s-1", NOW, (PHOTO,) * 100)
    # One of the appeal, a hundred of a verification, and the rest of comments.
    rest = ATTACHMENTS_LIMIT - 102
    there = replace(file(), attachments=(PHOTO,), verifications=(looked,), comments=(one,) * rest)
    check_attachments(there, (PHOTO,))
    with pytest.raises(Refused, match="TOO_MANY_ATTACHMENTS"):
        check_attachments(there, (PHOTO, PHOTO))
    check_attachments(replace(there, comments=(one,) * (rest + 9)), ())


def test_the_promise_is_that_of_the_cycles_last_plan() -> None:
    first = answer(kind=AnswerKind.PLAN, promised_date=NOW.date())
    later = replace(first, promised_date=NOW.date().replace(day=28))
    assert promised_date(file()) is None
    assert promised_date(file(first, later, answer())) == later.promised_date
    assert promised_date(file(first, cycle=2)) is None
    assert promised_date(file(first, state=CaseState.RESOLVED)) is None


def _step(message: object, kind: type) -> Step:
    instant = datetime(2026, 11, 23, tzinfo=UTC)
    name = kind.DESCRIPTOR.full_name  # type: ignore[attr-defined] # a message class
    payload = message if isinstance(message, bytes) else message.SerializeToString()  # type: ignore[attr-defined] # a message
    return Step("intake", 1, name, instant, instant, "s-1", "", payload)


def test_public_sentences_have_nobodys_name() -> None:
    name = "CANARY"
    for kind, _ in public._TABLE.values():
        message = kind()
        for one in message.DESCRIPTOR.fields:
            numbered = one.name in ("master_number", "new_number")
            if one.type == one.TYPE_STRING and not one.is_repeated and not numbered:
                setattr(message, one.name, name)
        for language in ("zh-CN", "en"):
            for told in public.tell([_step(message, kind)], language):
                assert told.sentence
                assert name not in told.sentence, kind


def test_what_only_was_reported_is_not_told() -> None:
    only_said = facts.CaseConfirmed(basis=pb.CONFIRMATION_BASIS_REPORTED)
    assert public.tell([_step(only_said, facts.CaseConfirmed)], "zh-CN") == []
    real = facts.CaseConfirmed(counts=True)
    assert [one.sentence for one in public.tell([_step(real, facts.CaseConfirmed)], "zh-CN")] == [
        "已收到对办理结果的确认。"
    ]
    closed = facts.CaseClosed(outcome=pb.OUTCOME_SOLVED)
    (told,) = public.tell([_step(closed, facts.CaseClosed)], "en")
    assert told.sentence == "The case was closed: solved."
    assert public.tell([_step(b"\xff", facts.CaseClosed)], "en") == []

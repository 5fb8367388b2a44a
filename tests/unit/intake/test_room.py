"""What a case file takes, and that one as full as can be fits into a message."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.errors import Refused
from chassis.server import LARGEST_MESSAGE_BYTES
from services.intake.convert.replies import case_file
from services.intake.domain.attaching import ATTACHMENTS_LIMIT, REPORTER_ATTACHMENTS_LIMIT
from services.intake.domain.commands import FeedBackAnswer, GivenFeedback, ResolveCase
from services.intake.domain.marks import (
    Attachment,
    Callback,
    Comment,
    Meeting,
    PromiseMove,
    Referral,
    Review,
    ReviewDecision,
    Visibility,
    Withdrawal,
)
from services.intake.domain.room import (
    LINKS_LIMIT,
    PERSONS_LIMIT,
    TEXT_LIMIT,
    Entry,
    check_room,
)
from services.intake.domain.talking import (
    COMMENT_TEXT_LIMIT,
    COMMENTS_LIMIT,
    REPORTER_COMMENTS_LIMIT,
    REPORTER_TEXT_LIMIT,
    CommentCase,
    comment,
)
from services.intake.domain.transitions import feed_back, resolve
from services.intake.domain.values import (
    CaseFile,
    Feedback,
    FeedbackWay,
    Link,
    Outcome,
    Relation,
    Verification,
)
from services.intake.domain.visibility import Speaker
from tests.unit.intake.examples import ACT, NOW, TOLD, answer, case, file

# Four bytes of UTF-8, and one character.
WIDE = "𠮷"
DAY = NOW.date()
CODE, WORDS = re.compile("[A-Z_]+"), re.compile("[一-鿿]+")
HOLDER = Speaker("anyone", frozenset(), code=True)
STEWARD = Speaker("s-1", frozenset({"STEWARD"}))


def full() -> CaseFile:
    """A file with all entries that it takes, in the longest words for which there is room."""
    photo = Attachment(WIDE * 500, "ab" * 32, "a" * 49 + "/" + "b" * 50, 2**40, WIDE * 200)
    said = Comment(
        Visibility.REPORTER, WIDE * (COMMENT_TEXT_LIMIT // COMMENTS_LIMIT), "s" * 40, False, NOW
    )
    told = Feedback(FeedbackWay.TOLD, NOW, "", "a-1", 1, "s" * 40)
    return CaseFile(
        replace(
            case(),
            text=WIDE * 4_000,
            resolution=WIDE * 4_000,
            place=WIDE * 200,
            about_persons=("p" * 40,) * PERSONS_LIMIT,
        ),
        file().zone,
        answers=(answer(text=WIDE * TEXT_LIMIT), *(answer(text="") for _ in range(199))),
        feedbacks=(told,) * 200 + (replace(told, answer_id="", note=WIDE * 500),) * 200,
        verifications=(Verification("", "", "s" * 40, NOW),) * 100,
        promise_moves=(PromiseMove("a-1", DAY, DAY, "", "s" * 40, NOW),) * 100,
        callbacks=(Callback(1, True, "s" * 40, NOW, "", sample_id="x" * 40),) * 100,
        withdrawals=(Withdrawal(1, "", "CODE", True, NOW),) * 100,
        referrals=(Referral(1, 1, "", "", "", "s" * 40, NOW),) * 100,
        reviews=(Review(1, ReviewDecision.UPHELD, "", "s" * 40, "s" * 40, NOW),) * 100,
        comments=(said,) * COMMENTS_LIMIT,
        meetings=(Meeting(1, NOW, "s" * 40, (), (), "", DAY, "s" * 40),) * 100,
        attachments=(photo,) * ATTACHMENTS_LIMIT,
        links=(Link("0190a5d0-0000-7000-8000-000000000002", Relation.RELATED),) * LINKS_LIMIT,
    )


def test_the_fullest_file_fits_into_a_message_with_room_for_tasks_and_clocks() -> None:
    # Answers that share an id would each be shown with all feedbacks: each has its own.
    there = full()
    answers = tuple(replace(one, answer_id=f"a-{at}") for at, one in enumerate(there.answers))
    size = case_file(replace(there, answers=answers)).ByteSize()
    assert 2_000_000 < size < LARGEST_MESSAGE_BYTES * 3 // 4


@pytest.mark.parametrize("entry", list(Entry))
def test_no_more_of_a_kind_than_its_limit(entry: Entry) -> None:
    there = replace(full(), answers=(answer(text=""),) * 200)
    with pytest.raises(Refused, match="TOO_MANY_ENTRIES") as caught:
        check_room(there, entry)
    told = caught.value.metadata
    assert told["what"] == entry.value
    assert CODE.fullmatch(told["what"])
    assert WORDS.fullmatch(told["what_zh"])
    assert told["what_en"].islower()
    check_room(file(), entry)


def test_all_texts_share_their_room() -> None:
    there = file(answer(text=WIDE * (TEXT_LIMIT - 10)))
    check_room(there, Entry.MEETINGS, WIDE * 10)
    with pytest.raises(Refused, match="TOO_MANY_ENTRIES") as caught:
        check_room(there, Entry.MEETINGS, WIDE * 10, "x")
    assert caught.value.metadata == {
        "what": "CHARACTERS",
        "what_zh": "记录字数",
        "what_en": "characters",
        "limit": str(TEXT_LIMIT),
    }


def test_a_full_file_can_still_be_resolved() -> None:
    tries = Feedback(FeedbackWay.ATTEMPT, NOW - timedelta(hours=1), "", "a-1", 1, "c-1")
    there = replace(file(answer(text=WIDE * TEXT_LIMIT)), feedbacks=(tries,) * 200)
    given = GivenFeedback(FeedbackWay.TOLD, None, "x")
    with pytest.raises(Refused, match="TOO_MANY_ENTRIES"):
        feed_back(there, FeedBackAnswer(there.case.case_id, 0, "a-1", given), ACT)
    command = ResolveCase(there.case.case_id, 0, "已更换", Outcome.SOLVED, TOLD, None)
    assert resolve(there, command, ACT).feedback is not None


def said(count: int, characters: int, *, own: bool) -> tuple[Comment, ...]:
    one = Comment(Visibility.REPORTER, "x" * characters, "" if own else "s-1", own, NOW)
    return (one,) * count


def test_the_reporter_leaves_room_for_everybody_else() -> None:
    word = CommentCase(case().case_id, "x" * REPORTER_TEXT_LIMIT, Visibility.REPORTER)
    comment(file(), word, ACT, HOLDER)
    with pytest.raises(Refused, match="INVALID_FIELD"):
        comment(file(), replace(word, text=word.text + "x"), ACT, HOLDER)
    there = replace(file(), comments=said(REPORTER_COMMENTS_LIMIT, 1_000, own=True))
    with pytest.raises(Refused, match="TOO_MANY_COMMENTS"):
        comment(there, word, ACT, HOLDER)
    comment(there, replace(word, text="x" * 4_000), ACT, STEWARD)
    photo = Attachment("photos/1.jpg", "ab" * 32)
    many = replace(word, attachments=(photo,) * REPORTER_ATTACHMENTS_LIMIT)
    with_files = comment(file(), many, ACT, HOLDER)
    with pytest.raises(Refused, match="TOO_MANY_ATTACHMENTS"):
        comment(
            replace(file(), comments=(with_files,)),
            replace(word, attachments=(photo,)),
            ACT,
            HOLDER,
        )


def test_comments_have_a_bounded_number_of_characters() -> None:
    there = replace(file(), comments=said(COMMENT_TEXT_LIMIT // 4_000, 4_000, own=False))
    with pytest.raises(Refused, match="TOO_MANY_COMMENTS"):
        comment(there, CommentCase(case().case_id, "x", Visibility.INTERNAL), ACT, STEWARD)

"""How much a case file takes: it is read and sent whole, in one message of a bounded size.

Comments and attachments have bounds of their own, so that what the reporter says takes no room
from those who handle the case.
"""

from collections.abc import Callable, Iterator, Mapping, Sized
from enum import StrEnum

from chassis.errors import Refused
from services.intake.domain.values import CaseFile, Feedback

# Characters of all that is written down about a case, its comments apart.
TEXT_LIMIT = 250_000


class Entry(StrEnum):
    ANSWERS = "answers"
    FEEDBACKS = "feedbacks"
    RESULTS_FED_BACK = "results fed back"
    VERIFICATIONS = "verifications"
    PROMISE_MOVES = "promise moves"
    CALLBACKS = "callbacks"
    WITHDRAWALS = "withdrawals"
    REFERRALS = "referrals"
    REVIEWS = "reviews"
    MEETINGS = "meetings"


_LIMITS: Mapping[Entry, tuple[int, Callable[[CaseFile], Sized]]] = {
    Entry.ANSWERS: (200, lambda file: file.answers),
    Entry.FEEDBACKS: (200, lambda file: _feedbacks(file, of_answers=True)),
    Entry.RESULTS_FED_BACK: (200, lambda file: _feedbacks(file, of_answers=False)),
    Entry.VERIFICATIONS: (100, lambda file: file.verifications),
    Entry.PROMISE_MOVES: (100, lambda file: file.promise_moves),
    Entry.CALLBACKS: (100, lambda file: file.callbacks),
    Entry.WITHDRAWALS: (100, lambda file: file.withdrawals),
    Entry.REFERRALS: (100, lambda file: file.referrals),
    Entry.REVIEWS: (100, lambda file: file.reviews),
    Entry.MEETINGS: (100, lambda file: file.meetings),
}


def check_room(file: CaseFile, entry: Entry, *texts: str) -> None:
    """Raises Refused TOO_MANY_ENTRIES when a file can't take one more entry of these texts."""
    check_number(file, entry)
    check_text(file, *texts)


def check_number(file: CaseFile, entry: Entry) -> None:
    """Raises Refused TOO_MANY_ENTRIES when a file has as many entries of a kind as it takes."""
    limit, there = _LIMITS[entry]
    if len(there(file)) >= limit:
        raise Refused("TOO_MANY_ENTRIES", what=entry.value, limit=limit)


def check_text(file: CaseFile, *texts: str) -> None:
    """Raises Refused TOO_MANY_ENTRIES when a file has no room for these texts."""
    if sum(map(len, _written(file))) + sum(map(len, texts)) > TEXT_LIMIT:
        raise Refused("TOO_MANY_ENTRIES", what="characters", limit=TEXT_LIMIT)


def _feedbacks(file: CaseFile, *, of_answers: bool) -> list[Feedback]:
    return [one for one in file.feedbacks if bool(one.answer_id) is of_answers]


def _written(file: CaseFile) -> Iterator[str]:
    yield from (one.text for one in file.answers)
    # Those of results are few, and never in the way of a resolution.
    yield from (one.note for one in _feedbacks(file, of_answers=True))
    for look in file.verifications:
        yield from (look.place, look.findings)
    yield from (one.reason for one in file.promise_moves)
    yield from (one.words for one in file.callbacks)
    yield from (one.reason for one in file.withdrawals)
    for referral in file.referrals:
        yield from (referral.body, referral.reference, referral.reason, referral.result)
    yield from (one.findings for one in file.reviews)
    for meeting in file.meetings:
        yield from (meeting.decisions, *meeting.participants, *meeting.unit_ids)

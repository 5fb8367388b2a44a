"""How much a case file takes: it is read and sent whole, in one message of a bounded size.

Comments and attachments have bounds of their own, so that what the reporter says takes no room
from those who handle the case. What other services add isn't refused here: of tasks and clocks
those that matter most are shown, and the others counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from enum import StrEnum

from chassis.errors import Refused
from services.intake.domain.values import (
    WORK_ORDER_COMPLETED,
    CaseFile,
    Clock,
    Feedback,
    WorkOrder,
)

# Characters of all that is written down about a case, its comments apart.
TEXT_LIMIT = 250_000


# Ties to other cases, and persons whom it is about.
LINKS_LIMIT = 200
PERSONS_LIMIT = 50

# What a file shows of routing's tasks and sla's clocks, tasks also by their characters.
WORK_ORDERS_SHOWN, TASK_TEXT_SHOWN = 200, 60_000
CLOCKS_SHOWN = 500
_GOES_ON = frozenset({"RUNNING", "PAUSED"})


class Entry(StrEnum):
    """What a file takes a bounded number of; the codes that TOO_MANY_ENTRIES names."""

    ANSWERS = "ANSWERS"
    FEEDBACKS = "FEEDBACKS"
    RESULTS_FED_BACK = "RESULT_FEEDBACKS"
    VERIFICATIONS = "VERIFICATIONS"
    PROMISE_MOVES = "PROMISE_MOVES"
    CALLBACKS = "CALLBACKS"
    WITHDRAWALS = "WITHDRAWALS"
    REFERRALS = "REFERRALS"
    REVIEWS = "REVIEWS"
    MEETINGS = "MEETINGS"
    LINKS = "LINKS"
    PERSONS = "ABOUT_PERSONS"


_CHARACTERS = "CHARACTERS"

# As the sentence has them, in Chinese and in English.
_CALLED: Mapping[str, tuple[str, str]] = {
    Entry.ANSWERS: ("答复", "answers"),
    Entry.FEEDBACKS: ("答复反馈记录", "feedbacks of answers"),
    Entry.RESULTS_FED_BACK: ("办理结果反馈记录", "feedbacks of results"),
    Entry.VERIFICATIONS: ("现场核查记录", "verifications"),
    Entry.PROMISE_MOVES: ("承诺调整记录", "moves of a promise"),
    Entry.CALLBACKS: ("回访记录", "callbacks"),
    Entry.WITHDRAWALS: ("撤回记录", "withdrawals"),
    Entry.REFERRALS: ("转办记录", "referrals"),
    Entry.REVIEWS: ("复核记录", "reviews"),
    Entry.MEETINGS: ("协调会记录", "meetings"),
    Entry.LINKS: ("关联", "links"),
    Entry.PERSONS: ("被反映人", "persons whom it is about"),
    _CHARACTERS: ("记录字数", "characters"),
}


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
    Entry.LINKS: (LINKS_LIMIT, lambda file: file.links),
    Entry.PERSONS: (PERSONS_LIMIT, lambda file: file.case.about_persons),
}


def check_room(file: CaseFile, entry: Entry, *texts: str) -> None:
    """Raises Refused TOO_MANY_ENTRIES when a file can't take one more entry of these texts."""
    check_number(file, entry)
    check_text(file, *texts)


def check_number(file: CaseFile, entry: Entry, more: int = 1) -> None:
    """Raises Refused TOO_MANY_ENTRIES when a file would have more of a kind than it takes."""
    limit, there = _LIMITS[entry]
    if len(there(file)) + more > limit:
        raise _full(entry, limit)


def check_text(file: CaseFile, *texts: str) -> None:
    """Raises Refused TOO_MANY_ENTRIES when a file has no room for these texts."""
    if sum(map(len, _written(file))) + sum(map(len, texts)) > TEXT_LIMIT:
        raise _full(_CHARACTERS, TEXT_LIMIT)


def work_orders_shown(orders: Sequence[WorkOrder]) -> tuple[WorkOrder, ...]:
    """Returns the tasks that a file shows, in its order: the open ones, then the newest.

    WORK_ORDERS_SHOWN at most, of TASK_TEXT_SHOWN characters in all.
    """
    newest_first = orders[::-1]
    first = sorted(newest_first, key=lambda one: one.state == WORK_ORDER_COMPLETED)
    shown: set[str] = set()
    characters = 0
    for one in first[:WORK_ORDERS_SHOWN]:
        characters += len(one.task)
        if characters > TASK_TEXT_SHOWN:
            break
        shown.add(one.work_order_id)
    return tuple(one for one in orders if one.work_order_id in shown)


def clocks_shown(clocks: Sequence[Clock]) -> tuple[Clock, ...]:
    """Returns the clocks that a file shows, in its order: those that go on, then the newest.

    CLOCKS_SHOWN at most.
    """
    newest_first = clocks[::-1]
    first = sorted(newest_first, key=lambda one: one.state not in _GOES_ON)
    shown = {one.clock_id for one in first[:CLOCKS_SHOWN]}
    return tuple(one for one in clocks if one.clock_id in shown)


def _full(what: str, limit: int) -> Refused:
    zh, en = _CALLED[what]
    return Refused("TOO_MANY_ENTRIES", what=what, what_zh=zh, what_en=en, limit=limit)


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

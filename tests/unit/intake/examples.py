"""Cases and acts to try rules on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.intake.domain import commands
from services.intake.domain.transitions import Act
from services.intake.domain.values import (
    Answer,
    AnswerKind,
    Case,
    CaseFile,
    CaseKind,
    CaseState,
    Channel,
    Confidentiality,
    Feedback,
    FeedbackWay,
    Outcome,
    Reporter,
    ReporterKind,
    Urgency,
)

ZONE = ZoneInfo("Asia/Shanghai")
# Mon 2026-11-23 09:00 at the mine.
SPOKEN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NOW = SPOKEN + timedelta(hours=3)
ACT = Act("s-1", NOW)
TOLD = commands.GivenFeedback(FeedbackWay.TOLD, None, "")

REPORTER = Reporter(ReporterKind.EMPLOYEE, Confidentiality.NAMED, name="样例", person_code="w-7")

APPEAL = commands.RegisterCase(
    site_id="yuwu",
    text="淋浴头坏了",
    channel=Channel.DESK,
    reporter=REPORTER,
    place="",
    post_id="canteen",
    unit_id="bath",
    kind=CaseKind.REQUEST,
    category="",
    urgency=Urgency.NORMAL,
    occurred_time=SPOKEN,
    receiver="",
    slip_number="",
    links=(),
)


def case(**changes: Any) -> Case:
    """A case just registered; `changes` replace its fields."""
    usual = Case(
        case_id="0190a5d0-0000-7000-8000-000000000001",
        site_id="yuwu",
        number="YW-20261123-0001",
        state=CaseState.REGISTERED,
        kind=CaseKind.REQUEST,
        category="OTHER",
        channel=Channel.DESK,
        post_id="canteen",
        place="南风井食堂",
        unit_id="bath",
        text="淋浴头坏了",
        urgency=Urgency.NORMAL,
        reporter_kind=ReporterKind.EMPLOYEE,
        confidentiality=Confidentiality.NAMED,
        occurred_time=SPOKEN,
        record_time=SPOKEN,
        cycle_start_time=SPOKEN,
        receiver="c-1",
        slip_number="",
        accountable="position:DISPATCH_ROOM",
        next_wake_time=NOW + timedelta(hours=5),
        version=1,
    )
    return replace(usual, **changes)


def answer(**changes: Any) -> Answer:
    """An answer of the first cycle that has not been fed back."""
    usual = Answer("a-1", AnswerKind.FIRST_REPLY, "已派人", None, NOW, "c-1", 1, None)
    return replace(usual, **changes)


def attempt(hours: float, *, cycle: int = 1) -> Feedback:
    """A try in vain, some hours after the appeal."""
    instant = SPOKEN + timedelta(hours=hours)
    return Feedback(FeedbackWay.ATTEMPT, instant, "", "a-1", cycle, "c-1")


def file(*answers: Answer, feedbacks: tuple[Feedback, ...] = (), **changes: Any) -> CaseFile:
    """A case file with these answers; `changes` are the case's."""
    return CaseFile(case(**changes), ZONE, answers=answers, feedbacks=feedbacks)


def resolved_file(**changes: Any) -> CaseFile:
    """The file of a case that waits for its reporter."""
    usual: dict[str, Any] = {
        "state": CaseState.RESOLVED,
        "resolution": "已更换",
        "proposed_outcome": Outcome.SOLVED,
        "resolve_time": NOW,
        "resolve_record_time": NOW,
        "steward": "s-1",
        "accountable": "s-1",
    }
    return file(answer(fed_back_time=NOW), **(usual | changes))

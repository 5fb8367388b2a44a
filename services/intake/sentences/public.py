"""What whoever follows a case by its code reads of its history: what was done, and nobody's name.

Only what concerns the reporter is in the list; names, units, reasons and words stay with those who
handle the case. Answers, comments and deadlines stand beside the history, in full.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2 as pb
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.errors import ENGLISH
from services.intake.domain.values import Step
from services.intake.sentences import labels

# A reporter reads no more; the newest are kept.
LIMIT = 200

# What the reporter waits for; of other deadlines only those who handle the case read. The query
# that lists the steps leaves others out as well.
_OWED = frozenset(
    {
        sla_pb2.CLOCK_KIND_FIRST_REPLY,
        sla_pb2.CLOCK_KIND_PLAN,
        sla_pb2.CLOCK_KIND_PROGRESS,
        sla_pb2.CLOCK_KIND_RESOLUTION,
    }
)

# The fact's payload → its sentence in Chinese and in English; None where it is nobody's business.
_Tell = Callable[[Any], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One step as whoever follows the case reads it."""

    occurred_time: datetime
    sentence: str


def tell(steps: Sequence[Step], language: str) -> list[PublicStep]:
    """Returns the steps that are told, in their order, in the caller's language."""
    told = []
    for step in steps:
        kind, sentences = _TABLE[step.type]
        try:
            found = sentences(kind.FromString(step.payload))
        except DecodeError:
            # A newer peer's fact: the history goes on without it.
            continue
        if found is not None:
            sentence = found[1] if language == ENGLISH else found[0]
            told.append(PublicStep(step.occurred_time, sentence))
    return told


def _label(enum: Any, number: int) -> tuple[str, str]:
    value = enum.DESCRIPTOR.values_by_number.get(number)
    name = "" if value is None else value.name
    return labels.CHINESE.get(name, ""), labels.ENGLISH.get(name, "")


def _always(zh: str, en: str) -> _Tell:
    return lambda _: (zh, en)


def _day(day: Date) -> str:
    return f"{day.year}-{day.month:02d}-{day.day:02d}"


def _answered(m: intake.CaseAnswered) -> tuple[str, str]:
    zh, en = _label(pb.AnswerKind, m.kind)
    return f"已给出{zh}。", f"The window has given its {en}."


def _promise_moved(m: intake.CasePromiseMoved) -> tuple[str, str]:
    before, now = _day(m.previous_promised_date), _day(m.promised_date)
    return (
        f"承诺办结日期由 {before} 调整为 {now}。",
        f"The promised date was moved from {before} to {now}.",
    )


def _confirmed(m: intake.CaseConfirmed) -> tuple[str, str] | None:
    if not m.counts:
        return None
    return "已收到对办理结果的确认。", "The result was confirmed."


def _closed(m: intake.CaseClosed) -> tuple[str, str]:
    zh, en = _label(pb.Outcome, m.outcome)
    if m.master_number:
        return (
            f"与诉求 {m.master_number} 是同一事项，并入后继续办理，结果会另行告知。",
            f"It is the same matter as case {m.master_number}, which goes on in its place.",
        )
    return f"已销号：{zh}。", f"The case was closed: {en}."


def _withdrawn(m: intake.CaseWithdrawn) -> tuple[str, str] | None:
    if not m.counts:
        return None
    return "诉求已撤回，等待销号。", "The appeal was withdrawn."


def _split(m: intake.CaseSplit) -> tuple[str, str]:
    return (
        f"其中另一事项已另立诉求 {m.new_number} 办理。",
        f"A second matter in it has a case of its own: {m.new_number}.",
    )


def _breached(m: sla.ClockBreached) -> tuple[str, str] | None:
    if m.clock.kind not in _OWED:
        return None
    zh, en = _label(sla_pb2.ClockKind, m.clock.kind)
    return f"{zh}已超时限。", f"The {en} is late."


def _master_moved(m: intake.CaseMasterMoved) -> tuple[str, str]:
    zh, en = _label(pb.CaseState, m.master_state)
    return (
        f"并入的诉求 {m.master_number}：{zh}。",
        f"Case {m.master_number}, which goes on in its place: {en}.",
    )


def _assigned(m: routing.CaseAssigned) -> tuple[str, str] | None:
    # A position that has it meanwhile is nobody in person.
    if not m.steward or m.previous == m.steward:
        return None
    return "已明确包保责任人。", "It was assigned."


_SENTENCES: Mapping[type[Message], _Tell] = {
    intake.CaseRegistered: _always("诉求已登记。", "The appeal was registered."),
    intake.CaseVerified: _always("已到现场核查。", "Someone went and looked."),
    intake.CaseAnswered: _answered,
    intake.CasePromiseMoved: _promise_moved,
    intake.CaseResolved: _always(
        "已办结，请确认办理结果。", "It is done, the window says; your word is awaited."
    ),
    intake.CaseConfirmed: _confirmed,
    intake.CaseRejected: _always(
        "办理结果未获认可，重新办理。", "The result was rejected; it is worked on again."
    ),
    intake.CaseClosed: _closed,
    intake.CaseReopened: _always("重新办理。", "The case was reopened."),
    intake.CaseReferred: _always(
        "已转由其他单位办理，等待结果。", "Another body has it; its result is awaited."
    ),
    intake.CaseReferralResulted: _always(
        "转办单位已反馈结果。", "The other body's result is known."
    ),
    intake.CaseReviewed: _always("领导已复核。", "The result was reviewed."),
    intake.CaseWithdrawn: _withdrawn,
    intake.CaseAmended: _always("登记内容已更正。", "What was registered was corrected."),
    intake.CaseMeetingRecorded: _always(
        "相关单位已召开协调会。", "The units concerned have met about it."
    ),
    intake.CaseSplit: _split,
    intake.CaseCodeReissued: _always("已补发凭证号。", "A new receipt code was issued."),
    intake.CaseMasterMoved: _master_moved,
    routing.CaseAssigned: _assigned,
    routing.CaseAccepted: _always("责任人已接办。", "Whoever it was assigned to has taken it."),
    routing.CaseEscalated: _always("已提交上一级处理。", "The next level was asked to act."),
    routing.WorkOrdersDispatched: _always("已派单办理。", "Tasks were given out."),
    routing.JointSurveyRecorded: _always(
        "相关单位已到现场联合查看。", "The units concerned looked at it together."
    ),
    sla.ClockBreached: _breached,
    sla.ClocksPaused: _always("已暂停计时。", "Its clocks stand still."),
    sla.ClocksResumed: _always("已恢复计时。", "Its clocks run again."),
}

_TABLE: Mapping[str, tuple[type[Message], _Tell]] = {
    kind.DESCRIPTOR.full_name: (kind, sentence) for kind, sentence in _SENTENCES.items()
}

# Types of the facts that are told.
TYPES = tuple(_TABLE)

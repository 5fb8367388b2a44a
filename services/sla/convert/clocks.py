"""Clocks and the words about them → messages, and the words back."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_pb2, sla_policy_pb2
from services.sla.domain.acts import AnswerKind, FlagKind
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import (
    AmendmentCause,
    ClockKind,
    ClockState,
    Consequence,
    DayEnd,
    PauseReason,
)

E = TypeVar("E", bound=StrEnum)
V = TypeVar("V", bound=int)
V_co = TypeVar("V_co", bound=int, covariant=True)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _ProtoEnum(Protocol[V_co]):
    def Value(self, name: str) -> V_co: ...  # noqa: N802 - the name that protobuf gives it


class Words(Generic[E, V]):
    """One of the domain's enums beside that of the protos, which has the same words."""

    def __init__(self, words: type[E], enum: _ProtoEnum[V], prefix: str) -> None:
        self.words = words
        self._numbers: dict[E, V] = {word: enum.Value(f"{prefix}{word}") for word in words}
        self._words: dict[int, E] = {int(number): word for word, number in self._numbers.items()}

    def number(self, word: E) -> V:
        """Returns the word as messages have it."""
        return self._numbers[word]

    def word(self, number: int) -> E:
        """Returns the word of a message; ValueError where it has none, as for UNSPECIFIED."""
        try:
            return self._words[number]
        except KeyError:
            raise ValueError(f"{self.words.__name__} UNSPECIFIED or unknown: {number}") from None


KINDS = Words(ClockKind, sla_pb2.ClockKind, "CLOCK_KIND_")
STATES = Words(ClockState, sla_pb2.ClockState, "CLOCK_STATE_")
CONSEQUENCES = Words(Consequence, sla_pb2.Consequence, "CONSEQUENCE_")
PAUSE_REASONS = Words(PauseReason, sla_pb2.PauseReason, "PAUSE_REASON_")
AMENDMENT_CAUSES = Words(AmendmentCause, sla_pb2.AmendmentCause, "AMENDMENT_CAUSE_")
DAY_ENDS = Words(DayEnd, sla_policy_pb2.DayEnd, "DAY_END_")
ANSWER_KINDS = Words(AnswerKind, intake_pb2.AnswerKind, "ANSWER_KIND_")
FLAGS = Words(FlagKind, intake_pb2.CaseFlag, "CASE_FLAG_")


def clock_message(clock: Clock) -> sla_pb2.Clock:
    """Returns a clock as callers and consumers see it, without its excuse."""
    message = sla_pb2.Clock()
    fill_clock(message, clock)
    return message


def fill_clock(message: sla_pb2.Clock, clock: Clock) -> None:
    """Writes a clock into an empty field of another message.

    In place, which costs half of what messages do that are copied into their fields; clocks are
    written by the thousand when they fall due together.
    """
    message.clock_id = clock.clock_id
    if clock.kind is not ClockKind.OUTREACH:
        message.case_id = clock.subject_id
    message.site_id = clock.site_id
    message.kind = KINDS.number(clock.kind)
    message.cycle = clock.cycle
    message.reference = clock.reference
    _put(message.start_time, clock.start_time)
    _put(message.due_time, clock.due_time)
    message.state = STATES.number(clock.state)
    message.provisional = clock.provisional
    message.policy_version = clock.policy_version
    message.calendar_version = clock.calendar_version
    message.rule = clock.rule.name
    message.born_breached = clock.born_breached
    if clock.warn_time is not None:
        _put(message.warn_time, clock.warn_time)
    if clock.warned_time is not None:
        _put(message.warned_time, clock.warned_time)
    if clock.breach_time is not None:
        _put(message.breach_time, clock.breach_time)
    if clock.stop_time is not None:
        _put(message.stop_time, clock.stop_time)
    for span in clock.pauses:
        pause = message.pauses.add()
        _put(pause.start_time, span.start)
        if span.end is not None:
            _put(pause.end_time, span.end)


def _put(field: Timestamp, time: datetime) -> None:
    passed = time - _EPOCH
    field.seconds = passed.days * 86_400 + passed.seconds
    field.nanos = passed.microseconds * 1_000

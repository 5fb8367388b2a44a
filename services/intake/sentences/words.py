"""What the sentences of both languages are made of: names, days, instants, labels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_marks_pb2
from backstop.routing.v1 import routing_facts_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import to_datetime, to_timedelta, to_timestamp

# (the fact's payload, the words) → a sentence. The payload is of the type it is listed under,
# which no annotation can say for a whole table.
Sentence = Callable[[Any, "Words"], str]

# Clocks that fire and run on to their next deadline.
_COME_AGAIN = (
    sla_pb2.CLOCK_KIND_REMINDER,
    sla_pb2.CLOCK_KIND_REVIEW,
    sla_pb2.CLOCK_KIND_OUTREACH,
)


def same_hands(m: routing_facts_pb2.CaseAssigned) -> bool:
    """Tells whether an assignment leaves the case with whom it was; its reasons tell why.

    One given by hand is an assignment, whoever had it. A position is the one before only of a case
    that stays with it: where a person gets it, nobody is named.
    """
    if m.assigned_by or not m.previous or not m.reasons:
        return False
    return bool(m.previous == m.steward or (not m.steward and m.previous.startswith("position:")))


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its sentences by fact type, and the words the types share.

    `labels` are enum values by their full name ("CHANNEL_DESK"); `roles` are those who act under
    no name of their own; `instant` formats (local date, "HH:MM").
    """

    sentences: Mapping[type[Message], Sentence]
    labels: Mapping[str, str]
    roles: Mapping[str, str]
    instant: Callable[[datetime, str], str]
    day: Callable[[Date], str]
    joiner: str
    nobody: str
    unknown: Callable[[str, str], str]
    types: Mapping[str, type[Message]] = field(init=False)

    def __post_init__(self) -> None:
        types = {kind.DESCRIPTOR.full_name: kind for kind in self.sentences}
        object.__setattr__(self, "types", types)


@dataclass(frozen=True, slots=True)
class Words:
    """Turns codes and values into what people say, in one language and one site's time.

    `by` is who recorded the fact in hand.
    """

    names: Mapping[tuple[str, str], str]
    zone: ZoneInfo
    language: Language
    by: str = ""

    def actor(self) -> str:
        """Names whoever recorded the fact."""
        return self.who(self.by)

    def who(self, code: str) -> str:
        """Names a person, a "position:<id>", a "unit:<id>", a service or a reporter."""
        if not code:
            return self.language.nobody
        kind, colon, rest = code.partition(":")
        if not colon:
            known = self.language.roles.get(code)
            return known or self.names.get(("person", code)) or code
        if kind in ("position", "unit"):
            # The dispatch room has no entry of its own in every directory.
            named = self.names.get((kind, rest)) or self.language.roles.get(code)
            return named or rest
        return self.language.roles.get(kind, rest)

    def people(self, codes: Any) -> str:
        """Names several."""
        return self.language.joiner.join(self.who(code) for code in codes)

    def unit(self, code: str) -> str:
        """Names a unit."""
        return self.names.get(("unit", code)) or code

    def units(self, codes: Any) -> str:
        """Names several units."""
        return self.language.joiner.join(self.unit(code) for code in codes)

    def category(self, code: str) -> str:
        """Names a category."""
        return self.names.get(("category", code)) or code

    def position(self, code: str) -> str:
        """Names a position."""
        return self.who(f"position:{code}")

    def post(self, code: str) -> str:
        """Names a post."""
        return self.names.get(("post", code)) or code

    def instant(self, value: Timestamp) -> str:
        """Writes an instant in the site's time; midnight is 24:00 of the day that ends."""
        local = to_datetime(value).astimezone(self.zone)
        if local.time() == time(0):
            return self.language.instant(local - timedelta(days=1), "24:00")
        return self.language.instant(local, f"{local:%H:%M}")

    def missed(self, breach: sla_facts_pb2.ClockBreached) -> Timestamp:
        """Returns the deadline a breach is of.

        A clock that comes again shows its next one already, and when the one before was noticed.
        """
        clock = breach.clock
        if clock.kind not in _COME_AGAIN or not clock.HasField("breach_time"):
            return clock.due_time
        return to_timestamp(to_datetime(clock.breach_time) - to_timedelta(breach.detected_late_by))

    def day(self, value: Date) -> str:
        """Writes a day."""
        return self.language.day(value)

    def case(self, case_id: str) -> str:
        """Returns the number of another case; empty when it isn't known."""
        return self.names.get(("case", case_id), "")

    def field(self, name: str) -> str:
        """Names a field that can be amended."""
        return self.language.labels.get(f"FIELD_{name}", name)

    def amended(self, change: intake_marks_pb2.Amendment) -> tuple[str, str]:
        """Writes what a field was and what it is.

        Both are empty of one whose values are no codes and no single words.
        """
        tell: Callable[[str], str]
        match change.field:
            case "place":
                tell = str
            case "unit_id":
                tell = self.unit
            case "post_id":
                tell = self.post
            case "category":
                tell = self.category
            case "kind" | "urgency":
                tell = partial(self._word, "CASE_KIND" if change.field == "kind" else "URGENCY")
            case _:
                return "", ""
        return tell(change.previous_value), tell(change.value)

    def _word(self, enum: str, name: str) -> str:
        return self.language.labels.get(f"{enum}_{name}", name)

    def problem(self, code: str) -> str:
        """Says why a message didn't go out; a mail server's own answer stays a code."""
        return self.language.labels.get(f"PROBLEM_{code}", code)

    def label(self, message: Message, name: str) -> str:
        """Writes the enum value in a field; its bare name where the language has no word."""
        enum = message.DESCRIPTOR.fields_by_name[name].enum_type
        number = getattr(message, name)
        value = None if enum is None else enum.values_by_number.get(number)
        if value is None:
            return str(number)
        return self.language.labels.get(value.name, value.name)

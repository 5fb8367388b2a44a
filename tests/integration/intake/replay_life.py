"""A case that random things happen to, and the values that are drawn for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeAlias

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_date_message, to_timestamp
from services.intake.domain.times import local_day
from tests.integration.intake.window import Window
from tests.unit.intake.examples import ZONE

PEOPLE = ("c-1", "s-1", "p-1", "p-2", "p-3")
# Have no hand in anything until they verify for the director.
VERIFIERS = tuple(f"v-{number}" for number in range(9))
CLOCKS = ("FIRST_REPLY", "PLAN", "RESOLUTION", "REMINDER", "PAUSE")

# (request, role, who calls): None for nobody.
Act: TypeAlias = tuple[Message, str | None, str]
Try: TypeAlias = "Callable[[Life, pb.Case], Act]"
Tell: TypeAlias = "Callable[[Life, pb.Case], Message]"


def people_directory() -> routing.DirectoryPublished:
    """The small mine with more people in it."""
    return routing.DirectoryPublished(
        directory=routing_pb2.Directory(
            site_id="yuwu",
            name="样例矿",
            number_prefix="YW",
            units=[
                routing_pb2.Unit(unit_id=unit, name=unit, kind=routing_pb2.UNIT_KIND_TEAM)
                for unit in ("bath", "south")
            ],
            people=[
                routing_pb2.Person(person_id=one, name=f"样例{one}")
                for one in (*PEOPLE, *VERIFIERS)
            ],
            posts=[routing_pb2.Post(post_id="canteen", name="食堂", place="南风井食堂门口")],
            categories=[routing_pb2.Category(category_id="BATHING", name="洗浴")],
        )
    )


@dataclass
class Life:
    """One case that random things happen to; `others` are cases it may be tied to."""

    window: Window
    random: Random
    made: registration.RegisterCaseResponse
    others: list[str]
    orders: list[str] = field(default_factory=list)
    bag: list[Tell] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def case_id(self) -> str:
        return str(self.made.case.case_id)

    def one(self, *of: Any) -> Any:
        """One of some, or of the codes of people."""
        return self.random.choice(of or PEOPLE)

    def at(self) -> Timestamp:
        """An instant of the next days."""
        return to_timestamp(datetime.now(UTC) + timedelta(seconds=self.random.randint(60, 400_000)))

    def photos(self) -> list[marks.Attachment]:
        return [
            marks.Attachment(reference=f"photos/{self.count}-{number}.jpg", sha256="ab" * 32)
            for number in range(self.random.randint(0, 2))
        ]

    def day(self) -> Any:
        today = local_day(datetime.now(UTC), ZONE)
        return to_date_message(today + timedelta(days=self.random.randint(1, 30)))

    def order(self, **fields: Any) -> routing_pb2.WorkOrder:
        usual: dict[str, Any] = {
            "unit_id": self.one("bath", "south"),
            "lead": self.one(True, False),
            "task": f"任务{self.count}",
            "dispatch_time": self.at(),
            "deadline_time": self.at(),
            "state": routing_pb2.WORK_ORDER_STATE_DISPATCHED,
        }
        return routing_pb2.WorkOrder(**usual | fields)

    def clock(self, kind: str = "") -> sla_pb2.Clock:
        kind = kind or self.one(*CLOCKS)
        states = ("RUNNING", "RUNNING", "MET", "BREACHED", "CANCELLED")
        clock = sla_pb2.Clock(
            clock_id=f"{kind}-{self.random.randint(1, 2)}",
            kind=sla_pb2.ClockKind.Value(f"CLOCK_KIND_{kind}"),
            cycle=1,
            start_time=self.made.case.record_time,
            due_time=self.at(),
            state=sla_pb2.ClockState.Value(f"CLOCK_STATE_{self.one(*states)}"),
            provisional=self.one(True, False),
        )
        if self.one(True, False):
            clock.breach_time.CopyFrom(clock.due_time)
        return clock

    def clocks(self) -> dict[str, Any]:
        """What most of sla's facts are made of."""
        found = {one.clock_id: one for one in (self.clock(), self.clock())}
        fields: dict[str, Any] = {"case_id": self.case_id, "clocks": found.values()}
        return fields | ({"next_wake_time": self.at()} if self.one(True, False) else {})

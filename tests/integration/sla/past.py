"""A site's past of known cases, lived through at their very times.

Each timer fired when it was due, and the case climbed the moment it had to. They are of a March in
which no law knew a holiday.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from services.sla.domain import transitions
from services.sla.domain.acts import (
    Act,
    Answered,
    AnswerKind,
    Assigned,
    Closed,
    Completed,
    Confirmed,
    Dispatched,
    DispatchedOrder,
    Elapsed,
    Escalated,
    Instructed,
    Logged,
    Moment,
    Paused,
    Registered,
    Rejected,
    Resolved,
    Resumed,
)
from services.sla.domain.clocks import Clock
from services.sla.domain.docket import Change, File
from services.sla.domain.kinds import Consequence, PauseReason
from services.sla.domain.policy import Profile
from services.sla.domain.replay import LadderLevel
from services.sla.store import files
from services.sla.store.terms import default_terms
from tests.integration.sla.conftest import SITE, Sla

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = date(2025, 3, 3)
COUNT = 300
# As the site's directory has it.
LADDER = (LadderLevel(1), LadderLevel(0, 4 * HOUR), LadderLevel(1))
# Nothing but reminders comes later.
QUIET = datetime(2025, 7, 1, tzinfo=UTC)


@dataclass
class Life:
    """A case that is lived through without any delay."""

    case_id: str
    steps: list[tuple[Change, Logged]] = field(default_factory=list)
    live: dict[str, Clock] = field(default_factory=dict)
    file: File | None = None

    def act(self, act: Act, now: datetime) -> None:
        terms, serial = default_terms(), len(self.steps)
        moment = Moment(now, now, serial)
        change = transitions.apply(self.file, act, terms, moment, SITE, self.case_id)
        self.steps.append((change, Logged(act, moment, 1, 1, "p-1", type(act).__name__)))
        for clock in change.clocks:
            self.live.pop(clock.clock_id, None)
            if clock.live:
                self.live[clock.clock_id] = clock
        self.file = File(change.case, tuple(self.live.values()))
        if any(verdict.consequence is Consequence.LADDER for verdict in change.fired):
            self.climb(now)

    @property
    def level(self) -> int:
        return self.file.case.level if self.file else 0

    def climb(self, now: datetime) -> None:
        assert self.file is not None
        case, top = self.file.case, len(LADDER)
        if case.level >= top and case.at_ladder_end:
            return
        number = min(case.level + 1, top)
        level = LADDER[number - 1]
        escalated = Escalated(
            cycle=case.cycle,
            number=number,
            dwell_working_days=level.working_days,
            top=number == top,
            fallback=False,
            time=now,
            dwell_working_time=level.working_time,
            accountable=f"level-{number}",
        )
        self.act(escalated, now)

    def until(self, time: datetime) -> None:
        while self.file is not None:
            wake = self.file.case.next_wake_time
            if wake is None or wake > time:
                return
            self.act(Elapsed(), wake)


@dataclass(frozen=True)
class Known:
    """What is known of a case by how it was made: spoken on a working day, planned on another."""

    case_id: str
    spoken: date
    planned: date
    steward: str
    paused: bool

    def in_time(self, days: int, *closed: date) -> bool:
        """Tells whether its plan came within so many working days, counted on the fingers."""
        working = [
            day
            for number in range(1, 40)
            if (day := self.spoken + number * DAY).weekday() < 5 and day not in closed
        ]
        return self.planned <= working[days - 1]


def weekday(number: int) -> date:
    """Returns the working day that comes so many after that Monday."""
    return MONDAY + (number // 5 * 7 + number % 5) * DAY


def at(day: date, hour: float) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
    return midnight + hour * HOUR


@cache
def lives() -> Sequence[tuple[Known, Life]]:
    """Makes cases whose plans came one to six working days after they were spoken."""
    dice = random.Random(20250303)
    found = []
    for number in range(COUNT):
        spoken = number // 6 % 15
        late = 1 + number % 6
        known = Known(
            case_id=f"case-{number:04}",
            spoken=weekday(spoken),
            planned=weekday(spoken + late),
            steward=f"p-{number % 4}",
            paused=dice.random() < 0.15,
        )
        life = Life(known.case_id)
        for act in sorted(people(number, known, dice), key=lambda act: act.time):
            life.until(act.time)
            # A level that has no case has nothing to say.
            if life.level or not isinstance(act, Instructed):
                life.act(act, act.time)
        life.until(QUIET)
        found.append((known, life))
    return found


def people(number: int, known: Known, dice: random.Random) -> list[Any]:
    """What people did about a case."""
    spoken = at(known.spoken, 9)
    planned = at(known.planned, 10)
    unit = f"unit-{number % 3}"
    acts: list[Any] = [
        Registered(spoken, Profile("living", "REQUEST", "NORMAL"), unit, number % 50 == 0),
        Assigned(unit, known.steward, known.steward, spoken + HOUR / 60),
        Answered(
            1, f"{number}-a", AnswerKind.FIRST_REPLY, None, spoken + dice.choice([2, 20]) * HOUR
        ),
        Answered(1, f"{number}-b", AnswerKind.PLAN, known.planned + 10 * DAY, planned),
    ]
    if dice.random() < 0.4:
        order = f"{number}-w"
        deadline = spoken + dice.choice([3, 8]) * DAY
        acts += [
            Dispatched((DispatchedOrder(order, deadline),), spoken + 3 * HOUR),
            Completed(order, spoken + 6 * DAY),
        ]
    if known.paused:
        start = spoken + dice.choice([1, 25]) * HOUR
        acts.append(Paused(PauseReason.FORCE_MAJEURE, start, start + 12 * DAY, "样例", "p-8"))
        if dice.random() < 0.5:
            acts.append(Resumed(start + 30 * HOUR))
    if dice.random() < 0.3:
        acts.append(Instructed(1, known.steward, planned + 2 * DAY))
    if dice.random() < 0.1:
        return acts
    resolved = planned + dice.choice([1, 4, 9]) * DAY
    acts.append(Resolved(resolved, resolved))
    if dice.random() < 0.2:
        again = resolved + dice.choice([1, 6]) * DAY
        acts += [
            Rejected(2, again),
            Answered(2, f"{number}-c", AnswerKind.PROGRESS, None, again + 5 * HOUR),
            Resolved(again + 2 * DAY, None),
        ]
        resolved = again + 2 * DAY
    said = resolved + dice.choice([1, 5]) * DAY
    return [*acts, Confirmed(1, said), Confirmed(2, said), Closed(said + HOUR)]


async def save(sla: Sla, made: Sequence[tuple[Known, Life]]) -> None:
    """Writes what was lived through, one step of all cases at a time."""
    async with sla.database.worker.connection() as connection:
        for rank in range(max(len(life.steps) for _, life in made)):
            await files.save(
                connection, [life.steps[rank] for _, life in made if rank < len(life.steps)]
            )

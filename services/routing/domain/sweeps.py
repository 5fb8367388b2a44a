"""Sweeps: one solved defect, looked for elsewhere (举一反三); each site has its own part of one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from chassis.errors import FieldViolation, Refused
from services.routing.domain.work_orders import Evidence


class SweepState(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Finding(StrEnum):
    """What a unit found where it looked."""

    NONE = "NONE"
    FOUND = "FOUND"
    FIXED = "FIXED"
    PLANNED = "PLANNED"


# Nothing is left to say after these.
FINAL = frozenset({Finding.NONE, Finding.FIXED})


@dataclass(frozen=True, slots=True)
class Target:
    """Where to look; `place` may be empty."""

    site_id: str
    unit_id: str
    place: str = ""

    @property
    def words(self) -> str:
        """Names it in a refusal."""
        return "/".join(part for part in (self.site_id, self.unit_id, self.place) if part)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a unit says about its task; `planned_date` is a local day of its site."""

    finding: Finding
    words: str
    planned_date: date | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepTask:
    """One unit's share. `answer` is the last one, None while it is owed; `late` is the first's."""

    task_id: str
    unit_id: str
    place: str
    answer: Answer | None = None
    answered_by: str = ""
    answer_time: datetime | None = None
    late: bool = False
    found_case_id: str = ""
    not_lasting_time: datetime | None = None

    @property
    def owed(self) -> bool:
        return self.answer is None

    @property
    def final(self) -> bool:
        """Tells whether nothing may be added to its answer."""
        return self.answer is not None and self.answer.finding in FINAL


@dataclass(frozen=True, slots=True)
class Sweep:
    """A site's part of a sweep, with the site's tasks; `due_date` is the last local day there.

    `case_site_id` is the site of the case that it starts from, `category` that case's.
    """

    sweep_id: str
    site_id: str
    case_id: str
    case_site_id: str
    category: str
    defect: str
    due_date: date
    opened_by: str
    open_time: datetime
    zone: ZoneInfo
    tasks: tuple[SweepTask, ...]
    state: SweepState = SweepState.OPEN
    closed_by: str = ""
    close_reason: str = ""
    close_time: datetime | None = None
    version: int = 0

    @property
    def open(self) -> bool:
        return self.state is SweepState.OPEN

    @property
    def owed_count(self) -> int:
        """Tasks that nobody has answered."""
        return sum(task.owed for task in self.tasks)

    def today(self, time: datetime) -> date:
        """Returns the local day of an instant at the site."""
        return time.astimezone(self.zone).date()

    def overdue(self, time: datetime) -> bool:
        """Tells whether its day is over, and tasks are owed."""
        return self.open and self.owed_count > 0 and self.today(time) > self.due_date


@dataclass(frozen=True, slots=True)
class Origin:
    """The solved case that a sweep starts from, and the defect as it is to be looked for."""

    case_id: str
    site_id: str
    category: str
    defect: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sweep has to know of a site in the caller's sight: units there today, the zone."""

    units: Collection[str]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the parts have got together."""

    answered: int
    total: int
    closed: bool
    overdue: bool
    close_time: datetime | None = None


def subject(sweep_id: str, site_id: str) -> str:
    """Returns the subject of a site's part."""
    return f"sweep/{sweep_id}/{site_id}"


def found_case_id(task_id: str) -> str:
    """Returns the id of the case that follows what a task found: always the same of one task.

    So a task that says FOUND again, or a fact that comes again, makes no second case.
    """
    return str(uuid5(UUID(task_id), "found"))


def aim(targets: Sequence[Target], case_site_id: str) -> list[Target]:
    """Returns targets with their sites named and places trimmed."""
    return [
        Target(target.site_id or case_site_id, target.unit_id, target.place.strip())
        for target in targets
    ]


def open_sweep(
    sweep_id: str,
    origin: Origin,
    targets: Sequence[Target],
    task_ids: Sequence[str],
    grounds: Mapping[str, Ground],
    due_date: date,
    opened_by: str,
    time: datetime,
) -> tuple[Sweep, ...]:
    """Returns a new sweep's parts by site, for targets from `aim`; one task id for each.

    `grounds` holds the sites in the caller's sight, that of the case among them. Raises Refused
    DEADLINE_IN_PAST and SWEEP_TARGET_UNKNOWN.
    """
    if due_date < time.astimezone(grounds[origin.site_id].zone).date():
        raise Refused("DEADLINE_IN_PAST", field="due_date")
    seen: set[Target] = set()
    tasks: dict[str, list[SweepTask]] = {}
    for target, task_id in zip(targets, task_ids, strict=True):
        ground = grounds.get(target.site_id)
        if ground is None or target.unit_id not in ground.units or target in seen:
            raise Refused("SWEEP_TARGET_UNKNOWN", target=target.words)
        seen.add(target)
        task = SweepTask(task_id, target.unit_id, target.place)
        tasks.setdefault(target.site_id, []).append(task)
    return tuple(
        Sweep(
            sweep_id=sweep_id,
            site_id=site_id,
            case_id=origin.case_id,
            case_site_id=origin.site_id,
            category=origin.category,
            defect=origin.defect,
            due_date=due_date,
            opened_by=opened_by,
            open_time=time,
            zone=grounds[site_id].zone,
            tasks=tuple(tasks[site_id]),
        )
        for site_id in sorted(tasks)
    )


def task_of(sweep: Sweep, task_id: str) -> SweepTask:
    """Returns a part's task; Refused SWEEP_TASK_NOT_FOUND."""
    for task in sweep.tasks:
        if task.task_id == task_id:
            return task
    raise Refused("SWEEP_TASK_NOT_FOUND", task_id=task_id)


def answer_task(
    sweep: Sweep, task_id: str, answer: Answer, answered_by: str, time: datetime
) -> Sweep:
    """Returns the part with a task answered; with the last one owed it is closed.

    Raises Refused SWEEP_TASK_NOT_FOUND, SWEEP_TASK_ANSWERED, SWEEP_CLOSED, INVALID_FIELD and
    DEADLINE_IN_PAST.
    """
    task = task_of(sweep, task_id)
    if task.final:
        raise Refused("SWEEP_TASK_ANSWERED", task_id=task_id)
    # What was found late in the day may still be put right, and said so.
    if not sweep.open and (task.owed or answer.finding is not Finding.FIXED):
        raise Refused("SWEEP_CLOSED", sweep_id=sweep.sweep_id)
    _check_planned(answer, sweep.today(time))
    answered = replace(
        task,
        answer=answer,
        answered_by=answered_by,
        answer_time=time,
        late=sweep.today(time) > sweep.due_date if task.owed else task.late,
    )
    tasks = tuple(answered if one.task_id == task_id else one for one in sweep.tasks)
    changed = replace(sweep, tasks=tasks)
    if changed.open and not changed.owed_count:
        return close(changed, answered_by, "", time)
    return changed


def close(sweep: Sweep, closed_by: str, reason: str, time: datetime) -> Sweep:
    """Returns the part closed; the reason is empty when every task was answered.

    Raises Refused SWEEP_CLOSED.
    """
    if not sweep.open:
        raise Refused("SWEEP_CLOSED", sweep_id=sweep.sweep_id)
    return replace(
        sweep,
        state=SweepState.CLOSED,
        closed_by=closed_by,
        close_reason=reason,
        close_time=time,
    )


def progress(parts: Sequence[Sweep], time: datetime) -> Progress:
    """Returns how far some parts of one sweep have got at an instant."""
    total = sum(len(part.tasks) for part in parts)
    closed = not any(part.open for part in parts)
    times = [part.close_time for part in parts if part.close_time is not None]
    return Progress(
        answered=total - sum(part.owed_count for part in parts),
        total=total,
        closed=closed,
        overdue=any(part.overdue(time) for part in parts),
        close_time=max(times) if closed and times else None,
    )


def _check_planned(answer: Answer, today: date) -> None:
    """Works planned have their day, and nothing else has."""
    if (answer.finding is Finding.PLANNED) != (answer.planned_date is not None):
        raise Refused(
            "INVALID_FIELD",
            fields=[FieldViolation("planned_date", "is required with PLANNED, and only then")],
            field="planned_date",
        )
    if answer.planned_date is not None and answer.planned_date < today:
        raise Refused("DEADLINE_IN_PAST", field="planned_date")

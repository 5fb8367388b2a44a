"""Whether a repair lasted: the same again within the site's days says that it didn't (复发)."""

from dataclasses import dataclass
from datetime import datetime

from services.routing.domain.directory import DEFAULT_RECURRENCE_DAYS, Site
from services.routing.domain.route import Route, RouteState

# What intake calls whatever fits none of a site's categories: two of these have nothing in common.
OTHER_CATEGORY = "OTHER"


@dataclass(frozen=True, slots=True)
class Appeal:
    """A new case, as far as it may show that a repair didn't last.

    `recurrence_of` are solved cases that it says to be the same; `found_for` are those whose sweep
    has found it, which is what a sweep is for. `sweep_id` is that sweep, empty for none.
    """

    case_id: str
    site_id: str
    unit_id: str
    category: str
    place: str
    time: datetime
    recurrence_of: tuple[str, ...] = ()
    found_for: tuple[str, ...] = ()
    sweep_id: str = ""

    @property
    def comparable(self) -> bool:
        """Tells whether others of its category are about the same kind of thing."""
        return self.category not in ("", OTHER_CATEGORY)


@dataclass(frozen=True, slots=True)
class Suspects:
    """Repairs that an appeal may speak against: cases, and tasks of sweeps."""

    case_ids: tuple[str, ...] = ()
    task_ids: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.case_ids or self.task_ids)


@dataclass(frozen=True, slots=True)
class FixedTask:
    """A sweep's task that was put right, and the case that its sweep starts from."""

    task_id: str
    sweep_id: str
    case_id: str
    case_site_id: str
    fix_time: datetime
    not_lasting_time: datetime | None = None


def days_after(site: Site, repair_time: datetime, appeal_time: datetime) -> int | None:
    """Returns the local days from a repair to an appeal.

    None when the appeal says nothing about the repair: it is of before, or too long after.
    """
    if appeal_time <= repair_time:
        return None
    days = (site.local(appeal_time).date() - site.local(repair_time).date()).days
    return days if days <= (site.rules.recurrence_days or DEFAULT_RECURRENCE_DAYS) else None


def route_again(site: Site, route: Route, appeal_time: datetime) -> int | None:
    """Returns the days that a case's repair lasted; None when it isn't known not to have.

    Told once of each repair: a case reopened and solved again has another.
    """
    solved = route.resolve_time
    if route.state is RouteState.OPEN or solved is None:
        return None
    if route.not_lasting_time is not None and route.not_lasting_time > solved:
        return None
    return days_after(site, solved, appeal_time)


def task_again(site: Site, task: FixedTask, appeal_time: datetime) -> int | None:
    """Returns the days that a sweep task's repair lasted; None as for a case."""
    if task.not_lasting_time is not None:
        return None
    return days_after(site, task.fix_time, appeal_time)

"""What publishing a site's lists has in common: their subjects, the lock, who came second."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from chassis.errors import FieldViolation, Refused
from chassis.work import Work
from services.routing.domain.changes import ListChange
from services.routing.domain.directory import Site
from services.routing.store import directory as sites

# Kinds of jobs: moving open cases to their new stewards, and giving a site the group's template.
HANDOVER = "handover"
TEMPLATE = "template"

# So many details fit into a refusal.
MOST_TOLD = 20

_TICK = timedelta(microseconds=1)

# Tells what is otherwise in a later version of a list than in an earlier one.
Changes: TypeAlias = Callable[[int, int], Awaitable[Sequence[ListChange]]]


def directory_subject(site_id: str) -> str:
    return f"directory/{site_id}"


def matrix_subject(site_id: str) -> str:
    return f"matrix/{site_id}"


def roster_subject(site_id: str) -> str:
    return f"roster/{site_id}"


async def hold_site(work: Work, site_id: str, subject: str) -> Site:
    """Locks a list together with the directory that it is checked against."""
    if not work.actor.may_see(site_id):
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    await work.lock(site_id, directory_subject(site_id), subject)
    site = await sites.load_site(work.connection, site_id)
    if site is None:
        raise Refused("DIRECTORY_NOT_FOUND", site_id=site_id)
    return site


async def next_time(work: Work, site_id: str) -> datetime:
    """Returns from when on a change of a held site's lists counts: after all changes before it.

    Whoever waited for a lock began before the one that had it, and may rely on what that one did;
    by the time of its own beginning it would have been in force before that.
    """
    last = await sites.last_change_time(work.connection, site_id)
    return work.time if last is None else max(work.time, last + _TICK)


async def expect(work: Work, subject: str, expected_version: int, changes: Changes) -> None:
    """Raises Refused VERSION_MISMATCH unless a list is as the caller saw it; 0 = any."""
    await expect_version(expected_version, work.version(subject), changes)


async def expect_version(expected_version: int, actual: int, changes: Changes) -> None:
    """The same for a version that is known; the refusal says what others changed meanwhile."""
    if expected_version in (0, actual):
        return
    meanwhile: Sequence[ListChange] = ()
    if expected_version < actual:
        meanwhile = await changes(expected_version, actual)
    raise Refused(
        "VERSION_MISMATCH",
        fields=[
            FieldViolation(f"{change.part}[{change.id}]", change.words)
            for change in meanwhile[:MOST_TOLD]
        ],
        expected=expected_version,
        actual=actual,
    )

"""What callers ask about a site's lists."""

from dataclasses import dataclass
from datetime import date

from services.routing.domain.directory import Category, Directory, Person, Position, Post, Unit
from services.routing.domain.matrix import Matrix, Responsibility
from services.routing.domain.roster import Roster
from services.routing.domain.template import Template


@dataclass(frozen=True, slots=True)
class PublishDirectory:
    """`directory` as the site wrote it; without `matrix` or `roster` those in force stay."""

    expected_version: int
    directory: Directory
    matrix: Matrix | None = None
    roster: Roster | None = None


@dataclass(frozen=True, slots=True)
class UpdateDirectory:
    """Entries to put in or replace by their codes, codes to take out, rows that go with them."""

    expected_version: int
    site_id: str
    units: tuple[Unit, ...] = ()
    people: tuple[Person, ...] = ()
    positions: tuple[Position, ...] = ()
    posts: tuple[Post, ...] = ()
    categories: tuple[Category, ...] = ()
    removed_unit_ids: tuple[str, ...] = ()
    removed_person_ids: tuple[str, ...] = ()
    removed_position_ids: tuple[str, ...] = ()
    removed_post_ids: tuple[str, ...] = ()
    removed_category_ids: tuple[str, ...] = ()
    responsibilities: tuple[Responsibility, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishGroupTemplate:
    expected_version: int
    template: Template


@dataclass(frozen=True, slots=True)
class TransferPerson:
    """`start_date` is the first day at the new site; `responsibilities` are of the old one."""

    from_site_id: str
    person_id: str
    to_site_id: str
    start_date: date
    to_person_id: str
    to_unit_id: str
    responsibilities: tuple[Responsibility, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishMatrix:
    expected_version: int
    matrix: Matrix


@dataclass(frozen=True, slots=True)
class PublishRoster:
    expected_version: int
    roster: Roster

"""A site's directory as far as intake keeps a copy of it; routing owns the original."""

from dataclasses import dataclass

from services.intake.domain.values import Site


@dataclass(frozen=True, slots=True)
class Unit:
    unit_id: str
    name: str
    kind: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Post:
    post_id: str
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Named:
    """A person, a position or a category: a code and what people call it.

    `belongs_to` is a person's unit, a category's parent in the group, or empty.
    """

    code: str
    name: str
    belongs_to: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """A site's directory as far as intake keeps it; `version` is that of its subject."""

    site: Site
    version: int
    units: tuple[Unit, ...]
    people: tuple[Named, ...]
    positions: tuple[Named, ...]
    posts: tuple[Post, ...]
    categories: tuple[Named, ...]

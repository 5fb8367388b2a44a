"""Which lists a site has, when they were published, and what they come to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SiteList(StrEnum):
    DIRECTORY = "DIRECTORY"
    MATRIX = "MATRIX"
    ROSTER = "ROSTER"


@dataclass(frozen=True, slots=True)
class Publication:
    """When a version of a list was published, and by whom."""

    version: int
    publish_time: datetime
    published_by: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A site in one line."""

    site_id: str
    name: str
    number_prefix: str
    time_zone: str
    directory_version: int
    matrix_version: int
    roster_version: int
    unit_count: int
    person_count: int

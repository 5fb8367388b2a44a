"""A site as files that a person edits: YAML in, requests out.

Every value is read as text, so that YAML's own ideas (18:30 is a number in base 60, NO is false)
never get between the person and the suite. What is wrong is named by file and place.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from backstop.notify.v1 import notify_service_pb2
from backstop.routing.v1 import routing_service_pb2
from backstop.sla.v1 import sla_calendar_pb2, sla_policy_pb2, sla_service_pb2
from ctl.failures import Problem
from ctl.yaml_messages import fill, read_yaml

FILES = ("directory", "matrix", "roster", "contacts")


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """The requests that make a site known; ids follow from the content where repeating makes anew.

    A site without a calendar or a policy of its own keeps what every site begins with.
    """

    directory: routing_service_pb2.PublishDirectoryRequest
    matrix: routing_service_pb2.PublishMatrixRequest
    roster: routing_service_pb2.PublishRosterRequest
    contacts: notify_service_pb2.PutContactsRequest
    calendar: sla_service_pb2.PublishCalendarRequest | None = None
    policy: sla_service_pb2.PublishPolicyRequest | None = None

    @property
    def site_id(self) -> str:
        return self.directory.directory.site_id


def read(folder: Path) -> SiteFolder:
    """Reads a folder with directory, matrix, roster and contacts, perhaps calendar and policy.

    Problem names file and place.
    """
    directory = read_yaml(folder / "directory.yaml")
    matrix = read_yaml(folder / "matrix.yaml")
    roster = read_yaml(folder / "roster.yaml")
    contacts = read_yaml(folder / "contacts.yaml")
    _defaults(matrix, "responsibilities", ("start_date", "end_date"))
    _defaults(roster, "shifts", ("start_date", "end_date", "start_time", "end_time"))
    _dates(matrix, "responsibilities", folder / "matrix.yaml")
    _dates(roster, "shifts", folder / "roster.yaml")
    _enum(directory, "units", "kind", "UNIT_KIND_")
    _enum(matrix, "responsibilities", "role", "RESPONSIBILITY_ROLE_")
    found = SiteFolder(
        directory=_fill(
            routing_service_pb2.PublishDirectoryRequest(),
            {"directory": directory},
            folder / "directory.yaml",
        ),
        matrix=_fill(routing_service_pb2.PublishMatrixRequest(), matrix, folder / "matrix.yaml"),
        roster=_fill(routing_service_pb2.PublishRosterRequest(), roster, folder / "roster.yaml"),
        contacts=_fill(notify_service_pb2.PutContactsRequest(), contacts, folder / "contacts.yaml"),
        calendar=_calendar(folder / "calendar.yaml"),
        policy=_policy(folder / "policy.yaml"),
    )
    for name, request in _named(found).items():
        # What is published whole has its site inside.
        whole = getattr(request, name) if name in ("directory", "calendar", "policy") else request
        site = whole.site_id
        if site != found.site_id:
            raise Problem(f"site_id {site!r} ≠ {found.site_id!r}", field=f"{name}.yaml")
        if name not in ("calendar", "policy"):
            # The same content as before is no other version of these two; and what was published
            # in between must give way, so an id that was used then would not do.
            request.request_id = request_id(name, request)
    return found


def request_id(name: str, request: Message) -> str:
    """Returns an id that is the same for the same content: loading a folder twice is once."""
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    return f"site-{name}-{digest[:40]}"


def _named(found: SiteFolder) -> dict[str, Any]:
    names = (*FILES, "calendar", "policy")
    return {name: request for name in names if (request := getattr(found, name)) is not None}


def _calendar(path: Path) -> sla_service_pb2.PublishCalendarRequest | None:
    if not path.exists():
        return None
    calendar = fill(sla_calendar_pb2.Calendar(), read_yaml(path), path)
    return sla_service_pb2.PublishCalendarRequest(calendar=calendar)


def _policy(path: Path) -> sla_service_pb2.PublishPolicyRequest | None:
    if not path.exists():
        return None
    policy = fill(sla_policy_pb2.Policy(), read_yaml(path), path)
    return sla_service_pb2.PublishPolicyRequest(policy=policy)


def _rows(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows = data.get(key) or []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _defaults(data: dict[str, Any], key: str, names: tuple[str, ...]) -> None:
    """Moves values that stand once at the top of the file into each row that has none."""
    for name in names:
        value = data.pop(name, None)
        for row in _rows(data, key):
            if value is not None:
                row.setdefault(name, value)


def _dates(data: dict[str, Any], key: str, path: Path) -> None:
    """Turns "2026-01-01" and "18:30" into what the messages hold."""
    for number, row in enumerate(_rows(data, key), start=1):
        place = f"{path} {key}[{number}]"
        for name in ("start_date", "end_date"):
            if name in row:
                day = _parse(date.fromisoformat, row[name], f"{place}.{name}")
                row[name] = {"year": day.year, "month": day.month, "day": day.day}
        for name in ("start_time", "end_time"):
            if name in row:
                text = "00:00" if row[name] == "24:00" else row[name]
                hour = _parse(time.fromisoformat, text, f"{place}.{name}")
                row[name] = {"hours": hour.hour, "minutes": hour.minute}


def _parse(parse: Any, text: object, place: str) -> Any:
    try:
        return parse(str(text).strip())
    except ValueError as error:
        raise Problem(str(error), field=place) from None


def _enum(data: dict[str, Any], key: str, name: str, prefix: str) -> None:
    for row in _rows(data, key):
        value = row.get(name)
        if isinstance(value, str) and not value.startswith(prefix):
            row[name] = f"{prefix}{value.strip().upper()}"


def _fill(message: Any, data: dict[str, Any], path: Path) -> Any:
    """Reads the data into the message; an unknown key is an error, not a thing to overlook."""
    try:
        return json_format.ParseDict(data, message)
    except json_format.ParseError as error:
        raise Problem(str(error), field=str(path)) from None

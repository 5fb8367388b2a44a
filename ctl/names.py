"""Names for codes: "dd11" is nobody to a reader, "样例·乙一" is.

Asked of routing once per command. What it said last is kept in a file beside the instance's
settings, because the window goes on while routing is away.
"""

import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl.connection import Client
from ctl.exits import Exit
from ctl.failures import Failure, Problem

# How a reporter acts: with an account of their own, or with the receipt code.
_FOR_REPORTER = {"reporter": "诉求人 reporter", "receipt": "诉求人 reporter"}
Kind: TypeAlias = Literal["people", "units", "posts", "positions", "categories"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
# Of a site's id, as the protos have it; nothing else becomes the name of a file.
_SITE_ID = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes of one site stand for; an unknown code stands for itself."""

    people: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    positions: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    # Of the site's clock; empty when it isn't known.
    time_zone: str = ""
    # Nobody could be asked, and nothing was kept: an unknown word may be a name all the same.
    missing: bool = False

    def who(self, code: str) -> str:
        """Returns the name of a person, "position:<id>", "unit:<id>", or of another actor."""
        kind, _, rest = code.partition(":")
        if kind == "position":
            return self.positions.get(rest, rest)
        if kind == "unit":
            return self.units.get(rest, rest)
        if kind in _FOR_REPORTER:
            # What follows is a keyed hash, there for the journal.
            return _FOR_REPORTER[kind]
        return self.people.get(code, code)

    def person_of(self, text: str) -> str:
        """Returns the code of a person named by code or by name; the text when nobody is."""
        return self.code_of("people", text)

    def unit_of(self, text: str) -> str:
        """Returns the code of a unit named by code or by name; the text when none is."""
        return self.code_of("units", text)

    def category_of(self, text: str) -> str:
        """Returns the code of a category named by name, or by code in any case."""
        code = self.code_of("categories", text)
        return code if code in self.categories else code.upper()

    def code_of(self, kind: Kind, text: str) -> str:
        """Returns the code of something named by code or by name; the text when nothing is."""
        table = self.table(kind)
        return (
            text if text in table else next((c for c, name in table.items() if name == text), text)
        )

    def table(self, kind: Kind) -> dict[str, str]:
        """Returns the names of one kind by their codes."""
        table: dict[str, str] = getattr(self, kind)
        return table

    def unit(self, unit_id: str) -> str:
        return self.units.get(unit_id, unit_id)

    def post(self, post_id: str) -> str:
        return self.posts.get(post_id, post_id)

    def category(self, category_id: str) -> str:
        return self.categories.get(category_id, category_id)


def names_in(directory: routing_pb2.Directory) -> Names:
    """Returns the names of a directory."""
    return Names(
        people={p.person_id: p.name for p in directory.people},
        units={u.unit_id: u.name for u in directory.units},
        posts={p.post_id: p.name for p in directory.posts},
        positions={p.position_id: p.name for p in directory.positions},
        categories={c.category_id: c.name for c in directory.categories},
        time_zone=directory.time_zone,
    )


async def names_of(
    client: Client, site_id: str, folder: Path | None, *, timeout: float = 2.0
) -> Names:
    """Asks routing for a site's names, and keeps them; those kept while routing is away.

    None for a caller who may not ask.
    """
    if not site_id:
        return Names()
    try:
        response = await client.call(
            "routing",
            client.routing.GetDirectory,
            routing_service_pb2.GetDirectoryRequest(site_id=site_id),
            repeat=False,
            timeout=timeout,
        )
    except (Failure, Problem) as error:
        if isinstance(error, Failure) and error.answer.exit is Exit.REFUSED:
            return Names()
        return kept(folder, site_id) or Names(missing=True)
    found = names_in(response.directory)
    keep(folder, site_id, found)
    return found


def kept(folder: Path | None, site_id: str) -> Names | None:
    """Returns the names kept of a site; None when there are none that can be read."""
    file = _file(folder, site_id)
    if file is None:
        return None
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        people, units, posts, positions, categories = (
            {str(code): str(name) for code, name in data[kind].items()} for kind in _KINDS
        )
        return Names(people, units, posts, positions, categories, str(data["time_zone"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(folder: Path | None, site_id: str, names: Names) -> None:
    """Keeps a site's names for the next time; that it can't be done harms nobody now."""
    file = _file(folder, site_id)
    if file is None or kept(folder, site_id) == names:
        return
    data = {kind: getattr(names, kind) for kind in (*_KINDS, "time_zone")}
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Readable by its owner alone: people's names are in it.
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(data, stream, ensure_ascii=False, indent=1)
        Path(temporary).replace(file)
    except OSError:
        return


def _file(folder: Path | None, site_id: str) -> Path | None:
    if folder is None or not _SITE_ID.fullmatch(site_id):
        return None
    return folder / f"names-{site_id}.json"

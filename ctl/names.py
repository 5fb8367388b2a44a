"""Names for codes: "dd11" is nobody to a reader, "样例·乙一" is.

Asked of routing once per command, and done without when routing doesn't answer.
"""

from dataclasses import dataclass, field

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl.connection import Client
from ctl.failures import Failure

# How a reporter acts: with an account of their own, or with the receipt code.
_FOR_REPORTER = {"reporter": "诉求人 reporter", "receipt": "诉求人 reporter"}


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes of one site stand for; an unknown code stands for itself."""

    people: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    positions: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)

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
    )


async def names_of(client: Client, site_id: str, *, timeout: float = 2.0) -> Names:
    """Asks routing for a site's names; none when it can't say."""
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
    except Failure:
        return Names()
    return names_in(response.directory)

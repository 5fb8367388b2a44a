"""A site's rules of the window."""

from dataclasses import dataclass
from datetime import datetime

from backstop.intake.v1 import intake_rules_pb2 as pb
from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.convert import rules as convert
from services.intake.domain.rules import DEFAULTS, Rules

Q = load_queries("services.intake", "sql/rules.sql")


@dataclass(frozen=True, slots=True)
class Published:
    """A site's rules, and who has published them when; nobody for the defaults."""

    rules: Rules = DEFAULTS
    published_by: str = ""
    publish_time: datetime | None = None


async def load_rules(connection: Connection, site_id: str) -> Rules:
    """Returns a site's rules as last published; the defaults for a site without any."""
    return (await load_published(connection, site_id)).rules


async def load_published(connection: Connection, site_id: str) -> Published:
    """Returns a site's rules as last published, and by whom."""
    row = await connection.fetchrow(Q.get_rules, site_id)
    if row is None:
        return Published()
    rules = convert.from_message(pb.WindowRules.FromString(row["rules"]), row["version"])
    return Published(rules, row["published_by"], row["publish_time"])


async def list_categories(connection: Connection, site_id: str) -> frozenset[str]:
    """Returns the categories of a site that words may speak for."""
    rows = await connection.fetch(Q.list_categories, site_id)
    return frozenset(row["category_id"] for row in rows)


async def insert_rules(
    connection: Connection, site_id: str, rules: Rules, published_by: str, publish_time: datetime
) -> None:
    """Writes a new version of a site's rules."""
    message = convert.to_message(rules).SerializeToString(deterministic=True)
    await connection.execute(
        Q.insert_rules, site_id, rules.version, message, published_by, publish_time
    )

"""The group's template in its table; no site's, so that every caller may read it."""

from datetime import datetime

from backstop.routing.v1 import routing_organisation_pb2 as pb
from backstop.routing.v1.routing_pb2 import Directory as Document
from chassis.database import Connection
from services.routing.convert.directory import directory_from, template_from, template_message
from services.routing.domain.directory import Directory
from services.routing.domain.template import NO_TEMPLATE, Template
from services.routing.store.directory import Q


async def hold_template(connection: Connection) -> None:
    """Keeps the template from changing until commit; shared by those who publish directories."""
    await connection.execute(Q.hold_template)


async def stop_inheriting(connection: Connection) -> None:
    """Waits for the holders above and keeps others out until commit."""
    await connection.execute(Q.stop_inheriting)


async def load_template(connection: Connection, version: int = 0) -> Template:
    """Returns a version, the newest for 0; NO_TEMPLATE where there is none."""
    row = await connection.fetchrow(Q.get_template, version)
    if row is None:
        return NO_TEMPLATE
    return template_from(pb.GroupTemplate.FromString(row["document"]), row["version"])


async def load_to_come(
    connection: Connection, site_id: str, version: int
) -> tuple[Directory, Template] | None:
    """Returns a site's directory as published, and the newest template; None if it has that."""
    row = await connection.fetchrow(Q.get_inheritance_to_come, site_id, version)
    if row is None:
        return None
    template = template_from(pb.GroupTemplate.FromString(row["document"]), row["version"])
    return directory_from(Document.FromString(row["source"])), template


async def save_template(
    connection: Connection, template: Template, publish_time: datetime, published_by: str
) -> None:
    """Keeps a version; sites follow by jobs."""
    document = template_message(template).SerializeToString(deterministic=True)
    await connection.execute(
        Q.insert_template, template.version, publish_time, published_by, document
    )

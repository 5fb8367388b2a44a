"""Sites and what their codes are called."""

from collections.abc import Mapping, Sequence

from chassis.database import Connection
from chassis.queries import load_queries
from services.notify.domain.names import Code, NameKind, Site

Q = load_queries("services.notify", "sql/directory.sql")


async def save_site(connection: Connection, site: Site, names: Mapping[Code, str]) -> None:
    """Keeps a site and what its codes are called, in place of all it had before."""
    await connection.execute(Q.save_site, site.site_id, site.name, site.time_zone)
    await connection.execute(Q.clear_names, site.site_id)
    await connection.execute(
        Q.insert_names,
        site.site_id,
        [code.kind.value for code in names],
        [code.code for code in names],
        list(names.values()),
    )


async def load_site(connection: Connection, site_id: str) -> Site | None:
    """Returns a site, None when its directory has not come yet."""
    row = await connection.fetchrow(Q.load_site, site_id)
    return None if row is None else Site(row["site_id"], row["name"], row["time_zone"])


async def list_names(
    connection: Connection, site_id: str, codes: Sequence[Code]
) -> dict[Code, str]:
    """Returns what codes of a site are called; unknown ones are left out."""
    rows = await connection.fetch(
        Q.list_names, site_id, [code.kind.value for code in codes], [code.code for code in codes]
    )
    return {Code(NameKind(row["kind"]), row["code"]): row["name"] for row in rows}

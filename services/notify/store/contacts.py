"""Where people can be reached, sealed."""

from collections.abc import Mapping
from datetime import datetime

from backstop.fact.v1 import fact_pb2
from chassis.database import Connection
from chassis.queries import load_queries

Q = load_queries("services.notify", "sql/contacts.sql")


async def save_contacts(
    connection: Connection,
    site_id: str,
    contacts: Mapping[str, fact_pb2.Sealed],
    time: datetime,
) -> None:
    """Keeps sealed contacts, {person: contact}, in place of the same people's older ones."""
    await connection.execute(
        Q.save_contacts,
        site_id,
        list(contacts),
        [sealed.key_id for sealed in contacts.values()],
        [sealed.nonce for sealed in contacts.values()],
        [sealed.ciphertext for sealed in contacts.values()],
        time,
    )


async def load_contact(
    connection: Connection, site_id: str, person_id: str
) -> fact_pb2.Sealed | None:
    """Returns a person's sealed contact, None when there is none."""
    row = await connection.fetchrow(Q.load_contact, site_id, person_id)
    if row is None:
        return None
    return fact_pb2.Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"])

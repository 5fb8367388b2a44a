"""Keeps a copy of a site's roster, as far as entries are late by it."""

from zoneinfo import ZoneInfo

from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.intake.convert import registration as convert
from services.intake.convert.facts import DEFAULT_ZONE
from services.intake.domain.lateness import SHIFTS_BEHIND, spans
from services.intake.store import directory, registrations


async def on_roster_published(work: Work, fact: ReceivedFact) -> None:
    """Takes over the site's roster from its publication on; past shifts stay as they were."""
    message = fact.message
    if not isinstance(message, routing.RosterPublished):
        raise TypeError(f"{fact.type} where RosterPublished was expected")
    site = await directory.load_site(work.connection, fact.site_id)
    # Nobody can register at a site before its directory is here; what was on the way meanwhile is
    # put right by the next roster.
    zone = ZoneInfo(DEFAULT_ZONE) if site is None else site.zone
    found = spans(convert.roster_shifts(message), zone, work.time)
    await registrations.save_shifts(
        work.connection, fact.site_id, found, work.time - SHIFTS_BEHIND, fact.record_time
    )

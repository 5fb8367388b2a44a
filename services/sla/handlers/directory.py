"""A site's directory: its zone, its ladders, and which units there are."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backstop.routing.v1 import routing_facts_pb2
from chassis.handling import ReceivedFact
from chassis.work import Work
from services.sla.convert.facts_in import ladders_of
from services.sla.handlers import outreach, publishing
from services.sla.store.terms import DEFAULT_TIME_ZONE, save_site


async def on_directory_published(work: Work, fact: ReceivedFact) -> None:
    """Gives a site its zone, its first policy and calendar; jobs do what concerns its clocks."""
    if not isinstance(fact.message, routing_facts_pb2.DirectoryPublished):
        raise TypeError(f"{fact.type} is not a DirectoryPublished")
    directory = fact.message.directory
    time_zone = directory.time_zone or DEFAULT_TIME_ZONE
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("the directory's time zone is unknown") from error
    ladders = ladders_of(directory)
    if await save_site(work.connection, fact.site_id, directory.name, time_zone, ladders):
        await publishing.zone_changed(work, fact.site_id)
    await outreach.enqueue(
        work, fact.site_id, fact.version, [unit.unit_id for unit in directory.units]
    )

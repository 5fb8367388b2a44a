"""Making a site known to the suite, and knowing when it is."""

import asyncio
import time
from typing import Any

from backstop.routing.v1 import routing_service_pb2
from backstop.sla.v1 import sla_calendar_pb2, sla_service_pb2
from ctl import settling
from ctl.connection import Client, new_request_id
from ctl.failures import Failure
from ctl.site_folder import SiteFolder

# sla and intake hear of a new site by a fact, and know it within a second or so.
_NEWS_SECONDS = 30.0
_PAUSE_SECONDS = 0.1
_UNHEARD = frozenset({"SITE_UNKNOWN", "CATEGORY_UNKNOWN"})


async def publish(client: Client, found: SiteFolder) -> dict[str, int]:
    """Publishes all of it in the order it builds on one another; returns the versions."""
    directory = await _publish_lists(client, found)
    found.contacts.request_id = new_request_id()
    await client.call("notify", client.notify.PutContacts, found.contacts)
    versions = {
        "directory": directory.version,
        "matrix": directory.matrix_version,
        "roster": directory.roster_version,
    }
    versions |= await _publish_terms(client, found)
    return versions | await _publish_window(client, found)


async def _publish_lists(
    client: Client, found: SiteFolder
) -> routing_service_pb2.PublishDirectoryResponse:
    """Publishes directory, matrix and roster in one call, unless they are in force already.

    What was published in between gives way: the folder is what counts.
    """
    request = routing_service_pb2.PublishDirectoryRequest()
    request.CopyFrom(found.directory)
    request.request_id, request.validate_only = new_request_id(), True
    seen = await client.call("routing", client.routing.PublishDirectory, request)
    if seen.version and not seen.changes and not seen.faults and not seen.gaps:
        return seen
    request.request_id, request.validate_only = new_request_id(), False
    request.expected_version = seen.version
    return await client.call("routing", client.routing.PublishDirectory, request)


async def _publish_terms(client: Client, found: SiteFolder) -> dict[str, int]:
    versions: dict[str, int] = {}
    if found.calendar is not None:
        in_force = await calendar_of(client, found.site_id, patience=_NEWS_SECONDS)
        request = sla_service_pb2.PublishCalendarRequest()
        request.CopyFrom(found.calendar)
        request.request_id = new_request_id()
        if not request.calendar.years:
            # What was announced isn't the site's to repeat.
            request.calendar.years.extend(in_force.years)
        calendar = await client.call("sla", client.sla.PublishCalendar, request)
        versions["calendar"] = calendar.calendar.version
    if found.policy is not None:
        await calendar_of(client, found.site_id, patience=_NEWS_SECONDS)
        found.policy.request_id = new_request_id()
        policy = await client.call("sla", client.sla.PublishPolicy, found.policy)
        versions["policy"] = policy.policy.version
    return versions


async def _publish_window(client: Client, found: SiteFolder) -> dict[str, int]:
    versions: dict[str, int] = {}
    if found.rules is not None:
        rules = await _when_known(client, client.intake.PublishWindowRules, found.rules)
        versions["rules"] = rules.version
    if found.lexicon is not None:
        lexicon = await _when_known(client, client.intake.PublishLexicon, found.lexicon)
        versions["lexicon"] = lexicon.version
    return versions


async def _when_known(client: Client, method: Any, request: Any) -> Any:
    """Publishes to intake, waiting until it has heard of the site and its categories."""
    deadline = time.monotonic() + _NEWS_SECONDS
    while True:
        request.request_id = new_request_id()
        try:
            return await client.call("intake", method, request)
        except Failure as failure:
            unheard = failure.answer.reason in _UNHEARD
            if not unheard or time.monotonic() > deadline:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def calendar_of(
    client: Client, site_id: str, *, patience: float = 0.0
) -> sla_calendar_pb2.Calendar:
    """Returns a site's calendar in force, waiting so many seconds for a site just published."""
    deadline = time.monotonic() + patience
    while True:
        try:
            request = sla_service_pb2.GetCalendarRequest(site_id=site_id)
            return (await client.call("sla", client.sla.GetCalendar, request)).calendar
        except Failure as failure:
            unknown = failure.answer.reason == "CALENDAR_NOT_FOUND"
            if not unknown or time.monotonic() > deadline:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def wait_known(client: Client, site_id: str, *, timeout: float = 60.0) -> None:
    """Waits until every service has applied what was published; needs the operator's role."""
    subjects = [f"{kind}/{site_id}" for kind in ("directory", "matrix", "roster")]
    await settling.settle(client, subjects, timeout=timeout)

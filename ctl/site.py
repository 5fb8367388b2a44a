"""Making a site known to the suite, and knowing when it is."""

from ctl import settling
from ctl.connection import Client
from ctl.site_folder import SiteFolder


async def publish(client: Client, found: SiteFolder) -> dict[str, int]:
    """Publishes the four in the order they build on one another; returns routing's versions."""
    routing = client.routing
    directory = await client.call("routing", routing.PublishDirectory, found.directory)
    matrix = await client.call("routing", routing.PublishMatrix, found.matrix)
    roster = await client.call("routing", routing.PublishRoster, found.roster)
    await client.call("notify", client.notify.PutContacts, found.contacts)
    return {"directory": directory.version, "matrix": matrix.version, "roster": roster.version}


async def wait_known(client: Client, site_id: str, *, timeout: float = 60.0) -> None:
    """Waits until every service has applied what routing published; needs the operator's role."""
    subjects = [f"{kind}/{site_id}" for kind in ("directory", "matrix", "roster")]
    await settling.settle(client, subjects, timeout=timeout)

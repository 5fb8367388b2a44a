"""`site load`: makes a site known from a folder of YAML, as often as one likes."""

from pathlib import Path
from typing import Annotated

import typer

from ctl import settling, site_folder
from ctl.connection import Client
from ctl.exits import Exit
from ctl.shell import Session, execute

app = typer.Typer(no_args_is_help=True, help="矿 · sites")


@app.command("load")
def load(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="YAML 目录 · folder of YAML")],
    watcher: Annotated[
        str,
        typer.Option(
            "--watch-as",
            metavar="NAME",
            help="以此运维令牌等各服务就绪,空为不等 · operator's token to wait with; '' = don't",
        ),
    ] = "operator",
) -> None:
    """发布组织、分工、值班、联系方式,并等各服务就绪 · publish a site and wait until all know it."""

    async def work(session: Session) -> Exit:
        found = site_folder.read(folder)
        # A watcher without a token is found out before anything is published.
        eyes = session.client_as(watcher) if watcher else None
        versions = await publish(session.client, found)
        for name, version in versions.items():
            session.say(session.words("published", what=name, version=version))
        count = len(found.contacts.contacts)
        session.say(session.words("contacts_stored", count=count))
        if eyes is not None:
            await wait(eyes, found.site_id)
            session.say(session.words("waited"))
        if session.shell.json:
            session.show({"site_id": found.site_id, "contacts": count, **versions})
        return Exit.DONE

    execute(context, work)


async def publish(client: Client, found: site_folder.SiteFolder) -> dict[str, int]:
    """Publishes the four in the order they build on one another; returns routing's versions."""
    routing = client.routing
    directory = await client.call("routing", routing.PublishDirectory, found.directory)
    matrix = await client.call("routing", routing.PublishMatrix, found.matrix)
    roster = await client.call("routing", routing.PublishRoster, found.roster)
    await client.call("notify", client.notify.PutContacts, found.contacts)
    return {"directory": directory.version, "matrix": matrix.version, "roster": roster.version}


async def wait(client: Client, site_id: str, *, timeout: float = 60.0) -> None:
    """Waits until every service has applied the site's directory, matrix and roster."""
    subjects = [f"{kind}/{site_id}" for kind in ("directory", "matrix", "roster")]
    await settling.settle(client, subjects, timeout=timeout)

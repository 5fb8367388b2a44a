"""`site load`: makes a site known from a folder of YAML, as often as one likes."""

from pathlib import Path
from typing import Annotated

import typer

from ctl import site, site_folder
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
            help="以此运维令牌等各服务就绪，空为不等 · operator's token to wait with; '' = don't",
        ),
    ] = "operator",
) -> None:
    """发布组织、分工、值班、联系方式，并等各服务就绪 · publish a site, wait till all know it."""

    async def work(session: Session) -> None:
        found = site_folder.read(folder)
        # A watcher without a token is found out before anything is published.
        eyes = session.client_as(watcher) if watcher else None
        versions = await site.publish(session.client, found)
        for name, version in versions.items():
            session.say(session.words("published", what=name, version=version))
        count = len(found.contacts.contacts)
        session.say(session.words("contacts_stored", count=count))
        if eyes is not None:
            await site.wait_known(eyes, found.site_id)
            session.say(session.words("waited"))
        if session.shell.json:
            session.show({"site_id": found.site_id, "contacts": count, **versions})

    execute(context, work)

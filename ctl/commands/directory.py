"""`directory …`, `template …`: a site's lists from files and back, and what all sites inherit."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml
from rich.console import RenderableType
from rich.markup import escape

from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from ctl import choices, times, yaml_messages
from ctl.exits import Exit
from ctl.failures import Problem
from ctl.names import names_in
from ctl.organisation import export, files
from ctl.organisation.files import LineFault, Lists
from ctl.shell import Session, execute
from ctl.tables import organisation, routing
from ctl.tables.look import Look

app = typer.Typer(no_args_is_help=True, help="组织信息、分工、值班 · a site's lists")
template_app = typer.Typer(no_args_is_help=True, help="集团模板 · what all sites inherit")

_FORMATS: Final = ("yaml", "csv", "xlsx")
# What travels with a directory.
_BESIDE: Final = re.compile(r"^(matrix|roster)\.")


@app.command("import")
def bring_in(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="YAML 或 CSV 目录，或 .xlsx · folder of YAML or CSV, or a workbook"
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看差别和空白，不发布 · show, publish nothing")
    ] = False,
    expected_version: Annotated[
        int,
        typer.Option("--expected-version", min=0, help="组织信息须仍是此版 · refuse if it changed"),
    ] = 0,
) -> None:
    """导入组织信息，连同分工和值班 · publish a site's lists from files; all of it or nothing."""

    async def work(session: Session) -> Exit:
        lists = files.read(path)
        # What can't be read isn't sent at all.
        if lists.faults:
            return _show_faults(session, lists.faults)
        request = rpc.PublishDirectoryRequest(
            # A preview needs an id as well, though nothing is remembered of it.
            request_id="preview-0",
            directory=lists.directory,
            matrix=lists.matrix,
            roster=None if lists.roster is None else rpc.RosterContent(shifts=lists.roster),
            validate_only=True,
        )
        publish = session.client.routing.PublishDirectory
        seen = await session.client.call("routing", publish, request)
        look = Look(session.words, names_in(lists.directory), session.zone)
        tables: list[RenderableType] = [routing.changes(look, seen.changes)]
        if seen.gaps:
            tables.append(organisation.gaps(look, seen.gaps))
        if seen.post_gaps:
            tables.append(routing.post_gaps(look, seen.post_gaps))
        faults = _traced(lists, seen.faults)
        session.show(seen, *tables)
        if faults:
            return _show_faults(session, faults)
        if seen.gaps:
            return Exit.FINDINGS
        if not seen.changes and seen.version:
            session.say(session.words("import_unchanged"))
            return Exit.DONE
        if dry_run:
            return Exit.DONE
        # Nobody publishes in between: neither since the files were written, where they say of
        # which version they are, nor since they were compared.
        request.expected_version = expected_version or lists.version or seen.version
        request.request_id, request.validate_only = session.request_id(), False
        response = await session.client.call("routing", publish, request)
        site_id = lists.directory.site_id
        session.say(session.words("import_published", site=site_id, version=response.version))
        return Exit.DONE

    execute(context, work)


def _traced(lists: Lists, faults: Iterable[lists_pb.ListFault]) -> list[LineFault]:
    """Returns the service's faults at the lines that they came from."""
    return [
        LineFault(
            lists.place_of(fault.field.removeprefix("matrix.").removeprefix("roster.")),
            f"{fault.zh} / {fault.en}",
        )
        for fault in faults
    ]


def _show_faults(session: Session, faults: list[LineFault]) -> Exit:
    rows = [{"place": fault.place, "words": fault.words} for fault in faults]
    table = Look(session.words, names_in(rpc.GetDirectoryResponse().directory), session.zone).table(
        session.words("import_faults", count=len(faults)), "place", "words", wide="words"
    )
    for fault in faults:
        table.add_row(escape(fault.place), escape(fault.words), style="red")
    session.show({"faults": rows}, table)
    return Exit.REFUSED


@app.command("export")
def bring_out(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="目录，或 .xlsx 文件 · a folder, or a workbook")
    ],
    form: Annotated[str, typer.Option("--format", help="yaml | csv | xlsx")] = "yaml",
) -> None:
    """导出现行的组织信息、分工和值班 · write the lists in force, as `import` reads them."""

    async def work(session: Session) -> None:
        if form not in _FORMATS:
            raise Problem(" | ".join(_FORMATS), field="--format")
        site, stub = session.site, session.client.routing
        directory = await session.client.call(
            "routing", stub.GetDirectory, rpc.GetDirectoryRequest(site_id=site, as_published=True)
        )
        matrix = await session.client.call(
            "routing", stub.GetMatrix, lists_pb.GetMatrixRequest(site_id=site)
        )
        roster = await session.client.call(
            "routing", stub.GetRoster, lists_pb.GetRosterRequest(site_id=site)
        )
        if form == "xlsx" or path.suffix.lower() == ".xlsx":
            written = export.to_xlsx(path, directory, matrix, roster)
        else:
            path.mkdir(parents=True, exist_ok=True)
            write = export.to_yaml if form == "yaml" else export.to_csv
            written = write(path, directory, matrix, roster)
        for file in written:
            session.say(str(file))
        if session.shell.json:
            session.show({"files": [str(file) for file in written]})

    execute(context, work)


@app.command("versions")
def versions(
    context: typer.Context,
    which: Annotated[
        str,
        typer.Option(
            "--list",
            help="directory 组织、matrix 分工、roster 值班",
            autocompletion=choices.completion(lists_pb.SiteList.DESCRIPTOR),
        ),
    ] = "directory",
) -> None:
    """各版的发布时间和发布人 · when each version was published, and by whom."""

    async def work(session: Session) -> None:
        request = lists_pb.ListPublicationsRequest(
            site_id=session.site, list=choices.parse(lists_pb.SiteList, which, option="--list")
        )
        response = await session.client.call(
            "routing", session.client.routing.ListPublications, request
        )
        look = await session.look(session.site)
        session.show(response, routing.publications(look, response.publications))

    execute(context, work)


@app.command("transfer")
def transfer(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="人员 · person")],
    to_site: Annotated[str, typer.Option("--to", metavar="SITE", help="调入的矿 · the new site")],
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="到任首日 · first day there")
    ],
    unit: Annotated[str, typer.Option("--unit", help="调入单位 · unit there")] = "",
    code: Annotated[str, typer.Option("--code", help="新代码，默认不变 · code there")] = "",
) -> None:
    """人员在矿间调动 · a person goes to another mine."""

    async def work(session: Session) -> None:
        names = await session.names(session.site)
        request = lists_pb.TransferPersonRequest(
            request_id=session.request_id(),
            from_site_id=session.site,
            person_id=names.person_of(person),
            to_site_id=to_site,
            start_date=times.date_message(await session.day(start, option="--from")),
            to_unit_id=unit,
            to_person_id=code,
        )
        response = await session.client.call(
            "routing", session.client.routing.TransferPerson, request
        )
        sentence = session.words("transferred", person=names.who(request.person_id), site=to_site)
        session.show(response, sentence)

    execute(context, work)


@template_app.command("publish")
def publish_template(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="YAML")],
    expected_version: Annotated[int, typer.Option("--expected-version", min=0)] = 0,
) -> None:
    """发布集团模板 · publish what all sites inherit."""

    async def work(session: Session) -> None:
        template = yaml_messages.fill(lists_pb.GroupTemplate(), yaml_messages.read_yaml(path), path)
        request = lists_pb.PublishGroupTemplateRequest(
            request_id=session.request_id(), expected_version=expected_version, template=template
        )
        response = await session.client.call(
            "routing", session.client.routing.PublishGroupTemplate, request
        )
        sentence = session.words(
            "template_published", version=response.version, count=response.site_count
        )
        session.show(response, sentence)

    execute(context, work)


@template_app.command("show")
def show_template(context: typer.Context) -> None:
    """现行的集团模板 · the template in force, as YAML."""

    async def work(session: Session) -> None:
        response = await session.client.call(
            "routing", session.client.routing.GetGroupTemplate, lists_pb.GetGroupTemplateRequest()
        )
        text = yaml.safe_dump(
            export.values(response.template), allow_unicode=True, sort_keys=False, width=100
        )
        session.show(response, escape(text.rstrip()))

    execute(context, work)

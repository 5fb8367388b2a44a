"""`slips …`, `lexicon …`, `rules …`: what a site sets up for its window, and slips typed in."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2, intake_registration_pb2, intake_rules_pb2
from backstop.routing.v1 import routing_service_pb2
from ctl import times
from ctl.commands import options
from ctl.connection import new_request_id
from ctl.exits import Exit
from ctl.failures import answer_of_status
from ctl.names import Names
from ctl.refusals import sentence
from ctl.shell import Session, execute
from ctl.slips import reading, sheet
from ctl.tables import window as tables
from ctl.window_files import lexicon_of, rules_of
from ctl.yaml_messages import read_yaml

slips_app = typer.Typer(no_args_is_help=True, help="凭条 · paper slips")
lexicon_app = typer.Typer(no_args_is_help=True, help="词库 · words that speak for a category")
rules_app = typer.Typer(no_args_is_help=True, help="窗口规则 · the window's rules")

File = Annotated[Path, typer.Argument(metavar="FILE", help="文件 · file")]
_BATCH = 200


@slips_app.command("issue")
def issue(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".pdf")],
    prefix: Annotated[str, typer.Option("--prefix", help="号码前缀，如 A · as in A-0001")] = "A",
    number: Annotated[int, typer.Option("--count", min=1, max=1000, help="张数 · how many")] = 60,
    note: Annotated[
        str, typer.Option("--note", help="给谁、放哪里 · whom or where it is for")
    ] = "",
) -> None:
    """印凭条本：编号、二维码；切开后按张号叠好 · print a pad; cut and stacked, it is in order."""
    # Half a second of fonts, which no other command needs.
    from ctl.slips.pad import Pad, Slip, write_pad  # noqa: PLC0415

    async def work(session: Session) -> None:
        options.check_new_file(file, ".pdf")
        request = intake_registration_pb2.IssueSlipPadRequest(
            request_id=session.request_id(),
            site_id=session.site,
            prefix=prefix.upper(),
            count=number,
            note=note,
        )
        response = await session.client.call("intake", session.client.intake.IssueSlipPad, request)
        rules = await session.client.call(
            "intake",
            session.client.intake.GetWindowRules,
            intake_rules_pb2.GetWindowRulesRequest(site_id=session.site),
        )
        slips = [Slip(one.slip_number, one.receipt_code) for one in response.slips]
        directory = await session.client.call(
            "routing",
            session.client.routing.GetDirectory,
            routing_service_pb2.GetDirectoryRequest(site_id=session.site),
        )
        site_name = directory.directory.name or session.site
        pad = Pad(site_name, rules.rules.hazard_phone, prefix.upper(), slips)
        pages = write_pad(file, pad)
        session.show({"file": str(file), "pad_id": response.pad_id, "slips": len(slips)})
        told = session.words(
            "pad_printed", file=file, pages=pages, first=slips[0].number, last=slips[-1].number
        )
        session.say(told)

    execute(context, work)


@slips_app.command("list")
def list_pads(context: typer.Context, limit: options.Limit = 50) -> None:
    """列出凭条本及已用张数 · list pads, and how many of their slips are in use."""

    async def work(session: Session) -> None:
        request = intake_registration_pb2.ListSlipPadsRequest(
            site_id=session.site, page_size=min(limit, 200)
        )
        response = await session.client.call("intake", session.client.intake.ListSlipPads, request)
        look = await session.look(session.site)
        session.show(response, tables.pads(look, response.pads))

    execute(context, work)


@slips_app.command("template")
def template(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx")],
    rows: Annotated[int, typer.Option("--rows", min=1, max=sheet.MAX_ROWS, help="行数")] = 100,
) -> None:
    """录入凭条用的空表 · the sheet that slips are typed into."""

    async def work(session: Session) -> None:
        options.check_new_file(file, ".xlsx")
        names = await session.names(session.site)
        sheet.write_template(
            file,
            [new_request_id() for _ in range(rows)],
            units=list(names.units.values()),
            posts=list(names.posts.values()),
            categories=list(names.categories.values()),
            receivers=list(names.people.values()),
        )
        session.show({"file": str(file), "rows": rows})
        session.say(session.words("saved", file=file, kib=max(1, file.stat().st_size // 1024)))

    execute(context, work)


@slips_app.command("import")
def import_slips(
    context: typer.Context,
    file: File,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="XLSX", help="逐行结果 · the outcome, by row")
    ] = None,
) -> None:
    """导入录好的凭条，一行一果，可重复 · register a sheet of slips; safe to repeat."""

    async def work(session: Session) -> Exit | None:
        await session.names(session.site)
        rows, faults = reading.read_sheet(file, session.zone)
        results = sheet.refused_lines(faults)
        for start in range(0, len(rows), _BATCH):
            results += await _register(session, rows[start : start + _BATCH])
        results.sort(key=lambda one: one.line)
        if report:
            sheet.write_report(report, results)
        look = await session.look(session.site)
        refused = [one for one in results if one.refusal]
        tally = Counter(
            "refused" if one.refusal else "known" if one.known else "registered" for one in results
        )
        session.show(dict(tally), *([tables.rows(look, refused)] if refused else ()))
        counts = {what: tally[what] for what in ("registered", "known", "refused")}
        session.say(session.words("imported", **counts))
        return Exit.FINDINGS if refused else None

    execute(context, work)


async def _register(session: Session, rows: Sequence[sheet.SlipRow]) -> list[sheet.RowResult]:
    names = await session.names(session.site)
    request = intake_registration_pb2.BatchRegisterCasesRequest(
        appeals=[_appeal(session, names, row) for row in rows]
    )
    response = await session.client.call(
        "intake", session.client.intake.BatchRegisterCases, request
    )
    results = []
    for row, one in zip(rows, response.results, strict=True):
        refusal = ""
        if one.HasField("refused"):
            refusal = sentence(answer_of_status("intake", one.refused), session.words, names)
        results.append(
            sheet.RowResult(
                row.line,
                row.slip_number,
                row.request_id,
                one.registered.number,
                refusal,
                known=one.registered.replayed,
            )
        )
    return results


def _appeal(
    session: Session, names: Names, row: sheet.SlipRow
) -> intake_registration_pb2.RegisterCaseRequest:
    category = next((c for c, name in names.categories.items() if name == row.category), "")
    post = next((c for c, name in names.posts.items() if name == row.post), row.post)
    return intake_registration_pb2.RegisterCaseRequest(
        request_id=row.request_id,
        site_id=session.site,
        text=row.text,
        channel=row.channel,
        reporter=intake_pb2.Reporter(
            kind=row.reporter_kind,
            confidentiality=row.confidentiality,
            name=row.name,
            person_code=row.person_code,
            phone=row.phone,
            email=row.email,
        ),
        place=row.place,
        post_id=post,
        unit_id=names.unit_of(row.unit),
        kind=row.kind,
        category=category or row.category.upper(),
        urgency=intake_pb2.URGENCY_URGENT if row.urgent else intake_pb2.URGENCY_UNSPECIFIED,
        occurred_time=times.stamp(row.occurred_time),
        receiver=names.person_of(row.receiver) if row.receiver else "",
        slip_number=row.slip_number,
        hazard=row.hazard,
    )


@lexicon_app.command("show")
def show_lexicon(context: typer.Context) -> None:
    """现行词库 · the lexicon in force."""

    async def work(session: Session) -> None:
        request = intake_registration_pb2.GetLexiconRequest(site_id=session.site)
        response = await session.client.call("intake", session.client.intake.GetLexicon, request)
        look = await session.look(session.site)
        session.show(response, *tables.lexicon(look, response))

    execute(context, work)


@lexicon_app.command("publish")
def publish_lexicon(
    context: typer.Context, file: File, expected_version: options.ExpectedVersion = 0
) -> None:
    """发布词库（YAML：类别、分量、词）· publish the words of a file."""

    async def work(session: Session) -> None:
        request = intake_registration_pb2.PublishLexiconRequest(
            request_id=session.request_id(),
            site_id=session.site,
            base_version=expected_version,
            lexicon=lexicon_of(read_yaml(file), file),
        )
        response = await session.client.call(
            "intake", session.client.intake.PublishLexicon, request
        )
        session.show(response)
        session.say(session.words("published", what="lexicon", version=response.version))

    execute(context, work)


@rules_app.command("show")
def show_rules(context: typer.Context) -> None:
    """现行窗口规则，含默认值 · the rules in force, defaults filled in."""

    async def work(session: Session) -> None:
        request = intake_rules_pb2.GetWindowRulesRequest(site_id=session.site)
        response = await session.client.call(
            "intake", session.client.intake.GetWindowRules, request
        )
        look = await session.look(session.site)
        session.show(response, tables.rules(look, response))

    execute(context, work)


@rules_app.command("publish")
def publish_rules(
    context: typer.Context, file: File, expected_version: options.ExpectedVersion = 0
) -> None:
    """发布窗口规则（YAML）· publish the rules of a file."""

    async def work(session: Session) -> None:
        request = intake_rules_pb2.PublishWindowRulesRequest(
            request_id=session.request_id(),
            site_id=session.site,
            base_version=expected_version,
            rules=rules_of(read_yaml(file), file),
        )
        response = await session.client.call(
            "intake", session.client.intake.PublishWindowRules, request
        )
        session.show(response)
        session.say(session.words("published", what="rules", version=response.version))

    execute(context, work)

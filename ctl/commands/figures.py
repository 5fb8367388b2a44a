"""`measures`, `report`, `solved`, and the ledger as a file: what the window has come to."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Annotated, Protocol

import typer

from backstop.intake.v1 import intake_measures_pb2 as pb
from ctl import choices, times
from ctl.commands import options
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import figures as tables

# A hundred thousand rows take most of a minute.
_FILE_SECONDS = 600.0
_FORMATS = {
    ".csv": pb.DOCUMENT_FORMAT_CSV,
    ".xlsx": pb.DOCUMENT_FORMAT_XLSX,
    ".html": pb.DOCUMENT_FORMAT_HTML,
}
_MONTHS_OF_YEAR = 12

Since = Annotated[str, typer.Option("--from", metavar="DATE", help="起 · first day")]
Until = Annotated[str, typer.Option("--to", metavar="DATE", help="止 · last day")]


class Piece(Protocol):
    """A piece of a file."""

    @property
    def content(self) -> bytes: ...


def measures(
    context: typer.Context,
    since: Since,
    until: Until,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="site, category, unit, steward, channel",
            autocompletion=choices.completion(pb.MeasureGroup.DESCRIPTOR),
        ),
    ] = "",
    compared_since: Annotated[
        str, typer.Option("--compare-from", metavar="DATE", help="对比期起 · other period")
    ] = "",
    compared_until: Annotated[
        str, typer.Option("--compare-to", metavar="DATE", help="对比期止 · its last day")
    ] = "",
    all_sites: Annotated[
        bool, typer.Option("--all-sites", help="所有可见的矿合计 · all sites in sight")
    ] = False,
) -> None:
    """响应率、办结率、满意率等指标及口径 · the measures, and what they mean."""

    async def work(session: Session) -> None:
        request = pb.GetMeasuresRequest(
            site_ids=[] if all_sites else [session.site],
            start_date=times.date_message(await session.day(since, option="--from")),
            end_date=times.date_message(await session.day(until, option="--to")),
            group_by=choices.parse(pb.MeasureGroup, by, option="--by"),
        )
        if bool(compared_since) != bool(compared_until):
            raise Problem("对比期须有起止 / both days", field="--compare-from")
        if compared_since:
            request.compared_start_date.CopyFrom(
                times.date_message(await session.day(compared_since, option="--compare-from"))
            )
            request.compared_end_date.CopyFrom(
                times.date_message(await session.day(compared_until, option="--compare-to"))
            )
        response = await session.client.call("intake", session.client.intake.GetMeasures, request)
        look = await session.look(session.settings.site)
        session.show(response, *tables.measures(look, response))

    execute(context, work)


def report(
    context: typer.Context,
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="月份 · month")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".html | .xlsx")],
) -> None:
    """月报，含图表 · the month's report, with charts."""

    async def work(session: Session) -> None:
        year, _, number = month.partition("-")
        if not (year.isdecimal() and number.isdecimal() and 0 < int(number) <= _MONTHS_OF_YEAR):
            raise Problem("月份写作 2026-11 / a month is written 2026-11", field="YYYY-MM")
        request = pb.ExportMonthlyReportRequest(
            site_id=session.site,
            year=int(year),
            month=int(number),
            format=_format(file, ".html", ".xlsx"),
        )
        pieces = session.client.stream(
            "intake", session.client.intake.ExportMonthlyReport, request, timeout=_FILE_SECONDS
        )
        await save(session, file, pieces)

    execute(context, work)


def solved(
    context: typer.Context, since: Since = "", until: Until = "", limit: options.Limit = 50
) -> None:
    """已解决问题公示，不含姓名 · solved problems for the screen, nobody named."""

    async def work(session: Session) -> None:
        request = pb.ListSolvedProblemsRequest(
            site_id=session.site,
            start_date=times.date_message(await session.day(since, option="--from"))
            if since
            else None,
            end_date=times.date_message(await session.day(until, option="--to")) if until else None,
        )
        found = pb.ListSolvedProblemsResponse()
        while len(found.problems) < limit:
            request.page_size = min(200, limit - len(found.problems))
            page = await session.client.call(
                "intake", session.client.intake.ListSolvedProblems, request
            )
            found.problems.extend(page.problems)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        look = await session.look(session.site)
        session.show(found, tables.solved(look, found.problems))

    execute(context, work)


async def save_ledger(
    session: Session,
    file: Path,
    *,
    first: date | None,
    last: date | None,
    solved_only: bool,
    category: str,
    condition: str,
) -> None:
    """Saves the ledger of a period as the kind of file that its name says."""
    request = pb.ExportLedgerRequest(
        site_id=session.site,
        start_date=times.date_message(first),
        end_date=times.date_message(last),
        solved_only=solved_only,
        category=category,
        filter=await session.filter(condition),
        format=_format(file, ".csv", ".xlsx"),
    )
    pieces = session.client.stream(
        "intake", session.client.intake.ExportLedger, request, timeout=_FILE_SECONDS
    )
    await save(session, file, pieces)


async def save(session: Session, file: Path, pieces: AsyncIterator[Piece]) -> None:
    """Writes a file from its pieces; a file that came half is not left behind."""
    partial = file.with_name(f"{file.name}.part")
    size = 0
    try:
        with partial.open("wb") as out:
            async for piece in pieces:
                size += out.write(piece.content)
        partial.replace(file)
    except OSError as error:
        raise Problem(f"{error.strerror}", field=str(file)) from None
    finally:
        partial.unlink(missing_ok=True)
    session.show({"file": str(file), "bytes": size})
    session.say(session.words("saved", file=file, kib=max(1, size // 1024)))


def _format(file: Path, *allowed: str) -> pb.DocumentFormat.ValueType:
    if file.suffix.lower() not in allowed:
        raise Problem(" | ".join(allowed), field=str(file))
    return _FORMATS[file.suffix.lower()]

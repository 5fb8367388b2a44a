"""`calendar …` and `policy …`: what deadlines are computed from, and what another would change."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from backstop.sla.v1 import sla_calendar_pb2, sla_policy_pb2, sla_service_pb2
from ctl import site, times
from ctl.commands import options
from ctl.failures import Problem
from ctl.shell import Session, as_data, execute
from ctl.tables import terms as tables
from ctl.yaml_messages import fill, read_yaml

calendar_app = typer.Typer(no_args_is_help=True, help="日历 · working days and hours")
policy_app = typer.Typer(no_args_is_help=True, help="时限规则 · what the site has promised")

# Over a hundred thousand clocks or cases take most of a minute.
_STREAM_SECONDS = 600.0

Version = Annotated[int, typer.Option("--version", min=0, help="版本，默认现行 · 0 = in force")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML")]
Listed = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="最多列出 · listed")]


@calendar_app.command("show")
def calendar_show(
    context: typer.Context,
    version: Version = 0,
    every_year: Annotated[
        bool, typer.Option("--all", help="列出全部年份 · years long past as well")
    ] = False,
) -> None:
    """现行日历 · the calendar in force, or a version of it."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.GetCalendarRequest(site_id=session.site, version=version)
        response = await session.client.call("sla", session.client.sla.GetCalendar, request)
        look = await session.look(session.site)
        first_year = 0 if every_year else (await session.now()).year - 1
        session.show(response, *tables.calendar(look, response.calendar, first_year))
        for year in response.missing_years:
            session.note(session.words("year_missing", year=year))

    execute(context, work)


@calendar_app.command("preview")
def calendar_preview(context: typer.Context, file: File, limit: Listed = 200) -> None:
    """预演：换此日历，哪些期限会变 · which deadlines would move; changes nothing."""

    async def work(session: Session) -> None:
        calendar = await _calendar(session, file)
        await _preview_calendar(session, calendar, limit)

    execute(context, work)


@calendar_app.command("publish")
def calendar_publish(
    context: typer.Context, file: File, expected_version: options.ExpectedVersion = 0
) -> None:
    """发布日历；文件里没有年份时保留已公布的 · publish; announced years stay unless named."""

    async def work(session: Session) -> None:
        await _publish_calendar(session, await _calendar(session, file), expected_version)

    execute(context, work)


@calendar_app.command("announce")
def calendar_announce(
    context: typer.Context,
    notice: File,
    preview: Annotated[
        bool, typer.Option("--preview", help="只看会有什么变化 · only tell what would change")
    ] = False,
    limit: Listed = 200,
) -> None:
    """导入国务院放假通知 · take over a year's notice of days off and make-up days."""

    async def work(session: Session) -> None:
        year = fill(sla_calendar_pb2.CalendarYear(), read_yaml(notice), notice)
        calendar = await site.calendar_of(session.client, session.site)
        version = calendar.version
        kept = [one for one in calendar.years if one.year != year.year]
        del calendar.years[:]
        calendar.years.extend(sorted([*kept, year], key=lambda one: one.year))
        if preview:
            await _preview_calendar(session, calendar, limit)
        else:
            await _publish_calendar(session, calendar, version)

    execute(context, work)


@calendar_app.command("add-days")
def add_days(
    context: typer.Context,
    day: Annotated[str, typer.Argument(metavar="DATE", help="起算日，不计入 · not counted itself")],
    count: Annotated[int, typer.Argument(metavar="N", min=0, help="工作日数 · working days")],
) -> None:
    """推算工作日 · the day so many working days later."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.AddWorkingDaysRequest(
            site_id=session.site,
            start_date=times.date_message(await session.day(day, option="DATE")),
            working_days=count,
        )
        response = await session.client.call("sla", session.client.sla.AddWorkingDays, request)
        mark = _mark(session, response.provisional)
        session.show(response, f"{times.show_date(response.date)} 24:00{mark}")

    execute(context, work)


@calendar_app.command("working-time")
def working_time(
    context: typer.Context,
    start: Annotated[str, typer.Argument(metavar="FROM", help="起 · start")],
    end: Annotated[str, typer.Argument(metavar="TO", help="止 · end")],
) -> None:
    """两个时刻之间的工作时间 · the working time between two instants."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.WorkingTimeBetweenRequest(
            site_id=session.site,
            start_time=times.stamp(times.parse_start(start, session.zone, option="FROM")),
            end_time=times.stamp(times.parse_start(end, session.zone, option="TO")),
        )
        response = await session.client.call("sla", session.client.sla.WorkingTimeBetween, request)
        minutes = response.working_time.seconds // 60
        text = session.words(
            "working_time",
            time=f"{minutes // 60}:{minutes % 60:02}",
            days=response.working_days,
        )
        session.show(response, f"{text}{_mark(session, response.provisional)}")

    execute(context, work)


@policy_app.command("show")
def policy_show(context: typer.Context, version: Version = 0) -> None:
    """现行时限规则，含继承和默认 · the policy with all it inherits."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.GetPolicyRequest(site_id=session.site, version=version)
        response = await session.client.call("sla", session.client.sla.GetPolicy, request)
        look = await session.look(session.site)
        session.show(response, *tables.policy(look, response))

    execute(context, work)


@policy_app.command("preview")
def policy_preview(context: typer.Context, file: File, limit: Listed = 200) -> None:
    """预演：规则用于在办诉求时，哪些期限会变 · which running deadlines would move."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.PreviewPolicyRequest(policy=_policy(file), max_listed=limit)
        stub = session.client.sla.PreviewPolicy
        pieces = session.client.stream("sla", stub, request, timeout=_STREAM_SECONDS)
        await _show_preview(session, (piece.event async for piece in pieces))

    execute(context, work)


@policy_app.command("publish")
def policy_publish(
    context: typer.Context,
    file: File,
    apply_to_running: Annotated[
        bool,
        typer.Option("--apply-to-running", help="也用于在办诉求 · amend running clocks as well"),
    ] = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """发布时限规则 · publish a policy."""

    async def work(session: Session) -> None:
        request = sla_service_pb2.PublishPolicyRequest(
            request_id=session.request_id(),
            policy=_policy(file),
            expected_version=expected_version,
            apply_to_running=apply_to_running,
        )
        response = await session.client.call("sla", session.client.sla.PublishPolicy, request)
        _tell_published(session, response, "policy", response.policy.version, response.job_id)

    execute(context, work)


@policy_app.command("backtest")
def policy_backtest(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="起 · first day")],
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="止 · last day")],
    policy: Annotated[
        Path | None, typer.Option("--policy", help="另一套规则 · the other policy")
    ] = None,
    calendar: Annotated[
        Path | None, typer.Option("--calendar", help="另一份日历 · the other calendar")
    ] = None,
    limit: Listed = 100,
) -> None:
    """回测：若当时按另一套规则，会怎样 · what another rule would have done to a period."""

    async def work(session: Session) -> None:
        if policy is None and calendar is None:
            raise Problem("写 --policy 或 --calendar / --policy or --calendar", field="--policy")
        request = sla_service_pb2.BacktestPolicyRequest(
            site_id=session.site,
            start_date=times.date_message(await session.day(since, option="--from")),
            end_date=times.date_message(await session.day(until, option="--to")),
            max_differences=limit,
        )
        if policy is not None:
            request.policy.CopyFrom(_policy(policy))
        if calendar is not None:
            request.calendar.CopyFrom(await _calendar(session, calendar))
        stub = session.client.sla.BacktestPolicy
        differences = []
        summary = sla_service_pb2.BacktestSummary()
        async for piece in session.client.stream("sla", stub, request, timeout=_STREAM_SECONDS):
            match piece.WhichOneof("event"):
                case "progress":
                    _note_progress(session, piece.progress)
                case "difference":
                    differences.append(piece.difference)
                case "summary":
                    summary.CopyFrom(piece.summary)
        look = await session.look(session.site)
        data: dict[str, object] = {
            "differences": [as_data(one) for one in differences],
            "summary": as_data(summary),
        }
        numbers = await session.numbers(one.case_id for one in differences)
        session.show(data, *tables.backtest(look, differences, summary, numbers))

    execute(context, work)


def _mark(session: Session, provisional: bool) -> str:
    return session.words("marked_provisional") if provisional else ""


async def _calendar(session: Session, file: Path) -> sla_calendar_pb2.Calendar:
    calendar: sla_calendar_pb2.Calendar = fill(sla_calendar_pb2.Calendar(), read_yaml(file), file)
    if not calendar.site_id:
        calendar.site_id = session.site
    if not calendar.years:
        in_force = await site.calendar_of(session.client, calendar.site_id)
        calendar.years.extend(in_force.years)
    return calendar


def _policy(file: Path) -> sla_policy_pb2.Policy:
    policy: sla_policy_pb2.Policy = fill(sla_policy_pb2.Policy(), read_yaml(file), file)
    return policy


async def _publish_calendar(
    session: Session, calendar: sla_calendar_pb2.Calendar, expected_version: int
) -> None:
    request = sla_service_pb2.PublishCalendarRequest(
        request_id=session.request_id(), calendar=calendar, expected_version=expected_version
    )
    response = await session.client.call("sla", session.client.sla.PublishCalendar, request)
    _tell_published(session, response, "calendar", response.calendar.version, response.job_id)


def _tell_published(
    session: Session,
    response: sla_service_pb2.PublishCalendarResponse | sla_service_pb2.PublishPolicyResponse,
    what: str,
    version: int,
    job_id: str,
) -> None:
    session.show(response, session.words("published", what=session.words(what), version=version))
    if job_id:
        session.say(session.words("amending", job=job_id))


async def _preview_calendar(
    session: Session, calendar: sla_calendar_pb2.Calendar, limit: int
) -> None:
    request = sla_service_pb2.PreviewCalendarRequest(calendar=calendar, max_listed=limit)
    stub = session.client.sla.PreviewCalendar
    pieces = session.client.stream("sla", stub, request, timeout=_STREAM_SECONDS)
    await _show_preview(session, (piece.event async for piece in pieces))


async def _show_preview(
    session: Session, events: AsyncIterator[sla_service_pb2.PreviewEvent]
) -> None:
    moved, flipped = [], []
    summary = sla_service_pb2.PreviewSummary()
    async for event in events:
        match event.WhichOneof("event"):
            case "progress":
                _note_progress(session, event.progress)
            case "moved":
                moved.append(event.moved)
            case "flipped":
                flipped.append(event.flipped)
            case "summary":
                summary.CopyFrom(event.summary)
    look = await session.look(session.settings.site)
    data: dict[str, object] = {
        "moved": [as_data(one) for one in moved],
        "flipped": [as_data(one) for one in flipped],
        "summary": as_data(summary),
    }
    clocks = [*(one.clock for one in moved), *(one.clock for one in flipped)]
    numbers = await session.numbers(clock.case_id for clock in clocks)
    session.show(data, *tables.preview(look, moved, flipped, summary, numbers))


def _note_progress(session: Session, progress: sla_service_pb2.Progress) -> None:
    # Only somebody who watches wants to know.
    if session.shell.errors.is_terminal and not session.shell.json:
        session.note(f"{progress.done}/{progress.total}")

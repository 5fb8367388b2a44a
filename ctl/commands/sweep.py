"""`sweep …`: from one solved case to the search for the same defect elsewhere (举一反三)."""

from collections.abc import Iterable
from typing import Annotated

import typer
from google.protobuf.message import Message

from backstop.routing.v1 import routing_sweeps_pb2 as sweeps_pb
from ctl import choices, times
from ctl.commands import options, tasks
from ctl.commands.task_follow_up import Evidence, evidence_of
from ctl.failures import Problem
from ctl.names import Names
from ctl.shell import Session, execute
from ctl.tables import routing

app = typer.Typer(no_args_is_help=True, help="举一反三排查 · sweeps")

Sweep = Annotated[str, typer.Argument(metavar="SWEEP", help="排查 id · sweep id")]
# As many rows as a page of the service holds.
_PAGE = 500


@app.command("open")
def begin(
    context: typer.Context,
    case: options.CaseKey,
    defect: Annotated[str, typer.Option("--defect", help="排查什么 · what is looked for")],
    targets: Annotated[
        list[str],
        typer.Option(
            "--target",
            metavar="[SITE/]UNIT[@PLACE]",
            help="排查对象，可重复 · where to look, repeatable",
        ),
    ],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="答复截止日 · last day")],
) -> None:
    """由已办结的诉求发起排查 · from a solved case to tasks for units."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        request = sweeps_pb.OpenSweepRequest(
            request_id=session.request_id(),
            case_id=case_id,
            defect=defect,
            targets=[target_of(text, names) for text in targets],
            due_date=times.date_message(await session.day(until, option="--until")),
        )
        response = await session.client.call("routing", session.client.routing.OpenSweep, request)
        await _show(session, response, response.sweep)

    execute(context, work)


def target_of(text: str, names: Names) -> sweeps_pb.SweepTarget:
    """Reads "site/unit@place", of which the unit alone is needed."""
    where, _, place = text.partition("@")
    site, separator, unit = where.rpartition("/")
    if not unit.strip():
        raise Problem(f"应写作 单位@地点 / not unit@place: {text}", field="--target")
    code = unit.strip() if separator else names.unit_of(unit.strip())
    return sweeps_pb.SweepTarget(site_id=site.strip(), unit_id=code, place=place.strip())


@app.command("answer")
def answer(
    context: typer.Context,
    sweep: Sweep,
    finding: Annotated[
        str,
        typer.Option(
            "--finding",
            help="none 未发现、found 已发现、fixed 已整改、planned 列入计划",
            autocompletion=choices.completion(sweeps_pb.SweepFinding.DESCRIPTOR),
        ),
    ],
    words: Annotated[str, typer.Option("--words", help="看到什么、做了什么 · in words")],
    task: Annotated[
        str, typer.Option("--task", help="任务 id 或单位，默认唯一的一项 · task id, or its unit")
    ] = "",
    planned: Annotated[
        str, typer.Option("--planned", metavar="DATE", help="计划完成日 · planned by when")
    ] = "",
    evidence: Evidence = None,
) -> None:
    """答复排查任务 · a unit tells what it found."""

    async def work(session: Session) -> None:
        found = await _sweep(session, sweep)
        names = await session.names(found.site_id)
        day = await session.day(planned, option="--planned") if planned else None
        request = sweeps_pb.AnswerSweepTaskRequest(
            request_id=session.request_id(),
            sweep_id=sweep,
            task_id=_task(found, task, names),
            finding=choices.parse(sweeps_pb.SweepFinding, finding, option="--finding"),
            words=words,
            planned_date=times.date_message(day),
            evidence=evidence_of(evidence),
        )
        response = await session.client.call(
            "routing", session.client.routing.AnswerSweepTask, request
        )
        await _show(session, response, response.sweep)

    execute(context, work)


@app.command("close")
def close(
    context: typer.Context,
    sweep: Sweep,
    reason: Annotated[str, typer.Option("--reason", help="为何结束 · why")],
) -> None:
    """未全部答复即结束 · end a sweep although tasks are owed."""

    async def work(session: Session) -> None:
        request = sweeps_pb.CloseSweepRequest(
            request_id=session.request_id(), sweep_id=sweep, reason=reason
        )
        response = await session.client.call("routing", session.client.routing.CloseSweep, request)
        await _show(session, response, response.sweep)

    execute(context, work)


@app.command("show")
def show(context: typer.Context, sweep: Sweep) -> None:
    """一次排查和它的任务 · a sweep with its tasks."""

    async def work(session: Session) -> None:
        found = await _sweep(session, sweep)
        await _show(session, found, found)

    execute(context, work)


@app.command("list")
def listing(
    context: typer.Context,
    case: Annotated[str, typer.Option("--case", help="只看此诉求的 · of one case only")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="只看未结束的 · open only")] = False,
    limit: options.Limit = 100,
) -> None:
    """排查清单，新的在前 · sweeps, newest first."""

    async def work(session: Session) -> None:
        request = sweeps_pb.ListSweepsRequest(
            site_id=session.site,
            case_id=await session.case_id(case) if case else "",
            open_only=open_only,
        )
        found = sweeps_pb.ListSweepsResponse()
        while len(found.sweeps) < limit:
            request.page_size = min(_PAGE, limit - len(found.sweeps))
            page = await session.client.call("routing", session.client.routing.ListSweeps, request)
            found.sweeps.extend(page.sweeps)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        look = await session.look(session.site)
        numbers = await session.numbers(one.case_id for one in found.sweeps)
        session.show(found, routing.sweeps(look, found.sweeps, numbers))
        if found.next_page_token:
            session.note(session.words("more"))

    execute(context, work)


async def _sweep(session: Session, sweep_id: str) -> sweeps_pb.Sweep:
    response = await session.client.call(
        "routing", session.client.routing.GetSweep, sweeps_pb.GetSweepRequest(sweep_id=sweep_id)
    )
    return response.sweep


def _task(sweep: sweeps_pb.Sweep, key: str, names: Names) -> str:
    """Returns the task named by id, by unit, or by being the only one."""
    if key.count("-") == 4 and any(task.task_id == key for task in sweep.tasks):
        return key
    unit = names.unit_of(key)
    found = [task.task_id for task in sweep.tasks if not key or task.unit_id == unit]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{task.unit_id}={task.task_id}" for task in sweep.tasks)
    raise Problem(f"请指明任务 / which task? {known}", field="--task")


async def _show(session: Session, response: Message, sweep: sweeps_pb.Sweep) -> None:
    look = await session.look(sweep.site_id)
    cases: Iterable[str] = [sweep.case_id, *(task.found_case_id for task in sweep.tasks)]
    numbers = await session.numbers(cases)
    session.show(response, *routing.sweep(look, sweep, numbers))

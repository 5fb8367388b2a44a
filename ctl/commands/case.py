"""`case …`: reading cases, and every step that intake lets people take on them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_finding_pb2, intake_pb2, intake_service_pb2
from backstop.routing.v1 import routing_service_pb2
from ctl import choices, times
from ctl.attachments import attachments
from ctl.commands import options
from ctl.commands.finding import Filter, Search, View
from ctl.commands.register import register
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import case as tables
from ctl.tables import organisation
from ctl.tables.look import Look

app = typer.Typer(no_args_is_help=True, help="诉求 · cases")
app.command("register")(register)


class HasCase(Protocol):
    """A response that carries the case file as it is now."""

    @property
    def case(self) -> intake_pb2.Case: ...


@app.command("show")
def show(
    context: typer.Context,
    case: options.CaseKey,
    as_of: Annotated[
        str,
        typer.Option("--as-of", metavar="TIME", help="当时的样子 · as it stood then, local time"),
    ] = "",
) -> None:
    """显示诉求档案 · show the case file."""

    async def work(session: Session) -> None:
        instant = times.parse_time(as_of, session.zone, option="--as-of") if as_of else None
        found = await session.case(case, as_of=instant)
        look = Look(session.words, await session.names(found.site_id), session.zone)
        numbers = await session.numbers(link.case_id for link in found.links)
        session.show(found, *tables.case_file(look, found, numbers))

    execute(context, work)


@app.command("list")
def list_cases(
    context: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            help="状态，可多次 · state, repeatable",
            autocompletion=choices.completion(intake_pb2.CaseState.DESCRIPTOR),
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", help="单位代码 · unit id")] = "",
    accountable: Annotated[
        str, typer.Option("--accountable", help="当前责任人代码 · who must move")
    ] = "",
    condition: Filter = "",
    search: Search = "",
    view: View = "",
    order: Annotated[
        str,
        typer.Option(
            "--order",
            help="record_time, occurred_time, due_time, number, level, close_time，可加 desc",
        ),
    ] = "",
    limit: options.Limit = 50,
) -> None:
    """列出诉求，新的在前 · list cases, newest first."""

    async def work(session: Session) -> None:
        request = intake_finding_pb2.ListCasesRequest(
            site_id=session.site,
            states=[
                choices.parse(intake_pb2.CaseState, one, option="--state") for one in state or ()
            ],
            unit_id=unit,
            accountable=accountable,
            filter=condition,
            query=search,
            order_by=order,
            view=choices.parse(intake_finding_pb2.InboxView, view, option="--view"),
        )
        found = intake_finding_pb2.ListCasesResponse()
        while len(found.cases) < limit:
            request.page_size = min(200, limit - len(found.cases))
            page = await session.client.call("intake", session.client.intake.ListCases, request)
            found.cases.extend(page.cases)
            found.next_page_token = request.page_token = page.next_page_token
            if not page.next_page_token:
                break
        look = Look(session.words, await session.names(session.site), session.zone)
        session.show(found, tables.cases(look, found.cases))
        if found.next_page_token:
            session.note(session.words("more"))

    execute(context, work)


@app.command("timeline")
def timeline(context: typer.Context, case: options.CaseKey, limit: options.Limit = 500) -> None:
    """显示诉求全程 · show every step of a case."""

    async def work(session: Session) -> None:
        file = await session.case(case)
        found = await read_timeline(session, file.case_id, limit)
        look = Look(session.words, await session.names(file.site_id), session.zone)
        session.show(found, tables.timeline(look, file.number, found.entries))

    execute(context, work)


async def read_timeline(
    session: Session, case_id: str, limit: int
) -> intake_service_pb2.GetTimelineResponse:
    """Returns a case's history, page by page."""
    request = intake_service_pb2.GetTimelineRequest(case_id=case_id)
    found = intake_service_pb2.GetTimelineResponse()
    while len(found.entries) < limit:
        request.page_size = min(500, limit - len(found.entries))
        page = await session.client.call("intake", session.client.intake.GetTimeline, request)
        found.entries.extend(page.entries)
        found.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    return found


@app.command("accept")
def accept(
    context: typer.Context, case: options.CaseKey, expected_version: options.ExpectedVersion = 0
) -> None:
    """包保人员接收诉求 · the steward takes the case."""

    async def work(session: Session) -> None:
        request = routing_service_pb2.AcceptCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
        )
        response = await session.client.call("routing", session.client.routing.AcceptCase, request)
        look = Look(session.words, await session.names(response.route.site_id), session.zone)
        session.show(response, *organisation.route(look, response.route))

    execute(context, work)


@app.command("verify")
def verify(
    context: typer.Context,
    case: options.CaseKey,
    place: Annotated[str, typer.Option("--place", help="核查地点 · where")],
    findings: Annotated[str, typer.Option("--findings", help="核查情况 · what was found")],
    attach: options.Attach = None,
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """记录现场核查 · record an on-site verification."""

    async def step(session: Session, case_id: str) -> HasCase:
        request = intake_service_pb2.VerifyCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            place=place,
            findings=findings,
            verify_time=_at(session, at),
            attachments=attachments(attach or ()),
        )
        return await session.client.call("intake", session.client.intake.VerifyCase, request)

    _run(context, case, step)


Text = Annotated[str, typer.Option("--text", help="答复内容 · the words")]


@app.command("reply")
def reply(
    context: typer.Context,
    case: options.CaseKey,
    text: Text,
    fed_back: options.Fed = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """初步回复，含处理方向 · first reply, with the handling direction."""
    kind = intake_pb2.ANSWER_KIND_FIRST_REPLY
    _run(context, case, _answer(kind, text, "", fed_back, note, at, expected_version))


@app.command("plan")
def plan(
    context: typer.Context,
    case: options.CaseKey,
    text: Text,
    promised: Annotated[
        str, typer.Option("--promised", metavar="DATE", help="承诺日期 · promised date")
    ],
    fed_back: options.Fed = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """解决方案，含承诺日期 · plan with a promised date."""
    kind = intake_pb2.ANSWER_KIND_PLAN
    _run(context, case, _answer(kind, text, promised, fed_back, note, at, expected_version))


@app.command("progress")
def progress(
    context: typer.Context,
    case: options.CaseKey,
    text: Text,
    next_day: Annotated[
        str, typer.Option("--next", help="下次说明日期，2026-11-24 · when they hear again")
    ] = "",
    fed_back: options.Fed = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """处理进度说明 · progress note."""
    kind = intake_pb2.ANSWER_KIND_PROGRESS
    told = _answer(kind, text, "", fed_back, note, at, expected_version, next_day=next_day)
    _run(context, case, told)


@app.command("feedback")
def feedback(
    context: typer.Context,
    case: options.CaseKey,
    fed_back: options.Fed,
    answer: Annotated[
        str, typer.Option("--answer", help="答复 id，默认最近一条 · answer id; the last by default")
    ] = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """记录答复的反馈或联系未果 · record that an answer reached the reporter, or was tried."""

    async def step(session: Session, case_id: str) -> HasCase:
        answer_id = answer
        if not answer_id:
            answers = (await session.case(case_id)).answers
            if not answers:
                raise Problem("该诉求尚无答复 / the case has no answer yet", field="--answer")
            answer_id = answers[-1].answer_id
        request = intake_service_pb2.FeedBackAnswerRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            answer_id=answer_id,
            feedback=_feedback(session, fed_back, note, at),
        )
        return await session.client.call("intake", session.client.intake.FeedBackAnswer, request)

    _run(context, case, step)


@app.command("escalate")
def escalate(
    context: typer.Context,
    case: options.CaseKey,
    reason: Annotated[str, typer.Option("--reason", help="超出权限的原因 · why it is beyond you")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """逐级上报 · ask the next level of the ladder."""

    async def step(session: Session, case_id: str) -> HasCase:
        request = intake_service_pb2.EscalateCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            reason=reason,
        )
        return await session.client.call("intake", session.client.intake.EscalateCase, request)

    _run(context, case, step)


@app.command("resolve")
def resolve(
    context: typer.Context,
    case: options.CaseKey,
    resolution: Annotated[str, typer.Option("--resolution", help="办理结果 · what was done")],
    outcome: Annotated[
        str, typer.Option("--outcome", help="solved 或 explained · what it comes to")
    ] = "solved",
    fed_back: options.Fed = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """办结，等待诉求人确认 · declare it done; the reporter is asked."""

    async def step(session: Session, case_id: str) -> HasCase:
        request = intake_service_pb2.ResolveCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            resolution=resolution,
            outcome=choices.parse(intake_pb2.Outcome, outcome, option="--outcome"),
            feedback=_feedback(session, fed_back, note, at) if fed_back else None,
            resolve_time=_at(session, at),
        )
        return await session.client.call("intake", session.client.intake.ResolveCase, request)

    _run(context, case, step)


@app.command("close")
def close(
    context: typer.Context,
    case: options.CaseKey,
    outcome: Annotated[
        str,
        typer.Option(
            "--outcome",
            help="结果，默认依档案：撤回、转办已有结果，否则为办结时的结果 · the outcome; by "
            "default withdrawn or referred where the file shows it, else what was proposed",
            autocompletion=choices.completion(intake_pb2.Outcome.DESCRIPTOR),
        ),
    ] = "",
    remark: Annotated[str, typer.Option("--remark", help="备注 · remark")] = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """销号（调度室）· strike the case off."""

    async def step(session: Session, case_id: str) -> HasCase:
        request = intake_service_pb2.CloseCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            outcome=(
                choices.parse(intake_pb2.Outcome, outcome, option="--outcome")
                if outcome
                else end_of(await session.case(case))
            ),
            remark=remark,
        )
        return await session.client.call("intake", session.client.intake.CloseCase, request)

    _run(context, case, step)


def end_of(case: intake_pb2.Case) -> intake_pb2.Outcome.ValueType:
    """Returns the end that the case file shows; raises Problem for one that shows none yet."""
    if case.withdrawal.counts and not _overtaken(case):
        return intake_pb2.OUTCOME_WITHDRAWN
    if case.referral.result and case.referral.cycle == case.cycle:
        return intake_pb2.OUTCOME_REFERRED
    if not case.proposed_outcome:
        raise Problem(
            "尚未办结，以什么结果销号？/ it isn't resolved: with which outcome?", field="--outcome"
        )
    return case.proposed_outcome


def _overtaken(case: intake_pb2.Case) -> bool:
    """Tells whether the reporter spoke, or a result was declared, after the withdrawal."""
    after = [one.comment_time for one in case.comments if one.by_reporter]
    if case.HasField("resolve_time"):
        after.append(case.resolve_time)
    return any(
        time.ToNanoseconds() > case.withdrawal.withdraw_time.ToNanoseconds() for time in after
    )


Step = Callable[[Session, str], Awaitable[HasCase]]


def _answer(
    kind: intake_pb2.AnswerKind.ValueType,
    text: str,
    promised: str,
    fed_back: str,
    note: str,
    at: str,
    expected_version: int,
    next_day: str = "",
) -> Step:
    async def step(session: Session, case_id: str) -> HasCase:
        request = intake_service_pb2.AnswerCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            kind=kind,
            text=text,
            promised_date=times.date_message(
                times.parse_date(promised, option="--promised") if promised else None
            ),
            feedback=_feedback(session, fed_back, note, at) if fed_back else None,
            answer_time=_at(session, at),
            next_date=times.date_message(
                times.parse_date(next_day, option="--next") if next_day else None
            ),
        )
        return await session.client.call("intake", session.client.intake.AnswerCase, request)

    return step


def _feedback(session: Session, way: str, note: str, at: str) -> intake_pb2.Feedback:
    return intake_pb2.Feedback(
        way=choices.parse(intake_pb2.FeedbackWay, way, option="--fed-back"),
        feedback_time=_at(session, at),
        note=note,
    )


def _at(session: Session, text: str) -> Timestamp | None:
    return times.stamp(times.parse_time(text, session.zone, option="--at") if text else None)


def _run(context: typer.Context, case: str, step: Step) -> None:
    """Takes one step on a case and shows the head of its file."""

    async def work(session: Session) -> None:
        response = await step(session, await session.case_id(case))
        await show_case(session, response.case)

    execute(context, work)


async def show_case(session: Session, case: intake_pb2.Case) -> None:
    """Shows the head of a case file after a step."""
    look = Look(session.words, await session.names(case.site_id), session.zone)
    numbers = await session.numbers(link.case_id for link in case.links)
    session.show(case, tables.head(look, case, numbers))

"""`case reply`, `plan`, `progress`, `feedback`: what the reporter is told, and how."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from ctl import times
from ctl.commands import options
from ctl.commands.steps import HasCase, Step, at_time, feedback_of, run
from ctl.failures import Problem
from ctl.shell import Session

Text = Annotated[str, typer.Option("--text", help="答复内容 · the words")]


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
    run(context, case, _answer(kind, text, "", fed_back, note, at, expected_version))


def plan(
    context: typer.Context,
    case: options.CaseKey,
    text: Text,
    promised: Annotated[
        str,
        typer.Option(
            "--promised", metavar="DATE", help="承诺日期，如 2026-11-24、+3d · promised date"
        ),
    ],
    fed_back: options.Fed = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """解决方案，含承诺日期 · plan with a promised date."""
    kind = intake_pb2.ANSWER_KIND_PLAN
    run(context, case, _answer(kind, text, promised, fed_back, note, at, expected_version))


def progress(
    context: typer.Context,
    case: options.CaseKey,
    text: Text,
    next_day: Annotated[
        str,
        typer.Option("--next", metavar="DATE", help="下次说明日期，如 +3d · when they hear again"),
    ] = "",
    fed_back: options.Fed = "",
    note: options.FedNote = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """处理进度说明 · progress note."""
    kind = intake_pb2.ANSWER_KIND_PROGRESS
    told = _answer(kind, text, "", fed_back, note, at, expected_version, next_day=next_day)
    run(context, case, told)


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
            feedback=feedback_of(session, fed_back, note, at),
        )
        return await session.client.call("intake", session.client.intake.FeedBackAnswer, request)

    run(context, case, step)


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
                await session.day(promised, option="--promised") if promised else None
            ),
            feedback=feedback_of(session, fed_back, note, at) if fed_back else None,
            answer_time=at_time(session, at),
            next_date=times.date_message(
                await session.day(next_day, option="--next") if next_day else None
            ),
        )
        return await session.client.call("intake", session.client.intake.AnswerCase, request)

    return step

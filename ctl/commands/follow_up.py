"""`case promise`, `case callback`, `case flag`: what the dispatch room does beside the answers."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from ctl import choices, times
from ctl.commands import options
from ctl.commands.register import hazard
from ctl.commands.steps import show_case
from ctl.shell import Session, execute


def promise(
    context: typer.Context,
    case: options.CaseKey,
    day: Annotated[
        str, typer.Option("--to", metavar="DATE", help="新的承诺日期，如 +3d · the new date")
    ],
    reason: Annotated[str, typer.Option("--reason", help="为何调整 · why")],
    answer: Annotated[
        str, typer.Option("--answer", help="方案 id，默认最近一条 · the plan; the last by default")
    ] = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """调整承诺日期，经办者即批准人 · move a promise before it passes; the caller approves."""

    async def work(session: Session) -> None:
        request = intake_service_pb2.MovePromiseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            answer_id=answer,
            promised_date=times.date_message(await session.day(day, option="--to")),
            reason=reason,
        )
        response = await session.client.call("intake", session.client.intake.MovePromise, request)
        await show_case(session, response.case)

    execute(context, work)


def callback(
    context: typer.Context,
    case: options.CaseKey,
    reached: Annotated[
        bool, typer.Option("--reached/--in-vain", help="接通，或未接通 · answered, or not")
    ],
    words: Annotated[str, typer.Option("--words", help="说了什么 · what was said")] = "",
    grade: Annotated[
        str,
        typer.Option(
            "--grade",
            help="诉求人自己的评价 · how satisfied they say they are",
            autocompletion=choices.completion(intake_pb2.Grade.DESCRIPTOR),
        ),
    ] = "",
    sample: Annotated[
        str, typer.Option("--sample", help="所属抽样 id · the sample it is made for")
    ] = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """登记回访；对结果的意见用 confirm 或 reject · record a call about the result."""

    async def work(session: Session) -> None:
        request = intake_service_pb2.RecordCallbackRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            reached=reached,
            words=words,
            grade=choices.parse(intake_pb2.Grade, grade, option="--grade"),
            sample_id=sample,
            call_time=times.stamp(
                times.parse_time(at, session.zone, option="--at") if at else None
            ),
        )
        response = await session.client.call(
            "intake", session.client.intake.RecordCallback, request
        )
        await show_case(session, response.case)
        if response.unanswered_days:
            session.say(session.words("unanswered_days", count=response.unanswered_days))

    execute(context, work)


def flag(
    context: typer.Context,
    case: options.CaseKey,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="FLAG",
            help="hazard 隐患、long-standing 疑难积案",
            autocompletion=choices.completion(intake_pb2.CaseFlag.DESCRIPTOR),
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="为何 · why")],
    off: Annotated[bool, typer.Option("--off", help="取消标记 · take it off")] = False,
    leader: Annotated[str, typer.Option("--leader", help="包案领导 · leader in charge")] = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """标记隐患或疑难积案 · mark a case as a hazard or as long-standing."""

    async def work(session: Session) -> None:
        request = intake_service_pb2.FlagCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            flag=choices.parse(intake_pb2.CaseFlag, kind, option="FLAG"),
            remove=off,
            reason=reason,
            leader=leader,
        )
        response = await session.client.call("intake", session.client.intake.FlagCase, request)
        await show_case(session, response.case)
        hazard(session, response)

    execute(context, work)

"""`case accept`, `verify`, `escalate`, `resolve`, `close`: a case from hand to hand to its end."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from backstop.routing.v1 import routing_service_pb2
from ctl import choices
from ctl.attachments import attachments
from ctl.commands import options
from ctl.commands.steps import HasCase, at_time, feedback_of, run
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import organisation


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
        look = await session.look(response.route.site_id)
        session.show(response, *organisation.route(look, response.route))

    execute(context, work)


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
            verify_time=at_time(session, at),
            attachments=attachments(attach or ()),
        )
        return await session.client.call("intake", session.client.intake.VerifyCase, request)

    run(context, case, step)


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

    run(context, case, step)


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
            feedback=feedback_of(session, fed_back, note, at) if fed_back else None,
            resolve_time=at_time(session, at),
        )
        return await session.client.call("intake", session.client.intake.ResolveCase, request)

    run(context, case, step)


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

    run(context, case, step)


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

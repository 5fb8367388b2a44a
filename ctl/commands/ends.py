"""`case withdraw`, `reopen`, `refer`, `referred`, `review`: how a case ends, and begins again."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_life_pb2, intake_marks_pb2, intake_pb2
from ctl import choices
from ctl.commands import options
from ctl.commands.steps import show_case
from ctl.commands.word import speaker
from ctl.shell import Session, execute

Reason = Annotated[str, typer.Option("--reason", help="为何 · why")]


def withdraw(
    context: typer.Context,
    reason: Reason,
    case: options.OptionalCase = "",
    code: options.Code = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """撤回诉求；经办人代报的须回访核实 · take the appeal back."""

    async def work(session: Session) -> None:
        client, case_id = await speaker(session, case, code)
        request = intake_life_pb2.WithdrawCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            reason=reason,
            receipt_code=options.plain_code(code),
        )
        response = await client.call("intake", client.intake.WithdrawCase, request)
        await show_case(session, response.case)
        basis = session.words.value(intake_pb2.ConfirmationBasis.DESCRIPTOR, response.basis)
        session.say(f"{session.words('basis')}{session.words('colon')}{basis}")

    execute(context, work)


def reopen(
    context: typer.Context,
    reason: Reason,
    case: options.OptionalCase = "",
    code: options.Code = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """已销号的重新办理 · have a closed case worked on again."""

    async def work(session: Session) -> None:
        client, case_id = await speaker(session, case, code)
        request = intake_life_pb2.ReopenCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            reason=reason,
            receipt_code=options.plain_code(code),
        )
        response = await client.call("intake", client.intake.ReopenCase, request)
        await show_case(session, response.case)

    execute(context, work)


def refer(
    context: typer.Context,
    case: options.CaseKey,
    body: Annotated[str, typer.Option("--to", metavar="BODY", help="转给谁 · the other body")],
    reference: Annotated[
        str, typer.Option("--reference", help="对方受理编号 · that body's own reference")
    ],
    reason: Reason,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """转办；结果未知前不销号 · another body has it; it stays open until the result is known."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.ReferCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            body=body,
            reference=reference,
            reason=reason,
        )
        response = await session.client.call("intake", session.client.intake.ReferCase, request)
        await show_case(session, response.case)

    execute(context, work)


def referred(
    context: typer.Context,
    case: options.CaseKey,
    result: Annotated[str, typer.Option("--result", help="对方的处理结果 · what became of it")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """登记转办结果 · write what became of a referral."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.RecordReferralResultRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            result=result,
        )
        response = await session.client.call(
            "intake", session.client.intake.RecordReferralResult, request
        )
        await show_case(session, response.case)

    execute(context, work)


def review(
    context: typer.Context,
    case: options.CaseKey,
    decision: Annotated[
        str,
        typer.Argument(
            metavar="DECISION",
            help="upheld 维持、work-again 重新办理",
            autocompletion=choices.completion(intake_marks_pb2.ReviewDecision.DESCRIPTOR),
        ),
    ],
    findings: Annotated[str, typer.Option("--findings", help="复核情况 · what was found")],
    verified_by: Annotated[
        str,
        typer.Option(
            "--verified-by",
            metavar="PERSON",
            help="独立核查人，未经办过 · who verified it, no hand in it",
        ),
    ],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """两次不认可后由主任复核 · the director's review after the second rejection."""

    async def work(session: Session) -> None:
        names = await session.names(session.settings.site)
        request = intake_life_pb2.ReviewCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            decision=choices.parse(intake_marks_pb2.ReviewDecision, decision, option="DECISION"),
            findings=findings,
            verified_by=names.person_of(verified_by),
        )
        response = await session.client.call("intake", session.client.intake.ReviewCase, request)
        await show_case(session, response.case)

    execute(context, work)

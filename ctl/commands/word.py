"""`case track`, `case confirm`, `case reject`: the reporter's side, by code or by who has it."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from ctl import choices
from ctl.commands import options
from ctl.commands.steps import show_case
from ctl.connection import Client
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import case as tables


def track(
    context: typer.Context,
    code: Annotated[
        list[str],
        typer.Argument(
            metavar="CODE", help="16 位凭证号，可照印的分组粘贴 · receipt code, grouped or not"
        ),
    ],
) -> None:
    """凭凭证号查询进展，无需令牌 · follow a case by its receipt code; needs no token."""

    async def work(session: Session) -> None:
        client = session.client_as("")
        plain = options.plain_code("".join(code), option="CODE")
        request = intake_service_pb2.TrackCaseRequest(receipt_code=plain)
        found = await client.call("intake", client.intake.TrackCase, request)
        look = await session.look(session.settings.site)
        session.show(found, *tables.tracked(look, found))

    execute(context, work)


def confirm(
    context: typer.Context,
    case: options.OptionalCase = "",
    grade: Annotated[
        str,
        typer.Option(
            "--grade",
            help="满意、基本满意、不满意 · satisfied, mostly-satisfied, dissatisfied",
            autocompletion=choices.completion(intake_pb2.Grade.DESCRIPTOR),
        ),
    ] = "",
    words: Annotated[str, typer.Option("--words", help="诉求人的话 · the reporter's words")] = "",
    code: options.Code = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """确认结果 · say for the reporter that the result is right."""

    async def work(session: Session) -> None:
        if not grade:
            raise Problem("满意吗？请用 --grade / how satisfied? say --grade", field="--grade")
        client, case_id = await speaker(session, case, code)
        request = intake_service_pb2.ConfirmCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            grade=choices.parse(intake_pb2.Grade, grade, option="--grade"),
            words=words,
            receipt_code=options.plain_code(code),
        )
        response = await client.call("intake", client.intake.ConfirmCase, request)
        await show_case(session, response.case)
        basis = session.words.value(intake_pb2.ConfirmationBasis.DESCRIPTOR, response.basis)
        session.say(f"{session.words('basis')}{session.words('colon')}{basis}")

    execute(context, work)


def reject(
    context: typer.Context,
    case: options.OptionalCase = "",
    reason: Annotated[str, typer.Option("--reason", help="哪里不对 · what isn't right")] = "",
    code: options.Code = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """不认可结果，重新办理 · say that the result isn't right; the case is worked on again."""

    async def work(session: Session) -> None:
        if not reason:
            raise Problem("哪里不对？/ what isn't right?", field="--reason")
        client, case_id = await speaker(session, case, code)
        request = intake_service_pb2.RejectCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            reason=reason,
            receipt_code=options.plain_code(code),
        )
        response = await client.call("intake", client.intake.RejectCase, request)
        await show_case(session, response.case)

    execute(context, work)


async def speaker(session: Session, case: str, code: str) -> tuple[Client, str]:
    """Returns whoever speaks, and the case: with a code it is the reporter, without a token."""
    if not code:
        if not case:
            raise Problem("哪件诉求？/ which case?", field="CASE")
        return session.client, await session.case_id(case)
    client = session.client_as("")
    request = intake_service_pb2.TrackCaseRequest(receipt_code=options.plain_code(code))
    tracked = await client.call("intake", client.intake.TrackCase, request)
    if case and case.upper() != tracked.number and case.lower() != tracked.case_id:
        raise Problem(
            f"凭证号属于 {tracked.number} / the code belongs to that case", field="--code"
        )
    return client, tracked.case_id

"""`case amend`, `comment`, `meeting`, `link`, `merge`, `split`, `code`: a case on its way."""

from typing import Annotated

import typer

from backstop.intake.v1 import (
    intake_life_pb2,
    intake_marks_pb2,
    intake_pb2,
    intake_registration_pb2,
)
from ctl import choices, times
from ctl.attachments import attachments
from ctl.commands import options
from ctl.commands.register import place_of
from ctl.commands.steps import show_case
from ctl.commands.word import speaker
from ctl.shell import Session, execute
from ctl.tables import case as tables

Reason = Annotated[str, typer.Option("--reason", help="为何 · why")]


def amend(
    context: typer.Context,
    case: options.CaseKey,
    reason: Reason,
    text: Annotated[str | None, typer.Option("--text", help="诉求内容 · what was said")] = None,
    where: Annotated[
        str | None, typer.Option("--where", help="单位、值守点或地点 · unit, post or place")
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="类别的名称或代码 · category")
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="种类 · kind",
            autocompletion=choices.completion(intake_pb2.CaseKind.DESCRIPTOR),
        ),
    ] = "",
    urgency: Annotated[
        str,
        typer.Option(
            "--urgency",
            help="normal | urgent",
            autocompletion=choices.completion(intake_pb2.Urgency.DESCRIPTOR),
        ),
    ] = "",
    about: Annotated[
        list[str] | None,
        typer.Option(
            "--about", metavar="PERSON", help="补记涉及谁 · whom it turns out to be about"
        ),
    ] = None,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """更正登记内容，原内容留痕 · amend what was registered; what it was stays on record."""

    async def work(session: Session) -> None:
        names = await session.names(session.settings.site)
        request = intake_life_pb2.AmendCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            reason=reason,
            add_about_persons=[names.person_of(one) for one in about or ()],
        )
        if text is not None:
            request.text = text
        if where is not None:
            found = place_of(where, names)
            for field, key in (("place", "place"), ("post_id", "post"), ("unit_id", "unit")):
                if key in found:
                    setattr(request, field, found[key])
        if category is not None:
            request.category = names.category_of(category)
        if kind:
            request.kind = choices.parse(intake_pb2.CaseKind, kind, option="--kind")
        if urgency:
            request.urgency = choices.parse(intake_pb2.Urgency, urgency, option="--urgency")
        response = await session.client.call("intake", session.client.intake.AmendCase, request)
        await show_case(session, response.case)

    execute(context, work)


def comment(
    context: typer.Context,
    text: Annotated[str, typer.Option("--text", help="内容 · the words")],
    case: options.OptionalCase = "",
    to_reporter: Annotated[
        bool, typer.Option("--to-reporter", help="诉求人可见，并告知 · the reporter sees it")
    ] = False,
    attach: options.Attach = None,
    code: options.Code = "",
) -> None:
    """留言；有 --code 时是诉求人的话 · comment; with --code it is the reporter's word."""

    async def work(session: Session) -> None:
        client, case_id = await speaker(session, case, code)
        visibility = (
            intake_marks_pb2.COMMENT_VISIBILITY_REPORTER
            if to_reporter or code
            else intake_marks_pb2.COMMENT_VISIBILITY_INTERNAL
        )
        request = intake_life_pb2.CommentCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            text=text,
            visibility=visibility,
            attachments=attachments(attach or ()),
            receipt_code=options.plain_code(code),
        )
        response = await client.call("intake", client.intake.CommentCase, request)
        await show_case(session, response.case)

    execute(context, work)


def meeting(
    context: typer.Context,
    case: options.CaseKey,
    chair: Annotated[str, typer.Option("--chair", metavar="PERSON", help="主持人 · chaired by")],
    unit: Annotated[
        list[str], typer.Option("--unit", help="参加单位，两个以上 · units, two at least")
    ],
    decisions: Annotated[str, typer.Option("--decisions", help="议定事项 · what was decided")],
    participant: Annotated[
        list[str] | None,
        typer.Option("--participant", metavar="PERSON", help="参加人 · who was there"),
    ] = None,
    following: Annotated[
        str, typer.Option("--next", metavar="DATE", help="下次会商日 · when it is looked at again")
    ] = "",
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """记录协调会 · put a coordination meeting on record."""

    async def work(session: Session) -> None:
        names = await session.names(session.settings.site)
        request = intake_life_pb2.RecordMeetingRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            meeting_time=times.stamp(
                times.parse_time(at, session.zone, option="--at") if at else None
            ),
            chaired_by=names.person_of(chair),
            participants=[names.person_of(one) for one in participant or ()],
            unit_ids=[names.unit_of(one) for one in unit],
            decisions=decisions,
            next_date=times.date_message(
                await session.day(following, option="--next") if following else None
            ),
        )
        response = await session.client.call("intake", session.client.intake.RecordMeeting, request)
        await show_case(session, response.case)

    execute(context, work)


Other = Annotated[
    str, typer.Argument(metavar="OTHER", help="另一件诉求的编号或 id · number or id of the other")
]


def link(
    context: typer.Context,
    case: options.CaseKey,
    other: Other,
    reason: Reason,
    relation: Annotated[
        str,
        typer.Option(
            "--relation",
            help="related 相关、recurrence-of 复发、found-by-sweep 举一反三",
            autocompletion=choices.completion(intake_pb2.Relation.DESCRIPTOR),
        ),
    ] = "related",
    off: Annotated[bool, typer.Option("--off", help="取消关联 · take it off")] = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """关联诉求；重复的请用 merge · tie a case to another; merge a duplicate."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.LinkCasesRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            link=intake_pb2.Link(
                case_id=await session.case_id(other),
                relation=choices.parse(intake_pb2.Relation, relation, option="--relation"),
            ),
            remove=off,
            reason=reason,
        )
        response = await session.client.call("intake", session.client.intake.LinkCases, request)
        await show_case(session, response.case)

    execute(context, work)


def merge(
    context: typer.Context,
    case: options.CaseKey,
    other: Annotated[
        str, typer.Argument(metavar="MASTER", help="继续办理的那件 · the case that goes on")
    ],
    reason: Reason,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """把重复的诉求并入另一件 · merge a duplicate into the case that goes on."""

    async def work(session: Session) -> None:
        request = intake_life_pb2.MergeCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            master_case_id=await session.case_id(other),
            reason=reason,
        )
        response = await session.client.call("intake", session.client.intake.MergeCase, request)
        await show_case(session, response.case)

    execute(context, work)


def split(
    context: typer.Context,
    case: options.CaseKey,
    text: Annotated[str, typer.Option("--text", help="另案内容 · what the new case is about")],
    reason: Reason,
    where: Annotated[
        str,
        typer.Option("--where", help="单位或地点，默认同原案 · unit or place; as the old case's"),
    ] = "",
    category: Annotated[str, typer.Option("--category", help="类别，默认同原案 · category")] = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """一件两事：拆出另案 · take a second matter out into a case of its own."""

    async def work(session: Session) -> None:
        names = await session.names(session.settings.site)
        found = place_of(where, names)
        request = intake_life_pb2.SplitCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            text=text,
            category=names.category_of(category),
            unit_id=found.get("unit", ""),
            place=found.get("place", ""),
            reason=reason,
        )
        response = await session.client.call("intake", session.client.intake.SplitCase, request)
        await show_case(session, response.new_case)
        if response.receipt_code:
            session.say(f"{session.words('code')} {tables.spaced(response.receipt_code)}")
            session.say(session.words("code_kept"))

    execute(context, work)


def reissue(
    context: typer.Context,
    case: options.CaseKey,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", help="如何核实是本人 · how it was made sure that it is the reporter"
        ),
    ],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """补发凭证号，原号作废 · a new receipt code; the one before opens nothing any more."""

    async def work(session: Session) -> None:
        request = intake_registration_pb2.ReissueReceiptCodeRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            reason=reason,
        )
        response = await session.client.call(
            "intake", session.client.intake.ReissueReceiptCode, request
        )
        await show_case(session, response.case)
        session.say(f"{session.words('code')} {tables.spaced(response.receipt_code)}")
        session.say(session.words("code_kept"))

    execute(context, work)

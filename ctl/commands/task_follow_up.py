"""`work-order reopen|meeting|ask|decide|survey` and `proposal …`: what becomes of tasks later."""

from typing import Annotated

import typer

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from ctl import times
from ctl.commands import options, tasks
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import routing

proposal_app = typer.Typer(
    no_args_is_help=True, help="类别表建议 · proposals for the category table"
)

RestDay = Annotated[
    bool, typer.Option("--allow-rest-day", help="期限确为休息日 · a rest day is meant")
]
Reason = Annotated[str, typer.Option("--reason", help="理由 · why")]
Units = Annotated[list[str], typer.Option("--unit", help="参加单位，可重复 · units that took part")]
Evidence = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        metavar="NAME=WHERE",
        help="佐证：名称=存放处，可重复 · a document and where it is kept",
    ),
]


def evidence_of(texts: list[str] | None) -> list[pb.Evidence]:
    """Reads "name=where" into documents; Problem for one without a place."""
    found = []
    for text in texts or []:
        name, separator, where = text.partition("=")
        if not separator or not where.strip():
            raise Problem(f"应写作 名称=存放处 / not name=where: {text}", field="--evidence")
        found.append(pb.Evidence(name=name.strip(), reference=where.strip()))
    return found


def reopen(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    deadline: Annotated[
        str, typer.Option("--deadline", metavar="TIME", help="新期限 · until when")
    ],
    reason: Reason,
    allow_rest_day: RestDay = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """重开已完成而未办好的工单 · open a task again that isn't done."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = rpc.ReopenWorkOrderRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.COMPLETED),
            reason=reason,
            deadline_time=times.stamp(await tasks.deadline_of(session, deadline)),
            allow_rest_day=allow_rest_day,
        )
        await tasks.act(session, session.client.routing.ReopenWorkOrder, request)

    execute(context, work)


def meeting(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    units: Units,
    lead: Annotated[str, typer.Option("--lead", help="牵头单位 · the unit that leads")],
    minutes: Annotated[str, typer.Option("--minutes", help="会议纪要 · what was agreed")],
    deadline: Annotated[
        str,
        typer.Option("--deadline", metavar="TIME", help="新期限，默认不变 · as it was if absent"),
    ] = "",
    allow_rest_day: RestDay = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """两次退单后的联席会议，明确牵头单位 · the joint meeting after a second return."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        request = rpc.HoldJointMeetingRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.RETURNED),
            unit_ids=[names.unit_of(unit) for unit in units],
            lead_unit_id=names.unit_of(lead),
            minutes=minutes,
            deadline_time=times.stamp(await tasks.deadline_of(session, deadline))
            if deadline
            else None,
            allow_rest_day=allow_rest_day,
        )
        await tasks.act(session, session.client.routing.HoldJointMeeting, request)

    execute(context, work)


def ask(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    deadline: Annotated[
        str, typer.Option("--deadline", metavar="TIME", help="申请延至 · until when")
    ],
    reason: Reason,
    allow_rest_day: RestDay = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """到期前申请延期 · a unit asks for more time."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = rpc.AskExtensionRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.WITH_UNIT),
            deadline_time=times.stamp(await tasks.deadline_of(session, deadline)),
            reason=reason,
            allow_rest_day=allow_rest_day,
        )
        await tasks.act(session, session.client.routing.AskExtension, request)

    execute(context, work)


def decide(
    context: typer.Context,
    case: options.CaseKey,
    work_order: tasks.WorkOrder = "",
    *,
    granted: Annotated[
        bool, typer.Option("--grant/--decline", help="同意或不同意 · grant or decline")
    ],
    words: Annotated[str, typer.Option("--words", help="意见 · in words")] = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """审批延期申请 · grant the time that a unit asked for, or decline it."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        request = rpc.DecideExtensionRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            work_order_id=await tasks.work_order_of(session, case_id, work_order, tasks.OPEN),
            granted=granted,
            words=words,
        )
        await tasks.act(session, session.client.routing.DecideExtension, request)

    execute(context, work)


def survey(
    context: typer.Context,
    case: options.CaseKey,
    units: Units,
    place: Annotated[str, typer.Option("--place", help="地点 · where")],
    findings: Annotated[str, typer.Option("--findings", help="查勘情况 · what was found")],
    evidence: Evidence = None,
    at: options.At = "",
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """几个单位一起查勘，一次到场 · several departments look together."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        moment = times.parse_time(at, session.zone, option="--at") if at else None
        request = rpc.RecordJointSurveyRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            unit_ids=[names.unit_of(unit) for unit in units],
            place=place,
            findings=findings,
            survey_time=times.stamp(moment),
            evidence=evidence_of(evidence),
        )
        await tasks.act(session, session.client.routing.RecordJointSurvey, request)

    execute(context, work)


@proposal_app.command("list")
def proposals(context: typer.Context) -> None:
    """裁定与类别表不符之处 · what rulings propose for the category table."""

    async def work(session: Session) -> None:
        response = await session.client.call(
            "routing",
            session.client.routing.ListCategoryProposals,
            rpc.ListCategoryProposalsRequest(site_id=session.site),
        )
        look = await session.look(session.site)
        numbers = await session.numbers(
            case_id for row in response.proposals for case_id in row.case_ids
        )
        session.show(response, routing.category_proposals(look, response.proposals, numbers))

    execute(context, work)


@proposal_app.command("decide")
def decide_proposal(
    context: typer.Context,
    proposal: Annotated[str, typer.Argument(metavar="PROPOSAL", help="建议 id · proposal id")],
    *,
    taken_over: Annotated[
        bool, typer.Option("--take-over/--decline", help="采纳或不采纳 · take it over or decline")
    ],
    reason: Reason,
) -> None:
    """采纳建议并改类别表，或不采纳 · take a proposal over into the table, or decline it."""

    async def work(session: Session) -> None:
        request = rpc.DecideCategoryProposalRequest(
            request_id=session.request_id(),
            site_id=session.site,
            proposal_id=proposal,
            taken_over=taken_over,
            reason=reason,
        )
        response = await session.client.call(
            "routing", session.client.routing.DecideCategoryProposal, request
        )
        session.show(response, session.words("proposal_decided"))

    execute(context, work)

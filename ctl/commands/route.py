"""`case explain|handlers|assign|recuse|down|time`, `fallbacks`: who has a case, why, how long."""

from typing import Annotated

import typer

from backstop.routing.v1 import routing_service_pb2 as rpc
from ctl.commands import options, tasks
from ctl.exits import Exit
from ctl.shell import Session, execute
from ctl.tables import routing


def explain(context: typer.Context, case: options.CaseKey) -> None:
    """为何归此人，逐步说明 · step by step how the case came to whoever has it."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        response = await session.client.call(
            "routing", session.client.routing.ExplainRoute, rpc.ExplainRouteRequest(case_id=case_id)
        )
        look = await session.look(route.site_id)
        session.show(response, *routing.decisions(look, response))

    execute(context, work)


def handlers(context: typer.Context, case: options.CaseKey) -> None:
    """建议派给哪些单位、由谁包保 · units and stewards who could have it."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        response = await session.client.call(
            "routing",
            session.client.routing.ListHandlerProposals,
            rpc.ListHandlerProposalsRequest(case_id=case_id),
        )
        look = await session.look(route.site_id)
        session.show(response, *routing.proposals(look, response))

    execute(context, work)


def assign(
    context: typer.Context,
    case: options.CaseKey,
    steward: Annotated[str, typer.Option("--steward", help="由谁包保 · the new steward")],
    reason: Annotated[str, typer.Option("--reason", help="为何改由其包保 · why")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """人工指定包保人员 · give a case to another steward."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        request = rpc.AssignCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            steward=names.person_of(steward),
            reason=reason,
        )
        await tasks.act(session, session.client.routing.AssignCase, request)

    execute(context, work)


def recuse(
    context: typer.Context,
    case: options.CaseKey,
    reason: Annotated[str, typer.Option("--reason", help="为何回避 · why")],
    person: Annotated[
        str, typer.Option("--person", help="谁回避，默认本人 · who; the caller by default")
    ] = "",
    by_reporter: Annotated[
        bool, typer.Option("--asked-by-reporter", help="诉求人提出 · the reporter asked for it")
    ] = False,
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """回避：此人不再经手此诉求 · a person may not have the case in hand any more."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        names = await session.names(route.site_id)
        request = rpc.RecuseFromCaseRequest(
            request_id=session.request_id(),
            case_id=case_id,
            expected_version=expected_version,
            person_id=names.person_of(person),
            reason=reason,
            asked_by_reporter=by_reporter,
        )
        await tasks.act(session, session.client.routing.RecuseFromCase, request)

    execute(context, work)


def down(
    context: typer.Context,
    case: options.CaseKey,
    reason: Annotated[str, typer.Option("--reason", help="为何退回下一级 · why")],
    expected_version: options.ExpectedVersion = 0,
) -> None:
    """退回下一级办理 · take the case one level down."""

    async def work(session: Session) -> None:
        request = rpc.DeescalateCaseRequest(
            request_id=session.request_id(),
            case_id=await session.case_id(case),
            expected_version=expected_version,
            reason=reason,
        )
        await tasks.act(session, session.client.routing.DeescalateCase, request)

    execute(context, work)


def attributed_time(context: typer.Context, case: options.CaseKey) -> None:
    """在谁手里多久，按工作时间 · how long it lay with whom, in working time."""

    async def work(session: Session) -> None:
        case_id = await session.case_id(case)
        route = await tasks.route_of(session, case_id)
        response = await session.client.call(
            "routing",
            session.client.routing.GetAttributedTime,
            rpc.GetAttributedTimeRequest(case_id=case_id),
        )
        look = await session.look(route.site_id)
        session.show(response, routing.shares(look, response))

    execute(context, work)


def fallbacks(context: typer.Context) -> None:
    """由兜底人代管的诉求，超过一个工作日的退出码为 4 · cases with owners of last resort."""

    async def work(session: Session) -> Exit:
        response = await session.client.call(
            "routing",
            session.client.routing.ListFallbacks,
            rpc.ListFallbacksRequest(site_id=session.site),
        )
        look = await session.look(session.site)
        numbers = await session.numbers(one.case_id for one in response.fallbacks)
        session.show(response, routing.fallbacks(look, response, numbers))
        return Exit.FINDINGS if response.overlong_count else Exit.DONE

    execute(context, work)

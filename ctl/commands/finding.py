"""`inbox`, `count`, `watch`, `suggest`: finding cases, and following what happens to them."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_finding_pb2, intake_registration_pb2
from ctl import choices
from ctl.commands.register import place_of
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import finding as tables
from ctl.tables.look import Look

# A watch is taken up again after the last step that it showed; a call lasts an hour at most.
_WATCH_SECONDS = 3_500.0

Filter = Annotated[
    str,
    typer.Option(
        "--filter",
        metavar="FILTER",
        help="筛选，如 '状态 = 办理中 AND 超期 = 是'；见 docs/finding.md · AIP-160",
    ),
]
Search = Annotated[
    str, typer.Option("--search", help="内容或地点里的词 · words of the text or place")
]
View = Annotated[
    str,
    typer.Option(
        "--view",
        help="mine, my-unit, due-today, overdue, waiting-for-reporter, waiting-for-me, unassigned, "
        "top-level",
        autocompletion=choices.completion(intake_finding_pb2.InboxView.DESCRIPTOR),
    ),
]


def inbox(context: typer.Context) -> None:
    """我的待办：各类多少件 · how many cases wait for what."""

    async def work(session: Session) -> None:
        request = intake_finding_pb2.GetInboxRequest(site_id=session.site)
        response = await session.client.call("intake", session.client.intake.GetInbox, request)
        session.show(response, tables.inbox(session.words, response.inboxes))

    execute(context, work)


def count(
    context: typer.Context,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="state, category, unit, steward, receiver, channel, level",
            autocompletion=choices.completion(intake_finding_pb2.CountGroup.DESCRIPTOR),
        ),
    ] = "state",
    condition: Filter = "",
    search: Search = "",
    view: View = "",
) -> None:
    """按条件计数 · count cases by what they have in common."""

    async def work(session: Session) -> None:
        group = choices.parse(intake_finding_pb2.CountGroup, by, option="--by")
        request = intake_finding_pb2.CountCasesRequest(
            site_id=session.site,
            filter=await session.filter(condition),
            query=search,
            view=choices.parse(intake_finding_pb2.InboxView, view, option="--view"),
            group_by=group,
        )
        response = await session.client.call("intake", session.client.intake.CountCases, request)
        look = await session.look(session.site)
        session.show(response, tables.counts(look, group, response))

    execute(context, work)


def watch(
    context: typer.Context,
    after: Annotated[
        int, typer.Option("--after", min=0, help="从此序号之后 · after this sequence")
    ] = 0,
    from_now: Annotated[
        bool, typer.Option("--from-now/--from-start", help="只看此后 · what comes next alone")
    ] = True,
) -> None:
    """一条条跟看本矿诉求的动态，Ctrl-C 结束 · follow what happens to the site's cases."""

    async def work(session: Session) -> None:
        request = intake_finding_pb2.WatchCasesRequest(
            site_id=session.site, after_sequence=after, from_now=from_now and not after
        )
        cut = True
        while cut:
            cut = False
            look = await session.look(session.site)
            pieces = session.client.stream(
                "intake", session.client.intake.WatchCases, request, timeout=_WATCH_SECONDS
            )
            async for piece in pieces:
                for event in piece.events:
                    session.show(event, *filter(None, [tables.event(look, event)]))
                    request.after_sequence, request.after_hash = event.sequence, event.hash
                    request.from_now = False
                cut = piece.cut

    execute(context, work)


def suggest(
    context: typer.Context,
    what: Annotated[str, typer.Option("--what", help="诉求内容 · what was said")],
    where: Annotated[
        str, typer.Option("--where", help="单位、值守点或地点 · unit, post or place")
    ] = "",
) -> None:
    """登记前看看：像哪一类、可能与哪件重复 · which category, and what it may repeat."""

    async def work(session: Session) -> None:
        if not what.strip():
            raise Problem("什么事？/ what?", field="--what")
        names = await session.names(session.site)
        found = place_of(where, names)
        request = intake_registration_pb2.SuggestCaseRequest(
            site_id=session.site,
            text=what,
            place=found.get("place", ""),
            post_id=found.get("post", ""),
            unit_id=found.get("unit", ""),
        )
        response = await session.client.call("intake", session.client.intake.SuggestCase, request)
        look = Look(session.words, names, session.zone)
        session.show(response, *tables.suggestions(look, response))
        if not response.categories and not response.duplicates:
            session.say(session.words("no_idea"))

    execute(context, work)

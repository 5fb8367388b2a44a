"""The play itself: scene after scene, in each of them every case with something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_measures_pb2, intake_pb2, intake_service_pb2
from ctl import times
from ctl.failures import Failure
from deploy.demo.actions import ACTIONS, ROUTING, Doing
from deploy.demo.stage import Fired, Stage
from deploy.demo.story import Moment, Step, Story, StoryError
from deploy.demo.telling import Teller


async def perform(
    stage: Stage, stories: Sequence[Story], teller: Teller, actors: dict[str, str]
) -> None:
    """Plays all scenes in order; StoryError or Failure when a step doesn't go as told."""
    by_key = {story.key: story for story in stories}

    def notice(instant: datetime, fired: Sequence[Fired]) -> None:
        teller.between(instant, [(by_key[one.key], one) for one in fired])

    for moment in scenes(stories):
        instant = stage.month.instant(moment)
        await stage.move_to(instant, notice)
        teller.scene(instant)
        lines: dict[str, list[str]] = {story.key: [] for story in stories}
        results = await asyncio.gather(
            *(
                _act(stage, story, _steps_at(story, moment), lines[story.key], teller, actors)
                for story in stories
            ),
            return_exceptions=True,
        )
        # The cases go on side by side, and are told one after the other.
        for told in lines.values():
            teller.lines(told)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        # A sweep has no case of its own story until something is found.
        acted = [s.key for s in stories if _steps_at(s, moment) and s.key in stage.told]
        await stage.rest([stage.told[key].case_id for key in acted])
    await stage.rest()


def scenes(stories: Iterable[Story]) -> list[Moment]:
    """Returns the moments at which something is done, in order."""
    return sorted({step.moment for story in stories for step in story.steps})


def _steps_at(story: Story, moment: Moment) -> list[Step]:
    return [step for step in story.steps if step.moment == moment]


async def _act(
    stage: Stage,
    story: Story,
    steps: Sequence[Step],
    lines: list[str],
    teller: Teller,
    actors: dict[str, str],
) -> None:
    before: Step | None = None
    for step in steps:
        known = story.key in stage.told
        if before is not None and known and _must_be_known(before, step):
            await stage.settle(stage.told[story.key].case_id)
        try:
            await ACTIONS[step.do](Doing(stage, story, step, stage.client(step.by)))
        except Failure as failure:
            if not step.refused or failure.answer.reason != step.refused:
                raise StoryError(f"{story.key}, {step.by} {step.do}: {failure}") from failure
        else:
            if step.refused:
                raise StoryError(f"{story.key}, {step.by} {step.do}: not refused")
        lines.append(teller.line(story, step, actors.get(step.by, step.by)))
        before = step


def _must_be_known(before: Step, step: Step) -> bool:
    """Whether the next step's service must first have heard of the one before.

    Each service knows its own at once. Escalating is asked of intake and done by routing, so
    the next level's own request has to wait until the case is there.
    """
    return (before.do in ROUTING) != (step.do in ROUTING) or "escalate" in (before.do, step.do)


async def timeline(stage: Stage, case_id: str) -> list[intake_pb2.TimelineEntry]:
    """Returns a case's whole history as the dispatch room sees it."""
    client = stage.client("dispatcher")
    request = intake_service_pb2.GetTimelineRequest(case_id=case_id, page_size=500)
    entries: list[intake_pb2.TimelineEntry] = []
    while True:
        page = await client.call("intake", client.intake.GetTimeline, request)
        entries += page.entries
        if not page.next_page_token:
            return entries
        request.page_token = page.next_page_token


async def ledger(stage: Stage) -> list[intake_pb2.LedgerRow]:
    """Returns the ledger of the play's days."""
    client = stage.client("dispatcher")
    start: Date | None = times.date_message(stage.month.monday)
    request = intake_measures_pb2.ListLedgerRequest(
        site_id=stage.site_id, start_date=start, page_size=500
    )
    response = await client.call("intake", client.intake.ListLedger, request)
    return list(response.rows)

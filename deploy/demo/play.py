"""The play itself: scene after scene, in each of them every case with something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from ctl import times
from ctl.failures import Failure
from deploy.demo.actions import ACTIONS, Doing
from deploy.demo.stage import Stage
from deploy.demo.story import Moment, Step, Story, StoryError
from deploy.demo.telling import Teller


async def perform(
    stage: Stage, stories: Sequence[Story], teller: Teller, actors: dict[str, str]
) -> None:
    """Plays all scenes in order; StoryError or Failure when a step doesn't go as told."""
    for moment in scenes(stories):
        instant = stage.month.instant(moment)
        await stage.move_to(instant)
        teller.scene(instant)
        results = await asyncio.gather(
            *(_act(stage, story, _steps_at(story, moment), teller, actors) for story in stories),
            return_exceptions=True,
        )
        # All of the scene's cases get to their end before the first fault ends the play.
        for result in results:
            if isinstance(result, BaseException):
                raise result
        await stage.rest()


def scenes(stories: Iterable[Story]) -> list[Moment]:
    """Returns the moments at which something is done, in order."""
    return sorted({step.moment for story in stories for step in story.steps})


def _steps_at(story: Story, moment: Moment) -> list[Step]:
    return [step for step in story.steps if step.moment == moment]


async def _act(
    stage: Stage, story: Story, steps: Sequence[Step], teller: Teller, actors: dict[str, str]
) -> None:
    for step in steps:
        try:
            await ACTIONS[step.do](Doing(stage, story, step, stage.client(step.by)))
        except Failure as failure:
            if not step.refused or failure.answer.reason != step.refused:
                raise StoryError(f"{story.key}, {step.by} {step.do}: {failure}") from failure
        else:
            if step.refused:
                raise StoryError(f"{story.key}, {step.by} {step.do}: not refused")
        teller.step(story, step, actors.get(step.by, step.by))
        # The next one may act through another service, which must have heard of this.
        await stage.settle(stage.told[story.key].case_id)


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
    request = intake_service_pb2.ListLedgerRequest(
        site_id=stage.site_id, start_date=start, page_size=500
    )
    response = await client.call("intake", client.intake.ListLedger, request)
    return list(response.rows)

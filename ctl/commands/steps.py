"""What the steps on a case share: the case that is meant, when it was, and the file after it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2
from ctl import choices, times
from ctl.failures import Problem
from ctl.shell import Session, execute
from ctl.tables import case as tables


class HasCase(Protocol):
    """A response that carries the case file as it is now."""

    @property
    def case(self) -> intake_pb2.Case: ...


Step = Callable[[Session, str], Awaitable[HasCase]]


def feedback_of(session: Session, way: str, note: str, at: str) -> intake_pb2.Feedback:
    """Returns how something reached the reporter, or was tried.

    Raises Problem for a message that was left without a word of how and with whom.
    """
    parsed = choices.parse(intake_pb2.FeedbackWay, way, option="--fed-back")
    if parsed == intake_pb2.FEEDBACK_WAY_LEFT and not note.strip():
        raise Problem(
            "留言须写明怎样留的、留给谁 / say how the message was left, and with whom",
            field="--note",
        )
    return intake_pb2.Feedback(
        way=parsed,
        feedback_time=at_time(session, at),
        note=note,
    )


def at_time(session: Session, text: str) -> Timestamp | None:
    """Returns when something happened, as typed with --at; None for now."""
    return times.stamp(times.parse_time(text, session.zone, option="--at") if text else None)


def run(context: typer.Context, case: str, step: Step) -> None:
    """Takes one step on a case and shows the head of its file."""

    async def work(session: Session) -> None:
        response = await step(session, await session.case_id(case))
        await show_case(session, response.case)

    execute(context, work)


async def show_case(session: Session, case: intake_pb2.Case) -> None:
    """Shows the head of a case file after a step."""
    look = await session.look(case.site_id)
    numbers = await session.numbers(link.case_id for link in case.links)
    session.show(case, tables.head(look, case, numbers))

"""A page of handovers is read at once, however many it has, each with its own sums."""

from typing import Any

from backstop.intake.v1 import intake_handover_pb2 as shift
from chassis.actor import Actor
from services.intake.store import handover
from tests.integration.intake.test_shifts import close, hand_over
from tests.integration.intake.window import Window

READER = Actor(subject="d-1", sites=frozenset({"yuwu"}))


async def test_a_page_is_one_query_and_tells_of_each_what_it_tells_alone(window: Window) -> None:
    empty = await hand_over(window, "c-1", "s-1")
    await window.register()
    ended = (await window.resolved()).case.case_id
    two = await hand_over(window, "s-1", "c-1")
    await close(window, ended)
    one = await hand_over(window, "c-1", "s-1")
    asked: list[str] = []

    def note(query: Any) -> None:
        asked.append(query.query)

    async with window.database.app.read(READER) as connection:
        with connection.query_logger(note):
            page = await handover.list_handovers(connection, "yuwu", 2**62, 3)
        alone = [
            await handover.load_handover(connection, made.handover_id) for made in (one, two, empty)
        ]
    assert len(asked) == 1
    assert page == alone
    assert [made.reckoning.open_now for made in page] == [1, 2, 0]
    request = shift.ListShiftHandoversRequest(site_id="yuwu", page_size=2)
    listed = (await window.ask(request, "DISPATCHER")).handovers
    assert [made.reckoning for made in listed] == [one.reckoning, two.reckoning]

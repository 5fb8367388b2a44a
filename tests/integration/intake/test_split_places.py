"""Where a matter is that was split off: never silently where the old one was."""

from typing import Any

import pytest

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from tests.integration.intake.window import Window, directory


@pytest.mark.parametrize(
    ("told", "unit_id", "place"),
    [
        ({}, "bath", "南风井食堂门口"),
        ({"unit_id": "bath"}, "bath", "南风井食堂门口"),
        ({"place": "井口"}, "bath", "井口"),
        ({"unit_id": "south"}, "south", ""),
        ({"unit_id": "south", "place": "井口"}, "south", "井口"),
    ],
)
async def test_the_old_place_goes_with_the_old_unit(
    window: Window, told: dict[str, Any], unit_id: str, place: str
) -> None:
    # Told by its post alone, it is where the post is.
    old = (await window.register()).case
    assert (old.unit_id, old.place) == ("bath", "南风井食堂门口")
    request = life.SplitCaseRequest(case_id=old.case_id, text="早饭太凉", reason="两件事", **told)
    new = (await window.ask(request, "DISPATCHER")).new_case
    assert (new.unit_id, new.place, new.post_id) == (unit_id, place, "canteen")
    assert await window.findings() == []


async def test_a_post_that_is_gone_stops_no_split(window: Window) -> None:
    old = (await window.register()).case
    fewer = directory("yuwu", "YW")
    del fewer.directory.posts[:]
    await window.tell("routing", "directory/yuwu", "yuwu", fewer)
    request = life.SplitCaseRequest(case_id=old.case_id, text="早饭太凉", reason="两件事")
    new: pb.Case = (await window.ask(request, "DISPATCHER")).new_case
    assert (new.unit_id, new.place, new.post_id) == ("bath", old.place, "")

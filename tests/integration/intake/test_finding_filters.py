"""Filters at random, against rows: what the database finds is what a plain reading of them says."""

import random
from collections.abc import Callable
from typing import Any

from backstop.intake.v1 import intake_finding_pb2 as finding
from tests.integration.intake.window import Window

_TEXTS = ("浴室淋浴头损坏", "食堂饭菜偏凉", "班车晚点", "浴室热水太短")
_UNITS = ("bath", "south", "")
_CHANNELS = ("DESK", "PHONE", "MEETING")

Row = dict[str, Any]
Test = Callable[[Row], bool]


def _atom(chance: random.Random) -> tuple[str, Test]:
    """Returns a comparison as written, and what it means of a row."""
    kind = chance.randrange(6)
    if kind == 0:
        unit, said = chance.choice(_UNITS), chance.choice(("=", "!="))
        return f'unit_id {said} "{unit}"', lambda row: (row["unit_id"] == unit) is (said == "=")
    if kind == 1:
        channel = chance.choice(_CHANNELS)
        return f"channel = {channel}", lambda row: row["channel"] == channel
    if kind == 2:
        level, said = chance.randrange(4), chance.choice(("<", ">=", "=", ">"))
        meaning: dict[str, Test] = {
            "<": lambda row: row["level"] < level,
            ">=": lambda row: row["level"] >= level,
            "=": lambda row: row["level"] == level,
            ">": lambda row: row["level"] > level,
        }
        return f"level {said} {level}", meaning[said]
    if kind == 3:
        words = chance.choice(("浴室", "热水", "食堂", "车", "淋浴头"))
        return f'"{words}"', lambda row: words in row["text"]
    if kind == 4:
        return "due_time:*", lambda row: row["due_time"] is not None
    steward = chance.choice(("s-1", "s-2"))
    return f"steward = {steward}", lambda row: row["steward"] == steward


def _random(chance: random.Random, depth: int = 0) -> tuple[str, Test]:
    kind = chance.randrange(4) if depth < 3 else 0
    if kind == 0:
        return _atom(chance)
    if kind == 1:
        text, test = _random(chance, depth + 1)
        return f"NOT ({text})", lambda row: not test(row)
    parts = [_random(chance, depth + 1) for _ in range(2)]
    tests = [test for _, test in parts]
    joined = (" AND " if kind == 2 else " OR ").join(f"({text})" for text, _ in parts)
    every = all if kind == 2 else any
    return joined, lambda row: every(test(row) for test in tests)


async def test_random_filters_find_what_they_say(window: Window) -> None:
    chance = random.Random(20261122)
    for number in range(24):
        made = await window.register(
            text=_TEXTS[number % 4], unit_id=chance.choice(_UNITS), place="某处", post_id=""
        )
        async with window.database.worker.connection() as connection:
            await connection.execute(
                "UPDATE cases SET level = $2, channel = $3, steward = $4,"
                " due_time = CASE WHEN $5 THEN record_time END WHERE case_id = $1",
                made.case.case_id,
                chance.randrange(4),
                chance.choice(_CHANNELS),
                chance.choice(("", "s-1", "s-2")),
                chance.random() < 0.5,
            )
    rows = [dict(row) for row in await window.rows("SELECT * FROM cases")]
    sizes = set()
    for _ in range(60):
        text, test = _random(chance)
        request = finding.ListCasesRequest(site_id="yuwu", filter=text, page_size=200)
        found = {case.case_id for case in (await window.ask(request, "STEWARD")).cases}
        assert found == {row["case_id"] for row in rows if test(row)}, text
        sizes.add(len(found))
    # They told cases apart.
    assert len(sizes) > 5

"""At rest means: every gate at its owner's version, twice in a row."""

from collections.abc import Sequence

import pytest

from ctl import settling
from ctl.failures import Problem
from ctl.settling import LISTENS, Standing

VERSIONS = {"intake": 3, "routing": 2, "sla": 5, "notify": 0}
ALL_APPLIED = {
    (consumer, source): VERSIONS[source]
    for consumer, sources in LISTENS.items()
    for source in sources
}


def test_nothing_is_missing_when_every_gate_is_at_its_owners_version() -> None:
    assert Standing(VERSIONS, ALL_APPLIED).missing() == []


@pytest.mark.parametrize("pair", sorted(pair for pair in ALL_APPLIED if VERSIONS[pair[1]]))
def test_one_gate_behind_is_enough(pair: tuple[str, str]) -> None:
    behind = {**ALL_APPLIED, pair: ALL_APPLIED[pair] - 1}
    assert len(Standing(VERSIONS, behind).missing()) == 1


def test_a_subject_that_nobody_has_is_not_at_rest() -> None:
    assert Standing({}, {}).missing() == ["no service has the subject"]


def test_a_gate_that_has_seen_nothing_yet_is_behind() -> None:
    assert len(Standing({**dict.fromkeys(LISTENS, 0), "intake": 1}, {}).missing()) == 3


def test_a_service_that_was_not_asked_is_not_waited_for() -> None:
    versions = {"intake": 1, "routing": 0}
    assert Standing(versions, {("routing", "intake"): 1}).missing() == []


async def test_it_looks_until_nothing_is_missing() -> None:
    answers: list[Sequence[str]] = [["a"], ["b"], []]

    async def look() -> Sequence[str]:
        return answers.pop(0)

    await settling.until(look, timeout=5, what="x")
    assert answers == []


async def test_it_gives_up_and_says_for_what_it_waited() -> None:
    async def look() -> Sequence[str]:
        return ["sla: intake 1/2"]

    with pytest.raises(Problem, match="sla: intake 1/2"):
        await settling.until(look, timeout=0, what="x")

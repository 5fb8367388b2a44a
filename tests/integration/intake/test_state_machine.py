"""Whatever is done to cases, by whomever and in whatever order: the service does as the rules say.

Hypothesis makes up the commands, the real service takes them, and a small model of the rules
(life_model.py) tells what has to come of each. BACKSTOP_LONG=1 walks longer, MACHINE_SEED=n again.
"""

import asyncio
import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.integration.conftest import DatabaseFor
from tests.integration.intake.conftest import Peers
from tests.integration.intake.life_model import OPEN, PEOPLE, Who
from tests.integration.intake.life_walk import Walk
from tests.integration.intake.life_ways import (
    ARROWS,
    CLERK,
    CODE,
    DIRECTOR,
    DISPATCHER,
    ENDS,
    MERGED,
    PATHS,
    REJECTED,
    REPORTER,
    SPEAKERS,
    STAFF,
    STEWARD,
    SUPPORT,
    WAYS,
    WAYS_TO_TELL,
    resolved,
    twisted,
)
from tests.integration.intake.window import Window, directory

LONG = bool(os.environ.get("BACKSTOP_LONG"))
SETTINGS = settings(
    max_examples=300 if LONG else 30,
    stateful_step_count=30 if LONG else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)

WHICH = st.sampled_from([0, 0, 0, 1])
TWISTS = st.sampled_from(["none", "left out", "rejected", "another's word", "broken off"])
PLACES = st.integers(0, 11)
WORDS = st.sampled_from(SPEAKERS)
HANDS = st.sampled_from([STEWARD, DISPATCHER, CLERK, *STAFF])
ROOM = st.sampled_from([DISPATCHER, DISPATCHER, DIRECTOR, STEWARD])


class Life(RuleBasedStateMachine):
    """Two cases of one reporter; anybody tries anything."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk

    def _do(self, which: int, name: str, who: Who, **what: Any) -> None:
        self.walk.run(self.walk.do(which, name, who, what))

    @initialize(
        anonymous=st.sampled_from([False, False, True]),
        way=st.sampled_from(sorted(WAYS)),
        twist=TWISTS,
        place=PLACES,
    )
    def begin(self, anonymous: bool, way: str, twist: str, place: int) -> None:
        self.walk.run(self.walk.begin(anonymous=anonymous))
        self.go(0, way, twist, place)

    @rule(which=WHICH, way=st.sampled_from(sorted(WAYS)), twist=TWISTS, place=PLACES)
    def go(self, which: int, way: str, twist: str, place: int) -> None:
        """A way to an end, whole or with a twist, from wherever the case stands."""
        for name, who, what in twisted(WAYS[way], twist, place):
            self._do(which, name, who, **what)
        self.walk.run(self.walk.probe())

    @rule(
        which=WHICH,
        name=st.sampled_from(["verify", "meet", "amend", "flag", "escalate", "reissue"]),
        who=HANDS,
    )
    def work(self, which: int, name: str, who: Who) -> None:
        self._do(which, name, who)

    @rule(which=WHICH, who=HANDS, way=st.sampled_from(WAYS_TO_TELL))
    def answer(self, which: int, who: Who, way: str) -> None:
        self._do(which, "answer", who, way=way)

    @rule(which=WHICH, who=HANDS, way=st.sampled_from(WAYS_TO_TELL[1:]))
    def feed_back(self, which: int, who: Who, way: str) -> None:
        self._do(which, "feed_back", who, way=way)

    @rule(
        which=WHICH,
        who=HANDS,
        outcome=st.sampled_from(ENDS[:2]),
        way=st.sampled_from(["TOLD", *WAYS_TO_TELL]),
    )
    def resolve(self, which: int, who: Who, outcome: str, way: str) -> None:
        self._do(which, "resolve", who, outcome=outcome, way=way)

    @rule(which=WHICH, who=WORDS, grade=st.sampled_from(["SATISFIED", "DISSATISFIED"]))
    def confirm(self, which: int, who: Who, grade: str) -> None:
        self._do(which, "confirm", who, grade=grade)

    @rule(which=WHICH, name=st.sampled_from(["reject", "withdraw", "reopen", "speak"]), who=WORDS)
    def say(self, which: int, name: str, who: Who) -> None:
        self._do(which, name, who)

    @rule(
        which=WHICH,
        who=st.sampled_from([SUPPORT, SUPPORT, DISPATCHER, CLERK]),
        reached=st.booleans(),
        ago=st.sampled_from([-1, 0, 2, 24, 48]),
    )
    def call(self, which: int, who: Who, reached: bool, ago: int) -> None:
        self._do(which, "call", who, reached=reached, ago=ago)

    @rule(
        which=WHICH,
        who=st.sampled_from([SUPPORT, SUPPORT, DISPATCHER, CLERK]),
        reached=st.booleans(),
    )
    def call_for_a_sample(self, which: int, who: Who, reached: bool) -> None:
        self._do(which, "sampled call", who, reached=reached)

    @rule()
    def draw(self) -> None:
        self._do(0, "draw", DIRECTOR)

    @rule(which=WHICH, name=st.sampled_from(["refer", "result"]), who=ROOM)
    def refer(self, which: int, name: str, who: Who) -> None:
        self._do(which, name, who)

    @rule(
        which=WHICH,
        who=st.sampled_from([DIRECTOR, DIRECTOR, DISPATCHER]),
        decision=st.sampled_from(["UPHELD", "WORK_AGAIN"]),
        verifier=st.sampled_from([*PEOPLE, "nobody"]),
    )
    def review(self, which: int, who: Who, decision: str, verifier: str) -> None:
        self._do(which, "review", who, decision=decision, verifier=verifier)

    @rule(which=WHICH, who=ROOM, outcome=st.sampled_from(ENDS))
    def close(self, which: int, who: Who, outcome: str) -> None:
        self._do(which, "close", who, outcome=outcome)

    @rule(which=WHICH, who=ROOM, master=st.sampled_from([1, 0]))
    def merge(self, which: int, who: Who, master: int) -> None:
        self._do(which, "merge", who, master=master)

    @rule(which=WHICH, name=st.sampled_from(["assigned", "accepted"]))
    def hear(self, which: int, name: str) -> None:
        self._do(which, name, DISPATCHER)

    @rule(hours=st.sampled_from([2, 24, 384]))
    def wait(self, hours: int) -> None:
        self._do(0, "wait", DISPATCHER, hours=hours)

    @rule(count=st.sampled_from([0, 1]))
    def orders(self, count: int) -> None:
        self._do(0, "orders", DISPATCHER, open=count)

    def teardown(self) -> None:
        if self.walk.whole:
            self.walk.run(self.walk.end())


@pytest.fixture
def database_for(database_for: DatabaseFor) -> DatabaseFor:
    """Databases with a clock that can be put forward: half a month goes by in a moment."""

    async def open_one(service: str, **how: Any) -> Any:
        return await database_for(service, **how | {"demonstration": True})

    return open_one


@pytest.fixture
async def walk(window: Window, peers: Peers) -> Walk:
    published = directory("yuwu", "YW")
    for person_id in PEOPLE[2:]:
        published.directory.people.add(person_id=person_id, name="样例丙")
    await window.tell("routing", "directory/yuwu", "yuwu", published)
    return Walk(window, peers, asyncio.get_running_loop())


async def test_the_service_does_as_the_rules_say(walk: Walk) -> None:
    number = int(os.environ.get("MACHINE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {number}: MACHINE_SEED={number} makes up the same commands")

    @seed(number)
    class OfThisWalk(Life):
        def __init__(self) -> None:
            super().__init__(walk)

    await asyncio.to_thread(run_state_machine_as_test, OfThisWalk, settings=SETTINGS)
    assert await walk.window.findings() == []
    refused = sum(n for (_, _, after), n in walk.seen.items() if after not in (*OPEN, "CLOSED"))
    print(f"{walk.counted} steps, {refused} refused, {len(walk.seen)} different")


@pytest.mark.parametrize("anonymous", [False, True])
async def test_every_way_is_walked(walk: Walk, anonymous: bool) -> None:
    for way in WAYS.values():
        await walk.begin(anonymous=anonymous)
        for step in way:
            await walk.do(0, *step)
        await walk.end()
    assert await walk.window.findings() == []


async def test_a_duplicate_follows_a_case_that_goes_on(walk: Walk) -> None:
    ended, heard = WAYS["withdrawn"], ("confirm", REPORTER, {"grade": "SATISFIED"})
    # (steps with the master, what the duplicate does then, whether it may)
    for before, step, refusal in (
        (ended, MERGED, "MASTER_CLOSED"),
        ([resolved()], MERGED, ""),
        ([], ("merge", DISPATCHER, {"master": 0}), "LINK_CYCLE"),
    ):
        await walk.begin(anonymous=False)
        for one in before:
            await walk.do(1, *one)
        assert await walk.do(0, *step) == refusal
        await walk.end()
    await walk.begin(anonymous=False)
    assert await walk.do(0, *MERGED) == ""
    assert await walk.do(0, *heard) == "WRONG_STATE"
    for one in (resolved(), REJECTED[1], resolved("EXPLAINED")):
        assert await walk.do(1, *one) == ""
    assert await walk.do(0, *heard) == ""
    assert await walk.do(0, "reject", CODE, {}) == "WRONG_STATE"
    assert await walk.do(0, "reopen", REPORTER, {}) == ""
    assert await walk.do(0, *heard) == "WRONG_STATE"
    await walk.end()


async def test_every_arrow_is_walked(walk: Walk) -> None:
    for path in PATHS:
        await walk.begin(anonymous=False)
        for step in path:
            assert await walk.do(0, *step) == "", (step, path)
        await walk.end()
    await walk.begin(anonymous=True)
    for step in WAYS["silent"]:
        assert await walk.do(0, *step) == "", step
    await walk.end()
    assert await walk.window.findings() == []
    moved = {one for one in walk.seen if one[1] != one[2]}
    assert moved == ARROWS

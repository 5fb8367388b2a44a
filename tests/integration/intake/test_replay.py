"""A case as it stood at an instant: what the facts alone say is what was on file then."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2 as routing
from chassis.actor import Actor, service_actor
from chassis.convert import to_timestamp
from chassis.ids import new_id
from services.intake.convert import replay, replay_others, replay_own
from services.intake.domain.rules import Rules
from services.intake.domain.times import CLOCK_SKEW
from services.intake.domain.values import CaseFile, Step
from services.intake.store import cases
from services.intake.store.rules import insert_rules
from tests.integration.intake.replay_life import Life, people_directory
from tests.integration.intake.replay_walk import step
from tests.integration.intake.ties import merge, tell
from tests.integration.intake.window import Window

# What a file rebuilt from facts lacks, and why; everything else is as it was.
NOT_IN_FACTS = {
    "allowed_actions": "nothing is allowed in the past",
    "follower_count": "that another case is a duplicate of this one is a fact of the other's",
    "repeat_count": "it counts other cases",
}
SECOND = timedelta(seconds=1)


def as_facts_tell(file: CaseFile) -> CaseFile:
    """A file on record without what no fact of its case tells.

    `hands` come from every fact's actor and persons, and decide only what is allowed now;
    `followers`, `repeat_days`, and whom a linked case is about, are other cases' matters.
    """
    links = tuple(replace(one, about=()) for one in file.links)
    return replace(file, hands=frozenset(), followers=(), repeat_days=0, links=links)


def without(case: pb.Case) -> pb.Case:
    shown = pb.Case()
    shown.CopyFrom(case)
    clear: Any = shown.ClearField
    for name in NOT_IN_FACTS:
        clear(name)
    return shown


async def on_record(window: Window, case_id: str) -> tuple[CaseFile, list[Step]]:
    async with window.database.worker.read(service_actor("intake")) as connection:
        file = await cases.load_file(connection, case_id)
        assert file is not None
        return file, await cases.list_steps(connection, case_id)


async def as_of(window: Window, case_id: str, instant: datetime, **how: Any) -> pb.Case:
    request = rpc.GetCaseRequest(case_id=case_id, as_of_time=to_timestamp(instant))
    case: pb.Case = (await window.ask(request, how.pop("role", "DISPATCHER"), **how)).case
    return case


async def test_random_lives_are_rebuilt_from_their_facts(window: Window) -> None:
    await window.tell("routing", "directory/yuwu", "yuwu", people_directory())
    async with window.database.app.transaction(Actor("d-1", sites=frozenset({"yuwu"}))) as work:
        rules = Rules(version=1, unanswered_callbacks=1, promise_moves=50)
        await insert_rules(work, "yuwu", rules, "d-1", datetime.now(UTC))
    seen: Counter[str] = Counter()
    for seed in range(6):
        seen += await _one_life(window, Random(seed), 80)
    known = {kind.DESCRIPTOR.full_name for kind in replay_own.APPLIED} | set(replay_others.TYPES)
    # Every type was met, so the fold of each was held against its handler.
    assert known - seen.keys() == set()
    assert await window.findings() == []


async def _one_life(window: Window, random: Random, length: int) -> Counter[str]:
    others = [(await window.register()).case.case_id for _ in range(3)]
    made = await window.register(
        hazard=random.random() < 0.5,
        attachments=[marks.Attachment(reference="photos/1.jpg", sha256="cd" * 32)],
        links=[pb.Link(case_id=others[0], relation=pb.RELATION_RELATED)],
    )
    it = Life(window, random, made, others)
    then: list[tuple[datetime, pb.Case]] = []
    done = "RegisterCase"
    for _ in range(length):
        await tell(window)
        file, steps = await on_record(window, it.case_id)
        assert replay.file_as_of(steps, file.zone) == as_facts_tell(file), done
        shown = without(await window.case(it.case_id))
        then.append((max(one.record_time for one in steps), shown))
        done = await step(it)
    for instant, shown in then:
        assert without(await as_of(window, it.case_id, instant)) == shown
    return Counter(one.type for one in steps)


async def test_a_duplicate_is_of_the_case_that_went_on_then(window: Window) -> None:
    case_id, first, last = [(await window.register()).case.case_id for _ in range(3)]
    masters = []
    for duplicate, master in ((case_id, first), (first, last)):
        await window.ask(merge(duplicate, master), "DISPATCHER")
        await tell(window)
        file, steps = await on_record(window, case_id)
        assert replay.file_as_of(steps, file.zone) == as_facts_tell(file)
        masters.append((max(one.record_time for one in steps), master))
    for instant, master in masters:
        then = await as_of(window, case_id, instant)
        duplicate_of = pb.Link(case_id=master, relation=pb.RELATION_DUPLICATE_OF)
        assert (then.outcome, list(then.links)) == (pb.OUTCOME_DUPLICATE, [duplicate_of])


async def test_it_is_there_from_its_registration_on(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    _, steps = await on_record(window, case_id)
    begun = steps[0].record_time
    await window.ask(life.CommentCaseRequest(case_id=case_id, text="后来"), "STEWARD")
    first = await as_of(window, case_id, begun)
    assert (first.version, list(first.comments), list(first.allowed_actions)) == (1, [], [])
    for instant in (begun - timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)):
        request = rpc.GetCaseRequest(case_id=case_id, as_of_time=to_timestamp(instant))
        assert (await window.refused(request, "DISPATCHER")).reason == "NOT_REGISTERED_YET"
    by_number = rpc.GetCaseRequest(number=first.number, as_of_time=to_timestamp(begun))
    assert (await window.ask(by_number, "DISPATCHER")).case == first


async def test_the_future_is_not_known(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    now = datetime.now(UTC)
    ahead = rpc.GetCaseRequest(
        case_id=case_id, as_of_time=to_timestamp(now + CLOCK_SKEW + 30 * SECOND)
    )
    answer = await window.refused(ahead, "DISPATCHER")
    assert (answer.reason, answer.metadata["field"]) == ("TIME_IN_FUTURE", "as_of_time")
    near = await as_of(window, case_id, now + CLOCK_SKEW - 30 * SECOND)
    assert without(near) == without(await window.case(case_id))


@pytest.mark.parametrize("seconds", [10**15, -(10**15)])
async def test_an_instant_that_is_none(window: Window, seconds: int) -> None:
    case_id = (await window.register()).case.case_id
    request = rpc.GetCaseRequest(case_id=case_id)
    request.as_of_time.seconds = seconds
    answer = await window.refused(request, "DISPATCHER")
    assert answer.reason == "INVALID_FIELD"


async def test_a_case_that_nobody_has(window: Window) -> None:
    request = rpc.GetCaseRequest(case_id=new_id(), as_of_time=to_timestamp(datetime.now(UTC)))
    assert (await window.refused(request, "DISPATCHER")).reason == "CASE_NOT_FOUND"


async def test_todays_rules_decide_who_reads_the_past(window: Window) -> None:
    other = (await window.register()).case.case_id
    linked = [pb.Link(case_id=other, relation=pb.RELATION_RELATED)]
    case_id = (await window.register(links=linked)).case.case_id
    await window.ask(life.CommentCaseRequest(case_id=case_id, text="内部"), "HANDLER")
    _, steps = await on_record(window, case_id)
    before = steps[-1].record_time
    assert len((await as_of(window, case_id, before, subject="s-1", role="STEWARD")).links) == 1
    # The other turns out to be about the steward: of the past, too, its tie is gone for them.
    about = life.AmendCaseRequest(case_id=other, reason="涉及", add_about_persons=["s-1"])
    await window.ask(about, "DISPATCHER")
    steward = await as_of(window, case_id, before, subject="s-1", role="STEWARD")
    assert (list(steward.links), len(steward.comments)) == ([], 1)
    # What the window says among itself is nothing for the reporter's account, then as now.
    own = await as_of(window, case_id, before, subject="w-7", role="REPORTER")
    assert (len(own.links), list(own.comments)) == (1, [])
    at = rpc.GetCaseRequest(case_id=case_id, as_of_time=to_timestamp(before))
    stranger = await window.refused(at, "REPORTER", subject="w-8")
    elsewhere = await window.refused(at, "DISPATCHER", sites=("other",))
    assert {stranger.reason, elsewhere.reason} == {"CASE_NOT_FOUND"}
    # And once it is about them itself, it never was there.
    about = life.AmendCaseRequest(case_id=case_id, reason="涉及", add_about_persons=["s-1"])
    await window.ask(about, "DISPATCHER")
    assert (await window.refused(at, "STEWARD", subject="s-1")).reason == "CASE_NOT_FOUND"


async def test_what_was_heard_late_counts_from_when_it_was_recorded(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    recorded = datetime.now(UTC)
    await window.ask(life.CommentCaseRequest(case_id=case_id, text="后来"), "STEWARD")
    given = routing.CaseAssigned(case_id=case_id, steward="s-1", accountable="s-1")
    await window.tell("routing", case_id, "yuwu", given, record_time=recorded)
    then = await as_of(window, case_id, recorded)
    assert (then.steward, then.version, list(then.comments)) == ("s-1", 1, [])
    assert facts.CaseCommented.DESCRIPTOR.name in await window.facts(case_id)

"""Duplicates that end in a master, and their reporters, who are told of it."""

import asyncio

import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from services.intake.handlers import followers
from tests.integration.intake.conftest import Peers
from tests.integration.intake.test_recusal import recuse
from tests.integration.intake.ties import made, merge, resolve, tell, told
from tests.integration.intake.window import Window


async def test_a_duplicate_is_closed_and_its_reporter_told_of_the_master(window: Window) -> None:
    registered = await window.register()
    duplicate, master = registered.case.case_id, await made(window)
    number = (await window.case(master)).number
    request = merge(duplicate, master, request_id="merge-0001")
    reply = await window.ask(request, "DISPATCHER")
    assert (reply.case.state, reply.case.outcome) == (
        pb.CASE_STATE_CLOSED,
        pb.OUTCOME_DUPLICATE,
    )
    assert (await window.ask(request, "DISPATCHER")).case.version == reply.case.version
    assert (await window.case(master)).follower_count == 1
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND type LIKE '%CaseClosed'", duplicate
    )
    fact = facts.CaseClosed.FromString(rows[0]["payload"])
    assert (fact.master_case_id, fact.master_number, fact.cycle) == (master, number, 1)
    track = rpc.TrackCaseRequest(receipt_code=registered.receipt_code)
    seen = await window.ask(track, nobody=True)
    assert seen.master_state == pb.CASE_STATE_REGISTERED
    assert number in seen.history[-1].sentence
    assert list(seen.allowed_actions) == ["CommentCase", "ReopenCase"]
    assert await window.findings() == []


async def test_followers_hear_of_every_move_of_the_master_once(window: Window) -> None:
    first, second, master = [await made(window) for _ in range(3)]
    for one in (first, second):
        await window.ask(merge(one, master), "DISPATCHER")
    await resolve(window, master)
    assert await told(window, first) == []
    assert await tell(window) > 0
    await window.ask(rpc.RejectCaseRequest(case_id=master, reason="还漏"), "SUPPORT", subject="u-1")
    await tell(window)
    assert await tell(window) == 0
    for one in (first, second):
        moves = await told(window, one)
        assert [move.master_state for move in moves] == [
            pb.CASE_STATE_RESOLVED,
            pb.CASE_STATE_IN_PROGRESS,
        ]
        assert [move.resolution for move in moves] == ["已更换淋浴头", ""]
    rows = await window.rows(
        "SELECT causes FROM journal WHERE subject_id = $1 AND type LIKE '%CaseMasterMoved'", first
    )
    assert all(master in str(row["causes"]) for row in rows)
    assert await window.findings() == []


async def test_what_the_master_has_left_behind_is_not_told_late(window: Window) -> None:
    follower, master = await made(window), await made(window)
    await window.ask(merge(follower, master), "DISPATCHER")
    await resolve(window, master)
    await window.ask(rpc.RejectCaseRequest(case_id=master, reason="还漏"), "SUPPORT", subject="u-1")
    await tell(window)
    moves = await told(window, follower)
    assert [move.master_state for move in moves] == [pb.CASE_STATE_IN_PROGRESS]


async def test_followers_are_told_in_steps(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "MAX_SUBJECTS_PER_STEP", 2)
    master = await made(window)
    ones = [await made(window) for _ in range(5)]
    for one in ones:
        await window.ask(merge(one, master), "DISPATCHER")
    await resolve(window, master)
    # Three steps with somebody to tell, and one that finds nobody left.
    assert await tell(window) == 4
    assert [len(await told(window, one)) for one in ones] == [1] * 5


async def test_who_followed_a_duplicate_follows_its_master_in_the_end(window: Window) -> None:
    follower, between, last = [await made(window) for _ in range(3)]
    final = await made(window)
    await window.ask(merge(follower, between), "DISPATCHER")
    await window.ask(merge(between, last), "DISPATCHER")
    # Merged on before anybody was told.
    await window.ask(merge(last, final), "DISPATCHER")
    await tell(window)
    for one in (follower, between, last):
        case = await window.case(one)
        assert list(case.links) == [pb.Link(case_id=final, relation=pb.RELATION_DUPLICATE_OF)]
    assert (await window.case(final)).follower_count == 3
    assert (await told(window, follower))[-1].master_case_id == final
    await resolve(window, final)
    await tell(window)
    assert [(await told(window, one))[-1].master_state for one in (follower, between, last)] == [
        pb.CASE_STATE_RESOLVED
    ] * 3
    assert await window.findings() == []


async def test_a_duplicate_that_was_reopened_is_told_nothing(window: Window) -> None:
    follower, master = await made(window), await made(window)
    await window.ask(merge(follower, master), "DISPATCHER")
    await resolve(window, master)
    await window.ask(life.ReopenCaseRequest(case_id=follower, reason="不是一回事"), "DISPATCHER")
    await tell(window)
    assert await told(window, follower) == []
    assert not (await window.case(follower)).links


async def test_what_is_not_merged(window: Window, peers: Peers) -> None:
    one, master = await made(window), await made(window)
    hidden = await made(window, about_persons=["s-1"])
    assert (await window.refused(merge(one, one), "DISPATCHER")).reason == "LINK_CYCLE"
    answer = await window.refused(merge(one, new_id()), "DISPATCHER")
    assert answer.reason == "LINK_NOT_FOUND"
    answer = await window.refused(merge(one, hidden), "DISPATCHER", subject="s-1")
    assert answer.reason == "LINK_NOT_FOUND"
    assert (await window.refused(merge(one, master), "CLERK")).reason == "PERMISSION_DENIED"
    peers.open_work_orders = 1
    assert (await window.refused(merge(one, master), "DISPATCHER")).reason == "WORK_ORDER_OPEN"
    peers.open_work_orders = 0
    await window.ask(merge(one, master), "DISPATCHER")
    assert one in peers.sealed
    # Merged already; and a duplicate is no master, nor is anything merged in a circle.
    assert (await window.refused(merge(one, hidden), "DISPATCHER")).reason == "WRONG_STATE"
    for into in (hidden, master):
        assert (await window.refused(merge(into, one), "DISPATCHER")).reason == "MASTER_CLOSED"
    assert await window.findings() == []


async def test_two_that_are_merged_into_each_other_at_once(window: Window) -> None:
    one, other = await made(window), await made(window)
    done = await asyncio.gather(
        window.ask(merge(one, other), "DISPATCHER"),
        window.ask(merge(other, one), "DISPATCHER"),
        return_exceptions=True,
    )
    assert sum(isinstance(reply, BaseException) for reply in done) == 1
    states = [(await window.case(case_id)).state for case_id in (one, other)]
    assert states.count(pb.CASE_STATE_CLOSED) == 1


async def test_a_merge_keeps_away_whom_the_duplicate_kept_away(window: Window) -> None:
    about = await made(window, about_persons=["s-1"])
    recused, master = await made(window), await made(window)
    await recuse(window, recused, "c-1")
    number = (await window.case(master)).number
    for one in (about, recused):
        answer = await window.refused(merge(one, master), "DISPATCHER")
        assert (answer.reason, answer.metadata["number"]) == ("MERGE_LOSES_SHIELD", number)
    shielded = await made(window, about_persons=["s-1"])
    await window.ask(merge(about, shielded), "DISPATCHER")
    await recuse(window, master, "c-1")
    await window.ask(merge(recused, master), "DISPATCHER")
    assert await window.findings() == []


async def test_merged_into_a_resolved_case_the_reporter_is_asked_at_once(window: Window) -> None:
    duplicate, master = await made(window), await made(window)
    await resolve(window, master)
    request = merge(duplicate, master, request_id="merge-0002")
    reply = await window.ask(request, "DISPATCHER")
    (move,) = await told(window, duplicate)
    assert (move.master_case_id, move.master_state, move.resolution) == (
        master,
        pb.CASE_STATE_RESOLVED,
        "已更换淋浴头",
    )
    assert (await window.ask(request, "DISPATCHER")).case.version == reply.case.version == 3
    # The master has no move to tell of.
    assert await tell(window) == 0
    assert await window.findings() == []

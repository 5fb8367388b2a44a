"""Ties between cases, duplicates that follow a master, and second matters."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.jobs import JobRunner
from chassis.testing import read_refusal
from services.intake.handlers import followers
from services.intake.store import linking as store
from tests.integration.intake.conftest import Peers
from tests.integration.intake.test_recusal import recuse
from tests.integration.intake.window import Window
from tests.waiting import eventually

RELATED, RECURS = pb.RELATION_RELATED, pb.RELATION_RECURRENCE_OF


def tie(case_id: str, other: str, relation: Any = RELATED, **more: Any) -> life.LinkCasesRequest:
    link = pb.Link(case_id=other, relation=relation)
    return life.LinkCasesRequest(case_id=case_id, link=link, reason="同一处", **more)


def merge(case_id: str, master: str, **more: Any) -> life.MergeCaseRequest:
    return life.MergeCaseRequest(case_id=case_id, master_case_id=master, reason="同一事项", **more)


async def made(window: Window, **fields: Any) -> str:
    return str((await window.register(**fields)).case.case_id)


async def tell(window: Window) -> int:
    """Lets the followers be told; returns how many steps that took."""
    runner = JobRunner(window.database.worker, {followers.MASTER_MOVED: followers.step})
    steps = 0
    while await runner.step() is not None:
        steps += 1
    return steps


async def told(window: Window, case_id: str) -> list[facts.CaseMasterMoved]:
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND type LIKE '%CaseMasterMoved' "
        "ORDER BY subject_version",
        case_id,
    )
    return [facts.CaseMasterMoved.FromString(row["payload"]) for row in rows]


async def resolve(window: Window, case_id: str) -> None:
    request = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换淋浴头",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    await window.ask(request, "STEWARD")


async def test_a_tie_is_made_once_and_taken_off_once(window: Window) -> None:
    one, other = await made(window), await made(window)
    reply = await window.ask(tie(one, other), "CLERK")
    assert list(reply.case.links) == [pb.Link(case_id=other, relation=RELATED)]
    again = await window.ask(tie(one, other), "STEWARD")
    assert again.case.version == reply.case.version
    off = await window.ask(tie(one, other, remove=True), "CLERK")
    assert not off.case.links
    await window.ask(tie(one, other, remove=True), "CLERK")
    assert await window.facts(one) == ["CaseRegistered", "CaseLinked", "CaseLinked"]
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND subject_version = 2", one
    )
    fact = facts.CaseLinked.FromString(rows[0]["payload"])
    number = (await window.case(other)).number
    assert (fact.set, fact.linked_number, fact.reason) == (True, number, "同一处")
    assert await window.findings() == []


async def test_what_no_case_is_tied_to(window: Window) -> None:
    one = await made(window)
    hidden = await made(window, about_persons=["s-1"])
    far = await made(
        window, site_id="other", sites=("other",), post_id="", unit_id="", place="x", category=""
    )
    for relation in (pb.RELATION_DUPLICATE_OF, pb.RELATION_SPLIT_FROM):
        refused = await window.refused(tie(one, hidden, relation), "CLERK")
        assert refused.reason == "LINK_NOT_ALLOWED"
    assert (await window.refused(tie(one, one), "CLERK")).reason == "LINK_CYCLE"
    for absent in (new_id(), far):
        answer = await window.refused(tie(one, absent), "CLERK", sites=("yuwu", "other"))
        assert answer.reason == "LINK_NOT_FOUND"
    assert (await window.refused(tie(one, hidden), "STEWARD")).reason == "LINK_NOT_FOUND"
    assert (await window.refused(tie(new_id(), one), "CLERK")).reason == "CASE_NOT_FOUND"
    stale = await window.refused(tie(one, hidden, expected_version=9), "CLERK")
    assert stale.reason == "VERSION_MISMATCH"
    assert (await window.refused(tie(one, hidden), "HANDLER")).reason == "PERMISSION_DENIED"
    assert await window.facts(one) == ["CaseRegistered"]


async def test_no_case_is_in_the_end_its_own_recurrence(window: Window) -> None:
    cases = [await made(window) for _ in range(4)]
    for one, before in zip(cases[1:], cases, strict=False):
        await window.ask(tie(one, before, RECURS), "CLERK")
    answer = await window.refused(tie(cases[0], cases[3], RECURS), "CLERK")
    assert answer.reason == "LINK_CYCLE"
    # Related in a circle are many.
    await window.ask(tie(cases[0], cases[3]), "CLERK")


async def test_a_circle_closed_from_two_sides_at_once_stays_open(window: Window) -> None:
    first, second, third, fourth = [await made(window) for _ in range(4)]
    await window.ask(tie(first, second, RECURS), "CLERK")
    await window.ask(tie(third, fourth, RECURS), "CLERK")

    async def both_wait() -> bool:
        rows = await window.rows(
            "SELECT count(*) AS count FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )
        return bool(rows[0]["count"] == 2)

    # Neither has looked before both are there; they share no case.
    async with window.database.app.connection() as connection, connection.transaction():
        await store.hold_ties(connection, "yuwu")
        sides = [
            asyncio.create_task(window.ask(tie(one, other, RECURS), "CLERK"))
            for one, other in ((second, third), (fourth, first))
        ]
        await eventually(both_wait)
    done = await asyncio.gather(*sides, return_exceptions=True)
    (error,) = [one for one in done if isinstance(one, grpc.aio.AioRpcError)]
    assert read_refusal(error).reason == "LINK_CYCLE"


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


async def test_a_second_matter_is_of_the_same_reporter(window: Window) -> None:
    old = (
        await window.register(
            reporter=pb.Reporter(
                name="CANARY-NAME",
                phone="13900001111",
                person_code="w-7",
                confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL,
            ),
            about_persons=["s-1"],
        )
    ).case
    request = life.SplitCaseRequest(
        case_id=old.case_id, text="食堂早饭太凉", reason="两件事", request_id="split-0001"
    )
    reply = await window.ask(request, "DISPATCHER")
    new = reply.new_case
    assert reply.case.version == old.version
    assert list(new.links) == [pb.Link(case_id=old.case_id, relation=pb.RELATION_SPLIT_FROM)]
    assert new.number != old.number
    assert (new.text, new.unit_id, new.category) == ("食堂早饭太凉", old.unit_id, old.category)
    assert (new.receiver, list(new.about_persons)) == (old.receiver, ["s-1"])
    assert new.occurred_time == old.occurred_time
    assert new.confidentiality == pb.CONFIDENTIALITY_CONFIDENTIAL
    look = rpc.UnsealReporterRequest(case_id=new.case_id, reason="回访")
    assert (await window.ask(look, "SUPPORT")).reporter.phone == "13900001111"
    keys = await window.rows(
        "SELECT key_id FROM reporters WHERE case_id = ANY ($1::text[])",
        [old.case_id, new.case_id],
    )
    assert len({row["key_id"] for row in keys}) == 2
    track = rpc.TrackCaseRequest(receipt_code=reply.receipt_code)
    assert (await window.ask(track, nobody=True)).case_id == new.case_id
    own = await window.ask(rpc.GetCaseRequest(case_id=new.case_id), "REPORTER", subject="w-7")
    assert own.case.number == new.number
    again = await window.ask(request, "DISPATCHER")
    assert (again.new_case.case_id, again.receipt_code) == (new.case_id, reply.receipt_code)
    assert await window.findings() == []


async def test_an_anonymous_case_is_split_into_an_anonymous_one(window: Window) -> None:
    anonymous = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
    old = await made(window, reporter=anonymous)
    request = life.SplitCaseRequest(
        case_id=old, text="另一件", reason="两件事", unit_id="south", category="OTHER", place="井口"
    )
    new = (await window.ask(request, "CLERK")).new_case
    assert (new.unit_id, new.category, new.place) == ("south", "OTHER", "井口")
    assert new.confidentiality == pb.CONFIDENTIALITY_ANONYMOUS
    request.request_id, request.unit_id = "", "nowhere"
    assert (await window.refused(request, "CLERK")).reason == "UNIT_UNKNOWN"
    master = await made(window)
    await window.ask(merge(old, master), "DISPATCHER")
    request.request_id, request.unit_id = "", ""
    assert (await window.refused(request, "CLERK")).reason == "WRONG_STATE"
    assert await window.findings() == []


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


async def test_a_second_matter_keeps_the_same_away_and_is_long_standing_too(
    window: Window,
) -> None:
    old = await made(window, long_standing=True, leader="s-1")
    await recuse(window, old, "c-1")
    request = life.SplitCaseRequest(case_id=old, text="食堂早饭太凉", reason="两件事")
    new = (await window.ask(request, "DISPATCHER")).new_case
    assert (list(new.recused_persons), new.receiver) == (["c-1"], "position:DISPATCH_ROOM")
    (flag,) = new.flags
    assert (flag.flag, flag.leader) == (pb.CASE_FLAG_LONG_STANDING, "s-1")
    word = life.CommentCaseRequest(case_id=new.case_id, text="已联系食堂")
    assert (await window.refused(word, "CLERK")).reason == "CASE_RECUSED"
    assert await window.facts(new.case_id) == ["CaseRegistered", "CaseFlagged"]
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND subject_version = 1", new.case_id
    )
    fact = facts.CaseRegistered.FromString(rows[0]["payload"])
    assert list(fact.recused_persons) == ["c-1"]
    # Its clocks begin now, as those of any long-standing one.
    assert fact.clock_start_time == fact.record_time
    then = rpc.GetCaseRequest(case_id=new.case_id, as_of_time=to_timestamp(datetime.now(UTC)))
    assert list((await window.ask(then, "DISPATCHER")).case.recused_persons) == ["c-1"]
    assert await window.findings() == []


async def test_a_repeated_split_shows_no_code_that_was_made_since(window: Window) -> None:
    request = life.SplitCaseRequest(
        case_id=await made(window), text="食堂早饭太凉", reason="两件事", request_id="split-0002"
    )
    first = await window.ask(request, "DISPATCHER")
    assert first.receipt_code
    reissue = registration.ReissueReceiptCodeRequest(case_id=first.new_case.case_id, reason="遗失")
    await window.ask(reissue, "SUPPORT")
    again = await window.ask(request, "DISPATCHER")
    assert (again.new_case.case_id, again.receipt_code) == (first.new_case.case_id, "")


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (
            "UPDATE cases SET state = 'CLOSED', outcome = 'DUPLICATE', close_time = record_time",
            "duplicate_without_master",
        ),
        (
            """
            INSERT INTO comments
            SELECT case_id, 99, site_id, 'INTERNAL', 'x', 'x', false, record_time FROM cases
            """,
            "comments_not_of_the_journal",
        ),
    ],
)
async def test_what_no_longer_fits_is_found(window: Window, broken: str, name: str) -> None:
    await made(window)
    assert await window.findings() == []
    sees = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(sees) as connection:
        await connection.execute(broken)
    assert name in {finding.check for finding in await window.findings()}

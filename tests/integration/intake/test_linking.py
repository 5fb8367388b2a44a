"""Ties between cases: made once, never in a circle, never to what the caller may not see."""

import asyncio
from typing import Any

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_pb2 as pb
from chassis.actor import Actor
from chassis.ids import new_id
from chassis.testing import read_refusal
from services.intake.store import linking as store
from tests.integration.intake.ties import RECURS, RELATED, made, merge, tie
from tests.integration.intake.window import Window
from tests.waiting import eventually


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


@pytest.mark.parametrize("relation", [RELATED, RECURS, pb.RELATION_FOUND_BY_SWEEP])
async def test_a_tie_moves_neither_of_the_two(window: Window, relation: Any) -> None:
    fresh, done = await made(window), (await window.resolved()).case.case_id
    ended = await made(window)
    await window.ask(merge(ended, fresh), "DISPATCHER")
    before = [(await window.case(one)).state for one in (fresh, done, ended)]
    for one, other in ((fresh, done), (done, ended), (ended, fresh)):
        await window.ask(tie(one, other, relation), "CLERK")
        await window.ask(tie(one, other, relation, remove=True), "CLERK")
    assert [(await window.case(one)).state for one in (fresh, done, ended)] == before
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

"""Invariants of what is closed: a broken row is found."""

import pytest

from chassis.actor import Actor
from tests.integration.intake.ends import closed, reopen
from tests.integration.intake.window import Window


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("UPDATE cases SET confirmed = false", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'EXPLAINED_NOT_ACCEPTED'", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'UNCONFIRMED'", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'REFERRED'", "closed_case_not_proven"),
        ("UPDATE cases SET outcome = 'DUPLICATE'", "duplicate_without_master"),
        ("UPDATE cases SET outcome = 'WITHDRAWN'", "closed_case_not_proven"),
        (
            """
            INSERT INTO withdrawals
            SELECT case_id, 99, site_id, 1, 'x', 'CODE', true, record_time FROM cases
            """,
            "proofs_not_of_the_journal",
        ),
    ],
)
async def test_what_no_longer_fits_is_found(window: Window, broken: str, name: str) -> None:
    await closed(window)
    assert await window.findings() == []
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute(broken)
    assert [one.check for one in await window.findings()] == [name]


async def test_a_reopened_case_that_is_closed_still_is_found(window: Window) -> None:
    made = await closed(window)
    await window.ask(reopen(made.case.case_id), "DISPATCHER")
    assert await window.findings() == []
    actor = Actor("test", sites=frozenset({"yuwu"}))
    async with window.database.app.transaction(actor) as connection:
        await connection.execute("UPDATE cases SET state = 'RESOLVED'")
    assert [one.check for one in await window.findings()] == ["state_not_of_the_journal"]

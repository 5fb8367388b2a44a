"""What a sweep finds is registered here, once, and tied to the case that it started from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_pb2 as pb
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_sweeps_pb2 as sweeps
from chassis.convert import to_timestamp
from chassis.ids import new_fact_id, new_id
from chassis.journal import Entry, envelope, fact_hash
from tests.integration.intake.window import Window

FOUND = sweeps.SWEEP_FINDING_FOUND


def answered(
    case_id: str,
    site_id: str = "yuwu",
    *,
    case_site_id: str = "yuwu",
    finding: "sweeps.SweepFinding.ValueType" = FOUND,
    category: str = "BATHING",
    time: datetime | None = None,
    **task: Any,
) -> routing.SweepTaskAnswered:
    """A unit has looked; fields of the task may be given."""
    fields = {
        "unit_id": "bath",
        "place": "北风井浴室",
        "words": "两个淋浴头漏水",
        "task_id": new_id(),
    }
    return routing.SweepTaskAnswered(
        sweep_id=new_id(),
        case_id=case_id,
        case_site_id=case_site_id,
        defect="淋浴头漏水",
        category=category,
        new_case_id=new_id() if finding == FOUND else "",
        task=sweeps.SweepTask(
            site_id=site_id,
            finding=finding,
            answered_by="h-1",
            answer_time=to_timestamp(time or datetime.now(UTC)),
            **fields | task,
        ),
    )


async def tell(window: Window, message: routing.SweepTaskAnswered, site_id: str = "yuwu") -> None:
    await window.tell("routing", f"sweep/{message.sweep_id}/{site_id}", site_id, message)


async def test_what_was_found_is_a_case_linked_to_the_first(window: Window) -> None:
    first = (await window.resolved()).case
    message = answered(first.case_id)
    await tell(window, message)
    case = await window.case(message.new_case_id)
    assert case.text == "两个淋浴头漏水\n（举一反三排查发现，排查内容：淋浴头漏水）"
    assert (case.channel, case.kind, case.category, case.unit_id, case.place, case.receiver) == (
        pb.CHANNEL_SYSTEM,
        pb.CASE_KIND_GRIEVANCE,
        "BATHING",
        "bath",
        "北风井浴室",
        "h-1",
    )
    # The number runs on, after that of the case before.
    assert int(case.number[-4:]) == int(first.number[-4:]) + 1
    assert list(case.links) == [pb.Link(case_id=first.case_id, relation=pb.RELATION_FOUND_BY_SWEEP)]
    assert case.occurred_time == message.task.answer_time
    assert (case.state, case.version) == (pb.CASE_STATE_REGISTERED, 1)
    payload, actor, causes = (
        await window.rows(
            "SELECT payload, actor, causes::text FROM journal WHERE subject_id = $1",
            message.new_case_id,
        )
    )[0]
    told = facts.CaseRegistered.FromString(payload)
    assert (told.sweep_id, told.sweep_task_id) == (message.sweep_id, message.task.task_id)
    assert (told.case_id, told.number, told.unit_id) == (case.case_id, case.number, "bath")
    assert list(told.links) == list(case.links)
    assert actor == "service:intake"
    assert f"sweep/{message.sweep_id}/yuwu" in causes
    assert await window.findings() == []


async def test_the_finder_is_its_reporter_and_stays_sealed(window: Window) -> None:
    message = answered((await window.resolved()).case.case_id)
    await tell(window, message)
    case = await window.case(message.new_case_id)
    assert (case.reporter_kind, case.confidentiality) == (
        pb.REPORTER_KIND_EMPLOYEE,
        pb.CONFIDENTIALITY_NAMED,
    )
    sealed = await window.rows(
        "SELECT ciphertext, person_hash FROM reporters WHERE case_id = $1", message.new_case_id
    )
    assert len(sealed) == 1
    assert b"h-1" not in sealed[0]["ciphertext"]
    assert sealed[0]["person_hash"] is not None
    hands = await window.rows(
        "SELECT person FROM case_hands WHERE case_id = $1", message.new_case_id
    )
    assert {row["person"] for row in hands} == {"h-1"}


async def test_a_task_makes_one_case_however_often_it_is_answered(window: Window) -> None:
    first = (await window.resolved()).case
    message = answered(first.case_id)
    await tell(window, message)
    number = (await window.case(message.new_case_id)).number
    for finding in (
        sweeps.SWEEP_FINDING_PLANNED,
        FOUND,
        sweeps.SWEEP_FINDING_FIXED,
    ):
        again = routing.SweepTaskAnswered()
        again.CopyFrom(message)
        again.task.finding = finding
        again.task.words = "又看了一遍"
        await tell(window, again)
    case = await window.case(message.new_case_id)
    assert (case.number, case.text.split("\n")[0]) == (number, "两个淋浴头漏水")
    assert await window.facts(message.new_case_id) == ["CaseRegistered"]
    assert (await window.rows("SELECT count(*) AS n FROM cases"))[0]["n"] == 2
    assert await window.findings() == []


@pytest.mark.parametrize(
    "finding",
    [sweeps.SWEEP_FINDING_NONE, sweeps.SWEEP_FINDING_FIXED, sweeps.SWEEP_FINDING_PLANNED],
)
async def test_what_was_not_found_is_no_case(
    window: Window, finding: "sweeps.SweepFinding.ValueType"
) -> None:
    first = (await window.resolved()).case
    message = answered(first.case_id, finding=finding)
    await tell(window, message)
    assert (await window.rows("SELECT count(*) AS n FROM cases"))[0]["n"] == 1


async def test_another_mine_has_its_own_case_without_a_tie_across(window: Window) -> None:
    first = (await window.resolved()).case
    message = answered(first.case_id, "other", category="OF-YUWU-ALONE", unit_id="gone")
    await tell(window, message, "other")
    rows = await window.rows(
        "SELECT site_id, number, category, unit_id, place FROM cases WHERE case_id = $1",
        message.new_case_id,
    )
    # Neither the category nor the unit is the other mine's; it is followed all the same.
    assert [tuple(row)[:1] + tuple(row)[2:] for row in rows] == [
        ("other", "OTHER", "", "北风井浴室")
    ]
    assert rows[0]["number"].startswith("OT-")
    assert await window.rows("SELECT * FROM links") == []
    assert await window.findings() == []


@pytest.mark.parametrize("off", [timedelta(days=-200), timedelta(hours=1)])
async def test_a_fact_of_another_clock_is_followed_too(window: Window, off: timedelta) -> None:
    first = (await window.resolved()).case
    message = answered(first.case_id, time=datetime.now(UTC) + off)
    await tell(window, message)
    case = await window.case(message.new_case_id)
    now = datetime.now(UTC)
    occurred = case.occurred_time.ToDatetime(UTC)
    assert now - timedelta(days=90) < occurred <= now


async def test_facts_that_come_together_make_one_case(window: Window) -> None:
    message = answered((await window.resolved()).case.case_id)
    now = datetime.now(UTC)
    together = []
    for version in (1, 2):
        entry = Entry(
            fact_id=new_fact_id(),
            source="routing",
            site_id="yuwu",
            subject_id=f"sweep/{message.sweep_id}/yuwu",
            subject_version=version,
            type=message.DESCRIPTOR.full_name,
            occurred_time=now,
            record_time=now,
            actor="h-1",
            acting_for="",
            causes=(),
            trace="",
            payload=message.SerializeToString(),
        )
        together.append(envelope(entry, fact_hash(entry), 1))
    outcome = await window.gatekeeper.apply(together)
    assert (outcome.applied_count, outcome.bad) == (2, [])
    assert await window.facts(message.new_case_id) == ["CaseRegistered"]
    # And once more, as a broker may send them.
    await window.gatekeeper.apply(together)
    assert await window.facts(message.new_case_id) == ["CaseRegistered"]
    assert await window.findings() == []

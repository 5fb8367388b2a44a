"""What intake says of old, amended and reopened cases, in any order and twice."""

import random
from datetime import timedelta

import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_marks_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2
from chassis.ids import new_id
from chassis.journal import timestamp
from tests.integration.sla.conftest import SITE, Sla, fed_back
from tests.integration.sla.test_facts import SPOKEN, at


async def clocks(sla: Sla, case_id: str) -> list[tuple[str, int, str]]:
    rows = await sla.rows(
        "SELECT kind, cycle, state FROM clocks WHERE subject_id = $1 ORDER BY cycle, kind", case_id
    )
    return [(row["kind"], row["cycle"], row["state"]) for row in rows]


@pytest.mark.parametrize("seed", range(3))
async def test_a_closed_case_begins_again_in_whatever_order_it_is_heard(
    sla: Sla, seed: int
) -> None:
    case_id = new_id()
    facts = [
        sla.fact(message, time)
        for message, time in (
            (
                intake_facts_pb2.CaseRegistered(
                    case_id=case_id, site_id=SITE, occurred_time=timestamp(SPOKEN)
                ),
                SPOKEN,
            ),
            (
                fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, at("11-20 10:00")),
                at("11-20 10:00"),
            ),
            (intake_facts_pb2.CaseClosed(case_id=case_id), at("11-20 11:00")),
            (
                intake_facts_pb2.CaseReopened(
                    case_id=case_id,
                    cycle=1,
                    new_cycle=2,
                    reopen_time=timestamp(at("11-27 09:00")),
                ),
                at("11-27 09:00"),
            ),
        )
    ]
    copies = facts * 3
    random.Random(seed).shuffle(copies)
    for fact in copies:
        await sla.take(fact)
    assert await clocks(sla, case_id) == [
        ("FIRST_REPLY", 1, "MET"),
        ("PLAN", 1, "CANCELLED"),
        ("FIRST_REPLY", 2, "RUNNING"),
        ("PLAN", 2, "RUNNING"),
        ("REMINDER", 2, "RUNNING"),
    ]
    (case,) = await sla.rows("SELECT state, cycle FROM cases WHERE case_id = $1", case_id)
    assert tuple(case) == ("OPEN", 2)


async def test_what_routing_tells_of_a_new_cycle_waits_for_its_beginning(sla: Sla) -> None:
    """Routing's first fact of the new cycle follows from intake's, and holds up those after it."""
    (case_id,) = await sla.register(SPOKEN)
    await sla.tell(intake_facts_pb2.CaseClosed(case_id=case_id), at("11-20 11:00"))
    assigned = sla.fact(
        routing_facts_pb2.CaseAssigned(case_id=case_id, steward="p-7", accountable="p-7"),
        at("11-27 09:01"),
        follows=3,
    )
    await sla.take(assigned)
    await sla.dispatch([(case_id, at("11-30 18:00"))], at("11-27 10:00"))
    assert ("WORK_ORDER", 2, "RUNNING") not in await clocks(sla, case_id)
    await sla.tell(
        intake_facts_pb2.CaseReopened(
            case_id=case_id, cycle=1, new_cycle=2, reopen_time=timestamp(at("11-27 09:00"))
        ),
        at("11-27 09:00"),
    )
    assert [one for one in await clocks(sla, case_id) if one[1] == 2] == [
        ("FIRST_REPLY", 2, "RUNNING"),
        ("PLAN", 2, "RUNNING"),
        # Reminded of until it was known whose it is.
        ("REMINDER", 2, "CANCELLED"),
        ("WORK_ORDER", 2, "RUNNING"),
    ]


async def test_an_old_case_runs_from_when_it_was_entered(sla: Sla) -> None:
    entered = await sla.now()
    old = entered - timedelta(days=200)
    (born,) = await sla.register(old, recorded=entered)
    (case_id,) = await sla.register(old, recorded=entered, clock_start_time=timestamp(entered))
    states = {born: "BREACHED", case_id: "RUNNING"}
    for one, state in states.items():
        (row,) = await sla.rows(
            "SELECT state FROM clocks WHERE subject_id = $1 AND kind = 'PLAN'", one
        )
        assert row["state"] == state
    (row,) = await sla.rows("SELECT occurred_time FROM cases WHERE case_id = $1", case_id)
    assert abs(row["occurred_time"] - old) < timedelta(seconds=1)


async def test_an_amendment_is_kept_with_whom_it_is_about(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN, about_persons=["p-1"])
    amended = sla.fact(
        intake_facts_pb2.CaseAmended(
            case_id=case_id,
            category="WATER",
            kind=intake_pb2.CASE_KIND_REQUEST,
            urgency=intake_pb2.URGENCY_URGENT,
            unit_id="bathhouse",
            about_persons=["p-1", "p-2"],
        ),
        at("11-20 10:00"),
    )
    await sla.take(amended)
    await sla.take(amended)
    (row,) = await sla.rows(
        "SELECT category, kind, urgency, unit_id, about_persons FROM cases WHERE case_id = $1",
        case_id,
    )
    assert list(row.values()) == ["WATER", "REQUEST", "URGENT", "bathhouse", ["p-1", "p-2"]]


async def test_a_meeting_of_a_long_standing_case_is_its_review(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    await sla.tell(
        intake_facts_pb2.CaseFlagged(
            case_id=case_id, flag=intake_pb2.CASE_FLAG_LONG_STANDING, set=True
        ),
        at("11-20 10:00"),
    )
    # The suite hears of it now, so it counts as held now at the latest.
    held = at("11-20 11:00")
    meeting = intake_marks_pb2.CoordinationMeeting(meeting_time=timestamp(held))
    await sla.tell(
        intake_facts_pb2.CaseMeetingRecorded(case_id=case_id, cycle=1, meeting=meeting), held
    )
    rows = await sla.rows(
        "SELECT state, start_time FROM clocks WHERE subject_id = $1 AND kind = 'REVIEW'"
        " ORDER BY start_time",
        case_id,
    )
    assert [row["state"] for row in rows] == ["MET", "RUNNING"]
    assert rows[1]["start_time"] == held


async def test_a_sampled_callback_and_a_word_on_the_master_stop_nothing(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    await sla.tell(intake_facts_pb2.CaseResolved(case_id=case_id, cycle=1), at("11-20 10:00"))
    before = await clocks(sla, case_id)
    await sla.tell(
        intake_facts_pb2.CaseCalledBack(case_id=case_id, cycle=1, reached=True, sample_id="s-1"),
        at("11-20 11:00"),
    )
    await sla.tell(
        intake_facts_pb2.CaseConfirmed(case_id=case_id, cycle=1, counts=True, master_case_id="c-2"),
        at("11-20 11:00"),
    )
    await sla.tell(
        intake_facts_pb2.CaseWithdrawn(case_id=case_id, cycle=1, counts=True), at("11-20 11:00")
    )
    assert await clocks(sla, case_id) == before

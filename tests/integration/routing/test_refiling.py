"""Cases that are amended, or closed and begun again, go to whoever may have them now."""

import json
from datetime import timedelta
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as facts
from chassis.ids import new_id
from tests.integration.routing.conftest import SITE, Mine, matrix, row
from tests.integration.routing.doing import findings, registered, until
from tests.integration.routing.sweeping import register, solved
from tests.integration.routing.test_assignment import explained
from tests.integration.routing.test_attribution import MONDAY, asked, hours
from tests.integration.routing.test_following import up, without
from tests.integration.routing.test_recurrence import link, not_lasting


def amended(
    case_id: str, *about: str, unit: str = "bathhouse", category: str = "BATHING", **fields: Any
) -> intake.CaseAmended:
    return intake.CaseAmended(
        case_id=case_id, unit_id=unit, category=category, about_persons=about, **fields
    )


def closed(case_id: str, outcome: "intake_pb2.Outcome.ValueType") -> intake.CaseClosed:
    return intake.CaseClosed(case_id=case_id, outcome=outcome)


def reopened(case_id: str, cycle: int = 1) -> intake.CaseReopened:
    return intake.CaseReopened(case_id=case_id, cycle=cycle, new_cycle=cycle + 1)


async def assigned(mine: Mine, case_id: str) -> facts.CaseAssigned:
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseAssigned)
    return last


async def test_another_unit_is_another_stewards_with_a_handover(mine: Mine) -> None:
    case_id = await registered(mine)
    await mine.hear("intake", case_id, amended(case_id, unit="joint-1"))
    route = await mine.route(case_id)
    assert (route.unit_id, route.steward, route.accountable) == ("joint-1", "li", "li")
    told = await assigned(mine, case_id)
    assert (told.previous, told.steward, told.unit_id) == ("zhang", "li", "joint-1")
    assert told.handover_note
    assert "更正" in (await explained(mine, case_id))[-1].steps[0].sentence
    assert await findings(mine) == []


async def test_words_that_nobody_routes_by_move_nothing(mine: Mine) -> None:
    case_id = await registered(mine)
    recorded = await mine.facts(case_id)
    await mine.hear("intake", case_id, amended(case_id, text="水太冷"))
    assert await mine.facts(case_id) == recorded


async def test_another_place_stays_in_the_same_hands_and_on_record(mine: Mine) -> None:
    case_id = await registered(mine)
    await mine.hear("intake", case_id, amended(case_id, place=" 二楼 "))
    route = await mine.route(case_id)
    assert (route.place, route.steward) == ("二楼", "zhang")
    told = await assigned(mine, case_id)
    assert (told.previous, told.steward) == ("zhang", "zhang")


async def test_a_steward_it_turns_out_to_be_about_loses_it_at_once(mine: Mine) -> None:
    case_id = await registered(mine)
    await mine.hear("intake", case_id, amended(case_id, "zhang"))
    route = await mine.route(case_id)
    assert "zhang" not in (route.steward, route.accountable)
    assert "zhang" in route.shielded
    told = await assigned(mine, case_id)
    assert "zhang" in told.shielded
    assert told.accountable not in ("zhang", "")
    assert await findings(mine) == []


async def test_a_level_whose_owner_it_turns_out_to_be_about_is_anothers(mine: Mine) -> None:
    case_id = await registered(mine)
    assert (await up(mine, case_id, 2)).accountable == "zhou"
    await mine.hear("intake", case_id, amended(case_id, "zhou"))
    route = await mine.route(case_id)
    assert route.level == 2
    assert route.accountable != "zhou"
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert "CaseEscalated" in kinds[-2:]
    assert await findings(mine) == []


async def test_who_is_only_told_of_it_is_told_no_more(mine: Mine) -> None:
    case_id = await registered(mine, unit="joint-1")
    assert "zhao" in (await assigned(mine, case_id)).also_told
    await mine.hear("intake", case_id, amended(case_id, "zhao", unit="joint-1"))
    told = await assigned(mine, case_id)
    assert told.steward == "li"
    assert "zhao" not in told.also_told


async def test_nobody_whom_a_case_is_about_is_ever_taken_off(mine: Mine) -> None:
    case_id = await registered(mine, "wang")
    await mine.hear("intake", case_id, amended(case_id, "zhou"))
    assert {"wang", "zhou"} <= set((await mine.route(case_id)).shielded)


@pytest.mark.parametrize(
    "outcome",
    [intake_pb2.OUTCOME_SOLVED, intake_pb2.OUTCOME_WITHDRAWN, intake_pb2.OUTCOME_REFERRED],
)
async def test_a_closed_case_begins_again_with_its_steward(
    mine: Mine, outcome: "intake_pb2.Outcome.ValueType"
) -> None:
    case_id = await registered(mine)
    await up(mine, case_id, 2)
    await mine.hear("intake", case_id, closed(case_id, outcome))
    assert (await mine.route(case_id)).sealed
    await mine.hear("intake", case_id, reopened(case_id))
    route = await mine.route(case_id)
    assert (route.sealed, route.level, route.accountable) == (False, 0, "zhang")
    told = await assigned(mine, case_id)
    assert (told.previous, told.steward) == ("zhang", "zhang")
    # A breach of the cycle that is over climbs no more, one of the new cycle does.
    await mine.breached(case_id, cycle=1)
    assert (await mine.route(case_id)).level == 0
    await mine.advance(timedelta(minutes=1))
    await mine.breached(case_id, cycle=2)
    assert (await mine.route(case_id)).level == 1
    assert await findings(mine) == []


@pytest.mark.parametrize("level", [0, 2])
async def test_what_is_told_of_a_new_cycle_waits_for_the_rejection(mine: Mine, level: int) -> None:
    """Others may hear of a step in the new cycle first, and must not take it for one of the old."""
    case_id = await registered(mine)
    if level:
        await up(mine, case_id, level)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    rejected = mine.fact(
        "intake", case_id, intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2)
    )
    await mine.gate.take([rejected], "intake")
    told = await assigned(mine, case_id)
    assert (told.previous, told.steward, told.accountable) == ("zhang", "zhang", "zhang")
    assert "不认可" in told.reasons[0]
    causes = await mine.value(
        "SELECT causes::text FROM journal WHERE subject_id = $1 ORDER BY subject_version DESC"
        " LIMIT 1",
        case_id,
    )
    assert json.loads(causes) == [["intake", case_id, rejected.subject_version]]
    assert (await explained(mine, case_id))[-1].accountable == "zhang"
    assert await findings(mine) == []


async def test_a_case_begun_again_goes_by_the_lists_of_now(mine: Mine) -> None:
    case_id = await registered(mine)
    await mine.hear("intake", case_id, closed(case_id, intake_pb2.OUTCOME_SOLVED))
    await mine.publish(matrix(row("logistics", "li"), row("bathhouse", "li")))
    await mine.publish_directory(without("zhang"))
    await mine.hand_over()
    await mine.hear("intake", case_id, reopened(case_id))
    assert (await mine.route(case_id)).steward == "li"
    told = await assigned(mine, case_id)
    assert (told.previous, told.steward) == ("zhang", "li")
    assert await findings(mine) == []


async def test_the_time_in_between_is_nobodys(mine: Mine) -> None:
    await until(mine, MONDAY, 8)
    case_id = await mine.registered()
    await mine.advance(timedelta(hours=1))
    await mine.hear("intake", case_id, closed(case_id, intake_pb2.OUTCOME_SOLVED))
    await mine.advance(timedelta(hours=2))
    await mine.hear("intake", case_id, reopened(case_id))
    await mine.advance(timedelta(hours=1))
    assert hours(await asked(mine, case_id)) == {"zhang": 2.0}


async def test_facts_in_disorder_and_twice_end_alike(mine: Mine) -> None:
    case_id = new_id()
    sent = [
        mine.fact("intake", case_id, message)
        for message in (
            intake.CaseRegistered(case_id=case_id, site_id=SITE, unit_id="bathhouse"),
            closed(case_id, intake_pb2.OUTCOME_SOLVED),
            reopened(case_id),
            amended(case_id, "zhang", category=""),
        )
    ]
    await mine.gate.take([sent[3], sent[2]], "intake")
    await mine.gate.take([sent[1], sent[0], sent[2], sent[3]], "intake")
    await mine.gate.take(sent, "intake")
    assert await mine.value("SELECT count(*) FROM parked") == 0
    kinds = [type(fact).__name__ for fact in await mine.facts(case_id)]
    assert kinds == ["CaseAssigned"] * 3
    route = await mine.route(case_id)
    assert not route.sealed
    assert route.steward != "zhang"


async def test_a_case_tied_to_an_old_one_later_speaks_against_its_repair(mine: Mine) -> None:
    first = await solved(mine, ago=timedelta(days=3))
    again = await register(mine, place="别处", category="OTHER")
    assert await not_lasting(mine, first) == []
    (tie,) = link(first)
    for set_ in (False, True, True):
        fact = mine.fact(
            "intake",
            again,
            intake.CaseLinked(case_id=again, link=tie, set=set_),
            time=await mine.now(),
        )
        await mine.gate.take([fact], "intake")
    (told,) = await not_lasting(mine, first)
    assert (told.again_case_id, told.days) == (again, 3)

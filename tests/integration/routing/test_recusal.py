"""Keeping people away from a case for good (回避): what they had of it moves at once."""

import grpc

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from tests.integration.routing.conftest import Mine
from tests.integration.routing.doing import instruct
from tests.integration.routing.test_assignment import accountable_is_explained, explained, register


def recuse(case_id: str, person: str = "", version: int = 0) -> rpc.RecuseFromCaseRequest:
    return rpc.RecuseFromCaseRequest(
        case_id=case_id, person_id=person, reason="与诉求人有亲属关系", expected_version=version
    )


async def kinds(mine: Mine, case_id: str) -> list[str]:
    return [type(fact).__name__ for fact in await mine.facts(case_id)]


async def test_a_steward_who_steps_aside_gives_the_case_away(mine: Mine) -> None:
    case_id = await register(mine, receiver="wang")
    request = recuse(case_id)
    route = (await mine.ask("RecuseFromCase", request, "STEWARD", who="zhang")).route
    assert (route.steward, route.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)
    assert list(route.shielded) == ["zhang"]
    assert await kinds(mine, case_id) == ["CaseAssigned", "PersonRecused", "CaseAssigned"]
    _, told, moved = await mine.facts(case_id)
    assert isinstance(told, facts.PersonRecused)
    assert (told.person_id, told.recorded_by, told.asked_by_reporter) == ("zhang", "zhang", False)
    assert isinstance(moved, facts.CaseAssigned)
    assert (moved.previous, list(moved.shielded)) == ("zhang", ["zhang"])
    assert "原负责人：张三（zhang），尚未接收。" in moved.handover_note
    assert moved.reasons[0].startswith("张三（zhang）须回避本诉求：")
    # Asked again it is the same answer, and nothing happens twice.
    again = (await mine.ask("RecuseFromCase", request, "STEWARD", who="zhang")).route
    assert again == route
    assert len(await mine.facts(case_id)) == 3
    await accountable_is_explained(mine)


async def test_somebody_who_hasnt_got_it_is_only_kept_away(mine: Mine) -> None:
    case_id = await register(mine, "joint-1", receiver="zhao")
    assert (await mine.route(case_id)).first_reply_by == "zhao"
    await mine.ask("RecuseFromCase", recuse(case_id, "zhao"))
    route = await mine.route(case_id)
    assert (route.steward, route.first_reply_by) == ("li", "")
    assert await kinds(mine, case_id) == ["CaseAssigned", "PersonRecused"]
    told = await mine.value("SELECT also_told FROM routes")
    assert told == ["wang"]
    assert "zhao" in (await explained(mine, case_id))[-1].steps[0].sentence
    given = rpc.AssignCaseRequest(case_id=case_id, steward="zhao", reason="x")
    assert (await mine.refused("AssignCase", given)).reason == "PERSON_SHIELDED"


async def test_a_level_whose_owner_steps_aside_is_anothers_and_owes_anew(mine: Mine) -> None:
    case_id = await register(mine)
    await mine.breached(case_id)
    before = await mine.route(case_id)
    assert (before.level, before.accountable) == (1, "sun")
    await mine.ask("RecuseFromCase", recuse(case_id), "LEADER", who="sun")
    route = await mine.route(case_id)
    assert (route.steward, route.level, route.accountable) == ("zhang", 1, "wu")
    told = (await mine.facts(case_id))[-1]
    assert isinstance(told, facts.CaseEscalated)
    assert (told.from_level, told.to_level, told.accountable) == (1, 1, "wu")
    assert (told.dwell_working_days, told.top, told.fallback) == (1, False, False)
    assert told.cause == facts.ESCALATION_CAUSE_MANUAL
    await accountable_is_explained(mine)


async def test_an_order_stands_when_whoever_gave_it_steps_aside(mine: Mine) -> None:
    case_id = await register(mine)
    await mine.breached(case_id)
    await instruct(mine, case_id, "sun")
    told = await kinds(mine, case_id)
    await mine.ask("RecuseFromCase", recuse(case_id, "sun"), who="zhou")
    route = await mine.route(case_id)
    assert (route.level, route.accountable) == (1, "zhang")
    assert route.HasField("instruct_time")
    assert await mine.value("SELECT level_owner FROM routes") == "wu"
    assert await kinds(mine, case_id) == [*told, "PersonRecused"]
    await accountable_is_explained(mine)


async def test_a_case_taken_over_leaves_who_took_it(mine: Mine) -> None:
    case_id = await register(mine)
    await mine.breached(case_id)
    await instruct(mine, case_id, "sun", kind=pb.INSTRUCTION_KIND_TAKE_OVER)
    await mine.ask("RecuseFromCase", recuse(case_id, "sun"), who="zhou")
    route = await mine.route(case_id)
    assert (route.accountable, route.HasField("instruct_time")) == ("wu", False)


async def test_steward_and_level_in_one_hand_move_together(mine: Mine) -> None:
    case_id = await register(mine, "")
    await mine.breached(case_id)
    assert (await mine.route(case_id)).steward == "sun"
    await mine.ask("RecuseFromCase", recuse(case_id, "sun"), who="zhou")
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("wu", "wu")
    assert (await kinds(mine, case_id))[-3:] == ["PersonRecused", "CaseAssigned", "CaseEscalated"]
    await accountable_is_explained(mine)


async def test_when_nobody_is_left_it_waits_outside_the_mine(mine: Mine) -> None:
    case_id = await register(mine)
    for person in ("zhang", "sun", "wu", "zheng"):
        await mine.ask("RecuseFromCase", recuse(case_id, person), who="zhou")
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("", "position:GROUP_INSPECTION")
    assert list(route.shielded) == ["zhang", "sun", "wu", "zheng"]
    await accountable_is_explained(mine)


async def test_a_resolved_case_may_lose_somebody_a_closed_one_not(mine: Mine) -> None:
    case_id = await register(mine)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    await mine.ask("RecuseFromCase", recuse(case_id, "zhang"))
    assert (await mine.route(case_id)).steward == "sun"
    await mine.hear("intake", case_id, intake.CaseClosed(case_id=case_id))
    answer = await mine.refused("RecuseFromCase", recuse(case_id, "li"))
    assert answer.reason == "CASE_NOT_OPEN"


async def test_recusals_that_are_refused(mine: Mine) -> None:
    case_id = await register(mine, about=("li",))
    for person, roles, who, reason in (
        ("gone", "DISPATCHER", "sun", "PERSON_UNKNOWN"),
        ("li", "DISPATCHER", "sun", "PERSON_SHIELDED"),
        ("zhang", "STEWARD", "wang", "PERMISSION_DENIED"),
        # Whom it is about is told that there is none.
        ("zhang", "DISPATCHER", "li", "ROUTE_NOT_FOUND"),
        ("zhang", "OPERATOR", "sun", "PERMISSION_DENIED"),
    ):
        answer = await mine.refused("RecuseFromCase", recuse(case_id, person), roles, who=who)
        assert answer.reason == reason, (person, who)
    stale = await mine.refused("RecuseFromCase", recuse(case_id, "wang", version=7))
    assert stale.reason == "VERSION_MISMATCH"
    foreign = await mine.refused("RecuseFromCase", recuse(case_id, "wang"), site="gucheng")
    assert (foreign.code, foreign.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
    assert await kinds(mine, case_id) == ["CaseAssigned"]
    await mine.ask("RecuseFromCase", recuse(case_id, "wang"))
    # Who keeps away doesn't pick who handles it.
    own = await mine.refused("RecuseFromCase", recuse(case_id, "zhang"), who="wang")
    assert own.reason == "PERMISSION_DENIED"


async def test_who_kept_away_from_a_case_keeps_away_from_what_was_split_from_it(
    mine: Mine,
) -> None:
    case_id = await register(mine, receiver="wang", recused_persons=["zhang", "wang"])
    route = await mine.route(case_id)
    assert (route.steward, route.first_reply_by) == ("sun", "")
    assert list(route.shielded) == ["zhang", "wang"]
    (given,) = await mine.facts(case_id)
    assert isinstance(given, facts.CaseAssigned)
    assert list(given.shielded) == ["zhang", "wang"]
    given_back = rpc.AssignCaseRequest(case_id=case_id, steward="zhang", reason="x")
    assert (await mine.refused("AssignCase", given_back)).reason == "PERSON_SHIELDED"
    await accountable_is_explained(mine)

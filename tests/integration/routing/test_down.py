"""Down the ladder: one level at a time, by those who may, and never without an owner."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

import grpc

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_pb2
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.doing import dispatch, findings, instruct

SEND_DOWN = pb.INSTRUCTION_KIND_SEND_DOWN
QUEUE = "position:DISPATCH_ROOM"


async def risen(mine: Mine, level: int) -> str:
    """A case that came to a level of the sample's ladder."""
    case_id = await mine.registered()
    for _ in range(level):
        await mine.breached(case_id)
    return case_id


async def go_down(mine: Mine, case_id: str, who: str, roles: str = "LEADER") -> pb.Route:
    request = rpc.DeescalateCaseRequest(case_id=case_id, reason="请先核实")
    return (await mine.ask("DeescalateCase", request, roles, who=who)).route  # type: ignore[no-any-return]


async def last_down(mine: Mine, case_id: str) -> facts.CaseDeescalated:
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseDeescalated)
    return last


async def test_each_level_sends_it_one_down_until_the_steward_has_it(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    route = await go_down(mine, case_id, "zhou")
    assert (route.level, route.accountable, route.steward) == (1, "sun", "zhang")
    told = await last_down(mine, case_id)
    assert (told.from_level, told.to_level, told.position_id) == (2, 1, "DUTY_LEAD")
    assert (told.accountable, told.reason, told.decided_by) == ("sun", "请先核实", "zhou")
    assert (told.dwell_working_days, told.fallback, told.cycle) == (1, False, 1)
    assert told.HasField("deescalate_time")

    route = await go_down(mine, case_id, "sun", "DISPATCHER")
    assert (route.level, route.accountable) == (0, "zhang")
    told = await last_down(mine, case_id)
    assert (told.from_level, told.to_level, told.position_id) == (1, 0, "")
    assert (told.accountable, told.dwell_working_days, told.fallback) == ("zhang", 0, False)
    assert not told.HasField("dwell_working_time")

    request = rpc.DeescalateCaseRequest(case_id=case_id, reason="x")
    answer = await mine.refused("DeescalateCase", request, "DIRECTOR", who="zhou")
    assert (answer.reason, answer.metadata) == ("NOT_ESCALATED", {"case_id": case_id})
    assert answer.code is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_level_reached_from_above_owes_an_answer_anew(mine: Mine) -> None:
    case_id = await risen(mine, 1)
    await instruct(mine, case_id, "sun", "DISPATCHER")
    await mine.breached(case_id)
    await go_down(mine, case_id, "zhou")
    reached = await mine.now()
    # A clock that the level had when it was there before has nothing to say.
    before = reached - timedelta(hours=1)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=before)
    assert (await mine.route(case_id)).level == 1
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached)
    assert (await mine.route(case_id)).level == 2
    await go_down(mine, case_id, "zhou")
    route = await instruct(mine, case_id, "sun", "DISPATCHER")
    assert (route.level, route.accountable) == (1, "zhang")
    assert route.HasField("instruct_time")


async def test_an_answered_level_can_be_left_as_well(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    await instruct(mine, case_id, "zhou")
    route = await go_down(mine, case_id, "zhou")
    assert (route.level, route.accountable) == (1, "sun")
    assert not route.HasField("instruct_time")


async def test_sending_down_is_an_answer_and_the_way_down_at_once(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    route = await instruct(mine, case_id, "zhou", "LEADER", SEND_DOWN)
    assert (route.level, route.accountable) == (1, "sun")
    assert not route.HasField("instruct_time")
    said, told = (await mine.facts(case_id))[-2:]
    assert isinstance(said, facts.CaseInstructed)
    assert isinstance(told, facts.CaseDeescalated)
    assert (said.kind, said.level, said.accountable) == (SEND_DOWN, 2, "sun")
    assert said.text == told.reason == "三日内办结"
    assert (told.from_level, told.to_level, told.decided_by) == (2, 1, "zhou")
    route = await instruct(mine, case_id, "sun", "DISPATCHER", SEND_DOWN)
    assert (route.level, route.accountable) == (0, "zhang")
    said, told = (await mine.facts(case_id))[-2:]
    assert isinstance(said, facts.CaseInstructed)
    assert (said.level, said.accountable) == (1, "zhang")


async def test_a_vacant_level_below_leaves_it_to_the_queue(mine: Mine) -> None:
    case_id = await risen(mine, 3)
    without = directory()
    without.positions[1].holder = ""
    await mine.publish_directory(without)
    route = await go_down(mine, case_id, "zhou", "DIRECTOR")
    assert (route.level, route.accountable) == (2, QUEUE)
    told = await last_down(mine, case_id)
    assert (told.position_id, told.fallback, told.dwell_working_days) == ("DIRECTOR", True, 2)


async def test_down_from_above_a_shorter_ladder_goes_to_its_top(mine: Mine) -> None:
    case_id = await risen(mine, 3)
    shorter = directory()
    del shorter.ladder[1:]
    await mine.publish_directory(shorter)
    route = await go_down(mine, case_id, "zhou", "DIRECTOR")
    assert (route.level, route.accountable) == (1, "sun")
    told = await last_down(mine, case_id)
    # The top has no time of its own.
    assert (told.from_level, told.to_level, told.dwell_working_days) == (3, 1, 0)
    route = await go_down(mine, case_id, "sun", "DISPATCHER")
    assert route.level == 0


async def test_a_case_above_the_top_of_now_is_not_stuck(mine: Mine) -> None:
    case_id = await risen(mine, 3)
    shorter = directory()
    del shorter.ladder[2:]
    await mine.publish_directory(shorter)
    await mine.breached(case_id)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.from_level, last.to_level, last.position_id) == (3, 3, "DIRECTOR")
    assert (last.accountable, last.top, last.fallback) == ("zhou", True, False)
    await mine.breached(case_id)
    assert (await mine.facts(case_id))[-1] == last
    assert (await instruct(mine, case_id, "zhou")).accountable == "zhang"


async def test_a_level_that_became_the_top_is_told_so_when_its_time_is_over(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    reached = await mine.now()
    shorter = directory()
    del shorter.ladder[2:]
    await mine.publish_directory(shorter)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.from_level, last.to_level, last.top) == (2, 2, True)
    assert (last.cause, last.dwell_working_days) == (facts.ESCALATION_CAUSE_DWELL, 0)


async def test_only_the_level_those_above_and_directors_send_down(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    request = rpc.DeescalateCaseRequest(case_id=case_id, reason="x")
    for who, roles in (("sun", "DISPATCHER"), ("li", "LEADER")):
        answer = await mine.refused("DeescalateCase", request, roles, who=who)
        assert (answer.reason, answer.metadata) == ("NOT_OF_THE_LEVEL", {"level": "2"})
    for roles in ("CLERK", "STEWARD", "HANDLER", "SUPPORT", "ADMINISTRATOR", "OPERATOR"):
        answer = await mine.refused("DeescalateCase", request, roles, who="zhou")
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
        assert answer.reason != "NOT_OF_THE_LEVEL"
    assert (await mine.route(case_id)).level == 2
    # Any director, though nobody of the ladder.
    assert (await go_down(mine, case_id, "li", "DIRECTOR")).level == 1
    # Who holds a level above.
    assert (await go_down(mine, case_id, "zhou")).level == 0


async def test_what_is_not_there_not_open_or_has_changed_is_refused(mine: Mine) -> None:
    case_id = await risen(mine, 1)
    version = (await mine.route(case_id)).version
    stale = rpc.DeescalateCaseRequest(case_id=case_id, reason="x", expected_version=version - 1)
    assert (await mine.refused("DeescalateCase", stale)).reason == "VERSION_MISMATCH"
    unknown = rpc.DeescalateCaseRequest(case_id=str(uuid.uuid4()), reason="x")
    assert (await mine.refused("DeescalateCase", unknown)).reason == "ROUTE_NOT_FOUND"
    request = rpc.DeescalateCaseRequest(case_id=case_id, reason="x")
    answer = await mine.refused("DeescalateCase", request, site="elsewhere")
    assert answer.reason == "ROUTE_NOT_FOUND"
    blank = rpc.DeescalateCaseRequest(case_id=case_id)
    assert (await mine.refused("DeescalateCase", blank)).fields == ("reason",)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    assert (await mine.refused("DeescalateCase", request)).reason == "CASE_NOT_OPEN"


async def test_the_same_request_goes_down_once(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    request = rpc.DeescalateCaseRequest(
        request_id=str(uuid.uuid4()), case_id=case_id, reason="请先核实"
    )
    for _ in range(2):
        response = await mine.ask("DeescalateCase", request, "LEADER", who="zhou")
        assert response.route.level == 1
    told = [f for f in await mine.facts(case_id) if isinstance(f, facts.CaseDeescalated)]
    assert len(told) == 1
    request.reason = "另有原因"
    answer = await mine.refused("DeescalateCase", request, "LEADER", who="zhou")
    assert answer.reason == "REQUEST_ID_REUSED"


async def test_two_send_downs_of_one_state_take_it_down_once(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    version = (await mine.route(case_id)).version
    request = rpc.DeescalateCaseRequest(case_id=case_id, reason="x", expected_version=version)
    await mine.ask("DeescalateCase", request, "LEADER", who="zhou")
    again = rpc.DeescalateCaseRequest(case_id=case_id, reason="x", expected_version=version)
    answer = await mine.refused("DeescalateCase", again, "LEADER", who="zhou")
    assert answer.reason == "VERSION_MISMATCH"
    assert (await mine.route(case_id)).level == 1


async def test_nobody_of_an_accuseds_line_takes_a_case_down(mine: Mine) -> None:
    """It is about the director at level 2; the duty lead below is of that line."""
    case_id = await about(mine, "zhou")
    for _ in range(3):
        await mine.breached(case_id)
    request = rpc.DeescalateCaseRequest(case_id=case_id, reason="x")
    for who, reason in (("zhou", "ROUTE_NOT_FOUND"), ("sun", "CONFLICT_OF_INTEREST")):
        answer = await mine.refused("DeescalateCase", request, "DIRECTOR LEADER", who=who)
        assert (answer.reason, answer.metadata) == (reason, {"case_id": case_id})
    route = await go_down(mine, case_id, "wu")
    assert (route.level, route.accountable) == (2, "wu")
    await go_down(mine, case_id, "wu")
    # Level 1 is of the line: who has no position, but the director's role, is so too.
    for who in ("sun", "zhang"):
        answer = await mine.refused("DeescalateCase", request, "DIRECTOR", who=who)
        assert answer.reason == "CONFLICT_OF_INTEREST"
    route = await go_down(mine, case_id, "wu")
    # Not even the steward's level is for the line.
    assert (route.level, route.accountable) == (0, "wu")


async def about(mine: Mine, *persons: str) -> str:
    """A case about persons."""
    case_id = str(uuid.uuid4())
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id="bathhouse", about_persons=persons
    )
    await mine.hear("intake", case_id, message)
    return case_id


async def test_every_move_is_explained_and_counted(mine: Mine) -> None:
    case_id = await risen(mine, 1)
    moves: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: go_down(mine, case_id, "sun", "DISPATCHER"),
        lambda: mine.breached(case_id),
        lambda: instruct(mine, case_id, "sun", "DISPATCHER", SEND_DOWN),
        lambda: mine.breached(case_id),
        lambda: instruct(mine, case_id, "sun", "DISPATCHER"),
        lambda: dispatch(mine, case_id, "bathhouse"),
    )
    for move in moves:
        await move()
    explained = await mine.value(
        "SELECT array_agg(level || ' ' || accountable ORDER BY ordinal) FROM decisions "
        "WHERE case_id = $1",
        case_id,
    )
    assert explained == ["0 zhang", "1 sun", "0 zhang", "1 sun", "0 zhang", "1 sun", "1 zhang"]
    said = await mine.value(
        "SELECT steps -> 0 ->> 'zh' FROM decisions WHERE case_id = $1 AND ordinal = 3", case_id
    )
    assert said == "从第1级下转到包保人员：请先核实"
    lay = await mine.value(
        "SELECT array_agg(array_to_string(holders, '+') ORDER BY ordinal) FROM tenures "
        "WHERE case_id = $1",
        case_id,
    )
    assert lay == ["zhang", "sun", "zhang", "sun", "zhang", "sun", "zhang", "unit:bathhouse"]
    assert not await findings(mine)


async def test_a_level_that_no_fact_tells_of_is_found(mine: Mine) -> None:
    case_id = await risen(mine, 2)
    await go_down(mine, case_id, "zhou")
    assert not await findings(mine)
    async with mine.database.worker.connection() as connection:
        await connection.execute("UPDATE routes SET level = 2 WHERE case_id = $1", case_id)
    assert await findings(mine) == [("level_not_of_the_journal", case_id)]

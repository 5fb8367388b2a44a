"""Up the ladder: what takes a case up and what doesn't, and who answers there."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from google.type.timeofday_pb2 import TimeOfDay

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_date_message
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.doing import complete, dispatch, instruct

TAKE_OVER = pb.INSTRUCTION_KIND_TAKE_OVER


async def test_breaches_take_a_case_up_to_the_top_and_no_further(mine: Mine) -> None:
    case_id = await mine.registered()
    for _ in range(5):
        await mine.breached(case_id)
    risen = [f for f in await mine.facts(case_id) if isinstance(f, facts.CaseEscalated)]
    assert [(f.from_level, f.to_level, f.position_id, f.accountable) for f in risen] == [
        (0, 1, "DUTY_LEAD", "sun"),
        (1, 2, "DIRECTOR", "zhou"),
        (2, 3, "LEADING_GROUP", "position:DISPATCH_ROOM"),
    ]
    assert [(f.dwell_working_days, f.top, f.fallback) for f in risen] == [
        (1, False, False),
        (2, False, False),
        (0, True, True),
    ]
    assert {f.cause for f in risen} == {facts.ESCALATION_CAUSE_BREACH}
    assert risen[0].reason == "初步回复超期"
    assert (await mine.route(case_id)).accountable == "position:DISPATCH_ROOM"


async def test_a_level_may_have_working_time_instead_of_days(bare: Mine) -> None:
    in_time = directory()
    in_time.ladder[0].dwell_working_days = 0
    in_time.ladder[0].dwell_working_time.FromTimedelta(timedelta(hours=4))
    await bare.publish_directory(in_time)
    found = await bare.ask("GetDirectory", rpc.GetDirectoryRequest(site_id=SITE), "CLERK")
    assert found.directory.ladder == in_time.ladder
    case_id = await bare.registered()
    for _ in range(2):
        await bare.breached(case_id)
    first, second = (f for f in await bare.facts(case_id) if isinstance(f, facts.CaseEscalated))
    assert (first.dwell_working_days, first.dwell_working_time.ToTimedelta()) == (
        0,
        timedelta(hours=4),
    )
    assert (second.dwell_working_days, second.HasField("dwell_working_time")) == (2, False)

    for level in in_time.ladder:
        level.ClearField("dwell_working_time")
    in_time.ladder[1].dwell_working_time.FromTimedelta(timedelta(hours=4))
    request = rpc.PublishDirectoryRequest(directory=in_time)
    answer = await bare.refused("PublishDirectory", request, "ADMINISTRATOR")
    assert answer.reason == "DIRECTORY_INVALID"
    assert answer.fields == (
        "directory.ladder[0].dwell_working_days",
        "directory.ladder[1].dwell_working_days",
    )


async def test_what_is_no_matter_of_the_ladder_leaves_it_alone(mine: Mine) -> None:
    case_id = await mine.registered()
    for consequence in (
        sla_pb2.CONSEQUENCE_HEAD_OF_UNIT,
        sla_pb2.CONSEQUENCE_CALLBACK,
        sla_pb2.CONSEQUENCE_REMINDER,
        sla_pb2.CONSEQUENCE_ALERT,
    ):
        await mine.breached(case_id, consequence=consequence)
    assert (await mine.route(case_id)).level == 0


async def test_asking_for_it_takes_a_case_up_with_the_askers_words(mine: Mine) -> None:
    case_id = await mine.registered()
    asked = intake.CaseEscalationRequested(case_id=case_id, reason="超出权限")
    await mine.hear("intake", case_id, asked)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.cause, last.reason) == (facts.ESCALATION_CAUSE_MANUAL, "超出权限")


async def test_two_who_ask_at_once_take_it_up_once(mine: Mine) -> None:
    case_id = await mine.registered()
    for level, reached in ((0, 1), (0, 1), (1, 2)):
        asked = intake.CaseEscalationRequested(case_id=case_id, reason="超出权限", from_level=level)
        await mine.hear("intake", case_id, asked)
        assert (await mine.route(case_id)).level == reached


async def test_an_unanswered_level_moves_on_an_answered_one_does_not(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    reached = await mine.now()
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.to_level, last.cause) == (2, facts.ESCALATION_CAUSE_DWELL)
    # The clock of the level before comes late.
    await mine.breached(
        case_id, sla_pb2.CLOCK_KIND_ESCALATION, start_time=reached - timedelta(hours=1)
    )
    assert (await mine.route(case_id)).level == 2
    answered = await instruct(mine, case_id, "zhou")
    assert (answered.accountable, answered.level) == ("zhang", 2)
    assert answered.HasField("instruct_time")
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION)
    assert (await mine.route(case_id)).level == 2
    twice = rpc.InstructCaseRequest(case_id=case_id, kind=pb.INSTRUCTION_KIND_ORDER, text="x")
    answer = await mine.refused("InstructCase", twice)
    assert (answer.reason, answer.metadata) == ("NO_INSTRUCTION_OWED", {"level": "2"})


async def test_a_late_unit_takes_its_case_up_even_after_an_answer(mine: Mine) -> None:
    case_id = await mine.registered()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, reference=order)
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    assert (last.cause, last.reason) == (facts.ESCALATION_CAUSE_BREACH, "工单超期")


async def test_breaches_due_before_a_level_was_reached_do_not_climb_past_it(mine: Mine) -> None:
    case_id = await mine.registered()
    midnight = await mine.now()
    (order,) = await dispatch(mine, case_id, "bathhouse")
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_PROGRESS, due_time=midnight)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_RESOLUTION, due_time=midnight)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, due_time=midnight, reference=order)
    assert (await mine.route(case_id)).level == 1
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_RESOLUTION)
    assert (await mine.route(case_id)).level == 2


async def test_breaches_of_an_earlier_cycle_do_not_climb_in_the_new_one(mine: Mine) -> None:
    case_id = await mine.registered()
    (old,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, old)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    rejected = intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2)
    await mine.hear("intake", case_id, rejected)
    (new,) = await dispatch(mine, case_id, "bathhouse")
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_RESOLUTION, cycle=1)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, cycle=1)
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, cycle=1, reference=old)
    assert (await mine.route(case_id)).level == 0
    # One that was sent before routing told first of a new cycle may have the old one.
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_ESCALATION, cycle=1, reference=new)
    assert (await mine.route(case_id)).level == 1
    await mine.breached(case_id, sla_pb2.CLOCK_KIND_PLAN, cycle=2)
    assert (await mine.route(case_id)).level == 2
    await instruct(mine, case_id, "zhou")
    told = [
        fact.cycle
        for fact in await mine.facts(case_id)
        if isinstance(fact, facts.CaseEscalated | facts.CaseInstructed)
    ]
    assert told == [2, 2, 2]


async def test_an_open_work_order_climbs_whatever_cycle_its_clock_was_told(mine: Mine) -> None:
    case_id = await mine.registered()
    (old,) = await dispatch(mine, case_id, "bathhouse")
    await complete(mine, case_id, old)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    rejected = intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2)
    await mine.hear("intake", case_id, rejected)
    (new,) = await dispatch(mine, case_id, "bathhouse")
    for order, level in ((old, 0), (new, 1)):
        await mine.breached(case_id, sla_pb2.CLOCK_KIND_WORK_ORDER, cycle=1, reference=order)
        assert (await mine.route(case_id)).level == level


async def test_a_level_that_takes_over_keeps_the_case(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    route = await instruct(mine, case_id, "sun", "DISPATCHER", TAKE_OVER)
    assert (route.accountable, route.steward) == ("sun", "zhang")
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseInstructed)
    assert (last.accountable, last.instructed_by, last.level) == ("sun", "sun", 1)
    assert last.cycle == 1


async def test_whoever_takes_over_from_above_is_accountable(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    route = await instruct(mine, case_id, "zhou", "DIRECTOR", TAKE_OVER)
    assert (route.level, route.accountable) == (1, "zhou")


async def refused_to(mine: Mine, case_id: str, who: str, roles: str) -> tuple[str, dict[str, str]]:
    request = rpc.InstructCaseRequest(case_id=case_id, kind=pb.INSTRUCTION_KIND_ORDER, text="x")
    answer = await mine.refused("InstructCase", request, roles, who=who)
    return answer.reason, answer.metadata


async def test_only_the_level_and_those_above_answer(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    not_level_1 = "NOT_OF_THE_LEVEL", {"level": "1"}
    assert await refused_to(mine, case_id, "li", "DISPATCHER") == not_level_1
    assert await refused_to(mine, case_id, "li", "LEADER DIRECTOR") == not_level_1
    await mine.breached(case_id)
    not_level_2 = "NOT_OF_THE_LEVEL", {"level": "2"}
    assert await refused_to(mine, case_id, "sun", "DISPATCHER") == not_level_2
    with_leader = directory()
    with_leader.positions[2].holder = "zhao"
    await mine.publish_directory(with_leader)
    assert (await instruct(mine, case_id, "zhao")).HasField("instruct_time")


async def test_the_roster_decides_who_holds_a_level(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    day = (await mine.now()).astimezone(ZoneInfo("Asia/Shanghai")).date()
    shift = pb.Shift(
        position_id="DUTY_LEAD",
        person_id="li",
        start_date=to_date_message(day),
        end_date=to_date_message(day + timedelta(days=1)),
        start_time=TimeOfDay(),
        end_time=TimeOfDay(hours=24),
    )
    await mine.ask("PublishRoster", rpc.PublishRosterRequest(site_id=SITE, shifts=[shift]))
    assert (await instruct(mine, case_id, "li", "DISPATCHER")).HasField("instruct_time")


async def test_whom_the_case_came_to_answers_after_the_shift_as_well(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.breached(case_id)
    other = directory()
    other.positions[0].holder = "li"
    await mine.publish_directory(other)
    assert (await instruct(mine, case_id, "sun", "DISPATCHER")).HasField("instruct_time")


async def test_the_director_answers_for_a_vacant_level(mine: Mine) -> None:
    case_id = await mine.registered()
    for _ in range(3):
        await mine.breached(case_id)
    not_level_3 = "NOT_OF_THE_LEVEL", {"level": "3"}
    assert await refused_to(mine, case_id, "sun", "DISPATCHER LEADER") == not_level_3
    route = await instruct(mine, case_id, "zhou", "DIRECTOR", TAKE_OVER)
    assert (route.level, route.accountable) == (3, "zhou")

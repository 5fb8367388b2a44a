"""The list of cases with an owner of last resort, counted in sla's working days."""

import uuid
from datetime import timedelta

import grpc
import pytest

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.testing import bearer
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.doing import instruct, until

QUEUE = "position:DISPATCH_ROOM"


async def listed(mine: Mine, roles: str = "DISPATCHER") -> rpc.ListFallbacksResponse:
    request = rpc.ListFallbacksRequest(site_id=SITE)
    return await mine.ask("ListFallbacks", request, roles)  # type: ignore[no-any-return]


async def test_a_case_with_somebody_who_answers_for_it_is_not_in_it(mine: Mine) -> None:
    case_id = await mine.registered()
    response = await listed(mine)
    assert not response.fallbacks
    # Nobody needs to be asked about no case at all.
    assert mine.sla.asked == 0
    await mine.breached(case_id)
    assert not (await listed(mine)).fallbacks


async def test_queue_stand_in_and_vacant_level_are_with_the_reasons(mine: Mine) -> None:
    nowhere = await mine.registered("")
    vacant = await mine.registered()
    for _ in range(3):
        await mine.breached(vacant)
    response = await listed(mine)
    found = {one.case_id: one for one in response.fallbacks}
    assert set(found) == {nowhere, vacant}
    assert (found[nowhere].accountable, found[nowhere].level) == ("sun", 0)
    assert found[nowhere].reason == "诉求没有写明单位，由调度室值班负责人代办。"
    assert (found[vacant].accountable, found[vacant].level) == (QUEUE, 3)
    assert found[vacant].reason == "第3级岗位 LEADING_GROUP 空缺，在调度室待办。"
    assert all(one.HasField("since_time") and not one.overlong for one in response.fallbacks)
    assert response.overlong_count == 0

    token = mine.keys.person("sun", ["DISPATCHER"], [SITE])
    english = await mine.stub.ListFallbacks(
        rpc.ListFallbacksRequest(site_id=SITE),
        timeout=10,
        metadata=bearer(token, accept_language="en"),
    )
    assert {one.case_id: one.reason for one in english.fallbacks} == {
        nowhere: "The appeal names no unit; the dispatch room's duty lead stands in.",
        vacant: "Nobody holds LEADING_GROUP of level 3.",
    }


async def test_it_leaves_the_list_when_somebody_has_it(mine: Mine) -> None:
    named, answered, resolved = [await mine.registered("") for _ in range(3)]
    assert len((await listed(mine)).fallbacks) == 3
    request = rpc.AssignCaseRequest(case_id=named, steward="zhang", reason="归口后勤")
    await mine.ask("AssignCase", request)
    await mine.breached(answered)
    await instruct(mine, answered, "zhou", "DIRECTOR", pb.INSTRUCTION_KIND_TAKE_OVER)
    await mine.hear("intake", resolved, intake.CaseResolved(case_id=resolved, cycle=1))
    assert not (await listed(mine)).fallbacks


async def test_more_than_one_working_day_is_overlong_over_a_weekend_too(mine: Mine) -> None:
    """Taken on Friday, Monday is the one working day; with Tuesday's first instant it is more."""
    friday = await until(mine, 4, 15)
    first = await mine.registered("")
    await until(mine, 5, 10)
    second = await mine.registered("")
    await until(mine, 0, 23)
    (one, other) = (await listed(mine)).fallbacks
    assert [one.case_id, other.case_id] == [first, second]
    assert one.since_time.ToDatetime(friday.tzinfo) - friday < timedelta(minutes=1)
    assert [one.working_days, other.working_days] == [1, 1]
    await until(mine, 1, 0)
    response = await listed(mine)
    assert [one.working_days for one in response.fallbacks] == [2, 2]
    assert response.overlong_count == 2


async def test_sla_is_asked_once_for_a_day_not_for_each_case(mine: Mine) -> None:
    await until(mine, 2, 9)
    for _ in range(4):
        await mine.registered("")
    await until(mine, 3, 9)
    await mine.registered("")
    before = mine.sla.asked
    response = await listed(mine)
    assert [one.working_days for one in response.fallbacks] == [1, 1, 1, 1, 0]
    assert mine.sla.asked - before == 2


async def test_another_owner_of_last_resort_counts_from_its_own_day(mine: Mine) -> None:
    await until(mine, 1, 9)
    case_id = await mine.registered("")
    await until(mine, 2, 9)
    gone = directory()
    gone.ladder[0].position_id = "LEADING_GROUP"
    del gone.ladder[1:]
    await mine.publish_directory(gone)
    await mine.breached(case_id)
    (found,) = (await listed(mine)).fallbacks
    assert (found.accountable, found.level, found.working_days) == (QUEUE, 1, 0)


async def test_a_case_that_nobody_of_the_alternate_chain_can_have_is_in_it(mine: Mine) -> None:
    case_id = str(uuid.uuid4())
    message = intake.CaseRegistered(
        case_id=case_id,
        site_id=SITE,
        unit_id="bathhouse",
        about_persons=["zhang", "sun", "wu", "zheng"],
    )
    await mine.hear("intake", case_id, message)
    # Asked by somebody whom it isn't about.
    request = rpc.ListFallbacksRequest(site_id=SITE)
    (found,) = (await mine.ask("ListFallbacks", request, "SUPPORT", who="li")).fallbacks
    assert (found.accountable, found.level) == ("position:GROUP_INSPECTION", 0)
    assert found.reason.endswith("备用渠道也无人可办。")


async def test_without_sla_nothing_is_guessed(mine: Mine) -> None:
    await mine.registered("")
    mine.sla.away = True
    answer = await mine.refused("ListFallbacks", rpc.ListFallbacksRequest(site_id=SITE))
    assert (answer.reason, answer.metadata["dependency"]) == ("DEPENDENCY_UNAVAILABLE", "sla")


@pytest.mark.parametrize("roles", ["DISPATCHER", "DIRECTOR", "SUPPORT", "LEADER", "OPERATOR"])
async def test_who_may_look(mine: Mine, roles: str) -> None:
    await listed(mine, roles)


async def test_who_may_not_and_other_sites(mine: Mine) -> None:
    request = rpc.ListFallbacksRequest(site_id=SITE)
    for roles in ("CLERK", "STEWARD", "HANDLER", "ADMINISTRATOR", "REPORTER"):
        answer = await mine.refused("ListFallbacks", request, roles)
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
    answer = await mine.refused("ListFallbacks", request, site="elsewhere")
    assert answer.reason == "DIRECTORY_NOT_FOUND"
    unknown = rpc.ListFallbacksRequest(site_id="nowhere")
    assert (await mine.refused("ListFallbacks", unknown)).reason == "DIRECTORY_NOT_FOUND"

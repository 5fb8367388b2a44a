"""Several departments looking together (联合查勘)."""

from datetime import timedelta

import grpc

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.routing.conftest import Mine
from tests.integration.routing.doing import findings

SHOWN = [pb.Evidence(name="照片", reference="nas:/2026/11/x.jpg", sha256="a" * 64)]


def survey(case_id: str, *units: str) -> rpc.RecordJointSurveyRequest:
    return rpc.RecordJointSurveyRequest(
        case_id=case_id,
        unit_ids=units or ("logistics", "bathhouse"),
        place="南风井浴室",
        findings="供水压力不足",
        evidence=SHOWN,
    )


async def test_a_survey_is_kept_and_told_once(mine: Mine) -> None:
    case_id = await mine.registered()
    request = survey(case_id)
    when = to_timestamp(await mine.now() - timedelta(hours=3))
    request.survey_time.CopyFrom(when)
    for roles, who in (("CLERK", "zhou"), ("LEADER", "zhou")):
        assert (await mine.refused("RecordJointSurvey", request, roles, who=who)).reason == (
            "PERMISSION_DENIED"
        )
    route = (await mine.ask("RecordJointSurvey", request, "STEWARD", who="zhang")).route
    again = (await mine.ask("RecordJointSurvey", request, "STEWARD", who="zhang")).route
    assert route == again == await mine.route(case_id)
    told = [f for f in await mine.facts(case_id) if isinstance(f, facts.JointSurveyRecorded)]
    (fact,) = told
    assert list(fact.unit_ids) == ["logistics", "bathhouse"]
    assert (fact.place, fact.findings) == ("南风井浴室", "供水压力不足")
    assert list(fact.evidence) == SHOWN
    assert (fact.recorded_by, fact.survey_time) == ("zhang", when)
    assert await mine.value("SELECT count(*) FROM surveys") == 1
    assert await mine.value("SELECT evidence -> 0 ->> 'name' FROM surveys") == "照片"
    assert await findings(mine) == []


async def test_a_survey_without_a_time_is_of_now(mine: Mine) -> None:
    case_id = await mine.registered()
    before = await mine.now()
    await mine.ask("RecordJointSurvey", survey(case_id), "HANDLER", who="wang")
    survey_time = await mine.value("SELECT survey_time FROM surveys")
    assert before <= survey_time <= await mine.now()


async def test_what_cannot_have_been_is_refused(mine: Mine) -> None:
    case_id = await mine.registered()
    ahead = survey(case_id)
    ahead.survey_time.CopyFrom(to_timestamp(await mine.now() + timedelta(minutes=10)))
    changed = survey(case_id)
    changed.expected_version = 9
    for request, reason, field in (
        (survey(case_id, "logistics", "gone"), "NO_SUCH_UNIT", "unit_id"),
        (survey(case_id, "logistics"), "INVALID_FIELD", "unit_ids"),
        (survey(case_id, "logistics", "logistics"), "INVALID_FIELD", "unit_ids"),
        (ahead, "TIME_IN_FUTURE", "survey_time"),
        (survey(new_id()), "ROUTE_NOT_FOUND", "case_id"),
    ):
        answer = await mine.refused("RecordJointSurvey", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    assert (await mine.refused("RecordJointSurvey", changed)).reason == "VERSION_MISMATCH"
    foreign = await mine.refused("RecordJointSurvey", survey(case_id), site="gucheng")
    assert (foreign.code, foreign.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
    assert await mine.value("SELECT count(*) FROM surveys") == 0


async def test_a_resolved_case_is_surveyed_still_and_a_closed_one_no_more(mine: Mine) -> None:
    case_id = await mine.registered()
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    await mine.ask("RecordJointSurvey", survey(case_id))
    await mine.hear("intake", case_id, intake.CaseClosed(case_id=case_id))
    answer = await mine.refused("RecordJointSurvey", survey(case_id))
    assert answer.reason == "CASE_NOT_OPEN"
    assert await mine.value("SELECT count(*) FROM surveys") == 1

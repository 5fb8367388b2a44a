"""The three questions, asked through a real server with all its walls."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest
from google.type.date_pb2 import Date

from backstop.sla.v1 import sla_pb2, sla_service_pb2, sla_service_pb2_grpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.server import Registration
from chassis.testing import Answer, Keys, bearer, read_refusal, serving
from services.sla.app import SPEC
from services.sla.rpc import SlaServicer
from tests.integration.sla.conftest import SITE, Sla, utc

# The asynchronous stub exists for type checkers alone.
Stub: TypeAlias = "sla_service_pb2_grpc.SlaServiceAsyncStub"


@pytest.fixture
def keys() -> Keys:
    keys = Keys()
    for name in ("intake", "notify"):
        keys.service(name)
    return keys


@pytest.fixture
async def stub(sla: Sla, keys: Keys, tmp_path: Path) -> AsyncIterator[Stub]:
    registration = Registration(
        descriptor=sla_service_pb2.DESCRIPTOR.services_by_name["SlaService"],
        add=sla_service_pb2_grpc.add_SlaServiceServicer_to_server,
        servicer=SlaServicer(sla.database.app),
    )
    async with (
        serving(registration, keys=keys, folder=tmp_path, reasons=SPEC.catalogue()) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield sla_service_pb2_grpc.SlaServiceStub(channel)


async def refused(method: Any, request: Any, metadata: Any) -> Answer:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await method(request, metadata=metadata, timeout=5)
    return read_refusal(raised.value)


async def test_clocks_of_a_case(sla: Sla, stub: Stub, keys: Keys) -> None:
    (case_id,) = await sla.register(await sla.now())
    response = await stub.GetCaseClocks(
        sla_service_pb2.GetCaseClocksRequest(case_id=case_id),
        metadata=bearer(keys.person(roles=["STEWARD"], sites=[SITE])),
        timeout=5,
    )
    assert [clock.kind for clock in response.clocks] == [
        sla_pb2.CLOCK_KIND_FIRST_REPLY,
        sla_pb2.CLOCK_KIND_PLAN,
    ]
    assert {clock.state for clock in response.clocks} == {sla_pb2.CLOCK_STATE_RUNNING}
    assert {clock.site_id for clock in response.clocks} == {SITE}
    assert response.HasField("next_wake_time")


async def test_another_sites_case_is_no_case(sla: Sla, stub: Stub, keys: Keys) -> None:
    (case_id,) = await sla.register(await sla.now())
    elsewhere = bearer(keys.person(roles=["DIRECTOR"], sites=["elsewhere"]))
    answers = []
    for asked in (case_id, new_id()):
        request = sla_service_pb2.GetCaseClocksRequest(case_id=asked)
        answer = await refused(stub.GetCaseClocks, request, elsewhere)
        assert answer.code is grpc.StatusCode.NOT_FOUND
        answers.append((answer.reason, answer.sentence.replace(asked, ""), answer.fields))
    assert answers[0] == answers[1]
    assert answers[0][0] == "CLOCKS_NOT_FOUND"


async def test_who_may_ask(sla: Sla, stub: Stub, keys: Keys) -> None:
    (case_id,) = await sla.register(await sla.now())
    clocks = sla_service_pb2.GetCaseClocksRequest(case_id=case_id)
    deadlines = sla_service_pb2.ComputeDeadlinesRequest(
        site_id=SITE, occurred_time=to_timestamp(datetime(2026, 11, 23, 1, tzinfo=UTC))
    )
    denied = grpc.StatusCode.PERMISSION_DENIED
    reporter = bearer(keys.person(roles=["REPORTER"], sites=[SITE]))
    assert (await refused(stub.GetCaseClocks, clocks, reporter)).code is denied
    notify = bearer(keys.service_token("notify"))
    assert (await refused(stub.ComputeDeadlines, deadlines, notify)).code is denied
    intake = bearer(keys.service_token("intake"))
    assert (await stub.ComputeDeadlines(deadlines, metadata=intake, timeout=5)).deadlines
    nobody = await refused(stub.GetCaseClocks, clocks, ())
    assert nobody.code is grpc.StatusCode.UNAUTHENTICATED


async def test_deadlines_of_the_worked_example(stub: Stub, keys: Keys) -> None:
    response = await stub.ComputeDeadlines(
        sla_service_pb2.ComputeDeadlinesRequest(
            site_id=SITE, occurred_time=to_timestamp(datetime(2026, 12, 29, 0, tzinfo=UTC))
        ),
        metadata=bearer(keys.person(roles=["CLERK"], sites=[SITE])),
        timeout=5,
    )
    first_reply, plan = response.deadlines
    assert first_reply.kind == sla_pb2.CLOCK_KIND_FIRST_REPLY
    assert utc(first_reply.due_time) == datetime(2026, 12, 29, 16, tzinfo=UTC)
    assert not first_reply.provisional
    assert plan.kind == sla_pb2.CLOCK_KIND_PLAN
    assert utc(plan.due_time) == datetime(2027, 1, 4, 16, tzinfo=UTC)
    assert plan.provisional


async def test_adding_working_days(stub: Stub, keys: Keys) -> None:
    clerk = bearer(keys.person(roles=["CLERK"], sites=[SITE]))
    response = await stub.AddWorkingDays(
        sla_service_pb2.AddWorkingDaysRequest(
            site_id=SITE, start_date=Date(year=2026, month=9, day=30), working_days=3
        ),
        metadata=clerk,
        timeout=5,
    )
    assert (response.date.month, response.date.day) == (10, 10)
    assert utc(response.end_time) == datetime(2026, 10, 10, 16, tzinfo=UTC)
    assert not response.provisional


@pytest.mark.parametrize("site", ["nowhere", "elsewhere"])
async def test_a_site_unknown_or_out_of_sight_has_no_calendar(
    sla: Sla, stub: Stub, keys: Keys, site: str
) -> None:
    await sla.publish_directory("elsewhere")
    clerk = bearer(keys.person(roles=["CLERK"], sites=[SITE]))
    days = sla_service_pb2.AddWorkingDaysRequest(
        site_id=site, start_date=Date(year=2026, month=9, day=30), working_days=1
    )
    assert (await refused(stub.AddWorkingDays, days, clerk)).reason == "CALENDAR_NOT_FOUND"
    deadlines = sla_service_pb2.ComputeDeadlinesRequest(
        site_id=site, occurred_time=to_timestamp(datetime(2026, 9, 30, tzinfo=UTC))
    )
    assert (await refused(stub.ComputeDeadlines, deadlines, clerk)).reason == "CALENDAR_NOT_FOUND"


@pytest.mark.parametrize("year", [0, 1, 1899, 2901, 9999])
async def test_absurd_times_are_refused_in_words(stub: Stub, keys: Keys, year: int) -> None:
    clerk = bearer(keys.person(roles=["CLERK"], sites=[SITE]))
    days = sla_service_pb2.AddWorkingDaysRequest(
        site_id=SITE, start_date=Date(year=year, month=12, day=31), working_days=500
    )
    answer = await refused(stub.AddWorkingDays, days, clerk)
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("start_date",))
    if year:
        deadlines = sla_service_pb2.ComputeDeadlinesRequest(
            site_id=SITE, occurred_time=to_timestamp(datetime(year, 12, 31, tzinfo=UTC))
        )
        answer = await refused(stub.ComputeDeadlines, deadlines, clerk)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("occurred_time",))

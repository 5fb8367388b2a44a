"""What operators and peers are told, and the repairs they may ask for, over real tables."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis.actor import service_actor
from chassis.clock import set_offset
from chassis.gatekeeper import Gatekeeper
from chassis.housekeeping import Housekeeping
from chassis.ids import new_id
from chassis.operations import registrations
from chassis.pages import PageTokens
from chassis.testing import Keys, bearer, read_refusal, serving
from chassis.work import Work, once, run
from tests.integration.chassis import counting
from tests.integration.conftest import DatabaseFor
from tests.integration.databases import ServiceDatabase
from tests.unit.chassis.facts import make_fact

Ask = Callable[..., Any]


@pytest.fixture
async def database(database_for: DatabaseFor) -> ServiceDatabase:
    return await database_for("intake", package=counting.PACKAGE, demonstration=True)


@pytest.fixture
def failures() -> set[str]:
    return set()


@pytest.fixture
def gatekeeper(database: ServiceDatabase, failures: set[str]) -> Gatekeeper:
    handler = counting.failing_on(failures=failures)
    return Gatekeeper(database.worker, {"sla": {pb.Finding: handler}}, first_retry=timedelta(0))


@pytest.fixture
async def ask(
    database: ServiceDatabase, gatekeeper: Gatekeeper, keys: Keys, tmp_path: Path
) -> AsyncIterator[Ask]:
    """Gives `await ask("GetFlow", request)`, as an operator of a site behind all walls."""
    made = registrations(database.worker, gatekeeper, PageTokens(os.urandom(32)), counting.PACKAGE)
    async with (
        serving(*made, keys=keys, folder=tmp_path) as (_, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        stubs = (pb_grpc.OperationsServiceStub(channel), pb_grpc.FeedServiceStub(channel))

        async def call(method: str, request: Any, site_id: str = "*") -> Any:
            metadata = bearer(keys.person(roles=["OPERATOR"], sites=[site_id]))
            stub = next(stub for stub in stubs if hasattr(stub, method))
            return await getattr(stub, method)(request, timeout=20, metadata=metadata)

        yield call


async def refused(ask: Ask, method: str, request: Any, site_id: str = "*") -> str:
    """Returns the reason a call is refused for."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await ask(method, request, site_id)
    return read_refusal(error.value).reason


async def test_the_flow_counts_what_waits(
    database: ServiceDatabase, gatekeeper: Gatekeeper, ask: Ask
) -> None:
    await counting.counted(database.app, "a", 3)
    await counting.stamp_all(database.worker)
    await counting.counted(database.app, "a", 2)
    await gatekeeper.take([make_fact("sla", "c", 2), make_fact("sla", "b", 1)], "routing")
    await gatekeeper.take([make_fact("sla", "c", 2)], "sla")

    async def enqueue(work: Work) -> str:
        return await work.enqueue_job(counting.SITE, "x", b"")

    await run(database.app, service_actor("intake"), enqueue)
    flow = await ask("GetFlow", pb.GetFlowRequest())
    assert (flow.unstamped_count, flow.feed_position, flow.relay_position) == (2, 3, 0)
    assert (flow.parked_count, flow.quarantined_count, flow.open_job_count) == (1, 2, 1)
    assert flow.relay_lag.ToTimedelta() > timedelta(0)
    (job,) = (await ask("ListJobs", pb.ListJobsRequest())).jobs
    assert (job.kind, job.state) == ("x", pb.Job.STATE_OPEN)


async def test_the_flow_tells_of_one_subject(
    database: ServiceDatabase, gatekeeper: Gatekeeper, ask: Ask
) -> None:
    await counting.counted(database.app, "a", 3)
    await gatekeeper.take([make_fact("sla", "a", 1, site_id=counting.SITE)], "sla")
    flow = await ask("GetFlow", pb.GetFlowRequest(subject_id="a"))
    assert flow.subject_version == 4  # three counts, and what the handler recorded
    assert [(one.source, one.version) for one in flow.applied_versions] == [("sla", 1)]
    nothing = await ask("GetFlow", pb.GetFlowRequest(subject_id="no such subject"))
    assert (nothing.subject_version, len(nothing.applied_versions)) == (0, 0)


async def test_the_quarantine_is_listed_in_pages_and_replayed(
    database: ServiceDatabase, gatekeeper: Gatekeeper, ask: Ask, failures: set[str]
) -> None:
    facts = [make_fact("sla", f"s{n}", 1, payload=pb.Finding(detail="secret")) for n in range(5)]
    failures.update(fact.subject_id for fact in facts)
    for _ in range(6):
        await gatekeeper.take(facts, "sla", alone=True)
    seen: list[pb.QuarantinedFact] = []
    token = ""
    while True:
        page = await ask("ListQuarantine", pb.ListQuarantineRequest(page_size=2, page_token=token))
        seen += page.facts
        token = page.next_page_token
        if not token:
            break
    assert sorted(fact.fact.subject_id for fact in seen) == [f"s{n}" for n in range(5)]
    assert all(fact.reason == pb.QUARANTINE_REASON_FAILED for fact in seen)
    assert all(not fact.fact.payload and not fact.raw for fact in seen)
    one = pb.GetQuarantinedRequest(quarantine_id=seen[0].quarantine_id)
    assert (await ask("GetQuarantined", one)).fact.fact.payload
    replay = pb.ReplayQuarantinedRequest(quarantine_id=seen[0].quarantine_id)
    assert await refused(ask, "ReplayQuarantined", replay) == "REPLAY_FAILED"
    failures.clear()
    assert (await ask("ReplayQuarantined", replay)).applied_count == 1
    drop = pb.DropQuarantinedRequest(quarantine_id=seen[1].quarantine_id, reason="by hand")
    await ask("DropQuarantined", drop)
    for method, request in (
        ("ReplayQuarantined", replay),
        ("DropQuarantined", drop),
        ("GetQuarantined", one),
        ("GetQuarantined", pb.GetQuarantinedRequest(quarantine_id=new_id())),
    ):
        assert await refused(ask, method, request) == "NOT_IN_QUARANTINE"
    assert len((await ask("ListQuarantine", pb.ListQuarantineRequest())).facts) == 3


async def test_an_operator_sees_its_own_sites(
    database: ServiceDatabase, gatekeeper: Gatekeeper, ask: Ask, failures: set[str]
) -> None:
    facts = {site: make_fact("sla", f"of {site}", 1, site_id=site) for site in ("north", "south")}
    failures.update(fact.subject_id for fact in facts.values())
    for _ in range(6):
        await gatekeeper.take(list(facts.values()), "sla", alone=True)
    failures.clear()

    async def enqueue(work: Work) -> None:
        for site in facts:
            await work.enqueue_job(site, f"of {site}", b"")

    await run(database.app, service_actor("intake"), enqueue)
    listed = await ask("ListQuarantine", pb.ListQuarantineRequest())
    ids = {fact.fact.site_id: fact.quarantine_id for fact in listed.facts}
    assert set(ids) == set(facts)
    (one,) = (await ask("ListQuarantine", pb.ListQuarantineRequest(page_size=1), "north")).facts
    assert one.quarantine_id == ids["north"]
    (job,) = (await ask("ListJobs", pb.ListJobsRequest(), "south")).jobs
    assert job.kind == "of south"
    south = ids["south"]
    for method, request in (
        ("GetQuarantined", pb.GetQuarantinedRequest(quarantine_id=south)),
        ("ReplayQuarantined", pb.ReplayQuarantinedRequest(quarantine_id=south)),
        ("DropQuarantined", pb.DropQuarantinedRequest(quarantine_id=south, reason="x")),
    ):
        assert await refused(ask, method, request, "north") == "NOT_IN_QUARANTINE"
    replay = pb.ReplayQuarantinedRequest(quarantine_id=south)
    assert (await ask("ReplayQuarantined", replay, "south")).applied_count == 1
    await counting.stamp_all(database.worker)
    read = pb.ReadSubjectRequest(subject_id="of south", from_version=1)
    about = pb.GetFlowRequest(subject_id="of south")
    for site, count in (("south", 1), ("north", 0)):
        assert len((await ask("ReadSubject", read, site)).facts) == count
        flow = await ask("GetFlow", about, site)
        assert (flow.subject_version, len(flow.applied_versions)) == (count, count)
        assert flow.feed_position == 1
    await counting.value(database.worker, "UPDATE subjects SET version = 7 RETURNING 1")
    for site in facts:
        found = await ask("CheckInvariants", pb.CheckInvariantsRequest(), site)
        assert {finding.site_id for finding in found.findings} == {site}


async def test_what_concerns_all_sites_is_for_operators_of_all(ask: Ask) -> None:
    clock = pb.SetClockOffsetRequest(offset=Duration(seconds=86400))
    assert await refused(ask, "SetClockOffset", clock, "north") == "PERMISSION_DENIED"
    rewind = pb.RewindRelayRequest(position=0)
    assert await refused(ask, "RewindRelay", rewind, "north") == "PERMISSION_DENIED"


async def test_a_page_token_of_another_query_is_refused(ask: Ask) -> None:
    request = pb.ListQuarantineRequest(page_token="made-up")
    assert await refused(ask, "ListQuarantine", request) == "INVALID_PAGE_TOKEN"


async def test_invariants_are_run(database: ServiceDatabase, ask: Ask) -> None:
    await counting.counted(database.app, "a", 2)
    good = await ask("CheckInvariants", pb.CheckInvariantsRequest())
    assert list(good.findings) == []
    assert good.check_count > 10
    await counting.value(database.worker, "UPDATE relay_head SET position = 9")
    (finding,) = (await ask("CheckInvariants", pb.CheckInvariantsRequest())).findings
    assert finding.check == "relay_beyond_feed"


async def test_the_relay_is_rewound_within_the_feed(database: ServiceDatabase, ask: Ask) -> None:
    await counting.counted(database.app, "a", 3)
    await counting.stamp_all(database.worker)
    await counting.value(database.worker, "UPDATE relay_head SET position = 3")
    answer = await ask("RewindRelay", pb.RewindRelayRequest(position=1))
    assert answer.fact_count == 2
    beyond = pb.RewindRelayRequest(position=4)
    assert await refused(ask, "RewindRelay", beyond) == "NO_SUCH_POSITION"


async def test_the_clock_is_moved_forward(ask: Ask) -> None:
    before = (await ask("GetFlow", pb.GetFlowRequest())).decision_time.ToDatetime()
    step = pb.SetClockOffsetRequest(offset=Duration(seconds=86400))
    after = (await ask("SetClockOffset", step)).decision_time.ToDatetime()
    assert timedelta(days=1) <= after - before < timedelta(days=1, minutes=1)
    back = pb.SetClockOffsetRequest(offset=Duration(seconds=1))
    assert await refused(ask, "SetClockOffset", back) == "INVALID_FIELD"


async def test_a_subject_is_read_from_a_version_on(database: ServiceDatabase, ask: Ask) -> None:
    await counting.counted(database.app, "a", 5)
    await counting.stamp_all(database.worker)
    request = pb.ReadSubjectRequest(subject_id="a", from_version=2, page_size=3)
    facts = (await ask("ReadSubject", request)).facts
    assert [fact.subject_version for fact in facts] == [2, 3, 4]
    nothing = pb.ReadSubjectRequest(subject_id="none", from_version=1)
    assert list((await ask("ReadSubject", nothing)).facts) == []


async def test_requests_are_forgotten_after_ninety_days(database: ServiceDatabase) -> None:
    call = counting.call()
    await once(database.app, call, counting.count("a"))
    housekeeping = Housekeeping(database.worker)
    assert await housekeeping.step() is None
    assert (await once(database.app, call, counting.count("a"))).replayed
    await set_offset(database.worker, timedelta(days=91))
    await housekeeping.step()
    assert not (await once(database.app, call, counting.count("a"))).replayed

"""A case's clocks aren't there for whom it is about, nor for who acts for them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backstop.sla.v1 import sla_pb2
from backstop.sla.v1 import sla_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.testing import bearer
from tests.integration.sla.conftest import SITE, Sla
from tests.integration.sla.desk import FIRST_REPLY, PLAN, Desk, opened
from tests.integration.sla.desk import refusal as refused
from tests.integration.sla.office import close_on, office_of
from tests.integration.sla.served import DAY, MIDNIGHT, MONDAY
from tests.integration.sla.test_acts import assert_replayed

ROLES = ["DISPATCHER", "DIRECTOR"]


@pytest.fixture
async def desk(sla: Sla, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(sla, tmp_path) as desk:
        yield desk


@pytest.fixture
async def about(desk: Desk) -> str:
    """A case of that Monday that is about p-13 and p-14."""
    (case_id,) = await desk.sla.register(MONDAY, about_persons=["p-13", "p-14"])
    return case_id


@pytest.fixture
async def other(desk: Desk, about: str) -> str:
    (case_id,) = await desk.sla.register(MONDAY, about_persons=["p-15"])
    return case_id


@pytest.fixture(params=["whom it is about", "another of them", "who acts for them"])
def accused(request: pytest.FixtureRequest, desk: Desk) -> Any:
    if request.param == "who acts for them":
        return bearer(desk.keys.person("p-1", ROLES, [SITE], acting_for="p-14"))
    subject = "p-13" if request.param == "whom it is about" else "p-14"
    return desk.caller(*ROLES, subject=subject)


async def test_the_clocks_of_a_case_are_not_there(
    desk: Desk, about: str, other: str, accused: Any
) -> None:
    nobodys = rpc.GetCaseClocksRequest(case_id=new_id())
    absent = await refused(desk.stub.GetCaseClocks(nobodys, metadata=accused, timeout=5))
    assert absent.reason == "CLOCKS_NOT_FOUND"
    later = to_timestamp(MONDAY + 400 * DAY)
    for asked in (
        rpc.GetCaseClocksRequest(case_id=about),
        rpc.GetCaseClocksRequest(case_id=about, with_events=True),
        rpc.GetCaseClocksRequest(case_id=about, as_of_time=later),
    ):
        answer = await refused(desk.stub.GetCaseClocks(asked, metadata=accused, timeout=5))
        assert (answer.code, answer.reason) == (absent.code, absent.reason)
    request = rpc.GetCaseClocksRequest(case_id=other)
    assert (await desk.stub.GetCaseClocks(request, metadata=accused, timeout=5)).clocks
    await assert_replayed(desk.sla, about)


async def test_lists_leave_them_out(desk: Desk, about: str, other: str, accused: Any) -> None:
    request = rpc.ListClocksRequest(view=rpc.CLOCK_VIEW_DUE_SOON)
    request.within.FromTimedelta(30 * DAY)
    seen = await desk.stub.ListClocks(request, metadata=accused, timeout=5)
    assert {row.clock.case_id for row in seen.clocks} == {other}
    everything = await desk.stub.ListClocks(request, metadata=desk.caller(*ROLES), timeout=5)
    assert {row.clock.case_id for row in everything.clocks} == {about, other}


async def test_a_unit_s_outreach_is_listed_for_all(desk: Desk, about: str, accused: Any) -> None:
    await desk.sla.publish_directory(units=["team-1"])
    await desk.sla.work_jobs()
    request = rpc.ListClocksRequest(kinds=[sla_pb2.CLOCK_KIND_OUTREACH])
    seen = await desk.stub.ListClocks(request, metadata=accused, timeout=5)
    assert [row.unit_id for row in seen.clocks] == ["team-1"]
    explained = rpc.ExplainDeadlineRequest(clock_id=seen.clocks[0].clock.clock_id)
    assert (await desk.stub.ExplainDeadline(explained, metadata=accused, timeout=5)).summary_zh


async def test_a_deadline_of_it_is_not_explained(
    desk: Desk, about: str, other: str, accused: Any
) -> None:
    request = rpc.ExplainDeadlineRequest(clock_id=(await desk.clock(about, PLAN)).clock_id)
    answer = await refused(desk.stub.ExplainDeadline(request, metadata=accused, timeout=5))
    assert answer.reason == "CLOCK_NOT_FOUND"
    request.clock_id = (await desk.clock(other, PLAN)).clock_id
    assert (await desk.stub.ExplainDeadline(request, metadata=accused, timeout=5)).summary_zh


async def test_nor_do_they_pause_or_resume_it(desk: Desk, about: str, accused: Any) -> None:
    before = await desk.state(about)
    assert (await refused(desk.pause(about, metadata=accused))).reason == "CLOCKS_NOT_FOUND"
    assert (await refused(desk.resume(about, metadata=accused))).reason == "CLOCKS_NOT_FOUND"
    assert await desk.state(about) == before
    await desk.pause(about)
    assert (await refused(desk.resume(about, metadata=accused))).reason == "CLOCKS_NOT_FOUND"
    await desk.resume(about)
    await assert_replayed(desk.sla, about)


async def test_nor_do_they_excuse_its_breach(desk: Desk, about: str, accused: Any) -> None:
    await desk.move_to(MIDNIGHT[0])
    clock = await desk.clock(about, FIRST_REPLY)
    answer = await refused(desk.excuse(clock.clock_id, metadata=accused))
    assert answer.reason == "CLOCK_NOT_FOUND"
    assert await desk.sla.rows("SELECT FROM excuses") == []
    assert (await desk.excuse(clock.clock_id)).HasField("excuse")


async def test_a_preview_counts_it_without_naming_it(sla: Sla, tmp_path: Path) -> None:
    async with office_of(sla, tmp_path) as office:
        now = await sla.now()
        # Whom the office's caller is.
        await sla.register(now, about_persons=["p-9"])
        (other,) = await sla.register(now)
        calendar = close_on(await office.calendar(), (now + DAY).date(), (now + 30 * DAY).date())
        events = await office.preview(rpc.PreviewCalendarRequest(calendar=calendar))
        assert {event.moved.clock.case_id for event in events if event.HasField("moved")} == {other}
        assert events[-1].summary.moved_later == 2

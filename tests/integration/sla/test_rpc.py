"""Who may ask, and what days and deadlines are, through a real server with all its walls."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import pytest
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_pb2, sla_service_pb2, sla_service_pb2_grpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.testing import Answer, Keys, bearer, read_refusal
from tests.integration.sla.conftest import SITE, Sla, utc
from tests.integration.sla.served import served, servicer_of

# The asynchronous stub exists for type checkers alone.
Stub: TypeAlias = "sla_service_pb2_grpc.SlaServiceAsyncStub"


@pytest.fixture
def keys() -> Keys:
    keys = Keys()
    for name in ("intake", "notify", "routing"):
        keys.service(name)
    return keys


@pytest.fixture
async def stub(sla: Sla, keys: Keys, tmp_path: Path) -> AsyncIterator[Stub]:
    async with served(servicer_of(sla.database), keys, tmp_path) as stub:
        yield stub


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
    time = to_timestamp(datetime(2026, 11, 23, 1, tzinfo=UTC))
    of_a_case: list[tuple[Any, Any]] = [
        (stub.GetCaseClocks, sla_service_pb2.GetCaseClocksRequest(case_id=case_id)),
        (stub.ListClocks, sla_service_pb2.ListClocksRequest(site_id=SITE)),
        (
            stub.ExplainDeadline,
            sla_service_pb2.ExplainDeadlineRequest(
                hypothetical=sla_service_pb2.HypotheticalClock(
                    site_id=SITE, start_time=time, clock=sla_pb2.CLOCK_KIND_PLAN
                )
            ),
        ),
    ]
    of_days: list[tuple[Any, Any]] = [
        (
            stub.ComputeDeadlines,
            sla_service_pb2.ComputeDeadlinesRequest(site_id=SITE, occurred_time=time),
        ),
        (
            stub.AddWorkingDays,
            sla_service_pb2.AddWorkingDaysRequest(
                site_id=SITE, start_date=Date(year=2026, month=9, day=30), working_days=3
            ),
        ),
        (
            stub.WorkingTimeBetween,
            sla_service_pb2.WorkingTimeBetweenRequest(site_id=SITE, start_time=time, end_time=time),
        ),
    ]
    denied = grpc.StatusCode.PERMISSION_DENIED
    reporter = bearer(keys.person(roles=["REPORTER"], sites=[SITE]))
    operator = bearer(keys.person(roles=["OPERATOR"], sites=[SITE]))
    notify, intake, routing = (
        bearer(keys.service_token(name)) for name in ("notify", "intake", "routing")
    )
    for method, request in of_a_case + of_days:
        for nobody in (reporter, notify):
            assert (await refused(method, request, nobody)).code is denied
        unknown = await refused(method, request, ())
        assert unknown.code is grpc.StatusCode.UNAUTHENTICATED
        await method(request, metadata=operator, timeout=5)
    for service in (intake, routing):
        for method, request in of_a_case:
            assert (await refused(method, request, service)).code is denied
        for method, request in of_days:
            await method(request, metadata=service, timeout=5)


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


async def test_kinds_that_were_asked_for(stub: Stub, keys: Keys) -> None:
    """A Friday: what an answer, a work order or a resolution at that instant would start."""
    response = await stub.ComputeDeadlines(
        sla_service_pb2.ComputeDeadlinesRequest(
            site_id=SITE,
            occurred_time=to_timestamp(datetime(2026, 11, 20, 1, tzinfo=UTC)),
            category="living",
            kind=intake_pb2.CASE_KIND_REQUEST,
            urgency=intake_pb2.URGENCY_NORMAL,
            clocks=[
                sla_pb2.CLOCK_KIND_SILENCE,
                sla_pb2.CLOCK_KIND_WORK_ORDER,
                sla_pb2.CLOCK_KIND_PROGRESS,
                sla_pb2.CLOCK_KIND_ESCALATION,
                sla_pb2.CLOCK_KIND_FIRST_REPLY,
            ],
        ),
        metadata=bearer(keys.person(roles=["CLERK"], sites=[SITE])),
        timeout=5,
    )
    # What is as given, or as the ladder says, has no deadline of its own.
    assert [deadline.kind for deadline in response.deadlines] == [
        sla_pb2.CLOCK_KIND_SILENCE,
        sla_pb2.CLOCK_KIND_PROGRESS,
        sla_pb2.CLOCK_KIND_FIRST_REPLY,
    ]
    silence, progress, first_reply = response.deadlines
    # Fifteen calendar days end on a Saturday, and so with the Monday after it (article 203).
    assert utc(silence.due_time) == datetime(2026, 12, 7, 16, tzinfo=UTC)
    assert utc(progress.due_time) == datetime(2026, 11, 27, 16, tzinfo=UTC)
    assert [utc(time) for time in progress.warn_times] == [datetime(2026, 11, 26, 16, tzinfo=UTC)]
    # Half the time between nine and midnight.
    assert [utc(time) for time in first_reply.warn_times] == [
        datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    ]
    assert {deadline.rule for deadline in response.deadlines} == {""}


async def test_working_time_between(stub: Stub, keys: Keys) -> None:
    """From Friday 17:00 to Tuesday 09:00: an hour, a Monday of eight, and an hour."""
    response = await stub.WorkingTimeBetween(
        sla_service_pb2.WorkingTimeBetweenRequest(
            site_id=SITE,
            start_time=to_timestamp(datetime(2026, 11, 20, 9, tzinfo=UTC)),
            end_time=to_timestamp(datetime(2026, 11, 24, 1, tzinfo=UTC)),
        ),
        metadata=bearer(keys.person(roles=["CLERK"], sites=[SITE])),
        timeout=5,
    )
    assert response.working_time.ToTimedelta() == timedelta(hours=10)
    assert response.working_days == 2
    assert not response.provisional


async def test_working_time_up_to_each_boundary(stub: Stub, keys: Keys) -> None:
    """Friday 17:00: an hour to the evening, none over the weekend, four of Monday's, all ten."""
    clerk = bearer(keys.person(roles=["CLERK"], sites=[SITE]))
    start, end = datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 24, 1, tzinfo=UTC)
    between = [
        start,
        datetime(2026, 11, 20, 12, tzinfo=UTC),
        datetime(2026, 11, 22, 12, tzinfo=UTC),
        datetime(2026, 11, 23, 5, tzinfo=UTC),
        datetime(2026, 11, 23, 5, tzinfo=UTC),
        end,
    ]

    def asked(*times: datetime) -> sla_service_pb2.WorkingTimeBetweenRequest:
        return sla_service_pb2.WorkingTimeBetweenRequest(
            site_id=SITE,
            start_time=to_timestamp(start),
            end_time=to_timestamp(end),
            boundary_times=map(to_timestamp, times),
        )

    response = await stub.WorkingTimeBetween(asked(*between), metadata=clerk, timeout=5)
    told = [one.ToTimedelta() for one in response.cumulative_working_times]
    assert told == [timedelta(hours=hours) for hours in (0, 1, 1, 5, 5, 10)]
    assert response.working_time == response.cumulative_working_times[-1]
    plain = await stub.WorkingTimeBetween(asked(), metadata=clerk, timeout=5)
    assert not plain.cumulative_working_times
    assert plain.working_time == response.working_time

    second = timedelta(seconds=1)
    for times, field in (
        ((start - second,), "boundary_times[0]"),
        ((start, end + second), "boundary_times[1]"),
        ((between[2], between[1]), "boundary_times[1]"),
    ):
        answer = await refused(stub.WorkingTimeBetween, asked(*times), clerk)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", (field,))
    answer = await refused(stub.WorkingTimeBetween, asked(*[start] * 1001), clerk)
    assert answer.reason == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("end", "provisional"),
    [("2026-12-31T15:59:59", False), ("2026-12-31T16:00:00", True)],
)
async def test_a_day_of_a_year_not_announced_makes_it_provisional(
    stub: Stub, keys: Keys, end: str, provisional: bool
) -> None:
    response = await stub.WorkingTimeBetween(
        sla_service_pb2.WorkingTimeBetweenRequest(
            site_id=SITE,
            start_time=to_timestamp(datetime(2026, 12, 30, 9, tzinfo=UTC)),
            end_time=to_timestamp(datetime.fromisoformat(end).replace(tzinfo=UTC)),
        ),
        metadata=bearer(keys.person(roles=["CLERK"], sites=[SITE])),
        timeout=5,
    )
    assert response.provisional is provisional


async def test_no_more_than_ten_years_of_working_time(stub: Stub, keys: Keys) -> None:
    clerk = bearer(keys.person(roles=["CLERK"], sites=[SITE]))
    start = datetime(2016, 2, 29, 1, tzinfo=UTC)
    longest = datetime(2026, 3, 1, 1, tzinfo=UTC)

    def asked(end: datetime) -> sla_service_pb2.WorkingTimeBetweenRequest:
        return sla_service_pb2.WorkingTimeBetweenRequest(
            site_id=SITE, start_time=to_timestamp(start), end_time=to_timestamp(end)
        )

    response = await stub.WorkingTimeBetween(asked(longest), metadata=clerk, timeout=5)
    assert response.working_days > 2400
    answer = await refused(stub.WorkingTimeBetween, asked(longest + timedelta(seconds=1)), clerk)
    assert (answer.reason, answer.fields) == ("PERIOD_TOO_LONG", ("end_time",))
    assert answer.metadata["years"] == "10"
    answer = await refused(stub.WorkingTimeBetween, asked(start - timedelta(seconds=1)), clerk)
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("end_time",))


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
    time = to_timestamp(datetime(2026, 9, 30, tzinfo=UTC))
    between = sla_service_pb2.WorkingTimeBetweenRequest(
        site_id=site, start_time=time, end_time=time
    )
    assert (await refused(stub.WorkingTimeBetween, between, clerk)).reason == "CALENDAR_NOT_FOUND"
    would_be = sla_service_pb2.ExplainDeadlineRequest(
        hypothetical=sla_service_pb2.HypotheticalClock(
            site_id=site, start_time=time, clock=sla_pb2.CLOCK_KIND_PLAN
        )
    )
    assert (await refused(stub.ExplainDeadline, would_be, clerk)).reason == "CALENDAR_NOT_FOUND"


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
        would_be = sla_service_pb2.ExplainDeadlineRequest(
            hypothetical=sla_service_pb2.HypotheticalClock(
                site_id=SITE,
                start_time=to_timestamp(datetime(year, 12, 31, tzinfo=UTC)),
                clock=sla_pb2.CLOCK_KIND_PLAN,
            )
        )
        answer = await refused(stub.ExplainDeadline, would_be, clerk)
        assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("hypothetical.start_time",))

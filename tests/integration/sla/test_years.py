"""Years to come: warned of while they are missing, added when they are known, and then counted."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from google.type import dayofweek_pb2

from backstop.sla.v1 import sla_facts_pb2, sla_pb2, sla_service_pb2
from chassis.clock import ClockGuard, set_offset
from chassis.convert import to_date
from services.sla.domain.calendar import Holiday, Year
from services.sla.workers import years
from services.sla.workers.years import YearWorker
from tests.integration.sla.conftest import SITE, Sla, utc
from tests.integration.sla.office import Office, add_year, office_of, run_jobs

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def office(sla: Sla, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(sla, tmp_path) as served:
        yield served


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def go_to(sla: Sla, time: datetime) -> None:
    """Moves the decision time; nothing fires by that."""
    await set_offset(sla.database.worker, time - datetime.now(SHANGHAI))


async def look(sla: Sla, seeds: Sequence[Year] | None = None) -> None:
    """Lets a worker look at every site once."""
    guard = ClockGuard(sla.database.worker)
    await guard.look()
    await YearWorker(sla.database.worker, guard, seeds=seeds).step()


async def warnings(sla: Sla) -> list[int]:
    return [
        fact.year
        for fact in await sla.published(f"calendar/{SITE}")
        if isinstance(fact, sla_facts_pb2.CalendarYearMissing)
    ]


async def test_a_deadline_settles_when_its_year_is_announced(sla: Sla, office: Office) -> None:
    await office.publish(add_year(await office.calendar(), 2032))
    spoken = at("2032-12-29 09:00")
    await go_to(sla, spoken)
    (case_id,) = await sla.register(spoken)
    _, plan = (await sla.published(case_id))[0].clocks
    assert plan.kind == sla_pb2.CLOCK_KIND_PLAN
    assert plan.provisional
    # Thursday, Friday, and the first day of the new year that is worked by the law alone.
    assert utc(plan.due_time) == at("2033-01-05 00:00")

    announced = add_year(await office.calendar(), 2033, (date(2033, 1, 1), date(2033, 1, 4)))
    published = await office.publish(announced)
    assert published.job_id
    await run_jobs(sla)

    amended = (await sla.published(case_id))[-1]
    assert isinstance(amended, sla_facts_pb2.ClocksAmended)
    assert amended.cause == sla_pb2.AMENDMENT_CAUSE_CALENDAR
    (moved,) = amended.clocks
    assert moved.clock_id == plan.clock_id
    assert utc(moved.due_time) == at("2033-01-06 00:00")
    assert amended.previous_due_times == [plan.due_time]
    assert not moved.provisional
    assert moved.calendar_version == published.calendar.version
    _, row = await clocks_of(sla, case_id)
    assert (row["due_time"], row["provisional"]) == (at("2033-01-06 00:00"), False)


async def test_what_is_announced_as_it_was_counted_only_settles(sla: Sla, office: Office) -> None:
    await office.publish(add_year(await office.calendar(), 2032))
    spoken = at("2032-12-29 09:00")
    await go_to(sla, spoken)
    (case_id,) = await sla.register(spoken)
    announced = add_year(await office.calendar(), 2033, (date(2033, 1, 1), date(2033, 1, 3)))
    await office.publish(announced)
    await run_jobs(sla)
    amended = (await sla.published(case_id))[-1]
    assert isinstance(amended, sla_facts_pb2.ClocksAmended)
    (settled,) = amended.clocks
    assert amended.previous_due_times == [settled.due_time]
    assert utc(settled.due_time) == at("2033-01-05 00:00")
    assert not settled.provisional


async def test_a_missing_year_is_told_of_weekly_from_december_on(sla: Sla, office: Office) -> None:
    await office.publish(add_year(await office.calendar(), 2032))
    # 2032-12-01 is a Wednesday; at the site it begins while London still has November.
    await go_to(sla, at("2032-11-30 23:30"))
    await look(sla)
    assert await warnings(sla) == []
    assert (await office.ask(sla_service_pb2.GetCalendarRequest(site_id=SITE))).missing_years == []

    await go_to(sla, at("2032-12-01 00:10"))
    await look(sla)
    assert await warnings(sla) == [2033]
    response = await office.ask(sla_service_pb2.GetCalendarRequest(site_id=SITE))
    assert response.missing_years == [2033]
    assert years.MISSING._value.get() == 1

    # The same week, and another replica.
    await go_to(sla, at("2032-12-05 23:00"))
    await look(sla)
    await look(sla)
    assert await warnings(sla) == [2033]

    await go_to(sla, at("2032-12-06 00:10"))
    await look(sla)
    assert await warnings(sla) == [2033, 2033]

    await office.publish(add_year(await office.calendar(), 2033))
    await go_to(sla, at("2032-12-13 09:00"))
    await look(sla)
    assert await warnings(sla) == [2033, 2033]
    assert years.MISSING._value.get() == 0


async def test_a_year_without_a_make_up_day_is_as_good_as_missing(sla: Sla, office: Office) -> None:
    calendar = add_year(await office.calendar(), 2032)
    calendar.years.add(year=2033, source="样例")
    await office.publish(calendar)
    await go_to(sla, at("2032-12-01 00:10"))
    await look(sla)
    assert await warnings(sla) == [2033]


async def test_a_year_never_announced_is_missed_in_it_too(sla: Sla, office: Office) -> None:
    await go_to(sla, at("2032-07-01 09:00"))
    await look(sla)
    assert await warnings(sla) == [2032]


async def test_where_the_law_alone_rules_no_year_is_missing(sla: Sla, office: Office) -> None:
    calendar = await office.calendar()
    calendar.country = "DE"
    await office.publish(calendar)
    await go_to(sla, at("2032-12-20 09:00"))
    await look(sla)
    assert await warnings(sla) == []


async def test_a_year_that_this_release_knows_is_published(sla: Sla, office: Office) -> None:
    await office.publish(add_year(await office.calendar(), 2032))
    spoken = at("2032-12-29 09:00")
    await go_to(sla, spoken)
    (case_id,) = await sla.register(spoken)
    edited = await office.calendar()

    # What a later release would bring; the year that the site has announced is in it as well.
    seeds = tuple(
        Year(
            year,
            "later 1.0",
            (Holiday("元旦", date(year, 1, 1), date(year, 1, 4)),),
            frozenset({date(year, 6, n) for n in range(1, 8) if date(year, 6, n).weekday() == 6}),
        )
        for year in (2031, 2032, 2033)
    )
    await look(sla, seeds)
    await look(sla, seeds)

    calendar = await office.calendar()
    assert calendar.version == edited.version + 1
    assert calendar.published_by == "sla"
    assert [year for year in calendar.years if year.year == 2032] == [
        year for year in edited.years if year.year == 2032
    ]
    # A year gone by that the site had left out stays out.
    assert [year.year for year in calendar.years if year.year > 2030] == [2032, 2033]
    assert [year.source for year in calendar.years if year.year == 2033] == ["later 1.0"]
    published = [
        fact.calendar
        for fact in await sla.published(f"calendar/{SITE}")
        if isinstance(fact, sla_facts_pb2.CalendarPublished)
    ]
    assert published[-1] == calendar
    assert await warnings(sla) == []

    await run_jobs(sla)
    _, plan = await clocks_of(sla, case_id)
    assert (plan["due_time"], plan["provisional"]) == (at("2033-01-06 00:00"), False)


async def test_a_year_that_contradicts_a_site_is_left_to_it(sla: Sla, office: Office) -> None:
    beside = add_year(await office.calendar(), 2032, (date(2033, 1, 8), date(2033, 1, 8)))
    await office.publish(beside)
    edited = await office.calendar()
    await sla.publish_directory("zhongxing")
    await go_to(sla, at("2032-12-20 09:00"))
    seeds = (Year(2033, "later 1.0", (), frozenset({date(2033, 1, 8)})),)
    await look(sla, seeds)
    assert await office.calendar() == edited
    assert await warnings(sla) == [2033]
    other = await office.calendar("zhongxing")
    assert [year.year for year in other.years if year.year > 2030] == [2033]


async def test_a_site_that_works_on_saturdays_gets_the_year_too(sla: Sla, office: Office) -> None:
    calendar = await office.calendar()
    del calendar.years[:]
    saturday = calendar.week.add()
    saturday.CopyFrom(calendar.week[0])
    saturday.days[:] = [dayofweek_pb2.SATURDAY]
    await office.publish(calendar)
    await go_to(sla, at("2032-12-20 09:00"))
    # A Saturday, and a Sunday.
    worked = frozenset({date(2033, 1, 8), date(2033, 1, 16)})
    await look(sla, (Year(2033, "later 1.0", (), worked),))
    (year,) = (await office.calendar()).years
    assert [to_date(day) for day in year.makeup_dates] == [date(2033, 1, 16)]


async def test_a_site_that_fails_keeps_none_waiting(sla: Sla) -> None:
    await sla.publish_directory("aaa")
    # Somebody else's.
    await sla.rows("INSERT INTO subjects (subject_id, site_id) VALUES ('calendar/aaa', 'other')")
    await go_to(sla, at("2032-12-20 09:00"))
    before = years.FAILED._value.get()
    await look(sla)
    assert await warnings(sla) == [2032, 2033]
    assert years.FAILED._value.get() - before == 1


async def test_a_clock_that_lies_brings_no_year(sla: Sla, office: Office) -> None:
    await go_to(sla, at("2032-12-20 09:00"))
    ahead = ClockGuard(
        sla.database.worker, now=lambda: datetime.now(SHANGHAI) + timedelta(minutes=1)
    )
    await ahead.look()
    await YearWorker(sla.database.worker, ahead).step()
    assert await warnings(sla) == []


async def test_a_clock_that_begins_to_lie_brings_none_either(sla: Sla, office: Office) -> None:
    await go_to(sla, at("2032-12-20 09:00"))
    ahead = timedelta(0)
    guard = ClockGuard(sla.database.worker, now=lambda: datetime.now(SHANGHAI) + ahead)
    await guard.look()
    ahead = timedelta(minutes=1)
    await YearWorker(sla.database.worker, guard).step()
    assert await warnings(sla) == []


async def clocks_of(sla: Sla, case_id: str) -> list[asyncpg.Record]:
    return await sla.rows(
        "SELECT due_time, provisional FROM clocks WHERE subject_id = $1 ORDER BY kind", case_id
    )

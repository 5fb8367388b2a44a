"""A person who goes to another mine: both directories change in one moment, or neither."""

import asyncio
import uuid
from datetime import date, timedelta

import pytest

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message
from tests.integration.routing.conftest import SITE, Mine, directory, matrix, row
from tests.integration.routing.test_handover import absent
from tests.integration.routing.test_lists import local_day

OTHER = "gucheng"
BOTH = f"{SITE} {OTHER}"


@pytest.fixture
async def two(mine: Mine) -> Mine:
    """Two mines of the group, the second without a matrix."""
    other = directory(OTHER)
    other.people[0].person_id = "chu"
    request = rpc.PublishDirectoryRequest(directory=other)
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR", site=OTHER)
    return mine


def go(person: str, start: date, **more: object) -> org.TransferPersonRequest:
    return org.TransferPersonRequest(
        from_site_id=SITE,
        person_id=person,
        to_site_id=OTHER,
        start_date=to_date_message(start),
        **more,  # type: ignore[arg-type]
    )


async def transfer(mine: Mine, request: org.TransferPersonRequest) -> org.TransferPersonResponse:
    response: org.TransferPersonResponse = await mine.ask(
        "TransferPerson", request, "ADMINISTRATOR", site=BOTH
    )
    return response


async def refused(mine: Mine, request: org.TransferPersonRequest, site: str = BOTH) -> str:
    """Expects a refusal that leaves both sites as they were; returns its reason."""
    before = await versions(mine)
    answer = await mine.refused("TransferPerson", request, "ADMINISTRATOR", site=site)
    assert await versions(mine) == before
    return answer.reason


async def versions(mine: Mine) -> tuple[str, int]:
    lists = await mine.value(
        "SELECT string_agg(directory_version || '/' || matrix_version, ' ' ORDER BY site_id) "
        "FROM sites"
    )
    return lists, await mine.value("SELECT count(*) FROM journal")


async def person(mine: Mine, site_id: str, person_id: str) -> pb.Person:
    request = rpc.GetDirectoryRequest(site_id=site_id)
    found = await mine.ask("GetDirectory", request, "CLERK", site=BOTH)
    (person,) = [each for each in found.directory.people if each.person_id == person_id]
    return person  # type: ignore[no-any-return]


async def test_a_steward_goes_when_others_follow(two: Mine) -> None:
    start = local_day(await two.now(), 10)
    assert await refused(two, go("zhang", start)) == "COVERAGE_HAS_GAPS"
    follow = [row(unit, "li", start=start) for unit in ("logistics", "bathhouse")]
    request = go(
        "zhang",
        start,
        to_person_id="zhang-g",
        to_unit_id="bathhouse",
        responsibilities=follow,
        request_id=str(uuid.uuid4()),
    )
    done = await transfer(two, request)
    assert await transfer(two, request) == done
    old, new = await person(two, SITE, "zhang"), await person(two, OTHER, "zhang-g")
    assert old.end_date == to_date_message(start - timedelta(days=1))
    assert new.start_date == to_date_message(start)
    assert (new.name, new.unit_id, new.group_code, old.group_code) == (
        "张三",
        "bathhouse",
        "zhang",
        "zhang",
    )
    told = await two.facts(f"directory/{SITE}")
    assert told[-2] == facts.PersonTransferred(
        from_site_id=SITE,
        person_id="zhang",
        to_site_id=OTHER,
        to_person_id="zhang-g",
        start_date=to_date_message(start),
    )
    assert isinstance(told[-1], facts.DirectoryPublished)
    assert len(await two.facts(f"directory/{OTHER}")) == 2
    rows = (await two.facts(f"matrix/{SITE}"))[-1]
    assert isinstance(rows, facts.MatrixPublished)
    assert len(rows.responsibilities) == 8
    # Numbers may be left out, and what changed is told all the same.
    latest = rpc.GetDirectoryRequest(site_id=SITE)
    version = (await two.ask("GetDirectory", latest, "CLERK")).version
    assert (version, done.from_version, done.to_version) == (3, 3, 2)
    stale = rpc.PublishDirectoryRequest(directory=directory(), expected_version=1)
    answer = await two.refused("PublishDirectory", stale, "ADMINISTRATOR")
    assert answer.fields == ("people[zhang]",)


async def test_cases_of_who_has_gone_are_anothers_on_the_day(two: Mine) -> None:
    case_id = await two.registered("bathhouse")
    start = local_day(await two.now(), 1)
    follow = [row(unit, "li", start=start) for unit in ("logistics", "bathhouse")]
    await transfer(two, go("zhang", start, responsibilities=follow))
    await two.hand_over()
    assert (await two.route(case_id)).steward == "zhang"
    await two.advance(timedelta(days=1))
    await two.next_day()
    await two.hand_over()
    assert (await two.route(case_id)).steward == "li"


async def test_the_last_duty_lead_does_not_go(two: Mine) -> None:
    for ahead in (0, 10):
        start = local_day(await two.now(), ahead)
        assert await refused(two, go("sun", start, to_person_id="s")) == "LAST_DUTY_LEAD"
    other = directory()
    other.positions[0].holder = "zhou"
    other.positions[1].holder = "sun"
    await two.publish_directory(other)
    # Another position becomes vacant, at once when the person goes at once.
    await transfer(two, go("sun", local_day(await two.now()), to_person_id="s"))
    assert not (await person(two, SITE, "sun")).position_ids
    assert list((await person(two, SITE, "zhou")).position_ids) == ["DUTY_LEAD"]


async def test_transfers_without_sense_are_refused(two: Mine) -> None:
    today = local_day(await two.now())
    assert await refused(two, go("nobody", today)) == "PERSON_UNKNOWN"
    # There is a 周八 at the other mine as well.
    assert await refused(two, go("zhou", today)) == "TRANSFER_INVALID"
    past = go("zhou", today - timedelta(days=1), to_person_id="z")
    assert await refused(two, past) == "TRANSFER_INVALID"
    same = go("zhou", today, to_person_id="z")
    same.to_site_id = SITE
    assert await refused(two, same) == "TRANSFER_INVALID"
    nowhere = go("zhou", today, to_person_id="z", to_unit_id="nowhere")
    assert await refused(two, nowhere) == "DIRECTORY_INVALID"
    rows = [row("bathhouse", "gone", start=today), row("logistics", "li", start=today)]
    wrong = go("zhang", today, to_person_id="z", responsibilities=rows)
    assert await refused(two, wrong) == "MATRIX_INVALID"
    # 李四 would be there before 张三 has begun, and after.
    early = [row(unit, "li", start=date(2025, 1, 1)) for unit in ("bathhouse", "logistics")]
    wrong = go("zhang", today, to_person_id="z", responsibilities=early)
    assert await refused(two, wrong) == "MATRIX_INVALID"


async def test_who_goes_and_who_comes_do_not_wait_for_each_other(two: Mine) -> None:
    today = local_day(await two.now())
    come = go("zhou", today, to_person_id="z2")
    come.from_site_id, come.to_site_id = OTHER, SITE
    gone, came = await asyncio.gather(
        transfer(two, go("zhou", today, to_person_id="z1")), transfer(two, come)
    )
    # Each of them is in both directories, whoever was first.
    assert {gone.from_version, gone.to_version} | {came.from_version, came.to_version} >= {3, 4}
    assert (await person(two, OTHER, "z1")).group_code == "zhou"
    assert (await person(two, SITE, "z2")).start_date == to_date_message(today)


async def test_both_sites_have_to_be_the_callers(two: Mine) -> None:
    request = go("zhou", local_day(await two.now()), to_person_id="z")
    assert await refused(two, request, SITE) == "DIRECTORY_NOT_FOUND"
    assert await refused(two, request, OTHER) == "DIRECTORY_NOT_FOUND"
    await two.publish(matrix())
    assert (await transfer(two, request)).to_version == 2


async def test_who_stands_in_for_the_duty_lead_does_not_go(two: Mine) -> None:
    await absent(two, "sun", 30, 40, "zheng")
    for ahead in (0, 35, 40):
        start = local_day(await two.now(), ahead)
        assert await refused(two, go("zheng", start, to_person_id="z")) == "LAST_DUTY_LEAD"
    await transfer(two, go("zheng", local_day(await two.now(), 41), to_person_id="z"))


async def test_a_day_that_no_calendar_bears_is_refused(two: Mine) -> None:
    assert await refused(two, go("sun", date.max, to_person_id="s")) == "INVALID_FIELD"

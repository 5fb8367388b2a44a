"""The log of contacts with units."""

import asyncio
from datetime import timedelta

import asyncpg
import grpc

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine, directory

SUBJECT = f"outreach/{SITE}/bathhouse"


def contact(unit: str = "bathhouse", heard: str = "水压不足") -> rpc.RecordOutreachRequest:
    return rpc.RecordOutreachRequest(
        site_id=SITE, unit_id=unit, form=pb.OUTREACH_FORM_VISIT, place="浴室", heard=heard
    )


async def record(mine: Mine, unit: str, heard: str, hours_ago: float = 0) -> pb.Outreach:
    request = contact(unit, heard)
    if hours_ago:
        time = await mine.now() - timedelta(hours=hours_ago)
        request.outreach_time.CopyFrom(to_timestamp(time))
    return (await mine.ask("RecordOutreach", request)).outreach  # type: ignore[no-any-return]


async def listed(mine: Mine, *, unit: str = "", size: int = 0) -> list[str]:
    """Returns what was heard, newest first, page by page."""
    heard: list[str] = []
    request = rpc.ListOutreachRequest(site_id=SITE, unit_id=unit, page_size=size)
    while True:
        page = await mine.ask("ListOutreach", request, "LEADER")
        assert not size or len(page.outreach) <= size
        heard += [one.heard for one in page.outreach]
        if not page.next_page_token:
            return heard
        request.page_token = page.next_page_token


async def test_a_contact_is_recorded_by_whoever_had_it(mine: Mine) -> None:
    before = await mine.now()
    made = (await mine.ask("RecordOutreach", contact(), "STEWARD", who="zhang")).outreach
    assert (made.unit_id, made.form, made.place, made.heard, made.done_by) == (
        "bathhouse",
        pb.OUTREACH_FORM_VISIT,
        "浴室",
        "水压不足",
        "zhang",
    )
    assert made.outreach_time == made.record_time
    assert made.outreach_time.ToDatetime(before.tzinfo) >= before
    assert await mine.facts(SUBJECT) == [
        facts.OutreachRecorded(
            site_id=SITE,
            unit_id="bathhouse",
            outreach_id=made.outreach_id,
            form=pb.OUTREACH_FORM_VISIT,
            place="浴室",
            heard="水压不足",
            done_by="zhang",
            outreach_time=made.outreach_time,
            occasion_id=made.outreach_id,
        )
    ]


async def test_the_log_is_read_newest_first(mine: Mine) -> None:
    for heard, unit, hours_ago in (
        ("旧", "bathhouse", 48.0),
        ("新", "bathhouse", 0.0),
        ("别处", "joint-1", 24.0),
        ("最旧", "bathhouse", 24.0 * 89),
    ):
        await record(mine, unit, heard, hours_ago)
    assert await listed(mine) == ["新", "别处", "旧", "最旧"]
    assert await listed(mine, size=1) == ["新", "别处", "旧", "最旧"]
    assert await listed(mine, unit="bathhouse", size=2) == ["新", "旧", "最旧"]
    assert await listed(mine, unit="logistics") == []
    smaller = directory()
    del smaller.units[2]
    await mine.publish_directory(smaller)
    assert await listed(mine, unit="joint-1") == ["别处"]


async def test_contacts_of_one_moment_are_each_on_one_page(mine: Mine) -> None:
    time = to_timestamp(await mine.now() - timedelta(hours=1))
    words = {"一", "二", "三"}
    for heard in words:
        request = contact(heard=heard)
        request.outreach_time.CopyFrom(time)
        await mine.ask("RecordOutreach", request)
    found = await listed(mine, size=1)
    assert (len(found), set(found)) == (3, words)


async def test_a_page_belongs_to_its_question(mine: Mine) -> None:
    for heard in ("一", "二"):
        await record(mine, "bathhouse", heard)
    request = rpc.ListOutreachRequest(site_id=SITE, page_size=1)
    request.page_token = (await mine.ask("ListOutreach", request)).next_page_token
    request.unit_id = "bathhouse"
    assert (await mine.refused("ListOutreach", request)).reason == "INVALID_PAGE_TOKEN"


async def test_what_cannot_have_been_is_refused(mine: Mine) -> None:
    now = await mine.now()
    ahead, forgotten = contact(), contact()
    ahead.outreach_time.CopyFrom(to_timestamp(now + timedelta(minutes=10)))
    forgotten.outreach_time.CopyFrom(to_timestamp(now - timedelta(days=91)))
    nowhere, silent, formless = contact(), contact(heard=""), contact()
    nowhere.place = ""
    formless.form = pb.OUTREACH_FORM_UNSPECIFIED
    for request, reason, field in (
        (ahead, "TIME_IN_FUTURE", "outreach_time"),
        (forgotten, "OUTREACH_TOO_LONG_AGO", "outreach_time"),
        (contact("gone"), "NO_SUCH_UNIT", "unit_id"),
        (nowhere, "INVALID_FIELD", "place"),
        (silent, "INVALID_FIELD", "heard"),
        (formless, "INVALID_FIELD", "form"),
    ):
        answer = await mine.refused("RecordOutreach", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    for roles in ("HANDLER", "LEADER", "REPORTER"):
        assert (await mine.refused("RecordOutreach", contact(), roles)).reason == (
            "PERMISSION_DENIED"
        )
    assert await listed(mine) == []
    assert await mine.value("SELECT count(*) FROM subjects WHERE subject_id = $1", SUBJECT) == 0


async def test_another_sites_log_is_neither_read_nor_written(mine: Mine) -> None:
    await record(mine, "bathhouse", "水压不足")
    for method, request in (
        ("RecordOutreach", contact()),
        ("ListOutreach", rpc.ListOutreachRequest(site_id=SITE)),
    ):
        answer = await mine.refused(method, request, site="gucheng")
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.NOT_FOUND,
            "DIRECTORY_NOT_FOUND",
        )
    assert len(await mine.facts(SUBJECT)) == 1


async def test_a_repeated_record_is_one_contact(mine: Mine) -> None:
    request = contact()
    request.request_id = "outreach-1"
    both = await asyncio.gather(*(mine.ask("RecordOutreach", request) for _ in range(2)))
    assert both[0] == both[1] == await mine.ask("RecordOutreach", request)
    assert len(await mine.facts(SUBJECT)) == 1
    await asyncio.gather(*(mine.ask("RecordOutreach", contact()) for _ in range(2)))
    assert len(await mine.facts(SUBJECT)) == 3
    assert len(await listed(mine)) == 3


async def test_the_checks_count_contacts(mine: Mine) -> None:
    await record(mine, "bathhouse", "水压不足")
    check = load_queries("services.routing", "sql/fsck.sql").outreach_not_of_the_journal
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        assert await owner.fetch(check) == []
        await owner.execute("UPDATE outreach SET unit_id = 'joint-1'")
        found = {row["subject_id"] for row in await owner.fetch(check)}
        assert found == {SUBJECT, f"outreach/{SITE}/joint-1"}
    finally:
        await owner.close()


async def test_units_of_one_meeting_are_recorded_at_once(mine: Mine) -> None:
    cases = [await mine.registered(), await mine.registered("joint-1")]
    request = meeting("joint-1", "bathhouse")
    request.case_ids.extend(cases)
    made = await mine.ask("RecordOutreach", request, "SUPPORT", who="zhou")
    assert [contact.unit_id for contact in made.contacts] == ["joint-1", "bathhouse"]
    assert made.outreach == made.contacts[0]
    first, second = made.contacts
    assert first.occasion_id == second.occasion_id == first.outreach_id != second.outreach_id
    for contact in made.contacts:
        assert (contact.form, contact.heard_count, list(contact.case_ids), contact.done_by) == (
            pb.OUTREACH_FORM_DESK_TALK,
            12,
            cases,
            "zhou",
        )
        (fact,) = await mine.facts(f"outreach/{SITE}/{contact.unit_id}")
        assert (fact.outreach_id, fact.occasion_id, fact.heard_count, list(fact.case_ids)) == (  # type: ignore[attr-defined]
            contact.outreach_id,
            first.outreach_id,
            12,
            cases,
        )
    log = await mine.ask("ListOutreach", rpc.ListOutreachRequest(site_id=SITE))
    assert list(log.outreach) == [second, first]


def meeting(*units: str) -> rpc.RecordOutreachRequest:
    return rpc.RecordOutreachRequest(
        site_id=SITE,
        unit_ids=units,
        form=pb.OUTREACH_FORM_DESK_TALK,
        place="南风井",
        heard="洗浴",
        heard_count=12,
    )


async def test_a_meeting_is_recorded_with_all_or_with_none(mine: Mine) -> None:
    case_id = await mine.registered()
    stranger = new_id()
    with_case = meeting("joint-1", "bathhouse")
    with_case.case_ids.extend([case_id, stranger])
    nobody, twice = contact(""), meeting("joint-1", "joint-1")
    doubled = meeting("joint-1")
    doubled.unit_id = "bathhouse"
    uncounted = meeting("joint-1")
    uncounted.heard_count = -1
    for request, reason, field in (
        (meeting("joint-1", "gone"), "NO_SUCH_UNIT", "unit_ids[1]"),
        (with_case, "ROUTE_NOT_FOUND", "case_ids[1]"),
        (nobody, "INVALID_FIELD", "unit_id"),
        (doubled, "INVALID_FIELD", "unit_id"),
        (twice, "INVALID_FIELD", "unit_ids"),
        (uncounted, "INVALID_FIELD", "heard_count"),
    ):
        answer = await mine.refused("RecordOutreach", request)
        assert (answer.reason, answer.fields) == (reason, (field,))
    assert await mine.value("SELECT count(*) FROM outreach") == 0
    assert await mine.facts(f"outreach/{SITE}/joint-1") == []
    # A case of another site is as good as none, whoever asks.
    other = rpc.PublishDirectoryRequest(directory=directory("gucheng"))
    await mine.ask("PublishDirectory", other, "ADMINISTRATOR", site="gucheng")
    elsewhere = meeting("joint-1")
    elsewhere.site_id = "gucheng"
    elsewhere.case_ids.append(case_id)
    answer = await mine.refused("RecordOutreach", elsewhere, site="gucheng")
    assert (answer.reason, answer.metadata) == ("ROUTE_NOT_FOUND", {"case_id": case_id})


async def test_a_repeated_meeting_is_one(mine: Mine) -> None:
    request = meeting("joint-1", "bathhouse", "logistics")
    request.request_id = "meeting-1"
    both = await asyncio.gather(*(mine.ask("RecordOutreach", request) for _ in range(2)))
    assert both[0] == both[1] == await mine.ask("RecordOutreach", request)
    assert len(both[0].contacts) == 3
    assert await mine.value("SELECT count(*) FROM outreach") == 3
    # Two meetings with the same units in another order wait for one another at most.
    orders = (("joint-1", "bathhouse"), ("bathhouse", "joint-1"))
    await asyncio.gather(*(mine.ask("RecordOutreach", meeting(*units)) for units in orders * 5))
    assert await mine.value("SELECT count(*) FROM outreach") == 23

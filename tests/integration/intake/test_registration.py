"""Everything that a registration can carry, and what it is refused for."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2, intake_rules_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.actor import Actor
from chassis.ids import new_id
from services.intake.convert import rules as convert_rules
from services.intake.store import rules as store
from tests.integration.intake.window import Window, appeal

SHA = "0" * 64
CLERK = Actor(subject="c-1", sites=frozenset({"yuwu"}))


def ago(**span: float) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(datetime.now(UTC) - timedelta(**span))
    return made


async def publish_rules(window: Window, **fields: object) -> None:
    """Writes a site's rules as they would be published."""
    message = intake_rules_pb2.WindowRules(**fields)  # type: ignore[arg-type] # fields by name
    rows = await window.rows("SELECT count(*) AS count FROM window_rules")
    rules = convert_rules.from_message(message, rows[0]["count"] + 1)
    async with window.database.app.transaction(CLERK) as connection:
        await store.insert_rules(connection, "yuwu", rules, "d-1", datetime.now(UTC))


async def registered_fact(window: Window, case_id: str) -> facts.CaseRegistered:
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND subject_version = 1", case_id
    )
    return facts.CaseRegistered.FromString(rows[0]["payload"])


async def test_a_client_may_make_the_id_and_repeat_itself(window: Window) -> None:
    case_id = new_id()
    first = appeal(case_id=case_id.upper(), request_id="offline-0001")
    made = await window.ask(first, "CLERK")
    again = await window.ask(first, "CLERK")
    assert made.case.case_id == again.case.case_id == case_id
    assert made.receipt_code == again.receipt_code
    refusal = await window.refused(appeal(case_id=case_id), "CLERK")
    assert (refusal.reason, refusal.fields) == ("CASE_ID_TAKEN", ("case_id",))
    assert refusal.metadata == {"case_id": case_id}
    # Of another mine, where the first isn't in sight.
    elsewhere = appeal(case_id=case_id, site_id="other")
    refusal = await window.refused(elsewhere, "CLERK", sites=["other"])
    assert refusal.reason == "CASE_ID_TAKEN"
    assert (await window.refused(appeal(case_id="c-1"), "CLERK")).reason == "INVALID_FIELD"
    assert len(await window.rows("SELECT FROM cases")) == 1
    assert await window.findings() == []


async def test_one_of_two_with_the_same_id_at_once_is_refused(window: Window) -> None:
    case_id = new_id()

    async def outcome() -> str:
        reply = await window.refused(appeal(case_id=case_id), "CLERK")
        return reply.reason

    async def attempts() -> list[str]:
        results = await asyncio.gather(*(outcome() for _ in range(6)), return_exceptions=True)
        return [one if isinstance(one, str) else "OK" for one in results]

    assert sorted(await attempts()) == ["CASE_ID_TAKEN"] * 5 + ["OK"]


async def test_a_systems_own_reference_is_its_own(window: Window) -> None:
    how: dict[str, Any] = {"subject": "erp", "sites": ["yuwu", "other"]}
    made = await window.ask(appeal(external_ref=" ERP-7 "), "SYSTEM", **how)
    assert (made.case.external_system, made.case.external_ref) == ("erp", "ERP-7")
    refusal = await window.refused(appeal(external_ref="ERP-7"), "SYSTEM", **how)
    assert refusal.reason == "EXTERNAL_REF_IN_USE"
    assert refusal.metadata == {"external_ref": "ERP-7", "number": made.case.number}
    # Another system may call its own the same, and has another site's case be elsewhere.
    await window.ask(appeal(external_ref="ERP-7"), "SYSTEM", subject="oa")
    refusal = await window.refused(appeal(external_ref="ERP-7", site_id="other"), "SYSTEM", **how)
    assert refusal.metadata == {"external_ref": "ERP-7"}
    fact = await registered_fact(window, made.case.case_id)
    assert (fact.external_system, fact.external_ref) == ("erp", "ERP-7")


async def test_a_reference_tells_nobody_of_a_case_about_them(window: Window) -> None:
    await window.ask(appeal(external_ref="R-1", about_persons=["s-1"]), "SYSTEM", subject="erp")
    refusal = await window.refused(
        appeal(external_ref="R-1"), "SYSTEM", subject="erp", acting_for="s-1"
    )
    assert (refusal.reason, refusal.metadata) == ("EXTERNAL_REF_IN_USE", {"external_ref": "R-1"})


async def test_a_hazard_is_flagged_at_once_and_says_what_to_do(window: Window) -> None:
    await publish_rules(window, hazard_phone="0355-12345")
    request = appeal(hazard=True, request_id="hazard-0001")
    made = await window.ask(request, "CLERK")
    assert await window.facts(made.case.case_id) == ["CaseRegistered", "CaseFlagged"]
    assert [mark.flag for mark in made.case.flags] == [pb.CASE_FLAG_HAZARD]
    assert made.hazard_notice.phone_number == "0355-12345"
    assert made.hazard_notice.text == "安全隐患，请立即拨打调度室电话 0355-12345，不要等待。"
    again = await window.ask(request, "CLERK", language="en")
    assert "phone the dispatch room (0355-12345) now" in again.hazard_notice.text
    plain = await window.register()
    assert not plain.HasField("hazard_notice")
    assert await window.facts(plain.case.case_id) == ["CaseRegistered"]
    assert await window.findings() == []


async def test_what_is_long_standing_keeps_its_date_and_its_clocks_begin_now(
    window: Window,
) -> None:
    spoken = ago(days=900)
    assert (await window.refused(appeal(occurred_time=spoken), "CLERK")).reason == "TOO_LONG_AGO"
    made = await window.register(occurred_time=spoken, long_standing=True, leader="s-1")
    fact = await registered_fact(window, made.case.case_id)
    assert fact.occurred_time == spoken
    assert fact.clock_start_time == fact.record_time
    assert not fact.late_entry
    assert [(mark.flag, mark.leader) for mark in made.case.flags] == [
        (pb.CASE_FLAG_LONG_STANDING, "s-1")
    ]
    assert await window.facts(made.case.case_id) == ["CaseRegistered", "CaseFlagged"]
    usual = await registered_fact(window, (await window.register()).case.case_id)
    assert not usual.HasField("clock_start_time")
    # The leader has a hand in it from the start.
    hands = await window.rows(
        "SELECT person FROM case_hands WHERE case_id = $1 ORDER BY 1", made.case.case_id
    )
    assert [row["person"] for row in hands] == ["c-1", "s-1"]


async def test_a_leader_is_somebody_who_may_have_it(window: Window) -> None:
    for fields in (
        {"long_standing": True, "leader": "nobody"},
        {"long_standing": True, "leader": "s-1", "about_persons": ["s-1"]},
        {"leader": "s-1"},
    ):
        refusal = await window.refused(appeal(**fields), "CLERK")
        assert refusal.reason == "INVALID_FIELD"


async def test_attachments_are_kept_by_address_and_digest(window: Window) -> None:
    photo = intake_marks_pb2.Attachment(
        reference="https://files.example/1.jpg",
        sha256=SHA,
        media_type="image/jpeg",
        size_bytes=1 << 40,
        caption="\u200f右起 😀",
    )
    other = intake_marks_pb2.Attachment(reference="2", sha256=SHA)
    made = await window.register(attachments=[photo, other])
    assert list(made.case.attachments) == [photo, other]
    assert list((await registered_fact(window, made.case.case_id)).attachments) == [photo, other]
    refusal = await window.refused(appeal(attachments=[photo] * 10_000), "CLERK")
    assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ("attachments",))
    bad = intake_marks_pb2.Attachment(reference="3", sha256="f00")
    assert (await window.refused(appeal(attachments=[bad]), "CLERK")).fields == (
        "attachments[0].sha256",
    )


async def test_who_speaks_for_the_reporter_is_sealed_with_them(window: Window) -> None:
    somebody = pb.Representative(name="CANARY-REP", phone="13800002222", relation="工友")
    made = await window.register(reporter=pb.Reporter(name="CANARY-NAME", representative=somebody))
    reply = await window.ask(
        rpc.UnsealReporterRequest(case_id=made.case.case_id, reason="回访"), "DIRECTOR"
    )
    assert reply.reporter.representative == somebody
    rows = await window.rows("SELECT payload FROM journal WHERE subject_id = $1", made.case.case_id)
    assert not any(b"CANARY" in row["payload"] for row in rows)
    anonymous = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS, representative=somebody)
    refusal = await window.refused(appeal(reporter=anonymous), "CLERK")
    assert refusal.reason == "ANONYMOUS_WITH_IDENTITY"
    assert refusal.fields == ("reporter.representative",)
    own = appeal(reporter=pb.Reporter(representative=somebody))
    refusal = await window.refused(own, "REPORTER", subject="w-7")
    assert refusal.fields == ("reporter.representative",)
    own = appeal(reporter=pb.Reporter(), external_ref="mine")
    assert (await window.refused(own, "REPORTER", subject="w-7")).fields == ("external_ref",)


async def test_suggested_duplicates_are_counted_and_merging_is_not_linking(window: Window) -> None:
    first, second = await window.register(), await window.register(about_persons=["s-1"])
    ids = [first.case.case_id, second.case.case_id, new_id()]
    made = await window.register(
        suggested_duplicates=ids,
        links=[pb.Link(case_id=ids[0], relation=pb.RELATION_RELATED)],
    )
    rows = await window.rows(
        "SELECT suggested_case_id, accepted FROM duplicate_suggestions WHERE case_id = $1"
        " ORDER BY suggested_case_id",
        made.case.case_id,
    )
    assert {row["suggested_case_id"]: row["accepted"] for row in rows} == {
        ids[0]: True,
        ids[1]: False,
    }
    for relation in (pb.RELATION_DUPLICATE_OF, pb.RELATION_SPLIT_FROM):
        tie = pb.Link(case_id=ids[0], relation=relation)
        refusal = await window.refused(appeal(links=[tie]), "CLERK")
        assert refusal.reason == "LINK_NOT_ALLOWED"


async def test_a_slip_is_of_one_of_the_sites_pads(window: Window) -> None:
    await window.register(slip_number="free-1")
    async with window.database.app.transaction(CLERK) as connection:
        await connection.execute(
            "INSERT INTO slip_pads (pad_id, site_id, prefix, first_number, last_number, note,"
            " issued_by, issue_time) VALUES ('p', 'yuwu', 'A', 1, 50, '', 'd-1', now())"
        )
    await window.register(slip_number="A-0050")
    for unknown in ("A-0051", "B-0001", "A0001", "A-", "A-99999999999999999999"):
        refusal = await window.refused(appeal(slip_number=unknown), "CLERK")
        assert (refusal.reason, refusal.fields) == ("SLIP_UNKNOWN", ("slip_number",))
    await window.register(site_id="other", slip_number="B-1", sites=["other"])


async def test_texts_of_every_kind(window: Window) -> None:
    said = "=cmd|' /C calc'!A0 \u200f反 😀\n\t灯坏了"
    made = await window.register(text=said)
    assert (await window.case(made.case.case_id)).text == said
    assert (await window.register(text="水" * 4_000)).case.number
    assert (await window.refused(appeal(text="水" * 4_001), "CLERK")).fields == ("text",)
    # A control character, and one that turns what follows it around.
    for text in ("灯\x07坏了", "灯\u202e坏了"):
        refusal = await window.refused(appeal(text=text), "CLERK")
        assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ("text",)), text
    assert (await window.refused(appeal(text="a" * 4_000_000), "CLERK")).fields == ("text",)
    # What is larger than a message may be never gets as far as our own words.
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await window.register(text="a" * 10_000_000)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(await window.rows("SELECT FROM cases")) == 2


async def test_text_and_place_can_be_searched(window: Window) -> None:
    made = await window.register(text="淋浴头，坏了", place="南风井 3#")
    rows = await window.rows(
        "SELECT normal_text, grams FROM case_words WHERE case_id = $1", made.case.case_id
    )
    assert rows[0]["normal_text"] == "淋浴头坏了南风井3"
    assert {"淋浴", "风井", "了"} <= set(rows[0]["grams"])


async def own_appeal(window: Window, **reporter: Any) -> tuple[Any, Any]:
    """Registers for themselves; returns the request and its answer. The window adds a word."""
    request = appeal(reporter=pb.Reporter(**reporter), request_id=new_id())
    made = await window.ask(request, "REPORTER", subject="w-7")
    comment = life.CommentCaseRequest(
        case_id=made.case.case_id,
        text="CANARY-INTERNAL",
        visibility=intake_marks_pb2.COMMENT_VISIBILITY_INTERNAL,
    )
    await window.ask(comment, "STEWARD")
    return request, made


async def test_a_repeated_registration_shows_a_reporter_no_more_than_a_read(
    window: Window,
) -> None:
    request, made = await own_appeal(window, name="样例")
    again = await window.ask(request, "REPORTER", subject="w-7")
    read = rpc.GetCaseRequest(case_id=made.case.case_id)
    assert again.case == (await window.ask(read, "REPORTER", subject="w-7")).case
    assert not again.case.comments
    assert again.receipt_code == made.receipt_code
    # Turned out to be another's, it is followed by the code, which is not shown again.
    amend = life.AmendCaseRequest(
        case_id=made.case.case_id, reason="代他人登记", reporter=pb.Reporter(person_code="w-8")
    )
    await window.ask(amend, "DISPATCHER")
    again = await window.ask(request, "REPORTER", subject="w-7")
    assert (again.case.number, again.receipt_code) == (made.case.number, "")
    assert (again.case.text, again.case.receiver, list(again.case.comments)) == ("", "", [])


async def test_an_anonymous_reporter_who_repeats_it_sees_what_the_code_shows(
    window: Window,
) -> None:
    anonymous = pb.CONFIDENTIALITY_ANONYMOUS
    request, made = await own_appeal(window, confidentiality=anonymous)
    again = await window.ask(request, "REPORTER", subject="w-7")
    assert (again.case.number, again.receipt_code) == (made.case.number, made.receipt_code)
    assert (again.case.text, list(again.case.comments)) == ("", [])


async def test_staff_who_repeat_a_registration_see_the_case_as_it_is(window: Window) -> None:
    request = appeal(request_id=new_id())
    made = await window.ask(request, "CLERK")
    comment = life.CommentCaseRequest(case_id=made.case.case_id, text="已联系浴室队")
    await window.ask(comment, "STEWARD")
    again = await window.ask(request, "CLERK")
    assert [one.text for one in again.case.comments] == ["已联系浴室队"]
    assert (again.case.text, again.receipt_code) == (made.case.text, made.receipt_code)


async def test_whom_an_appeal_is_about_may_hand_it_in_and_passes_the_code_on(
    window: Window,
) -> None:
    request = appeal(about_persons=["c-1"], request_id=new_id())
    # Once, for the reporter; asking again gives nothing.
    for length in (16, 0):
        made = await window.ask(request, "CLERK")
        assert (made.case.text, len(made.receipt_code)) == ("", length)
        assert made.case.number

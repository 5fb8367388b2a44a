"""What was registered is corrected: who changed what from what; the reporter stays sealed."""

from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2
from chassis.ids import new_id
from tests.integration.intake.window import Window

CONFIDENTIAL = pb.CONFIDENTIALITY_CONFIDENTIAL


def amend(case_id: str, **fields: Any) -> life.AmendCaseRequest:
    return life.AmendCaseRequest(case_id=case_id, reason="登记有误", **fields)


async def last_fact(window: Window, case_id: str) -> facts.CaseAmended:
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND type LIKE '%CaseAmended' "
        "ORDER BY subject_version DESC LIMIT 1",
        case_id,
    )
    return facts.CaseAmended.FromString(rows[0]["payload"])


async def test_who_changed_what_from_what(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    request = amend(
        case_id, text="北风井更衣室灯坏了", unit_id="south", urgency=pb.URGENCY_URGENT, place=""
    )
    case = (await window.ask(request, "CLERK", subject="c-9")).case
    assert (case.text, case.unit_id, case.place) == ("北风井更衣室灯坏了", "south", "")
    fact = await last_fact(window, case_id)
    assert list(fact.amendments) == [
        marks.Amendment(
            field="text", previous_value="南风井浴室淋浴头损坏", value="北风井更衣室灯坏了"
        ),
        marks.Amendment(field="place", previous_value="南风井食堂门口", value=""),
        marks.Amendment(field="unit_id", previous_value="bath", value="south"),
        marks.Amendment(field="urgency", previous_value="NORMAL", value="URGENT"),
    ]
    assert (fact.reason, fact.amended_by, fact.text) == ("登记有误", "c-9", case.text)
    assert (fact.category, fact.has_phone, fact.has_email) == ("BATHING", True, False)
    # It is found by its new words, and by no old one.
    (row,) = await window.rows("SELECT * FROM case_words WHERE case_id = $1", case_id)
    assert row["normal_text"] == "北风井更衣室灯坏了"
    assert "更衣" in row["grams"]
    assert "淋浴" not in row["grams"]
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert "c-9" in {row["person"] for row in hands}
    assert await window.findings() == []


async def test_what_is_the_same_is_no_amendment(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    for same in (
        amend(case_id),
        amend(case_id, text=made.case.text, kind=made.case.kind),
        amend(
            case_id,
            reporter=pb.Reporter(name="CANARY-NAME", person_code="w-7", phone="13900001111"),
        ),
    ):
        assert (await window.refused(same, "DISPATCHER")).reason == "NOTHING_TO_AMEND"
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_what_the_site_does_not_have(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    for fields, reason in (
        ({"unit_id": "nowhere"}, "UNIT_UNKNOWN"),
        ({"unit_id": "c-1"}, "UNIT_UNKNOWN"),
        ({"post_id": "nowhere"}, "POST_UNKNOWN"),
        ({"category": "NONE"}, "CATEGORY_UNKNOWN"),
        ({"add_about_persons": ["nobody"]}, "ABOUT_PERSON_UNKNOWN"),
        ({"expected_version": 7, "text": "x"}, "VERSION_MISMATCH"),
        ({"text": ""}, "INVALID_FIELD"),
        ({"text": "x" * 4001}, "INVALID_FIELD"),
    ):
        refused = await window.refused(amend(case_id, **fields), "DISPATCHER")
        assert refused.reason == reason, fields
    assert (await window.refused(amend(new_id(), text="x"), "CLERK")).reason == "CASE_NOT_FOUND"
    assert (await window.refused(amend(case_id, text="x"), "HANDLER")).reason == "PERMISSION_DENIED"
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_the_reporter_is_replaced_sealed(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    reporter = pb.Reporter(name="CANARY-NEW", person_code="w-8", email="canary@example.com")
    await window.ask(amend(case_id, reporter=reporter), "CLERK")
    look = rpc.UnsealReporterRequest(case_id=case_id, reason="回访")
    seen = (await window.ask(look, "DISPATCHER")).reporter
    assert (seen.name, seen.phone, seen.email) == ("CANARY-NEW", "", "canary@example.com")
    assert (seen.kind, seen.confidentiality) == (
        pb.REPORTER_KIND_EMPLOYEE,
        pb.CONFIDENTIALITY_NAMED,
    )
    fact = await last_fact(window, case_id)
    assert list(fact.amendments) == [marks.Amendment(field="reporter")]
    assert (fact.has_phone, fact.has_email) == (False, True)
    assert b"CANARY" not in fact.SerializeToString()
    # The account it was is its no more.
    mine = rpc.GetCaseRequest(case_id=case_id)
    assert (await window.refused(mine, "REPORTER", subject="w-7")).reason == "CASE_NOT_FOUND"
    assert (await window.ask(mine, "REPORTER", subject="w-8")).case.case_id == case_id
    assert await window.findings() == []


async def test_how_far_the_reporter_is_known_is_only_narrowed(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    named = pb.Reporter(name="CANARY-NAME", person_code="w-7")
    gone = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
    assert (await window.refused(amend(case_id, reporter=gone), "CLERK")).reason == "INVALID_FIELD"
    hidden = pb.Reporter(name="CANARY-NAME", person_code="w-7", confidentiality=CONFIDENTIAL)
    case = (await window.ask(amend(case_id, reporter=hidden), "CLERK")).case
    assert case.confidentiality == CONFIDENTIAL
    # Nothing said is no change; to be named again is not for others to say.
    named.phone = "1"
    kept = (await window.ask(amend(case_id, reporter=named), "CLERK")).case
    assert kept.confidentiality == CONFIDENTIAL
    named.confidentiality = pb.CONFIDENTIALITY_NAMED
    assert (await window.refused(amend(case_id, reporter=named), "CLERK")).reason == "INVALID_FIELD"
    nobody = pb.Reporter(phone="1")
    answer = await window.refused(amend(case_id, reporter=nobody), "CLERK")
    assert answer.reason == "REPORTER_MISSING"
    nameless = (await window.register(reporter=gone)).case.case_id
    for told in (named, hidden, nobody):
        answer = await window.refused(amend(nameless, reporter=told), "CLERK")
        assert answer.reason == "ANONYMOUS_WITH_IDENTITY"
    family = pb.Reporter(kind=pb.REPORTER_KIND_FAMILY)
    case = (await window.ask(amend(nameless, reporter=family), "CLERK")).case
    assert case.reporter_kind == pb.REPORTER_KIND_FAMILY
    assert await window.findings() == []


async def test_who_may_say_who_it_is_about(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    about = amend(case_id, add_about_persons=["s-1"])
    reporter = amend(case_id, reporter=pb.Reporter(name="CANARY-OTHER"))
    for request in (about, reporter):
        answer = await window.refused(request, "CLERK", subject="c-2")
        assert answer.reason == "PERMISSION_DENIED"
    # The receiver may.
    case = (await window.ask(about, "CLERK", subject="c-1")).case
    assert list(case.about_persons) == ["s-1"]
    fact = await last_fact(window, case_id)
    assert list(fact.amendments) == [marks.Amendment(field="add_about_persons", value="s-1")]
    assert (await window.refused(rpc.GetCaseRequest(case_id=case_id), "STEWARD")).reason == (
        "CASE_NOT_FOUND"
    )
    again = amend(case_id, add_about_persons=["s-1"])
    assert (await window.refused(again, "DISPATCHER")).reason == "NOTHING_TO_AMEND"


async def test_nobody_keeps_a_case_about_themselves_in_hand(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    assigned = routing_facts_pb2.CaseAssigned(
        case_id=case_id, steward="s-1", accountable="s-1", unit_id="bath"
    )
    await window.tell("routing", case_id, "yuwu", assigned)
    request = amend(case_id, add_about_persons=["s-1", "c-1"])
    await window.ask(request, "DIRECTOR")
    case = await window.case(case_id)
    assert (case.receiver, case.steward, case.accountable) == (
        "position:DISPATCH_ROOM",
        "",
        "position:DISPATCH_ROOM",
    )
    assert case.first_reply_owed_by == "position:DISPATCH_ROOM"
    assert await window.findings() == []


async def test_who_says_it_is_about_themselves_sees_what_the_code_shows(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    request = amend(case_id, add_about_persons=["c-1"], request_id="about-me-1")
    for _ in range(2):
        reply = await window.ask(request, "CLERK", subject="c-1")
        assert (reply.case.case_id, reply.case.text) == (case_id, "")
    assert (await window.refused(rpc.GetCaseRequest(case_id=case_id), "CLERK")).reason == (
        "CASE_NOT_FOUND"
    )


@pytest.mark.parametrize("closed", [False, True])
async def test_what_is_over_is_not_amended(window: Window, closed: bool) -> None:
    case_id = (await window.resolved()).case.case_id
    if closed:
        confirm = rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED)
        await window.ask(confirm, "REPORTER", subject="w-7")
        await window.ask(
            rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DISPATCHER"
        )
    assert (await window.refused(amend(case_id, text="x"), "CLERK")).reason == "WRONG_STATE"

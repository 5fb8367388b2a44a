"""A second matter of the same reporter, split off into a case of its own."""

from datetime import UTC, datetime

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.intake.test_recusal import recuse
from tests.integration.intake.ties import made, merge
from tests.integration.intake.window import Window


async def test_a_second_matter_is_of_the_same_reporter(window: Window) -> None:
    old = (
        await window.register(
            reporter=pb.Reporter(
                name="CANARY-NAME",
                phone="13900001111",
                person_code="w-7",
                confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL,
            ),
            about_persons=["s-1"],
        )
    ).case
    request = life.SplitCaseRequest(
        case_id=old.case_id, text="食堂早饭太凉", reason="两件事", request_id="split-0001"
    )
    reply = await window.ask(request, "DISPATCHER")
    new = reply.new_case
    assert reply.case.version == old.version + 1
    assert list(new.links) == [pb.Link(case_id=old.case_id, relation=pb.RELATION_SPLIT_FROM)]
    assert new.number != old.number
    assert (new.text, new.unit_id, new.category) == ("食堂早饭太凉", old.unit_id, old.category)
    assert (new.receiver, list(new.about_persons)) == (old.receiver, ["s-1"])
    assert new.occurred_time == old.occurred_time
    assert new.confidentiality == pb.CONFIDENTIALITY_CONFIDENTIAL
    look = rpc.UnsealReporterRequest(case_id=new.case_id, reason="回访")
    assert (await window.ask(look, "SUPPORT")).reporter.phone == "13900001111"
    keys = await window.rows(
        "SELECT key_id FROM reporters WHERE case_id = ANY ($1::text[])",
        [old.case_id, new.case_id],
    )
    assert len({row["key_id"] for row in keys}) == 2
    track = rpc.TrackCaseRequest(receipt_code=reply.receipt_code)
    assert (await window.ask(track, nobody=True)).case_id == new.case_id
    own = await window.ask(rpc.GetCaseRequest(case_id=new.case_id), "REPORTER", subject="w-7")
    assert own.case.number == new.number
    again = await window.ask(request, "DISPATCHER")
    assert (again.new_case.case_id, again.receipt_code) == (new.case_id, reply.receipt_code)
    assert await window.findings() == []


async def test_an_anonymous_case_is_split_into_an_anonymous_one(window: Window) -> None:
    anonymous = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
    old = await made(window, reporter=anonymous)
    request = life.SplitCaseRequest(
        case_id=old, text="另一件", reason="两件事", unit_id="south", category="OTHER", place="井口"
    )
    new = (await window.ask(request, "CLERK")).new_case
    assert (new.unit_id, new.category, new.place) == ("south", "OTHER", "井口")
    assert new.confidentiality == pb.CONFIDENTIALITY_ANONYMOUS
    request.request_id, request.unit_id = "", "nowhere"
    assert (await window.refused(request, "CLERK")).reason == "UNIT_UNKNOWN"
    master = await made(window)
    await window.ask(merge(old, master), "DISPATCHER")
    request.request_id, request.unit_id = "", ""
    assert (await window.refused(request, "CLERK")).reason == "WRONG_STATE"
    assert await window.findings() == []


async def test_a_second_matter_keeps_the_same_away_and_is_long_standing_too(
    window: Window,
) -> None:
    old = await made(window, long_standing=True, leader="s-1")
    await recuse(window, old, "c-1")
    request = life.SplitCaseRequest(case_id=old, text="食堂早饭太凉", reason="两件事")
    new = (await window.ask(request, "DISPATCHER")).new_case
    assert (list(new.recused_persons), new.receiver) == (["c-1"], "position:DISPATCH_ROOM")
    (flag,) = new.flags
    assert (flag.flag, flag.leader) == (pb.CASE_FLAG_LONG_STANDING, "s-1")
    word = life.CommentCaseRequest(case_id=new.case_id, text="已联系食堂")
    assert (await window.refused(word, "CLERK")).reason == "CASE_RECUSED"
    assert await window.facts(new.case_id) == ["CaseRegistered", "CaseFlagged"]
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND subject_version = 1", new.case_id
    )
    fact = facts.CaseRegistered.FromString(rows[0]["payload"])
    assert list(fact.recused_persons) == ["c-1"]
    # Its clocks begin now, as those of any long-standing one.
    assert fact.clock_start_time == fact.record_time
    then = rpc.GetCaseRequest(case_id=new.case_id, as_of_time=to_timestamp(datetime.now(UTC)))
    assert list((await window.ask(then, "DISPATCHER")).case.recused_persons) == ["c-1"]
    assert await window.findings() == []


async def test_a_repeated_split_shows_no_code_that_was_made_since(window: Window) -> None:
    request = life.SplitCaseRequest(
        case_id=await made(window), text="食堂早饭太凉", reason="两件事", request_id="split-0002"
    )
    first = await window.ask(request, "DISPATCHER")
    assert first.receipt_code
    reissue = registration.ReissueReceiptCodeRequest(case_id=first.new_case.case_id, reason="遗失")
    await window.ask(reissue, "SUPPORT")
    again = await window.ask(request, "DISPATCHER")
    assert (again.new_case.case_id, again.receipt_code) == (first.new_case.case_id, "")

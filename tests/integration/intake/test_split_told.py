"""Where a second matter went, and why: on the timeline of the case that it was taken out of."""

from datetime import UTC, datetime

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.intake.window import Window

REASON = "浴室与食堂是两件事"


async def test_the_old_case_tells_who_split_it_into_which_and_why(window: Window) -> None:
    made = await window.register()
    old = made.case
    request = life.SplitCaseRequest(case_id=old.case_id, text="食堂早饭太凉", reason=REASON)
    reply = await window.ask(request, "CLERK")
    new = reply.new_case
    assert await window.facts(old.case_id) == ["CaseRegistered", "CaseSplit"]
    rows = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = $1 AND subject_version = 2", old.case_id
    )
    assert facts.CaseSplit.FromString(rows[0]["payload"]) == facts.CaseSplit(
        case_id=old.case_id,
        new_case_id=new.case_id,
        new_number=new.number,
        reason=REASON,
        split_by="c-1",
        cycle=1,
    )
    assert (reply.case.version, list(reply.case.links)) == (2, [])
    timeline = rpc.GetTimelineRequest(case_id=old.case_id)
    told = {}
    for language in ("zh-CN", "en"):
        entries = (await window.ask(timeline, "STEWARD", language=language)).entries
        told[language] = entries[-1].sentence
    assert told == {
        "zh-CN": f"样例甲拆出其中另一事项，另立诉求 {new.number}，理由：{REASON}",
        "en": f"样例甲 split a second matter off as case {new.number}: {REASON}",
    }
    track = rpc.TrackCaseRequest(receipt_code=made.receipt_code)
    history = [one.sentence for one in (await window.ask(track, nobody=True)).history]
    assert history[-1] == f"其中另一事项已另立诉求 {new.number} 办理。"
    # As it stood then is as it stands: nothing else of the old file moved.
    then = rpc.GetCaseRequest(case_id=old.case_id, as_of_time=to_timestamp(datetime.now(UTC)))
    assert (await window.ask(then, "DISPATCHER")).case.version == 2
    assert await window.findings() == []


async def test_a_repeated_split_is_told_once_and_a_stale_one_not_at_all(window: Window) -> None:
    old = (await window.register()).case
    request = life.SplitCaseRequest(
        case_id=old.case_id, text="另一件", reason=REASON, expected_version=1, request_id="split-77"
    )
    await window.ask(request, "CLERK")
    await window.ask(request, "CLERK")
    assert await window.facts(old.case_id) == ["CaseRegistered", "CaseSplit"]
    stale = life.SplitCaseRequest(
        case_id=old.case_id, text="第三件", reason=REASON, expected_version=1
    )
    assert (await window.refused(stale, "CLERK")).reason == "VERSION_MISMATCH"
    # To split a case is not to work on it.
    rows = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", old.case_id)
    assert {row["person"] for row in rows} == {"c-1"}
    await window.ask(
        life.SplitCaseRequest(case_id=old.case_id, text="第三件", reason=REASON), "DIRECTOR"
    )
    rows = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", old.case_id)
    assert {row["person"] for row in rows} == {"c-1"}
    assert await window.findings() == []

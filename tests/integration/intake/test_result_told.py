"""How a result was fed back is on the file, and from when its callbacks may be dated."""

from datetime import UTC, datetime, timedelta

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_datetime, to_timestamp
from tests.integration.intake.window import Window


async def test_the_file_shows_how_the_present_result_was_told(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    first = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD, note="班前会上告知")
    answer = rpc.AnswerCaseRequest(
        case_id=case_id, kind=pb.ANSWER_KIND_FIRST_REPLY, text="已派人", feedback=first
    )
    await window.ask(answer, "STEWARD")
    case = await window.case(case_id)
    assert list(case.result_feedbacks) == []
    assert not case.HasField("resolve_record_time")
    before = datetime.now(UTC)
    resolve = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已换",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_ATTEMPT, note="电话无人接听"),
    )
    await window.ask(resolve, "STEWARD")
    case = await window.case(case_id)
    (told,) = case.result_feedbacks
    assert (told.way, told.note) == (pb.FEEDBACK_WAY_ATTEMPT, "电话无人接听")
    # That of the answer stays with the answer.
    assert [one.note for one in case.answers[0].feedbacks] == ["班前会上告知"]
    recorded = to_datetime(case.resolve_record_time)
    assert before - timedelta(seconds=5) <= recorded <= datetime.now(UTC) + timedelta(seconds=5)
    listing = finding.ListCasesRequest(site_id="yuwu")
    (row,) = (await window.ask(listing, "DISPATCHER")).cases
    assert row.resolve_record_time == case.resolve_record_time
    then = rpc.GetCaseRequest(case_id=case_id, as_of_time=to_timestamp(datetime.now(UTC)))
    shown = (await window.ask(then, "DISPATCHER")).case
    assert list(shown.result_feedbacks) == [told]
    assert shown.resolve_record_time == case.resolve_record_time
    # A callback may not be dated before it: that is what it is shown for.
    early = rpc.RecordCallbackRequest(
        case_id=case_id,
        reached=True,
        call_time=to_timestamp(recorded - timedelta(minutes=6)),
        grade=pb.GRADE_SATISFIED,
    )
    assert (await window.refused(early, "SUPPORT")).reason == "INVALID_FIELD"
    await window.ask(
        rpc.RejectCaseRequest(case_id=case_id, reason="还漏"), "REPORTER", subject="w-7"
    )
    again = await window.case(case_id)
    assert (list(again.result_feedbacks), again.HasField("resolve_record_time")) == ([], False)

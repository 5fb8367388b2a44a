"""People know cases by their numbers: refusals name them, and tell strangers nothing."""

from datetime import datetime, timedelta

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_datetime, to_timestamp
from chassis.ids import new_id
from tests.integration.intake.ties import RECURS, merge, tie
from tests.integration.intake.window import Window


async def test_a_circle_is_told_by_numbers(window: Window) -> None:
    first, second = [(await window.register()).case for _ in range(2)]
    await window.ask(tie(first.case_id, second.case_id, RECURS), "CLERK")
    circle = tie(second.case_id, first.case_id, RECURS)
    answer = await window.refused(circle, "CLERK")
    assert answer.reason == "LINK_CYCLE"
    assert answer.metadata == {
        "case_id": first.case_id,
        "number": second.number,
        "linked_number": first.number,
    }
    assert answer.sentence == f"关联成环：从诉求 {first.number} 又回到诉求 {second.number}。"
    english = await window.refused(circle, "CLERK", language="en")
    assert english.sentence == (
        "The link would make a circle: "
        f"from case {first.number} it leads back to case {second.number}."
    )


async def test_a_case_tied_to_itself_is_told_by_its_number(window: Window) -> None:
    case: pb.Case = (await window.register()).case
    with_itself: list[tuple[life.LinkCasesRequest | life.MergeCaseRequest, str]] = [
        (tie(case.case_id, case.case_id), "CLERK"),
        (merge(case.case_id, case.case_id), "DISPATCHER"),
    ]
    for request, role in with_itself:
        answer = await window.refused(request, role)
        assert answer.reason == "LINK_CYCLE"
        assert answer.metadata == {
            "case_id": case.case_id,
            "number": case.number,
            "linked_number": case.number,
        }


async def test_before_its_registration_a_case_is_not_there_yet(window: Window) -> None:
    case: pb.Case = (await window.register(about_persons=["s-1"])).case
    begun = to_datetime(case.record_time)
    then = to_timestamp(begun - timedelta(days=1))
    for request in (
        rpc.GetCaseRequest(case_id=case.case_id, as_of_time=then),
        rpc.GetCaseRequest(number=case.number, as_of_time=then),
    ):
        answer = await window.refused(request, "DISPATCHER")
        assert answer.reason == "NOT_REGISTERED_YET"
        assert answer.metadata["number"] == case.number
        told = datetime.fromisoformat(answer.metadata["record_time"])
        assert (told, told.utcoffset()) == (begun, timedelta(hours=8))
        assert case.number in answer.sentence
        # Asked about the instant that was told, it is there.
        request.as_of_time.CopyFrom(to_timestamp(told))
        assert (await window.ask(request, "DISPATCHER")).case.version == 1


async def test_a_stranger_learns_nothing_of_when_it_was_registered(window: Window) -> None:
    case: pb.Case = (await window.register(about_persons=["s-1"])).case
    then = to_timestamp(to_datetime(case.record_time) - timedelta(days=1))
    real = rpc.GetCaseRequest(case_id=case.case_id, as_of_time=then)
    unreal = rpc.GetCaseRequest(case_id=new_id(), as_of_time=then)
    strangers = (
        ("DISPATCHER", "d-1", ("other",)),
        ("REPORTER", "w-8", ("yuwu",)),
        ("STEWARD", "s-1", ("yuwu",)),
    )
    for role, subject, sites in strangers:
        there = await window.refused(real, role, subject=subject, sites=sites)
        nowhere = await window.refused(unreal, role, subject=subject, sites=sites)
        assert there.reason == nowhere.reason == "CASE_NOT_FOUND"
        assert there.code == nowhere.code
        assert there.metadata.keys() == nowhere.metadata.keys()
        assert there.sentence.replace(case.case_id, "") == nowhere.sentence.replace(
            unreal.case_id, ""
        )

"""Three shifts in a row account for every case; a sample shows what was declared and heard."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_handover_pb2 as shift
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.window import Window


async def hand_over(window: Window, outgoing: str, incoming: str) -> shift.ShiftHandover:
    prepared = await window.ask(
        shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming=incoming),
        "CLERK",
        subject=outgoing,
    )
    signed = await window.ask(
        shift.SignShiftHandoverRequest(handover_id=prepared.handover.handover_id),
        "CLERK",
        subject=incoming,
    )
    handover: shift.ShiftHandover = signed.handover
    return handover


async def close(window: Window, case_id: str, grade: Any = pb.GRADE_SATISFIED) -> None:
    await window.ask(rpc.ConfirmCaseRequest(case_id=case_id, grade=grade), "SUPPORT")
    await window.ask(rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DISPATCHER")


async def test_a_line_tells_what_to_look_at_first_and_what_is_not_for_the_wall(
    window: Window,
) -> None:
    plain = (await window.register()).case.case_id
    pressing = (await window.register(urgency=pb.URGENCY_URGENT)).case.case_id
    about = (await window.register(about_persons=["s-1"])).case.case_id
    flag = rpc.FlagCaseRequest(case_id=pressing, flag=pb.CASE_FLAG_HAZARD, reason="漏电")
    await window.ask(flag, "DISPATCHER")
    lines = (await hand_over(window, "c-2", "c-1")).cases
    assert {one.case_id: (one.urgent, one.hazard, one.about_persons) for one in lines} == {
        plain: (False, False, False),
        pressing: (True, True, False),
        about: (False, False, True),
    }


async def test_three_handovers_reconcile_without_a_lost_case(window: Window) -> None:
    kept = (await window.register()).case.case_id
    ended = (await window.resolved()).case.case_id
    first = await hand_over(window, "c-1", "s-1")
    assert first.sequence == 1
    assert first.reckoning == shift.HandoverReckoning(registered=2, open_now=2, balanced=True)
    assert first.HasField("incoming_sign_time")

    await close(window, ended)
    taken = (await window.register()).case
    new = taken.case_id
    second = await hand_over(window, "s-1", "c-1")
    assert second.reckoning == shift.HandoverReckoning(
        open_before=2, registered=1, closed=1, open_now=2, balanced=True
    )
    changes = {one.case_id: one.change for one in second.cases}
    assert changes == {
        kept: shift.HANDOVER_CHANGE_CARRIED,
        new: shift.HANDOVER_CHANGE_NEW,
        ended: shift.HANDOVER_CHANGE_CLOSED,
    }
    (line,) = (one for one in second.cases if one.case_id == new)
    assert (line.text, line.place, line.unit_id) == (taken.text, taken.place, taken.unit_id)
    assert line.unit_id

    reopen = life.ReopenCaseRequest(case_id=ended, reason="又坏了")
    await window.ask(reopen, "DISPATCHER")
    third = await hand_over(window, "c-1", "s-1")
    assert third.reckoning == shift.HandoverReckoning(
        open_before=2, reopened=1, open_now=3, balanced=True
    )
    listed = await window.ask(
        shift.ListShiftHandoversRequest(site_id="yuwu", page_size=2), "DISPATCHER"
    )
    assert [one.sequence for one in listed.handovers] == [3, 2]
    following = await window.ask(
        shift.ListShiftHandoversRequest(
            site_id="yuwu", page_size=2, page_token=listed.next_page_token
        ),
        "DISPATCHER",
    )
    assert [one.sequence for one in following.handovers] == [1]
    assert not following.next_page_token
    assert not await window.findings()


async def test_a_handover_waits_for_the_signature_of_who_comes(window: Window) -> None:
    request = shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming="s-1", note="夜班")
    prepared = (await window.ask(request, "CLERK")).handover
    # The same again is the same handover.
    assert (await window.ask(request, "CLERK")).handover.handover_id == prepared.handover_id
    other = shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming="s-1")
    refusal = await window.refused(other, "CLERK")
    assert (refusal.reason, refusal.metadata["incoming"]) == ("HANDOVER_UNSIGNED", "s-1")
    sign = shift.SignShiftHandoverRequest(handover_id=prepared.handover_id, note="收到")
    assert (await window.refused(sign, "CLERK")).reason == "NOT_THE_INCOMING"
    signed = (await window.ask(sign, "CLERK", subject="s-1")).handover
    again = shift.SignShiftHandoverRequest(handover_id=prepared.handover_id, note="再签")
    repeated = (await window.ask(again, "CLERK", subject="s-1")).handover
    assert repeated == signed
    assert repeated.incoming_note == "收到"
    # A director may go on without the signature of somebody who never came.
    unsigned = shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming="s-1")
    await window.ask(unsigned, "CLERK")
    await window.ask(shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming="c-1"), "DIRECTOR")


@pytest.mark.parametrize("incoming", ["c-1", "nobody"])
async def test_who_comes_is_another_person_of_the_site(window: Window, incoming: str) -> None:
    request = shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming=incoming)
    refusal = await window.refused(request, "CLERK")
    assert (refusal.reason, refusal.metadata["field"]) == ("INVALID_FIELD", "incoming")


async def test_another_mine_and_whom_a_case_is_about_see_none_of_it(window: Window) -> None:
    made = await window.register(about_persons=["s-1"])
    handover = await hand_over(window, "c-1", "s-1")
    assert handover.reckoning.open_now == 1
    # Taken over, and not shown to the one it is about.
    assert not handover.cases
    get = shift.GetShiftHandoverRequest(handover_id=handover.handover_id)
    assert [one.case_id for one in (await window.ask(get, "DISPATCHER")).handover.cases] == [
        made.case.case_id
    ]
    refusal = await window.refused(get, "DISPATCHER", sites=("other",))
    assert refusal.reason == "HANDOVER_NOT_FOUND"
    request = shift.PrepareShiftHandoverRequest(site_id="yuwu", incoming="s-1")
    assert (await window.refused(request, "CLERK", sites=("other",))).reason == "SITE_UNKNOWN"


def today(days: int = 0) -> Date:
    day = (datetime.now(UTC) + timedelta(hours=8, days=days)).date()
    return Date(year=day.year, month=day.month, day=day.day)


def draw(count: int = 10, seed: int = 1, **fields: Any) -> life.DrawCallbackSampleRequest:
    usual: dict[str, Any] = {
        "site_id": "yuwu",
        "start_date": today(-1),
        "end_date": today(),
        "count": count,
        "seed": seed,
    }
    return life.DrawCallbackSampleRequest(**usual | fields)


async def test_a_sample_shows_what_was_declared_and_what_was_heard(window: Window) -> None:
    content = [(await window.resolved()).case.case_id for _ in range(3)]
    unhappy = (await window.resolved()).case.case_id
    for case_id in content:
        await close(window, case_id)
    await close(window, unhappy, pb.GRADE_DISSATISFIED)
    drawn = (await window.ask(draw(2), "SUPPORT")).sample
    assert drawn.population_count == 4
    assert [one.stratum for one in drawn.cases] == [
        life.SAMPLE_STRATUM_UNHAPPY,
        life.SAMPLE_STRATUM_LOT,
    ]
    assert drawn.cases[0].case_id == unhappy
    # The same seed over the same cases draws the same, in a sample of its own.
    again = (await window.ask(draw(2), "DIRECTOR")).sample
    assert [one.case_id for one in again.cases] == [one.case_id for one in drawn.cases]
    assert again.sample_id != drawn.sample_id

    for case_id, grade in (
        (unhappy, pb.GRADE_DISSATISFIED),
        (drawn.cases[1].case_id, pb.GRADE_MOSTLY_SATISFIED),
    ):
        await window.ask(
            rpc.RecordCallbackRequest(
                case_id=case_id, reached=True, grade=grade, sample_id=drawn.sample_id
            ),
            "SUPPORT",
        )
    get = life.GetCallbackSampleRequest(sample_id=drawn.sample_id)
    found = (await window.ask(get, "LEADER")).sample
    assert (found.reached_count, found.agreeing_count) == (2, 1)
    assert found.cases[0].callback.grade == pb.GRADE_DISSATISFIED
    assert found.cases[1].declared_grade == pb.GRADE_SATISFIED
    other = life.GetCallbackSampleRequest(sample_id=again.sample_id)
    assert not (await window.ask(other, "LEADER")).sample.reached_count
    listed = (await window.ask(life.ListCallbackSamplesRequest(site_id="yuwu"), "LEADER")).samples
    assert [one.sample_id for one in listed] == [again.sample_id, drawn.sample_id]
    assert (await window.refused(get, "LEADER", sites=("other",))).reason == "SAMPLE_NOT_FOUND"
    assert not await window.findings()


async def test_nothing_to_draw_and_a_period_that_is_none(window: Window) -> None:
    await window.resolved()
    assert (await window.refused(draw(), "SUPPORT")).reason == "SAMPLE_EMPTY"
    backwards = draw(start_date=today(), end_date=today(-1))
    assert (await window.refused(backwards, "SUPPORT")).reason == "PERIOD_INVALID"
    assert (await window.refused(draw(), "SUPPORT", sites=("other",))).reason == "SITE_UNKNOWN"

"""What a list is ordered and filtered by stands on its rows, and on the file just the same."""

from typing import Any

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from tests.integration.intake.test_read_model import clock, instant
from tests.integration.intake.window import Window

FIRST, PLAN = sla_pb2.CLOCK_KIND_FIRST_REPLY, sla_pb2.CLOCK_KIND_PLAN
RUNNING, BREACHED = sla_pb2.CLOCK_STATE_RUNNING, sla_pb2.CLOCK_STATE_BREACHED


async def start(window: Window, case_id: str, *clocks: sla_pb2.Clock) -> None:
    fact = sla_facts_pb2.ClocksStarted(
        case_id=case_id, clocks=clocks, next_wake_time=clocks[0].due_time
    )
    await window.tell("sla", case_id, "yuwu", fact)


async def breach(window: Window, case_id: str, kind: Any, due: Any) -> None:
    fact = sla_facts_pb2.ClockBreached(
        case_id=case_id,
        clock=clock(kind, BREACHED, due, breach_time=due),
        consequence=sla_pb2.CONSEQUENCE_LADDER,
        next_wake_time=instant(60),
    )
    await window.tell("sla", case_id, "yuwu", fact)


async def listed(window: Window, **fields: Any) -> list[pb.Case]:
    request = finding.ListCasesRequest(site_id="yuwu", **fields)
    return list((await window.ask(request, "DISPATCHER")).cases)


async def test_a_row_shows_what_it_was_ordered_and_filtered_by(window: Window) -> None:
    late, later, sooner = [(await window.register(text=f"灯坏了{n}")).case.case_id for n in "abc"]
    bare = (await window.register()).case.case_id
    five, seven, nine, missed = instant(5), instant(7), instant(9), instant(-1)
    await start(window, later, clock(FIRST, RUNNING, nine))
    await start(window, sooner, clock(FIRST, RUNNING, five))
    await start(window, late, clock(FIRST, RUNNING, missed), clock(PLAN, RUNNING, seven))
    await breach(window, late, FIRST, missed)
    rows = await listed(window, order_by="due_time")
    assert [one.case_id for one in rows] == [sooner, late, later, bare]
    shown = [(one.HasField("due_time"), one.due_time, one.overdue) for one in rows]
    assert [one[0] for one in shown] == [True, True, True, False]
    assert [one[1] for one in shown[:3]] == [five, seven, nine]
    assert [one.case_id for one in rows if one.overdue] == [late]
    # The filter, the words and the file itself say the same.
    only = await listed(window, filter="overdue = true")
    assert [(one.case_id, one.overdue) for one in only] == [(late, True)]
    said = await listed(window, query="灯坏了", order_by="due_time")
    assert {one.case_id: (one.due_time, one.overdue) for one in said} == {
        one.case_id: (one.due_time, one.overdue) for one in rows[:3]
    }
    for row in rows:
        file = await window.case(row.case_id)
        assert (file.due_time, file.overdue) == (row.due_time, row.overdue)
        assert file.HasField("due_time") is row.HasField("due_time")


async def test_what_is_over_is_not_late(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await start(window, case_id, clock(FIRST, RUNNING, instant(-1)))
    await breach(window, case_id, FIRST, instant(-1))
    assert (await window.case(case_id)).overdue
    # Clocks that only remind count neither here nor in the filter.
    other = (await window.register()).case.case_id
    review = sla_pb2.CLOCK_KIND_REVIEW
    await start(window, other, clock(review, BREACHED, instant(-1)))
    assert not (await window.case(other)).overdue
    await window.ask(
        rpc.ResolveCaseRequest(
            case_id=case_id,
            resolution="已换",
            outcome=pb.OUTCOME_SOLVED,
            feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
        ),
        "STEWARD",
    )
    confirm = rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED)
    await window.ask(confirm, "SUPPORT")
    close = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED)
    closed = (await window.ask(close, "DISPATCHER")).case
    assert (closed.overdue, closed.HasField("due_time")) == (False, False)
    assert [one.case_id for one in await listed(window) if one.overdue] == []


async def test_the_worker_sees_what_is_late(window: Window) -> None:
    made = await window.register()
    case_id, track = made.case.case_id, rpc.TrackCaseRequest(receipt_code=made.receipt_code)
    due, later = instant(-2), instant(40)
    await start(window, case_id, clock(FIRST, RUNNING, due), clock(PLAN, RUNNING, later))
    before = await window.ask(track, nobody=True)
    assert (before.next_due_time, before.late) == (due, False)
    await breach(window, case_id, FIRST, due)
    late = await window.ask(track, nobody=True)
    assert (late.next_due_time, late.late) == (due, True)
    assert late.history[-1].sentence == "初步回复已超时限。"
    # Answered at last, the next deadline is what counts.
    stopped = sla_facts_pb2.ClocksStopped(
        case_id=case_id,
        clocks=[clock(FIRST, sla_pb2.CLOCK_STATE_MET_LATE, due)],
        next_wake_time=later,
    )
    await window.tell("sla", case_id, "yuwu", stopped)
    after = await window.ask(track, nobody=True)
    assert (after.next_due_time, after.late) == (later, False)
    # What is owed among those who handle the case isn't told in public.
    await breach(window, case_id, sla_pb2.CLOCK_KIND_WORK_ORDER, due)
    steps = (await window.ask(track, nobody=True)).history
    assert [one.sentence for one in steps] == ["诉求已登记。", "初步回复已超时限。"]

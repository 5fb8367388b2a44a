"""Deadlines, promises and work orders, as the measures count them."""

from datetime import UTC, date, datetime, timedelta

from backstop.intake.v1 import intake_measures_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from tests.integration.intake.past import DAY, END, HOUR, OCTOBER, Ledger, day, figures, share
from tests.integration.intake.window import Window


async def test_deadlines_are_of_the_day_that_they_end(window: Window, ledger: Ledger) -> None:
    case_id = await ledger.case(OCTOBER + DAY)
    # 24:00 of the last day before the month, and of its last day.
    await ledger.clock(case_id, "FIRST_REPLY", OCTOBER, "MET_LATE")
    await ledger.clock(case_id, "FIRST_REPLY", END, "MET")
    await ledger.clock(case_id, "FIRST_REPLY", END - DAY, "BREACHED", excused=True)
    await ledger.clock(case_id, "FIRST_REPLY", END - 2 * DAY, "MET_LATE")
    await ledger.clock(case_id, "FIRST_REPLY", END - 3 * DAY, "CANCELLED")
    # Heard of late, but done in time; and excused, though it was not needed.
    await ledger.clock(case_id, "PLAN", END - DAY, "MET", breached=True, excused=True)
    await ledger.clock(case_id, "RESOLUTION", END - DAY, "MET_LATE", excused=True)
    found = (await figures(window))[""]
    assert share(found["RESPONSE_RATE"]) == (1, 3)
    assert share(found["ON_TIME_FIRST_REPLY"]) == (1, 2)
    assert found["EXCUSED_FIRST_REPLY"].value == 1
    assert share(found["ON_TIME_PLAN"]) == (1, 1)
    assert found["EXCUSED_PLAN"].value == 0
    assert share(found["ON_TIME_RESOLUTION"]) == (0, 0)
    assert not found["ON_TIME_RESOLUTION"].HasField("value")
    assert share(found["KEPT_PROMISE_RATE"]) == (0, 1)


async def test_what_is_not_due_yet_is_not_judged(window: Window, ledger: Ledger) -> None:
    now = datetime.now(UTC)
    case_id = await ledger.case(now - HOUR)
    await ledger.clock(case_id, "PLAN", now - HOUR, "RUNNING")
    await ledger.clock(case_id, "PLAN", now + timedelta(minutes=5), "RUNNING")
    # A day each way, whatever the mine's midnight.
    today = (now + timedelta(hours=8)).date()
    found = await figures(window, start_date=day(today - DAY), end_date=day(today + DAY))
    assert share(found[""]["ON_TIME_PLAN"]) == (0, 1)


async def test_what_was_missed_stays_overdue_while_the_next_deadline_runs(
    window: Window, ledger: Ledger
) -> None:
    # As sla leaves it: the plan was missed, and the level has until after the month to answer.
    late = await ledger.case(OCTOBER, due_time=END + DAY)
    await ledger.clock(late, "PLAN", END - DAY, "BREACHED")
    await ledger.clock(late, "ESCALATION", END + DAY, "RUNNING", breached=False)
    for kind, due, state, more in (
        ("PLAN", END + HOUR, "BREACHED", {}),  # after the month
        ("PLAN", END - DAY, "MET_LATE", {}),  # owed no more
        ("REMINDER", END - DAY, "BREACHED", {}),  # never owed to anybody
        ("PLAN", END - DAY, "BREACHED", {"cycle": 2}),  # of another cycle
    ):
        other = await ledger.case(OCTOBER, due_time=END + DAY)
        await ledger.clock(other, kind, due, state, **more)
    found = (await figures(window))[""]
    assert (found["OVERDUE"].value, found["OPEN"].value) == (1, 5)


async def test_promises_and_work_orders_are_those_of_their_units(
    window: Window, ledger: Ledger
) -> None:
    case_id = await ledger.case(OCTOBER)
    order = {
        "case_id": case_id,
        "site_id": "yuwu",
        "task": "更换",
        "deadline_time": END,
        "dispatch_time": OCTOBER,
        "state": "COMPLETED",
    }
    await ledger.put("work_orders", work_order_id="w-1", unit_id="south", lead=True, **order)
    await ledger.clock(case_id, "WORK_ORDER", END, "MET", reference="w-1")
    await ledger.clock(case_id, "RESOLUTION", END, "MET")
    plan = {
        "case_id": case_id,
        "site_id": "yuwu",
        "cycle": 1,
        "kind": "PLAN",
        "text": "样例",
        "answered_by": "s-1",
    }
    told = OCTOBER + 10 * HOUR
    await ledger.put(
        "answers",
        answer_id="a-1",
        version=2,
        promised_date=date(2026, 10, 20),
        answer_time=told,
        fed_back_time=told,
        **plan,
    )
    await ledger.put(
        "promise_moves",
        case_id=case_id,
        version=3,
        site_id="yuwu",
        answer_id="a-1",
        previous_date=date(2026, 10, 6),
        promised_date=date(2026, 10, 20),
        reason="样例",
        approved_by="d-1",
        move_time=OCTOBER + 2 * DAY,
    )
    await ledger.put(
        "feedbacks",
        case_id=case_id,
        version=2,
        site_id="yuwu",
        answer_id="a-1",
        cycle=1,
        way="TOLD",
        feedback_time=told,
        note="",
        recorded_by="s-1",
    )
    found = await figures(window, group_by=rpc.MEASURE_GROUP_UNIT)
    assert share(found["south"]["ON_TIME_WORK_ORDER"]) == (1, 1)
    assert share(found["south"]["KEPT_PROMISE_RATE"]) == (1, 1)
    assert found["south"]["MEDIAN_PROMISE_DAYS"].value == 5
    assert found["south"]["PROMISE_MOVES"].value == 1
    assert found["bath"]["REGISTERED"].value == 1
    assert found["bath"]["MEDIAN_FIRST_REPLY"].value == found["bath"]["MEDIAN_PLAN"].value == 10
    assert share(found["bath"]["ON_TIME_WORK_ORDER"]) == (0, 0)


async def test_an_excused_breach_is_kept_apart(window: Window) -> None:
    made = await window.register()
    clock = sla_pb2.Clock(
        clock_id="k-1",
        case_id=made.case.case_id,
        site_id="yuwu",
        kind=sla_pb2.CLOCK_KIND_PLAN,
        cycle=1,
        state=sla_pb2.CLOCK_STATE_MET_LATE,
    )
    past = datetime.now(UTC) - timedelta(minutes=1)
    clock.start_time.FromDatetime(past)
    clock.due_time.FromDatetime(past)
    clock.breach_time.FromDatetime(past)
    await window.tell(
        "sla",
        made.case.case_id,
        "yuwu",
        sla_facts_pb2.ClocksStarted(case_id=made.case.case_id, clocks=[clock]),
    )
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    period = {"start_date": day(today - DAY), "end_date": day(today)}
    assert share((await figures(window, **period))[""]["ON_TIME_PLAN"]) == (0, 1)
    clock.excuse.reason = "停电"
    clock.excuse.excused_by = "d-1"
    await window.tell(
        "sla",
        made.case.case_id,
        "yuwu",
        sla_facts_pb2.BreachExcused(case_id=made.case.case_id, clock=clock, excused_by="d-1"),
    )
    found = (await figures(window, **period))[""]
    assert share(found["ON_TIME_PLAN"]) == (0, 0)
    assert found["EXCUSED_PLAN"].value == 1

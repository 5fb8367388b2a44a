"""Facts of the others move the clocks, whatever the order and however often they come."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.journal import timestamp
from chassis.work import run
from services.sla.handlers.timers import fire_due
from services.sla.store.terms import load_ladders
from tests.integration.sla.conftest import Sla, fed_back, utc

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    # A Monday long after any day on which these tests run: no clock is due by now.
    return datetime.fromisoformat(f"2090-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


SPOKEN = at("11-20 09:00")


async def test_a_whole_life(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    answered = at("11-20 11:00")
    await sla.tell(fed_back(case_id, intake_pb2.ANSWER_KIND_FIRST_REPLY, answered), answered)
    plan = fed_back(case_id, intake_pb2.ANSWER_KIND_PLAN, answered)
    plan.promised_date.year, plan.promised_date.month, plan.promised_date.day = 2090, 12, 1
    await sla.tell(plan, answered)
    await sla.dispatch([(case_id, at("11-28 18:00"))], at("11-20 12:00"))
    done = at("11-27 10:00")
    await sla.tell(
        routing_facts_pb2.WorkOrderCompleted(
            case_id=case_id, work_order_id=f"w-{case_id}", complete_time=timestamp(done)
        ),
        done,
    )
    resolved = at("11-28 10:00")
    await sla.tell(
        intake_facts_pb2.CaseResolved(
            case_id=case_id, cycle=1, resolve_time=timestamp(resolved), fed_back=True
        ),
        resolved,
    )
    await sla.tell(
        intake_facts_pb2.CaseConfirmed(
            case_id=case_id, cycle=1, counts=True, confirm_time=timestamp(resolved)
        ),
        resolved,
    )
    await sla.tell(
        intake_facts_pb2.CaseClosed(case_id=case_id, close_time=timestamp(resolved)), resolved
    )
    facts = await sla.published(case_id)
    kinds = [
        (type(fact).__name__, [sla_pb2.ClockKind.Name(c.kind)[11:] for c in fact.clocks])
        for fact in facts
    ]
    assert kinds == [
        ("ClocksStarted", ["FIRST_REPLY", "PLAN"]),
        ("ClocksStopped", ["FIRST_REPLY"]),
        ("ClocksStopped", ["PLAN"]),
        ("ClocksStarted", ["RESOLUTION", "PROGRESS"]),
        ("ClocksStarted", ["WORK_ORDER"]),
        ("ClocksStopped", ["WORK_ORDER"]),
        ("ClocksStopped", ["PROGRESS", "RESOLUTION"]),
        ("ClocksStarted", ["CONFIRMATION"]),
        ("ClocksStopped", ["CONFIRMATION"]),
        ("ClocksStarted", ["REMINDER"]),
        ("ClocksStopped", ["REMINDER"]),
    ]
    for fact in facts[:-1]:
        assert fact.HasField("next_wake_time")
    assert not facts[-1].HasField("next_wake_time")
    started = facts[0]
    assert utc(started.clocks[0].due_time) == at("11-21 00:00")
    assert utc(started.clocks[1].due_time) == at("11-24 00:00")
    assert started.clocks[1].provisional


async def test_what_is_approved_returned_called_and_flagged(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    plan = fed_back(case_id, intake_pb2.ANSWER_KIND_PLAN, SPOKEN)
    plan.promised_date.CopyFrom(to_date_message(date(2090, 11, 27)))
    await sla.tell(plan, SPOKEN)
    await sla.dispatch([(case_id, at("11-24 18:00"))], SPOKEN)
    before, order = len(await sla.published(case_id)), f"w-{case_id}"
    messages = [
        intake_facts_pb2.CasePromiseMoved(
            case_id=case_id,
            cycle=1,
            answer_id=plan.answer_id,
            promised_date=to_date_message(date(2090, 12, 1)),
            reason="缺料",
            approved_by="p-2",
        ),
        routing_facts_pb2.WorkOrderReturned(case_id=case_id, work_order_id=order),
        routing_facts_pb2.WorkOrderRuled(
            case_id=case_id, work_order_id=order, deadline_time=timestamp(at("11-25 18:00"))
        ),
        routing_facts_pb2.WorkOrderExtended(
            case_id=case_id,
            work_order_id=order,
            deadline_time=timestamp(at("11-28 18:00")),
            reason="备件未到",
            approved_by="p-3",
        ),
        intake_facts_pb2.CaseFlagged(
            case_id=case_id, flag=intake_pb2.CASE_FLAG_LONG_STANDING, set=True
        ),
        intake_facts_pb2.CaseResolved(case_id=case_id, cycle=1, fed_back=True),
        intake_facts_pb2.CaseCalledBack(case_id=case_id, cycle=1, reached=False),
    ]
    for number, message in enumerate(messages):
        await sla.tell(message, at(f"11-20 1{number}:00"))
    told = [
        (type(fact).__name__, [sla_pb2.ClockKind.Name(c.kind)[11:] for c in fact.clocks])
        for fact in (await sla.published(case_id))[before:]
    ]
    assert told == [
        ("ClocksAmended", ["RESOLUTION"]),
        ("ClocksStarted", ["RULING"]),
        ("ClocksStopped", ["RULING"]),
        ("ClocksAmended", ["WORK_ORDER"]),
        ("ClocksAmended", ["WORK_ORDER"]),
        ("ClocksStarted", ["REVIEW"]),
        ("ClocksStopped", ["PROGRESS", "RESOLUTION"]),
        ("ClocksStarted", ["CONFIRMATION"]),
        ("ClocksStopped", ["CONFIRMATION"]),
        ("ClocksStarted", ["CALLBACK"]),
    ]
    moved, ruled, extended = [
        fact
        for fact in await sla.published(case_id)
        if isinstance(fact, sla_facts_pb2.ClocksAmended)
    ]
    assert moved.cause == sla_pb2.AMENDMENT_CAUSE_PROMISE_MOVED
    assert (moved.reason, moved.approved_by) == ("缺料", "p-2")
    assert utc(moved.clocks[0].due_time) == at("12-02 00:00")
    assert utc(moved.previous_due_times[0]) == at("11-28 00:00")
    assert ruled.cause == extended.cause == sla_pb2.AMENDMENT_CAUSE_EXTENSION
    assert utc(ruled.clocks[0].due_time) == at("11-25 18:00")
    assert utc(extended.previous_due_times[0]) == at("11-25 18:00")
    assert (extended.reason, extended.approved_by) == ("备件未到", "p-3")


async def test_facts_follow_from_what_led_to_them(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    (row,) = await sla.rows("SELECT causes FROM journal WHERE subject_id = $1", case_id)
    assert row["causes"] == f'[["intake", "{case_id}", 1]]'


async def test_a_case_may_come_before_its_sites_directory(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN, site_id="elsewhere")
    (started,) = await sla.published(case_id)
    assert utc(started.clocks[0].due_time) == at("11-21 00:00")
    # Of no version that the site will ever have published.
    assert {clock.policy_version for clock in started.clocks} == {0}


async def test_the_zone_of_the_directory_counts(sla: Sla) -> None:
    await sla.publish_directory("berlin", "Europe/Berlin")
    (case_id,) = await sla.register(SPOKEN, site_id="berlin")
    (started,) = await sla.published(case_id)
    # 02:00 in Berlin, so 22 hours of its day are left.
    assert utc(started.clocks[0].due_time) - SPOKEN == timedelta(hours=22)
    await sla.publish_directory("berlin", "Asia/Shanghai")
    (case_id,) = await sla.register(SPOKEN, site_id="berlin")
    (started,) = await sla.published(case_id)
    assert utc(started.clocks[0].due_time) == at("11-21 00:00")


async def test_entered_after_the_deadline_gives_one_alert(sla: Sla) -> None:
    spoken = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    (case_id,) = await sla.register(spoken, recorded=await sla.now())
    started, alert = await sla.published(case_id)
    assert [clock.born_breached for clock in started.clocks] == [True, True, False]
    assert isinstance(alert, sla_facts_pb2.ClockBreached)
    assert alert.consequence == sla_pb2.CONSEQUENCE_ALERT
    assert alert.detected_late_by.ToTimedelta() > timedelta(days=1)


async def test_registered_in_time_and_heard_of_late_gives_one_alert(sla: Sla) -> None:
    spoken = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    (case_id,) = await sla.register(spoken)
    (started,) = await sla.published(case_id)
    assert [clock.born_breached for clock in started.clocks] == [True, True]
    await run(sla.database.worker, service_actor("sla"), partial(fire_due, subject_ids=[case_id]))
    _, again, alert = await sla.published(case_id)
    # The second clock is told of again, as it stands now; only the first is said to be late.
    assert [(clock.kind, clock.state) for clock in again.clocks] == [
        (sla_pb2.CLOCK_KIND_PLAN, sla_pb2.CLOCK_STATE_BREACHED),
        (sla_pb2.CLOCK_KIND_REMINDER, sla_pb2.CLOCK_STATE_RUNNING),
    ]
    assert isinstance(alert, sla_facts_pb2.ClockBreached)
    assert (alert.clock.kind, alert.consequence) == (
        sla_pb2.CLOCK_KIND_FIRST_REPLY,
        sla_pb2.CONSEQUENCE_ALERT,
    )


async def test_a_case_that_nobody_has_is_on_the_queue_again_in_its_new_cycle(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    queue = "position:DISPATCH_ROOM"
    await sla.tell(
        routing_facts_pb2.CaseAssigned(case_id=case_id, accountable=queue), at("11-20 09:01")
    )
    await sla.tell(
        routing_facts_pb2.CaseEscalated(
            case_id=case_id, cycle=1, to_level=1, dwell_working_days=1, accountable="p-9"
        ),
        at("11-20 10:00"),
    )
    await sla.tell(intake_facts_pb2.CaseResolved(case_id=case_id, cycle=1), at("11-20 11:00"))
    await sla.tell(intake_facts_pb2.CaseRejected(case_id=case_id, new_cycle=2), at("11-20 12:00"))
    rows = await sla.rows(
        "SELECT kind FROM clocks WHERE subject_id = $1 AND state = 'RUNNING' ORDER BY kind", case_id
    )
    assert [row["kind"] for row in rows] == ["FIRST_REPLY", "PLAN", "REMINDER"]


async def test_a_way_down_another_owner_and_a_task_opened_again(sla: Sla) -> None:
    (case_id,) = await sla.register(SPOKEN)
    levels = (
        "SELECT reference, state FROM clocks WHERE subject_id = $1 AND kind = $2 "
        "ORDER BY start_time"
    )
    climbed = routing_facts_pb2.CaseEscalated(
        case_id=case_id, cycle=1, from_level=1, to_level=2, dwell_working_days=2, accountable="p-2"
    )
    await sla.tell(climbed, at("11-20 10:00"))
    before = len(await sla.published(case_id))
    climbed.from_level, climbed.accountable = 2, "p-5"
    await sla.tell(climbed, at("11-20 10:30"))
    # Another has it, until the same deadline: no clock has moved.
    assert len(await sla.published(case_id)) == before
    await sla.tell(
        routing_facts_pb2.CaseDeescalated(
            case_id=case_id,
            cycle=1,
            from_level=2,
            to_level=1,
            dwell_working_days=1,
            accountable="p-1",
        ),
        at("11-20 11:00"),
    )
    rows = await sla.rows(levels, case_id, "ESCALATION")
    assert [tuple(row) for row in rows] == [("level:2", "MET"), ("level:1", "RUNNING")]

    order = routing_pb2.WorkOrder(work_order_id="w-1", deadline_time=timestamp(at("11-25 12:00")))
    await sla.tell(
        routing_facts_pb2.WorkOrdersDispatched(case_id=case_id, work_orders=[order]),
        at("11-20 11:10"),
    )
    await sla.tell(
        routing_facts_pb2.WorkOrderCompleted(case_id=case_id, work_order_id="w-1"),
        at("11-20 11:20"),
    )
    await sla.tell(
        routing_facts_pb2.WorkOrderReopened(case_id=case_id, work_order=order), at("11-20 11:30")
    )
    rows = await sla.rows(levels, case_id, "WORK_ORDER")
    assert [tuple(row) for row in rows] == [("w-1", "MET"), ("w-1", "RUNNING")]


async def test_categories_may_have_ladders_of_their_own(sla: Sla) -> None:
    levels = [routing_pb2.LadderLevel(position_id="DIRECTOR", dwell_working_days=2)]
    own = routing_pb2.CategoryLadder(category_id="BATHING", levels=levels * 2)
    directory = routing_pb2.Directory(
        site_id="gucheng", name="古城", ladder=levels, category_ladders=[own]
    )
    await sla.tell(
        routing_facts_pb2.DirectoryPublished(directory=directory),
        at("11-20 09:00"),
        subject_id="directory/gucheng",
        site_id="gucheng",
    )
    async with sla.database.worker.read(service_actor("sla")) as connection:
        ladders = await load_ladders(connection, "gucheng")
        nowhere = await load_ladders(connection, "nowhere")
    assert ladders == {"": [(2, 0)], "BATHING": [(2, 0), (2, 0)]}
    assert nowhere == {"": []}

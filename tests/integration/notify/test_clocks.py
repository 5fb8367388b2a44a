"""What sla tells of pauses, moved deadlines, calendars and units, as far as people hear of it."""

from datetime import timedelta

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import NOW, SITE, Stream
from tests.integration.notify.test_sending import Scripted

PLAN, REVIEW = sla_pb2.CLOCK_KIND_PLAN, sla_pb2.CLOCK_KIND_REVIEW


async def begun(notify: Notify, stream: Stream) -> str:
    """Registers a case of dd01's, told of in one message already sent."""
    registered = stream.registered()
    case_id = registered.subject_id
    for fact in (stream.directory(), registered, stream.assigned(case_id)):
        await notify.gatekeeper.take([fact], fact.source)
    await notify.sender(Scripted()).step()
    return case_id


async def told(notify: Notify, stream: Stream, message: Message, subject_id: str) -> list[str]:
    """Sends a fact of sla, and returns what goes out because of it: "recipient: text"."""
    await notify.gatekeeper.take([stream.fact("sla", subject_id, message)], "sla")
    driver = Scripted()
    await notify.sender(driver).step()
    return [f"{one.to}: {one.body}" for one in driver.sent]


async def test_a_pause_and_its_end_are_told_to_whoever_must_move(notify: Notify) -> None:
    stream = Stream()
    case_id = await begun(notify, stream)
    clock = stream.clock(case_id, PLAN)
    paused = sla.ClocksPaused(
        case_id=case_id,
        clocks=[clock],
        reason=sla_pb2.PAUSE_REASON_WAITING_FOR_OUTAGE_WINDOW,
        words="等停机检修",
        approved_by="lead1",
        latest_end_time=to_timestamp(NOW + timedelta(hours=15)),
    )
    (text,) = await told(notify, stream, paused, case_id)
    assert text.startswith("包保·甲: ")
    assert "经 值班·乙 同意暂停计时，原因：等待检修窗口。最迟 2026年11月23日 24:00 恢复。" in text
    assert "说明：等停机检修" in text
    by_hand = sla.ClocksResumed(case_id=case_id, clocks=[clock])
    assert await told(notify, stream, by_hand, case_id) == []
    over = sla.ClocksResumed(case_id=case_id, clocks=[clock], latest_end_reached=True)
    (text,) = await told(notify, stream, over, case_id)
    assert "暂停期已满" in text
    assert "解决方案或处理进度说明：2026年11月23日 24:00" in text
    assert await notify.findings() == []


async def test_moved_deadlines_are_told_once_per_case_and_fact(notify: Notify) -> None:
    stream = Stream()
    case_id = await begun(notify, stream)
    clocks = [stream.clock(case_id, kind) for kind in (PLAN, sla_pb2.CLOCK_KIND_PROGRESS)]
    amended = sla.ClocksAmended(
        case_id=case_id, clocks=clocks, cause=sla_pb2.AMENDMENT_CAUSE_CALENDAR
    )
    for clock in clocks:
        amended.previous_due_times.add().CopyFrom(clock.due_time)
    # They became certain, and stayed where they were.
    assert await told(notify, stream, amended, case_id) == []
    for previous in amended.previous_due_times:
        previous.FromDatetime(NOW - timedelta(hours=9))
    fact = stream.fact("sla", case_id, amended)
    for _ in range(3):
        await notify.gatekeeper.take([fact], "sla")
    driver = Scripted()
    await notify.sender(driver).step()
    (message,) = driver.sent
    assert message.body.count("由 2026年11月22日 24:00 调整为 2026年11月23日 24:00") == 2
    assert "（工作日历调整）" in message.body
    assert await notify.findings() == []


async def test_a_review_is_told_to_the_leader_as_long_as_one_is_in_charge(notify: Notify) -> None:
    stream = Stream()
    case_id = await begun(notify, stream)

    async def flagged(flag: intake_pb2.CaseFlag.ValueType, leader: str, *, on: bool) -> list[str]:
        message = intake.CaseFlagged(case_id=case_id, flag=flag, set=on, leader=leader)
        await notify.gatekeeper.take([stream.fact("intake", case_id, message)], "intake")
        due = stream.breached(case_id, REVIEW, consequence=sla_pb2.CONSEQUENCE_REVIEW)
        await notify.gatekeeper.take([due], "sla")
        driver = Scripted()
        await notify.sender(driver).step()
        return sorted(one.to for one in driver.sent)

    old, hazard = intake_pb2.CASE_FLAG_LONG_STANDING, intake_pb2.CASE_FLAG_HAZARD
    assert await flagged(old, "lead1", on=True) == ["值班·乙", "包保·甲"]
    # Of the hazard itself the duty lead hears.
    assert await flagged(hazard, "", on=True) == ["值班·乙", "值班负责人", "包保·甲"]
    assert await flagged(hazard, "", on=False) == ["值班·乙", "包保·甲"]
    assert await flagged(old, "", on=False) == ["包保·甲"]
    assert await notify.findings() == []


async def test_a_late_task_is_told_to_the_unit_that_has_it_by_the_ruling(notify: Notify) -> None:
    stream = Stream()
    case_id = await begun(notify, stream)
    order = routing_pb2.WorkOrder(work_order_id="wo-1", unit_id="logistics", task="更换淋浴头")
    late = sla.ClockBreached(
        case_id=case_id,
        clock=stream.clock(case_id, sla_pb2.CLOCK_KIND_WORK_ORDER, "wo-1"),
        consequence=sla_pb2.CONSEQUENCE_HEAD_OF_UNIT,
    )

    async def recipient(message: Message) -> str:
        await notify.gatekeeper.take([stream.fact("routing", case_id, message)], "routing")
        await notify.gatekeeper.take([stream.fact("sla", case_id, late)], "sla")
        rows = await notify.rows(
            "SELECT recipient FROM deliveries WHERE template = 'work_order_late' "
            "ORDER BY fact_version DESC LIMIT 1"
        )
        return str(rows[0]["recipient"])

    dispatched = routing.WorkOrdersDispatched(case_id=case_id, work_orders=[order], heads=["head1"])
    assert await recipient(dispatched) == "head1"
    ruled = routing.WorkOrderRuled(case_id=case_id, work_order_id="wo-1", unit_id="logistics")
    assert await recipient(ruled) == "head1"
    ruled.unit_id = "bathhouse"
    assert await recipient(ruled) == "unit:bathhouse"
    assert await notify.findings() == []


@pytest.mark.parametrize(
    ("consequence", "position"),
    [
        (sla_pb2.CONSEQUENCE_DIRECTOR, "DIRECTOR"),
        (sla_pb2.CONSEQUENCE_MAY_CLOSE, "DISPATCH_ROOM"),
    ],
)
async def test_positions_are_told_as_whoever_holds_them(
    notify: Notify, consequence: sla_pb2.Consequence.ValueType, position: str
) -> None:
    stream = Stream()
    case_id = await begun(notify, stream)
    fact = stream.breached(case_id, sla_pb2.CLOCK_KIND_RULING, consequence=consequence)
    await notify.gatekeeper.take([fact], "sla")
    notify.routing.duty = {position: "lead1"}
    driver = Scripted()
    await notify.sender(driver).step()
    assert [one.to for one in driver.sent] == ["值班·乙"]


async def test_a_missing_year_is_told_to_the_director_with_every_fact_once(
    notify: Notify,
) -> None:
    stream = Stream()
    notify.routing.duty = {"DIRECTOR": "lead1"}
    subject, message = f"calendar/{SITE}", sla.CalendarYearMissing(site_id=SITE, year=2027)
    (text,) = await told(notify, stream, message, subject)
    assert "2027 年" in text
    again = stream.fact("sla", subject, message)
    for _ in range(2):
        await notify.gatekeeper.take([again], "sla")
    driver = Scripted()
    await notify.sender(driver).step()
    assert len(driver.sent) == 1  # The next week's.
    rows = await notify.rows("SELECT subject_id, case_id, recipient FROM deliveries")
    assert [tuple(row) for row in rows] == [(subject, None, "position:DIRECTOR")] * 2
    journal = await notify.rows("SELECT DISTINCT subject_id, site_id FROM journal")
    assert [tuple(row) for row in journal] == [(subject, SITE)]
    assert await notify.facts() == {"DeliveriesPlanned": 2, "DeliverySent": 2}
    assert await notify.findings() == []


async def test_clocks_of_a_unit_and_what_is_for_nobody_are_passed_over(notify: Notify) -> None:
    stream = Stream()
    case_id = await begun(notify, stream)
    outreach = f"outreach/{SITE}/bathhouse"
    clock = stream.clock("", sla_pb2.CLOCK_KIND_OUTREACH, "bathhouse")
    for subject, message in (
        (outreach, sla.ClocksStarted(clocks=[clock])),
        (outreach, sla.ClockDueSoon(clock=clock)),
        (outreach, sla.ClockBreached(clock=clock, consequence=sla_pb2.CONSEQUENCE_REPORT)),
        (outreach, sla.ClocksAmended(clocks=[clock], previous_due_times=[to_timestamp(NOW)])),
        (outreach, sla.ClocksStopped(clocks=[clock])),
        (f"calendar/{SITE}", sla.CalendarPublished()),
        (f"policy/{SITE}", sla.PolicyPublished()),
        (case_id, sla.BreachExcused(case_id=case_id, clock=stream.clock(case_id, PLAN))),
        (
            case_id,
            sla.ClockBreached(
                case_id=case_id,
                clock=stream.clock(case_id, sla_pb2.CLOCK_KIND_PAUSE),
                consequence=sla_pb2.CONSEQUENCE_RESUME,
            ),
        ),
    ):
        assert await told(notify, stream, message, subject) == []
    gates = await notify.rows("SELECT version FROM gates WHERE subject_id = $1", outreach)
    assert [row["version"] for row in gates] == [5]  # All of them applied.
    assert len(await notify.rows("SELECT 1 FROM deliveries")) == 1
    assert await notify.findings() == []

"""What a digest tells: what follows from late deadlines too, of each clock the latest news."""

from datetime import timedelta

import pytest

from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_duration, to_timestamp
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import NOW, Stream
from tests.integration.notify.test_digests import LATE, assigned, digests, late, take
from tests.integration.notify.test_sending import Scripted, drain


async def test_what_climbs_for_late_deadlines_is_one_message_to_its_level_and_one_to_the_steward(
    notify: Notify,
) -> None:
    stream = Stream()
    cases = await assigned(notify, stream, 6)
    await late(notify, stream, cases)
    await take(notify, [stream.escalated(case_id) for case_id in cases])
    driver = Scripted()
    sender = notify.sender(driver)
    await sender.step()
    assert driver.sent == []
    await notify.make_due()
    await drain(sender)
    bodies = {one.to: one.body for one in driver.sent}
    assert len(driver.sent) == 2
    assert bodies["lead1"].count("：已上报到您这一级，请批示（晚 3 小时得知）\n") == 6
    assert bodies["dd0"].count("：已上报至第 1 级，请继续跟进至办结（晚 3 小时得知）\n") == 6
    assert bodies["dd0"].count("已过，尚未完成（晚 3 小时得知）\n") == 6
    assert await notify.findings() == []


@pytest.mark.parametrize(
    ("noticed", "cause", "over"),
    [
        (timedelta(0), routing.ESCALATION_CAUSE_BREACH, False),
        (LATE, routing.ESCALATION_CAUSE_MANUAL, False),
        (LATE, routing.ESCALATION_CAUSE_DWELL, True),
    ],
)
async def test_an_escalation_that_follows_from_nothing_late_goes_out_at_once(
    notify: Notify,
    noticed: timedelta,
    cause: routing.EscalationCause.ValueType,
    over: bool,
) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    await take(notify, [stream.breached(case_id, late=noticed)])
    if over:
        async with notify.database.worker.connection() as connection:
            await connection.execute("UPDATE cases SET late_until = clock_timestamp()")
    await take(notify, [stream.escalated(case_id, cause=cause)])
    rows = await notify.rows("SELECT digest FROM deliveries WHERE template LIKE 'case_escalated%'")
    assert [row["digest"] for row in rows] == [False, False]


async def test_how_long_what_follows_counts_as_late_is_ten_minutes(notify: Notify) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    await late(notify, stream, [case_id])
    (row,) = await notify.rows("SELECT late_by, late_until - clock_timestamp() AS rest FROM cases")
    assert row["late_by"] == LATE
    assert timedelta(minutes=9) < row["rest"] <= timedelta(minutes=10)


async def test_nothing_of_an_urgent_case_waits(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered(urgent=True)
    case_id = registered.subject_id
    for fact in (registered, stream.assigned(case_id)):
        await take(notify, [fact])
    await late(notify, stream, [case_id])
    await take(notify, [stream.escalated(case_id)])
    assert await notify.rows("SELECT 1 FROM deliveries WHERE digest") == []


async def test_an_appeal_that_was_entered_late_is_told_at_once(notify: Notify) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    clock = stream.clock(case_id, sla_pb2.CLOCK_KIND_PLAN)
    clock.born_breached = True
    message = sla.ClockBreached(
        case_id=case_id,
        clock=clock,
        consequence=sla_pb2.CONSEQUENCE_ALERT,
        detected_late_by=to_duration(LATE),
    )
    await take(notify, [stream.fact("sla", case_id, message)])
    driver = Scripted()
    await notify.sender(driver).step()
    (sent,) = driver.sent
    assert "得知时已超期" in sent.subject


async def test_what_comes_to_one_piece_of_news_is_told_as_it_always_is(notify: Notify) -> None:
    """Two warnings and the breach of one clock: the breach."""
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    clock = stream.clock(case_id, sla_pb2.CLOCK_KIND_PLAN)
    warned = sla.ClockDueSoon(case_id=case_id, clock=clock)
    breached = sla.ClockBreached(
        case_id=case_id,
        clock=clock,
        consequence=sla_pb2.CONSEQUENCE_LADDER,
        detected_late_by=to_duration(LATE),
    )
    facts = [
        *(stream.fact("sla", case_id, warned, occurred_time=NOW - LATE) for _ in range(2)),
        stream.fact("sla", case_id, breached),
    ]
    await take(notify, facts)
    await notify.make_due()
    await drain(notify.sender())
    (file,) = notify.files()
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"Delivery: {file.stem}\n")
    assert "诉求 YW-20261123-0001 已超期：解决方案或处理进度说明" in text
    assert "汇总" not in text
    # Each of them has its own end.
    assert await notify.states() == {"SENT": 4}
    assert sorted((await digests(notify)).values()) == [3]
    assert await notify.findings() == []


async def test_a_review_is_told_with_the_deadline_that_passed(notify: Notify) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    clock = stream.clock(case_id, sla_pb2.CLOCK_KIND_REVIEW)
    # Noticed three hours after 24:00 of the 21st; the next one is that of the 23rd.
    noticed = NOW - timedelta(hours=33) + LATE
    clock.breach_time.CopyFrom(to_timestamp(noticed))
    message = sla.ClockBreached(
        case_id=case_id,
        clock=clock,
        consequence=sla_pb2.CONSEQUENCE_REVIEW,
        detected_late_by=to_duration(LATE),
    )
    await take(notify, [stream.fact("sla", case_id, message)])
    await notify.make_due()
    driver = Scripted()
    await notify.sender(driver).step()
    (sent,) = driver.sent
    assert "本次复查期限 2026年11月21日 24:00 已到" in sent.body

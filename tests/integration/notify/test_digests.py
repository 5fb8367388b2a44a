"""After an outage one message per recipient: planned one by one, sent together, never twice."""

import asyncio
import re
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from backstop.fact.v1 import fact_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from chassis.work import run
from services.notify.domain.contacts import Contact
from services.notify.domain.deliveries import NotSent, Sent
from services.notify.handlers import sending
from services.notify.handlers.sending import Batch
from tests.integration.notify.conftest import ACTOR, Notify
from tests.integration.notify.stream import NOW, SITE, Stream
from tests.integration.notify.test_sending import Hanging, Scripted, drain, put
from tests.waiting import eventually

LATE = timedelta(hours=3)


async def take(notify: Notify, facts: list[fact_pb2.Fact]) -> None:
    """Takes facts of one source in one batch, as they come after an outage."""
    await notify.gatekeeper.take(facts, facts[0].source)


async def assigned(notify: Notify, stream: Stream, count: int, stewards: int = 1) -> list[str]:
    """Registers cases that go round among stewards, and lets what follows from that go out."""
    cases = [new_id() for _ in range(count)]
    await take(notify, [stream.registered(case_id) for case_id in cases])
    await take(
        notify,
        [stream.assigned(case_id, f"dd{n % stewards}") for n, case_id in enumerate(cases)],
    )
    await drain(notify.sender(Scripted()))
    return cases


async def late(notify: Notify, stream: Stream, cases: list[str]) -> None:
    await take(notify, [stream.breached(case_id, late=LATE) for case_id in cases])


async def digests(notify: Notify) -> Counter[tuple[str, str | None, str]]:
    """Returns how many messages each digest has, by (state, digest, recipient)."""
    rows = await notify.rows(
        "SELECT state, digest_id::text, recipient FROM deliveries WHERE digest"
    )
    return Counter(tuple(row) for row in rows)


async def reserve(notify: Notify) -> Batch:
    return await run(notify.database.worker, ACTOR, partial(sending.reserve, limit=8))


async def test_forty_late_deadlines_of_three_people_are_three_messages(notify: Notify) -> None:
    stream = Stream()
    cases = await assigned(notify, stream, 40, stewards=3)
    await late(notify, stream, cases)
    sender = notify.sender()
    await sender.step()
    assert notify.files() == []  # Each waits for the others.
    assert await notify.states() == {"SENT": 40, "PLANNED": 40}
    await notify.make_due()
    await drain(sender)
    files = notify.files()
    assert len(files) == 3
    lines = {}
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"Digest: {file.stem}\n")
        (to,) = re.findall(r"(?m)^To: (.*)$", text)
        lines[to] = text.count("\n- 诉求 ")
        assert f"{lines[to]} 项时限汇总告知" in text
    assert lines == {"dd0": 14, "dd1": 13, "dd2": 13}
    assert sorted((await digests(notify)).values()) == [13, 13, 14]
    assert {digest for _, digest, _ in await digests(notify)} == {file.stem for file in files}
    # Every one of them has its own plan and its own end.
    assert await notify.facts() == {"DeliveriesPlanned": 80, "DeliverySent": 80}
    assert await notify.findings() == []


async def test_what_is_noticed_in_time_goes_out_alone_and_at_once(notify: Notify) -> None:
    stream = Stream()
    first, second, third = await assigned(notify, stream, 3)
    almost = timedelta(minutes=5) - timedelta(microseconds=1)
    soon = sla.ClockDueSoon(case_id=third, clock=stream.clock(third, sla_pb2.CLOCK_KIND_PLAN))
    await take(
        notify,
        [
            stream.breached(first, late=almost),
            stream.breached(second),
            stream.fact("sla", third, soon),
        ],
    )
    await notify.sender().step()
    assert len(notify.files()) == 3
    rows = await notify.rows("SELECT template FROM deliveries WHERE digest")
    assert rows == []


@pytest.mark.parametrize(
    ("warned", "shown", "held"),
    [
        # At its point; five minutes after it.
        (timedelta(0), timedelta(0), False),
        (-timedelta(minutes=5), -timedelta(minutes=5), True),
        # The clock shows its next point already, or is told of as it happened.
        (-timedelta(minutes=5), timedelta(hours=1), True),
        (timedelta(0), -timedelta(minutes=5), True),
        (timedelta(0), timedelta(hours=1), False),
    ],
)
async def test_a_warning_that_comes_late_waits_for_others(
    notify: Notify, warned: timedelta, shown: timedelta, held: bool
) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    clock = stream.clock(case_id, sla_pb2.CLOCK_KIND_PLAN)
    clock.warn_time.CopyFrom(to_timestamp(NOW + shown))
    message = sla.ClockDueSoon(case_id=case_id, clock=clock)
    fact = stream.fact("sla", case_id, message, occurred_time=NOW + warned)
    await take(notify, [fact])
    (row,) = await notify.rows("SELECT digest FROM deliveries WHERE template = 'clock_due_soon'")
    assert row["digest"] is held


async def test_clocks_that_run_again_after_a_late_deadline_are_told_alone(
    notify: Notify,
) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    await late(notify, stream, [case_id])
    resumed = sla.ClocksResumed(
        case_id=case_id,
        clocks=[stream.clock(case_id, sla_pb2.CLOCK_KIND_PLAN)],
        latest_end_reached=True,
    )
    await take(notify, [stream.fact("sla", case_id, resumed)])
    await notify.sender().step()
    (file,) = notify.files()
    assert "恢复计时" in file.read_text(encoding="utf-8")


async def test_what_comes_after_the_claim_goes_into_the_next_digest(notify: Notify) -> None:
    stream = Stream()
    cases = await assigned(notify, stream, 6)
    await late(notify, stream, cases[:3])
    await notify.make_due()
    (bundle,) = (await reserve(notify)).bundles
    # One before the claim, one after it: neither is in the text that has been written.
    await late(notify, stream, cases[3:4])
    claim = partial(
        sending.claim, bundle=bundle, channel=bundle.first.channel, lease=sending.RESERVATION
    )
    attempts = await run(notify.database.worker, ACTOR, claim)
    assert attempts == dict.fromkeys((one.delivery_id for one in bundle.deliveries), 1)
    assert len(bundle.deliveries) == 3
    await late(notify, stream, cases[4:])
    await notify.make_due()
    driver = Scripted()
    await drain(notify.sender(driver))
    (message,) = driver.sent
    assert message.message_id != bundle.message_id
    assert await digests(notify) == {
        ("SENDING", bundle.message_id, "dd0"): 3,
        ("SENT", message.message_id, "dd0"): 3,
    }
    finish = partial(
        sending.finish,
        deliveries=bundle.deliveries,
        attempts=attempts or {},
        result=Sent(),
        most_attempts=3,
    )
    await run(notify.database.worker, ACTOR, finish)
    assert await notify.facts() == {"DeliveriesPlanned": 12, "DeliverySent": 12}
    assert await notify.findings() == []


async def test_a_crash_with_a_digest_in_hand_leaves_all_of_it_unknown_and_none_is_sent_again(
    notify: Notify,
) -> None:
    stream = Stream()
    await late(notify, stream, await assigned(notify, stream, 5))
    await notify.make_due()
    hanging = Hanging()
    dying = asyncio.create_task(notify.sender(hanging, timeout_seconds=0.3).step())
    await hanging.taken.wait()
    dying.cancel()  # As a power cut would: nothing of its own is written any more.
    await asyncio.gather(dying, return_exceptions=True)
    assert await notify.states() == {"SENT": 5, "SENDING": 5}

    driver = Scripted()
    sender = notify.sender(driver)

    async def unknown() -> bool:
        await sender.step()
        return await notify.states() == {"SENT": 5, "UNKNOWN": 5}

    await eventually(unknown, what="the lease ends")
    for _ in range(3):
        await notify.make_due()
        await sender.step()
    assert (hanging.count, driver.sent) == (1, [])
    facts = await notify.facts()
    assert (facts["DeliveryUnknown"], facts["DeliverySent"]) == (5, 5)
    assert len(await digests(notify)) == 1
    assert await notify.findings() == []


async def test_a_crash_before_the_claim_has_sent_nothing_and_is_made_up_for(
    notify: Notify,
) -> None:
    stream = Stream()
    await late(notify, stream, await assigned(notify, stream, 3))
    await notify.make_due()
    assert len((await reserve(notify)).bundles) == 1
    driver = Scripted()
    sender = notify.sender(driver)
    await sender.step()
    assert driver.sent == []  # In other hands, as far as anyone can tell.
    await notify.make_due()
    await sender.step()
    assert len(driver.sent) == 1
    assert await notify.states() == {"SENT": 6}


async def test_many_senders_make_one_message_of_it(notify: Notify) -> None:
    stream = Stream()
    cases = await assigned(notify, stream, 30)
    driver = Scripted()
    senders = [notify.sender(driver) for _ in range(4)]
    for start in range(0, 30, 10):
        await late(notify, stream, cases[start : start + 10])
        await notify.make_due()
        await asyncio.gather(*(drain(sender) for sender in senders))
    assert len(driver.sent) == 3
    assert sorted((await digests(notify)).values()) == [10, 10, 10]
    assert await notify.facts() == {"DeliveriesPlanned": 60, "DeliverySent": 60}
    assert await notify.findings() == []


async def test_a_group_is_taken_in_hand_whole_or_not_at_all(notify: Notify) -> None:
    stream = Stream()
    cases = await assigned(notify, stream, 3)
    await late(notify, stream, cases[:2])
    await notify.make_due()
    (slow,) = (await reserve(notify)).bundles
    # Another becomes due, and whoever takes it up takes those along that wait with it.
    await late(notify, stream, cases[2:])
    await notify.make_due()
    (quick,) = (await reserve(notify)).bundles
    assert (len(slow.deliveries), len(quick.deliveries)) == (2, 3)
    claims = [
        await run(
            notify.database.worker,
            ACTOR,
            partial(
                sending.claim,
                bundle=bundle,
                channel=bundle.first.channel,
                lease=sending.RESERVATION,
            ),
        )
        for bundle in (slow, quick)
    ]
    assert claims[0] is None
    assert claims[1] is not None
    assert await digests(notify) == {("SENDING", quick.message_id, "dd0"): 3}


async def test_of_a_group_that_has_lost_one_nothing_is_claimed(notify: Notify) -> None:
    stream = Stream()
    await late(notify, stream, await assigned(notify, stream, 3))
    await notify.make_due()
    (bundle,) = (await reserve(notify)).bundles
    async with notify.database.worker.connection() as connection:
        await connection.execute(
            "UPDATE deliveries SET next_time = next_time + interval '1 second' "
            "WHERE delivery_id = $1",
            bundle.deliveries[1].delivery_id,
        )
    claim = partial(
        sending.claim, bundle=bundle, channel=bundle.first.channel, lease=sending.RESERVATION
    )
    assert await run(notify.database.worker, ACTOR, claim) is None
    assert await digests(notify) == {("PLANNED", None, "dd0"): 3}


async def test_a_digest_that_is_tried_again_is_the_same(notify: Notify) -> None:
    """Whoever takes a message at most once by its id must get the same text under it."""
    stream = Stream()
    # So that those tried and those not tried wait for the same way.
    await put(notify, Contact("dd0", phone="13900000001"))
    cases = await assigned(notify, stream, 4)
    await late(notify, stream, cases[:3])
    await notify.make_due()
    driver = Scripted([NotSent("WEBHOOK_503")])
    sender = notify.sender(driver)
    await sender.step()
    assert await digests(notify) == {("PLANNED", driver.sent[0].message_id, "dd0"): 3}
    await late(notify, stream, cases[3:])
    await notify.make_due()
    await drain(sender)
    assert len(driver.sent) == 3
    again = [one for one in driver.sent[1:] if one.message_id == driver.sent[0].message_id]
    assert [one.body for one in again] == [driver.sent[0].body]
    assert sorted((await digests(notify)).values()) == [1, 3]
    assert await notify.findings() == []


async def test_a_digest_that_is_given_up_ends_for_all_in_it(notify: Notify) -> None:
    stream = Stream()
    await late(notify, stream, await assigned(notify, stream, 3))
    await notify.make_due()
    await notify.sender(Scripted([NotSent("SMTP_550", final=True)])).step()
    assert await notify.states() == {"SENT": 3, "FAILED": 3}
    facts = await notify.facts()
    assert facts["DeliveryFailed"] == 3
    assert await notify.findings() == []


async def test_while_an_address_cannot_be_asked_more_may_join(notify: Notify) -> None:
    stream = Stream()
    cases = await assigned(notify, stream, 3)
    callback = partial(stream.breached, consequence=sla_pb2.CONSEQUENCE_CALLBACK, late=LATE)
    kind = sla_pb2.CLOCK_KIND_CONFIRMATION
    await take(notify, [callback(case_id, kind) for case_id in cases[:2]])
    await notify.make_due()
    driver = Scripted()
    sender = notify.sender(driver)
    notify.routing.away = True
    await sender.step()
    rows = await notify.rows("SELECT state, attempt_count, digest_id FROM deliveries WHERE digest")
    assert [tuple(row) for row in rows] == [("PLANNED", 0, None)] * 2
    notify.routing.away = False
    await take(notify, [callback(cases[2], kind)])
    await notify.make_due()
    await sender.step()
    (message,) = driver.sent
    assert message.body.count("请安排回访") == 3


async def test_a_very_long_digest_ends_for_every_one_of_its_messages(notify: Notify) -> None:
    stream = Stream()
    (case_id,) = await assigned(notify, stream, 1)
    await late(notify, stream, [case_id])
    async with notify.database.worker.connection() as connection:
        await connection.execute(
            "INSERT INTO deliveries (delivery_id, site_id, subject_id, case_id, fact_source, "
            "fact_version, recipient, channel, template, reference, urgent, digest, context, "
            "state, plan_time, next_time) "
            "SELECT gen_random_uuid(), site_id, subject_id, case_id, fact_source, number, "
            "recipient, channel, template, reference || number, urgent, digest, context, state, "
            "plan_time, next_time FROM deliveries, generate_series(10, 1128) AS number WHERE digest"
        )
    await notify.make_due()
    await drain(notify.sender())
    (file,) = notify.files()
    text = file.read_text(encoding="utf-8")
    assert text.count("\n- 诉求 ") == 100
    assert "另有 1020 项未列出" in text
    assert await notify.states() == {"SENT": 1121}
    assert (await notify.facts())["DeliverySent"] == 1121


async def test_the_sender_sleeps_until_the_hold_is_over(notify: Notify) -> None:
    stream = Stream()
    await late(notify, stream, await assigned(notify, stream, 1))
    pause = await notify.sender().step()
    assert pause is not None
    assert 30 < pause <= 60
    assert (await notify.rows("SELECT site_id FROM deliveries WHERE digest"))[0]["site_id"] == SITE


async def test_a_digest_of_two_people_would_be_found(notify: Notify) -> None:
    stream = Stream()
    await late(notify, stream, await assigned(notify, stream, 2, stewards=2))
    await notify.make_due()
    await drain(notify.sender(Scripted()))
    assert await notify.findings() == []
    async with notify.database.worker.connection() as connection:
        await connection.execute("UPDATE deliveries SET digest_id = gen_random_uuid() WHERE digest")
        await connection.execute(
            "UPDATE deliveries SET digest_id = (SELECT digest_id FROM deliveries WHERE digest "
            "LIMIT 1) WHERE digest"
        )
    assert [name for name, _ in await notify.findings()] == ["digest_of_several"]

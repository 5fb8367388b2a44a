"""The sender: finds the way, sends once, and never again what may have gone out."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from backstop.fact.v1 import fact_pb2
from chassis.actor import Actor
from chassis.testing import make_call
from chassis.work import once, run
from services.notify.domain.contacts import Contact, PutContacts
from services.notify.domain.deliveries import NotSent, Result, Sent
from services.notify.drivers.base import Outgoing
from services.notify.handlers import commands, sending
from services.notify.workers import Sender
from tests.integration.notify.conftest import ACTOR, Notify
from tests.integration.notify.stream import SITE, Stream
from tests.waiting import eventually

ADMINISTRATOR = Actor("admin", roles=frozenset({"ADMINISTRATOR"}), sites=frozenset({SITE}))


@dataclass(slots=True)
class Scripted:
    """A driver that answers as told and counts what it was given."""

    results: list[Result] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)

    async def send(self, message: Outgoing) -> Result:
        self.sent.append(message)
        return self.results.pop(0) if self.results else Sent()

    async def close(self) -> None:
        return


@dataclass(slots=True)
class Hanging:
    """A driver that takes a message and is never heard of again."""

    taken: asyncio.Event = field(default_factory=asyncio.Event)
    count: int = 0

    async def send(self, message: Outgoing) -> Result:
        self.count += 1
        self.taken.set()
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def close(self) -> None:
        return


async def take(notify: Notify, *facts: fact_pb2.Fact) -> None:
    for fact in facts:
        await notify.gatekeeper.take([fact], fact.source)


async def put(notify: Notify, *contacts: Contact) -> None:
    command = PutContacts(SITE, contacts)
    await once(
        notify.database.app,
        make_call(ADMINISTRATOR),
        partial(commands.put_contacts, command=command, keys=notify.keys),
    )


async def drain(sender: Sender) -> None:
    """Steps a sender until nothing is due."""
    for _ in range(50):
        if await sender.step() != 0.0:
            return
    raise AssertionError("it never ends")


async def test_staff_are_reached_by_their_own_contacts(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    case_id = registered.subject_id
    await put(
        notify,
        Contact("dd01", phone="13900000001"),
        Contact("dd02", email="dd02@example.com", language="en"),
    )
    await take(notify, stream.directory(), registered, stream.assigned(case_id))
    driver = Scripted()
    await notify.sender(driver).step()
    (message,) = driver.sent
    assert (message.channel, message.address, message.language) == ("PHONE", "+8613900000001", "zh")
    assert "洗浴" in message.body
    assert "澡堂队" in message.body
    assert await notify.states() == {"SENT": 1}

    other = stream.registered()
    await take(notify, other, stream.assigned(other.subject_id, "dd02"))
    await notify.sender(driver).step()
    message = driver.sent[-1]
    assert (message.channel, message.address, message.language) == (
        "EMAIL", "dd02@example.com", "en",
    )  # fmt: skip
    assert message.subject.startswith("Case YW-")

    nobody = stream.registered()
    await take(notify, nobody, stream.assigned(nobody.subject_id, "dd03"))
    await notify.sender(driver).step()
    assert (driver.sent[-1].channel, driver.sent[-1].to) == ("PAPER", "dd03")
    channels = await notify.rows("SELECT channel FROM deliveries ORDER BY delivery_id")
    assert [row["channel"] for row in channels] == ["PHONE", "EMAIL", "PAPER"]
    assert await notify.findings() == []


async def test_the_reporter_is_reached_by_what_intake_says_and_else_on_paper(
    notify: Notify,
) -> None:
    stream = Stream()
    known, unknown, silent = (
        stream.registered(), stream.registered(), stream.registered(has_phone=False),
    )  # fmt: skip
    notify.intake.contacts[known.subject_id] = ("13700000000", "")
    for fact in (known, unknown, silent):
        await take(notify, fact, stream.clocks_started(fact.subject_id))
    driver = Scripted()
    await notify.sender(driver).step()
    ways = {message.case_id: (message.channel, message.address) for message in driver.sent}
    assert ways == {
        known.subject_id: ("PHONE", "13700000000"),
        unknown.subject_id: ("PAPER", ""),
        silent.subject_id: ("PAPER", ""),
    }
    # Nobody is asked about a reporter who is known to have no way.
    assert notify.intake.asked == 2


async def test_a_position_is_whoever_is_on_duty_then(notify: Notify) -> None:
    stream = Stream()
    await put(notify, Contact("lead1", phone="13900000001"))
    await take(notify, stream.directory())
    driver = Scripted()

    await take(notify, stream.registered(urgent=True))
    notify.routing.duty = {"DUTY_LEAD": "lead1"}
    await notify.sender(driver).step()
    assert (driver.sent[-1].channel, driver.sent[-1].address) == ("PHONE", "+8613900000001")

    await take(notify, stream.registered(urgent=True))
    notify.routing.duty = {"DUTY_LEAD": ""}
    await notify.sender(driver).step()
    assert (driver.sent[-1].channel, driver.sent[-1].to) == ("PAPER", "值班负责人")

    registered = stream.registered()
    await take(notify, registered, stream.assigned(registered.subject_id, "position:DISPATCH_ROOM"))
    notify.routing.duty = {"DUTY_LEAD": "lead1"}
    await notify.sender(driver).step()
    assert driver.sent[-1].address == "+8613900000001"


async def test_while_intake_is_away_the_message_waits_and_loses_no_attempt(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    await take(notify, registered, stream.clocks_started(registered.subject_id))
    notify.intake.contacts[registered.subject_id] = ("13700000000", "")
    notify.intake.away = True
    driver = Scripted()
    sender = notify.sender(driver)
    await sender.step()
    (row,) = await notify.rows("SELECT state, attempt_count FROM deliveries")
    assert tuple(row) == ("PLANNED", 0)
    assert driver.sent == []
    notify.intake.away = False
    await sender.step()
    assert driver.sent == []  # Put off: not asked again at once.
    await notify.make_due()
    await sender.step()
    assert [message.address for message in driver.sent] == ["13700000000"]


async def test_many_senders_send_everything_once(notify: Notify) -> None:
    stream = Stream()
    for _ in range(30):
        registered = stream.registered()
        await take(notify, registered, stream.assigned(registered.subject_id))
    driver = Scripted()
    senders = [notify.sender(driver, concurrency=3) for _ in range(4)]
    await asyncio.gather(*(drain(sender) for sender in senders))
    counts = Counter(message.message_id for message in driver.sent)
    assert len(counts) == 30
    assert set(counts.values()) == {1}
    assert await notify.facts() == {"DeliveriesPlanned": 30, "DeliverySent": 30}
    assert await notify.findings() == []


async def test_urgent_messages_go_first(notify: Notify) -> None:
    stream = Stream()
    notify.routing.duty = {"DUTY_LEAD": "lead1"}
    for urgent in (False, False, True):
        registered = stream.registered(urgent=urgent)
        await take(notify, registered, stream.assigned(registered.subject_id))
    driver = Scripted()
    await notify.sender(driver, concurrency=2).step()
    assert [message.urgent for message in driver.sent] == [True, True]


async def test_a_lease_that_ends_leaves_the_message_unknown_and_it_is_never_sent_again(
    notify: Notify,
) -> None:
    stream = Stream()
    registered = stream.registered()
    await take(notify, registered, stream.assigned(registered.subject_id))
    hanging = Hanging()
    dying = asyncio.create_task(notify.sender(hanging, timeout_seconds=0.3).step())
    await hanging.taken.wait()
    dying.cancel()  # As a power cut would: nothing of its own is written any more.
    await asyncio.gather(dying, return_exceptions=True)
    assert await notify.states() == {"SENDING": 1}

    driver = Scripted()
    sender = notify.sender(driver)

    async def unknown() -> bool:
        await sender.step()
        return await notify.states() == {"UNKNOWN": 1}

    await eventually(unknown, what="the lease ends")
    for _ in range(3):
        await notify.make_due()
        await sender.step()
    assert (hanging.count, driver.sent) == (1, [])
    assert await notify.facts() == {"DeliveriesPlanned": 1, "DeliveryUnknown": 1}
    (row,) = await notify.rows("SELECT problem, attempt_count FROM deliveries")
    assert tuple(row) == ("LEASE_OVER", 1)
    assert await notify.findings() == []


async def test_a_worker_that_was_only_slow_settles_what_had_become_unknown(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    await take(notify, registered, stream.assigned(registered.subject_id))
    database = notify.database.worker
    batch = await run(database, ACTOR, partial(sending.reserve, limit=1))
    (bundle,) = batch.bundles
    attempts = await run(
        database,
        ACTOR,
        partial(
            sending.claim,
            bundle=bundle,
            channel=bundle.first.channel,
            lease=sending.RESERVATION * 0,
        ),
    )
    assert attempts == {bundle.message_id: 1}
    await run(database, ACTOR, partial(sending.expire, guard=notify.guard))
    assert await notify.states() == {"UNKNOWN": 1}
    await run(
        database,
        ACTOR,
        partial(
            sending.finish,
            deliveries=bundle.deliveries,
            attempts=attempts,
            result=Sent(),
            most_attempts=3,
        ),
    )
    assert await notify.states() == {"SENT": 1}
    assert await notify.facts() == {
        "DeliveriesPlanned": 1, "DeliveryUnknown": 1, "DeliverySent": 1,
    }  # fmt: skip
    assert await notify.findings() == []


async def test_a_reservation_that_passed_to_another_cannot_be_claimed(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    await take(notify, registered, stream.assigned(registered.subject_id))
    database = notify.database.worker
    slow = await run(database, ACTOR, partial(sending.reserve, limit=1))
    assert (await run(database, ACTOR, partial(sending.reserve, limit=1))).bundles == []
    await notify.make_due()
    quick = await run(database, ACTOR, partial(sending.reserve, limit=1))
    attempts = [
        await run(
            database,
            ACTOR,
            partial(
                sending.claim,
                bundle=batch.bundles[0],
                channel=batch.bundles[0].first.channel,
                lease=sending.RESERVATION,
            ),
        )
        for batch in (slow, quick)
    ]
    assert attempts == [None, {quick.bundles[0].message_id: 1}]


async def test_what_certainly_did_not_go_out_is_tried_again_and_then_given_up(
    notify: Notify,
) -> None:
    stream = Stream()
    registered = stream.registered()
    await take(notify, registered, stream.assigned(registered.subject_id))
    driver = Scripted([NotSent("SMTP_451"), NotSent("SMTP_451"), NotSent("SMTP_452")])
    sender = notify.sender(driver)
    await sender.step()
    await sender.step()
    assert len(driver.sent) == 1  # It waits before it tries again.
    for _ in range(2):
        await notify.make_due()
        await sender.step()
    (row,) = await notify.rows("SELECT state, attempt_count, problem FROM deliveries")
    assert tuple(row) == ("FAILED", 3, "SMTP_452")
    assert len({message.message_id for message in driver.sent}) == 1
    assert await notify.facts() == {"DeliveriesPlanned": 1, "DeliveryFailed": 1}
    assert await notify.findings() == []


async def test_the_sender_wakes_when_something_is_planned_and_stops_when_told(
    notify: Notify,
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(notify.sender().run(stop))
    stream = Stream()
    registered = stream.registered()
    await take(notify, stream.directory(), registered, stream.assigned(registered.subject_id))

    async def written() -> bool:
        return len(notify.files()) == 1

    await eventually(written, what="the message is in the mailbox")
    stop.set()
    await asyncio.wait_for(running, 5)
    text = notify.files()[0].read_text(encoding="utf-8")
    assert "To: 包保·甲" in text
    assert "淋浴头坏了" not in text  # The reporter's words stay in the case file.


async def test_a_template_that_is_not_there_fails_its_message_alone(notify: Notify) -> None:
    stream = Stream()
    first, second = stream.registered(), stream.registered()
    await take(
        notify, first, stream.assigned(first.subject_id),
        second, stream.assigned(second.subject_id),
    )  # fmt: skip
    async with notify.database.worker.connection() as connection:
        await connection.execute(
            "INSERT INTO deliveries (delivery_id, site_id, subject_id, case_id, fact_source, "
            "fact_version, recipient, channel, template, reference, urgent, digest, context, "
            "state, plan_time, next_time)"
            " SELECT gen_random_uuid(), site_id, subject_id, case_id, 'routing', 1, 'dd09', "
            "channel, 'nope', '', false, false, context, state, plan_time, next_time "
            "FROM deliveries LIMIT 1"
        )
    driver = Scripted()
    await notify.sender(driver).step()
    assert await notify.states() == {"SENT": 2, "FAILED": 1}

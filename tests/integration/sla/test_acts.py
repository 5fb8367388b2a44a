"""The list of a case's acts says everything: what is stored follows from it, to the letter."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from chassis.actor import service_actor
from chassis.clock import set_offset
from chassis.convert import to_date_message, to_duration
from chassis.database import Database
from chassis.ids import new_id
from chassis.journal import timestamp
from chassis.work import Work, run
from services.sla.domain.acts import Act, Amended, Elapsed, Logged, Paused, Registered, Resumed
from services.sla.domain.docket import File
from services.sla.domain.kinds import AmendmentCause, PauseReason
from services.sla.domain.replay import replay
from services.sla.handlers.facts import apply_act
from services.sla.handlers.timers import fire_due
from services.sla.store import files
from services.sla.store.terms import load_versions
from tests.integration.sla.conftest import SITE, Sla, fed_back, timer

SLA = service_actor("sla")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def command(sla: Sla, case_id: str, act: Act) -> None:
    """Applies an act that comes from no fact."""

    async def apply(work: Work) -> None:
        await work.lock(SITE, case_id)
        await apply_act(work, case_id, SITE, act, work.time, "p-2", type(act).__name__, work.time)

    await run(sla.database.worker, SLA, apply)


async def acts_of(sla: Sla, case_id: str) -> list[Logged]:
    async with sla.database.worker.connection() as connection:
        return (await files.load_acts(connection, [case_id]))[case_id]


async def assert_replayed(sla: Sla, case_id: str, site_id: str = SITE) -> None:
    """Asserts that case and clocks as stored are those that follow from the acts."""
    async with sla.database.worker.connection() as connection:
        logged = (await files.load_acts(connection, [case_id]))[case_id]
        clocks = await files.load_all_clocks(connection, case_id)
        case = await files.load_case(connection, case_id, [])
        live = (await files.load_files(connection, [case_id]))[case_id]
        wanted = {(one.policy_version, one.calendar_version) for one in logged}
        terms = await load_versions(connection, site_id, wanted)
    history = replay(
        case_id, site_id, logged, lambda one: terms[one.policy_version, one.calendar_version]
    )
    assert history.case == case
    assert list(history.clocks) == clocks
    assert live == File(history.case, live.clocks)
    assert {clock for clock in history.clocks if clock.live} == set(live.clocks)


@dataclass
class Fate:
    """Drives one case through a life that a seed decides."""

    sla: Sla
    case_id: str
    chance: random.Random
    cycle: int = 1
    answers: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    async def tell(self, message: Message) -> None:
        await self.sla.tell(message, await self.sla.now())

    async def answer(self) -> None:
        kinds = (
            intake_pb2.ANSWER_KIND_FIRST_REPLY,
            intake_pb2.ANSWER_KIND_PLAN,
            intake_pb2.ANSWER_KIND_PROGRESS,
        )
        message = fed_back(
            self.case_id, self.chance.choice(kinds), await self.sla.now(), self.cycle
        )
        if message.kind == intake_pb2.ANSWER_KIND_PLAN:
            promised = (await self.sla.now() + self.chance.randrange(12) * DAY).date()
            message.promised_date.CopyFrom(to_date_message(promised))
        self.answers.append(message.answer_id)
        await self.tell(message)

    async def move_promise(self) -> None:
        if self.answers:
            promised = (await self.sla.now() + self.chance.randrange(20) * DAY).date()
            await self.tell(
                intake.CasePromiseMoved(
                    case_id=self.case_id,
                    cycle=self.cycle,
                    answer_id=self.chance.choice(self.answers),
                    promised_date=to_date_message(promised),
                    reason="缺料",
                    approved_by="p-2",
                )
            )

    async def dispatch(self) -> None:
        self.orders.append(new_id())
        deadline = await self.sla.now() + self.chance.randrange(1, 10) * DAY
        order = routing_pb2.WorkOrder(
            work_order_id=self.orders[-1], deadline_time=timestamp(deadline)
        )
        await self.tell(routing.WorkOrdersDispatched(case_id=self.case_id, work_orders=[order]))

    async def work_order(self) -> None:
        if self.orders:
            kinds: Sequence[Callable[..., Message]] = (
                routing.WorkOrderReturned,
                routing.WorkOrderRuled,
                routing.WorkOrderCompleted,
            )
            order = self.chance.choice(self.orders)
            kind = self.chance.choice(kinds)
            await self.tell(kind(case_id=self.case_id, work_order_id=order))

    async def extend(self) -> None:
        if self.orders:
            deadline = await self.sla.now() + self.chance.randrange(1, 20) * DAY
            await self.tell(
                routing.WorkOrderExtended(
                    case_id=self.case_id,
                    work_order_id=self.chance.choice(self.orders),
                    deadline_time=timestamp(deadline),
                )
            )

    async def assign(self) -> None:
        steward = self.chance.choice(["p-7", "p-8", ""])
        await self.tell(
            routing.CaseAssigned(
                case_id=self.case_id,
                unit_id=self.chance.choice(["mining-1", ""]),
                steward=steward,
                accountable=steward or "position:DISPATCH_ROOM",
            )
        )

    async def climb(self) -> None:
        message = routing.CaseEscalated(
            case_id=self.case_id,
            cycle=self.cycle,
            to_level=self.chance.randrange(1, 4),
            dwell_working_days=1,
            accountable="p-9",
            top=self.chance.random() < 0.2,
            fallback=self.chance.random() < 0.2,
        )
        if self.chance.random() < 0.5:
            message.dwell_working_days = 0
            message.dwell_working_time.CopyFrom(to_duration(4 * HOUR))
        await self.tell(message)

    async def go_down(self) -> None:
        level = self.chance.randrange(3)
        await self.tell(
            routing.CaseDeescalated(
                case_id=self.case_id,
                cycle=self.cycle,
                from_level=level + 1,
                to_level=level,
                dwell_working_days=self.chance.randrange(2) if level else 0,
                accountable="p-9",
                fallback=self.chance.random() < 0.2,
            )
        )

    async def reopen_order(self) -> None:
        if self.orders:
            deadline = await self.sla.now() + self.chance.randrange(1, 10) * DAY
            order = routing_pb2.WorkOrder(
                work_order_id=self.chance.choice(self.orders), deadline_time=timestamp(deadline)
            )
            await self.tell(routing.WorkOrderReopened(case_id=self.case_id, work_order=order))

    async def instruct(self) -> None:
        await self.tell(
            routing.CaseInstructed(case_id=self.case_id, cycle=self.cycle, accountable="p-7")
        )

    async def resolve(self) -> None:
        await self.tell(intake.CaseResolved(case_id=self.case_id, cycle=self.cycle, fed_back=True))

    async def call_back(self) -> None:
        reached = self.chance.random() < 0.3
        await self.tell(
            intake.CaseCalledBack(case_id=self.case_id, cycle=self.cycle, reached=reached)
        )

    async def reject(self) -> None:
        self.cycle += 1
        await self.tell(intake.CaseRejected(case_id=self.case_id, new_cycle=self.cycle))

    async def flag(self) -> None:
        await self.tell(
            intake.CaseFlagged(
                case_id=self.case_id,
                flag=intake_pb2.CASE_FLAG_LONG_STANDING,
                set=self.chance.random() < 0.7,
            )
        )

    async def pause(self) -> None:
        now = await self.sla.now()
        reason = self.chance.choice(list(PauseReason))
        latest = now + self.chance.randrange(1, 6) * DAY
        await command(self.sla, self.case_id, Paused(reason, now, latest, "等待检修", "p-2"))

    async def resume(self) -> None:
        await command(self.sla, self.case_id, Resumed(await self.sla.now()))

    async def amend(self) -> None:
        cause = self.chance.choice([AmendmentCause.CALENDAR, AmendmentCause.POLICY])
        await command(self.sla, self.case_id, Amended(cause))

    async def live(self, steps: int) -> None:
        """Lets so many things happen, with up to three days after each."""
        doings: Sequence[Callable[[], Awaitable[None]]] = (
            self.answer, self.answer, self.move_promise, self.dispatch, self.work_order,
            self.go_down, self.reopen_order,
            self.extend, self.assign, self.climb, self.instruct, self.resolve, self.call_back,
            self.reject, self.flag, self.pause, self.pause, self.resume, self.amend,
        )  # fmt: skip
        for _ in range(steps):
            await self.chance.choice(doings)()
            if self.chance.random() < 0.6:
                offset = await self.offset() + self.chance.randrange(1, 72) * HOUR
                await self.sla.pass_time(offset)

    async def offset(self) -> timedelta:
        (row,) = await self.sla.rows("SELECT clock_offset FROM suite_clock")
        offset: timedelta = row["clock_offset"]
        return offset


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_stored_follows_from_the_acts(sla: Sla, seed: int) -> None:
    chance = random.Random(seed)
    (case_id,) = await sla.register(
        await sla.now(),
        unit_id="mining-1",
        urgency=intake_pb2.URGENCY_URGENT,
        confidentiality=chance.choice(
            [intake_pb2.CONFIDENTIALITY_NAMED, intake_pb2.CONFIDENTIALITY_ANONYMOUS]
        ),
    )
    fate = Fate(sla, case_id, chance)
    for _ in range(4):
        await fate.live(10)
        await assert_replayed(sla, case_id)
    await fate.tell(intake.CaseClosed(case_id=case_id))
    await assert_replayed(sla, case_id)
    logged = await acts_of(sla, case_id)
    assert isinstance(logged[0].act, Registered)
    assert any(isinstance(one.act, Elapsed) for one in logged)


async def test_a_site_unknown_yet_is_replayed_too(sla: Sla) -> None:
    (case_id,) = await sla.register(await sla.now(), site_id="elsewhere")
    async with sla.database.worker.connection() as connection:
        logged = (await files.load_acts(connection, [case_id]))[case_id]
        clocks = await files.load_all_clocks(connection, case_id)
        terms = await load_versions(connection, "elsewhere", [(0, 0)])
    history = replay(case_id, "elsewhere", logged, lambda _: terms[0, 0])
    assert list(history.clocks) == clocks


async def test_an_act_says_who_and_what_led_to_it_and_under_which_terms(sla: Sla) -> None:
    now = await sla.now()
    (case_id,) = await sla.register(now - HOUR, recorded=now - timedelta(minutes=1))
    await sla.tell(routing.CaseAssigned(case_id=case_id, steward="p-7", accountable="p-7"), now)
    await sla.pass_time(10 * DAY)
    registered, assigned, *passed = await acts_of(sla, case_id)
    assert (registered.cause, registered.actor) == ("CaseRegistered", "p-1")
    assert registered.moment.known == now - timedelta(minutes=1)
    assert registered.moment.serial == 0
    assert (registered.policy_version, registered.calendar_version) == (1, 1)
    # It moved no clock, and is on record.
    assert assigned.cause == "CaseAssigned"
    assert assigned.moment.serial == 1
    assert passed
    assert {(type(one.act), one.cause, one.actor) for one in passed} == {
        (Elapsed, "time", SLA.subject)
    }


async def test_time_in_which_nothing_was_due_is_no_act(sla: Sla) -> None:
    (case_id,) = await sla.register(await sla.now())
    # As where a clock that was seen to be due has been stopped before the case was locked.
    fired = await run(sla.database.worker, SLA, partial(fire_due, subject_ids=[case_id]))
    assert fired == 0
    assert len(await acts_of(sla, case_id)) == 1


async def test_what_does_not_count_is_no_act(sla: Sla) -> None:
    now = await sla.now()
    (case_id,) = await sla.register(now)
    await sla.tell(intake.CaseConfirmed(case_id=case_id, cycle=1, counts=False), now)
    assert len(await acts_of(sla, case_id)) == 1


async def test_two_workers_and_one_that_falls_apply_each_act_once(sla: Sla) -> None:
    """A worker is stopped in the middle again and again while another one goes on."""
    now = await sla.now()
    ids = await sla.register(now, count=120)
    await set_offset(sla.database.worker, 10 * DAY)
    other = await Database.open(sla.database.dsn("worker"), schema="sla", size=4)
    try:
        first = await timer(sla.database.worker, batch_size=10)
        second = await timer(other, batch_size=10)

        async def steadily() -> None:
            # What the other one has in hand is due still.
            while (left := await second.step()) is not None and left < 1.0:
                pass

        async def falling() -> None:
            chance = random.Random(7)
            for _ in range(30):
                step = asyncio.create_task(first.step())
                # Whatever it has begun by then is rolled back.
                await asyncio.wait([step], timeout=chance.uniform(0.001, 0.03))
                step.cancel()
                await asyncio.gather(step, return_exceptions=True)

        await asyncio.gather(steadily(), falling())
        while await first.step() == 0.0:
            pass
    finally:
        await other.close()
    acts = await sla.rows(
        "SELECT case_id, count(*) AS n FROM acts WHERE kind = 'Elapsed' GROUP BY case_id"
    )
    assert {row["case_id"]: row["n"] for row in acts} == dict.fromkeys(ids, 1)
    breaches = await sla.rows(
        "SELECT subject_id, count(*) AS n FROM journal"
        " WHERE type = 'backstop.sla.v1.ClockBreached' GROUP BY subject_id"
    )
    assert {row["subject_id"] for row in breaches} == {*ids}
    assert {row["n"] for row in breaches} == {2}
    for case_id in ids[:5]:
        await assert_replayed(sla, case_id)

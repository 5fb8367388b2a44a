"""Facts of routing about units' tasks, levels, sweeps and repairs, and whom they tell."""

from datetime import timedelta

from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2, routing_sweeps_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import NOW, Stream
from tests.integration.notify.test_facts import told
from tests.integration.notify.test_sending import Scripted, take

DUE = to_timestamp(NOW + timedelta(days=10))
LATER = to_timestamp(NOW + timedelta(days=12))


async def assigned(notify: Notify) -> tuple[Stream, str]:
    """Takes a registration and its assignment to dd01."""
    stream = Stream()
    registered = stream.registered()
    await take(notify, registered, stream.assigned(registered.subject_id))
    return stream, registered.subject_id


async def after(notify: Notify, stream: Stream, case_id: str, message: Message) -> list[object]:
    """Takes a fact of routing; returns whom it told, and by which template."""
    before = len(await told(notify, case_id))
    await take(notify, stream.fact("routing", case_id, message))
    return list((await told(notify, case_id))[before:])


def dispatched(case_id: str) -> routing.WorkOrdersDispatched:
    """Two units have a task each: head1 leads the bathhouse."""
    return routing.WorkOrdersDispatched(
        case_id=case_id,
        work_orders=[
            routing_pb2.WorkOrder(work_order_id="wo-1", unit_id="bathhouse", deadline_time=DUE),
            routing_pb2.WorkOrder(work_order_id="wo-2", unit_id="south", deadline_time=DUE),
        ],
        heads=["head1", "head2"],
    )


async def test_a_ruling_and_what_is_late_afterwards_reach_the_unit_that_has_it(
    notify: Notify,
) -> None:
    stream, case_id = await assigned(notify)
    await after(notify, stream, case_id, dispatched(case_id))
    ruled = routing.WorkOrderRuled(
        case_id=case_id, work_order_id="wo-1", kind=routing_pb2.RULING_KIND_REDISPATCH,
        unit_id="logistics", head="head3", deadline_time=LATER, task="换淋浴头",
        previous_unit_id="bathhouse",
    )  # fmt: skip
    assert await after(notify, stream, case_id, ruled) == [
        ("head3", "work_order_ruled"),
        ("head1", "work_order_ruled_on"),
    ]
    late = sla.ClockBreached(
        case_id=case_id,
        clock=stream.clock(case_id, sla_pb2.CLOCK_KIND_WORK_ORDER, "wo-1"),
        consequence=sla_pb2.CONSEQUENCE_HEAD_OF_UNIT,
    )
    await take(notify, stream.fact("sla", case_id, late))
    assert (await told(notify, case_id))[-1] == ("head3", "work_order_late")


async def test_a_unit_that_keeps_its_task_keeps_its_head(notify: Notify) -> None:
    stream, case_id = await assigned(notify)
    await after(notify, stream, case_id, dispatched(case_id))
    upheld = routing.WorkOrderRuled(
        case_id=case_id, work_order_id="wo-1", kind=routing_pb2.RULING_KIND_UPHOLD,
        unit_id="bathhouse", deadline_time=DUE, previous_unit_id="bathhouse",
    )  # fmt: skip
    assert await after(notify, stream, case_id, upheld) == [("head1", "work_order_ruled")]
    met = routing.WorkOrderRuled(
        case_id=case_id, work_order_id="wo-1", kind=routing_pb2.RULING_KIND_JOINT_MEETING,
        unit_id="logistics", deadline_time=DUE, previous_unit_id="bathhouse",
        meeting_unit_ids=["bathhouse", "south", "unknown"],
    )  # fmt: skip
    assert await after(notify, stream, case_id, met) == [
        ("unit:logistics", "work_order_ruled"),
        ("head1", "work_order_ruled_on"),
        ("head2", "work_order_ruled_on"),
    ]
    old = routing.WorkOrderRuled(case_id=case_id, work_order_id="wo-1", unit_id="bathhouse")
    assert await after(notify, stream, case_id, old) == []


async def test_more_time_asked_given_and_declined(notify: Notify) -> None:
    stream, case_id = await assigned(notify)
    await after(notify, stream, case_id, dispatched(case_id))
    asked = routing.WorkOrderExtensionAsked(
        case_id=case_id, work_order_id="wo-1", unit_id="bathhouse", asked_by="asker1",
        deadline_time=DUE, asked_deadline_time=LATER, reason="配件未到",
    )  # fmt: skip
    given = routing.WorkOrderExtended(
        case_id=case_id, work_order_id="wo-1", deadline_time=LATER, previous_deadline_time=DUE
    )
    declined = routing.WorkOrderExtensionDeclined(
        case_id=case_id, work_order_id="wo-1", unit_id="bathhouse", asked_by="asker1"
    )
    room = [("position:DISPATCH_ROOM", "extension_asked")]
    assert await after(notify, stream, case_id, asked) == room
    both = [("asker1", "work_order_extended"), ("head1", "work_order_extended")]
    assert await after(notify, stream, case_id, given) == both
    # Given once more, and nobody had asked.
    assert await after(notify, stream, case_id, given) == both[1:]
    assert await after(notify, stream, case_id, asked) == room
    assert await after(notify, stream, case_id, declined) == [
        ("asker1", "extension_declined"),
        ("head1", "extension_declined"),
    ]
    assert await after(notify, stream, case_id, given) == both[1:]
    assert await notify.findings() == []


async def test_a_task_that_is_open_again_reaches_its_head_of_now(notify: Notify) -> None:
    stream, case_id = await assigned(notify)
    await after(notify, stream, case_id, dispatched(case_id))
    again = routing.WorkOrderReopened(
        case_id=case_id, reason="未修好", reopened_by="dd01",
        work_order=routing_pb2.WorkOrder(
            work_order_id="wo-1", unit_id="bathhouse", task="换淋浴头", deadline_time=LATER
        ),
    )  # fmt: skip
    assert await after(notify, stream, case_id, again) == [("head1", "work_order_reopened")]
    again.head = "head9"
    assert await after(notify, stream, case_id, again) == [("head9", "work_order_reopened")]
    (row,) = await notify.rows("SELECT head FROM work_orders WHERE work_order_id = 'wo-1'")
    assert row["head"] == "head9"


async def test_a_case_that_goes_down_tells_who_has_it_now(notify: Notify) -> None:
    stream, case_id = await assigned(notify)
    await take(notify, stream.escalated(case_id))
    down = routing.CaseDeescalated(
        case_id=case_id, from_level=1, to_level=0, accountable="dd01", reason="x", cycle=1
    )
    assert await after(notify, stream, case_id, down) == [("dd01", "case_deescalated")]
    (case,) = await notify.rows("SELECT level, accountable FROM cases")
    assert tuple(case) == (0, "dd01")
    await take(
        notify,
        stream.fact("intake", case_id, intake.CaseResolved(case_id=case_id)),
        stream.fact("intake", case_id, intake.CaseRejected(case_id=case_id, new_cycle=2)),
    )
    down.accountable = "lead1"
    assert await after(notify, stream, case_id, down) == []


async def test_a_case_that_begins_again_is_not_assigned_to_its_steward_anew(
    notify: Notify,
) -> None:
    stream, case_id = await assigned(notify)
    await take(notify, stream.escalated(case_id))
    await take(
        notify,
        stream.fact("intake", case_id, intake.CaseResolved(case_id=case_id)),
        stream.fact("intake", case_id, intake.CaseRejected(case_id=case_id, new_cycle=2)),
    )
    begins = routing.CaseAssigned(
        case_id=case_id, steward="dd01", accountable="dd01", previous="dd01"
    )
    assert await after(notify, stream, case_id, begins) == []


async def test_whoever_owes_the_first_reply_is_told_and_warned(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    case_id = registered.subject_id
    await take(notify, registered)
    message = routing.CaseAssigned(
        case_id=case_id, steward="dd01", accountable="dd01", first_reply_by="clerk2"
    )
    assert await after(notify, stream, case_id, message) == [
        ("dd01", "case_assigned"),
        ("clerk2", "first_reply_owed"),
    ]
    soon = sla.ClockDueSoon(
        case_id=case_id, clock=stream.clock(case_id, sla_pb2.CLOCK_KIND_FIRST_REPLY)
    )
    await take(notify, stream.fact("sla", case_id, soon))
    assert (await told(notify, case_id))[2:] == [
        ("dd01", "clock_due_soon"),
        ("clerk2", "clock_due_soon"),
    ]
    await take(notify, stream.fact("routing", case_id, routing.CaseAccepted(case_id=case_id)))
    await take(notify, stream.fact("sla", case_id, soon))
    assert (await told(notify, case_id))[4:] == [("dd01", "clock_due_soon")]
    # Accepted off shift: routing says after the acceptance that it is the receiver's still.
    message.previous = "dd01"
    assert await after(notify, stream, case_id, message) == []
    await take(notify, stream.fact("sla", case_id, soon))
    assert (await told(notify, case_id))[5:] == [
        ("dd01", "clock_due_soon"),
        ("clerk2", "clock_due_soon"),
    ]


async def test_others_who_are_told_change_without_the_steward_hearing_again(
    notify: Notify,
) -> None:
    stream = Stream()
    registered = stream.registered()
    case_id = registered.subject_id
    await take(notify, registered)
    message = routing.CaseAssigned(
        case_id=case_id, steward="dd01", accountable="dd01", also_told=["ins1"]
    )
    assert len(await after(notify, stream, case_id, message)) == 2
    message.previous = "dd01"
    message.also_told[:] = ["ins2"]
    assert await after(notify, stream, case_id, message) == []
    message.first_reply_by = "clerk2"
    assert await after(notify, stream, case_id, message) == [("clerk2", "first_reply_owed")]
    # Named by hand once more, the steward has to accept it anew.
    message.assigned_by = "lead1"
    assert ("dd01", "case_assigned") in await after(notify, stream, case_id, message)


async def test_a_sweep_tells_heads_of_its_site_and_is_about_no_case(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    message = intake.CaseRegistered.FromString(registered.payload)
    message.about_persons.append("head2")
    await take(notify, stream.directory(), Stream().fact("intake", message.case_id, message))
    subject = f"sweep/{new_id()}/yuwu"
    opened = routing.SweepOpened(
        site_id="yuwu", case_site_id="yuwu", case_id=message.case_id, defect="淋浴头老化",
        due_date=Date(year=2026, month=12, day=3), opened_by="dd01",
        tasks=[
            routing_sweeps_pb2.SweepTask(task_id=f"t-{n}", unit_id=unit, place="南风井澡堂")
            for n, unit in enumerate(("bathhouse", "south", "logistics"))
        ],
        heads=["head1", "head2", ""],
    )  # fmt: skip
    await take(notify, stream.fact("routing", subject, opened))
    # Of a case that is not known here, as of a mine that has left.
    opened.case_id = new_id()
    await take(notify, stream.fact("routing", f"sweep/{new_id()}/yuwu", opened))
    rows = await notify.rows(
        "SELECT recipient FROM deliveries WHERE subject_id = $1 AND case_id IS NULL "
        "ORDER BY recipient",
        subject,
    )
    assert [row["recipient"] for row in rows] == ["head1", "unit:logistics"]
    driver = Scripted()
    await notify.sender(driver, concurrency=10).step()
    assert len(driver.sent) == 5
    (text,) = {message.body for message in driver.sent if message.to == "head1"}
    assert "包保·甲发起举一反三排查，请澡堂队查找是否存在同类问题：淋浴头老化" in text
    assert "2026年12月3日" in text
    assert await notify.findings() == []


async def test_a_repair_that_did_not_last_is_told_by_the_number_of_the_new_case(
    notify: Notify,
) -> None:
    stream, case_id = await assigned(notify)
    await assigned(notify)
    fact = routing.FixNotLasting(case_id=case_id, again_case_id=new_id(), days=7)
    assert await after(notify, stream, case_id, fact) == [("dd01", "fix_not_lasting")]
    (other,) = await notify.rows("SELECT case_id::text FROM cases WHERE case_id <> $1", case_id)
    fact.again_case_id = other["case_id"]
    assert await after(notify, stream, case_id, fact) == [("dd01", "fix_not_lasting")]
    rows = await notify.rows(
        "SELECT context ->> 'again' AS again FROM deliveries WHERE template = 'fix_not_lasting' "
        "ORDER BY again"
    )
    assert [row["again"] for row in rows] == ["", "YW-20261123-0001"]

"""Rebuilding a case file from facts: which types it knows, and the order in which they count."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from google.protobuf.message import Message

from backstop.fact.v1 import fact_pb2
from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_marks_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from services.intake.consumers import handlers
from services.intake.convert import facts as convert
from services.intake.convert import replay, replay_others, replay_own
from services.intake.domain import clocks, work_orders
from services.intake.domain.times import first_wake
from services.intake.domain.values import CaseFile, CaseState, Clock, Step, WorkOrder
from tests.contract.record_facts import fact_types
from tests.unit.intake.examples import APPEAL, NOW, SPOKEN, ZONE, case

LATER = timedelta(minutes=1)


def step(
    message: Message,
    version: int,
    at: datetime = NOW,
    *,
    source: str = "intake",
    name: str = "",
) -> Step:
    return Step(
        source=source,
        version=version,
        type=name or message.DESCRIPTOR.full_name,
        occurred_time=at,
        record_time=at,
        actor="s-1",
        acting_for="",
        payload=message.SerializeToString(),
    )


def registered(at: datetime = NOW) -> Step:
    return step(convert.case_registered(case(record_time=at), APPEAL), 1, at)


def said(version: int, at: datetime = NOW, text: str = "") -> Step:
    told = intake_marks_pb2.Comment(
        visibility=intake_marks_pb2.COMMENT_VISIBILITY_INTERNAL,
        text=text or f"第{version}",
        comment_time=to_timestamp(at),
    )
    return step(facts.CaseCommented(comment=told), version, at)


def resolved(version: int, at: datetime) -> Step:
    fact = facts.CaseResolved(
        resolution="已修", proposed_outcome=pb.OUTCOME_SOLVED, resolve_time=to_timestamp(at)
    )
    return step(fact, version, at)


def rebuilt(*steps: Step, instant: datetime | None = None) -> CaseFile:
    file = replay.file_as_of(steps, ZONE, instant)
    assert file is not None
    return file


def words(file: CaseFile) -> list[str]:
    return [one.text for one in file.comments]


def test_every_fact_about_a_case_is_known() -> None:
    about = {
        kind
        for name, kind in fact_types().items()
        if name.startswith("backstop.intake.") and "case_id" in kind.DESCRIPTOR.fields_by_name
    }
    assert about == set(replay_own.APPLIED) | {facts.CaseRegistered}


def test_what_changes_a_file_is_read_when_it_is_rebuilt() -> None:
    unused: Any = None
    handled = {kind for by_type in handlers(unused).values() for kind in by_type}
    passed_over = {
        # Stands for what has no handler of its own.
        fact_pb2.Fact,
        routing.DirectoryPublished,
        routing.RosterPublished,
        routing.SweepTaskAnswered,
        # Nothing of a task changes until somebody decides, nor when they decline.
        routing.WorkOrderExtensionAsked,
        routing.WorkOrderExtensionDeclined,
    }
    assert handled - passed_over == set(replay_others.TYPES.values())


def test_a_registration_is_the_case_that_was_registered() -> None:
    late = case(late_entry=True, external_system="erp", external_ref="7", about_persons=("p-1",))
    file = rebuilt(step(convert.case_registered(late, APPEAL), 1))
    assert file.case == replace(late, next_wake_time=first_wake(late.record_time, ZONE))


def test_a_long_standing_cases_clocks_begin_when_it_was_entered() -> None:
    old = case(cycle_start_time=NOW, occurred_time=SPOKEN - timedelta(days=900))
    file = rebuilt(step(convert.case_registered(old, APPEAL), 1))
    assert (file.case.cycle_start_time, file.case.occurred_time) == (NOW, old.occurred_time)


def test_nothing_is_there_before_the_registration() -> None:
    assert replay.file_as_of([registered()], ZONE, NOW - timedelta(microseconds=1)) is None
    assert replay.file_as_of([registered()], ZONE, NOW) is not None
    assert replay.file_as_of([], ZONE) is None
    # What others say of a case that nobody has registered makes none.
    stray = step(routing.CaseAccepted(), 1, source="routing")
    assert replay.file_as_of([stray], ZONE) is None
    assert replay.file_as_of([said(2)], ZONE) is None


def test_an_instant_takes_what_was_recorded_until_then() -> None:
    steps = [registered(), said(2, NOW + LATER), said(3, NOW + 2 * LATER)]
    assert words(rebuilt(*steps, instant=NOW + LATER)) == ["第2"]
    assert words(rebuilt(*steps, instant=NOW + 2 * LATER - timedelta(microseconds=1))) == ["第2"]
    assert words(rebuilt(*steps)) == ["第2", "第3"]


def test_the_order_of_a_service_is_its_versions() -> None:
    # The database's clock went back between the two.
    steps = [registered(), said(3, NOW + LATER), said(2, NOW + 2 * LATER)]
    assert words(rebuilt(*steps)) == ["第2", "第3"]
    assert words(rebuilt(*steps, instant=NOW + LATER)) == []
    assert words(rebuilt(*steps, instant=NOW + 2 * LATER)) == ["第2", "第3"]


def test_between_services_time_decides_and_intake_goes_first() -> None:
    pause = sla.ClocksPaused(reason=sla_pb2.PAUSE_REASON_FORCE_MAJEURE, words="等料")
    paused_first = [registered(), step(pause, 1, NOW, source="sla"), resolved(2, NOW + LATER)]
    assert rebuilt(*paused_first).case.pause is None
    assert rebuilt(*paused_first, instant=NOW).case.pause is not None
    # At the same instant the resolution is first, and nothing pauses what is resolved.
    together = [registered(), step(pause, 1, NOW + LATER, source="sla"), resolved(2, NOW + LATER)]
    assert rebuilt(*together).case.pause is None


def test_nobody_is_ahead_of_the_registration() -> None:
    early = step(routing.CaseAccepted(), 1, NOW - LATER, source="routing")
    assert replay.file_as_of([early, registered()], ZONE, NOW - LATER) is None
    assert rebuilt(early, registered(), instant=NOW).case.state is CaseState.IN_PROGRESS


def test_what_is_unknown_changes_nothing() -> None:
    own = step(facts.CaseUnsealed(), 2, name="backstop.intake.v1.CaseDreamt")
    others = step(routing.CaseAccepted(), 1, source="routing", name="backstop.routing.v2.New")
    file, begun = rebuilt(registered(), own, others), rebuilt(registered())
    assert file == replace(begun, case=replace(begun.case, version=2))


def test_an_amendment_leaves_the_unit_to_routing_unless_it_names_one() -> None:
    unit = step(routing.CaseAssigned(unit_id="south", steward="s-1"), 1, source="routing")

    def amended(*fields: str) -> Step:
        fact = facts.CaseAmended(
            text="新的",
            unit_id="bath",
            kind=pb.CASE_KIND_REQUEST,
            urgency=pb.URGENCY_NORMAL,
            reporter_kind=pb.REPORTER_KIND_EMPLOYEE,
            confidentiality=pb.CONFIDENTIALITY_NAMED,
            amendments=[intake_marks_pb2.Amendment(field=one) for one in fields],
        )
        return step(fact, 2, NOW + LATER)

    assert rebuilt(registered(), unit, amended("text")).case.unit_id == "south"
    assert rebuilt(registered(), unit, amended("text", "unit_id")).case.unit_id == "bath"


def order(number: int, **changes: Any) -> WorkOrder:
    usual = WorkOrder(f"wo-{number}", "bath", False, "换", NOW, NOW + LATER, "ACCEPTED")
    return replace(usual, **changes)


def test_one_that_leads_by_a_ruling_is_the_only_open_one() -> None:
    orders = (order(1), order(2, lead=True), order(3, lead=True, state="COMPLETED"))
    ruled = work_orders.ruled(orders, "wo-1", "south", None, leads=True)
    assert [one.lead for one in ruled] == [True, False, True]
    assert ruled[0] == order(1, unit_id="south", lead=True, state="DISPATCHED")
    kept = work_orders.ruled(orders, "wo-2", "south", NOW, leads=False)
    assert kept[1] == order(2, lead=True, unit_id="south", deadline_time=NOW, state="DISPATCHED")
    by_kind = routing.WorkOrderRuled(work_order_id="wo-1", kind=routing_pb2.RULING_KIND_LEAD)
    assert replay_others.orders_after(orders, by_kind)[0].lead


def test_a_task_that_is_not_on_file_changes_nothing() -> None:
    orders = (order(1),)
    assert work_orders.moved(orders, "wo-9", "COMPLETED") == orders
    assert work_orders.extended(orders, "wo-9", NOW) == orders
    assert work_orders.reopened(orders, order(9)) == orders
    # And one that is opened again was dispatched when it was.
    again = work_orders.reopened(orders, order(1, dispatch_time=SPOKEN, task="再换"))
    assert again == (order(1, task="再换"),)


def clock(kind: str, hours: int, **changes: Any) -> Clock:
    due = NOW + timedelta(hours=hours)
    return replace(Clock(kind, kind, 1, "", NOW, due, "RUNNING", False, False), **changes)


def test_a_breach_once_seen_stays_and_the_next_deadline_is_one_that_is_owed() -> None:
    first, plan, pause = clock("FIRST_REPLY", 5), clock("PLAN", 9), clock("PAUSE", 1)
    told = clocks.told((), [plan, first, pause])
    assert [one.kind for one in told] == ["PAUSE", "FIRST_REPLY", "PLAN"]
    assert clocks.next_due(told) == first.due_time
    late = clocks.told(told, [replace(first, breached=True)])
    met = clocks.told(late, [replace(first, state="MET_LATE", reference="x")])
    assert met[1] == replace(first, breached=True, state="MET_LATE")
    assert clocks.next_due(met) == plan.due_time
    assert clocks.next_due([pause]) is None

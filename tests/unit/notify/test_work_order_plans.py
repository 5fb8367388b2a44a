"""Who is told what of a unit's task, and of a sweep's."""

from dataclasses import replace

from services.notify.domain import sweep_plans, work_order_plans
from services.notify.domain.deliveries import Channel
from services.notify.domain.work_order_plans import WorkOrderHolder
from tests.unit.notify.examples import CASE, HELD, MIDNIGHT, sweep_task, work_order
from tests.unit.notify.test_plans import told

PHONE, PAPER = Channel.PHONE, Channel.PAPER


def test_a_ruling_tells_the_unit_that_has_it_and_the_one_that_gave_it_back() -> None:
    planned = work_order_plans.work_order_ruled(
        CASE, work_order(1, "logistics", "head1"), kind="REDISPATCH", text="归后勤", previous=HELD
    )
    assert told(planned) == [
        ("head1", "work_order_ruled", PHONE),
        ("head2", "work_order_ruled_on", PHONE),
    ]
    assert planned[0].context["due_time"] == MIDNIGHT.isoformat()
    assert planned[0].context["task"] == "更换淋浴头 1"
    assert {plan.reference for plan in planned} == {"wo-1"}


def test_a_unit_that_keeps_its_task_is_told_once() -> None:
    planned = work_order_plans.work_order_ruled(
        CASE, work_order(1, "bathhouse"), kind="UPHOLD", text="", previous=None
    )
    assert told(planned) == [("unit:bathhouse", "work_order_ruled", PAPER)]


def test_a_joint_meeting_tells_the_heads_that_met() -> None:
    planned = work_order_plans.work_order_ruled(
        CASE,
        work_order(1, "logistics", "head1"),
        kind="JOINT_MEETING",
        text="",
        previous=WorkOrderHolder("bathhouse"),
        met=["head1", "head3"],
    )
    assert told(planned) == [
        ("head1", "work_order_ruled", PHONE),
        ("unit:bathhouse", "work_order_ruled_on", PAPER),
        ("head3", "work_order_ruled_on", PHONE),
    ]


def test_a_task_that_is_open_again_tells_its_head() -> None:
    planned = work_order_plans.work_order_reopened(
        CASE, work_order(1, "bathhouse", "head2"), reason="未修好", reopened_by="dd01"
    )
    assert told(planned) == [("head2", "work_order_reopened", PHONE)]


def test_more_time_is_asked_of_the_dispatch_room_and_answered_to_who_asked() -> None:
    planned = work_order_plans.extension_asked(
        CASE, work_order_id="wo-1", unit_id="bathhouse", due_time=MIDNIGHT,
        asked_due_time=MIDNIGHT, reason="配件未到", asked_by="asker1",
    )  # fmt: skip
    assert told(planned) == [("position:DISPATCH_ROOM", "extension_asked", PHONE)]
    planned = work_order_plans.extended(
        CASE, work_order_id="wo-1", whose=HELD, due_time=MIDNIGHT, reason=""
    )
    assert [plan.recipient for plan in planned] == ["asker1", "head2"]
    unasked = replace(HELD, asked_by="", head="")
    planned = work_order_plans.extended(
        CASE, work_order_id="wo-1", whose=unasked, due_time=MIDNIGHT, reason=""
    )
    assert told(planned) == [("unit:bathhouse", "work_order_extended", PAPER)]
    nobody = WorkOrderHolder()
    assert work_order_plans.extended(
        CASE, work_order_id="wo-9", whose=nobody, due_time=MIDNIGHT, reason=""
    ) == ()  # fmt: skip
    planned = work_order_plans.extension_declined(
        CASE, work_order_id="wo-1", whose=HELD, asked_by="head2", words="按期完成"
    )
    assert told(planned) == [("head2", "extension_declined", PHONE)]


def test_a_sweep_tells_each_head_once_and_none_whom_its_case_is_about() -> None:
    tasks = [
        sweep_task(1, "logistics", "head1", "南风井"),
        sweep_task(2, "bathhouse"),
        sweep_task(3, "apartments", "head1"),
        sweep_task(4, "canteen", "head4"),
    ]
    planned = sweep_plans.sweep_opened(
        tasks, defect="淋浴头老化", due_date="2026-12-03", opened_by="dd00",
        shielded=frozenset({"head4"}),
    )  # fmt: skip
    assert told(planned) == [
        ("head1", "sweep_opened", PHONE),
        ("unit:bathhouse", "sweep_opened", PAPER),
    ]
    assert planned[0].context["places"] == ["南风井"]
    assert planned[0].reference == "task-1"

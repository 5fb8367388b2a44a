"""What whoever follows a case reads of its history, however often its clocks have fired."""

from datetime import timedelta

from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_timestamp
from chassis.ids import new_id
from services.intake.sentences import public
from tests.integration.intake.window import NOW, Window


def breached(case_id: str, clock_id: str, kind: sla_pb2.ClockKind.ValueType) -> sla.ClockBreached:
    clock = sla_pb2.Clock(
        clock_id=clock_id,
        case_id=case_id,
        site_id="yuwu",
        kind=kind,
        cycle=1,
        start_time=to_timestamp(NOW - timedelta(days=1)),
        due_time=to_timestamp(NOW),
        state=sla_pb2.CLOCK_STATE_RUNNING,
        breach_time=to_timestamp(NOW),
    )
    return sla.ClockBreached(case_id=case_id, clock=clock)


async def sentences(window: Window, code: str) -> list[str]:
    track = await window.ask(rpc.TrackCaseRequest(receipt_code=code), nobody=True)
    return [step.sentence for step in track.history]


async def test_what_reminds_daily_does_not_push_the_history_out(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    assigned = routing.CaseAssigned(case_id=case_id, steward="s-1", accountable="s-1")
    await window.tell("routing", case_id, "yuwu", assigned)
    for kind in (sla_pb2.CLOCK_KIND_REMINDER, sla_pb2.CLOCK_KIND_REVIEW):
        again = breached(case_id, new_id(), kind)
        for _ in range(public.LIMIT // 2 + 2):
            await window.tell("sla", case_id, "yuwu", again)
    assert await sentences(window, made.receipt_code) == ["诉求已登记。", "已明确包保责任人。"]


async def test_every_deadline_that_is_owed_to_the_reporter_is_told_and_no_other(
    window: Window,
) -> None:
    made = await window.register()
    case_id = made.case.case_id
    kinds = [kind for kind in sla_pb2.ClockKind.values() if kind]
    for kind in kinds:
        await window.tell("sla", case_id, "yuwu", breached(case_id, new_id(), kind))
    assert await sentences(window, made.receipt_code) == [
        "诉求已登记。",
        *[f"{one}已超时限。" for one in ("初步回复", "解决方案或进度说明", "进度说明", "承诺办结")],
    ]

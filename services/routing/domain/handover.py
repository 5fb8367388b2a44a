"""What the next one has to know when a case changes hands (交接单), as far as routing knows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.routing.domain.route import Instruction, Route, RouteState
from services.routing.domain.work_orders import WorkOrder, WorkOrderState

# More would not be read.
_MOST_ORDERS = 10
_MOST_WORDS = 60

_STATES: Mapping[RouteState, str] = {
    RouteState.OPEN: "办理中",
    RouteState.RESOLVED: "已办结，待诉求人确认",
    RouteState.CLOSED: "已销号",
}
_ORDERS: Mapping[WorkOrderState, str] = {
    WorkOrderState.DISPATCHED: "待接单",
    WorkOrderState.ACCEPTED: "办理中",
    WorkOrderState.RETURNED: "已退单，待裁定",
    WorkOrderState.COMPLETED: "已完成",
}
_ANSWERS: Mapping[Instruction, str] = {
    Instruction.TAKE_OVER: "由本级接办",
    Instruction.ORDER: "责成办理",
    Instruction.CANNOT_BE_DONE: "认定暂不能办",
    Instruction.SEND_DOWN: "退回下级",
}


def note(
    route: Route, orders: Sequence[WorkOrder], names: Mapping[str, str], zone: ZoneInfo
) -> str:
    """Returns a few lines about a case as it was before it moved; `names` is unit → name."""

    def at(time: datetime | None) -> str:
        return f"{time.astimezone(zone):%Y-%m-%d %H:%M}" if time is not None else "—"

    lines = [f"现状：{_STATES[route.state]}，第 {route.cycle} 轮，{at(route.register_time)} 登记。"]
    if route.accept_time is not None:
        lines.append(f"原负责人：{route.steward}，{at(route.accept_time)} 已接收。")
    elif route.steward:
        lines.append(f"原负责人：{route.steward}，尚未接收。")
    if route.level == 0:
        lines.append("层级：包保人员，未上报。")
    else:
        answered = route.answered
        reply = (
            "尚未批示"
            if answered is None
            else f"{at(answered.instruct_time)} {answered.instructed_by} 批示"
            f"{_ANSWERS[answered.kind]}：{_short(answered.text)}"
        )
        level = f"第 {route.level} 级（{route.level_position}）"
        lines.append(f"层级：{level}，{at(route.level_time)} 起；{reply}。")
    left = [order for order in orders if order.open]
    if not left:
        lines.append("工单：没有未完成的工单。")
    for order in left[:_MOST_ORDERS]:
        unit = names.get(order.unit_id, order.unit_id)
        lead = "（牵头）" if order.lead else ""
        lines.append(
            f"工单：{unit}{lead}，{_ORDERS[order.state]}，限 {at(order.deadline_time)} 前："
            f"{_short(order.task)}"
        )
    if len(left) > _MOST_ORDERS:
        lines.append(f"另有未完成工单 {len(left) - _MOST_ORDERS} 件。")
    return "\n".join(lines)


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _MOST_WORDS else f"{line[:_MOST_WORDS]}…"

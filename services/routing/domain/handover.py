"""Handover: which open cases the site's lists may move, and what the next one has to know (交接单).

The note is as far as routing knows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.routing.domain.assignment import Responsible
from services.routing.domain.decisions import RouteStep, Rule, StepOutcome
from services.routing.domain.route import Instruction, Route, RouteState, on_position
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


@dataclass(frozen=True, slots=True)
class There:
    """Who of a case's people is there on a day; nobody is there where there is nobody.

    `steward` and `owner`, of the level, are at the site and not away; a steward named by hand has
    the case while away. `receiver` is at the site.
    """

    steward: bool = True
    owner: bool = True
    receiver: bool = True


def people_of(route: Route) -> set[str]:
    """Returns whose presence counts for a case."""
    named = {route.steward, route.level_owner, route.receiver} - {""}
    return {person for person in named if not on_position(person)}


def who_is_there(route: Route, presence: Mapping[str, tuple[bool, bool]]) -> There:
    """Reads who is there from {person: (at the site, away)}; others than those given aren't."""

    def read(person_id: str) -> tuple[bool, bool]:
        return presence.get(person_id, (False, False))

    there, away = read(route.steward)
    return There(
        steward=there and (not away or route.rule is Rule.MANUAL),
        owner=read(route.level_owner) == (True, False),
        receiver=read(route.receiver)[0],
    )


def may_move(route: Route, named: Responsible, there: There) -> bool:
    """Tells whether a case is worth its lock: all that change are, and some that don't.

    `named` is whom the matrix names for its unit.
    """
    # Whom the shield covers depends on the lists as well.
    if route.shielded or _level_may_move(route, there) or _told_may_change(route, named, there):
        return True
    if not route.steward:
        return bool(named.steward)
    if not there.steward:
        return True
    if route.rule is Rule.MANUAL:
        return False
    return bool(named.steward) and named.steward != route.steward


def level_gone(route: Route, there: There) -> RouteStep | None:
    """Returns why the level of a case is looked at again: nobody has it, or its owner is gone."""
    owner = route.level_owner
    if not _level_may_move(route, there):
        return None
    if on_position(owner):
        zh = f"第{route.level}级此前无人可办，由 {owner} 代管；组织信息有变，重新确定。"
        en = f"Nobody had level {route.level}, {owner} did; the site's lists have changed."
        return RouteStep(Rule.HANDOVER, owner, StepOutcome.NOTED, zh, en)
    zh = f"第{route.level}级原负责人 {owner} 已不在岗。"
    en = f"{owner}, who had level {route.level}, is not at the site at this time."
    return RouteStep(Rule.HANDOVER, owner, StepOutcome.ABSENT, zh, en)


def _level_may_move(route: Route, there: There) -> bool:
    return route.level > 0 and (on_position(route.level_owner) or not there.owner)


def _told_may_change(route: Route, named: Responsible, there: There) -> bool:
    if set(named.also_told) - {route.steward} != set(route.also_told):
        return True
    if route.first_reply_by:
        return not there.receiver
    return there.receiver and route.receiver != route.steward and route.awaits_acceptance


def note(
    route: Route,
    orders: Sequence[WorkOrder],
    names: Mapping[tuple[str, str], str],
    zone: ZoneInfo,
) -> str:
    """Returns a few lines about a case as it was before it moved.

    `names` are those that are known by (kind, code): "person", "unit", "position".
    """

    def called(kind: str, code: str) -> str:
        name = names.get((kind, code))
        return f"{name}（{code}）" if name else code

    def at(time: datetime | None) -> str:
        return f"{time.astimezone(zone):%Y-%m-%d %H:%M}" if time is not None else "—"

    lines = [f"现状：{_STATES[route.state]}，第 {route.cycle} 轮，{at(route.register_time)} 登记。"]
    steward = called("person", route.steward)
    if route.accept_time is not None:
        lines.append(f"原负责人：{steward}，{at(route.accept_time)} 已接收。")
    elif route.steward:
        lines.append(f"原负责人：{steward}，尚未接收。")
    if route.level == 0:
        lines.append("层级：包保人员，未上报。")
    else:
        answered = route.answered
        reply = (
            "尚未批示"
            if answered is None
            else f"{at(answered.instruct_time)} {called('person', answered.instructed_by)} 批示"
            f"{_ANSWERS[answered.kind]}：{_short(answered.text)}"
        )
        held = names.get(("position", route.level_position), route.level_position)
        level = f"第 {route.level} 级（{held}）"
        lines.append(f"层级：{level}，{at(route.level_time)} 起；{reply}。")
    left = [order for order in orders if order.open]
    if not left:
        lines.append("工单：没有未完成的工单。")
    for order in left[:_MOST_ORDERS]:
        unit = names.get(("unit", order.unit_id), order.unit_id)
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

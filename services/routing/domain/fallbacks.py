"""Open cases with an owner of last resort: the queue, a duty lead for want of a steward, a vacancy.

They are counted so that nothing lies there unseen: one working day is what it may take to find
somebody who answers for such a case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.routing.domain.decisions import Rule
from services.routing.domain.route import QUEUE, Route, on_position

# What it may take to find somebody.
MOST_WORKING_DAYS = 1

# Whoever has a case by these is no steward.
STANDING_IN = frozenset({Rule.DUTY_LEAD, Rule.POST, Rule.QUEUE})


@dataclass(frozen=True, slots=True)
class Fallback:
    """A case that lies there since an instant, and so many working days after that day."""

    case_id: str
    accountable: str
    level: int
    since: datetime
    working_days: int
    # Why nobody else has it.
    zh: str
    en: str

    @property
    def overlong(self) -> bool:
        return self.working_days > MOST_WORKING_DAYS


def is_fallback(route: Route) -> bool:
    """Tells whether an open case lies with nobody, or with somebody who only stands in."""
    if on_position(route.accountable):
        return True
    return not route.level_holds and route.rule in STANDING_IN


def since_by_day(routes: Iterable[Route], zone: ZoneInfo) -> dict[date, datetime]:
    """Returns the local days on which cases came to whoever has them, with an instant of each.

    How many working days have passed since is the same for all of a day.
    """
    found: dict[date, datetime] = {}
    for route in routes:
        since = _since(route)
        found.setdefault(since.astimezone(zone).date(), since)
    return found


def fallbacks(
    routes: Iterable[Route], working_days: Mapping[date, int], zone: ZoneInfo
) -> list[Fallback]:
    """Returns cases with their owners of last resort, the longest there first.

    `working_days` tells how many have passed since a local day.
    """
    found = []
    for route in routes:
        since = _since(route)
        days = working_days[since.astimezone(zone).date()]
        zh, en = _why(route)
        found.append(Fallback(route.case_id, route.accountable, route.level, since, days, zh, en))
    return sorted(found, key=lambda one: (one.since, one.case_id))


def _since(route: Route) -> datetime:
    return route.accountable_since or route.assign_time


def _why(route: Route) -> tuple[str, str]:
    if route.level_holds:
        if route.accountable == QUEUE:
            zh = f"第{route.level}级岗位 {route.level_position} 空缺，在调度室待办。"
            return zh, f"Nobody holds {route.level_position} of level {route.level}."
        zh = f"第{route.level}级按规定应当回避，备用渠道无人可办。"
        return zh, f"Level {route.level} keeps away, and nobody of the alternate chain can have it."
    missing, english = "该单位没有包保人员可办", "no steward can have it"
    if not route.unit_id:
        missing, english = "诉求没有写明单位", "the appeal names no unit"
    if route.accountable == QUEUE:
        zh, en = "也没有值班负责人，在调度室待办", "nor is there a duty lead"
    elif on_position(route.accountable):
        zh, en = "按规定回避后，备用渠道也无人可办", "nor can anybody of the alternate chain"
    elif route.rule is Rule.POST:
        zh, en = "由接件值守点的值守人员代办", "whoever was on duty where it was taken stands in"
    else:
        zh, en = "由调度室值班负责人代办", "the dispatch room's duty lead stands in"
    return f"{missing}，{zh}。", f"{english[0].upper()}{english[1:]}; {en}."

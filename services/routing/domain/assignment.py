"""Who gets a case: the steward, a deputy, the post, the duty lead, the alternate chain, the queue.

Everybody who is looked at leaves a step, so that nobody has to guess why it is theirs. Whoever the
conflict shield covers is passed over; a case that it keeps from all of them goes to the site's
alternate chain, and waits with a position outside the mine when nobody of that can have it either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.routing.domain.decisions import RouteStep, Rule, StepOutcome
from services.routing.domain.directory import DISPATCH_ROOM, Window
from services.routing.domain.roster import Duty
from services.routing.domain.shield import NO_SHIELD, Shield

# How a position begins where a person could stand.
POSITION = "position:"


def position(position_id: str) -> str:
    """Returns how a position stands where a person could; the dispatch room's when empty."""
    return f"{POSITION}{position_id or DISPATCH_ROOM}"


# Owner of last resort.
QUEUE = position(DISPATCH_ROOM)


@dataclass(frozen=True, slots=True)
class Responsible:
    """What the matrix of a day says about a case's unit; `steward` is empty without anybody.

    `unit_name` is empty when the site has no such unit. The steward stands in for `deputy_for`,
    empty when it is their own row; `absent` is whom the row names where nobody stands in.
    """

    unit_name: str = ""
    steward: str = ""
    steward_name: str = ""
    also_told: tuple[str, ...] = ()
    deputy_for: str = ""
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Alternate:
    """A position of the site's alternate chain, and who holds it now; nobody when empty."""

    position_id: str
    person_id: str = ""
    person_name: str = ""
    outside: bool = False
    position_name: str = ""

    @property
    def named(self) -> str:
        """The position's name with its code, as a sentence of Chinese goes on with it."""
        return _named(self.position_id, self.position_name)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who a case could go to now.

    `at_post` were on duty where the case was taken, None when that was at no post. No `duty_lead`
    stands for a site without the position. `alternates` are only given with a shield.
    """

    unit_id: str = ""
    responsible: Responsible = Responsible()
    at_post: tuple[Duty, ...] | None = None
    post_name: str = ""
    duty_lead: Duty | None = None
    alternates: tuple[Alternate, ...] = ()
    shield: Shield = NO_SHIELD
    off_shift: bool = False

    def names(self) -> dict[str, str]:
        """Returns {person: name} of those whose names are known."""
        people = [(self.responsible.steward, self.responsible.steward_name)]
        people += [(duty.person_id, duty.person_name) for duty in self.at_post or ()]
        people += [(other.person_id, other.person_name) for other in self.alternates]
        if self.duty_lead is not None:
            people.append((self.duty_lead.person_id, self.duty_lead.person_name))
        return {person_id: name for person_id, name in people if person_id and name}

    def keeps_away(self, person_id: str, level: int = 0) -> bool:
        """Tells whether a person may not have the case at a level, 0 = as its steward.

        Who holds a position of the alternate chain stands outside of the ladder.
        """
        if not self.shield.covers(person_id, level):
            return False
        alternate = any(person_id == other.person_id for other in self.alternates)
        return not alternate or self.shield.covers_alone(person_id)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who gets a case and why; without a steward a position has it, the dispatch room's queue
    unless `fallback_position` says another.
    """

    steward: str
    rule: Rule
    reasons: tuple[str, ...]
    also_told: tuple[str, ...] = ()
    steps: tuple[RouteStep, ...] = ()
    fallback_position: str = ""
    first_reply_by: str = ""


def assign(found: Candidates) -> Assignment:
    """Returns who gets a case of a unit.

    The units above aren't tried: their stewards don't know the unit, the duty lead does.
    """
    steps = _of_matrix(found)
    if not _taken(steps):
        steps += _on_duty(found)
    if not _taken(steps) and found.shield:
        steps.append(first_alternate(found.alternates, found.shield))
    elif not _taken(steps):
        zh = "此时没有值班负责人，转入调度室待办，每日提醒。"
        en = "There is no duty lead at this time: the dispatch room's queue has it."
        steps.append(RouteStep(Rule.QUEUE, QUEUE, StepOutcome.TAKEN, zh, en))
    taken = steps[-1]
    person, _, place = taken.candidate.partition(POSITION)
    return Assignment(
        steward=person,
        rule=taken.rule,
        reasons=tuple(step.zh for step in steps),
        also_told=told(found, person),
        steps=tuple(steps),
        fallback_position="" if taken.candidate == QUEUE else place,
    )


def by_hand(
    steward: str,
    steward_name: str,
    named_by: tuple[str, str],
    reason: str,
    found: Candidates | None = None,
) -> Assignment:
    """Returns the assignment of a steward named by the dispatch room: by whom, code and name."""
    zh = f"由{_amid(*named_by)}指定{_named(steward, steward_name)}：{reason}"
    en = f"{_english(*named_by)} named {_english(steward, steward_name)}: {reason}"
    step = RouteStep(Rule.MANUAL, steward, StepOutcome.TAKEN, zh, en)
    also_told = () if found is None else told(found, steward)
    return Assignment(steward, Rule.MANUAL, (zh,), also_told, (step,))


def with_first_reply(assignment: Assignment, found: Candidates, receiver: str) -> Assignment:
    """Returns the assignment with who owes the first reply until the steward has accepted.

    That is whoever took the appeal (首接负责), unless it is the steward too, must keep away, or is
    nobody: an appeal that came in by itself has a position for a receiver, or none.
    """
    somebody = bool(receiver) and not receiver.startswith(POSITION)
    if not somebody or receiver == assignment.steward or found.shield.covers(receiver):
        return assignment
    name = found.names().get(receiver, "")
    person, english = _amid(receiver, name), _english(receiver, name)
    if found.off_shift:
        zh = f"包保人员此时不当班，初步回复由首接人{person}负责。"
        en = f"The steward is off shift; {english}, who took it, owes the first reply."
    else:
        zh = f"包保人员接收之前，初步回复由首接人{person}负责。"
        en = f"Until the steward accepts, {english}, who took it, owes the first reply."
    noted = RouteStep(assignment.rule, receiver, StepOutcome.NOTED, zh, en)
    return replace(assignment, first_reply_by=receiver, steps=(*assignment.steps, noted))


def first_alternate(alternates: Sequence[Alternate], shield: Shield) -> RouteStep:
    """Returns the step to the first of the alternate chain who may have a case.

    When none of them may or is there, it waits with the last position outside the mine; a site
    without a chain has only its dispatch room. The step's outcome is TAKEN always.
    """
    for other in alternates:
        if other.person_id and not shield.covers_alone(other.person_id):
            person = _named(other.person_id, other.person_name)
            zh = f"按回避规定转备用渠道{other.named}，由{person}负责。"
            en = (
                f"The ordinary chain has to keep away; {other.position_id} of the alternate chain"
                f" has it: {_english(other.person_id, other.person_name)}."
            )
            return RouteStep(Rule.ALTERNATE, other.person_id, StepOutcome.TAKEN, zh, en)
    outside = [other for other in alternates if other.outside]
    if outside:
        last_id, last_name = outside[-1].position_id, outside[-1].position_name
        last = position(last_id)
        zh = f"备用渠道无人可办，按回避规定由矿外岗位{_amid(last_id, last_name)}接办。"
        en = f"Nobody of the alternate chain can have it; {last_id}, outside the mine, does."
    else:
        last = QUEUE
        zh = "本单位没有备用渠道，转入调度室待办。"
        en = "The site has no alternate chain: the dispatch room's queue has it."
    return RouteStep(Rule.ALTERNATE, last, StepOutcome.TAKEN, zh, en)


def in_hours(windows: Sequence[Window], local: datetime) -> bool:
    """Tells whether a wall-clock time lies in one of some windows."""
    second = local.hour * 3600 + local.minute * 60 + local.second
    today = local.date()
    for window in windows:
        night = window.end_second <= window.start_second
        late = window.start_second <= second and (night or second < window.end_second)
        early = night and second < window.end_second
        for day, on in ((today, late), (today - timedelta(days=1), early)):
            of_the_week = not window.weekdays or day.weekday() in window.weekdays
            if on and of_the_week and window.days.holds(day):
                return True
    return False


def _of_matrix(found: Candidates) -> list[RouteStep]:
    unit_id, responsible = found.unit_id, found.responsible
    name = f"{responsible.unit_name}（{unit_id}）"
    if not unit_id:
        return [_nobody(Rule.RESPONSIBILITY, "诉求没有写明单位。", "The appeal names no unit.")]
    if not responsible.unit_name:
        zh, en = f"组织信息中没有单位 {unit_id}。", f"The site has no unit {unit_id}."
        return [_nobody(Rule.RESPONSIBILITY, zh, en)]
    away = responsible.deputy_for or responsible.absent
    if not responsible.steward and not away:
        zh = f"{name}当日没有包保人员，不向上级单位查找。"
        en = f"{unit_id} has no steward on this day; the units above are not tried."
        return [_nobody(Rule.RESPONSIBILITY, zh, en)]
    steps = []
    if away:
        zh = f"{name}的包保人员 {away} 当日不在岗。"
        en = f"{away}, the steward of {unit_id}, is away on this day."
        steps.append(RouteStep(Rule.RESPONSIBILITY, away, StepOutcome.ABSENT, zh, en))
    if not responsible.steward:
        zh, en = "也没有代理人可以代行包保。", "Nobody stands in for them."
        return [*steps, _nobody(Rule.DEPUTY, zh, en)]
    person = _named(responsible.steward, responsible.steward_name)
    english = _english(responsible.steward, responsible.steward_name)
    if away:
        rule, zh, en = Rule.DEPUTY, f"由代理人{person}代行包保", f"{english} stands in"
    else:
        rule, zh = Rule.RESPONSIBILITY, f"{name}当日的包保人员是{person}"
        en = f"{english} is the steward of {unit_id} on this day"
    return [*steps, _looked_at(found, rule, responsible.steward, zh, en)]


def _on_duty(found: Candidates) -> list[RouteStep]:
    """The post where the case was taken, then the duty lead."""
    steps: list[RouteStep] = []
    name = f"接件值守点{found.post_name}"
    for duty in found.at_post or ():
        if not _taken(steps):
            zh = f"{name}的值守人员是{_named(duty.person_id, duty.person_name)}"
            en = f"{_english(duty.person_id, duty.person_name)} was on duty at the post"
            steps.append(_looked_at(found, Rule.POST, duty.person_id, zh, en))
    if found.at_post == ():
        zh, en = f"{name}当时无人值守。", "Nobody was on duty at the post."
        steps.append(_nobody(Rule.POST, zh, en))
    lead = found.duty_lead
    if not _taken(steps) and lead is not None and lead.person_id:
        source = "按值班表" if lead.by_roster else "按岗位"
        zh = f"{source}，调度室值班负责人是{_named(lead.person_id, lead.person_name)}"
        en = f"{_english(lead.person_id, lead.person_name)} is the dispatch room's duty lead"
        steps.append(_looked_at(found, Rule.DUTY_LEAD, lead.person_id, zh, en))
    elif not _taken(steps) and found.shield:
        zh, en = "此时没有值班负责人。", "There is no duty lead at this time."
        steps.append(_nobody(Rule.DUTY_LEAD, zh, en))
    return steps


def _looked_at(found: Candidates, rule: Rule, person_id: str, zh: str, en: str) -> RouteStep:
    if found.shield.covers(person_id):
        outcome = StepOutcome.SHIELDED
        zh, en = f"{zh}，按规定应当回避", f"{en}, and has to keep away"
    else:
        outcome = StepOutcome.TAKEN
    return RouteStep(rule, person_id, outcome, f"{zh}。", f"{en}.")


def _nobody(rule: Rule, zh: str, en: str) -> RouteStep:
    return RouteStep(rule, "", StepOutcome.NOBODY, zh, en)


def _taken(steps: Sequence[RouteStep]) -> bool:
    return any(step.outcome is StepOutcome.TAKEN for step in steps)


def told(found: Candidates, steward: str) -> tuple[str, ...]:
    """Returns who is told as well: instructor and technician, but for those who keep away."""
    return tuple(
        person
        for person in found.responsible.also_told
        if person != steward and not found.shield.covers(person)
    )


def _named(person_id: str, name: str) -> str:
    return f"{name}（{person_id}）" if name else f" {person_id}"


def _amid(person_id: str, name: str) -> str:
    """The same where words of Chinese follow at once."""
    return f"{name}（{person_id}）" if name else f" {person_id} "


def _english(person_id: str, name: str) -> str:
    return f"{name} ({person_id})" if name else person_id

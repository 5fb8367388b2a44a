"""Whether a policy is sound: it leaves no case without its clocks, and no choice between rules."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import combinations

from chassis.errors import FieldViolation, Refused
from services.sla.domain.kinds import ClockKind, Consequence, Counting, DayEnd, WarningKind
from services.sla.domain.policy import DEFAULTS, ClockRule, PolicyRule, WarningPoint

_DAYS = frozenset({Counting.WORKING_DAYS, Counting.CALENDAR_DAYS})
_WORKING = frozenset({Counting.WORKING_DAYS, Counting.WORKING_TIME})
_GIVEN = frozenset({Counting.GIVEN})

# OFF is missing where the suite promises the clock, or nothing else would wake the case.
_COUNTINGS: Mapping[ClockKind, frozenset[Counting]] = {
    ClockKind.FIRST_REPLY: frozenset({Counting.SAME_DAY, Counting.WORKING_TIME}),
    ClockKind.PLAN: _DAYS | _WORKING,
    ClockKind.PROGRESS: _DAYS | _WORKING,
    ClockKind.RESOLUTION: _GIVEN,
    ClockKind.WORK_ORDER: _GIVEN,
    ClockKind.PAUSE: _GIVEN,
    ClockKind.RULING: _WORKING,
    ClockKind.CALLBACK: _WORKING,
    ClockKind.CONFIRMATION: _DAYS | {Counting.OFF},
    ClockKind.SILENCE: _DAYS,
    ClockKind.REVIEW: _DAYS | {Counting.OFF},
    ClockKind.OUTREACH: _DAYS | {Counting.OFF},
    ClockKind.ESCALATION: frozenset({Counting.LADDER}),
    ClockKind.REMINDER: frozenset({Counting.DAILY}),
}

_ANY = frozenset({Consequence.LADDER, Consequence.DIRECTOR, Consequence.REPORT, Consequence.ALERT})
# Of the kinds that aren't here, the default alone.
_CONSEQUENCES: Mapping[ClockKind, frozenset[Consequence]] = {
    ClockKind.FIRST_REPLY: _ANY,
    ClockKind.PLAN: _ANY,
    ClockKind.PROGRESS: _ANY,
    ClockKind.RESOLUTION: _ANY,
    ClockKind.WORK_ORDER: _ANY | {Consequence.HEAD_OF_UNIT},
    ClockKind.RULING: _ANY,
    ClockKind.CONFIRMATION: _ANY | {Consequence.CALLBACK},
    ClockKind.OUTREACH: frozenset({Consequence.REPORT, Consequence.ALERT}),
}

_PAUSABLE = frozenset(
    {ClockKind.PLAN, ClockKind.PROGRESS, ClockKind.RESOLUTION, ClockKind.WORK_ORDER}
)
_ENDS_A_DAY = _DAYS | {Counting.SAME_DAY, Counting.LADDER}
_WITHIN_A_DAY = frozenset({Counting.SAME_DAY, Counting.DAILY})
# A local day where clocks are put back.
_LONGEST_DAY = timedelta(hours=25)


def check(rules: Sequence[PolicyRule]) -> None:
    """Does nothing if the rules of one layer are sound.

    Else Refused: RULE_NAME_TWICE, COUNTING_NOT_OF_CLOCK, CLOCK_NEEDED, PROGRESS_NEEDED,
    TERMS_CONTRADICT, WARNING_BEFORE_START, CONSEQUENCE_NOT_OF_CLOCK, CLOCK_NOT_PAUSABLE or
    RULES_OVERLAP, with the rule at fault and its place in a request's `policy`.
    """
    names: set[str] = set()
    for index, rule in enumerate(rules):
        place = f"policy.rules[{index}]"
        if rule.name in names:
            fields = [FieldViolation(f"{place}.name", "another rule has this name")]
            raise Refused("RULE_NAME_TWICE", fields=fields, rule=rule.name)
        names.add(rule.name)
        for number, (kind, terms) in enumerate(rule.clocks.items()):
            clock_place = f"{place}.clocks[{number}]"
            _check_counting(rule.name, clock_place, kind, terms)
            _check_others(rule.name, clock_place, kind, terms)
    _check_overlaps(rules)


def _check_counting(name: str, place: str, kind: ClockKind, terms: ClockRule) -> None:
    counting = "off_while_promised" if terms.off_while_promised else terms.counting.lower()
    if terms.counting is Counting.OFF and Counting.OFF not in _COUNTINGS[kind]:
        fields = [FieldViolation(place, "can't be switched off")]
        if kind is ClockKind.PROGRESS:
            raise Refused("PROGRESS_NEEDED", fields=fields, rule=name)
        raise Refused("CLOCK_NEEDED", fields=fields, rule=name, clock=kind)
    if terms.counting not in _COUNTINGS[kind] or (
        terms.off_while_promised and kind is not ClockKind.PROGRESS
    ):
        fields = [FieldViolation(place, "can't be counted so")]
        raise Refused(
            "COUNTING_NOT_OF_CLOCK", fields=fields, rule=name, clock=kind, counting=counting
        )
    if terms.day_end is not DayEnd.MIDNIGHT and terms.counting not in _ENDS_A_DAY:
        fields = [FieldViolation(place, "has no last day whose hour could be chosen")]
        raise Refused(
            "TERMS_CONTRADICT",
            fields=fields,
            rule=name,
            clock=kind,
            first="day_end",
            second=counting,
        )


def _check_others(name: str, place: str, kind: ClockKind, terms: ClockRule) -> None:
    if any(_is_before_start(point, terms) for point in terms.warnings):
        fields = [FieldViolation(place, "would warn before it starts")]
        raise Refused("WARNING_BEFORE_START", fields=fields, rule=name, clock=kind)
    consequence = terms.on_breach
    if consequence not in _CONSEQUENCES.get(kind, {DEFAULTS[kind].on_breach}):
        fields = [FieldViolation(place, "can't have this consequence")]
        raise Refused(
            "CONSEQUENCE_NOT_OF_CLOCK",
            fields=fields,
            rule=name,
            clock=kind,
            consequence=consequence,
        )
    if terms.pause_reasons and kind not in _PAUSABLE:
        fields = [FieldViolation(place, "can't be paused")]
        raise Refused("CLOCK_NOT_PAUSABLE", fields=fields, rule=name, clock=kind)


def _is_before_start(point: WarningPoint, terms: ClockRule) -> bool:
    """Tells whether a warning lies before the start whatever the calendar.

    A deadline so many days off has at most as many working days before it. How many hours lie
    between is for holidays and closures to say; but the same day is never longer than its floor
    and a local day.
    """
    if point.kind is WarningKind.WORKING_DAYS_BEFORE:
        return terms.counting in _WITHIN_A_DAY or (
            terms.counting in _DAYS and point.value > terms.amount
        )
    if point.kind is WarningKind.SECONDS_BEFORE:
        longest = max(terms.floor, _LONGEST_DAY)
        return terms.counting in _WITHIN_A_DAY and timedelta(seconds=point.value) >= longest
    return False


def _check_overlaps(rules: Sequence[PolicyRule]) -> None:
    """Refuses two rules that set the same clock for some cases unless one is narrower."""
    for (_, other), (index, rule) in combinations(enumerate(rules), 2):
        ours, theirs = rule.scope, other.scope
        if not ours.overlaps(theirs) or ours.is_narrower(theirs) or theirs.is_narrower(ours):
            continue
        for number, kind in enumerate(rule.clocks):
            if kind in other.clocks:
                violation = FieldViolation(
                    f"policy.rules[{index}].clocks[{number}]",
                    "another rule sets it for some of the same cases, and neither is narrower",
                )
                raise Refused(
                    "RULES_OVERLAP",
                    fields=[violation],
                    rule=rule.name,
                    other=other.name,
                    clock=kind,
                )

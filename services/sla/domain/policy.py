"""What a site has promised: which rule a case's clock follows.

A policy is a list of rules in layers: the site's own, the group's, and what every site begins with.
Clock by clock, the narrowest rule whose scope holds a case counts, in the first layer that has one.
A running clock keeps the rule it began with. Whether rules are sound: policy_check.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from services.sla.domain.calendar import Calendar
from services.sla.domain.kinds import (
    ClockKind,
    Consequence,
    Counting,
    DayEnd,
    PauseReason,
    WarningKind,
)

# Profiles remembered by a policy, at most. A category is any word, so their number has no end.
_MOST_FOUND = 10_000


@dataclass(frozen=True, slots=True)
class WarningPoint:
    """A point before a deadline. `value` is a share, working days or seconds, by its kind."""

    kind: WarningKind
    value: float


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How one clock is counted and what follows; complete in itself.

    `amount` is in days, for WORKING_TIME in seconds. `name` is of the policy's rule it comes from,
    empty for the default. `grace_working_days` counts for WORK_ORDER alone.
    """

    counting: Counting
    on_breach: Consequence
    amount: int = 0
    floor: timedelta = timedelta(0)
    day_end: DayEnd = DayEnd.MIDNIGHT
    warnings: tuple[WarningPoint, ...] = ()
    pause_reasons: tuple[PauseReason, ...] = ()
    grace_working_days: int = 0
    off_while_promised: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What the policy's rules look at in a case: names of intake's enums without prefix."""

    category: str = ""
    kind: str = ""
    urgency: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The cases that match every set that isn't empty."""

    categories: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    urgencies: frozenset[str] = frozenset()

    def holds(self, profile: Profile) -> bool:
        """Tells whether a case of this profile is one of them."""
        return (
            (not self.categories or profile.category in self.categories)
            and (not self.kinds or profile.kind in self.kinds)
            and (not self.urgencies or profile.urgency in self.urgencies)
        )

    def is_narrower(self, other: "Scope") -> bool:
        """Tells whether all of these cases, and not these alone, are of the other scope."""
        return self != other and all(
            not theirs or (ours and ours <= theirs) for ours, theirs in self._beside(other)
        )

    def overlaps(self, other: "Scope") -> bool:
        """Tells whether a case can be of both."""
        return all(
            not ours or not theirs or not ours.isdisjoint(theirs)
            for ours, theirs in self._beside(other)
        )

    def _beside(self, other: "Scope") -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
        return (
            (self.categories, other.categories),
            (self.kinds, other.kinds),
            (self.urgencies, other.urgencies),
        )


@dataclass(frozen=True, slots=True)
class PolicyRule:
    name: str
    scope: Scope
    clocks: Mapping[ClockKind, ClockRule]


_HALFWAY = (WarningPoint(WarningKind.SHARE, 0.5),)
_DAY_BEFORE = (WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 1),)

# What every site begins with.
DEFAULTS: Mapping[ClockKind, ClockRule] = MappingProxyType(
    {
        ClockKind.FIRST_REPLY: ClockRule(
            Counting.SAME_DAY, Consequence.LADDER, floor=timedelta(hours=2), warnings=_HALFWAY
        ),
        ClockKind.PLAN: ClockRule(
            Counting.WORKING_DAYS,
            Consequence.LADDER,
            3,
            warnings=_DAY_BEFORE,
            pause_reasons=tuple(PauseReason),
        ),
        ClockKind.PROGRESS: ClockRule(
            Counting.WORKING_DAYS,
            Consequence.LADDER,
            5,
            warnings=_DAY_BEFORE,
            pause_reasons=tuple(PauseReason),
        ),
        ClockKind.RESOLUTION: ClockRule(
            Counting.GIVEN,
            Consequence.LADDER,
            warnings=_DAY_BEFORE,
            pause_reasons=tuple(PauseReason),
        ),
        ClockKind.WORK_ORDER: ClockRule(
            Counting.GIVEN,
            Consequence.HEAD_OF_UNIT,
            warnings=_DAY_BEFORE,
            # Who waits for the reporter can't send a unit to work meanwhile.
            pause_reasons=(PauseReason.WAITING_FOR_OUTAGE_WINDOW, PauseReason.FORCE_MAJEURE),
            grace_working_days=1,
        ),
        ClockKind.RULING: ClockRule(
            Counting.WORKING_DAYS, Consequence.DIRECTOR, 1, warnings=_HALFWAY
        ),
        ClockKind.CONFIRMATION: ClockRule(
            Counting.WORKING_DAYS, Consequence.CALLBACK, 3, warnings=_DAY_BEFORE
        ),
        ClockKind.ESCALATION: ClockRule(Counting.LADDER, Consequence.LADDER, warnings=_HALFWAY),
        ClockKind.REMINDER: ClockRule(Counting.DAILY, Consequence.REMINDER),
        ClockKind.PAUSE: ClockRule(Counting.GIVEN, Consequence.RESUME, warnings=_DAY_BEFORE),
        ClockKind.CALLBACK: ClockRule(Counting.WORKING_DAYS, Consequence.CALLBACK, 1),
        ClockKind.SILENCE: ClockRule(Counting.CALENDAR_DAYS, Consequence.MAY_CLOSE, 15),
        ClockKind.REVIEW: ClockRule(Counting.CALENDAR_DAYS, Consequence.REVIEW, 7),
        ClockKind.OUTREACH: ClockRule(
            Counting.CALENDAR_DAYS, Consequence.REPORT, 30, warnings=_DAY_BEFORE
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """A site's policy as it works. `version` is the site's; see `terms`."""

    version: int = 1
    site_rules: tuple[PolicyRule, ...] = ()
    group_rules: tuple[PolicyRule, ...] = ()
    _found: dict[tuple[ClockKind, str, str, str], ClockRule] = field(
        default_factory=dict, compare=False, repr=False
    )

    def terms(self, kind: ClockKind, profile: Profile) -> ClockRule:
        """Returns the rule that such a clock of such a case starts with."""
        # Words, not the profile itself, whose hash Python would work out each time.
        key = kind, profile.category, profile.kind, profile.urgency
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_FOUND:
                self._found.clear()
            found = self._found[key] = self._find(kind, profile)
        return found

    def _find(self, kind: ClockKind, profile: Profile) -> ClockRule:
        for layer in (self.site_rules, self.group_rules):
            best: PolicyRule | None = None
            for rule in layer:
                if (
                    kind in rule.clocks
                    and rule.scope.holds(profile)
                    and (best is None or rule.scope.is_narrower(best.scope))
                ):
                    best = rule
            if best is not None:
                return best.clocks[kind]
        return DEFAULTS[kind]


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything a deadline of a site is computed from."""

    calendar: Calendar
    policy: Policy

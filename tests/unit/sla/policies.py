"""Rules of policies for tests, and which cases they are for, found by trying every case."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

from hypothesis import strategies as st

from services.sla.domain.kinds import ClockKind
from services.sla.domain.policy import DEFAULTS, ClockRule, PolicyRule, Profile, Scope

# Every word that a rule can name here, and one that none does: "" stands for all of these.
CATEGORIES = ("宿舍", "食堂", "澡堂")
CASE_KINDS = ("GRIEVANCE", "INQUIRY")
URGENCIES = ("NORMAL", "URGENT")
EVERYONE = [
    Profile(*words) for words in product((*CATEGORIES, ""), (*CASE_KINDS, ""), (*URGENCIES, ""))
]
ALL = Scope()
CLOCKS = (ClockKind.FIRST_REPLY, ClockKind.PLAN, ClockKind.SILENCE)


@cache
def held(scope: Scope) -> frozenset[Profile]:
    """Returns the cases of a scope, by trying each."""
    cases = set()
    for profile in EVERYONE:
        words = (profile.category, profile.kind, profile.urgency)
        sets = (scope.categories, scope.kinds, scope.urgencies)
        if all(
            len(allowed) == 0 or word in allowed for word, allowed in zip(words, sets, strict=True)
        ):
            cases.add(profile)
    return frozenset(cases)


def ambiguous(rules: Sequence[PolicyRule]) -> bool:
    """Tells whether some case has two rules for a clock and neither is for fewer cases."""
    for profile, kind in product(EVERYONE, CLOCKS):
        sets = [held(rule.scope) for rule in rules if kind in rule.clocks]
        sets = [cases for cases in sets if profile in cases]
        if any(not (a < b or b < a) for i, a in enumerate(sets) for b in sets[:i]):
            return True
    return False


def best(layers: Sequence[Sequence[PolicyRule]], kind: ClockKind, profile: Profile) -> ClockRule:
    """Returns the rule of the smallest set of cases in the first layer that has one."""
    for layer in layers:
        found = [(len(held(r.scope)), r) for r in layer if kind in r.clocks]
        found = [(size, rule) for size, rule in found if profile in held(rule.scope)]
        if found:
            return min(found, key=lambda pair: pair[0])[1].clocks[kind]
    return DEFAULTS[kind]


scopes = st.builds(
    Scope,
    st.frozensets(st.sampled_from(CATEGORIES)),
    st.frozensets(st.sampled_from(CASE_KINDS)),
    st.frozensets(st.sampled_from(URGENCIES)),
)


@st.composite
def rule_sets(draw: st.DrawFn) -> tuple[PolicyRule, ...]:
    """Rules that are sound but for their scopes; each tells itself apart by its name."""
    parts = draw(st.lists(st.tuples(scopes, st.sets(st.sampled_from(CLOCKS), min_size=1))))
    return tuple(
        PolicyRule(
            f"规则{number}",
            scope,
            {kind: replace(DEFAULTS[kind], name=f"规则{number}") for kind in sorted(kinds)},
        )
        for number, (scope, kinds) in enumerate(parts)
    )


@st.composite
def sound_rule_sets(draw: st.DrawFn) -> tuple[PolicyRule, ...]:
    kept: tuple[PolicyRule, ...] = ()
    for rule in draw(rule_sets()):
        if not ambiguous((*kept, rule)):
            kept = (*kept, rule)
    return kept


def rule(name: str, kind: ClockKind, *, scope: Scope = ALL, **changes: Any) -> PolicyRule:
    return PolicyRule(name, scope, {kind: replace(DEFAULTS[kind], name=name, **changes)})

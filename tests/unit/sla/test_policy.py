"""Which rule a case follows, found again by trying every case."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings

from services.sla.domain.kinds import ClockKind, Consequence, Counting
from services.sla.domain.policy import DEFAULTS, Policy, PolicyRule, Profile, Scope
from services.sla.domain.policy_check import check
from tests.unit.sla.policies import CLOCKS, EVERYONE, best, rule, sound_rule_sets


@settings(deadline=None)
@given(sound_rule_sets(), sound_rule_sets())
def test_the_narrowest_rule_of_the_first_layer_counts(
    site: tuple[PolicyRule, ...], group: tuple[PolicyRule, ...]
) -> None:
    policy = Policy(1, site, group)
    for profile, kind in product(EVERYONE, CLOCKS):
        wanted = best((site, group), kind, profile)
        assert policy.terms(kind, profile) == wanted
        # And so the second time, from memory.
        assert policy.terms(kind, profile) == wanted


@pytest.mark.parametrize("layer", ["site_rules", "group_rules"])
def test_a_narrow_rule_of_a_lower_layer_gives_way_to_a_wide_one_above(layer: str) -> None:
    narrow = rule("窄", ClockKind.PLAN, scope=Scope(kinds=frozenset({"GRIEVANCE"})))
    wide = rule("宽", ClockKind.PLAN)
    policy = (
        Policy(site_rules=(wide,), group_rules=(narrow,))
        if layer == "site_rules"
        else Policy(site_rules=(narrow,), group_rules=(wide,))
    )
    grievance = policy.terms(ClockKind.PLAN, Profile(kind="GRIEVANCE"))
    assert grievance.name == ("宽" if layer == "site_rules" else "窄")
    assert policy.terms(ClockKind.PLAN, Profile(kind="INQUIRY")).name == "宽"
    assert (
        policy.terms(ClockKind.PROGRESS, Profile(kind="GRIEVANCE")) == DEFAULTS[ClockKind.PROGRESS]
    )


def test_what_a_policy_remembers_has_a_bound() -> None:
    policy = Policy()
    for number in range(25_000):
        policy.terms(ClockKind.PLAN, Profile(category=f"类别{number}"))
    assert len(policy._found) <= 10_000
    assert policy.terms(ClockKind.PLAN, Profile()) == DEFAULTS[ClockKind.PLAN]


def test_every_clock_has_a_default_and_the_defaults_are_sound() -> None:
    assert set(DEFAULTS) == set(ClockKind)
    check([PolicyRule("默认", Scope(), DEFAULTS)])
    assert {terms.name for terms in DEFAULTS.values()} == {""}


def test_the_suites_own_promises() -> None:
    first_reply, plan = DEFAULTS[ClockKind.FIRST_REPLY], DEFAULTS[ClockKind.PLAN]
    assert (first_reply.counting, first_reply.floor) == (Counting.SAME_DAY, timedelta(hours=2))
    assert (plan.counting, plan.amount) == (Counting.WORKING_DAYS, 3)
    assert {first_reply.on_breach, plan.on_breach} == {Consequence.LADDER}
    assert not first_reply.pause_reasons

"""Policies as they are asked for and as they are shown: what is left out is filled in, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import protovalidate
import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given, settings
from hypothesis import strategies as st

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import error_reason_pb2, sla_pb2, sla_policy_pb2, sla_service_pb2
from chassis.errors import CHINESE, Refused, catalogue
from services.sla.convert.clocks import KINDS
from services.sla.convert.policy import effective_rules, policy_message, rule_message, rules_of
from services.sla.domain.kinds import (
    ClockKind,
    Consequence,
    Counting,
    DayEnd,
    PauseReason,
    WarningKind,
)
from services.sla.domain.policy import (
    DEFAULTS,
    ClockRule,
    Policy,
    PolicyRule,
    Scope,
    WarningPoint,
)

PLAN = sla_pb2.CLOCK_KIND_PLAN
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def policy(*clocks: sla_policy_pb2.ClockTerms, **scope: Any) -> sla_policy_pb2.Policy:
    """Returns a policy of one rule that sets these clocks."""
    rule = sla_policy_pb2.PolicyRule(name="甲", clocks=clocks)
    if scope:
        rule.scope.CopyFrom(sla_policy_pb2.PolicyScope(**scope))
    return sla_policy_pb2.Policy(site_id="yuwu", rules=[rule])


def terms(clock: "sla_pb2.ClockKind.ValueType" = PLAN, **others: Any) -> sla_policy_pb2.ClockTerms:
    return sla_policy_pb2.ClockTerms(clock=clock, **others)


def read(message: sla_policy_pb2.ClockTerms) -> ClockRule:
    """Returns the only clock of a policy of one rule."""
    (rule,) = rules_of(policy(message))
    ((kind, found),) = rule.clocks.items()
    assert kind == KINDS.word(message.clock)
    return found


# In -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ClockKind)
def test_what_is_left_out_is_the_default_of_the_kind(kind: ClockKind) -> None:
    assert read(terms(KINDS.number(kind))) == replace(DEFAULTS[kind], name="甲")


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        (terms(working_days=7), {"amount": 7}),
        (terms(calendar_days=7), {"counting": Counting.CALENDAR_DAYS, "amount": 7}),
        (
            terms(working_time=Duration(seconds=7200)),
            {"counting": Counting.WORKING_TIME, "amount": 7200},
        ),
        (
            terms(sla_pb2.CLOCK_KIND_PROGRESS, off_while_promised={"working_days": 4}),
            {"counting": Counting.WORKING_DAYS, "amount": 4, "off_while_promised": True},
        ),
        (
            terms(sla_pb2.CLOCK_KIND_REVIEW, off=True),
            {"counting": Counting.OFF, "amount": 0},
        ),
        (terms(sla_pb2.CLOCK_KIND_RESOLUTION, given=True), {}),
        (terms(sla_pb2.CLOCK_KIND_FIRST_REPLY, same_day={}), {"floor": timedelta(hours=2)}),
        (
            terms(sla_pb2.CLOCK_KIND_FIRST_REPLY, same_day={"floor": Duration()}),
            {"floor": timedelta(0)},
        ),
        (
            terms(sla_pb2.CLOCK_KIND_FIRST_REPLY, same_day={"floor": Duration(seconds=60)}),
            {"floor": timedelta(minutes=1)},
        ),
        (
            # A floor is of the same day alone.
            terms(sla_pb2.CLOCK_KIND_FIRST_REPLY, working_time=Duration(seconds=3600)),
            {"counting": Counting.WORKING_TIME, "amount": 3600, "floor": timedelta(0)},
        ),
        (
            terms(day_end=sla_policy_pb2.DAY_END_CLOSE_OF_BUSINESS),
            {"day_end": DayEnd.CLOSE_OF_BUSINESS},
        ),
        (terms(no_warnings=True), {"warnings": ()}),
        (
            terms(
                warnings=[
                    {"share": 0.25},
                    {"working_time_share": 0.75},
                    {"working_days_before": 2},
                    {"before": Duration(seconds=90, nanos=500_000_000)},
                ]
            ),
            {
                "warnings": (
                    WarningPoint(WarningKind.SHARE, 0.25),
                    WarningPoint(WarningKind.WORKING_TIME_SHARE, 0.75),
                    WarningPoint(WarningKind.WORKING_DAYS_BEFORE, 2),
                    WarningPoint(WarningKind.SECONDS_BEFORE, 90.5),
                )
            },
        ),
        (terms(on_breach=sla_pb2.CONSEQUENCE_DIRECTOR), {"on_breach": Consequence.DIRECTOR}),
        (
            terms(pause_reasons=[sla_pb2.PAUSE_REASON_FORCE_MAJEURE]),
            {"pause_reasons": (PauseReason.FORCE_MAJEURE,)},
        ),
        (terms(not_pausable=True), {"pause_reasons": ()}),
        (
            terms(sla_pb2.CLOCK_KIND_WORK_ORDER, grace_working_days=3),
            {"grace_working_days": 3},
        ),
    ],
)
def test_what_is_given_takes_the_place_of_the_default(
    message: sla_policy_pb2.ClockTerms, changes: dict[str, Any]
) -> None:
    default = DEFAULTS[KINDS.word(message.clock)]
    assert read(message) == replace(default, name="甲", **changes)


def test_a_scope_has_the_words_of_a_profile() -> None:
    (rule,) = rules_of(
        policy(
            terms(),
            categories=["宿舍", "食堂"],
            kinds=[intake_pb2.CASE_KIND_GRIEVANCE],
            urgencies=[intake_pb2.URGENCY_URGENT, intake_pb2.URGENCY_NORMAL],
        )
    )
    assert rule.scope == Scope(
        frozenset({"宿舍", "食堂"}), frozenset({"GRIEVANCE"}), frozenset({"URGENT", "NORMAL"})
    )


# Refusals -------------------------------------------------------------------------------------


def refusal(message: sla_policy_pb2.Policy) -> Refused:
    """Returns how a policy is refused; its sentence has no gaps."""
    with pytest.raises(Refused) as raised:
        rules_of(message)
    sentence = catalogue("sla", error_reason_pb2.ErrorReason.DESCRIPTOR).sentence(
        raised.value, CHINESE
    )
    assert "—" not in sentence
    return raised.value


@pytest.mark.parametrize(
    ("message", "first", "second"),
    [
        (terms(warnings=[{"share": 0.5}], no_warnings=True), "warnings", "no_warnings"),
        (
            terms(pause_reasons=[sla_pb2.PAUSE_REASON_FORCE_MAJEURE], not_pausable=True),
            "pause_reasons",
            "not_pausable",
        ),
        (terms(grace_working_days=1), "grace_working_days", "clock"),
    ],
)
def test_contradictions_that_only_the_message_shows(
    message: sla_policy_pb2.ClockTerms, first: str, second: str
) -> None:
    refused = refusal(policy(terms(sla_pb2.CLOCK_KIND_PROGRESS), message))
    assert refused.reason == "TERMS_CONTRADICT"
    assert refused.metadata == {"rule": "甲", "clock": "PLAN", "first": first, "second": second}
    assert [one.field for one in refused.fields] == [f"policy.rules[0].clocks[1].{first}"]


def test_a_clock_twice_in_a_rule() -> None:
    refused = refusal(policy(terms(working_days=2), terms(working_days=3)))
    assert (refused.reason, refused.metadata) == ("CLOCK_TWICE", {"rule": "甲", "clock": "PLAN"})
    assert [one.field for one in refused.fields] == ["policy.rules[0].clocks[1]"]


def test_a_warning_point_that_says_nothing() -> None:
    refused = refusal(policy(terms(warnings=[{"share": 0.5}, {}])))
    assert refused.reason == "INVALID_FIELD"
    assert [one.field for one in refused.fields] == ["policy.rules[0].clocks[0].warnings[1]"]


def test_what_the_domain_refuses_is_refused() -> None:
    refused = refusal(policy(terms(sla_pb2.CLOCK_KIND_PROGRESS, off=True)))
    assert refused.reason == "PROGRESS_NEEDED"
    twice = policy(terms())
    twice.rules.add(name="乙", clocks=[terms()])
    assert refusal(twice).reason == "RULES_OVERLAP"


def test_a_default_warning_that_a_shorter_period_has_no_room_for() -> None:
    # What was left out counts, too: one working day before is too soon on the same day.
    rule = policy(terms(sla_pb2.CLOCK_KIND_REMINDER, warnings=[{"working_days_before": 1}]))
    assert refusal(rule).reason == "WARNING_BEFORE_START"


# Out ------------------------------------------------------------------------------------------

_points = st.one_of(
    st.builds(WarningPoint, st.just(WarningKind.SHARE), st.sampled_from([0.1, 0.5, 0.9])),
    st.builds(WarningPoint, st.just(WarningKind.WORKING_TIME_SHARE), st.sampled_from([0.3, 0.8])),
    st.builds(WarningPoint, st.just(WarningKind.SECONDS_BEFORE), st.sampled_from([0.5, 3600.0])),
)


@st.composite
def clock_rules(draw: st.DrawFn, name: str) -> tuple[ClockKind, ClockRule]:
    """A sound rule of a clock, any that a message can say."""
    kind = draw(st.sampled_from(ClockKind))
    default = DEFAULTS[kind]
    countings: list[ClockRule] = [replace(default, name=name)]
    if kind in {ClockKind.PLAN, ClockKind.PROGRESS}:
        bare = replace(countings[0], amount=draw(st.integers(1, 250)))
        countings += [
            bare,
            replace(bare, counting=Counting.CALENDAR_DAYS),
            replace(bare, counting=Counting.WORKING_TIME, amount=60 * bare.amount),
            replace(bare, day_end=DayEnd.CLOSE_OF_BUSINESS),
        ]
    if kind is ClockKind.PROGRESS:
        countings.append(replace(countings[1], off_while_promised=True))
    if kind is ClockKind.FIRST_REPLY:
        countings.append(replace(countings[0], floor=timedelta(seconds=draw(st.integers(0, 9000)))))
    if kind in {ClockKind.CONFIRMATION, ClockKind.REVIEW, ClockKind.OUTREACH}:
        countings.append(replace(countings[0], counting=Counting.OFF, amount=0))
    rule = draw(st.sampled_from(countings))
    if draw(st.booleans()):
        rule = replace(rule, warnings=tuple(draw(st.lists(_points, max_size=4))))
    if default.pause_reasons:
        reasons = draw(st.lists(st.sampled_from(PauseReason), unique=True))
        rule = replace(rule, pause_reasons=tuple(reasons))
        rule = replace(rule, on_breach=draw(st.sampled_from([rule.on_breach, Consequence.ALERT])))
    if kind is ClockKind.WORK_ORDER:
        rule = replace(rule, grace_working_days=draw(st.integers(1, 30)))
    return kind, rule


@st.composite
def rules(draw: st.DrawFn) -> PolicyRule:
    name = draw(st.sampled_from(["甲", "乙"]))
    scope = Scope(
        draw(st.frozensets(st.sampled_from(["宿舍", "食堂"]))),
        draw(st.frozensets(st.sampled_from(["GRIEVANCE", "REQUEST", "SUGGESTION", "INQUIRY"]))),
        draw(st.frozensets(st.sampled_from(["NORMAL", "URGENT"]))),
    )
    return PolicyRule(name, scope, dict(draw(st.lists(clock_rules(name), min_size=1))))


@settings(deadline=None)
@given(rules())
def test_a_rule_shown_in_full_can_be_published_and_is_the_same_rule(rule: PolicyRule) -> None:
    message = rule_message(rule)
    assert not protovalidate.collect_violations(message)
    assert rules_of(sla_policy_pb2.Policy(rules=[message])) == (rule,)


@settings(deadline=None)
@given(rules())
def test_a_rule_shown_in_full_leaves_nothing_to_a_default(rule: PolicyRule) -> None:
    for shown in rule_message(rule).clocks:
        kind = KINDS.word(shown.clock)
        if kind not in {ClockKind.ESCALATION, ClockKind.REMINDER}:
            assert shown.WhichOneof("counting")
        assert bool(shown.warnings) is not shown.no_warnings
        assert bool(shown.pause_reasons) is not shown.not_pausable
        assert shown.on_breach
        assert bool(shown.grace_working_days) is (kind is ClockKind.WORK_ORDER)


def test_everything_that_works_is_shown_the_narrowest_first_within_its_layer() -> None:
    def rule(name: str, **scope: set[str]) -> PolicyRule:
        sets = {field: frozenset(words) for field, words in scope.items()}
        return PolicyRule(
            name, Scope(**sets), {ClockKind.PLAN: replace(DEFAULTS[ClockKind.PLAN], name=name)}
        )

    shown = effective_rules(
        Policy(
            3,
            site_rules=(
                rule("全部"),
                rule("申诉", kinds={"GRIEVANCE"}),
                rule("咨询", kinds={"INQUIRY"}),
                rule("宿舍申诉", kinds={"GRIEVANCE"}, categories={"宿舍"}),
                rule(
                    "紧急宿舍申诉", kinds={"GRIEVANCE"}, categories={"宿舍"}, urgencies={"URGENT"}
                ),
            ),
            group_rules=(rule("集团全部"), rule("集团紧急", urgencies={"URGENT"})),
        )
    )
    assert [(one.rule.name, one.source) for one in shown] == [
        ("紧急宿舍申诉", sla_service_pb2.RULE_SOURCE_SITE),
        ("宿舍申诉", sla_service_pb2.RULE_SOURCE_SITE),
        ("申诉", sla_service_pb2.RULE_SOURCE_SITE),
        ("咨询", sla_service_pb2.RULE_SOURCE_SITE),
        ("全部", sla_service_pb2.RULE_SOURCE_SITE),
        ("集团紧急", sla_service_pb2.RULE_SOURCE_GROUP),
        ("集团全部", sla_service_pb2.RULE_SOURCE_GROUP),
        ("默认", sla_service_pb2.RULE_SOURCE_DEFAULT),
    ]
    default = shown[-1].rule
    assert not default.HasField("scope")
    assert [KINDS.word(one.clock) for one in default.clocks] == list(DEFAULTS)
    assert not protovalidate.collect_violations(default)


def test_a_policy_is_kept_as_it_was_asked_for() -> None:
    asked = policy(terms(working_days=4), categories=["宿舍"])
    asked.basis_document, asked.detached = "样例〔2026〕1号", True
    # Output only: whatever is asked for here is of no account.
    asked.version, asked.published_by, asked.template_version = 99, "p-9", 98
    asked.publish_time.seconds = 1
    kept = policy_message(asked, 4, NOON, "p-1", template_version=2)
    assert (kept.version, kept.published_by, kept.template_version) == (4, "p-1", 2)
    assert kept.publish_time.ToDatetime(UTC) == NOON
    assert (kept.site_id, kept.basis_document, kept.detached) == (
        "yuwu",
        "样例〔2026〕1号",
        True,
    )
    assert list(kept.rules) == list(asked.rules)
    assert asked.version == 99

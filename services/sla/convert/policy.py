"""Policies: what a message leaves out is filled in on the way in, and nothing is on the way out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_policy_pb2 as pb
from backstop.sla.v1 import sla_service_pb2 as rpc
from chassis.convert import to_duration, to_timedelta, to_timestamp
from chassis.errors import FieldViolation, Refused
from services.sla.convert.clocks import CONSEQUENCES, DAY_ENDS, KINDS, PAUSE_REASONS
from services.sla.domain.kinds import ClockKind, Counting, DayEnd, WarningKind
from services.sla.domain.policy import (
    DEFAULTS,
    ClockRule,
    Policy,
    PolicyRule,
    Scope,
    WarningPoint,
)
from services.sla.domain.policy_check import check

# The one rule that everything falls back on, as it is listed. Clocks that follow it name no rule.
DEFAULT_RULE = "默认"

_CASE_KIND = "CASE_KIND_"
_URGENCY = "URGENCY_"
_FLOOR = timedelta(hours=2)
_ENDS_A_DAY = (Counting.SAME_DAY, Counting.WORKING_DAYS, Counting.CALENDAR_DAYS)


def rules_of(message: pb.Policy) -> tuple[PolicyRule, ...]:
    """Returns the rules of a policy, each complete, if they are sound.

    Else Refused: CLOCK_TWICE, TERMS_CONTRADICT, INVALID_FIELD for a warning point without a point,
    and what `policy_check.check` refuses.
    """
    rules = tuple(_rule(rule, f"policy.rules[{index}]") for index, rule in enumerate(message.rules))
    check(rules)
    return rules


def policy_message(
    message: pb.Policy,
    version: int,
    publish_time: datetime,
    published_by: str,
    template_version: int = 0,
) -> pb.Policy:
    """Returns a policy as it is kept and made known: what was asked for, and who did it when."""
    policy = pb.Policy(
        site_id=message.site_id,
        version=version,
        basis_document=message.basis_document,
        rules=message.rules,
        detached=message.detached,
        published_by=published_by,
        template_version=template_version,
    )
    policy.publish_time.CopyFrom(to_timestamp(publish_time))
    return policy


def effective_rules(policy: Policy) -> list[rpc.EffectiveRule]:
    """Returns every rule with all its terms: the site's, the group's, what every site begins with.

    The narrowest first within a layer; rules of which neither is narrower as they were published.
    """
    default = PolicyRule(DEFAULT_RULE, Scope(), DEFAULTS)
    layers = (
        (rpc.RULE_SOURCE_SITE, _narrowest_first(policy.site_rules)),
        (rpc.RULE_SOURCE_GROUP, _narrowest_first(policy.group_rules)),
        (rpc.RULE_SOURCE_DEFAULT, [default]),
    )
    return [
        rpc.EffectiveRule(rule=rule_message(rule), source=source)
        for source, rules in layers
        for rule in rules
    ]


def rule_message(rule: PolicyRule) -> pb.PolicyRule:
    """Returns a rule with all its terms, so that `rules_of` would give it again."""
    message = pb.PolicyRule(
        name=rule.name, clocks=[_terms_message(kind, terms) for kind, terms in rule.clocks.items()]
    )
    scope = rule.scope
    if scope != Scope():
        kinds = [intake_pb2.CaseKind.Value(f"{_CASE_KIND}{kind}") for kind in scope.kinds]
        urgencies = [intake_pb2.Urgency.Value(f"{_URGENCY}{word}") for word in scope.urgencies]
        message.scope.categories.extend(sorted(scope.categories))
        message.scope.kinds.extend(sorted(kinds))
        message.scope.urgencies.extend(sorted(urgencies))
    return message


def _rule(message: pb.PolicyRule, place: str) -> PolicyRule:
    clocks: dict[ClockKind, ClockRule] = {}
    for number, terms in enumerate(message.clocks):
        clock_place = f"{place}.clocks[{number}]"
        kind = KINDS.word(terms.clock)
        if kind in clocks:
            fields = [FieldViolation(clock_place, "is in this rule before")]
            raise Refused("CLOCK_TWICE", fields=fields, rule=message.name, clock=kind)
        _check_alone(message.name, kind, terms, clock_place)
        clocks[kind] = _terms(message.name, kind, terms, clock_place)
    scope = Scope(
        categories=frozenset(message.scope.categories),
        kinds=frozenset(
            intake_pb2.CaseKind.Name(kind).removeprefix(_CASE_KIND) for kind in message.scope.kinds
        ),
        urgencies=frozenset(
            intake_pb2.Urgency.Name(urgency).removeprefix(_URGENCY)
            for urgency in message.scope.urgencies
        ),
    )
    return PolicyRule(message.name, scope, clocks)


def _check_alone(name: str, kind: ClockKind, terms: pb.ClockTerms, place: str) -> None:
    """Refuses what can be seen in the message alone: in a complete rule one word has won."""
    contradictions = (
        ("warnings", "no_warnings", bool(terms.warnings) and terms.no_warnings),
        ("pause_reasons", "not_pausable", bool(terms.pause_reasons) and terms.not_pausable),
        (
            "grace_working_days",
            "clock",
            bool(terms.grace_working_days) and kind is not ClockKind.WORK_ORDER,
        ),
    )
    for first, second, found in contradictions:
        if found:
            fields = [FieldViolation(f"{place}.{first}", f"contradicts {second}")]
            raise Refused(
                "TERMS_CONTRADICT", fields=fields, rule=name, clock=kind, first=first, second=second
            )


def _terms(name: str, kind: ClockKind, message: pb.ClockTerms, place: str) -> ClockRule:
    rule = replace(_counted(kind, message, place), name=name)
    if message.day_end:
        rule = replace(rule, day_end=DAY_ENDS.word(message.day_end))
    if message.no_warnings:
        rule = replace(rule, warnings=())
    elif message.warnings:
        points = enumerate(message.warnings)
        rule = replace(
            rule,
            warnings=tuple(_point(point, f"{place}.warnings[{index}]") for index, point in points),
        )
    if message.on_breach:
        rule = replace(rule, on_breach=CONSEQUENCES.word(message.on_breach))
    if message.not_pausable:
        rule = replace(rule, pause_reasons=())
    elif message.pause_reasons:
        reasons = tuple(PAUSE_REASONS.word(reason) for reason in message.pause_reasons)
        rule = replace(rule, pause_reasons=reasons)
    if message.grace_working_days:
        rule = replace(rule, grace_working_days=message.grace_working_days)
    return rule


def _counted(kind: ClockKind, message: pb.ClockTerms, place: str) -> ClockRule:
    """Returns the kind's default, counted as the message says."""
    default = DEFAULTS[kind]
    bare = replace(default, amount=0, floor=timedelta(0))
    match message.WhichOneof("counting"):
        case None:
            return default
        case "same_day":
            floor = _FLOOR
            if message.same_day.HasField("floor"):
                floor = to_timedelta(message.same_day.floor, f"{place}.same_day.floor")
            return replace(bare, counting=Counting.SAME_DAY, floor=floor)
        case "working_days":
            return replace(bare, counting=Counting.WORKING_DAYS, amount=message.working_days)
        case "calendar_days":
            return replace(bare, counting=Counting.CALENDAR_DAYS, amount=message.calendar_days)
        case "working_time":
            amount = message.working_time.seconds
            return replace(bare, counting=Counting.WORKING_TIME, amount=amount)
        case "given":
            return replace(bare, counting=Counting.GIVEN)
        case "off":
            return replace(bare, counting=Counting.OFF)
        case "off_while_promised":
            return replace(
                bare,
                counting=Counting.WORKING_DAYS,
                amount=message.off_while_promised.working_days,
                off_while_promised=True,
            )


def _point(message: pb.WarningPoint, place: str) -> WarningPoint:
    match message.WhichOneof("point"):
        case "share":
            return WarningPoint(WarningKind.SHARE, message.share)
        case "working_time_share":
            return WarningPoint(WarningKind.WORKING_TIME_SHARE, message.working_time_share)
        case "working_days_before":
            return WarningPoint(WarningKind.WORKING_DAYS_BEFORE, message.working_days_before)
        case "before":
            before = to_timedelta(message.before, f"{place}.before")
            return WarningPoint(WarningKind.SECONDS_BEFORE, before.total_seconds())
        case None:
            fields = [FieldViolation(place, "says nothing")]
            raise Refused("INVALID_FIELD", fields=fields, field=place)


def _terms_message(kind: ClockKind, rule: ClockRule) -> pb.ClockTerms:
    message = pb.ClockTerms(
        clock=KINDS.number(kind),
        warnings=[_point_message(point) for point in rule.warnings],
        no_warnings=not rule.warnings,
        on_breach=CONSEQUENCES.number(rule.on_breach),
        pause_reasons=[PAUSE_REASONS.number(reason) for reason in rule.pause_reasons],
        not_pausable=not rule.pause_reasons,
        grace_working_days=rule.grace_working_days,
    )
    if rule.counting in _ENDS_A_DAY or rule.day_end is not DayEnd.MIDNIGHT:
        message.day_end = DAY_ENDS.number(rule.day_end)
    match rule.counting:
        case Counting.SAME_DAY:
            message.same_day.floor.CopyFrom(to_duration(rule.floor))
        case Counting.WORKING_DAYS if rule.off_while_promised:
            message.off_while_promised.working_days = rule.amount
        case Counting.WORKING_DAYS:
            message.working_days = rule.amount
        case Counting.CALENDAR_DAYS:
            message.calendar_days = rule.amount
        case Counting.WORKING_TIME:
            message.working_time.CopyFrom(to_duration(timedelta(seconds=rule.amount)))
        case Counting.GIVEN:
            message.given = True
        case Counting.OFF:
            message.off = True
        case Counting.LADDER | Counting.DAILY:
            # The only ones of their kinds, so there is no word for them.
            pass
    return message


def _point_message(point: WarningPoint) -> pb.WarningPoint:
    match point.kind:
        case WarningKind.SHARE:
            return pb.WarningPoint(share=point.value)
        case WarningKind.WORKING_TIME_SHARE:
            return pb.WarningPoint(working_time_share=point.value)
        case WarningKind.WORKING_DAYS_BEFORE:
            return pb.WarningPoint(working_days_before=int(point.value))
        case WarningKind.SECONDS_BEFORE:
            return pb.WarningPoint(before=to_duration(timedelta(seconds=point.value)))


def _narrowest_first(rules: Sequence[PolicyRule]) -> list[PolicyRule]:
    # Whatever is wider than a rule is wider than all that are narrower than it, too.
    return sorted(
        rules, key=lambda rule: -sum(rule.scope.is_narrower(other.scope) for other in rules)
    )

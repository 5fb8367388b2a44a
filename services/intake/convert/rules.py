"""A site's rules of the window ↔ their message; 0 and UNSPECIFIED stand for the default."""

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_rules_pb2 as pb
from services.intake.convert.enums import from_number, to_number
from services.intake.domain.rules import DEFAULTS, Numbering, Rules

_NUMBERS = (
    "reopen_days",
    "silence_days",
    "unanswered_callbacks",
    "promise_moves",
    "entry_hours",
    "repeat_days",
    "smallest_cell",
)


def from_message(message: pb.WindowRules, version: int) -> Rules:
    """Returns the rules that a message means."""
    told = {name: getattr(message, name) or getattr(DEFAULTS, name) for name in _NUMBERS}
    numbering = message.numbering or pb.NUMBERING_GAPLESS
    return Rules(
        version=version,
        numbering=from_number(Numbering, numbering),
        hazard_phone=message.hazard_phone.strip(),
        appeal_words=message.appeal_words.strip(),
        **told,
    )


def to_message(rules: Rules) -> pb.WindowRules:
    """Returns rules with every default filled in."""
    return pb.WindowRules(
        numbering=to_number(rules.numbering),
        hazard_phone=rules.hazard_phone,
        appeal_words=rules.appeal_words,
        **{name: getattr(rules, name) for name in _NUMBERS},
    )


def rules_published(site_id: str, rules: Rules) -> facts.WindowRulesPublished:
    return facts.WindowRulesPublished(
        site_id=site_id, version=rules.version, rules=to_message(rules)
    )

"""Publishes a site's rules of the window and its lexicon: each a new version, whole.

What is in force already is not published again.
"""

from dataclasses import replace

from backstop.intake.v1 import intake_registration_pb2 as pb
from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.intake.convert import lexicons as convert_lexicons
from services.intake.convert import rules as convert_rules
from services.intake.domain.lexicon import check_lexicon
from services.intake.domain.rules import Rules
from services.intake.domain.values import OTHER_CATEGORY
from services.intake.handlers.sites import check_site
from services.intake.store import lexicons
from services.intake.store import rules as store


async def publish_rules(work: Work, site_id: str, rules: Rules, base_version: int) -> Receipt:
    """Puts rules in force; the receipt's version is theirs.

    Raises Refused SITE_UNKNOWN and VERSION_MISMATCH.
    """
    await check_site(work.connection, work.actor, site_id)
    subject = f"rules/{site_id}"
    await work.lock(site_id, subject)
    in_force = await store.load_rules(work.connection, site_id)
    _expect(base_version, in_force.version)
    if in_force.version and replace(rules, version=in_force.version) == in_force:
        return Receipt(subject, in_force.version)
    rules = replace(rules, version=in_force.version + 1)
    work.record(subject, site_id, convert_rules.rules_published(site_id, rules))
    await store.insert_rules(work.connection, site_id, rules, work.actor.subject, work.time)
    return Receipt(subject, rules.version)


async def publish_lexicon(
    work: Work, site_id: str, lexicon: pb.Lexicon, base_version: int
) -> Receipt:
    """Puts a lexicon in force; the receipt's version is its own.

    Raises Refused SITE_UNKNOWN, VERSION_MISMATCH, CATEGORY_UNKNOWN and LEXICON_INVALID.
    """
    await check_site(work.connection, work.actor, site_id)
    subject = f"lexicon/{site_id}"
    await work.lock(site_id, subject)
    version, in_force = await lexicons.load_lexicon(work.connection, site_id)
    _expect(base_version, version)
    categories = await store.list_categories(work.connection, site_id)
    faults = check_lexicon(
        convert_lexicons.entries_of(lexicon),
        categories | {OTHER_CATEGORY},
        convert_lexicons.groups_of(lexicon),
    )
    if faults:
        raise convert_lexicons.refusal(faults, lexicon, site_id)
    lexicon = convert_lexicons.with_weights(lexicon)
    if version and lexicon == in_force:
        return Receipt(subject, version)
    version += 1
    work.record(subject, site_id, convert_lexicons.lexicon_published(site_id, version, lexicon))
    await lexicons.insert_lexicon(
        work.connection, site_id, version, lexicon, work.actor.subject, work.time
    )
    return Receipt(subject, version)


def _expect(expected: int, actual: int) -> None:
    if expected not in (0, actual):
        raise Refused("VERSION_MISMATCH", expected=expected, actual=actual)

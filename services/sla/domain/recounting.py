"""A unit's clock under other terms, as `amending` has it for the clocks of a case."""

from dataclasses import replace
from datetime import datetime

from services.sla.domain import clocks as rules
from services.sla.domain.clocks import Clock
from services.sla.domain.kinds import AmendmentCause, Counting
from services.sla.domain.policy import Profile, Terms

# A unit is no case, so only rules for all cases are for it.
_NO_CASE = Profile()


def recount_unit(clock: Clock, terms: Terms, cause: AmendmentCause, now: datetime) -> Clock:
    """Returns a running clock counted by the terms in force; as it is where that changes nothing.

    One that a policy has switched off is cancelled.
    """
    rule, version = clock.rule, clock.policy_version
    if cause is AmendmentCause.POLICY:
        rule, version = terms.policy.terms(clock.kind, _NO_CASE), terms.policy.version
        if rule.counting is Counting.OFF:
            return rules.cancel(clock, now)
    counted = rules.amend(clock, rule, terms.calendar, clock.given)
    if (
        counted.due_time == clock.due_time
        and counted.provisional == clock.provisional
        and counted.warn_time == clock.warn_time
        and counted.rule == clock.rule
    ):
        return clock
    # Its time ended before now, and nobody could have known.
    missed = counted.due_time <= now and (clock.born_breached or now < clock.due_time)
    return replace(counted, policy_version=version, born_breached=missed)

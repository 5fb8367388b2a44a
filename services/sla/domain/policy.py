"""What a site has promised, in numbers; a running clock keeps the version it started with."""

from dataclasses import dataclass
from datetime import timedelta

from services.sla.domain.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a site's policy; the defaults are version 1 of every site.

    A progress period of 0 switches the PROGRESS clock off.
    """

    version: int = 1
    # The first reply is due the same day, but never sooner than this after the appeal.
    first_reply_floor: timedelta = timedelta(hours=2)
    plan_working_days: int = 3
    progress_working_days: int = 5
    confirmation_working_days: int = 3
    # From a late work order, its unit's head told, to the ladder.
    work_order_grace_working_days: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything a deadline of a site is computed from."""

    calendar: Calendar
    policy: Policy

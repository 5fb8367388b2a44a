"""Contacts with units (下基层服务): a log that is only added to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.errors import Refused
from services.routing.domain.work_orders import CLOCK_SKEW

# Longer ago nobody remembers what was heard.
LATEST_DAYS = 90


class Form(StrEnum):
    VISIT = "VISIT"
    CALL = "CALL"
    MEETING = "MEETING"


@dataclass(frozen=True, slots=True)
class Outreach:
    """One contact with a unit, and what was heard there."""

    outreach_id: str
    site_id: str
    unit_id: str
    form: Form
    place: str
    heard: str
    done_by: str
    outreach_time: datetime
    record_time: datetime


def subject(site_id: str, unit_id: str) -> str:
    """Returns the subject of the facts about a unit's contacts."""
    return f"outreach/{site_id}/{unit_id}"


def check_time(outreach_time: datetime, time: datetime) -> None:
    """Raises Refused TIME_IN_FUTURE and OUTREACH_TOO_LONG_AGO."""
    if outreach_time > time + CLOCK_SKEW:
        raise Refused("TIME_IN_FUTURE", field="outreach_time")
    if outreach_time < time - timedelta(days=LATEST_DAYS):
        raise Refused("OUTREACH_TOO_LONG_AGO", days=LATEST_DAYS)

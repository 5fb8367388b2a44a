"""Contacts with units are recorded while they are remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Refused
from services.routing.domain import outreach

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def test_a_contact_is_neither_ahead_nor_forgotten() -> None:
    for time in (NOW, NOW + timedelta(minutes=5), NOW - 90 * DAY):
        outreach.check_time(time, NOW)
    for time, reason in (
        (NOW + timedelta(minutes=5) + SECOND, "TIME_IN_FUTURE"),
        (NOW - 90 * DAY - SECOND, "OUTREACH_TOO_LONG_AGO"),
    ):
        with pytest.raises(Refused, match=reason):
            outreach.check_time(time, NOW)


def test_each_unit_of_each_site_has_a_log_of_its_own() -> None:
    assert outreach.subject("yuwu", "bathhouse") == "outreach/yuwu/bathhouse"

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


def kept(
    last_days_ago: float | None = None, clock: outreach.Clock | None = None, unit: str = "a"
) -> outreach.Kept:
    last = None
    if last_days_ago is not None:
        last = outreach.Contact(NOW - last_days_ago * DAY, None, "li")
    return outreach.Kept(unit, unit, "", "", last, 0, 0, clock)


def clock(start_days_ago: int, *, breached: bool = False, days: int = 30) -> outreach.Clock:
    start = NOW - start_days_ago * DAY
    return outreach.Clock("c", start, start + days * DAY, start + days * DAY if breached else None)


def test_a_unit_is_overdue_once_its_deadline_has_passed_without_a_contact() -> None:
    for unit, expected in (
        (kept(), False),
        (kept(40), False),
        (kept(29, clock(29)), False),
        (kept(30, clock(30)), True),
        (kept(40, clock(40, breached=True)), True),
        (kept(None, clock(40, breached=True)), True),
        # Heard of since: sla will find that.
        (kept(5, clock(40, breached=True)), False),
        (kept(39, clock(40)), False),
        # Already reported, though counted anew for later.
        (kept(40, outreach.Clock("c", NOW - 40 * DAY, NOW + DAY, NOW - DAY)), True),
    ):
        assert unit.overdue(NOW) is expected


def test_a_deadline_that_was_overtaken_is_not_told() -> None:
    assert kept().due_time(NOW) is None
    assert kept(20, clock(20)).due_time(NOW) == NOW + 10 * DAY
    assert kept(40, clock(40)).due_time(NOW) == NOW - 10 * DAY
    assert kept(5, clock(40)).due_time(NOW) is None
    assert kept(5, clock(20)).due_time(NOW) == NOW + 10 * DAY


def test_overdue_units_come_first_and_those_heard_of_last_come_last() -> None:
    units = [
        kept(1, unit="lately"),
        kept(unit="never"),
        kept(50, unit="long ago"),
        kept(40, clock(40), unit="overdue"),
        kept(60, clock(60), unit="most overdue"),
    ]
    assert [each.unit_id for each in outreach.in_order(units, NOW)] == [
        "most overdue",
        "overdue",
        "never",
        "long ago",
        "lately",
    ]


def test_the_newest_contact_counts_and_a_recorded_one_before_a_case() -> None:
    older = outreach.Contact(NOW - DAY, outreach.Form.VISIT, "li")
    newer = outreach.Contact(NOW, None, "wu")
    assert outreach.newest(older, newer) == newer
    assert outreach.newest(older, None) == older
    assert outreach.newest(None, None) is None
    same = outreach.Contact(NOW, outreach.Form.CALL, "li")
    assert outreach.newest(same, newer) == same

"""Whoever follows a case by its code reads that the window is late, and since when."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_service_pb2
from ctl.tables import case as case_tables
from tests.unit.ctl.test_tables import _look, _text


def test_a_missed_deadline_is_marked() -> None:
    due = Timestamp()
    due.FromDatetime(datetime(2026, 11, 23, 3, 30, tzinfo=UTC))
    for late in (True, False):
        tracked = intake_service_pb2.TrackCaseResponse(number="YW-1", next_due_time=due, late=late)
        text = _text(*case_tables.tracked(_look(), tracked))
        assert "2026-11-23 11:30" in text
        assert ("已超期" in text) is late

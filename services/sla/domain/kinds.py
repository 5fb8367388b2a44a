"""The words that clocks, policies and cases share."""

from enum import StrEnum


class ClockKind(StrEnum):
    FIRST_REPLY = "FIRST_REPLY"
    PLAN = "PLAN"
    PROGRESS = "PROGRESS"
    RESOLUTION = "RESOLUTION"
    WORK_ORDER = "WORK_ORDER"
    CONFIRMATION = "CONFIRMATION"
    ESCALATION = "ESCALATION"
    REMINDER = "REMINDER"
    RULING = "RULING"
    OUTREACH = "OUTREACH"
    PAUSE = "PAUSE"
    CALLBACK = "CALLBACK"
    SILENCE = "SILENCE"
    REVIEW = "REVIEW"


class ClockState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    BREACHED = "BREACHED"
    MET = "MET"
    MET_LATE = "MET_LATE"
    CANCELLED = "CANCELLED"


class Consequence(StrEnum):
    """What follows from a breach."""

    LADDER = "LADDER"
    HEAD_OF_UNIT = "HEAD_OF_UNIT"
    CALLBACK = "CALLBACK"
    REMINDER = "REMINDER"
    ALERT = "ALERT"
    DIRECTOR = "DIRECTOR"
    REPORT = "REPORT"
    RESUME = "RESUME"
    MAY_CLOSE = "MAY_CLOSE"
    REVIEW = "REVIEW"


class Threshold(StrEnum):
    """A point at which a clock fires."""

    WARNING = "WARNING"
    DUE = "DUE"


class PauseReason(StrEnum):
    WAITING_FOR_REPORTER = "WAITING_FOR_REPORTER"
    WAITING_FOR_OUTAGE_WINDOW = "WAITING_FOR_OUTAGE_WINDOW"
    FORCE_MAJEURE = "FORCE_MAJEURE"


class AmendmentCause(StrEnum):
    """Why a deadline was moved."""

    CALENDAR = "CALENDAR"
    POLICY = "POLICY"
    EXTENSION = "EXTENSION"
    PROMISE_MOVED = "PROMISE_MOVED"


class CaseState(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Counting(StrEnum):
    """How a clock's deadline is found."""

    # 24:00 of the local day of the event, and never sooner than the floor.
    SAME_DAY = "SAME_DAY"
    # 24:00 of the n-th working day after the day of the event.
    WORKING_DAYS = "WORKING_DAYS"
    # 24:00 of the n-th day after, or of the next working day where that is a rest day.
    CALENDAR_DAYS = "CALENDAR_DAYS"
    # When so much time within working hours is over.
    WORKING_TIME = "WORKING_TIME"
    # As the promise, the work order or the pause says.
    GIVEN = "GIVEN"
    # As the level of the ladder says; becomes one of the others when the clock starts.
    LADDER = "LADDER"
    # The next 24:00, again and again.
    DAILY = "DAILY"
    # Not at all.
    OFF = "OFF"


class DayEnd(StrEnum):
    MIDNIGHT = "MIDNIGHT"
    # The end of the day's last working window; of a day without one, 24:00.
    CLOSE_OF_BUSINESS = "CLOSE_OF_BUSINESS"


class WarningKind(StrEnum):
    # Of the time from start to deadline.
    SHARE = "SHARE"
    # Of the working time from start to deadline.
    WORKING_TIME_SHARE = "WORKING_TIME_SHARE"
    WORKING_DAYS_BEFORE = "WORKING_DAYS_BEFORE"
    SECONDS_BEFORE = "SECONDS_BEFORE"

"""What is said about a case and put beside it: comments, meetings, files that lie elsewhere."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from chassis.errors import FieldViolation, Refused
from services.intake.domain import visibility
from services.intake.domain.attaching import check_attachments, check_reporters_attachments
from services.intake.domain.marks import Attachment, Comment, Meeting, Visibility
from services.intake.domain.room import Entry, check_room
from services.intake.domain.times import believed, kept_promise_day
from services.intake.domain.transitions import IN_HAND, Act, advance, require
from services.intake.domain.values import Case, CaseFile, CaseState

# Nobody reads more, and a case file is one read.
COMMENTS_LIMIT = 500
COMMENT_TEXT_LIMIT = 200_000
# Whoever holds a code may speak: what they say leaves room for everybody else.
REPORTER_COMMENTS_LIMIT = 50
REPORTER_TEXT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class CommentCase:
    """`visibility` is of staff's comments; the reporter's own words are always for them, too."""

    case_id: str
    text: str
    visibility: Visibility
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordMeeting:
    case_id: str
    expected_version: int
    meeting_time: datetime | None
    chaired_by: str
    participants: tuple[str, ...]
    unit_ids: tuple[str, ...]
    decisions: str
    next_date: date | None


def comment(file: CaseFile, command: CommentCase, act: Act, speaker: visibility.Speaker) -> Comment:
    """Returns what is said, as the reporter's own word where it is one.

    Raises Refused CASE_NOT_FOUND for a reporter of other cases, PERMISSION_DENIED,
    TOO_MANY_COMMENTS, TOO_MANY_ATTACHMENTS, and INVALID_FIELD for a long text of the reporter.
    """
    own = speaks_for_themselves(file, speaker)
    if not own:
        check_talk(file.case, speaker)
    if own:
        _check_reporters(file, command)
    if len(file.comments) >= COMMENTS_LIMIT:
        raise Refused("TOO_MANY_COMMENTS", limit=COMMENTS_LIMIT)
    if sum(len(one.text) for one in file.comments) + len(command.text) > COMMENT_TEXT_LIMIT:
        raise Refused("TOO_MANY_COMMENTS", limit=COMMENT_TEXT_LIMIT)
    check_attachments(file, command.attachments)
    return Comment(
        visibility=Visibility.REPORTER if own else command.visibility,
        text=command.text,
        written_by="" if own else act.by,
        by_reporter=own,
        comment_time=act.time,
        attachments=command.attachments,
    )


def _check_reporters(file: CaseFile, command: CommentCase) -> None:
    if len(command.text) > REPORTER_TEXT_LIMIT:
        violation = FieldViolation(
            "text", f"the reporter's has at most {REPORTER_TEXT_LIMIT} characters"
        )
        raise Refused("INVALID_FIELD", fields=[violation], field="text")
    said = [one for one in file.comments if one.by_reporter]
    if len(said) >= REPORTER_COMMENTS_LIMIT:
        raise Refused("TOO_MANY_COMMENTS", limit=REPORTER_COMMENTS_LIMIT)
    check_reporters_attachments(said, command.attachments)


def speaks_for_themselves(file: CaseFile, speaker: visibility.Speaker) -> bool:
    """Tells whether a word is the reporter's own: by their account, or by a code that proves it.

    In the hands of someone who has had a hand in the case it doesn't: registering shows it.
    """
    if "REPORTER" in speaker.roles and speaker.own:
        return True
    return speaker.code and not speaker.handled(file)


def check_talk(case: Case, speaker: visibility.Speaker) -> None:
    """Raises Refused CASE_NOT_FOUND for a reporter of other cases, else PERMISSION_DENIED."""
    if visibility.only_reporter(speaker.roles):
        raise Refused("CASE_NOT_FOUND", case_id=case.case_id)
    if speaker.roles.isdisjoint(visibility.STAFF):
        raise Refused("PERMISSION_DENIED", needed=", ".join(sorted(visibility.STAFF)))


def meet(
    file: CaseFile,
    command: RecordMeeting,
    act: Act,
    units: AbstractSet[str],
    people: AbstractSet[str],
) -> tuple[Case, Meeting]:
    """Several units met about the case: it is in progress.

    `units` and `people` are those of the named that the site has. Raises Refused WRONG_STATE,
    UNIT_UNKNOWN, TIME_IN_FUTURE, PROMISE_IN_PAST, TOO_MANY_ENTRIES, and INVALID_FIELD for a person
    who is nobody of the directory or may not have the case in hand.
    """
    case = file.case
    require(case, "RecordMeeting", *IN_HAND)
    present = (*command.participants, *command.unit_ids)
    check_room(file, Entry.MEETINGS, command.decisions, *present)
    for unit_id in command.unit_ids:
        if unit_id not in units:
            raise Refused("UNIT_UNKNOWN", unit_id=unit_id, site_id=case.site_id)
    _check_present(case, "chaired_by", (command.chaired_by,), people)
    _check_present(case, "participants", command.participants, people)
    next_date = command.next_date
    if next_date is not None:
        next_date = kept_promise_day(next_date, act.time, file.zone, "next_date")
    meeting = Meeting(
        cycle=case.cycle,
        meeting_time=believed(
            command.meeting_time, act.time, "meeting_time", not_before=case.cycle_start_time
        ),
        chaired_by=command.chaired_by,
        participants=command.participants,
        unit_ids=command.unit_ids,
        decisions=command.decisions,
        next_date=next_date,
        recorded_by=act.by,
    )
    return advance(case, CaseState.IN_PROGRESS), meeting


def _check_present(case: Case, field: str, told: tuple[str, ...], people: AbstractSet[str]) -> None:
    for person in told:
        problem = "" if person in people else f"{person} is nobody of the site's directory"
        if person in case.shielded:
            problem = f"{person} may not have the case in hand"
        if problem:
            raise Refused("INVALID_FIELD", fields=[FieldViolation(field, problem)], field=field)


def promised_date(file: CaseFile) -> date | None:
    """Returns the date of the last plan of this cycle, while the case is in hand."""
    if file.case.state not in IN_HAND:
        return None
    plans = [one.promised_date for one in file.answers if one.cycle == file.case.cycle]
    return next((one for one in reversed(plans) if one is not None), None)

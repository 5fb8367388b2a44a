"""Writes what is said about a case: comments, and meetings of several units."""

from chassis.work import Receipt, Work
from services.intake.convert import talking as convert
from services.intake.domain import talking, visibility
from services.intake.handlers.holding import act, held, hold, locked
from services.intake.store import cases, directory
from services.intake.store import talking as store


async def comment_case(
    work: Work, command: talking.CommentCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes a comment. To comment is to have no hand in the case.

    The reporter may say something about what they raised, recused as a handler or not.
    """
    file = await locked(work, command.case_id, speaker.persons)
    if not (speaker.own and "REPORTER" in speaker.roles):
        visibility.check_hand(file.case, speaker.persons)
    comment = talking.comment(file, command, act(work), speaker)
    case = file.case
    version = work.record(case.case_id, case.site_id, convert.case_commented(case, comment))
    await store.insert_comment(work.connection, case, comment, version)
    return Receipt(case.case_id, version)


async def record_meeting(work: Work, command: talking.RecordMeeting) -> Receipt:
    """Writes a meeting; whoever was there has a hand in the case."""
    file = await held(work, command.case_id, command.expected_version)
    present = (command.chaired_by, *command.participants)
    names = await directory.list_names(
        work.connection, file.case.site_id, [*command.unit_ids, *present]
    )
    case, meeting = talking.meet(
        file,
        command,
        act(work),
        units={code for kind, code in names if kind == "unit"},
        people={code for kind, code in names if kind == "person"},
    )
    version = work.record(
        case.case_id,
        case.site_id,
        convert.case_meeting_recorded(case, meeting),
        occurred_time=meeting.meeting_time,
    )
    await cases.save_case(work.connection, case)
    await store.insert_meeting(work.connection, case, meeting, version)
    await hold(work, file, *present)
    return Receipt(case.case_id, version)

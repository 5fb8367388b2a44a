"""Keeps what is said about a case and attached to it; `version` is that of the fact."""

from collections.abc import Collection, Sequence

from chassis.database import Connection
from chassis.queries import load_queries
from services.intake.domain.marks import Attachment, Comment, Meeting
from services.intake.domain.values import Case, Step
from services.intake.store.rows import read_step

Q = load_queries("services.intake", "sql/talking.sql")


async def insert_comment(
    connection: Connection, case: Case, comment: Comment, version: int
) -> None:
    """Writes a comment with its attachments."""
    await connection.execute(
        Q.insert_comment,
        case.case_id,
        version,
        case.site_id,
        comment.visibility,
        comment.text,
        comment.written_by,
        comment.by_reporter,
        comment.comment_time,
    )
    await insert_attachments(connection, case, comment.attachments, version)


async def insert_attachments(
    connection: Connection, case: Case, attachments: Sequence[Attachment], version: int
) -> None:
    """Writes the attachments that came with a fact; none is nothing to write."""
    if not attachments:
        return
    await connection.execute(
        Q.insert_attachments,
        case.case_id,
        version,
        case.site_id,
        [one.reference for one in attachments],
        [one.sha256 for one in attachments],
        [one.media_type for one in attachments],
        [one.size_bytes for one in attachments],
        [one.caption for one in attachments],
    )


async def insert_meeting(
    connection: Connection, case: Case, meeting: Meeting, version: int
) -> None:
    """Writes a meeting."""
    await connection.execute(
        Q.insert_meeting,
        case.case_id,
        version,
        case.site_id,
        meeting.cycle,
        meeting.meeting_time,
        meeting.chaired_by,
        meeting.participants,
        meeting.unit_ids,
        meeting.decisions,
        meeting.next_date,
        meeting.recorded_by,
    )


async def list_public_steps(
    connection: Connection, case_id: str, types: Collection[str], count: int
) -> list[Step]:
    """Returns the newest steps of these types, at most `count`, oldest first.

    Of deadlines that passed only those that the reporter waits for: others are nobody else's
    business, and some of them come daily.
    """
    rows = await connection.fetch(Q.list_public_steps, case_id, list(types), count)
    return [read_step(row) for row in rows]

"""How many files a case takes: they come with the appeal, with verifications and with comments."""

from collections.abc import Sequence

from chassis.errors import Refused
from services.intake.domain.marks import Attachment, Comment
from services.intake.domain.values import CaseFile

# A case file is one read, its attachments included.
ATTACHMENTS_LIMIT = 200
# Whoever holds a code may attach; the rest is for those who handle the case.
REPORTER_ATTACHMENTS_LIMIT = 50


def check_attachments(file: CaseFile, added: tuple[Attachment, ...]) -> None:
    """Raises Refused TOO_MANY_ATTACHMENTS when a case would have more than it takes."""
    there = len(file.attachments)
    there += sum(len(one.attachments) for one in file.verifications)
    there += sum(len(one.attachments) for one in file.comments)
    if added and there + len(added) > ATTACHMENTS_LIMIT:
        raise Refused("TOO_MANY_ATTACHMENTS", limit=ATTACHMENTS_LIMIT)


def check_reporters_attachments(said: Sequence[Comment], added: tuple[Attachment, ...]) -> None:
    """Raises Refused TOO_MANY_ATTACHMENTS for more than `said`, the reporter's words, may have."""
    there = sum(len(one.attachments) for one in said)
    if added and there + len(added) > REPORTER_ATTACHMENTS_LIMIT:
        raise Refused("TOO_MANY_ATTACHMENTS", limit=REPORTER_ATTACHMENTS_LIMIT)

"""The inboxes of a dispatch room: which open cases a person should look at, and for what reason.

All of them hold open cases only, none about the caller. "The caller" is the person in whose name
the call is made: whom it acts for, or else its subject.

MINE                  The caller is accountable or the steward, or owes the first reply.
MY_UNIT               Of a unit of the caller's, or with a work order there that isn't completed.
                      The caller's units are their own by the directory and all below it, since
                      whoever leads a department answers for its teams. Nothing without a unit.
DUE_TODAY             The nearest deadline that runs is 24:00 of the site's day or before; one that
                      has just passed and isn't told as breached yet is among them.
OVERDUE               A clock of the present cycle that counts is breached and unmet.
WAITING_FOR_REPORTER  Resolved, without a word of the reporter's that counts.
WAITING_FOR_ME        The caller owes the first reply, or is accountable at level 1 or above.
UNASSIGNED            Without a steward, or a position is accountable instead of a person.
TOP_LEVEL             At level 3 or above, and no open case of the site is higher.

Who owes the first reply is CaseFile.first_reply_owed_by. The clocks that count are all but
those that only remind (REMINDER, REVIEW), end a pause (PAUSE) or allow something (SILENCE).
"""

from enum import StrEnum


class View(StrEnum):
    """An inbox; NONE lets every case pass, closed ones too."""

    NONE = "UNSPECIFIED"
    MINE = "MINE"
    MY_UNIT = "MY_UNIT"
    DUE_TODAY = "DUE_TODAY"
    OVERDUE = "OVERDUE"
    WAITING_FOR_REPORTER = "WAITING_FOR_REPORTER"
    WAITING_FOR_ME = "WAITING_FOR_ME"
    UNASSIGNED = "UNASSIGNED"
    TOP_LEVEL = "TOP_LEVEL"


INBOXES = tuple(view for view in View if view is not View.NONE)


def caller_of(subject: str, acting_for: str) -> str:
    """Returns the person whose inbox a call asks for."""
    return acting_for or subject

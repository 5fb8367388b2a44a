"""The facts of a site's lists, as the journal keeps them, for the second reckoning."""

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.message import Message

from backstop.routing.v1 import routing_facts_pb2 as facts
from services.routing.convert.absences import absence_from
from services.routing.convert.directory import directory_from
from services.routing.convert.matrix import responsibility_from
from services.routing.domain.absences import Absence
from services.routing.domain.directory import Directory
from services.routing.domain.matrix import Responsibility
from services.routing.domain.replay import Facts


def facts_of(published: Iterable[tuple[datetime, Message]]) -> Facts:
    """Returns what was published of a site; each list in the order of its versions, others skipped.

    The time of a fact is its record time.
    """
    directories: list[tuple[datetime, Directory]] = []
    matrices: list[tuple[datetime, tuple[Responsibility, ...]]] = []
    absences: dict[str, Absence] = {}
    for time, message in published:
        if isinstance(message, facts.DirectoryPublished):
            directories.append((time, directory_from(message.directory)))
        elif isinstance(message, facts.MatrixPublished):
            rows = tuple(responsibility_from(row, "") for row in message.responsibilities)
            matrices.append((time, rows))
        elif isinstance(message, facts.AbsenceRecorded | facts.AbsenceCancelled):
            absence = absence_from(message.absence)
            absences[absence.absence_id] = absence
    return Facts(directories, matrices, tuple(absences.values()))

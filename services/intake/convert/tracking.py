"""What whoever follows a case by its code sees beside how it stands: nobody's name."""

from collections.abc import Sequence

from backstop.intake.v1 import intake_marks_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_date_message, to_timestamp
from services.intake.convert import marks as marks_of
from services.intake.convert.enums import to_number
from services.intake.domain import marks, values
from services.intake.domain.talking import promised_date
from services.intake.sentences.public import PublicStep


def add(
    message: rpc.TrackCaseResponse,
    file: values.CaseFile,
    *,
    steps: Sequence[PublicStep],
    allowed: Sequence[str],
    master: values.Case | None,
) -> None:
    """Adds history, promise, comments, what may be done, and how a duplicate's master stands."""
    message.history.extend(
        rpc.PublicStep(occurred_time=to_timestamp(step.occurred_time), sentence=step.sentence)
        for step in steps
    )
    promised = promised_date(file)
    if promised is not None:
        message.promised_date.CopyFrom(to_date_message(promised))
    message.allowed_actions.extend(allowed)
    message.comments.extend(comments(file))
    if master is not None:
        message.master_state = to_number(master.state)


def add_to_case(message: pb.Case, file: values.CaseFile, allowed: Sequence[str]) -> None:
    """Adds the same to a case that was answered with by its code."""
    message.allowed_actions.extend(allowed)
    message.comments.extend(comments(file))


def comments(file: values.CaseFile) -> list[intake_marks_pb2.Comment]:
    """Returns the comments that are for the reporter, without who wrote them."""
    shown = []
    for one in file.comments:
        if one.visibility is marks.Visibility.REPORTER:
            message = marks_of.comment(one)
            message.written_by = ""
            shown.append(message)
    return shown

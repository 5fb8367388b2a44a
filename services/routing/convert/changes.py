"""What is otherwise in a list, and what is wrong with it, as messages."""

from backstop.routing.v1 import routing_organisation_pb2 as pb
from services.routing.domain.changes import ListChange
from services.routing.domain.faults import Fault


def change_message(change: ListChange) -> pb.ListChange:
    return pb.ListChange(
        kind=pb.ChangeKind.Value(f"CHANGE_KIND_{change.kind}"),
        part=change.part,
        id=change.id,
        before=change.before,
        after=change.after,
    )


def fault_message(fault: Fault) -> pb.ListFault:
    return pb.ListFault(field=fault.field, zh=fault.zh, en=fault.en)

"""Ties between cases: requests → commands, what was tied, merged and moved → facts."""

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_life_pb2 as rpc
from backstop.intake.v1 import intake_pb2 as pb
from chassis.convert import set_timestamp, to_timestamp
from services.intake.convert.enums import from_number, to_number
from services.intake.domain import linking, values
from services.intake.domain.transitions import Act


def link_cases(request: rpc.LinkCasesRequest) -> linking.LinkCases:
    return linking.LinkCases(
        case_id=request.case_id,
        expected_version=request.expected_version,
        linked_case_id=request.link.case_id,
        relation=from_number(values.Relation, request.link.relation),
        remove=request.remove,
        reason=request.reason,
    )


def merge_case(request: rpc.MergeCaseRequest) -> linking.MergeCase:
    return linking.MergeCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        master_case_id=request.master_case_id,
        reason=request.reason,
    )


def split_case(request: rpc.SplitCaseRequest) -> linking.SplitCase:
    return linking.SplitCase(
        case_id=request.case_id,
        expected_version=request.expected_version,
        text=request.text,
        category=request.category,
        unit_id=request.unit_id,
        place=request.place,
        reason=request.reason,
    )


def case_linked(
    case: values.Case, command: linking.LinkCases, linked_number: str
) -> facts.CaseLinked:
    return facts.CaseLinked(
        case_id=case.case_id,
        link=pb.Link(case_id=command.linked_case_id, relation=to_number(command.relation)),
        set=not command.remove,
        reason=command.reason,
        linked_number=linked_number,
    )


def case_merged(
    case: values.Case, command: linking.MergeCase, master: values.Case
) -> facts.CaseClosed:
    """Tells that a duplicate was closed, and which case goes on in its place."""
    message = facts.CaseClosed(
        case_id=case.case_id,
        outcome=to_number(case.outcome),
        remark=command.reason,
        master_case_id=master.case_id,
        master_number=master.number,
        cycle=case.cycle,
    )
    set_timestamp(message.close_time, case.close_time)
    return message


def case_split(
    case: values.Case, command: linking.SplitCase, new: tuple[str, str], act: Act
) -> facts.CaseSplit:
    """Tells that a second matter has a case of its own, `new` as (id, number)."""
    new_case_id, new_number = new
    return facts.CaseSplit(
        case_id=case.case_id,
        new_case_id=new_case_id,
        new_number=new_number,
        reason=command.reason,
        split_by=act.by,
        cycle=case.cycle,
    )


def case_master_moved(case_id: str, master: values.Case, act: Act) -> facts.CaseMasterMoved:
    """Tells a duplicate how its master stands now; what is over of it is left out."""
    resolved = master.state in (values.CaseState.RESOLVED, values.CaseState.CLOSED)
    return facts.CaseMasterMoved(
        case_id=case_id,
        master_case_id=master.case_id,
        master_number=master.number,
        master_state=to_number(master.state),
        resolution=master.resolution if resolved else "",
        outcome=to_number(master.outcome),
        move_time=to_timestamp(act.time),
    )

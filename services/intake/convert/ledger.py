"""The ledger and the list of solved problems as their callers read them."""

from backstop.intake.v1 import intake_measures_pb2 as rpc
from backstop.intake.v1 import intake_pb2 as pb
from chassis.convert import set_timestamp, to_date_message, to_timestamp
from services.intake.convert.enums import to_number
from services.intake.domain.ledger import LedgerRow
from services.intake.domain.publishing import SolvedProblem


def ledger_row(row: LedgerRow) -> pb.LedgerRow:
    message = pb.LedgerRow(
        number=row.number,
        case_id=row.case_id,
        occurred_time=to_timestamp(row.occurred_time),
        record_time=to_timestamp(row.record_time),
        kind=to_number(row.kind),
        category=row.category,
        category_name=row.category_name,
        unit_id=row.unit_id,
        unit_name=row.unit_name,
        place=row.place,
        channel=to_number(row.channel),
        text=row.text,
        steward=row.steward,
        steward_name=row.steward_name,
        state=to_number(row.state),
        outcome=to_number(row.outcome),
        grade=to_number(row.grade),
        resolution=row.resolution,
        level=row.level,
        reopen_count=row.reopen_count,
        breach_count=row.breach_count,
        late_entry=row.late_entry,
    )
    set_timestamp(message.first_reply_time, row.first_reply_time)
    set_timestamp(message.resolve_time, row.resolve_time)
    set_timestamp(message.close_time, row.close_time)
    if row.promised_date is not None:
        message.promised_date.CopyFrom(to_date_message(row.promised_date))
    return message


def solved_problem(one: SolvedProblem) -> rpc.SolvedProblem:
    return rpc.SolvedProblem(
        category_name=one.category_name,
        problem=one.problem,
        solution=one.solution,
        solve_date=to_date_message(one.solve_date),
        days=one.days,
    )

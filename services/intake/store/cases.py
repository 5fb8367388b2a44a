"""Keeps cases and what intake itself writes about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from backstop.fact.v1 import fact_pb2
from chassis.database import Connection
from services.intake.domain.marks import Callback, FlagKind, PromiseMove
from services.intake.domain.times import OLDEST
from services.intake.domain.values import (
    Answer,
    Case,
    CaseFile,
    Feedback,
    Step,
    Verification,
)
from services.intake.store import Q
from services.intake.store.rows import read_case, read_file, read_step

# More than any case has.
_ALL_STEPS = 1_000_000

# Whoever has raised as many isn't known better by how many more there are.
REPEATS_COUNTED = 1_000


async def load_case(connection: Connection, case_id: str) -> Case | None:
    """Returns a case's own columns, None when it isn't there or out of sight."""
    row = await connection.fetchrow(Q.get_case, case_id)
    return None if row is None else read_case(row)


async def plan_once(connection: Connection) -> None:
    """Spares what a transaction reads by key its planning."""
    await connection.execute(Q.plan_once)


async def load_file(connection: Connection, case_id: str) -> CaseFile | None:
    """Returns the whole case file, None when it isn't there or out of sight."""
    row = await connection.fetchrow(Q.get_file, case_id)
    return None if row is None else read_file(row)


async def save_case(connection: Connection, case: Case) -> None:
    """Writes everything about a case that can change, but its flags."""
    pause = case.pause
    await connection.execute(
        Q.save_case,
        case.case_id,
        case.state,
        case.unit_id,
        case.steward,
        case.accepted,
        case.accountable,
        case.level,
        case.next_wake_time,
        case.cycle,
        case.reopen_count,
        case.resolution,
        case.proposed_outcome,
        case.outcome,
        case.grade,
        case.basis,
        case.confirmed,
        case.resolve_time,
        case.close_time,
        case.deliveries_planned,
        case.deliveries_sent,
        case.cycle_start_time,
        case.promise_move_count,
        pause.reason if pause else "",
        pause.words if pause else "",
        pause.approved_by if pause else "",
        pause.start_time if pause else None,
        pause.latest_end_time if pause else None,
        case.first_reply_by,
        case.recused_persons,
        case.due_time,
        case.rejections,
        case.resolve_record_time,
    )


async def add_hands(
    connection: Connection, case_id: str, site_id: str, persons: Sequence[str]
) -> None:
    """Writes who has had a hand in the case; once is enough."""
    await connection.execute(Q.add_hands, case_id, site_id, persons)


async def insert_answer(connection: Connection, case: Case, answer: Answer, version: int) -> None:
    """Writes an answer; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_answer,
        case.case_id,
        answer.answer_id,
        case.site_id,
        version,
        answer.cycle,
        answer.kind,
        answer.text,
        answer.promised_date,
        answer.answer_time,
        answer.answered_by,
        answer.fed_back_time,
        answer.next_date,
    )


async def mark_fed_back(connection: Connection, case_id: str, answer: Answer) -> None:
    """Writes when the answer reached the reporter."""
    await connection.execute(Q.mark_fed_back, case_id, answer.answer_id, answer.fed_back_time)


async def move_promise(connection: Connection, case: Case, move: PromiseMove, version: int) -> None:
    """Writes a plan's new promised date, and the one before beside it."""
    await connection.execute(
        Q.move_promise,
        case.case_id,
        version,
        case.site_id,
        move.answer_id,
        move.previous_date,
        move.promised_date,
        move.reason,
        move.approved_by,
        move.move_time,
    )


async def insert_callback(
    connection: Connection, case: Case, callback: Callback, version: int
) -> None:
    """Writes one call to the reporter; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_callback,
        case.case_id,
        version,
        case.site_id,
        callback.cycle,
        callback.reached,
        callback.called_by,
        callback.call_time,
        callback.words,
        callback.grade,
        callback.sample_id,
    )


async def save_flag(connection: Connection, case: Case, kind: FlagKind) -> None:
    """Writes whether a flag stands on the case, as the case says."""
    flag = next((one for one in case.flags if one.kind is kind), None)
    if flag is None:
        await connection.execute(Q.delete_flag, case.case_id, kind)
        return
    await connection.execute(
        Q.save_flag,
        case.case_id,
        kind,
        case.site_id,
        flag.reason,
        flag.leader,
        flag.flagged_by,
        flag.flag_time,
    )


async def insert_feedback(
    connection: Connection, case: Case, feedback: Feedback, version: int
) -> None:
    """Writes one try to reach the reporter; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_feedback,
        case.case_id,
        version,
        case.site_id,
        feedback.answer_id,
        feedback.cycle,
        feedback.way,
        feedback.feedback_time,
        feedback.note,
        feedback.recorded_by,
    )


async def insert_verification(
    connection: Connection, case: Case, verification: Verification, version: int
) -> None:
    """Writes an on-site verification; `version` is the case's once it is recorded."""
    await connection.execute(
        Q.insert_verification,
        case.case_id,
        version,
        case.site_id,
        verification.place,
        verification.findings,
        verification.verified_by,
        verification.verify_time,
    )


async def find_number(connection: Connection, number: str) -> str | None:
    """Returns the id of the one case in sight with this number; None when it isn't one."""
    rows = await connection.fetch(Q.find_number, number)
    return rows[0]["case_id"] if len(rows) == 1 else None


async def find_code(connection: Connection, code_hash: bytes) -> tuple[str, str] | None:
    """Returns (case id, site id) of a receipt code; None for an unknown one."""
    row = await connection.fetchrow(Q.find_code, code_hash)
    return None if row is None else (row["case_id"], row["site_id"])


async def is_own_case(connection: Connection, case_id: str, person_hash: bytes) -> bool:
    """Tells whether the person raised the case."""
    own: bool = await connection.fetchval(Q.is_own_case, case_id, person_hash)
    return own


async def load_reporter(connection: Connection, case_id: str) -> fact_pb2.Sealed | None:
    """Returns the sealed reporter; None for an anonymous case."""
    row = await connection.fetchrow(Q.get_reporter, case_id)
    if row is None:
        return None
    return fact_pb2.Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"])


async def has_confidential_kin(connection: Connection, case_id: str) -> bool:
    """Tells whether a case is confidential that was one appeal with this one, before a split."""
    found: bool = await connection.fetchval(Q.has_confidential_kin, case_id)
    return found


async def count_repeats(connection: Connection, file: CaseFile, callers: Iterable[str]) -> int:
    """Returns how many other named cases of a case's person there are, REPEATS_COUNTED at most.

    Within the file's repeat_days, and none about a caller; 0 without a query where it has no days.
    """
    if not file.repeat_days:
        return 0
    days, spoken = timedelta(days=file.repeat_days), file.case.occurred_time
    found: int = await connection.fetchval(
        Q.count_repeats,
        file.case.case_id,
        spoken - days,
        spoken + days,
        list(callers),
        REPEATS_COUNTED,
    )
    return found


async def list_in_sight(
    connection: Connection, case_ids: Iterable[str], callers: Iterable[str]
) -> frozenset[str]:
    """Returns those of some cases that are in sight and not about a caller."""
    rows = await connection.fetch(Q.list_in_sight, list(case_ids), list(callers))
    return frozenset(row["case_id"] for row in rows)


async def list_numbers(
    connection: Connection, case_ids: Iterable[str], callers: Iterable[str]
) -> dict[str, str]:
    """Returns {case: number} of those of some cases that are in sight and not about a caller."""
    rows = await connection.fetch(Q.list_numbers, list(case_ids), list(callers))
    return {row["case_id"]: row["number"] for row in rows}


async def list_own_numbers(
    connection: Connection, case_ids: Iterable[str], callers: Iterable[str], person_hash: bytes
) -> dict[str, str]:
    """Returns {case: number} as list_numbers, but only of cases that the person raised."""
    rows = await connection.fetch(Q.list_own_numbers, list(case_ids), list(callers), person_hash)
    return {row["case_id"]: row["number"] for row in rows}


async def list_steps(connection: Connection, case_id: str) -> list[Step]:
    """Returns all steps of a case, of all services."""
    return await list_timeline(connection, case_id, (OLDEST, "", 0), _ALL_STEPS)


async def list_timeline(
    connection: Connection, case_id: str, after: tuple[datetime, str, int], count: int
) -> list[Step]:
    """Returns steps of all services after `after` (record time, source, version)."""
    rows = await connection.fetch(Q.list_timeline, case_id, *after, count)
    return [read_step(row) for row in rows]

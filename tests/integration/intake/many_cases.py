"""A mine with very many cases, made by SQL: what figures and plans are measured on."""

import asyncpg

from tests.integration.databases import ServiceDatabase

# Cases are spread over the days before the end; each is answered, planned, and mostly resolved.
_CASES = """
INSERT INTO cases (
    case_id, site_id, number, state, kind, category, channel, post_id, place, unit_id, text,
    urgency, reporter_kind, confidentiality, occurred_time, record_time, receiver, slip_number,
    steward, accepted, accountable, level, next_wake_time, cycle, cycle_start_time, reopen_count,
    resolution, proposed_outcome, outcome, grade, basis, confirmed, resolve_time, close_time,
    suggestion, late_entry, due_time
)
SELECT
    'case-' || n, $1, 'YW-' || n, state,
    (ARRAY['GRIEVANCE', 'REQUEST', 'SUGGESTION', 'INQUIRY'])[1 + n % 4],
    'CAT' || n % 12, (ARRAY['PHONE', 'DESK', 'SLIP'])[1 + n % 3], '', '地点' || n % 300,
    'unit' || n % 80, '南风井浴室淋浴头损坏，水温不稳，请尽快处理 ' || n, 'NORMAL', 'EMPLOYEE',
    CASE WHEN n % 50 = 0 THEN 'ANONYMOUS' WHEN n % 20 = 0 THEN 'CONFIDENTIAL' ELSE 'NAMED' END,
    came, came, 'c-1', '', 's-' || n % 30, true, CASE WHEN state = 'CLOSED' THEN '' ELSE 's-1' END,
    n % 3, CASE WHEN state = 'CLOSED' THEN NULL ELSE $3::timestamptz END, 1 + (n % 17 = 0)::int,
    came, (n % 17 = 0)::int, '', 'SOLVED',
    CASE WHEN state = 'CLOSED' THEN 'SOLVED' ELSE '' END,
    CASE WHEN state = 'CLOSED' THEN
        (ARRAY['SATISFIED', 'MOSTLY_SATISFIED', 'DISSATISFIED'])[1 + n % 3] ELSE '' END,
    '', state = 'CLOSED', CASE WHEN state = 'CLOSED' THEN came + interval '60 hours' END,
    CASE WHEN state = 'CLOSED' THEN came + interval '80 hours' END,
    (ARRAY['', 'ACCEPTED', 'OVERRULED'])[1 + n % 3], n % 40 = 0, came + interval '3 days'
FROM (
    SELECT
        n, $3::timestamptz - make_interval(secs => n * $4::float8) AS came,
        CASE WHEN n % 10 = 0 THEN 'IN_PROGRESS' ELSE 'CLOSED' END AS state
    FROM generate_series(1, $2::int) AS n
) AS made
"""
_CLOCKS = """
INSERT INTO clocks (
    case_id, clock_id, site_id, kind, cycle, reference, start_time, due_time, state, provisional,
    breached
)
SELECT
    case_id, clock.kind || case_id, site_id, clock.kind, 1, 'wo' || case_id, occurred_time,
    occurred_time + days * interval '1 day',
    CASE WHEN hashtext(case_id) % 9 = 0 THEN 'MET_LATE' ELSE 'MET' END, false, false
FROM cases
CROSS JOIN (
    VALUES
        ('FIRST_REPLY', 1), ('PLAN', 3), ('RESOLUTION', 6), ('WORK_ORDER', 4), ('CONFIRMATION', 9),
        ('ESCALATION', 2)
) AS clock (kind, days)
WHERE site_id = $1
"""
_ANSWERS = """
INSERT INTO answers (
    case_id, answer_id, site_id, version, cycle, kind, text, promised_date, answer_time,
    answered_by, fed_back_time
)
SELECT
    case_id, answer.kind || case_id, site_id, nth, 1, answer.kind, '已安排',
    CASE WHEN answer.kind = 'PLAN' THEN (occurred_time + interval '6 days')::date END,
    occurred_time + nth * interval '5 hours', 's-1', occurred_time + nth * interval '5 hours'
FROM cases CROSS JOIN (VALUES ('FIRST_REPLY', 1), ('PLAN', 2)) AS answer (kind, nth)
WHERE site_id = $1
"""
_FEEDBACKS = """
INSERT INTO feedbacks (
    case_id, version, site_id, answer_id, cycle, way, feedback_time, note, recorded_by
)
SELECT case_id, version, site_id, answer_id, 1, 'TOLD', fed_back_time, '', 's-1'
FROM answers WHERE site_id = $1
"""
_WORK_ORDERS = """
INSERT INTO work_orders (
    case_id, work_order_id, site_id, unit_id, lead, task, deadline_time, dispatch_time, state
)
SELECT
    case_id, 'wo' || case_id, site_id, 'unit' || hashtext(case_id) % 20, true, '更换',
    occurred_time + interval '4 days', occurred_time + interval '1 hour', 'COMPLETED'
FROM cases WHERE site_id = $1
"""
_REPORTERS = """
INSERT INTO reporters (case_id, site_id, key_id, nonce, ciphertext, person_hash)
SELECT
    case_id, site_id, 'k', '\\x00', '\\x00',
    decode(md5((hashtext(case_id) % 20000)::text), 'hex')
FROM cases WHERE site_id = $1 AND confidentiality <> 'ANONYMOUS'
"""


async def make(
    database: ServiceDatabase, site_id: str, count: int, last_time: object, seconds_apart: float
) -> None:
    """Writes `count` cases with all that measures look at, `seconds_apart` before `last_time`."""
    connection = await asyncpg.connect(
        database.dsn("owner"), server_settings={"search_path": database.service}
    )
    try:
        await connection.execute("SELECT set_config('backstop.sites', '*', false)")
        await connection.execute(_CASES, site_id, count, last_time, seconds_apart)
        for statement in (_CLOCKS, _ANSWERS, _FEEDBACKS, _WORK_ORDERS, _REPORTERS):
            await connection.execute(statement, site_id)
        await connection.execute(
            "ANALYZE cases, clocks, answers, feedbacks, work_orders, reporters"
        )
    finally:
        await connection.close()

-- name: get_case
-- A case without its clocks, if it is about none of these persons.
SELECT
    case_id, site_id, state, cycle, occurred_time, category, kind, urgency, unit_id, anonymous,
    long_standing, steward, accountable, fallback, level, level_time, at_ladder_end, pause_reason,
    pause_words, pause_approved_by, pause_start_time, pause_latest_end_time, next_wake_time
FROM cases
WHERE case_id = $1 AND NOT about_persons && $2::text[];

-- name: save_about
-- Keeps whom a case is about.
UPDATE cases SET about_persons = $2 WHERE case_id = $1;

-- name: list_files
-- Cases by id, a row for each of their clocks to which something can still happen, or one without.
-- The ids come from a subquery, or every single case would be planned anew: a plan made for the one
-- id at hand always looks cheaper than the general one, and planning costs more than the rows.
SELECT
    cases.case_id, cases.site_id, cases.state, cases.cycle, cases.occurred_time, cases.category,
    cases.kind, cases.urgency, cases.unit_id, cases.anonymous, cases.long_standing, cases.steward,
    cases.accountable, cases.fallback, cases.level, cases.level_time, cases.at_ladder_end,
    cases.pause_reason, cases.pause_words, cases.pause_approved_by, cases.pause_start_time,
    cases.pause_latest_end_time, cases.next_wake_time,
    clocks.clock_id::text, clocks.subject_id, clocks.site_id AS clock_site_id,
    clocks.kind AS clock_kind, clocks.cycle AS clock_cycle, clocks.reference, clocks.start_time,
    clocks.due_time, clocks.state AS clock_state, clocks.provisional, clocks.policy_version,
    clocks.calendar_version, clocks.rule, clocks.given, clocks.pauses, clocks.warn_time,
    clocks.warned_count, clocks.warned_time, clocks.breach_time, clocks.stop_time,
    clocks.born_breached
FROM cases
LEFT JOIN clocks ON clocks.subject_id = cases.case_id
    AND (
        clocks.state IN ('RUNNING', 'PAUSED')
        OR (clocks.state = 'BREACHED' AND clocks.stop_time IS NULL)
    )
WHERE cases.case_id = ANY ((SELECT $1::text[])::text[]);

-- name: get_clock
-- A clock by its id, if its case is about none of these persons.
SELECT
    clock_id::text, subject_id, site_id AS clock_site_id, kind AS clock_kind,
    cycle AS clock_cycle, reference, start_time, due_time, state AS clock_state, provisional,
    policy_version, calendar_version, rule, given, pauses, warn_time, warned_count, warned_time,
    breach_time, stop_time, born_breached
FROM clocks
WHERE
    clock_id = $1::text::uuid
    AND NOT EXISTS (
        SELECT FROM cases
        WHERE cases.case_id = clocks.subject_id AND cases.about_persons && $2::text[]
    );

-- name: list_clocks
-- All clocks of a case or a unit, of all cycles, in the order of their start.
SELECT
    clock_id::text, subject_id, site_id AS clock_site_id, kind AS clock_kind,
    cycle AS clock_cycle, reference, start_time, due_time, state AS clock_state, provisional,
    policy_version, calendar_version, rule, given, pauses, warn_time, warned_count, warned_time,
    breach_time, stop_time, born_breached
FROM clocks
WHERE subject_id = $1
ORDER BY start_time, due_time, clock_id;

-- name: list_live_clocks
-- Clocks of these cases or units to which something can still happen.
SELECT
    clock_id::text, subject_id, site_id AS clock_site_id, kind AS clock_kind,
    cycle AS clock_cycle, reference, start_time, due_time, state AS clock_state, provisional,
    policy_version, calendar_version, rule, given, pauses, warn_time, warned_count, warned_time,
    breach_time, stop_time, born_breached
FROM clocks
WHERE subject_id = ANY ($1::text[])
    AND (state IN ('RUNNING', 'PAUSED') OR (state = 'BREACHED' AND stop_time IS NULL));

-- name: list_acts
-- Everything that was applied to these cases, in its order.
SELECT
    case_id, kind, detail::text, apply_time, known_time, serial, policy_version, calendar_version,
    actor, cause
FROM acts
WHERE case_id = ANY ($1::text[])
ORDER BY case_id, id;

-- name: list_units
-- Units of a site whose outreach is watched.
SELECT reference
FROM clocks
WHERE site_id = $1 AND kind = 'OUTREACH'
    AND (state IN ('RUNNING', 'PAUSED') OR (state = 'BREACHED' AND stop_time IS NULL));

-- name: get_directory_version
-- The version of a directory that the gate let in last.
SELECT version FROM gates WHERE source = 'routing' AND subject_id = $1;

-- name: list_last_contacts
-- Of each unit, given with the start of its clock, the latest appeal spoken of since.
SELECT asked.subject_id, latest.occurred_time
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
    AS asked (subject_id, site_id, unit_id, since)
CROSS JOIN LATERAL (
    SELECT occurred_time FROM cases
    WHERE cases.site_id = asked.site_id AND cases.unit_id = asked.unit_id
        AND cases.occurred_time > asked.since
    ORDER BY occurred_time DESC
    LIMIT 1
) AS latest;

-- name: save_files
-- Cases and clocks as they stand after some changes, new or not, and their acts, in one statement.
WITH saved AS (
    INSERT INTO cases (
        case_id, site_id, state, cycle, occurred_time, category, kind, urgency, unit_id, anonymous,
        long_standing, steward, accountable, level, level_time, at_ladder_end, pause_reason,
        pause_words, pause_approved_by, pause_start_time, pause_latest_end_time, next_wake_time,
        fallback
    )
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::text[],
        $7::text[], $8::text[], $9::text[], $10::boolean[], $11::boolean[], $12::text[],
        $13::text[], $14::integer[], $15::timestamptz[], $16::boolean[], $17::text[], $18::text[],
        $19::text[], $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $54::text[]
    )
    ON CONFLICT (case_id) DO UPDATE SET
        state = excluded.state, cycle = excluded.cycle, category = excluded.category,
        kind = excluded.kind, urgency = excluded.urgency, unit_id = excluded.unit_id,
        long_standing = excluded.long_standing, steward = excluded.steward,
        accountable = excluded.accountable, fallback = excluded.fallback, level = excluded.level,
        level_time = excluded.level_time, at_ladder_end = excluded.at_ladder_end,
        pause_reason = excluded.pause_reason, pause_words = excluded.pause_words,
        pause_approved_by = excluded.pause_approved_by,
        pause_start_time = excluded.pause_start_time,
        pause_latest_end_time = excluded.pause_latest_end_time,
        next_wake_time = excluded.next_wake_time
),
added AS (
    INSERT INTO acts (
        case_id, site_id, kind, detail, apply_time, known_time, serial, policy_version,
        calendar_version, actor, cause
    )
    SELECT
        case_id, site_id, kind, detail::jsonb, apply_time, known_time, serial, policy_version,
        calendar_version, actor, cause
    FROM unnest(
        $1::text[], $2::text[], $45::text[], $46::text[], $47::timestamptz[], $48::timestamptz[],
        $49::bigint[], $50::integer[], $51::integer[], $52::text[], $53::text[]
    ) AS logged (
        case_id, site_id, kind, detail, apply_time, known_time, serial, policy_version,
        calendar_version, actor, cause
    )
)
INSERT INTO clocks (
    clock_id, subject_id, site_id, kind, cycle, reference, start_time, due_time, state,
    provisional, policy_version, calendar_version, rule, given, pauses, warn_time, warned_count,
    warned_time, breach_time, stop_time, born_breached, next_fire_time
)
SELECT *
FROM unnest(
    $23::text[]::uuid[], $24::text[], $25::text[], $26::text[], $27::integer[], $28::text[],
    $29::timestamptz[], $30::timestamptz[], $31::text[], $32::boolean[], $33::integer[],
    $34::integer[], $35::text[], $36::timestamptz[], $37::text[], $38::timestamptz[],
    $39::integer[], $40::timestamptz[], $41::timestamptz[], $42::timestamptz[], $43::boolean[],
    $44::timestamptz[]
)
ON CONFLICT (clock_id) DO UPDATE SET
    due_time = excluded.due_time, state = excluded.state, provisional = excluded.provisional,
    policy_version = excluded.policy_version, calendar_version = excluded.calendar_version,
    rule = excluded.rule, given = excluded.given, pauses = excluded.pauses,
    warn_time = excluded.warn_time, warned_count = excluded.warned_count,
    warned_time = excluded.warned_time, breach_time = excluded.breach_time,
    stop_time = excluded.stop_time, born_breached = excluded.born_breached,
    next_fire_time = excluded.next_fire_time;

-- name: list_due
-- Subjects with clocks that are due, oldest first, without a lock.
SELECT subject_id, next_fire_time
FROM clocks
WHERE next_fire_time <= $1 AND subject_id <> ALL ($3::text[])
ORDER BY next_fire_time, clock_id
LIMIT $2;

-- name: next_fire_time
-- When the next clock fires, and what the decision time is now.
SELECT
    decision_time() AS decision_time,
    (
        SELECT next_fire_time FROM clocks
        WHERE next_fire_time IS NOT NULL AND subject_id <> ALL ($1::text[])
        ORDER BY next_fire_time, clock_id LIMIT 1
    ) AS next_fire_time;

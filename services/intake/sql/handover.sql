-- name: get_last
-- A site's last handover.
SELECT handover_id, sequence, incoming, incoming_sign_time, prepare_time FROM shift_handovers
WHERE site_id = $1 ORDER BY sequence DESC LIMIT 1;

-- name: list_left_open
-- Cases that a handover left open.
SELECT case_id FROM shift_handover_cases WHERE handover_id = $1 AND change <> 'CLOSED';

-- name: list_standing
-- Every open case of a site, and those of the last handover ($2) whatever became of them.
SELECT
    cases.case_id, state, accountable, due_time,
    EXISTS (
        SELECT FROM clocks
        WHERE clocks.case_id = cases.case_id AND clocks.cycle = cases.cycle
            AND clocks.state = 'BREACHED'
            -- Those only remind, end a pause, or allow something.
            AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
    ) AS breached,
    (
        SELECT promised_date FROM answers
        WHERE answers.case_id = cases.case_id AND answers.cycle = cases.cycle AND kind = 'PLAN'
        ORDER BY version DESC LIMIT 1
    ) AS promised_date,
    EXISTS (
        SELECT FROM journal
        WHERE journal.subject_id = cases.case_id
            AND journal.type = 'backstop.intake.v1.CaseReopened'
    ) AS reopened,
    EXISTS (
        SELECT FROM shift_handover_cases AS listed WHERE listed.case_id = cases.case_id
    ) AS seen
FROM cases
WHERE site_id = $1 AND (state <> 'CLOSED' OR case_id = ANY ($2::text[]));

-- name: insert_handover
-- A handover with its lines, signed by whoever prepared it.
WITH made AS (
    INSERT INTO shift_handovers (
        handover_id, site_id, sequence, prepared_by, prepare_time, incoming, note, open_before
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)
INSERT INTO shift_handover_cases (
    handover_id, site_id, case_id, state, change, at_risk, promised_today, due_time, accountable
)
SELECT $1, $2, case_id, state, change, at_risk, promised_today, due_time, accountable
FROM unnest(
    $9::text[], $10::text[], $11::text[], $12::boolean[], $13::boolean[], $14::timestamptz[],
    $15::text[]
) AS line (case_id, state, change, at_risk, promised_today, due_time, accountable);

-- name: sign_handover
-- Signed by whoever takes over; the first signature stands.
UPDATE shift_handovers SET incoming_sign_time = $2, incoming_note = $3
WHERE handover_id = $1 AND incoming_sign_time IS NULL;

-- name: get_handover
-- A handover with what its lines come to.
SELECT
    handover_id, site_id, sequence, prepared_by, prepare_time, incoming, incoming_sign_time, note,
    incoming_note, open_before, changes, at_risk, promised_today
FROM shift_handovers AS handovers
CROSS JOIN LATERAL (
    SELECT
        jsonb_object_agg(change, lines) AS changes,
        coalesce(sum(at_risk), 0)::bigint AS at_risk,
        coalesce(sum(promised_today), 0)::bigint AS promised_today
    FROM (
        SELECT
            change, count(*) AS lines, count(*) FILTER (WHERE at_risk) AS at_risk,
            count(*) FILTER (WHERE promised_today) AS promised_today
        FROM shift_handover_cases AS listed
        WHERE listed.handover_id = handovers.handover_id
        GROUP BY change
    ) AS counted
) AS sums
WHERE handover_id = $1;

-- name: list_lines
-- The lines of a handover as they were then, none about the callers ($2).
SELECT
    lines.case_id, lines.state, change, at_risk, promised_today, lines.due_time, lines.accountable,
    number, left(text, 80) AS text, left(place, 40) AS place, unit_id, urgency = 'URGENT' AS urgent,
    EXISTS (
        SELECT FROM flags WHERE flags.case_id = lines.case_id AND flag = 'HAZARD'
    ) AS hazard,
    about_persons <> '{}' AS about_persons
FROM shift_handover_cases AS lines
JOIN cases ON cases.case_id = lines.case_id
WHERE handover_id = $1 AND NOT about_persons && $2::text[];

-- name: list_handovers
-- A site's handovers before a sequence, newest first, each with what its lines come to.
SELECT
    handover_id, site_id, sequence, prepared_by, prepare_time, incoming, incoming_sign_time, note,
    incoming_note, open_before, changes, at_risk, promised_today
FROM (
    SELECT
        handover_id, site_id, sequence, prepared_by, prepare_time, incoming, incoming_sign_time,
        note, incoming_note, open_before
    FROM shift_handovers
    WHERE site_id = $1 AND sequence < $2
    ORDER BY sequence DESC
    LIMIT $3
) AS handovers
CROSS JOIN LATERAL (
    SELECT
        jsonb_object_agg(change, lines) AS changes,
        coalesce(sum(at_risk), 0)::bigint AS at_risk,
        coalesce(sum(promised_today), 0)::bigint AS promised_today
    FROM (
        SELECT
            change, count(*) AS lines, count(*) FILTER (WHERE at_risk) AS at_risk,
            count(*) FILTER (WHERE promised_today) AS promised_today
        FROM shift_handover_cases AS listed
        WHERE listed.handover_id = handovers.handover_id
        GROUP BY change
    ) AS counted
) AS sums
ORDER BY sequence DESC;

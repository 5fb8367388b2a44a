-- name: add_decision
-- Adds how a case came to whoever has it now; never before the last decision, whoever read the
-- clock first.
INSERT INTO decisions (
    case_id, site_id, ordinal, accountable, rule, level, steps, decided_by, decide_time,
    handover_note
)
SELECT
    $1, $2, coalesce(max(ordinal), 0) + 1, $3, $4, $5, $6::text::jsonb, $7,
    greatest($8::timestamptz, max(decide_time)), $9
FROM decisions
WHERE case_id = $1;

-- name: list_decisions
-- How a case came to whoever had it, oldest first.
SELECT accountable, rule, level, steps::text, decided_by, decide_time, handover_note
FROM decisions
WHERE case_id = $1
ORDER BY ordinal;

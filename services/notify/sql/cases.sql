-- name: insert_case
-- Begins to follow a case.
INSERT INTO cases (
    case_id, site_id, number, category, place, unit_id, urgent, confidentiality, has_phone,
    has_email, receiver, steward, accountable, leader, accepted, level, cycle, state,
    first_reply_by, about_persons, shielded, fallback
)
VALUES (
    $1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
    $19, $20, $20, $21
);

-- name: load_case
-- Reads what is known of a case.
SELECT
    case_id::text, site_id, number, category, place, unit_id, urgent, confidentiality, has_phone,
    has_email, receiver, steward, accountable, leader, accepted, level, cycle, state,
    first_reply_by, shielded, late_until, late_by, fallback
FROM cases
WHERE case_id = $1::text::uuid;

-- name: save_case
-- Keeps what a fact changed about a case: who has it, on what level of what cycle, in what state,
-- what was noticed late of it, and who is told nothing of it.
UPDATE cases
SET
    steward = $2, accountable = $3, leader = $4, accepted = $5, level = $6, cycle = $7, state = $8,
    late_until = $9, late_by = $10, first_reply_by = $11, shielded = $12,
    fallback = $13
WHERE case_id = $1::text::uuid;

-- name: amend_case
-- Keeps what was amended of a case; whom it is about is only added to.
UPDATE cases
SET
    category = $2, place = $3, unit_id = $4, urgent = $5, has_phone = $6, has_email = $7,
    about_persons = ARRAY(SELECT DISTINCT unnest(about_persons || $8::text[]) ORDER BY 1),
    shielded = $9
WHERE case_id = $1::text::uuid;

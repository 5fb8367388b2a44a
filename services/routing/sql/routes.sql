-- name: get_route
-- One route with the version of its subject.
SELECT
    routes.case_id, routes.site_id, routes.unit_id, routes.state, routes.steward, routes.rule,
    routes.reasons, routes.also_told, routes.assign_time, routes.accepted_by, routes.accept_time,
    routes.level, routes.level_position, routes.level_owner, routes.level_time,
    routes.instruction, routes.instruction_text, routes.instructed_by, routes.instruct_time,
    routes.cycle, routes.category, routes.place, routes.post_id, routes.receiver,
    routes.register_time, routes.about_persons, routes.recused_persons, routes.resolve_time,
    routes.not_lasting_time, routes.accountable_since, routes.first_reply_by,
    routes.fallback_position, subjects.version
FROM routes
JOIN subjects ON subjects.subject_id = routes.case_id
WHERE routes.case_id = $1;

-- name: list_about
-- Which of some cases are about one of some persons ($2).
SELECT case_id FROM routes WHERE case_id = ANY ($1::text[]) AND about_persons && $2::text[];

-- name: list_routes
-- Several routes with the versions of their subjects.
SELECT
    routes.case_id, routes.site_id, routes.unit_id, routes.state, routes.steward, routes.rule,
    routes.reasons, routes.also_told, routes.assign_time, routes.accepted_by, routes.accept_time,
    routes.level, routes.level_position, routes.level_owner, routes.level_time,
    routes.instruction, routes.instruction_text, routes.instructed_by, routes.instruct_time,
    routes.cycle, routes.category, routes.place, routes.post_id, routes.receiver,
    routes.register_time, routes.about_persons, routes.recused_persons, routes.resolve_time,
    routes.not_lasting_time, routes.accountable_since, routes.first_reply_by,
    routes.fallback_position, subjects.version
FROM routes
JOIN subjects ON subjects.subject_id = routes.case_id
WHERE routes.case_id = ANY ($1::text[])
ORDER BY routes.case_id;

-- name: insert_route
-- Puts in the route of a case just registered.
INSERT INTO routes (
    case_id, state, steward, accountable, rule, reasons, also_told, assign_time, accepted_by,
    accept_time, level, level_position, level_owner, level_time, instruction, instruction_text,
    instructed_by, instruct_time, cycle, recused_persons, resolve_time, not_lasting_time,
    first_reply_by, fallback_position, accountable_since, site_id, unit_id, category, place,
    post_id, receiver, register_time, about_persons
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33
);

-- name: save_route
-- Keeps a route as it is after a change; a new hand has it since $25.
UPDATE routes SET
    state = $2, steward = $3, accountable = $4, rule = $5, reasons = $6, also_told = $7,
    assign_time = $8, accepted_by = $9, accept_time = $10, level = $11, level_position = $12,
    level_owner = $13, level_time = $14, instruction = $15, instruction_text = $16,
    instructed_by = $17, instruct_time = $18, cycle = $19, recused_persons = $20,
    resolve_time = $21, not_lasting_time = $22, first_reply_by = $23,
    fallback_position = $24,
    accountable_since = CASE WHEN accountable = $4 THEN accountable_since ELSE $25 END
WHERE case_id = $1;

-- name: refile_route
-- Keeps what a case is routed by, after an amendment.
UPDATE routes
SET unit_id = $2, category = $3, place = $4, post_id = $5, about_persons = $6
WHERE case_id = $1;

-- name: list_seals
-- The seals on a case's work orders, lapsed ones included.
SELECT holder, until_time FROM seals WHERE case_id = $1 ORDER BY holder;

-- name: save_seal
-- Seals a case's work orders for one holder, or renews its lease.
INSERT INTO seals (case_id, site_id, holder, until_time)
VALUES ($1, $2, $3, $4)
ON CONFLICT (case_id, holder) DO UPDATE SET until_time = EXCLUDED.until_time;

-- name: delete_seals
-- Takes the seals of some holders away.
DELETE FROM seals WHERE case_id = $1 AND holder = ANY ($2::text[]);

-- name: delete_seals_until
-- Takes the seals away that end by an instant.
DELETE FROM seals WHERE case_id = $1 AND until_time <= $2;

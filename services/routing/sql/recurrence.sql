-- name: list_suspects
-- Repairs that an appeal ($1 site, $2 category, $3 place, $4 unit, $5 time) may speak against:
-- solved cases that it names ($6) or that were of its place, but not those it was found for ($7),
-- and tasks put right in its unit by sweeps other than its own ($8). Candidates, decided on again
-- under their locks.
WITH since AS (
    -- A day more than counts, since days are local.
    SELECT
        $5::timestamptz
        - make_interval(days => coalesce(nullif(recurrence_days, 0), $9::integer) + 1) AS time
    FROM sites
    WHERE site_id = $1
)
(
    SELECT 'CASE' AS kind, case_id AS id
    FROM routes
    WHERE site_id = $1 AND state <> 'OPEN' AND case_id = ANY ($6::text[])
    LIMIT 100
)
UNION
(
    SELECT 'CASE', case_id
    FROM routes
    WHERE
        site_id = $1 AND category = $2 AND place = $3 AND place <> '' AND state <> 'OPEN'
        AND resolve_time >= (SELECT time FROM since)
        AND case_id <> ALL ($7::text[])
    ORDER BY resolve_time DESC
    LIMIT 100
)
UNION
(
    SELECT 'TASK', sweep_tasks.task_id::text
    FROM sweep_tasks
    JOIN sweeps
        ON sweeps.sweep_id = sweep_tasks.sweep_id AND sweeps.site_id = sweep_tasks.site_id
    WHERE
        sweep_tasks.site_id = $1 AND sweep_tasks.unit_id = $4 AND sweep_tasks.finding = 'FIXED'
        AND sweep_tasks.answer_time >= (SELECT time FROM since)
        AND sweep_tasks.not_lasting_time IS NULL
        AND sweep_tasks.place IN ('', $3)
        AND sweeps.category = $2
        AND sweeps.sweep_id::text <> $8
    ORDER BY sweep_tasks.answer_time DESC
    LIMIT 100
);

-- name: list_fixed
-- Tasks that were put right, with the cases that their sweeps start from.
SELECT
    sweep_tasks.task_id::text, sweep_tasks.sweep_id::text, sweeps.case_id, sweeps.case_site_id,
    sweep_tasks.answer_time, sweep_tasks.not_lasting_time
FROM sweep_tasks
JOIN sweeps ON sweeps.sweep_id = sweep_tasks.sweep_id AND sweeps.site_id = sweep_tasks.site_id
WHERE
    sweep_tasks.task_id = ANY ($1::text[]::uuid[])
    AND sweep_tasks.site_id = $2
    AND sweep_tasks.finding = 'FIXED'
ORDER BY sweep_tasks.task_id;

-- name: save_not_lasting
-- Notes that what a task put right didn't last.
UPDATE sweep_tasks SET not_lasting_time = $2 WHERE task_id = $1::text::uuid;

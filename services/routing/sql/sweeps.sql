-- name: insert_sweeps
-- Puts in the parts of a new sweep, one for each site.
INSERT INTO sweeps (
    sweep_id, site_id, case_id, case_site_id, category, defect, due_date, opened_by, open_time,
    state, closed_by, close_reason
)
SELECT $1::text::uuid, site_id, $3, $4, $5, $6, $7, $8, $9, 'OPEN', '', ''
FROM unnest($2::text[]) AS part (site_id);

-- name: insert_sweep_tasks
-- Puts in the tasks of a new sweep, owed all.
INSERT INTO sweep_tasks (
    task_id, sweep_id, site_id, unit_id, place, finding, words, evidence, answered_by, late,
    found_case_id
)
SELECT task_id::uuid, $1::text::uuid, site_id, unit_id, place, '', '', '[]'::jsonb, '', false, ''
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
    AS task (task_id, site_id, unit_id, place);

-- name: list_parts
-- The parts in sight of some sweeps, with the versions of their subjects and their sites' zones.
SELECT
    sweeps.sweep_id::text, sweeps.site_id, sweeps.case_id, sweeps.case_site_id, sweeps.category,
    sweeps.defect, sweeps.due_date, sweeps.opened_by, sweeps.open_time, sweeps.state,
    sweeps.closed_by, sweeps.close_reason, sweeps.close_time, sites.time_zone, subjects.version
FROM sweeps
JOIN sites ON sites.site_id = sweeps.site_id
JOIN subjects ON subjects.subject_id = 'sweep/' || sweeps.sweep_id || '/' || sweeps.site_id
WHERE sweeps.sweep_id = ANY ($1::text[]::uuid[])
ORDER BY sweeps.sweep_id, sweeps.site_id;

-- name: list_tasks
-- The tasks in sight of some sweeps, in the order in which they were given.
SELECT
    task_id::text, sweep_id::text, site_id, unit_id, place, finding, words, planned_date,
    evidence::text, answered_by, answer_time, late, found_case_id, not_lasting_time
FROM sweep_tasks
WHERE sweep_id = ANY ($1::text[]::uuid[])
ORDER BY sweep_id, sweep_tasks.task_id;

-- name: list_part_sites
-- The sites in sight that have a part of a sweep, and which of them has a task ($2, may be null).
-- None where its case is in sight and about one of some persons ($3).
SELECT
    sweeps.site_id,
    EXISTS (
        SELECT FROM sweep_tasks
        WHERE
            sweep_tasks.sweep_id = sweeps.sweep_id
            AND sweep_tasks.site_id = sweeps.site_id
            AND sweep_tasks.task_id = $2::text::uuid
    ) AS has_task
FROM sweeps
WHERE
    sweeps.sweep_id = $1::text::uuid
    AND NOT EXISTS (
        SELECT FROM routes
        WHERE routes.case_id = sweeps.case_id AND routes.about_persons && $3::text[]
    )
ORDER BY sweeps.site_id;

-- name: list_sweeps
-- A page of the sweeps that look at a site or start from its cases, of one case ($2) or of all,
-- newest first, after a (time, id) key. One is open while any part in sight is. Those from cases in
-- sight about one of some persons ($7) are left out.
SELECT DISTINCT sweeps.sweep_id, sweeps.open_time
FROM sweeps
WHERE
    (sweeps.site_id = $1 OR sweeps.case_site_id = $1)
    AND ($2::text = '' OR sweeps.case_id = $2::text)
    AND (NOT $3 OR EXISTS (
        SELECT FROM sweeps AS parts
        WHERE parts.sweep_id = sweeps.sweep_id AND parts.state = 'OPEN'
    ))
    AND (sweeps.open_time, sweeps.sweep_id) < ($4, $5::text::uuid)
    AND NOT EXISTS (
        SELECT FROM routes
        WHERE routes.case_id = sweeps.case_id AND routes.about_persons && $7::text[]
    )
ORDER BY sweeps.open_time DESC, sweeps.sweep_id DESC
LIMIT $6;

-- name: save_answer
-- Keeps a task's answer; the case found, and whether the repair lasted, are told elsewhere.
UPDATE sweep_tasks SET
    finding = $2, words = $3, planned_date = $4, evidence = $5::text::jsonb, answered_by = $6,
    answer_time = $7, late = $8
WHERE task_id = $1::text::uuid;

-- name: save_closing
-- Keeps how a part ended.
UPDATE sweeps SET state = 'CLOSED', closed_by = $3, close_reason = $4, close_time = $5
WHERE sweep_id = $1::text::uuid AND site_id = $2;

-- name: note_found
-- Names the case that was registered for what a task found.
UPDATE sweep_tasks SET found_case_id = $3
WHERE task_id = $1::text::uuid AND site_id = $2 AND found_case_id = '';

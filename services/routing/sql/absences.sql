-- name: list_absences
-- Absences of a site that count and touch a day or a later one, by their first days.
SELECT
    absence_id, site_id, person_id, start_date, end_date, deputy, reason, recorded_by,
    record_time, cancel_time
FROM absences
WHERE site_id = $1 AND end_date >= $2 AND cancel_time IS NULL
ORDER BY start_date, person_id;

-- name: list_absences_known
-- Absences that touch a day or a later one, as they were known at an instant.
SELECT
    absence_id, site_id, person_id, start_date, end_date, deputy, reason, recorded_by,
    record_time, cancel_time
FROM absences
WHERE
    site_id = $1
    AND end_date >= $2
    AND record_time <= $3
    AND (cancel_time IS NULL OR cancel_time > $3)
ORDER BY start_date, person_id;

-- name: get_absence
-- One absence of a site.
SELECT
    absence_id, site_id, person_id, start_date, end_date, deputy, reason, recorded_by,
    record_time, cancel_time
FROM absences
WHERE site_id = $1 AND absence_id = $2;

-- name: insert_absence
-- Puts in an absence.
INSERT INTO absences (
    absence_id, site_id, person_id, start_date, end_date, deputy, reason, recorded_by, record_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: cancel_absence
-- Lets an absence count no longer.
UPDATE absences SET cancel_time = $2 WHERE absence_id = $1 AND cancel_time IS NULL;

-- name: insert_outreach
-- Adds the contacts of one occasion to the log, one for each unit; the first one's id is that of
-- the occasion.
INSERT INTO outreach (
    outreach_id, site_id, unit_id, form, place, heard, done_by, outreach_time, record_time,
    occasion_id, case_ids, heard_count
)
SELECT given.outreach_id, $1, given.unit_id, $4, $5, $6, $7, $8, $9, $10::text::uuid, $11, $12
FROM unnest($2::text[]::uuid[], $3::text[]) AS given (outreach_id, unit_id);

-- name: list_occasion
-- The contacts of one occasion, in the order of their units.
SELECT
    outreach_id::text, site_id, unit_id, form, place, heard, done_by, outreach_time, record_time,
    occasion_id::text, case_ids, heard_count
FROM outreach
WHERE occasion_id = $1::text::uuid
ORDER BY outreach.outreach_id;

-- name: list_outreach
-- A page of a site's contacts, of one unit ($2) or of all, newest first, after a (time, id) key.
SELECT
    outreach_id::text, site_id, unit_id, form, place, heard, done_by, outreach_time, record_time,
    occasion_id::text, case_ids, heard_count
FROM outreach
WHERE
    site_id = $1
    AND ($2::text = '' OR unit_id = $2::text)
    AND (outreach_time, outreach.outreach_id) < ($3, $4::text::uuid)
ORDER BY outreach_time DESC, outreach.outreach_id DESC
LIMIT $5;

-- name: list_known_units
-- Which of some units the directory has.
SELECT unit_id FROM units WHERE site_id = $1 AND unit_id = ANY ($2::text[]);

-- name: list_known_cases
-- Which of some cases are the site's.
SELECT case_id FROM routes WHERE site_id = $1 AND case_id = ANY ($2::text[]);

-- name: list_kept
-- Each unit that is there on a day ($2): its last recorded contact, the last case taken from it,
-- how many of both since an instant ($3), and its clock.
SELECT
    units.unit_id, units.name,
    contact.outreach_time, contact.form, contact.done_by,
    raised.register_time, raised.receiver,
    (
        SELECT count(*) FROM outreach
        WHERE
            outreach.site_id = $1
            AND outreach.unit_id = units.unit_id
            AND outreach.outreach_time > $3
    ) AS contact_count,
    (
        SELECT count(*) FROM routes
        WHERE
            routes.site_id = $1
            AND routes.unit_id = units.unit_id
            AND routes.register_time > $3
    ) AS case_count,
    outreach_clocks.clock_id, outreach_clocks.start_time, outreach_clocks.due_time,
    outreach_clocks.breach_time
FROM units
LEFT JOIN LATERAL (
    SELECT outreach.outreach_time, outreach.form, outreach.done_by
    FROM outreach
    WHERE outreach.site_id = $1 AND outreach.unit_id = units.unit_id
    ORDER BY outreach.outreach_time DESC
    LIMIT 1
) AS contact ON true
LEFT JOIN LATERAL (
    SELECT routes.register_time, routes.receiver
    FROM routes
    WHERE routes.site_id = $1 AND routes.unit_id = units.unit_id
    ORDER BY routes.register_time DESC
    LIMIT 1
) AS raised ON true
LEFT JOIN outreach_clocks
    ON outreach_clocks.site_id = $1 AND outreach_clocks.unit_id = units.unit_id
WHERE
    units.site_id = $1
    AND (units.start_date IS NULL OR units.start_date <= $2)
    AND (units.end_date IS NULL OR units.end_date >= $2)
ORDER BY units.unit_id;

-- name: start_clock
-- A unit's clock began; it takes the place of the one before.
INSERT INTO outreach_clocks (site_id, unit_id, clock_id, start_time, due_time, breach_time)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site_id, unit_id) DO UPDATE SET
    clock_id = EXCLUDED.clock_id,
    start_time = EXCLUDED.start_time,
    due_time = EXCLUDED.due_time,
    breach_time = EXCLUDED.breach_time;

-- name: amend_clock
-- The deadline of a clock was counted again; one that has passed stays as it was.
UPDATE outreach_clocks SET due_time = $4
WHERE site_id = $1 AND unit_id = $2 AND clock_id = $3 AND breach_time IS NULL;

-- name: breach_clock
-- A clock was reported as overdue, the first time of however many.
UPDATE outreach_clocks SET breach_time = $4
WHERE site_id = $1 AND unit_id = $2 AND clock_id = $3 AND breach_time IS NULL;

-- name: stop_clock
-- A clock ended.
DELETE FROM outreach_clocks WHERE site_id = $1 AND unit_id = $2 AND clock_id = $3;

-- name: note_tenure
-- Adds with whom a case lies from now on, unless it does already; never before the last one began,
-- whoever read the clock first.
WITH last AS (
    SELECT ordinal, start_time, holders FROM tenures WHERE case_id = $1
    ORDER BY ordinal DESC LIMIT 1
)
INSERT INTO tenures (case_id, site_id, ordinal, start_time, holders)
SELECT
    $1, $2, coalesce((SELECT ordinal FROM last), 0) + 1,
    greatest($3::timestamptz, (SELECT start_time FROM last)), $4::text[]
WHERE (SELECT holders FROM last) IS DISTINCT FROM $4::text[];

-- name: list_tenures
-- With whom a case lay, from the first on.
SELECT start_time, holders
FROM tenures
WHERE case_id = $1
ORDER BY ordinal;

-- name: insert_roster_version
-- Puts in the head of a roster, and makes it the one in force.
WITH made AS (
    INSERT INTO roster_versions (site_id, version, publish_time, published_by)
    VALUES ($1, $2, $3, $4)
)
UPDATE sites SET roster_version = $2 WHERE site_id = $1;

-- name: insert_shifts
-- Puts in the shifts of a roster.
INSERT INTO shifts (
    site_id, version, ordinal, post_id, position_id, person_id, start_date, end_date,
    start_second, end_second
)
SELECT
    $1, $2, ordinal, post_id, position_id, person_id, start_date, end_date, start_second,
    end_second
FROM unnest(
    $3::text[], $4::text[], $5::text[], $6::date[], $7::date[], $8::integer[], $9::integer[]
) WITH ORDINALITY AS given (
    post_id, position_id, person_id, start_date, end_date, start_second, end_second, ordinal
);

-- name: get_roster_version
-- Head of one version of a roster, and the version before it.
SELECT
    publish_time, published_by,
    (
        SELECT coalesce(max(earlier.version), 0)
        FROM roster_versions AS earlier
        WHERE earlier.site_id = $1 AND earlier.version < $2
    ) AS previous
FROM roster_versions
WHERE site_id = $1 AND version = $2;

-- name: version_at
-- Version of the roster in force at an instant; the first one before that, 0 without any.
SELECT coalesce(
    (SELECT max(version) FROM roster_versions WHERE site_id = $1 AND publish_time <= $2),
    (SELECT min(version) FROM roster_versions WHERE site_id = $1),
    0
);

-- name: list_roster
-- All shifts of one version, in their order.
SELECT post_id, position_id, person_id, start_date, end_date, start_second, end_second
FROM shifts
WHERE site_id = $1 AND version = $2
ORDER BY ordinal;

-- name: list_shifts
-- Shifts of one version at a position ($3) or a post ($4) that begin on local days.
SELECT post_id, position_id, person_id, start_date, end_date, start_second, end_second
FROM shifts
WHERE
    site_id = $1
    AND version = $2
    AND position_id = $3
    AND post_id = $4
    AND start_date <= $6
    AND end_date >= $5
ORDER BY ordinal;

-- name: list_shifts_at
-- Shifts at a position ($2) or a post ($3) that begin on a local day or the one before it, of the
-- roster in force at an instant.
SELECT version, post_id, position_id, person_id, start_date, end_date, start_second, end_second
FROM shifts
WHERE
    site_id = $1
    AND position_id = $2
    AND post_id = $3
    AND start_date <= $4::date
    AND end_date >= $4::date - 1
    AND version = coalesce(
        (SELECT max(version) FROM roster_versions WHERE site_id = $1 AND publish_time <= $5),
        (SELECT min(version) FROM roster_versions WHERE site_id = $1)
    )
ORDER BY ordinal;

-- name: list_shifts_of
-- Shifts of one version that are a person's on local days, or that a swap makes or made theirs.
SELECT post_id, position_id, person_id, start_date, end_date, start_second, end_second
FROM shifts
WHERE
    site_id = $1
    AND version = $2
    AND start_date <= $5
    AND end_date >= $4
    AND (
        person_id = $3
        OR EXISTS (
            SELECT FROM shift_swaps
            WHERE
                shift_swaps.site_id = $1
                AND shift_swaps.version = $2
                AND shift_swaps.day BETWEEN $4 AND $5
                AND shift_swaps.to_person_id = $3
                AND shift_swaps.post_id = shifts.post_id
                AND shift_swaps.position_id = shifts.position_id
                AND shift_swaps.start_second = shifts.start_second
        )
    )
ORDER BY ordinal;

-- name: list_swaps
-- Swaps of one version on local days, oldest first.
SELECT
    swap_id::text, post_id, position_id, day, start_second, from_person_id, to_person_id, reason,
    approved_by, record_time
FROM shift_swaps
WHERE site_id = $1 AND version = $2 AND day BETWEEN $3 AND $4
ORDER BY record_time, shift_swaps.swap_id;

-- name: list_roster_swaps
-- All swaps of one version, newest first.
SELECT
    swap_id::text, post_id, position_id, day, start_second, from_person_id, to_person_id, reason,
    approved_by, record_time
FROM shift_swaps
WHERE site_id = $1 AND version = $2
ORDER BY record_time DESC, shift_swaps.swap_id DESC;

-- name: get_swap
-- One swap.
SELECT
    swap_id::text, post_id, position_id, day, start_second, from_person_id, to_person_id, reason,
    approved_by, record_time
FROM shift_swaps
WHERE swap_id = $1::text::uuid;

-- name: insert_swap
-- Adds a swap to a version of a roster.
INSERT INTO shift_swaps (
    swap_id, site_id, version, post_id, position_id, day, start_second, from_person_id,
    to_person_id, reason, approved_by, record_time
)
VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: directory_version_at
-- Version of the directory in force at an instant; the first one before that.
SELECT coalesce(
    (SELECT max(version) FROM directory_versions WHERE site_id = $1 AND publish_time <= $2),
    (SELECT min(version) FROM directory_versions WHERE site_id = $1)
);

-- name: list_away
-- The absences of some people that touch local days.
SELECT person_id, start_date AS away_from, end_date AS away_to, deputy
FROM absences
WHERE
    site_id = $1
    AND person_id = ANY ($2::text[])
    AND cancel_time IS NULL
    AND start_date <= $4
    AND end_date >= $3;

-- name: list_attendance
-- Names and days of people of the directory, with the absences of each that touch local days: a
-- row for each absence, one without dates for who has none.
SELECT
    people.person_id, people.name, people.start_date, people.end_date,
    absences.start_date AS away_from, absences.end_date AS away_to, absences.deputy
FROM people
LEFT JOIN absences
    ON absences.site_id = people.site_id
    AND absences.person_id = people.person_id
    AND absences.cancel_time IS NULL
    AND absences.start_date <= $4
    AND absences.end_date >= $3
WHERE people.site_id = $1 AND people.person_id = ANY ($2::text[]);

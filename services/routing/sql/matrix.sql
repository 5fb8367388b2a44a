-- name: insert_matrix_version
-- Puts in the head of a matrix, and makes it the one in force.
WITH made AS (
    INSERT INTO matrix_versions (
        site_id, version, leading_office, supporting_office, basis_document, publish_time,
        published_by
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7)
)
UPDATE sites SET matrix_version = $2 WHERE site_id = $1;

-- name: insert_responsibilities
-- Puts in rows that a version of the matrix is the first to have.
INSERT INTO responsibilities (
    site_id, unit_id, role, person_id, deputy, start_date, end_date, since_version
)
SELECT $1, unit_id, role, person_id, deputy, start_date, end_date, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[])
    AS given (unit_id, role, person_id, deputy, start_date, end_date);

-- name: end_responsibilities
-- Ends rows that a version of the matrix is the first not to have.
UPDATE responsibilities SET until_version = $2
WHERE row_id = ANY ($3::bigint[]) AND site_id = $1 AND until_version IS NULL;

-- name: list_in_force
-- The rows of the matrix in force, with what tells them apart.
SELECT row_id, unit_id, role, person_id, deputy, start_date, end_date
FROM responsibilities
WHERE site_id = $1 AND until_version IS NULL;

-- name: list_matrix
-- The rows of one version of a matrix.
SELECT unit_id, role, person_id, deputy, start_date, end_date
FROM responsibilities
WHERE
    site_id = $1
    AND since_version <= $2
    AND (until_version IS NULL OR until_version > $2)
ORDER BY unit_id, role, start_date;

-- name: get_matrix_version
-- Head of one version of a matrix.
SELECT version, leading_office, supporting_office, basis_document, publish_time, published_by
FROM matrix_versions
WHERE site_id = $1 AND version = $2;

-- name: get_instant
-- What was in force at an instant as it was known at another: of the matrix and the directory the
-- last one published by then, before that the first. Null instants are now; nothing is known of
-- the future.
SELECT
    asked.now_time, asked.at_time, asked.known_time,
    coalesce(
        (
            SELECT version FROM matrix_versions
            WHERE site_id = $1 AND publish_time <= asked.known_time
            ORDER BY version DESC
            LIMIT 1
        ),
        (SELECT min(version) FROM matrix_versions WHERE site_id = $1),
        0
    ) AS matrix_version,
    coalesce(
        (
            SELECT version FROM directory_versions
            WHERE site_id = $1 AND publish_time <= asked.known_time
            ORDER BY version DESC
            LIMIT 1
        ),
        (SELECT min(version) FROM directory_versions WHERE site_id = $1),
        0
    ) AS directory_version,
    sites.name, sites.number_prefix, sites.time_zone,
    sites.directory_version AS present_directory_version,
    sites.matrix_version AS present_matrix_version, sites.roster_version, sites.handover_date,
    sites.span_limit
FROM sites
CROSS JOIN LATERAL (
    SELECT
        clock.now_time, coalesce($2, clock.now_time) AS at_time,
        coalesce($3, least(coalesce($2, clock.now_time), clock.now_time)) AS known_time
    FROM (SELECT decision_time() AS now_time) AS clock
) AS asked
WHERE sites.site_id = $1;

-- name: list_holders
-- Rows of some units that hold on a day, by one version of the matrix, with what decides who of
-- them answers: the days of the person and of the deputy, and who of them is away, by the
-- directory in force and by the absences known at $5 (null: those that count). Units without rows
-- come once, unknown ones not at all.
SELECT
    units.unit_id, units.name AS unit_name, units.kind,
    units.start_date AS unit_start, units.end_date AS unit_end,
    role_requirements.roles AS required,
    held.role, held.person_id, held.deputy, held.start_date, held.end_date,
    person.name AS person_name, person.start_date AS person_start, person.end_date AS person_end,
    away.absence_id IS NOT NULL AS person_away,
    deputy.person_id AS deputy_id, deputy.name AS deputy_name,
    deputy.start_date AS deputy_start, deputy.end_date AS deputy_end,
    deputy_away.absence_id IS NOT NULL AS deputy_away
FROM units
LEFT JOIN role_requirements
    ON role_requirements.site_id = units.site_id AND role_requirements.kind = units.kind
LEFT JOIN responsibilities AS held
    ON held.site_id = units.site_id
    AND held.unit_id = units.unit_id
    AND held.since_version <= $4
    AND (held.until_version IS NULL OR held.until_version > $4)
    AND held.start_date <= $3
    AND (held.end_date IS NULL OR held.end_date >= $3)
LEFT JOIN people AS person
    ON person.site_id = held.site_id AND person.person_id = held.person_id
LEFT JOIN absences AS away
    ON away.site_id = held.site_id
    AND away.person_id = held.person_id
    AND away.start_date <= $3
    AND away.end_date >= $3
    AND CASE
        WHEN $5::timestamptz IS NULL THEN away.cancel_time IS NULL
        ELSE away.record_time <= $5 AND (away.cancel_time IS NULL OR away.cancel_time > $5)
    END
LEFT JOIN people AS deputy
    ON away.absence_id IS NOT NULL
    AND deputy.site_id = held.site_id
    AND deputy.person_id = CASE WHEN away.deputy <> '' THEN away.deputy ELSE held.deputy END
LEFT JOIN absences AS deputy_away
    ON deputy_away.site_id = deputy.site_id
    AND deputy_away.person_id = deputy.person_id
    AND deputy_away.start_date <= $3
    AND deputy_away.end_date >= $3
    AND CASE
        WHEN $5::timestamptz IS NULL THEN deputy_away.cancel_time IS NULL
        ELSE
            deputy_away.record_time <= $5
            AND (deputy_away.cancel_time IS NULL OR deputy_away.cancel_time > $5)
    END
WHERE units.site_id = $1 AND units.unit_id = ANY ($2::text[])
ORDER BY units.unit_id, held.role;

-- name: list_rows_of_unit
-- The rows of one unit in one version of the matrix.
SELECT unit_id, role, person_id, deputy, start_date, end_date
FROM responsibilities
WHERE
    site_id = $1
    AND unit_id = $2
    AND since_version <= $3
    AND (until_version IS NULL OR until_version > $3)
ORDER BY role, start_date;

-- name: list_headed_units
-- Units that have a head on a day, by the matrix in force.
SELECT unit_id
FROM responsibilities
WHERE
    site_id = $1
    AND until_version IS NULL
    AND role = 'HEAD'
    AND start_date <= $2
    AND (end_date IS NULL OR end_date >= $2);

-- name: list_not_closed
-- The next cases of a site that aren't closed, in the order of their ids.
SELECT case_id
FROM routes
WHERE site_id = $1 AND state <> 'CLOSED' AND case_id > $2
ORDER BY case_id
LIMIT $3;

-- name: list_not_there
-- Who of some people isn't at the site on a day, and who is but away, by what is in force.
SELECT
    given.person_id,
    people.person_id IS NOT NULL
    AND (people.start_date IS NULL OR people.start_date <= $3)
    AND (people.end_date IS NULL OR people.end_date >= $3) AS there,
    EXISTS (
        SELECT FROM absences
        WHERE
            absences.site_id = $1
            AND absences.person_id = given.person_id
            AND absences.start_date <= $3
            AND absences.end_date >= $3
            AND absences.cancel_time IS NULL
    ) AS away
FROM unnest($2::text[]) AS given (person_id)
LEFT JOIN people ON people.site_id = $1 AND people.person_id = given.person_id;

-- name: days_changed
-- Tells whether somebody else may answer on a day ($3) than on one before ($2): rows of the matrix
-- in force, absences, people or units begin after the one up to the other, or end between.
SELECT
    EXISTS (
        SELECT FROM responsibilities
        WHERE
            site_id = $1
            AND until_version IS NULL
            AND (
                (start_date > $2 AND start_date <= $3) OR (end_date >= $2 AND end_date < $3)
            )
    )
    OR EXISTS (
        SELECT FROM absences
        WHERE
            site_id = $1
            AND cancel_time IS NULL
            AND (
                (start_date > $2 AND start_date <= $3) OR (end_date >= $2 AND end_date < $3)
            )
    )
    OR EXISTS (
        SELECT FROM people
        WHERE
            site_id = $1
            AND (
                (start_date > $2 AND start_date <= $3) OR (end_date >= $2 AND end_date < $3)
            )
    )
    OR EXISTS (
        SELECT FROM units
        WHERE
            site_id = $1
            AND (
                (start_date > $2 AND start_date <= $3) OR (end_date >= $2 AND end_date < $3)
            )
    );

-- name: count_moving
-- Open cases by unit, steward and how they came to them, but for those named by hand.
SELECT unit_id, steward, rule, count(*) AS count
FROM routes
WHERE site_id = $1 AND state <> 'CLOSED'
GROUP BY unit_id, steward, rule;

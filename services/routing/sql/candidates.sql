-- name: list_headed
-- The units that some people head on a day, by the matrix in force.
SELECT unit_id, person_id
FROM responsibilities
WHERE
    site_id = $1
    AND until_version IS NULL
    AND role = 'HEAD'
    AND person_id = ANY ($2::text[])
    AND start_date <= $3
    AND (end_date IS NULL OR end_date >= $3);

-- name: list_subtree
-- Some units and those below them.
WITH RECURSIVE below AS (
    SELECT unit_id, parent_id FROM units WHERE site_id = $1 AND unit_id = ANY ($2::text[])
    UNION
    SELECT units.unit_id, units.parent_id
    FROM units
    JOIN below ON units.parent_id = below.unit_id
    WHERE units.site_id = $1
)
SELECT unit_id, parent_id FROM below;

-- name: list_people_of
-- The people of some units.
SELECT person_id, name, unit_id
FROM people
WHERE site_id = $1 AND unit_id = ANY ($2::text[]);

-- name: list_stewards
-- Everybody who is a steward on a day, at the site and not away, with the open cases that each has.
SELECT
    people.person_id, people.name,
    (
        SELECT count(*)
        FROM routes
        WHERE
            routes.site_id = people.site_id
            AND routes.steward = people.person_id
            AND routes.state = 'OPEN'
    ) AS open_count
FROM people
WHERE
    people.site_id = $1
    AND (people.start_date IS NULL OR people.start_date <= $2)
    AND (people.end_date IS NULL OR people.end_date >= $2)
    AND (
        people.person_id = ANY ($3::text[])
        OR EXISTS (
            SELECT FROM responsibilities
            WHERE
                responsibilities.site_id = people.site_id
                AND responsibilities.person_id = people.person_id
                AND responsibilities.until_version IS NULL
                AND responsibilities.role = 'STEWARD'
                AND responsibilities.start_date <= $2
                AND (responsibilities.end_date IS NULL OR responsibilities.end_date >= $2)
        )
    )
    AND NOT EXISTS (
        SELECT FROM absences
        WHERE
            absences.site_id = people.site_id
            AND absences.person_id = people.person_id
            AND absences.cancel_time IS NULL
            AND absences.start_date <= $2
            AND absences.end_date >= $2
    );

-- name: count_open_work_orders
-- How many work orders some units have open.
SELECT unit_id, count(*) AS open_count
FROM work_orders
WHERE site_id = $1 AND unit_id = ANY ($2::text[]) AND state <> 'COMPLETED'
GROUP BY unit_id;

-- name: list_named_units
-- Some units, with the days on which they are there.
SELECT unit_id, name, start_date, end_date
FROM units
WHERE site_id = $1 AND unit_id = ANY ($2::text[]);

-- name: list_names
-- What the units, people and positions are called that codes stand for.
SELECT 'unit' AS kind, unit_id AS code, name FROM units
WHERE site_id = $1 AND unit_id = ANY ($2::text[])
UNION ALL
SELECT 'person', person_id, name FROM people
WHERE site_id = $1 AND person_id = ANY ($2::text[])
UNION ALL
SELECT 'position', position_id, name FROM positions
WHERE site_id = $1 AND position_id = ANY ($2::text[]);

-- name: list_places
-- Whose the matters of places are, in the site's order.
SELECT place, category_id, unit_id FROM place_rules WHERE site_id = $1 ORDER BY ordinal;

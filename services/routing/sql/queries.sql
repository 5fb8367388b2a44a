-- name: hold_assignments
-- Lets assignments of a site pass together while keeping changes of its lists out, until commit.
SELECT pg_advisory_xact_lock_shared(hashtextextended('backstop.routing.assignments/' || $1, 0));

-- name: stop_assignments
-- Waits for the assignments of a site under way and holds back new ones, until commit.
SELECT pg_advisory_xact_lock(hashtextextended('backstop.routing.assignments/' || $1, 0));

-- name: get_site
-- A site's head: name, time zone, versions in force.
SELECT
    site_id, name, number_prefix, time_zone, directory_version, matrix_version, roster_version,
    handover_date
FROM sites
WHERE site_id = $1;

-- name: list_sites
-- All sites in sight, for the loop that follows their days.
SELECT
    site_id, name, number_prefix, time_zone, directory_version, matrix_version, roster_version,
    handover_date
FROM sites
ORDER BY site_id;

-- name: save_site
-- Makes a site's head or renews what the directory says of it.
INSERT INTO sites (site_id, name, number_prefix, time_zone, directory_version, handover_date)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site_id) DO UPDATE SET
    name = EXCLUDED.name,
    number_prefix = EXCLUDED.number_prefix,
    time_zone = EXCLUDED.time_zone,
    directory_version = EXCLUDED.directory_version,
    handover_date = greatest(sites.handover_date, EXCLUDED.handover_date);

-- name: move_handover_date
-- Notes that open cases follow the matrix of a later day.
UPDATE sites SET handover_date = greatest(handover_date, $2) WHERE site_id = $1;

-- name: clear_directory
-- Removes a site's lists before the new ones are put in their place.
WITH
    a AS (DELETE FROM units WHERE site_id = $1),
    b AS (DELETE FROM people WHERE site_id = $1),
    c AS (DELETE FROM positions WHERE site_id = $1),
    d AS (DELETE FROM posts WHERE site_id = $1),
    e AS (DELETE FROM categories WHERE site_id = $1)
DELETE FROM ladder_levels WHERE site_id = $1;

-- name: insert_units
-- Puts in a site's units.
INSERT INTO units (site_id, unit_id, name, kind, parent_id, ordinal)
SELECT $1, unit_id, name, kind, parent_id, ordinal
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
    AS given (unit_id, name, kind, parent_id, ordinal);

-- name: insert_people
-- Puts in a site's people.
INSERT INTO people (site_id, person_id, name, unit_id, ordinal)
SELECT $1, person_id, name, unit_id, ordinal
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS given (person_id, name, unit_id, ordinal);

-- name: insert_positions
-- Puts in a site's positions.
INSERT INTO positions (site_id, position_id, name, holder, ordinal)
SELECT $1, position_id, name, holder, ordinal
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS given (position_id, name, holder, ordinal);

-- name: insert_posts
-- Puts in a site's posts.
INSERT INTO posts (site_id, post_id, name, place, ordinal)
SELECT $1, post_id, name, place, ordinal
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS given (post_id, name, place, ordinal);

-- name: insert_categories
-- Puts in a site's categories.
INSERT INTO categories (site_id, category_id, name, group_category_id, lead_unit_id, ordinal)
SELECT $1, category_id, name, group_category_id, lead_unit_id, ordinal
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
    AS given (category_id, name, group_category_id, lead_unit_id, ordinal);

-- name: insert_ladder
-- Puts in a site's ladder, from level 1 up.
INSERT INTO ladder_levels (
    site_id, level, position_id, dwell_working_days, dwell_working_seconds
)
SELECT $1, ordinal, position_id, dwell_working_days, dwell_working_seconds
FROM unnest($2::text[], $3::integer[], $4::integer[]) WITH ORDINALITY
    AS given (position_id, dwell_working_days, dwell_working_seconds, ordinal);

-- name: list_units
-- A site's units as published.
SELECT unit_id, name, kind, parent_id FROM units WHERE site_id = $1 ORDER BY ordinal;

-- name: list_people
-- A site's people as published.
SELECT person_id, name, unit_id FROM people WHERE site_id = $1 ORDER BY ordinal;

-- name: list_positions
-- A site's positions as published.
SELECT position_id, name, holder FROM positions WHERE site_id = $1 ORDER BY ordinal;

-- name: list_posts
-- A site's posts as published.
SELECT post_id, name, place FROM posts WHERE site_id = $1 ORDER BY ordinal;

-- name: list_categories
-- A site's categories as published.
SELECT category_id, name, group_category_id, lead_unit_id
FROM categories
WHERE site_id = $1
ORDER BY ordinal;

-- name: list_ladder
-- A site's ladder from level 1 up.
SELECT position_id, dwell_working_days, dwell_working_seconds
FROM ladder_levels
WHERE site_id = $1
ORDER BY level;

-- name: get_person
-- One person of a site.
SELECT person_id, name, unit_id FROM people WHERE site_id = $1 AND person_id = $2;

-- name: get_position
-- One position of a site.
SELECT position_id, name, holder FROM positions WHERE site_id = $1 AND position_id = $2;

-- name: get_post
-- One post of a site.
SELECT post_id, name, place FROM posts WHERE site_id = $1 AND post_id = $2;

-- name: insert_matrix_version
-- Puts in the head of a matrix, and makes it the one in force.
WITH made AS (
    INSERT INTO matrix_versions (
        site_id, version, leading_office, supporting_office, basis_document, publish_time
    )
    VALUES ($1, $2, $3, $4, $5, $6)
)
UPDATE sites SET matrix_version = $2 WHERE site_id = $1;

-- name: insert_responsibilities
-- Puts in the rows of a matrix.
INSERT INTO responsibilities (site_id, version, unit_id, role, person_id, start_date, end_date)
SELECT $1, $2, unit_id, role, person_id, start_date, end_date
FROM unnest($3::text[], $4::text[], $5::text[], $6::date[], $7::date[])
    AS given (unit_id, role, person_id, start_date, end_date);

-- name: get_matrix_version
-- Head of the matrix that was in force at an instant; of the first one before that.
SELECT version, leading_office, supporting_office, basis_document, publish_time
FROM matrix_versions
WHERE
    site_id = $1
    AND version = coalesce(
        (SELECT max(version) FROM matrix_versions WHERE site_id = $1 AND publish_time <= $2),
        (SELECT min(version) FROM matrix_versions WHERE site_id = $1)
    );

-- name: list_responsibilities
-- Rows not over before a day, of a matrix and the ones after it, the newest first; a person who
-- has left the directory holds nothing.
SELECT
    responsibilities.unit_id, responsibilities.role, responsibilities.person_id,
    responsibilities.start_date, responsibilities.end_date
FROM responsibilities
JOIN people USING (site_id, person_id)
WHERE
    responsibilities.site_id = $1
    AND responsibilities.version >= $2
    AND (responsibilities.end_date IS NULL OR responsibilities.end_date >= $3)
ORDER BY responsibilities.version DESC, responsibilities.unit_id, responsibilities.start_date;

-- name: list_holders
-- Who holds what in some units on a day, by the matrix in force.
SELECT
    responsibilities.unit_id, responsibilities.role, responsibilities.person_id,
    people.name AS person_name
FROM responsibilities
JOIN sites
    ON sites.site_id = responsibilities.site_id
    AND sites.matrix_version = responsibilities.version
JOIN people
    ON people.site_id = responsibilities.site_id
    AND people.person_id = responsibilities.person_id
WHERE
    responsibilities.site_id = $1
    AND responsibilities.unit_id = ANY ($2::text[])
    AND responsibilities.start_date <= $3
    AND (responsibilities.end_date IS NULL OR responsibilities.end_date >= $3);

-- name: get_unit
-- One unit of a site.
SELECT unit_id, name, kind, parent_id FROM units WHERE site_id = $1 AND unit_id = $2;

-- name: days_changed
-- Tells whether rows of the matrix in force begin after one day up to another, or end between.
SELECT EXISTS (
    SELECT FROM responsibilities
    JOIN sites
        ON sites.site_id = responsibilities.site_id
        AND sites.matrix_version = responsibilities.version
    WHERE
        responsibilities.site_id = $1
        AND (
            (responsibilities.start_date > $2 AND responsibilities.start_date <= $3)
            OR (responsibilities.end_date >= $2 AND responsibilities.end_date < $3)
        )
);

-- name: insert_roster_version
-- Puts in the head of a roster, and makes it the one in force.
WITH made AS (
    INSERT INTO roster_versions (site_id, version, publish_time) VALUES ($1, $2, $3)
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

-- name: list_shifts
-- Shifts at a position ($2) or a post ($3) that touch a local day or the evening before it, by the
-- roster in force at an instant and the ones after it, the newest first.
SELECT
    shifts.post_id, shifts.position_id, shifts.person_id, people.name AS person_name,
    shifts.start_date, shifts.end_date, shifts.start_second, shifts.end_second
FROM shifts
JOIN people ON people.site_id = shifts.site_id AND people.person_id = shifts.person_id
WHERE
    shifts.site_id = $1
    AND shifts.position_id = $2
    AND shifts.post_id = $3
    AND shifts.start_date <= $4::date
    AND shifts.end_date >= $4::date - 1
    AND shifts.version >= coalesce(
        (SELECT max(version) FROM roster_versions WHERE site_id = $1 AND publish_time <= $5),
        (SELECT min(version) FROM roster_versions WHERE site_id = $1)
    )
ORDER BY shifts.version DESC, shifts.ordinal;

-- name: get_route
-- One route with the version of its subject.
SELECT
    routes.case_id, routes.site_id, routes.unit_id, routes.state, routes.steward, routes.rule,
    routes.reasons, routes.also_told, routes.assign_time, routes.accepted_by, routes.accept_time,
    routes.level, routes.level_position, routes.level_owner, routes.level_time,
    routes.instruction, routes.instruction_text, routes.instructed_by, routes.instruct_time,
    routes.cycle, subjects.version
FROM routes
JOIN subjects ON subjects.subject_id = routes.case_id
WHERE routes.case_id = $1;

-- name: list_routes
-- Several routes with the versions of their subjects.
SELECT
    routes.case_id, routes.site_id, routes.unit_id, routes.state, routes.steward, routes.rule,
    routes.reasons, routes.also_told, routes.assign_time, routes.accepted_by, routes.accept_time,
    routes.level, routes.level_position, routes.level_owner, routes.level_time,
    routes.instruction, routes.instruction_text, routes.instructed_by, routes.instruct_time,
    routes.cycle, subjects.version
FROM routes
JOIN subjects ON subjects.subject_id = routes.case_id
WHERE routes.case_id = ANY ($1::text[])
ORDER BY routes.case_id;

-- name: insert_route
-- Puts in the route of a case just registered.
INSERT INTO routes (
    case_id, site_id, unit_id, state, steward, accountable, rule, reasons, also_told, assign_time,
    accepted_by, accept_time, level, level_position, level_owner, level_time, instruction,
    instruction_text, instructed_by, instruct_time, cycle
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
);

-- name: save_route
-- Keeps a route as it is after a change.
UPDATE routes SET
    state = $2, steward = $3, accountable = $4, rule = $5, reasons = $6, also_told = $7,
    assign_time = $8, accepted_by = $9, accept_time = $10, level = $11, level_position = $12,
    level_owner = $13, level_time = $14, instruction = $15, instruction_text = $16,
    instructed_by = $17, instruct_time = $18, cycle = $19
WHERE case_id = $1;

-- name: list_handovers
-- Cases of a site, after one, that the matrix of a day gives to somebody else, or whose steward
-- has left; candidates, decided on again under their locks.
SELECT routes.case_id
FROM routes
JOIN sites ON sites.site_id = routes.site_id
LEFT JOIN people AS present
    ON present.site_id = routes.site_id AND present.person_id = routes.steward
WHERE
    routes.site_id = $1
    AND routes.state <> 'CLOSED'
    AND routes.case_id > $2
    AND (
        (routes.steward <> '' AND present.person_id IS NULL)
        OR (
            routes.rule <> 'MANUAL'
            AND EXISTS (
                SELECT FROM responsibilities
                JOIN people
                    ON people.site_id = responsibilities.site_id
                    AND people.person_id = responsibilities.person_id
                WHERE
                    responsibilities.site_id = routes.site_id
                    AND responsibilities.version = sites.matrix_version
                    AND responsibilities.unit_id = routes.unit_id
                    AND responsibilities.role = 'STEWARD'
                    AND responsibilities.start_date <= $3
                    AND (responsibilities.end_date IS NULL OR responsibilities.end_date >= $3)
                    AND responsibilities.person_id <> routes.steward
            )
        )
    )
ORDER BY routes.case_id
LIMIT $4;

-- name: list_work_orders
-- A case's work orders, oldest first.
SELECT
    work_order_id::text, case_id, site_id, unit_id, lead, task, deadline_time, state,
    dispatch_time, accepted_by, accept_time, completed_by, result, complete_time, return_count,
    return_reason
FROM work_orders
WHERE case_id = $1
ORDER BY work_orders.work_order_id;

-- name: insert_work_orders
-- Puts in tasks dispatched together.
INSERT INTO work_orders (
    work_order_id, case_id, site_id, unit_id, lead, task, deadline_time, state, dispatch_time,
    accepted_by, completed_by, result, return_count, return_reason
)
SELECT
    work_order_id::uuid, $1, $2, unit_id, lead, task, deadline_time, 'DISPATCHED', $3, '', '', '',
    0, ''
FROM unnest($4::text[], $5::text[], $6::boolean[], $7::text[], $8::timestamptz[])
    AS given (work_order_id, unit_id, lead, task, deadline_time);

-- name: save_work_order
-- Keeps a work order as it is after a change.
UPDATE work_orders SET
    state = $2, accepted_by = $3, accept_time = $4, completed_by = $5, result = $6,
    complete_time = $7, unit_id = $8, lead = $9, deadline_time = $10, return_count = $11,
    return_reason = $12
WHERE work_order_id = $1::text::uuid;

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

-- name: insert_outreach
-- Adds a contact with a unit to the log.
INSERT INTO outreach (
    outreach_id, site_id, unit_id, form, place, heard, done_by, outreach_time, record_time
)
VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: get_outreach
-- One contact with a unit.
SELECT
    outreach_id::text, site_id, unit_id, form, place, heard, done_by, outreach_time, record_time
FROM outreach
WHERE outreach_id = $1::text::uuid;

-- name: list_outreach
-- A page of a site's contacts, of one unit ($2) or of all, newest first, after a (time, id) key.
SELECT
    outreach_id::text, site_id, unit_id, form, place, heard, done_by, outreach_time, record_time
FROM outreach
WHERE
    site_id = $1
    AND ($2::text = '' OR unit_id = $2::text)
    AND (outreach_time, outreach.outreach_id) < ($3, $4::text::uuid)
ORDER BY outreach_time DESC, outreach.outreach_id DESC
LIMIT $5;

-- name: hold_assignments
-- Lets assignments of a site pass together while keeping changes of its lists out, until commit.
SELECT pg_advisory_xact_lock_shared(hashtextextended('backstop.routing.assignments/' || $1, 0));

-- name: stop_assignments
-- Waits for the assignments of a site under way and holds back new ones, until commit.
SELECT pg_advisory_xact_lock(hashtextextended('backstop.routing.assignments/' || $1, 0));

-- name: hold_template
-- Lets publications of directories pass together while keeping the template as it is, until commit.
SELECT pg_advisory_xact_lock_shared(hashtextextended('backstop.routing.template', 0));

-- name: stop_inheriting
-- Waits for publications of directories under way and holds back new ones, until commit.
SELECT pg_advisory_xact_lock(hashtextextended('backstop.routing.template', 0));

-- name: get_site
-- A site's head: name, time zone, versions in force.
SELECT
    site_id, name, number_prefix, time_zone, directory_version, matrix_version, roster_version,
    handover_date, span_limit, recurrence_days, alternate_chain, steward_hours::text
FROM sites
WHERE site_id = $1;

-- name: list_sites
-- All sites in sight, for the loop that follows their days.
SELECT
    site_id, name, number_prefix, time_zone, directory_version, matrix_version, roster_version,
    handover_date, span_limit, recurrence_days, alternate_chain, steward_hours::text
FROM sites
ORDER BY site_id;

-- name: last_change_time
-- From when on the last change of a site's lists counts: null for a new site.
SELECT greatest(
    (SELECT max(publish_time) FROM directory_versions WHERE site_id = $1),
    (SELECT max(publish_time) FROM matrix_versions WHERE site_id = $1),
    (SELECT max(publish_time) FROM roster_versions WHERE site_id = $1),
    (SELECT max(record_time) FROM shift_swaps WHERE site_id = $1),
    (SELECT max(record_time) FROM absences WHERE site_id = $1),
    (SELECT max(cancel_time) FROM absences WHERE site_id = $1)
);

-- name: save_site
-- Makes a site's head or renews what the directory says of it.
INSERT INTO sites (
    site_id, name, number_prefix, time_zone, directory_version, handover_date, span_limit,
    recurrence_days, alternate_chain, steward_hours
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb)
ON CONFLICT (site_id) DO UPDATE SET
    span_limit = EXCLUDED.span_limit,
    recurrence_days = EXCLUDED.recurrence_days,
    alternate_chain = EXCLUDED.alternate_chain,
    steward_hours = EXCLUDED.steward_hours,
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
    e AS (DELETE FROM categories WHERE site_id = $1),
    f AS (DELETE FROM place_rules WHERE site_id = $1),
    g AS (DELETE FROM role_requirements WHERE site_id = $1)
DELETE FROM ladder_levels WHERE site_id = $1;

-- name: insert_units
-- Puts in a site's units.
INSERT INTO units (site_id, unit_id, name, kind, parent_id, start_date, end_date, ordinal)
SELECT $1, unit_id, name, kind, parent_id, start_date, end_date, ordinal
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[])
    WITH ORDINALITY AS given (unit_id, name, kind, parent_id, start_date, end_date, ordinal);

-- name: insert_people
-- Puts in a site's people.
INSERT INTO people (
    site_id, person_id, name, unit_id, start_date, end_date, group_code, contact_ref, ordinal
)
SELECT
    $1, person_id, name, unit_id, start_date, end_date, group_code, contact_ref, ordinal
FROM unnest(
    $2::text[], $3::text[], $4::text[], $5::date[], $6::date[], $7::text[], $8::text[]
) WITH ORDINALITY
    AS given (person_id, name, unit_id, start_date, end_date, group_code, contact_ref, ordinal);

-- name: insert_positions
-- Puts in a site's positions.
INSERT INTO positions (site_id, position_id, name, holder, outside, ordinal)
SELECT $1, position_id, name, holder, outside, ordinal
FROM unnest($2::text[], $3::text[], $4::text[], $5::boolean[]) WITH ORDINALITY
    AS given (position_id, name, holder, outside, ordinal);

-- name: insert_posts
-- Puts in a site's posts.
INSERT INTO posts (site_id, post_id, name, place, unit_id, windows, ordinal)
SELECT $1, post_id, name, place, unit_id, windows::jsonb, ordinal
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
    AS given (post_id, name, place, unit_id, windows, ordinal);

-- name: insert_categories
-- Puts in a site's categories.
-- Supporting units come as JSON arrays: an array of arrays would have to be square.
INSERT INTO categories (
    site_id, category_id, name, group_category_id, lead_unit_id, supporting_unit_ids, ordinal
)
SELECT
    $1, category_id, name, group_category_id, lead_unit_id,
    ARRAY(SELECT jsonb_array_elements_text(supporting::jsonb)), ordinal
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
    AS given (category_id, name, group_category_id, lead_unit_id, supporting, ordinal);

-- name: insert_place_rules
-- Puts in a site's rules of places, in their order.
INSERT INTO place_rules (site_id, ordinal, place, category_id, unit_id)
SELECT $1, ordinal, place, category_id, unit_id
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS given (place, category_id, unit_id, ordinal);

-- name: insert_role_requirements
-- Puts in which roles units of a kind can't be without; roles come as JSON arrays.
INSERT INTO role_requirements (site_id, kind, roles)
SELECT $1, kind, ARRAY(SELECT jsonb_array_elements_text(roles::jsonb))
FROM unnest($2::text[], $3::text[]) AS given (kind, roles);

-- name: insert_ladder
-- Puts in a site's ladders, that of no category ('') and those of categories.
INSERT INTO ladder_levels (
    site_id, category_id, level, position_id, dwell_working_days, dwell_working_seconds
)
SELECT $1, category_id, level, position_id, dwell_working_days, dwell_working_seconds
FROM unnest($2::text[], $3::integer[], $4::text[], $5::integer[], $6::integer[])
    AS given (category_id, level, position_id, dwell_working_days, dwell_working_seconds);

-- name: list_units
-- A site's units as published.
SELECT unit_id, name, kind, parent_id, start_date, end_date
FROM units
WHERE site_id = $1
ORDER BY ordinal;

-- name: list_people
-- A site's people as published.
SELECT person_id, name, unit_id, start_date, end_date, group_code, contact_ref
FROM people
WHERE site_id = $1
ORDER BY ordinal;

-- name: list_positions
-- A site's positions as published.
SELECT position_id, name, holder, outside FROM positions WHERE site_id = $1 ORDER BY ordinal;

-- name: list_posts
-- A site's posts as published.
SELECT post_id, name, place, unit_id, windows::text
FROM posts
WHERE site_id = $1
ORDER BY ordinal;

-- name: list_categories
-- A site's categories as published.
SELECT category_id, name, group_category_id, lead_unit_id, supporting_unit_ids
FROM categories
WHERE site_id = $1
ORDER BY ordinal;

-- name: list_ladder
-- A category's ladder from level 1 up; the site's own where it has none.
SELECT position_id, dwell_working_days, dwell_working_seconds
FROM ladder_levels
WHERE
    site_id = $1
    AND category_id = CASE
        WHEN EXISTS (
            SELECT FROM ladder_levels AS own WHERE own.site_id = $1 AND own.category_id = $2
        ) THEN $2
        ELSE ''
    END
ORDER BY level;

-- name: list_ladders
-- All of a site's ladders.
SELECT category_id, position_id, dwell_working_days, dwell_working_seconds
FROM ladder_levels
WHERE site_id = $1
ORDER BY category_id, level;

-- name: list_place_rules
-- A site's rules of places, in their order.
SELECT place, category_id, unit_id FROM place_rules WHERE site_id = $1 ORDER BY ordinal;

-- name: list_role_requirements
-- Which roles units of a kind can't be without.
SELECT kind, roles FROM role_requirements WHERE site_id = $1 ORDER BY kind;

-- name: get_person
-- One person of a site.
SELECT person_id, name, unit_id, start_date, end_date, group_code, contact_ref
FROM people
WHERE site_id = $1 AND person_id = $2;

-- name: get_position
-- One position of a site.
SELECT position_id, name, holder, outside
FROM positions
WHERE site_id = $1 AND position_id = $2;

-- name: get_post
-- One post of a site.
SELECT post_id, name, place, unit_id, windows::text
FROM posts
WHERE site_id = $1 AND post_id = $2;

-- name: get_unit
-- One unit of a site.
SELECT unit_id, name, kind, parent_id, start_date, end_date
FROM units
WHERE site_id = $1 AND unit_id = $2;

-- name: insert_directory_version
-- Keeps a directory as it was published.
INSERT INTO directory_versions (
    site_id, version, publish_time, published_by, template_version, document, source
)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: get_directory_version
-- One version of a site's directory.
SELECT version, publish_time, published_by, template_version, document, source
FROM directory_versions
WHERE site_id = $1 AND version = $2;

-- name: get_directory_version_until
-- A version of a site's directory, or the last one before it.
SELECT version, publish_time, published_by, template_version, document, source
FROM directory_versions
WHERE site_id = $1 AND version <= $2
ORDER BY version DESC
LIMIT 1;

-- name: get_inheritance_to_come
-- A version of a site's directory as published, with the newest template; no row when it has that.
SELECT directory_versions.source, newest.version, newest.document
FROM directory_versions
CROSS JOIN LATERAL (
    SELECT version, document FROM templates ORDER BY version DESC LIMIT 1
) AS newest
WHERE
    directory_versions.site_id = $1
    AND directory_versions.version = $2
    AND directory_versions.template_version <> newest.version;

-- name: has_shifts
-- Tells whether a roster has shifts of a day, of the night before it, or later.
SELECT EXISTS (SELECT FROM shifts WHERE site_id = $1 AND version = $2 AND end_date >= $3::date - 1);

-- name: get_directory_version_at
-- The version that was in force at an instant; the first one before that.
SELECT version, publish_time, published_by, template_version, document, source
FROM directory_versions
WHERE
    site_id = $1
    AND version = coalesce(
        (SELECT max(version) FROM directory_versions WHERE site_id = $1 AND publish_time <= $2),
        (SELECT min(version) FROM directory_versions WHERE site_id = $1)
    );

-- name: list_directory_publications
-- When a site's directory was published, and by whom; newest first.
SELECT version, publish_time, published_by
FROM directory_versions
WHERE site_id = $1
ORDER BY version DESC
LIMIT $2;

-- name: list_matrix_publications
-- When a site's matrix was published, and by whom; newest first.
SELECT version, publish_time, published_by
FROM matrix_versions
WHERE site_id = $1
ORDER BY version DESC
LIMIT $2;

-- name: list_roster_publications
-- When a site's roster was published, and by whom; newest first.
SELECT version, publish_time, published_by
FROM roster_versions
WHERE site_id = $1
ORDER BY version DESC
LIMIT $2;

-- name: list_site_summaries
-- All sites in sight in a line each.
SELECT
    site_id, name, number_prefix, time_zone, directory_version, matrix_version, roster_version,
    (SELECT count(*) FROM units WHERE units.site_id = sites.site_id) AS unit_count,
    (SELECT count(*) FROM people WHERE people.site_id = sites.site_id) AS person_count
FROM sites
ORDER BY site_id;

-- name: insert_template
-- Keeps a version of the group's template.
INSERT INTO templates (version, publish_time, published_by, document) VALUES ($1, $2, $3, $4);

-- name: get_template
-- A version of the group's template, the newest for 0.
SELECT version, document
FROM templates
WHERE version = $1 OR $1 = 0
ORDER BY version DESC
LIMIT 1;

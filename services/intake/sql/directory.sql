-- name: get_site
-- What registering and dating needs to know of a site.
SELECT site_id, name, number_prefix, time_zone FROM sites WHERE site_id = $1;

-- name: list_names
-- What people call the persons, positions, units, posts and categories that codes stand for.
SELECT 'person' AS kind, person_id AS code, name FROM people
WHERE site_id = $1 AND person_id = ANY ($2::text[])
UNION ALL
SELECT 'position', position_id, name FROM positions
WHERE site_id = $1 AND position_id = ANY ($2::text[])
UNION ALL
SELECT 'unit', unit_id, name FROM units WHERE site_id = $1 AND unit_id = ANY ($2::text[])
UNION ALL
SELECT 'post', post_id, name FROM posts WHERE site_id = $1 AND post_id = ANY ($2::text[])
UNION ALL
SELECT 'category', category_id, name FROM categories
WHERE site_id = $1 AND category_id = ANY ($2::text[]);

-- name: save_site
-- A site as its directory has just been published.
INSERT INTO sites (site_id, name, number_prefix, time_zone, directory_version)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (site_id) DO UPDATE SET
    name = excluded.name, number_prefix = excluded.number_prefix,
    time_zone = excluded.time_zone, directory_version = excluded.directory_version;

-- name: save_units
-- The site's units, whole.
WITH gone AS (
    DELETE FROM units WHERE site_id = $1 AND unit_id <> ALL ($2::text[])
)
INSERT INTO units (site_id, unit_id, name, kind, parent_id)
SELECT $1, unit_id, name, kind, parent_id
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS unit (unit_id, name, kind, parent_id)
ON CONFLICT (site_id, unit_id) DO UPDATE SET
    name = excluded.name, kind = excluded.kind, parent_id = excluded.parent_id;

-- name: save_people
-- People's names and units; those who have left keep theirs, since old cases still name them.
INSERT INTO people (site_id, person_id, name, unit_id)
SELECT $1, person_id, name, unit_id
FROM unnest($2::text[], $3::text[], $4::text[]) AS person (person_id, name, unit_id)
ON CONFLICT (site_id, person_id) DO UPDATE SET name = excluded.name, unit_id = excluded.unit_id
WHERE people.name <> excluded.name OR people.unit_id <> excluded.unit_id;

-- name: save_positions
-- The site's positions, whole.
WITH gone AS (
    DELETE FROM positions WHERE site_id = $1 AND position_id <> ALL ($2::text[])
)
INSERT INTO positions (site_id, position_id, name)
SELECT $1, position_id, name FROM unnest($2::text[], $3::text[]) AS position (position_id, name)
ON CONFLICT (site_id, position_id) DO UPDATE SET name = excluded.name;

-- name: save_posts
-- The site's posts, whole.
WITH gone AS (
    DELETE FROM posts WHERE site_id = $1 AND post_id <> ALL ($2::text[])
)
INSERT INTO posts (site_id, post_id, name, place)
SELECT $1, post_id, name, place
FROM unnest($2::text[], $3::text[], $4::text[]) AS post (post_id, name, place)
ON CONFLICT (site_id, post_id) DO UPDATE SET name = excluded.name, place = excluded.place;

-- name: save_categories
-- The site's categories, whole.
WITH gone AS (
    DELETE FROM categories WHERE site_id = $1 AND category_id <> ALL ($2::text[])
)
INSERT INTO categories (site_id, category_id, name, group_category_id)
SELECT $1, category_id, name, group_category_id
FROM unnest($2::text[], $3::text[], $4::text[]) AS category (category_id, name, group_category_id)
ON CONFLICT (site_id, category_id) DO UPDATE SET
    name = excluded.name, group_category_id = excluded.group_category_id;

-- name: save_site
-- Keeps the name and time zone of a site.
INSERT INTO sites (site_id, name, time_zone) VALUES ($1, $2, $3)
ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, time_zone = excluded.time_zone;

-- name: load_site
-- Reads a site.
SELECT site_id, name, time_zone FROM sites WHERE site_id = $1;

-- name: clear_names
-- Forgets what the codes of a site were called.
DELETE FROM names WHERE site_id = $1;

-- name: insert_names
-- Keeps what the codes of a site are called.
INSERT INTO names (site_id, kind, code, name)
SELECT $1, kind, code, name
FROM unnest($2::text[], $3::text[], $4::text[]) AS given (kind, code, name);

-- name: list_names
-- Reads what some codes of a site are called.
SELECT kind, code, name
FROM names
JOIN unnest($2::text[], $3::text[]) AS wanted (kind, code) USING (kind, code)
WHERE site_id = $1;

-- name: get_rules
-- A site's rules of the window as last published.
SELECT version, rules, published_by, publish_time FROM window_rules
WHERE site_id = $1 ORDER BY version DESC LIMIT 1;

-- name: insert_rules
-- A new version of a site's rules.
INSERT INTO window_rules (site_id, version, rules, published_by, publish_time)
VALUES ($1, $2, $3, $4, $5);

-- name: get_lexicon
-- A site's lexicon as last published.
SELECT version, lexicon, published_by, publish_time FROM lexicons
WHERE site_id = $1 ORDER BY version DESC LIMIT 1;

-- name: get_lexicon_version
-- Which version of its lexicon a site has: asked before the whole is read again.
SELECT coalesce(max(version), 0) FROM lexicons WHERE site_id = $1;

-- name: insert_lexicon
-- A new version of a site's lexicon.
INSERT INTO lexicons (site_id, version, lexicon, published_by, publish_time)
VALUES ($1, $2, $3, $4, $5);

-- name: list_categories
-- The categories of a site.
SELECT category_id FROM categories WHERE site_id = $1;

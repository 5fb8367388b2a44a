-- name: list_standing_in
-- A site's open cases that a position has, or whoever stands in for want of a steward.
SELECT case_id
FROM routes
WHERE
    site_id = $1
    AND state = 'OPEN'
    AND (starts_with(accountable, 'position:') OR rule = ANY ($2::text[]));

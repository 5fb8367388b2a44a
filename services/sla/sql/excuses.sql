-- name: add_excuse
-- A director's word on a breach; what was said first stands.
INSERT INTO excuses (clock_id, site_id, case_id, reason, excused_by, excuse_time)
VALUES ($1::text::uuid, $2, $3, $4, $5, $6)
ON CONFLICT (clock_id) DO NOTHING
RETURNING clock_id::text;

-- name: get_last_slip
-- The last number of a prefix that was printed, or written on a case before there were pads: its
-- code is that case's.
SELECT greatest(
    (SELECT max(last_number) FROM slip_pads WHERE site_id = $1 AND prefix = $2),
    (
        SELECT max(substr(slip_number, length($2) + 2)::integer) FROM cases
        WHERE site_id = $1 AND slip_number <> '' AND starts_with(slip_number, $2 || '-')
            AND substr(slip_number, length($2) + 2) ~ '^[0-9]{4,6}$'
    ),
    0
);

-- name: insert_pad
-- A pad that was issued.
INSERT INTO slip_pads (
    pad_id, site_id, prefix, first_number, last_number, note, issued_by, issue_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: get_pad
-- A pad by its id.
SELECT pad_id, site_id, prefix, first_number, last_number, note, issued_by, issue_time
FROM slip_pads WHERE pad_id = $1;

-- name: list_pads
-- Pads of a site after a place ($2, $3; null on the first page), newest first, and how many of
-- their slips a case has. By the very numbers that are printed: no order of texts matters.
SELECT
    pad_id, site_id, prefix, first_number, last_number, note, issued_by, issue_time,
    (
        SELECT count(*)
        FROM generate_series(first_number, last_number) AS one
        JOIN cases ON cases.site_id = $1 AND cases.slip_number <> ''
            AND cases.slip_number
                = prefix || '-' || lpad(one::text, greatest(4, length(one::text)), '0')
    ) AS used
FROM slip_pads
WHERE slip_pads.site_id = $1
    AND ($2::timestamptz IS NULL OR (issue_time, pad_id) < ($2, $3::text))
ORDER BY issue_time DESC, pad_id DESC
LIMIT $4;

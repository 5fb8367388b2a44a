-- name: hold_ties
-- Lets nobody else tie recurrences of the site until the commit: a circle may be closed from
-- several of its ends at once, by callers who share no case.
SELECT pg_advisory_xact_lock(hashtextextended('intake/recurrences/' || $1, 0));

-- name: recurs_from
-- Tells whether a case is, over any number of steps, a recurrence of another.
WITH RECURSIVE chain (case_id) AS (
    SELECT $1::text
    UNION
    SELECT links.linked_case_id
    FROM chain
    JOIN links ON links.case_id = chain.case_id AND links.relation = 'RECURRENCE_OF'
)
SELECT EXISTS (SELECT FROM chain WHERE case_id = $2);

-- name: insert_link
-- A tie to another case; once is enough.
INSERT INTO links (site_id, case_id, linked_case_id, relation) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING;

-- name: delete_link
-- A tie that is no more.
DELETE FROM links WHERE case_id = $1 AND linked_case_id = $2 AND relation = $3;

-- name: list_followers
-- The next duplicates of a case, by id.
SELECT case_id FROM links
WHERE linked_case_id = $1 AND relation = 'DUPLICATE_OF' AND case_id > $2
ORDER BY case_id
LIMIT $3;

-- name: move_followers
-- Duplicates of one case are duplicates of another from now on.
UPDATE links SET linked_case_id = $2
WHERE linked_case_id = $1 AND relation = 'DUPLICATE_OF' AND case_id = ANY ($3::text[]);

-- name: last_master
-- The case that goes on in the end, for one that may be a duplicate, and its master too.
WITH RECURSIVE chain (case_id, depth) AS (
    SELECT $1::text, 0
    UNION
    SELECT links.linked_case_id, depth + 1
    FROM chain
    JOIN links ON links.case_id = chain.case_id AND links.relation = 'DUPLICATE_OF'
    -- No chain is as long; a circle, which none is, would have no end.
    WHERE depth < 1000
)
SELECT case_id FROM chain ORDER BY depth DESC LIMIT 1;

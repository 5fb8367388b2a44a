-- name: try_lock
-- Makes this session the one stamper and relay of the service.
SELECT pg_try_advisory_lock(hashtextextended($1, 0));

-- name: read_pending
-- Facts without a place, in journal order, each with its site's head and the feed's end.
SELECT
    journal_pending.journal_id, journal.site_id, journal.hash,
    feed_heads.site_sequence, feed_heads.site_hash,
    (SELECT coalesce(max(position), 0) FROM feed) AS last_position
FROM journal_pending
JOIN journal ON journal.id = journal_pending.journal_id
LEFT JOIN feed_heads ON feed_heads.site_id = journal.site_id
ORDER BY journal_pending.journal_id
LIMIT $1;

-- name: write_feed
-- Writes places, moves the sites' heads, and takes the facts off the list.
WITH placed AS (
    INSERT INTO feed (position, site_id, site_sequence, site_hash, journal_id)
    SELECT $1::bigint + ordinality, site_id, site_sequence, site_hash, journal_id
    FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bytea[]) WITH ORDINALITY
        AS fact (journal_id, site_id, site_sequence, site_hash, ordinality)
),
headed AS (
    INSERT INTO feed_heads (site_id, site_sequence, site_hash)
    SELECT site_id, site_sequence, site_hash
    FROM unnest($6::text[], $7::bigint[], $8::bytea[]) AS head (site_id, site_sequence, site_hash)
    ON CONFLICT (site_id) DO UPDATE
    SET site_sequence = excluded.site_sequence, site_hash = excluded.site_hash
)
DELETE FROM journal_pending WHERE journal_id = ANY ($2::bigint[]);

-- name: read_unpublished
-- Facts after the relay's head, in order.
SELECT
    relay_head.position AS head, feed.position, feed.site_sequence,
    journal.fact_id, journal.site_id, journal.subject_id, journal.subject_version, journal.type,
    journal.occurred_time, journal.record_time, journal.actor, journal.acting_for,
    journal.causes, journal.trace, journal.payload, journal.hash, journal.must_understand
FROM relay_head
JOIN feed ON feed.position > relay_head.position
JOIN journal ON journal.id = feed.journal_id
ORDER BY feed.position
LIMIT $1;

-- name: move_head
-- Moves the relay's head on by compare and set.
UPDATE relay_head SET position = $2 WHERE position = $1;

-- name: read_end
-- Last position of the feed.
SELECT coalesce(max(position), 0) FROM feed;

-- name: set_head
-- Sets the relay's head, whatever it was.
UPDATE relay_head SET position = $1;

-- name: relay_lag
-- Age of the oldest fact that isn't published, stamped or not.
SELECT coalesce(
    decision_time() - least(
        (
            SELECT journal.record_time
            FROM feed JOIN journal ON journal.id = feed.journal_id
            WHERE feed.position > (SELECT position FROM relay_head)
            ORDER BY feed.position LIMIT 1
        ),
        (
            SELECT journal.record_time
            FROM journal_pending JOIN journal ON journal.id = journal_pending.journal_id
            ORDER BY journal_pending.journal_id LIMIT 1
        )
    ),
    interval '0'
);

-- name: read_subject
-- Stamped facts of a subject from a version on.
SELECT
    feed.site_sequence,
    journal.fact_id, journal.site_id, journal.subject_id, journal.subject_version, journal.type,
    journal.occurred_time, journal.record_time, journal.actor, journal.acting_for,
    journal.causes, journal.trace, journal.payload, journal.hash, journal.must_understand
FROM journal
JOIN feed ON feed.journal_id = journal.id
WHERE journal.subject_id = $1 AND journal.subject_version >= $2
ORDER BY journal.subject_version
LIMIT $3;

-- name: read_site
-- A site's facts in the order of its feed, after a sequence.
SELECT
    feed.site_sequence, feed.site_hash,
    journal.subject_id, journal.subject_version, journal.type, journal.occurred_time,
    journal.record_time, journal.actor, journal.acting_for, journal.payload
FROM feed
JOIN journal ON journal.id = feed.journal_id
WHERE feed.site_id = $1 AND feed.site_sequence > $2
ORDER BY feed.site_sequence
LIMIT $3;

-- name: get_link
-- The hash at a sequence of a site's feed.
SELECT site_hash FROM feed WHERE site_id = $1 AND site_sequence = $2;

-- name: get_site_end
-- Last sequence of a site's feed.
SELECT coalesce(max(site_sequence), 0) FROM feed WHERE site_id = $1;

-- name: read_flow
-- How far facts have got, and what waits.
SELECT
    (SELECT count(*) FROM journal_pending) AS unstamped_count,
    (SELECT coalesce(max(position), 0) FROM feed) AS feed_position,
    (SELECT position FROM relay_head) AS relay_position,
    (SELECT count(*) FROM parked) AS parked_count,
    (SELECT count(*) FROM quarantine) AS quarantined_count,
    (SELECT count(*) FROM jobs WHERE state = 'OPEN') AS open_job_count,
    decision_time() AS decision_time;

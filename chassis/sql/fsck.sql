-- Invariants of the foundation that hold at any instant. Each returns a row per breach:
-- (site_id, subject_id, detail).

-- name: feed_chain_broken
-- Every place in a site's feed is chained to the one before by SHA-256 over the fact's hash.
SELECT site_id, subject_id, format('sequence %s does not verify', site_sequence) AS detail
FROM (
    SELECT
        feed.site_id, coalesce(journal.subject_id, '') AS subject_id, feed.site_sequence,
        feed.site_hash, journal.hash,
        lag(feed.site_hash, 1, decode(repeat('00', 32), 'hex'))
            OVER (PARTITION BY feed.site_id ORDER BY feed.site_sequence) AS previous
    FROM feed
    LEFT JOIN journal ON journal.id = feed.journal_id
) AS link
WHERE hash IS NULL OR site_hash <> sha256(previous || int8send(site_sequence) || hash);

-- name: feed_has_gap
-- Positions, and each site's sequence, are dense from 1.
SELECT site_id, '' AS subject_id, format('gap before position %s', position) AS detail
FROM (
    SELECT
        site_id, position, site_sequence,
        lag(position, 1, 0::bigint) OVER (ORDER BY position) AS last_position,
        lag(site_sequence, 1, 0::bigint)
            OVER (PARTITION BY site_id ORDER BY site_sequence) AS last_sequence
    FROM feed
) AS place
WHERE position <> last_position + 1 OR site_sequence <> last_sequence + 1;

-- name: feed_head_differs
-- A site's head is its last place.
SELECT coalesce(feed_heads.site_id, last.site_id) AS site_id, '' AS subject_id,
    'the head is not the last place' AS detail
FROM feed_heads
FULL JOIN (
    SELECT DISTINCT ON (site_id) site_id, site_sequence, site_hash
    FROM feed ORDER BY site_id, site_sequence DESC
) AS last ON last.site_id = feed_heads.site_id
WHERE (feed_heads.site_sequence, feed_heads.site_hash)
    IS DISTINCT FROM (last.site_sequence, last.site_hash);

-- name: feed_site_differs
-- A fact stands in the feed of its own site.
SELECT feed.site_id, journal.subject_id, format('position %s', feed.position) AS detail
FROM feed JOIN journal ON journal.id = feed.journal_id
WHERE feed.site_id <> journal.site_id;

-- name: journal_hash_differs
-- The hash of each fact is that of its fields; the form is journal.py's.
SELECT site_id, subject_id, format('version %s was changed', subject_version) AS detail
FROM journal
WHERE hash <> sha256(
    int4send(jsonb_array_length(causes))
    || (
        SELECT string_agg(int4send(octet_length(part)) || part, ''::bytea ORDER BY number)
        FROM unnest(ARRAY[
            uuid_send(fact_id),
            convert_to(current_schema()::text, 'UTF8'),
            convert_to(site_id, 'UTF8'),
            convert_to(subject_id, 'UTF8'),
            int8send(subject_version),
            convert_to(type, 'UTF8'),
            int8send((extract(epoch FROM occurred_time) * 1000000)::bigint),
            int8send((extract(epoch FROM record_time) * 1000000)::bigint),
            convert_to(actor, 'UTF8'),
            convert_to(acting_for, 'UTF8'),
            convert_to(trace, 'UTF8'),
            payload
        ]) WITH ORDINALITY AS field (part, number)
    )
    || coalesce((
        SELECT string_agg(int4send(octet_length(part)) || part, ''::bytea ORDER BY place, number)
        FROM jsonb_array_elements(causes) WITH ORDINALITY AS named (cause, place),
            unnest(ARRAY[
                convert_to(cause ->> 0, 'UTF8'),
                convert_to(cause ->> 1, 'UTF8'),
                int8send((cause ->> 2)::bigint)
            ]) WITH ORDINALITY AS field (part, number)
    ), ''::bytea)
);

-- name: versions_not_dense
-- A subject's facts are numbered from 1 without a gap, and it knows the last number.
SELECT subjects.site_id, subjects.subject_id,
    format('version %s, %s facts up to %s', subjects.version, counted.facts, counted.last) AS detail
FROM subjects
LEFT JOIN (
    SELECT subject_id, count(*) AS facts, max(subject_version) AS last
    FROM journal GROUP BY subject_id
) AS counted USING (subject_id)
WHERE subjects.version <> coalesce(counted.last, 0)
    OR subjects.version <> coalesce(counted.facts, 0);

-- name: journal_without_subject
-- Every fact has its subject's row, of the same site.
SELECT journal.site_id, journal.subject_id, 'no subject of this site' AS detail
FROM journal
LEFT JOIN subjects USING (subject_id, site_id)
WHERE subjects.subject_id IS NULL;

-- name: stamping_inconsistent
-- A fact either has its place in the feed or waits for it, never both, never neither.
SELECT journal.site_id, journal.subject_id,
    format('fact %s stands in %s of feed and list', journal.id,
        CASE WHEN feed.journal_id IS NULL THEN 'neither' ELSE 'both' END) AS detail
FROM journal
LEFT JOIN feed ON feed.journal_id = journal.id
LEFT JOIN journal_pending ON journal_pending.journal_id = journal.id
WHERE (feed.journal_id IS NULL) = (journal_pending.journal_id IS NULL);

-- name: pending_without_fact
-- Only facts wait for a place.
SELECT '' AS site_id, '' AS subject_id, format('no fact %s', journal_id) AS detail
FROM journal_pending
WHERE NOT EXISTS (SELECT FROM journal WHERE journal.id = journal_pending.journal_id);

-- name: relay_beyond_feed
-- Nothing is published that has no place in the feed.
SELECT '' AS site_id, '' AS subject_id, format('relay at %s', position) AS detail
FROM relay_head
WHERE position > (SELECT coalesce(max(position), 0) FROM feed);

-- name: gate_window_wrong
-- A gate keeps one hash for each of its last 256 versions.
SELECT site_id, subject_id, format('gate of %s at %s', source, version) AS detail
FROM gates
WHERE octet_length(hashes) <> 8 * least(version, 256);

-- name: parked_though_applied
-- Nothing waits that the gate has passed.
SELECT parked.site_id, parked.subject_id,
    format('%s version %s', parked.source, parked.version) AS detail
FROM parked
JOIN gates USING (subject_id, source)
WHERE parked.version <= gates.version;

-- name: parked_too_long
-- A gap is filled within minutes, by the broker or from the source, unless the quarantine holds it.
SELECT parked.site_id, parked.subject_id,
    format('%s version %s waits since %s', parked.source, parked.version, parked.parked_time)
        AS detail
FROM parked
WHERE parked.parked_time < decision_time() - interval '15 minutes'
    AND NOT EXISTS (
        SELECT FROM quarantine
        WHERE quarantine.subject_id = parked.subject_id
            OR (
                quarantine.subject_id = parked.awaits_subject_id
                AND quarantine.source = parked.awaits_source
            )
    );

-- name: job_keeps_failing
-- A job's step succeeds after a few tries.
SELECT site_id, '' AS subject_id,
    format('job %s of kind %s failed %s times in a row', job_id, kind, failure_count) AS detail
FROM jobs
WHERE state = 'OPEN' AND failure_count >= 8;

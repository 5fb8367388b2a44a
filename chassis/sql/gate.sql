-- name: read_waiting
-- What is parked for these subjects, and which of their facts the quarantine holds back.
SELECT
    'parked' AS kind, source, subject_id, version, site_id, fact,
    awaits_source, awaits_subject_id, awaits_version, retry_time
FROM parked WHERE subject_id = ANY ($1::text[])
UNION ALL
SELECT 'held', source, subject_id, version, site_id, NULL, NULL, NULL, NULL, NULL
FROM quarantine
WHERE subject_id = ANY ($1::text[]) AND reason IN ('FAILED', 'UNKNOWN_TYPE');

-- name: read_gates
-- Gates of these subjects, of all sources.
SELECT source, subject_id, version, hashes FROM gates WHERE subject_id = ANY ($1::text[]);

-- name: flush_gates
-- Ends a batch: gates, parked facts, attempts and quarantine in one statement. Returns subjects
-- elsewhere that waited for what was applied here.
WITH gate AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
        AS gate (source, subject_id, site_id, version, hashes)
),
moved AS (
    INSERT INTO gates (source, subject_id, site_id, version, hashes)
    SELECT source, subject_id, site_id, version, hashes FROM gate ORDER BY subject_id, source
    ON CONFLICT (subject_id, source) DO UPDATE
    SET version = excluded.version, hashes = excluded.hashes
),
unparked AS (
    DELETE FROM parked
    USING unnest($6::text[], $7::text[], $8::bigint[]) AS done (source, subject_id, version)
    WHERE (parked.subject_id, parked.source, parked.version)
        = (done.subject_id, done.source, done.version)
),
settled AS (
    SELECT * FROM unnest($9::text[], $10::text[], $11::bigint[])
        AS settled (source, subject_id, version)
),
tried AS (
    DELETE FROM attempts USING settled
    WHERE (attempts.subject_id, attempts.source, attempts.version)
        = (settled.subject_id, settled.source, settled.version)
),
released AS (
    -- Applied after all, from another copy.
    DELETE FROM quarantine USING settled
    WHERE (quarantine.subject_id, quarantine.source, quarantine.version)
        = (settled.subject_id, settled.source, settled.version)
        AND quarantine.reason IN ('FAILED', 'UNKNOWN_TYPE', 'DEAD_LETTERED')
),
parked_now AS (
    INSERT INTO parked (
        source, subject_id, version, site_id, fact, parked_time,
        awaits_source, awaits_subject_id, awaits_version, retry_time
    )
    SELECT
        source, subject_id, version, site_id, fact, $22::timestamptz,
        awaits_source, awaits_subject_id, awaits_version, retry_time
    FROM unnest(
        $12::text[], $13::text[], $14::bigint[], $15::text[], $16::bytea[],
        $17::text[], $18::text[], $19::bigint[], $20::timestamptz[]
    ) AS late (
        source, subject_id, version, site_id, fact,
        awaits_source, awaits_subject_id, awaits_version, retry_time
    )
    ON CONFLICT (subject_id, source, version) DO UPDATE
    SET awaits_source = excluded.awaits_source, awaits_subject_id = excluded.awaits_subject_id,
        awaits_version = excluded.awaits_version, retry_time = excluded.retry_time
)
SELECT DISTINCT parked.subject_id, parked.site_id
FROM gate
JOIN parked
    ON parked.awaits_source = gate.source
    AND parked.awaits_subject_id = gate.subject_id
    AND parked.awaits_version <= gate.version
WHERE parked.subject_id <> ALL ($21::text[]);

-- name: quarantine
-- Puts facts aside for an operator; the same bytes for the same address once.
INSERT INTO quarantine (
    quarantine_id, source, subject_id, version, site_id, fact, fact_digest, reason, detail,
    quarantine_time
)
SELECT
    quarantine_id::uuid, source, subject_id, version, site_id, fact, sha256(fact), reason, detail,
    $9::timestamptz
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::text[],
    $8::text[]
) AS bad (quarantine_id, source, subject_id, version, site_id, fact, reason, detail)
ON CONFLICT (subject_id, source, version, fact_digest) DO NOTHING;

-- name: count_attempt
-- Notes a try before it is made; returns how many there were, this one included.
INSERT INTO attempts (source, subject_id, version, site_id, attempt_count)
VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (subject_id, source, version) DO UPDATE
SET attempt_count = attempts.attempt_count + 1
RETURNING attempt_count;

-- name: forget_attempts
-- Forgets the tries of a fact.
DELETE FROM attempts WHERE subject_id = $2 AND source = $1 AND version = $3;

-- name: read_due
-- Parked facts whose next try is due.
SELECT fact FROM parked
WHERE retry_time <= decision_time()
ORDER BY retry_time
LIMIT $1;

-- name: read_satisfied
-- Subjects with parked facts whose wait is over, though nobody has noticed.
SELECT DISTINCT parked.subject_id, parked.site_id
FROM parked
JOIN gates
    ON gates.source = parked.awaits_source AND gates.subject_id = parked.awaits_subject_id
WHERE gates.version >= parked.awaits_version
LIMIT $1;

-- name: read_gaps
-- Gates that something has waited for longer than the given time, with the version they need;
-- without those whose next fact is parked or held already.
SELECT awaited.source, awaited.subject_id, coalesce(gates.version, 0) + 1 AS version
FROM (
    SELECT
        awaits_source AS source, awaits_subject_id AS subject_id, min(parked_time) AS since
    FROM parked
    WHERE awaits_source IS NOT NULL
    GROUP BY awaits_source, awaits_subject_id
) AS awaited
LEFT JOIN gates
    ON gates.source = awaited.source AND gates.subject_id = awaited.subject_id
WHERE awaited.since < decision_time() - $1::interval
    AND NOT EXISTS (
        SELECT FROM parked
        WHERE parked.source = awaited.source AND parked.subject_id = awaited.subject_id
            AND parked.version = coalesce(gates.version, 0) + 1
    )
    AND NOT EXISTS (
        SELECT FROM quarantine
        WHERE quarantine.source = awaited.source AND quarantine.subject_id = awaited.subject_id
            AND quarantine.version = coalesce(gates.version, 0) + 1
            AND quarantine.reason IN ('FAILED', 'UNKNOWN_TYPE')
    )
ORDER BY awaited.since
LIMIT $2;

-- name: list_quarantine
-- Quarantined facts of these sites ("*": of all), oldest first, after a (time, id) key.
SELECT
    quarantine_id::text, source, subject_id, version, site_id, fact, reason, detail,
    quarantine_time
FROM quarantine
WHERE (quarantine_time, quarantine_id) > ($1::timestamptz, $2::text::uuid)
    AND ('*' = ANY ($4::text[]) OR site_id = ANY ($4::text[]))
ORDER BY quarantine_time, quarantine_id
LIMIT $3;

-- name: get_quarantined
-- One quarantined fact.
SELECT
    quarantine_id::text, source, subject_id, version, site_id, fact, reason, detail,
    quarantine_time
FROM quarantine WHERE quarantine_id = $1::text::uuid;

-- name: take_quarantined
-- Takes a fact out of the quarantine within the transaction that settles it.
DELETE FROM quarantine WHERE quarantine_id = $1::text::uuid
RETURNING source, subject_id, version, site_id, fact, reason;

-- name: read_subject_flow
-- How far one subject of these sites ("*": of all) has got: its own version here, and what is
-- applied of it, by source.
SELECT
    coalesce((
        SELECT version FROM subjects
        WHERE subject_id = $1 AND ('*' = ANY ($2::text[]) OR site_id = ANY ($2::text[]))
    ), 0) AS subject_version,
    gates.source, gates.version
FROM (SELECT 1) AS one
LEFT JOIN gates
    ON gates.subject_id = $1 AND ('*' = ANY ($2::text[]) OR gates.site_id = ANY ($2::text[]))
ORDER BY gates.source;

-- name: set_scope
-- Opens a transaction to an actor's sites and to its own requests.
SELECT set_config('backstop.sites', $1, true), set_config('backstop.callers', $2, true);

-- name: begin_work
-- First statement of a mutation: scope, time, and the requests already done, in one round trip.
WITH scope AS MATERIALIZED (
    SELECT
        set_config('backstop.sites', $1, true) AS sites,
        set_config('backstop.callers', array_to_string($2::text[], E'\x1f'), true) AS callers,
        clock_timestamp() AS raw_time,
        suite_clock.clock_offset
    FROM suite_clock
)
SELECT
    scope.raw_time, scope.raw_time + scope.clock_offset AS decision_time,
    done.ordinality, done.fingerprint, done.subject_id, done.version, done.outcome
FROM scope
LEFT JOIN LATERAL (
    -- The reference to scope makes it run first: the policies read what it sets.
    SELECT
        asked.ordinality, requests.fingerprint, requests.subject_id, requests.version,
        requests.outcome
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY
        AS asked (caller, method, request_id, ordinality)
    JOIN requests USING (caller, method, request_id)
    WHERE scope.callers IS NOT NULL
    OFFSET 0
) AS done ON true;

-- name: lock_subjects
-- Locks known subjects, always in the same order, and returns their versions.
SELECT subject_id, site_id, version
FROM subjects
WHERE subject_id = ANY ($1::text[])
ORDER BY subject_id
FOR UPDATE;

-- name: lock_free_subjects
-- Locks those of the subjects that nobody else holds, and returns their versions.
SELECT subject_id, site_id, version
FROM subjects
WHERE subject_id = ANY ($1::text[])
ORDER BY subject_id
FOR UPDATE SKIP LOCKED;

-- name: make_subjects
-- Creates subjects that were missing; a concurrent creator is waited for, and its row locked.
INSERT INTO subjects (subject_id, site_id)
SELECT subject_id, site_id
FROM unnest($1::text[], $2::text[]) AS made (subject_id, site_id)
ORDER BY subject_id
ON CONFLICT (subject_id) DO UPDATE SET version = subjects.version
RETURNING subject_id, site_id, version;

-- name: flush_work
-- Ends a mutation: versions, journal, the stamper's list and the requests, in one statement.
WITH entry AS (
    SELECT *
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[],
        $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[], $12::bytea[],
        $13::boolean[]
    ) WITH ORDINALITY AS entry (
        fact_id, site_id, subject_id, subject_version, type, occurred_time, actor, acting_for,
        causes, trace, payload, hash, must_understand, ordinality
    )
),
journalled AS (
    INSERT INTO journal (
        fact_id, site_id, subject_id, subject_version, type, occurred_time, record_time, actor,
        acting_for, causes, trace, payload, hash, must_understand
    )
    SELECT
        fact_id, site_id, subject_id, subject_version, type, occurred_time, $14::timestamptz,
        actor, acting_for, causes::jsonb, trace, payload, hash, must_understand
    FROM entry
    ORDER BY ordinality
    RETURNING id
),
pending AS (
    INSERT INTO journal_pending (journal_id) SELECT id FROM journalled
),
moved AS (
    UPDATE subjects SET version = moved.version
    FROM unnest($15::text[], $16::bigint[]) AS moved (subject_id, version)
    WHERE subjects.subject_id = moved.subject_id
    RETURNING 1
),
made AS (
    INSERT INTO subjects (subject_id, site_id, version)
    SELECT subject_id, site_id, version
    FROM unnest($17::text[], $18::text[], $19::bigint[]) AS made (subject_id, site_id, version)
    ORDER BY subject_id
),
requested AS (
    INSERT INTO requests (
        caller, method, request_id, fingerprint, site_id, subject_id, version, outcome, record_time
    )
    SELECT
        caller, method, request_id, fingerprint, site_id, subject_id, version, outcome,
        $14::timestamptz
    FROM unnest(
        $20::text[], $21::text[], $22::text[], $23::bytea[], $24::text[], $25::text[],
        $26::bigint[], $27::text[]
    ) AS asked (
        caller, method, request_id, fingerprint, site_id, subject_id, version, outcome
    )
)
SELECT count(*) AS moved_count FROM moved;

-- name: notify
-- Wakes whoever listens on the channels.
SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS wanted (channel);

-- name: purge_requests
-- Forgets requests older than they are promised to be kept, some at a time.
DELETE FROM requests
WHERE (caller, method, request_id) IN (
    SELECT caller, method, request_id FROM requests
    WHERE record_time < $1::timestamptz
    ORDER BY record_time LIMIT $2
);

-- name: insert_deliveries
-- Plans the messages of one fact.
INSERT INTO deliveries (
    delivery_id, site_id, subject_id, case_id, fact_source, fact_version, recipient, channel,
    template, reference, urgent, digest, context, state, plan_time, next_time
)
SELECT
    delivery_id::uuid, $1, $2, nullif($3, '')::uuid, $4, $5, recipient, channel, template,
    reference, urgent, $8, context, 'PLANNED', $6, $7
FROM unnest(
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[], $15::jsonb[]
) AS given (delivery_id, recipient, channel, template, reference, urgent, context);

-- name: list_deliveries
-- A page of a case's messages, oldest first, after a (plan time, id) key.
SELECT
    delivery_id::text, site_id, subject_id, case_id::text, recipient, channel, template, reference,
    urgent, digest, digest_id::text, context, state, attempt_count, problem, plan_time, finish_time,
    next_time, lease_time
FROM deliveries
WHERE case_id = $1::text::uuid AND (plan_time, delivery_id) > ($2, $3::text::uuid)
    -- For whom the case is about there is none.
    AND NOT EXISTS (
        SELECT FROM cases
        WHERE cases.case_id = $1::text::uuid AND about_persons && $5::text[]
    )
ORDER BY plan_time, delivery_id
LIMIT $4;

-- name: reserve_deliveries
-- Takes up messages that are due and go out alone, urgent ones first, by putting off when others
-- may take them.
WITH due AS (
    SELECT delivery_id
    FROM deliveries
    WHERE state = 'PLANNED' AND NOT digest AND next_time <= $1
    ORDER BY urgent DESC, next_time, delivery_id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE deliveries
SET next_time = $2
FROM due
WHERE deliveries.delivery_id = due.delivery_id
RETURNING
    deliveries.delivery_id::text, site_id, subject_id, case_id::text, recipient, channel, template,
    reference, urgent, digest, digest_id::text, context, state, attempt_count, problem, plan_time,
    finish_time, next_time, lease_time;

-- name: list_due_digests
-- Finds what is told together and is due: all that waits for the same recipient by the same way and
-- has not been tried, or all of a digest that is tried again.
SELECT DISTINCT site_id, recipient, channel, digest_id::text
FROM deliveries
WHERE state = 'PLANNED' AND digest AND next_time <= $1
ORDER BY site_id, recipient, channel, digest_id::text
LIMIT $2;

-- name: try_digest
-- Keeps others off what is told together, until the commit; tells whether they were there before.
SELECT pg_try_advisory_xact_lock(hashtextextended('backstop.notify.digests/' || $1, 0));

-- name: hold_digest
-- Keeps others off what is told together, until the commit; waits for whoever was there before.
SELECT pg_advisory_xact_lock(hashtextextended('backstop.notify.digests/' || $1, 0));

-- name: reserve_digest
-- Takes up what is told together, whole, if any of it is due still; whoever does it keeps others
-- off.
WITH taken AS (
    SELECT delivery_id
    FROM deliveries
    WHERE state = 'PLANNED' AND digest
        AND site_id = $3 AND recipient = $4 AND channel = $5
        AND digest_id IS NOT DISTINCT FROM $6::text::uuid
        AND EXISTS (
            SELECT FROM deliveries
            WHERE state = 'PLANNED' AND digest
                AND site_id = $3 AND recipient = $4 AND channel = $5
                AND digest_id IS NOT DISTINCT FROM $6::text::uuid
                AND next_time <= $1
        )
    FOR UPDATE SKIP LOCKED
)
UPDATE deliveries
SET next_time = $2
FROM taken
WHERE deliveries.delivery_id = taken.delivery_id
RETURNING
    deliveries.delivery_id::text, site_id, subject_id, case_id::text, recipient, channel, template,
    reference, urgent, digest, digest_id::text, context, state, attempt_count, problem, plan_time,
    finish_time, next_time, lease_time;

-- name: defer_deliveries
-- Puts reserved messages off, at no cost of an attempt.
UPDATE deliveries
SET next_time = $3
WHERE delivery_id = ANY ($1::text[]::uuid[]) AND state = 'PLANNED' AND next_time = $2;

-- name: claim_deliveries
-- Takes reserved messages in hand that go out as one; no row when the reservation of any of them
-- has passed to someone else.
WITH mine AS (
    SELECT delivery_id
    FROM deliveries
    WHERE delivery_id = ANY ($1::text[]::uuid[]) AND state = 'PLANNED' AND next_time = $2
    ORDER BY delivery_id
    FOR UPDATE
)
UPDATE deliveries
SET
    state = 'SENDING', channel = $3, digest_id = $4::text::uuid, lease_time = $5,
    next_time = NULL, attempt_count = attempt_count + 1
FROM mine
WHERE deliveries.delivery_id = mine.delivery_id
    AND (SELECT count(*) FROM mine) = cardinality($1)
RETURNING deliveries.delivery_id::text, attempt_count;

-- name: lock_deliveries
-- Reads messages and keeps them from changing.
SELECT
    delivery_id::text, site_id, subject_id, case_id::text, recipient, channel, template, reference,
    urgent, digest, digest_id::text, context, state, attempt_count, problem, plan_time, finish_time,
    next_time, lease_time
FROM deliveries
WHERE delivery_id = ANY ($1::text[]::uuid[])
ORDER BY delivery_id
FOR UPDATE;

-- name: save_deliveries
-- Keeps what became of messages.
UPDATE deliveries
SET
    state = now.state, problem = now.problem, finish_time = now.finish_time,
    next_time = now.next_time, lease_time = now.lease_time
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[]
) AS now (delivery_id, state, problem, finish_time, next_time, lease_time)
WHERE deliveries.delivery_id = now.delivery_id::uuid;

-- name: list_expired
-- Finds messages whose worker's hold is over, without locking them.
SELECT delivery_id::text, site_id, subject_id
FROM deliveries
WHERE state = 'SENDING' AND lease_time <= $1
ORDER BY lease_time
LIMIT $2;

-- name: next_delivery
-- Tells in how many seconds the next message, or the end of the next hold, is due.
SELECT extract(epoch FROM least(
    (SELECT min(next_time) FROM deliveries WHERE state = 'PLANNED' AND NOT digest),
    (SELECT min(next_time) FROM deliveries WHERE state = 'PLANNED' AND digest),
    (SELECT min(lease_time) FROM deliveries WHERE state = 'SENDING')
) - $1::timestamptz)::double precision;

-- name: count_waiting
-- Tells how many messages are planned and not in hand.
SELECT
    (SELECT count(*) FROM deliveries WHERE state = 'PLANNED' AND NOT digest)
    + (SELECT count(*) FROM deliveries WHERE state = 'PLANNED' AND digest);

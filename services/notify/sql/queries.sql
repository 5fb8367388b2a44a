-- name: save_site
-- Keeps the name and time zone of a site.
INSERT INTO sites (site_id, name, time_zone) VALUES ($1, $2, $3)
ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, time_zone = excluded.time_zone;

-- name: load_site
-- Reads a site.
SELECT site_id, name, time_zone FROM sites WHERE site_id = $1;

-- name: clear_names
-- Forgets what the codes of a site were called.
DELETE FROM names WHERE site_id = $1;

-- name: insert_names
-- Keeps what the codes of a site are called.
INSERT INTO names (site_id, kind, code, name)
SELECT $1, kind, code, name
FROM unnest($2::text[], $3::text[], $4::text[]) AS given (kind, code, name);

-- name: list_names
-- Reads what some codes of a site are called.
SELECT kind, code, name
FROM names
JOIN unnest($2::text[], $3::text[]) AS wanted (kind, code) USING (kind, code)
WHERE site_id = $1;

-- name: save_contacts
-- Keeps sealed contacts of a site, in place of older ones of the same people.
INSERT INTO contacts (site_id, person_id, key_id, nonce, ciphertext, put_time)
SELECT $1, person_id, key_id::uuid, nonce, ciphertext, $6
FROM unnest($2::text[], $3::text[], $4::bytea[], $5::bytea[])
    AS given (person_id, key_id, nonce, ciphertext)
ON CONFLICT (site_id, person_id) DO UPDATE SET
    key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
    put_time = excluded.put_time;

-- name: load_contact
-- Reads one person's sealed contact.
SELECT key_id::text, nonce, ciphertext FROM contacts WHERE site_id = $1 AND person_id = $2;

-- name: insert_case
-- Begins to follow a case.
INSERT INTO cases (
    case_id, site_id, number, category, place, unit_id, urgent, confidentiality, has_phone,
    has_email, receiver, steward, accountable, accepted, level, cycle, state
)
VALUES (
    $1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
);

-- name: load_case
-- Reads what is known of a case.
SELECT
    case_id::text, site_id, number, category, place, unit_id, urgent, confidentiality, has_phone,
    has_email, receiver, steward, accountable, accepted, level, cycle, state
FROM cases
WHERE case_id = $1::text::uuid;

-- name: save_case
-- Keeps what a fact changed about a case: who has it, on what level of what cycle, in what state.
UPDATE cases
SET steward = $2, accountable = $3, accepted = $4, level = $5, cycle = $6, state = $7
WHERE case_id = $1::text::uuid;

-- name: insert_work_orders
-- Keeps whose the work orders of a case are.
INSERT INTO work_orders (work_order_id, case_id, site_id, unit_id, head)
SELECT work_order_id, $1::text::uuid, $2, unit_id, head
FROM unnest($3::text[], $4::text[], $5::text[]) AS given (work_order_id, unit_id, head);

-- name: load_work_order
-- Reads whose a work order is.
SELECT unit_id, head FROM work_orders WHERE work_order_id = $1 AND case_id = $2::text::uuid;

-- name: insert_deliveries
-- Plans the messages of one fact.
INSERT INTO deliveries (
    delivery_id, site_id, case_id, fact_source, fact_version, recipient, channel, template,
    reference, urgent, context, state, plan_time, next_time
)
SELECT
    delivery_id::uuid, $1, $2::text::uuid, $3, $4, recipient, channel, template, reference,
    urgent, context, 'PLANNED', $5, $6
FROM unnest(
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::boolean[], $13::jsonb[]
) AS given (delivery_id, recipient, channel, template, reference, urgent, context);

-- name: list_deliveries
-- A page of a case's messages, oldest first, after a (plan time, id) key.
SELECT
    delivery_id::text, site_id, case_id::text, recipient, channel, template, reference, urgent,
    context, state, attempt_count, problem, plan_time, finish_time, next_time, lease_time
FROM deliveries
WHERE case_id = $1::text::uuid AND (plan_time, delivery_id) > ($2, $3::text::uuid)
ORDER BY plan_time, delivery_id
LIMIT $4;

-- name: reserve_deliveries
-- Takes up messages that are due, urgent ones first, by putting off when others may take them.
WITH due AS (
    SELECT delivery_id
    FROM deliveries
    WHERE state = 'PLANNED' AND next_time <= $1
    ORDER BY urgent DESC, next_time, delivery_id
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE deliveries
SET next_time = $2
FROM due
WHERE deliveries.delivery_id = due.delivery_id
RETURNING
    deliveries.delivery_id::text, site_id, case_id::text, recipient, channel, template, reference,
    urgent, context, state, attempt_count, problem, plan_time, finish_time, next_time, lease_time;

-- name: defer_delivery
-- Puts a reserved message off, at no cost of an attempt.
UPDATE deliveries
SET next_time = $3
WHERE delivery_id = $1::text::uuid AND state = 'PLANNED' AND next_time = $2;

-- name: claim_delivery
-- Takes a reserved message in hand; no row when the reservation has passed to someone else.
UPDATE deliveries
SET
    state = 'SENDING', channel = $3, lease_time = $4, next_time = NULL,
    attempt_count = attempt_count + 1
WHERE delivery_id = $1::text::uuid AND state = 'PLANNED' AND next_time = $2
RETURNING attempt_count;

-- name: lock_delivery
-- Reads one message and keeps it from changing.
SELECT
    delivery_id::text, site_id, case_id::text, recipient, channel, template, reference, urgent,
    context, state, attempt_count, problem, plan_time, finish_time, next_time, lease_time
FROM deliveries
WHERE delivery_id = $1::text::uuid
FOR UPDATE;

-- name: save_delivery
-- Keeps what became of a message.
UPDATE deliveries
SET state = $2, problem = $3, finish_time = $4, next_time = $5, lease_time = $6
WHERE delivery_id = $1::text::uuid;

-- name: list_expired
-- Finds messages whose worker's hold is over, without locking them.
SELECT delivery_id::text, site_id, case_id::text
FROM deliveries
WHERE state = 'SENDING' AND lease_time <= $1
ORDER BY lease_time
LIMIT $2;

-- name: next_delivery
-- Tells in how many seconds the next message, or the end of the next hold, is due.
SELECT extract(epoch FROM least(
    (SELECT min(next_time) FROM deliveries WHERE state = 'PLANNED'),
    (SELECT min(lease_time) FROM deliveries WHERE state = 'SENDING')
) - $1::timestamptz)::double precision;

-- name: count_waiting
-- Tells how many messages are planned and not in hand.
SELECT count(*) FROM deliveries WHERE state = 'PLANNED';

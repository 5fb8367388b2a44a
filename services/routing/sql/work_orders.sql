-- name: list_work_orders
-- A case's work orders, oldest first.
SELECT
    work_order_id::text, case_id, site_id, unit_id, lead, task, deadline_time, state,
    dispatch_time, accepted_by, accept_time, completed_by, result, complete_time, return_count,
    return_reason, evidence, reopen_count, reopen_time, extension_deadline_time, extension_reason,
    extension_asked_by, extension_ask_time
FROM work_orders
WHERE case_id = $1
ORDER BY work_orders.work_order_id;

-- name: insert_work_orders
-- Puts in tasks dispatched together.
INSERT INTO work_orders (
    work_order_id, case_id, site_id, unit_id, lead, task, deadline_time, state, dispatch_time,
    accepted_by, completed_by, result, return_count, return_reason, evidence, reopen_count,
    extension_reason, extension_asked_by
)
SELECT
    work_order_id::uuid, $1, $2, unit_id, lead, task, deadline_time, 'DISPATCHED', $3, '', '', '',
    0, '', '[]', 0, '', ''
FROM unnest($4::text[], $5::text[], $6::boolean[], $7::text[], $8::timestamptz[])
    AS given (work_order_id, unit_id, lead, task, deadline_time);

-- name: save_work_order
-- Keeps a work order as it is after a change.
UPDATE work_orders SET
    state = $2, accepted_by = $3, accept_time = $4, completed_by = $5, result = $6,
    complete_time = $7, unit_id = $8, lead = $9, deadline_time = $10, return_count = $11,
    return_reason = $12, evidence = $13, reopen_count = $14, extension_deadline_time = $15,
    extension_reason = $16, extension_asked_by = $17, extension_ask_time = $18, reopen_time = $19
WHERE work_order_id = $1::text::uuid;

-- name: insert_work_orders
-- Keeps whose the work orders of a case are.
INSERT INTO work_orders (work_order_id, case_id, site_id, unit_id, head)
SELECT work_order_id, $1::text::uuid, $2, unit_id, head
FROM unnest($3::text[], $4::text[], $5::text[]) AS given (work_order_id, unit_id, head);

-- name: rule_work_order
-- A work order is another unit's, or the same unit's still, whose head stays where none is told.
UPDATE work_orders
SET
    unit_id = $3,
    head = CASE WHEN $4 <> '' THEN $4 WHEN unit_id = $3 THEN head ELSE '' END
WHERE work_order_id = $1 AND case_id = $2::text::uuid;

-- name: save_extension_asked
-- Who has asked for more time for a work order; empty once it was decided.
UPDATE work_orders SET asked_by = $3
WHERE work_order_id = $1 AND case_id = $2::text::uuid;

-- name: load_work_order
-- Reads whose a work order is.
SELECT unit_id, head, asked_by FROM work_orders WHERE work_order_id = $1 AND case_id = $2::text::uuid;

-- name: list_heads
-- Heads of units that have work orders of a case, as far as they are known.
SELECT DISTINCT head FROM work_orders
WHERE case_id = $1::text::uuid AND unit_id = ANY ($2::text[]) AND head <> ''
ORDER BY head;

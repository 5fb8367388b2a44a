-- name: get_category_proposal
-- A proposal of a site, decided or not.
SELECT
    proposal_id::text, site_id, category_id, table_unit_id, unit_id, case_ids, first_time,
    last_time, decision
FROM category_proposals
WHERE site_id = $1 AND proposal_id = $2::text::uuid;

-- name: find_category_proposal
-- The proposal about a category and a unit that waits for a decision.
SELECT
    proposal_id::text, site_id, category_id, table_unit_id, unit_id, case_ids, first_time,
    last_time, decision
FROM category_proposals
WHERE site_id = $1 AND category_id = $2 AND unit_id = $3 AND decision = '';

-- name: list_category_proposals
-- A site's proposals that wait, those of most rulings first.
SELECT
    proposal_id::text, site_id, category_id, table_unit_id, unit_id, case_ids, first_time,
    last_time, decision
FROM category_proposals
WHERE site_id = $1 AND decision = ''
ORDER BY cardinality(case_ids) DESC, first_time, category_proposals.proposal_id;

-- name: save_category_proposal
-- Adds a proposal, or the cases that speak for it since.
INSERT INTO category_proposals (
    proposal_id, site_id, category_id, table_unit_id, unit_id, case_ids, first_time, last_time,
    decision, reason, decided_by
) VALUES ($1::text::uuid, $2, $3, $4, $5, $6::text[], $7, $8, '', '', '')
ON CONFLICT (proposal_id) DO UPDATE SET
    case_ids = excluded.case_ids, last_time = excluded.last_time;

-- name: decide_category_proposal
-- Notes what became of a proposal.
UPDATE category_proposals SET decision = $2, reason = $3, decided_by = $4, decide_time = $5
WHERE proposal_id = $1::text::uuid;

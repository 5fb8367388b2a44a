-- name: is_sampled
-- Tells whether a case was drawn with a sample in the cycle that it is in.
SELECT EXISTS (
    SELECT FROM callback_sample_cases AS drawn
    JOIN cases ON cases.case_id = drawn.case_id AND cases.cycle = drawn.cycle
    WHERE drawn.sample_id = $1 AND drawn.case_id = $2
);

-- name: insert_withdrawal
-- The reporter takes the case back, as far as it counts.
INSERT INTO withdrawals (case_id, version, site_id, cycle, reason, basis, counts, withdraw_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_referral
-- Another body has the matter; what becomes of it there comes later.
INSERT INTO referrals (
    case_id, version, site_id, cycle, body, reference, reason, referred_by, refer_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: save_referral_result
-- What became of a referral.
UPDATE referrals SET result = $3, result_recorded_by = $4, result_time = $5
WHERE case_id = $1 AND version = $2;

-- name: insert_review
-- What the director found.
INSERT INTO reviews (
    case_id, version, site_id, cycle, decision, findings, verified_by, reviewed_by, review_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: add_survey
-- Keeps a joint survey.
INSERT INTO surveys (
    survey_id, case_id, site_id, unit_ids, place, findings, evidence, recorded_by, survey_time
) VALUES ($1::text::uuid, $2, $3, $4::text[], $5, $6, $7, $8, $9);

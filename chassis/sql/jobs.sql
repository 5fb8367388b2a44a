-- name: add_job
-- Adds an open job, due at once.
INSERT INTO jobs (job_id, site_id, kind, payload, total_count, next_time, create_time)
VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $6);

-- name: take_job
-- Locks the job that has waited longest, passing over those in other workers' hands.
SELECT job_id::text, site_id, kind, payload, cursor, done_count, total_count, failure_count
FROM jobs
WHERE state = 'OPEN' AND next_time <= $1 AND kind = ANY ($2::text[])
ORDER BY next_time, job_id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: lock_job
-- Locks one open job, unless another worker has it.
SELECT job_id::text, site_id, kind, payload, cursor, done_count, total_count, failure_count
FROM jobs
WHERE job_id = $1::text::uuid AND state = 'OPEN'
FOR UPDATE SKIP LOCKED;

-- name: advance_job
-- Keeps a job's place after a step; goes to the back of the queue, so that jobs take turns.
UPDATE jobs
SET cursor = $2, done_count = $3, total_count = $4, failure_count = 0, next_time = $5
WHERE job_id = $1::text::uuid;

-- name: finish_job
-- Closes a job after its last step.
UPDATE jobs
SET state = 'DONE', done_count = $2, total_count = $3, failure_count = 0, finish_time = $4
WHERE job_id = $1::text::uuid;

-- name: delay_job
-- Puts a job off after a failed step.
UPDATE jobs
SET failure_count = failure_count + 1, next_time = $2
WHERE job_id = $1::text::uuid AND state = 'OPEN';

-- name: list_jobs
-- Jobs of these sites ("*": of all), newest first, after a (time, id) key.
SELECT
    job_id::text, site_id, kind, state, done_count, total_count, create_time, finish_time
FROM jobs
WHERE (create_time, job_id) < ($1::timestamptz, $2::text::uuid)
    AND ('*' = ANY ($4::text[]) OR site_id = ANY ($4::text[]))
ORDER BY create_time DESC, job_id DESC
LIMIT $3;

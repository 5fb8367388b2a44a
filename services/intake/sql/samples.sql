-- name: list_drawable
-- Cases closed in a period whose reporter could be called, none about the callers ($4).
SELECT case_id, cycle, outcome, grade, basis, reopen_count FROM cases
WHERE site_id = $1 AND state = 'CLOSED'
    AND close_time >= $2::timestamptz AND close_time < $3::timestamptz
    AND confidentiality <> 'ANONYMOUS'
    -- A duplicate's reporter is asked about the case in its place.
    AND outcome <> 'DUPLICATE'
    AND NOT about_persons && $4::text[];

-- name: insert_sample
-- A sample with its cases, in the order they were drawn in.
WITH made AS (
    INSERT INTO callback_samples (
        sample_id, site_id, start_date, end_date, seed, asked_count, population_count, drawn_by,
        draw_time
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
)
INSERT INTO callback_sample_cases (
    sample_id, site_id, case_id, cycle, position, stratum, declared_outcome, declared_grade
)
SELECT $1, $2, case_id, cycle, position, stratum, outcome, grade
FROM unnest($10::text[], $11::integer[], $12::text[], $13::text[], $14::text[])
    WITH ORDINALITY AS drawn (case_id, cycle, stratum, outcome, grade, position);

-- name: get_sample
-- A sample without its cases.
SELECT
    sample_id, site_id, start_date, end_date, seed, asked_count, population_count, drawn_by,
    draw_time
FROM callback_samples
WHERE sample_id = $1;

-- name: list_sampled
-- A sample's cases with the call that was made for it about the result it was drawn for, one that
-- was answered before one in vain; none about the callers ($2).
SELECT
    drawn.case_id, drawn.cycle AS drawn_cycle, number, stratum, declared_outcome, declared_grade,
    called.reached, called.called_by, called.call_time, called.words, called.cycle, called.grade,
    drawn.sample_id
FROM callback_sample_cases AS drawn
JOIN cases ON cases.case_id = drawn.case_id
LEFT JOIN LATERAL (
    SELECT reached, called_by, call_time, words, callbacks.cycle, callbacks.grade
    FROM callbacks
    WHERE callbacks.case_id = drawn.case_id AND callbacks.sample_id = drawn.sample_id
        AND callbacks.cycle = drawn.cycle
    ORDER BY reached DESC, version DESC LIMIT 1
) AS called ON true
WHERE drawn.sample_id = $1 AND NOT about_persons && $2::text[]
ORDER BY position;

-- name: list_samples_of
-- Samples that a case was drawn in as it is now closed, and whether they wait for a call that reaches
-- its reporter: those that do before those that don't, then newest first, at most as many ($2).
SELECT
    sample_id,
    NOT EXISTS (
        SELECT FROM callbacks
        WHERE callbacks.case_id = drawn.case_id AND callbacks.sample_id = drawn.sample_id
            AND callbacks.cycle = drawn.cycle AND callbacks.reached
    ) AS waits
FROM callback_sample_cases AS drawn
JOIN cases ON cases.case_id = drawn.case_id AND cases.cycle = drawn.cycle
JOIN callback_samples USING (sample_id)
WHERE drawn.case_id = $1
ORDER BY waits DESC, draw_time DESC, sample_id DESC LIMIT $2;

-- name: count_heard
-- Of some samples ($1) how many reporters were reached, by what was declared and the last grade
-- that they gave; of no case about the callers ($2).
SELECT
    drawn.sample_id, declared_outcome, declared_grade, called.grade, count(*) AS count
FROM callback_sample_cases AS drawn
JOIN cases ON cases.case_id = drawn.case_id
JOIN LATERAL (
    SELECT callbacks.grade
    FROM callbacks
    WHERE callbacks.case_id = drawn.case_id AND callbacks.sample_id = drawn.sample_id
        AND callbacks.cycle = drawn.cycle AND callbacks.reached
    ORDER BY version DESC LIMIT 1
) AS called ON true
WHERE drawn.sample_id = ANY ($1::text[]) AND NOT about_persons && $2::text[]
GROUP BY drawn.sample_id, declared_outcome, declared_grade, called.grade;

-- name: list_samples
-- A site's samples before a (time, id) key, newest first.
SELECT
    sample_id, site_id, start_date, end_date, seed, asked_count, population_count, drawn_by,
    draw_time
FROM callback_samples
WHERE site_id = $1 AND (draw_time, sample_id) < ($2::timestamptz, $3::text)
ORDER BY draw_time DESC, sample_id DESC LIMIT $4;

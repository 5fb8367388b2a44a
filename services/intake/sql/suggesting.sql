-- name: get_place
-- Where a post of a site stands.
SELECT place FROM posts WHERE site_id = $1 AND post_id = $2;

-- name: list_candidates
-- Cases that an appeal may repeat, the likeliest first: of the newest ($4) of a site that are open
-- or were closed lately ($3), and that aren't about the caller ($2), those that have most of what
-- is looked for ($5; $6 counts what means the same once). What few of them have tells more.
WITH pool AS MATERIALIZED (
    SELECT
        case_id, category, unit_id, place, record_time,
        -- By the key of each: as a join all words of all sites may be read.
        (
            SELECT left(normal_text, 400) FROM case_words
            WHERE case_words.case_id = newest.case_id
        ) AS said
    FROM (
        (
            SELECT case_id, category, unit_id, place, record_time FROM cases
            WHERE site_id = $1 AND state <> 'CLOSED' AND NOT about_persons && $2::text[]
            ORDER BY record_time DESC, case_id DESC LIMIT $4
        )
        UNION ALL
        (
            SELECT case_id, category, unit_id, place, record_time FROM cases
            WHERE site_id = $1 AND state = 'CLOSED' AND close_time >= $3
                AND NOT about_persons && $2::text[]
            ORDER BY close_time DESC, case_id DESC LIMIT $4
        )
    ) AS newest
    ORDER BY record_time DESC, case_id DESC LIMIT $4
),
found AS (
    SELECT DISTINCT pool.case_id, needle.meaning
    FROM pool
    JOIN unnest($5::text[], $6::text[]) AS needle (piece, meaning)
        ON strpos(pool.said, needle.piece) > 0
),
rarity AS (
    SELECT meaning, ln(1 + (SELECT count(*) FROM pool)::float8 / count(*)) AS weight
    FROM found GROUP BY meaning
),
shared AS (
    SELECT case_id, sum(weight) AS words FROM found JOIN rarity USING (meaning) GROUP BY case_id
),
best AS (
    SELECT
        pool.case_id, pool.record_time,
        coalesce(shared.words, 0)
            + CASE WHEN pool.place = $7 AND $7 <> '' THEN 2 ELSE 0 END
            + CASE WHEN pool.category = $8 AND $8 <> '' THEN 2 ELSE 0 END
            + CASE WHEN pool.unit_id = $9 AND $9 <> '' THEN 1 ELSE 0 END AS score
    FROM pool LEFT JOIN shared USING (case_id)
    ORDER BY score DESC, pool.record_time DESC, pool.case_id DESC LIMIT $10
)
SELECT
    case_id, cases.number, cases.state, cases.text, cases.place, cases.unit_id, cases.category,
    cases.occurred_time
FROM best JOIN cases USING (case_id)
ORDER BY best.score DESC, best.record_time DESC, case_id DESC;

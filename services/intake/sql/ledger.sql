-- name: list_ledger
-- A site's cases by when they were spoken, oldest first, after a (time, id) key, none about the
-- callers ($8), with the names of their codes; store/ledger.py puts a caller's filter in the place
-- of its mark. The page is cut before anything is joined to it. What was declared and promised in
-- a cycle that is over isn't what the case has come to, but for what the director upheld.
WITH page AS MATERIALIZED (
    SELECT
        cases.case_id, cases.number, cases.occurred_time, cases.record_time, cases.kind,
        cases.category, cases.unit_id, cases.place, cases.channel, cases.text, cases.steward,
        cases.state, cases.cycle, cases.outcome, cases.grade, cases.resolve_time, cases.close_time,
        cases.level, cases.reopen_count, cases.late_entry,
        CASE
            WHEN cases.resolve_time IS NOT NULL OR cases.outcome = 'EXPLAINED_NOT_ACCEPTED'
                THEN cases.resolution
            ELSE ''
        END AS resolution
    FROM cases
    WHERE cases.site_id = $1
        AND cases.occurred_time >= $2::timestamptz AND cases.occurred_time < $3::timestamptz
        AND (NOT $4 OR cases.outcome = 'SOLVED')
        AND ($5 = '' OR cases.category = $5)
        AND (cases.occurred_time, cases.case_id) > ($6::timestamptz, $7)
        AND NOT cases.about_persons && $8::text[]
        AND true /* filter */
    ORDER BY cases.occurred_time, cases.case_id
    LIMIT $9
)
SELECT
    page.*,
    coalesce(categories.name, '') AS category_name,
    coalesce(units.name, '') AS unit_name,
    coalesce(people.name, positions.name, '') AS steward_name,
    missed.breach_count, missed.overdue AND page.state <> 'CLOSED' AS overdue,
    -- Of the two ways in which something can have reached the reporter first.
    least(answered.fed_back_time, told.feedback_time) AS first_reply_time,
    planned.promised_date
FROM page
LEFT JOIN categories ON categories.site_id = $1 AND categories.category_id = page.category
LEFT JOIN units ON units.site_id = $1 AND units.unit_id = page.unit_id
LEFT JOIN people ON people.site_id = $1 AND people.person_id = page.steward
LEFT JOIN positions ON positions.site_id = $1 AND positions.position_id = page.steward
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE breached) AS breach_count,
        coalesce(bool_or(clocks.cycle = page.cycle AND clocks.state = 'BREACHED'), false) AS overdue
    FROM clocks
    WHERE clocks.case_id = page.case_id
        -- Those only remind, end a pause, or allow something.
        AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
) AS missed
CROSS JOIN LATERAL (
    SELECT min(fed_back_time) AS fed_back_time FROM answers WHERE answers.case_id = page.case_id
) AS answered
CROSS JOIN LATERAL (
    SELECT min(feedback_time) AS feedback_time FROM feedbacks
    WHERE feedbacks.case_id = page.case_id AND answer_id = '' AND way <> 'ATTEMPT'
) AS told
LEFT JOIN LATERAL (
    SELECT promised_date FROM answers
    WHERE answers.case_id = page.case_id AND answers.cycle = page.cycle AND kind = 'PLAN'
    ORDER BY version DESC
    LIMIT 1
) AS planned ON true
ORDER BY page.occurred_time, page.case_id;

-- name: list_people
-- Everybody of a site, those who have left too: whom a published text must not name.
SELECT person_id, name FROM people WHERE site_id = $1;

-- name: list_solved
-- Solved cases that may be shown in public, last closed first, after a (time, id) key: raised by
-- name, and about nobody.
SELECT
    cases.case_id, coalesce(categories.name, cases.category) AS category_name, cases.text,
    cases.resolution, cases.occurred_time,
    coalesce(cases.resolve_time, cases.close_time) AS solve_time, cases.close_time
FROM cases
LEFT JOIN categories
    ON categories.site_id = cases.site_id AND categories.category_id = cases.category
WHERE cases.site_id = $1 AND cases.state = 'CLOSED' AND cases.outcome = 'SOLVED'
    AND cases.close_time >= $2::timestamptz AND cases.close_time < $3::timestamptz
    AND cases.confidentiality = 'NAMED'
    AND cardinality(cases.about_persons) = 0
    AND (cases.close_time, cases.case_id) < ($4::timestamptz, $5)
ORDER BY cases.close_time DESC, cases.case_id DESC
LIMIT $6;

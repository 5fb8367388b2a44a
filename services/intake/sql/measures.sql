-- name: list_sites
-- The sites in sight among those asked for; all in sight when none is asked for.
SELECT site_id, name, number_prefix, time_zone FROM sites
WHERE cardinality($1::text[]) = 0 OR site_id = ANY ($1::text[])
ORDER BY site_id;

-- name: spare_compiling
-- For this transaction: compiling a long statement takes longer than running it, and what it sorts
-- fits into memory.
SELECT set_config('jit', 'off', true), set_config('work_mem', '64MB', true);

-- name: list_measures
-- Every measure of a period by group: one row each, as (group, measure, numerator, denominator,
-- value, cases of confidential or anonymous reporters, of which it is made).
--
-- $1 is the group, $2 tells that there are several sites; $3 to $6 are the sites with the period's
-- ends and the days within which a reporter counts as repeated; $7 is now, $8 are the callers, $9
-- tells for each site before when a case must have come to its fallback owner to have been there for
-- too long. A deadline at 24:00 of the last day is 00:00 of the next and is one of the period: due
-- times lie in (start, end], everything else in [start, end). What stands open is looked at as of
-- at_time.
WITH spans AS (
    SELECT
        span.site_id, start_time, end_time, least(end_time, $7::timestamptz) AS at_time,
        repeat_days, stay_time, time_zone,
        CASE WHEN $2 THEN span.site_id || '/' ELSE '' END AS prefix
    FROM unnest(
        $3::text[], $4::timestamptz[], $5::timestamptz[], $6::integer[], $9::timestamptz[]
    ) AS span (site_id, start_time, end_time, repeat_days, stay_time)
    JOIN sites ON sites.site_id = span.site_id
),
seen AS MATERIALIZED (
    SELECT
        cases.case_id, cases.site_id, prefix, unit_id, start_time, end_time, at_time, time_zone,
        repeat_days, stay_time, kind, state, outcome, proposed_outcome, grade, confirmed, late_entry,
        suggestion, level, accountable, due_time, occurred_time, resolve_time, close_time,
        cycle, cycle_start_time,
        confidentiality <> 'NAMED' AS shielded,
        occurred_time >= start_time AS came,
        coalesce(resolve_time, close_time) AS work_end_time,
        occurred_time < at_time AND (close_time IS NULL OR close_time >= at_time) AS open_then,
        CASE $1::text
            WHEN 'SITE' THEN cases.site_id
            WHEN 'CATEGORY' THEN CASE
                WHEN NOT $2 THEN category
                ELSE coalesce(nullif(categories.group_category_id, ''), prefix || category)
            END
            WHEN 'UNIT' THEN prefix || unit_id
            WHEN 'STEWARD' THEN prefix || steward
            WHEN 'CHANNEL' THEN channel
            ELSE ''
        END AS grp
    FROM spans
    JOIN cases ON cases.site_id = spans.site_id AND occurred_time < end_time
    LEFT JOIN categories
        ON categories.site_id = cases.site_id AND categories.category_id = cases.category
    WHERE NOT about_persons && $8::text[]
        -- Whatever can count in the period, or make a reporter of it a repeated one.
        AND (
            occurred_time >= start_time - make_interval(days => repeat_days)
            OR close_time IS NULL OR close_time >= start_time
            OR cases.case_id IN (
                SELECT clocks.case_id FROM clocks
                WHERE clocks.site_id = ANY ($3::text[])
                    AND clocks.due_time > (SELECT min(start_time) FROM spans)
                    AND clocks.due_time <= (SELECT max(at_time) FROM spans)
            )
        )
),
inflow AS (
    SELECT
        grp, count(*) AS came, count(*) FILTER (WHERE shielded) AS came_shielded,
        count(*) FILTER (WHERE late_entry) AS late,
        count(*) FILTER (WHERE recurring.case_id IS NOT NULL) AS recurring,
        count(*) FILTER (WHERE suggestion = 'ACCEPTED') AS accepted,
        count(*) FILTER (WHERE suggestion = 'OVERRULED') AS overruled,
        count(*) FILTER (WHERE suggestion <> '') AS suggested,
        count(*) FILTER (WHERE suggestion <> '' AND shielded) AS suggested_shielded
    FROM seen
    LEFT JOIN (SELECT DISTINCT case_id FROM links WHERE relation = 'RECURRENCE_OF') AS recurring
        ON recurring.case_id = seen.case_id
    WHERE came
    GROUP BY grp
),
doubles AS (
    SELECT
        grp, count(*) AS suggested, count(*) FILTER (WHERE accepted) AS accepted,
        count(DISTINCT seen.case_id) FILTER (WHERE shielded) AS shielded
    FROM seen
    JOIN duplicate_suggestions ON duplicate_suggestions.case_id = seen.case_id
    WHERE came
    GROUP BY grp
),
raised AS (
    SELECT
        grp, person_hash, seen.case_id, shielded, came, occurred_time, repeat_days,
        lag(occurred_time) OVER (
            PARTITION BY seen.site_id, person_hash ORDER BY occurred_time, seen.case_id
        ) AS previous_time
    FROM seen
    JOIN reporters ON reporters.case_id = seen.case_id AND person_hash IS NOT NULL
    WHERE occurred_time >= start_time - make_interval(days => repeat_days)
),
repeats AS (
    SELECT
        grp, count(DISTINCT person_hash) AS persons,
        count(DISTINCT case_id) FILTER (WHERE shielded) AS shielded
    FROM raised
    WHERE came AND previous_time >= occurred_time - make_interval(days => repeat_days)
    GROUP BY grp
),
ended AS (
    SELECT
        grp, shielded,
        confirmed AND (
            outcome = 'SOLVED' OR (state = 'RESOLVED' AND proposed_outcome = 'SOLVED')
        ) AS solved,
        NOT (
            kind = 'SUGGESTION' AND (
                outcome = 'EXPLAINED' OR (state = 'RESOLVED' AND proposed_outcome = 'EXPLAINED')
            )
        ) AS weighed,
        -- Whoever was not convinced after the review has answered, and not kindly.
        CASE
            WHEN outcome = 'EXPLAINED_NOT_ACCEPTED' THEN 'DISSATISFIED'
            WHEN confirmed THEN grade
            ELSE ''
        END AS said
    FROM seen
    WHERE work_end_time >= start_time AND work_end_time < end_time
        AND outcome NOT IN ('DUPLICATE', 'WITHDRAWN')
),
results AS (
    SELECT
        grp, count(*) AS ended, count(*) FILTER (WHERE shielded) AS ended_shielded,
        count(*) FILTER (WHERE weighed) AS weighed,
        count(*) FILTER (WHERE weighed AND shielded) AS weighed_shielded,
        count(*) FILTER (WHERE weighed AND solved) AS solved,
        count(*) FILTER (WHERE said <> '') AS answered,
        count(*) FILTER (WHERE said <> '' AND shielded) AS answered_shielded,
        count(*) FILTER (WHERE said = 'SATISFIED') AS satisfied,
        count(*) FILTER (WHERE said = 'MOSTLY_SATISFIED') AS mostly,
        count(*) FILTER (WHERE said = 'DISSATISFIED') AS dissatisfied
    FROM ended
    GROUP BY grp
),
outflow AS (
    SELECT grp, measure, count(*) AS cases, count(*) FILTER (WHERE shielded) AS shielded
    FROM seen
    CROSS JOIN LATERAL (
        VALUES
            ('RESOLVED_COUNT', resolve_time, true),
            ('CLOSED_COUNT', close_time, true),
            ('SOLVED_COUNT', close_time, outcome = 'SOLVED'),
            ('REOPENED', cycle_start_time, cycle > 1)
    ) AS event (measure, event_time, counts)
    WHERE counts AND event_time >= start_time AND event_time < end_time
        AND (close_time IS NULL OR close_time >= start_time)
    GROUP BY grp, measure
),
standing AS (
    SELECT
        grp, shielded,
        -- A breach that sla has recorded is no next deadline any more.
        state <> 'CLOSED' AND (
            due_time <= at_time OR EXISTS (
                SELECT FROM clocks
                WHERE clocks.case_id = seen.case_id AND clocks.cycle = seen.cycle
                    AND clocks.site_id = seen.site_id AND clocks.state = 'BREACHED'
                    AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
                    AND clocks.due_time <= at_time
            )
        ) AS overdue,
        accountable LIKE 'position:%' AS fallen_back, least(level, 5) AS level,
        -- sla reminds daily from when a case comes to such an owner until it leaves it.
        CASE
            WHEN accountable LIKE 'position:%' THEN EXISTS (
                SELECT FROM clocks AS reminder
                WHERE reminder.case_id = seen.case_id AND reminder.kind = 'REMINDER'
                    AND reminder.state = 'RUNNING' AND reminder.start_time < stay_time
            )
            ELSE false
        END AS stays,
        ((at_time - interval '1 microsecond') AT TIME ZONE time_zone)::date
        - (occurred_time AT TIME ZONE time_zone)::date AS age
    FROM seen
    WHERE open_then
),
stock AS (
    SELECT
        grp, measure, count(*) FILTER (WHERE counts) AS cases,
        count(*) FILTER (WHERE counts AND shielded) AS shielded
    FROM standing
    CROSS JOIN LATERAL (
        VALUES
            ('OPEN', true),
            ('OVERDUE', coalesce(overdue, false)),
            ('FALLBACK', fallen_back),
            ('FALLBACK_OVERLONG', stays),
            ('LEVEL_' || level, true),
            (
                CASE
                    WHEN age <= 3 THEN 'AGEING_0_3'
                    WHEN age <= 7 THEN 'AGEING_4_7'
                    WHEN age <= 15 THEN 'AGEING_8_15'
                    WHEN age <= 30 THEN 'AGEING_16_30'
                    ELSE 'AGEING_OVER_30'
                END,
                true
            )
    ) AS look (measure, counts)
    GROUP BY grp, measure
),
led AS (
    SELECT DISTINCT ON (case_id) case_id, unit_id
    FROM work_orders
    WHERE $1 = 'UNIT' AND lead AND site_id = ANY ($3::text[])
    ORDER BY case_id, dispatch_time DESC, work_order_id
),
fell_due AS (
    SELECT
        clocks.kind, seen.case_id, shielded, excused, clocks.state = 'MET' AS met,
        -- A work order is its unit's, and a promise the leading unit's, whomever the case concerns.
        CASE
            WHEN $1 <> 'UNIT' THEN grp
            WHEN clocks.kind = 'WORK_ORDER' THEN prefix || coalesce(work_orders.unit_id, seen.unit_id)
            WHEN clocks.kind = 'RESOLUTION' THEN prefix || coalesce(led.unit_id, seen.unit_id)
            ELSE grp
        END AS grp
    FROM clocks
    JOIN seen ON seen.case_id = clocks.case_id
    LEFT JOIN led ON led.case_id = clocks.case_id
    LEFT JOIN work_orders
        ON $1 = 'UNIT' AND clocks.kind = 'WORK_ORDER' AND work_orders.case_id = clocks.case_id
        AND work_orders.work_order_id = clocks.reference
    WHERE clocks.site_id = ANY ($3::text[])
        AND clocks.kind IN (
            'FIRST_REPLY', 'PLAN', 'PROGRESS', 'RESOLUTION', 'WORK_ORDER', 'CONFIRMATION'
        )
        AND clocks.state NOT IN ('CANCELLED', 'PAUSED')
        AND clocks.due_time > (SELECT min(start_time) FROM spans)
        AND clocks.due_time <= (SELECT max(at_time) FROM spans)
        AND clocks.due_time > seen.start_time AND clocks.due_time <= seen.at_time
),
-- Cases are told apart among the few that matter: sorting all by case would take the longest.
hidden_due AS (
    SELECT
        grp, kind, count(DISTINCT case_id) AS shielded,
        count(DISTINCT case_id) FILTER (WHERE met OR NOT excused) AS weighed_shielded,
        count(DISTINCT case_id) FILTER (WHERE excused AND NOT met) AS excused_shielded
    FROM fell_due
    WHERE shielded
    GROUP BY grp, kind
),
clocked AS (
    SELECT
        grp, kind, due, met, excused, coalesce(shielded, 0) AS shielded,
        coalesce(weighed_shielded, 0) AS weighed_shielded,
        coalesce(excused_shielded, 0) AS excused_shielded
    FROM (
        SELECT
            grp, kind, count(*) AS due, count(*) FILTER (WHERE met) AS met,
            count(*) FILTER (WHERE excused AND NOT met) AS excused
        FROM fell_due
        GROUP BY grp, kind
    ) AS counted
    LEFT JOIN hidden_due USING (grp, kind)
),
moved AS (
    SELECT
        coalesce(prefix || led.unit_id, grp) AS grp, count(*) AS moves,
        count(DISTINCT seen.case_id) FILTER (WHERE shielded) AS shielded
    FROM promise_moves
    JOIN seen ON seen.case_id = promise_moves.case_id
    LEFT JOIN led ON led.case_id = seen.case_id
    WHERE move_time >= start_time AND move_time < end_time
    GROUP BY 1
),
planned AS (
    SELECT
        answers.case_id, answer_id, fed_back_time, promised_date,
        NOT EXISTS (
            SELECT FROM answers AS other
            WHERE other.case_id = answers.case_id AND other.kind = 'PLAN'
                AND (other.fed_back_time, other.version) < (answers.fed_back_time, answers.version)
        ) AS first
    FROM answers
    WHERE kind = 'PLAN' AND site_id = ANY ($3::text[])
        AND fed_back_time >= (SELECT min(start_time) FROM spans)
        AND fed_back_time < (SELECT max(end_time) FROM spans)
),
promised AS (
    SELECT
        coalesce(prefix || led.unit_id, grp) AS grp, count(*) AS plans,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY coalesce(
                (
                    SELECT previous_date FROM promise_moves
                    WHERE promise_moves.case_id = planned.case_id
                        AND promise_moves.answer_id = planned.answer_id
                    ORDER BY promise_moves.version LIMIT 1
                ),
                promised_date
            ) - (fed_back_time AT TIME ZONE time_zone)::date
        ) AS days,
        count(DISTINCT seen.case_id) FILTER (WHERE shielded) AS shielded
    FROM planned
    JOIN seen ON seen.case_id = planned.case_id
    LEFT JOIN led ON led.case_id = seen.case_id
    WHERE fed_back_time >= start_time AND fed_back_time < end_time
    GROUP BY 1
),
told AS (
    SELECT DISTINCT feedbacks.case_id, feedback_time AS told_time
    FROM feedbacks
    WHERE way <> 'ATTEMPT' AND site_id = ANY ($3::text[])
        AND feedback_time >= (SELECT min(start_time) FROM spans)
        AND feedback_time < (SELECT max(end_time) FROM spans)
        AND NOT EXISTS (
            SELECT FROM feedbacks AS other
            WHERE other.case_id = feedbacks.case_id AND other.way <> 'ATTEMPT'
                AND other.feedback_time < feedbacks.feedback_time
        )
),
passed AS (
    SELECT 'FIRST_REPLY' AS stage, grp, shielded, told_time - occurred_time AS lasted
    FROM seen JOIN told ON told.case_id = seen.case_id
    WHERE told_time >= start_time AND told_time < end_time
    UNION ALL
    SELECT 'PLAN', grp, shielded, fed_back_time - occurred_time
    FROM seen JOIN planned ON planned.case_id = seen.case_id AND first
    WHERE fed_back_time >= start_time AND fed_back_time < end_time
    UNION ALL
    SELECT 'RESOLUTION', grp, shielded, resolve_time - occurred_time
    FROM seen WHERE resolve_time >= start_time AND resolve_time < end_time
    UNION ALL
    SELECT 'CLOSE', grp, shielded, close_time - occurred_time
    FROM seen WHERE close_time >= start_time AND close_time < end_time
),
stages AS (
    SELECT
        grp, stage, count(*) AS cases, count(*) FILTER (WHERE shielded) AS shielded,
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (
            ORDER BY extract(epoch FROM lasted)::float8 / 3600
        ) AS hours
    FROM passed
    GROUP BY grp, stage
)
SELECT
    grp, measure, numerator::bigint, denominator::bigint, value::float8, shielded::bigint
FROM (
    SELECT grp, one.* FROM inflow CROSS JOIN LATERAL (
        VALUES
            ('REGISTERED', came, NULL::bigint, NULL::float8, came_shielded),
            ('LATE_ENTRIES', late, came, NULL, came_shielded),
            ('RECURRENCE', recurring, came, NULL, came_shielded),
            ('SUGGESTIONS_ACCEPTED', accepted, suggested, NULL, suggested_shielded),
            ('SUGGESTIONS_OVERRULED', overruled, suggested, NULL, suggested_shielded)
    ) AS one (measure, numerator, denominator, value, shielded)
    UNION ALL
    SELECT grp, 'DUPLICATES_ACCEPTED', accepted, suggested, NULL, shielded FROM doubles
    UNION ALL
    SELECT grp, 'REPEAT_REPORTERS', persons, NULL, NULL, shielded FROM repeats
    UNION ALL
    SELECT grp, one.* FROM results CROSS JOIN LATERAL (
        VALUES
            ('RESOLUTION_RATE', solved, weighed, NULL::float8, weighed_shielded),
            ('ANSWERED_SHARE', answered, ended, NULL, ended_shielded),
            ('SATISFIED_SHARE', satisfied, answered, NULL, answered_shielded),
            ('MOSTLY_SATISFIED_SHARE', mostly, answered, NULL, answered_shielded),
            ('DISSATISFIED_SHARE', dissatisfied, answered, NULL, answered_shielded)
    ) AS one (measure, numerator, denominator, value, shielded)
    UNION ALL
    SELECT grp, measure, cases, NULL, NULL, shielded FROM outflow
    UNION ALL
    SELECT grp, measure, cases, NULL, NULL, shielded FROM stock
    UNION ALL
    SELECT grp, 'ON_TIME_' || kind, met, due - excused, NULL, weighed_shielded FROM clocked
    UNION ALL
    SELECT grp, 'EXCUSED_' || kind, excused, NULL, NULL, excused_shielded FROM clocked
    UNION ALL
    SELECT
        grp, CASE kind WHEN 'FIRST_REPLY' THEN 'RESPONSE_RATE' ELSE 'KEPT_PROMISE_RATE' END,
        met, due, NULL, shielded
    FROM clocked WHERE kind IN ('FIRST_REPLY', 'RESOLUTION')
    UNION ALL
    SELECT grp, 'PROMISE_MOVES', moves, NULL, NULL, shielded FROM moved
    UNION ALL
    SELECT grp, 'MEDIAN_PROMISE_DAYS', plans, NULL, days, shielded FROM promised
    UNION ALL
    SELECT grp, part || stage, cases, NULL, hours[place], shielded
    FROM stages CROSS JOIN (VALUES ('MEDIAN_', 1), ('P90_', 2)) AS quantile (part, place)
) AS figures;

-- name: list_names
-- What people call the groups of measures: kind is CATEGORY, UNIT, STEWARD or SITE.
SELECT 'SITE' AS kind, site_id, site_id AS code, name FROM sites
WHERE site_id = ANY ($1::text[])
UNION ALL
SELECT 'UNIT', site_id, unit_id, name FROM units WHERE site_id = ANY ($1::text[])
UNION ALL
SELECT 'CATEGORY', site_id, category_id, name FROM categories WHERE site_id = ANY ($1::text[])
UNION ALL
SELECT 'STEWARD', site_id, person_id, name FROM people WHERE site_id = ANY ($1::text[])
UNION ALL
SELECT 'STEWARD', site_id, 'position:' || position_id, name FROM positions
WHERE site_id = ANY ($1::text[]);

-- name: list_days
-- How many cases came in and were closed on each local day of a site's period that had any.
SELECT
    (event_time AT TIME ZONE $4)::date AS day,
    count(*) FILTER (WHERE came) AS came, count(*) FILTER (WHERE NOT came) AS closed
FROM (
    SELECT occurred_time AS event_time, true AS came FROM cases
    WHERE site_id = $1 AND occurred_time >= $2 AND occurred_time < $3
        AND NOT about_persons && $5::text[]
    UNION ALL
    SELECT close_time, false FROM cases
    WHERE site_id = $1 AND state = 'CLOSED' AND close_time >= $2 AND close_time < $3
        AND NOT about_persons && $5::text[]
) AS events
GROUP BY 1
ORDER BY 1;

-- name: list_hot_spots
-- Where the same sort of appeal came more than once in a period, the most frequent first; with how
-- many of them are open, and how many are of confidential or anonymous reporters.
SELECT
    place, category, count(*) AS came, count(*) FILTER (WHERE state <> 'CLOSED') AS open,
    count(*) FILTER (WHERE confidentiality <> 'NAMED') AS shielded
FROM cases
WHERE site_id = $1 AND occurred_time >= $2 AND occurred_time < $3 AND place <> ''
    AND NOT about_persons && $4::text[]
GROUP BY place, category
HAVING count(*) > 1
    AND count(*) FILTER (WHERE confidentiality <> 'NAMED') NOT BETWEEN 1 AND $5::integer - 1
ORDER BY count(*) DESC, place, category
LIMIT $6;

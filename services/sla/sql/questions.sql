-- name: list_excuses
-- Directors' words on the breaches of these clocks, given by an instant.
SELECT clock_id::text, reason, excused_by, excuse_time
FROM excuses
WHERE clock_id = ANY ($1::text[]::uuid[]) AND excuse_time <= $2;

-- name: list_sites_with_live_clocks
-- The sites in sight that have clocks to which something can still happen: a step per site.
WITH RECURSIVE found (site_id) AS (
    (
        SELECT site_id FROM clocks
        WHERE state IN ('RUNNING', 'PAUSED') OR (state = 'BREACHED' AND stop_time IS NULL)
        ORDER BY site_id
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT clocks.site_id FROM clocks
        WHERE clocks.site_id > found.site_id
            AND (state IN ('RUNNING', 'PAUSED') OR (state = 'BREACHED' AND stop_time IS NULL))
        ORDER BY clocks.site_id
        LIMIT 1
    )
    FROM found
    WHERE found.site_id IS NOT NULL
)
SELECT site_id FROM found WHERE site_id IS NOT NULL;

-- name: list_live_clocks
-- Live clocks of some sites in some states, soonest deadline first, after a (time, id) key.
-- Empty filters let everything pass; clocks of no case are of the unit that they refer to. Those of
-- cases about these persons are left out.
SELECT
    found.clock_id::text, found.subject_id, found.clock_site_id, found.clock_kind,
    found.clock_cycle, found.reference, found.start_time, found.due_time, found.clock_state,
    found.provisional, found.policy_version, found.calendar_version, found.rule, found.given,
    found.pauses, found.warn_time, found.warned_count, found.warned_time, found.breach_time,
    found.stop_time, found.born_breached, found.unit_id, found.category, found.steward,
    found.accountable, found.pause_reason, found.pause_words, found.pause_approved_by,
    found.pause_start_time, found.pause_latest_end_time, excuses.reason, excuses.excused_by,
    excuses.excuse_time
FROM unnest($1::text[]) AS asked (site_id)
CROSS JOIN LATERAL (
    SELECT
        clocks.clock_id, clocks.subject_id, clocks.site_id AS clock_site_id,
        clocks.kind AS clock_kind, clocks.cycle AS clock_cycle, clocks.reference,
        clocks.start_time, clocks.due_time, clocks.state AS clock_state, clocks.provisional,
        clocks.policy_version, clocks.calendar_version, clocks.rule, clocks.given, clocks.pauses,
        clocks.warn_time, clocks.warned_count, clocks.warned_time, clocks.breach_time,
        clocks.stop_time, clocks.born_breached, coalesce(cases.unit_id, clocks.reference) AS unit_id,
        coalesce(cases.category, '') AS category, coalesce(cases.steward, '') AS steward,
        coalesce(cases.accountable, '') AS accountable, cases.pause_reason, cases.pause_words,
        cases.pause_approved_by, cases.pause_start_time, cases.pause_latest_end_time
    FROM clocks
    LEFT JOIN cases ON cases.case_id = clocks.subject_id
    WHERE clocks.site_id = asked.site_id
        AND (
            clocks.state IN ('RUNNING', 'PAUSED')
            OR (clocks.state = 'BREACHED' AND clocks.stop_time IS NULL)
        )
        AND clocks.due_time <= $4::timestamptz
        AND (clocks.due_time, clocks.clock_id) > ($2::timestamptz, $3::text::uuid)
        AND clocks.state = ANY ($5::text[])
        AND (cardinality($6::text[]) = 0 OR clocks.kind = ANY ($6::text[]))
        AND ($7 = '' OR coalesce(cases.unit_id, clocks.reference) = $7)
        AND ($8 = '' OR cases.category = $8)
        AND ($9 = '' OR cases.steward = $9 OR cases.accountable = $9)
        AND (cases.about_persons && $13::text[]) IS NOT TRUE
        AND (
            $10::timestamptz IS NULL
            OR greatest(cases.pause_start_time, clocks.start_time) <= $10::timestamptz
        )
        -- A unit's outreach that was reported runs on to its next report, overdue all the time.
        AND (
            $12::timestamptz IS NULL
            OR clocks.due_time <= $12::timestamptz
            OR (clocks.kind = 'OUTREACH' AND clocks.breach_time IS NOT NULL)
        )
    ORDER BY clocks.due_time, clocks.clock_id
    LIMIT $11
) AS found
LEFT JOIN excuses ON excuses.clock_id = found.clock_id
ORDER BY found.due_time, found.clock_id
LIMIT $11;

-- name: list_about
-- The cases in sight that are about these persons.
SELECT case_id FROM cases WHERE about_persons && $1::text[];

-- name: count_history
-- How many cases of a site were spoken of in a period.
SELECT count(*) FROM cases
WHERE site_id = $1 AND occurred_time >= $2::timestamptz AND occurred_time < $3::timestamptz;

-- name: list_history
-- What people did to the cases of a period, as JSON, a row a case, after a (time, id) key. That
-- time passed is left out: whoever plays it again under other rules must find out himself when.
SELECT past.case_id, past.occurred_time, history.acts
FROM (
    SELECT case_id, occurred_time FROM cases
    WHERE site_id = $1
        AND occurred_time < $2::timestamptz
        AND (occurred_time, case_id) > ($3::timestamptz, $4)
    ORDER BY occurred_time, case_id
    LIMIT $5
) AS past
CROSS JOIN LATERAL (
    SELECT
        json_agg(
            json_build_array(
                kind, detail, apply_time, known_time, serial, policy_version, calendar_version,
                actor, cause
            )
            ORDER BY id
        )::text AS acts
    FROM acts
    WHERE acts.case_id = past.case_id AND acts.kind <> 'Elapsed'
) AS history
ORDER BY past.occurred_time, past.case_id;

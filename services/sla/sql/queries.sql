-- name: get_terms
-- What deadlines of these sites are computed from, apart from the days themselves.
SELECT
    sites.site_id, sites.time_zone, sites.calendar_id::text, policies.version,
    policies.first_reply_floor, policies.plan_working_days, policies.progress_working_days,
    policies.confirmation_working_days, policies.work_order_grace_working_days
FROM sites
JOIN policies ON policies.site_id = sites.site_id AND policies.version = sites.policy_version
WHERE sites.site_id = ANY ($1::text[]);

-- name: list_calendar_years
-- The announced years of a site.
SELECT year FROM calendar_years WHERE site_id = $1;

-- name: list_calendar_days
-- A site's days that differ from the plain week.
SELECT day, working FROM calendar_days WHERE site_id = $1;

-- name: save_site
-- A site as its directory has it; the calendar and the policy in force stay.
INSERT INTO sites (site_id, name, time_zone, calendar_id, policy_version)
VALUES ($1, $2, $3, $4::text::uuid, $5)
ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, time_zone = excluded.time_zone;

-- name: set_calendar
-- Tells that the days of a site have changed.
UPDATE sites SET calendar_id = $2::text::uuid WHERE site_id = $1;

-- name: add_policy
-- A version of a site's policy; one that is there already stays as it is.
INSERT INTO policies (
    site_id, version, first_reply_floor, plan_working_days, progress_working_days,
    confirmation_working_days, work_order_grace_working_days
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (site_id, version) DO NOTHING;

-- name: add_calendar_years
-- Announces years; returns those that were not announced before.
INSERT INTO calendar_years (site_id, year)
SELECT $1, year FROM unnest($2::integer[]) AS announced (year)
ON CONFLICT (site_id, year) DO NOTHING
RETURNING year;

-- name: add_calendar_days
-- Days of newly announced years.
INSERT INTO calendar_days (site_id, day, working)
SELECT $1, day, working FROM unnest($2::date[], $3::boolean[]) AS announced (day, working)
ON CONFLICT (site_id, day) DO UPDATE SET working = excluded.working;

-- name: get_case
-- A case without its clocks.
SELECT
    case_id, site_id, state, cycle, on_queue, no_steward, level_time,
    at_ladder_end, next_wake_time
FROM cases
WHERE case_id = $1;

-- name: list_files
-- Cases by id, a row for each of their clocks to which something can still happen, or one without.
SELECT
    cases.case_id, cases.site_id, cases.state, cases.cycle, cases.on_queue,
    cases.no_steward, cases.level_time, cases.at_ladder_end,
    cases.next_wake_time, clocks.clock_id::text,
    clocks.kind, clocks.cycle AS clock_cycle, clocks.reference, clocks.start_time,
    clocks.due_time, clocks.state AS clock_state, clocks.provisional, clocks.policy_version,
    clocks.warn_time, clocks.warned_time, clocks.breach_time, clocks.stop_time,
    clocks.born_breached
FROM cases
LEFT JOIN clocks ON clocks.case_id = cases.case_id
    AND (clocks.state = 'RUNNING' OR (clocks.state = 'BREACHED' AND clocks.stop_time IS NULL))
WHERE cases.case_id = ANY ($1::text[]);

-- name: list_clocks
-- All clocks of a case, of all cycles, in the order of their start.
SELECT
    clock_id::text, case_id, site_id, kind, cycle AS clock_cycle, reference, start_time, due_time,
    state AS clock_state, provisional, policy_version, warn_time, warned_time, breach_time,
    stop_time, born_breached
FROM clocks
WHERE case_id = $1
ORDER BY start_time, due_time, clock_id;

-- name: save_files
-- Cases and clocks as they stand after some changes, new or not, in one statement.
WITH saved AS (
    INSERT INTO cases (
        case_id, site_id, state, cycle, on_queue, no_steward, level_time,
        at_ladder_end, next_wake_time
    )
    SELECT *
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::integer[], $5::boolean[],
        $6::boolean[], $7::timestamptz[], $8::boolean[], $9::timestamptz[]
    )
    ON CONFLICT (case_id) DO UPDATE SET
        state = excluded.state, cycle = excluded.cycle, on_queue = excluded.on_queue,
        no_steward = excluded.no_steward, level_time = excluded.level_time,
        at_ladder_end = excluded.at_ladder_end, next_wake_time = excluded.next_wake_time
)
INSERT INTO clocks (
    clock_id, case_id, site_id, kind, cycle, reference, start_time, due_time, state, provisional,
    policy_version, warn_time, warned_time, breach_time, stop_time, born_breached, next_fire_time
)
SELECT *
FROM unnest(
    $10::text[]::uuid[], $11::text[], $12::text[], $13::text[], $14::integer[], $15::text[],
    $16::timestamptz[], $17::timestamptz[], $18::text[], $19::boolean[], $20::integer[],
    $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[],
    $25::boolean[], $26::timestamptz[]
)
ON CONFLICT (clock_id) DO UPDATE SET
    due_time = excluded.due_time, state = excluded.state, provisional = excluded.provisional,
    warned_time = excluded.warned_time, breach_time = excluded.breach_time,
    stop_time = excluded.stop_time, next_fire_time = excluded.next_fire_time;

-- name: list_due
-- Cases with clocks that are due, oldest first, without a lock.
SELECT case_id, next_fire_time
FROM clocks
WHERE next_fire_time <= $1 AND case_id <> ALL ($3::text[])
ORDER BY next_fire_time, clock_id
LIMIT $2;

-- name: lock_free_subjects
-- Locks those of the subjects that nobody else works on, in the order all lock in.
SELECT subject_id
FROM subjects
WHERE subject_id = ANY ($1::text[])
ORDER BY subject_id
FOR UPDATE SKIP LOCKED;

-- name: next_fire_time
-- When the next clock fires, and what the decision time is now.
SELECT
    decision_time() AS decision_time,
    (
        SELECT next_fire_time FROM clocks
        WHERE next_fire_time IS NOT NULL AND case_id <> ALL ($1::text[])
        ORDER BY next_fire_time, clock_id LIMIT 1
    ) AS next_fire_time;

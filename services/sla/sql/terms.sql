-- name: get_terms
-- Which calendar and policy are in force at these sites; the documents themselves are remembered.
SELECT
    sites.site_id, sites.calendar_version, calendars.publish_time AS calendar_time,
    sites.policy_version, policies.publish_time AS policy_time, policies.template_version,
    templates.publish_time AS template_time
FROM sites
JOIN calendars
    ON calendars.site_id = sites.site_id AND calendars.version = sites.calendar_version
JOIN policies ON policies.site_id = sites.site_id AND policies.version = sites.policy_version
LEFT JOIN templates ON templates.version = policies.template_version
WHERE sites.site_id = ANY ($1::text[]);

-- name: get_versions
-- Versions of a site's calendar and policy, in pairs as they were in force together; version 0 is
-- what was in force before the site's directory, and no document.
SELECT
    wanted.calendar_version, calendars.publish_time AS calendar_time, wanted.policy_version,
    policies.publish_time AS policy_time, policies.template_version,
    templates.publish_time AS template_time, $1 AS site_id
FROM unnest($2::integer[], $3::integer[]) AS wanted (policy_version, calendar_version)
LEFT JOIN calendars ON calendars.site_id = $1 AND calendars.version = wanted.calendar_version
LEFT JOIN policies ON policies.site_id = $1 AND policies.version = wanted.policy_version
LEFT JOIN templates ON templates.version = policies.template_version
WHERE (wanted.calendar_version = 0 OR calendars.version IS NOT NULL)
    AND (wanted.policy_version = 0 OR policies.version IS NOT NULL);

-- name: list_calendar_documents
-- Calendars by site and version.
SELECT site_id, version, document
FROM calendars
WHERE (site_id, version) IN (
    SELECT site_id, version FROM unnest($1::text[], $2::integer[]) AS wanted (site_id, version)
);

-- name: list_policy_documents
-- Policies by site and version, each with the template that it inherits.
SELECT policies.site_id, policies.version, policies.document, templates.document AS template
FROM policies
LEFT JOIN templates ON templates.version = policies.template_version
WHERE (policies.site_id, policies.version) IN (
    SELECT site_id, version FROM unnest($1::text[], $2::integer[]) AS wanted (site_id, version)
);

-- name: get_site
-- A site and the versions in force.
SELECT sites.site_id, sites.name, sites.time_zone, sites.calendar_version, sites.policy_version
FROM sites
WHERE sites.site_id = $1;

-- name: hold_site
-- The same, and keeps the versions in force from changing until commit.
SELECT sites.site_id, sites.name, sites.time_zone, sites.calendar_version, sites.policy_version
FROM sites
WHERE sites.site_id = $1
FOR UPDATE;

-- name: list_sites
-- All sites in sight.
SELECT sites.site_id, sites.name, sites.time_zone, sites.calendar_version, sites.policy_version
FROM sites
ORDER BY sites.site_id;

-- name: get_ladder
-- Dwells of a site's levels, from level 1 up.
SELECT ladder::text FROM sites WHERE site_id = $1;

-- name: get_last_payload
-- What the last job of a kind was told that a site had.
SELECT payload
FROM jobs
WHERE site_id = $1 AND kind = $2
ORDER BY create_time DESC, job_id DESC
LIMIT 1;

-- name: add_site
-- A site that was not known before.
INSERT INTO sites (site_id, name, time_zone, calendar_version, policy_version, ladder)
VALUES ($1, $2, $3, 1, 1, $4::text::jsonb);

-- name: set_site
-- A site as its directory has it now.
UPDATE sites SET name = $2, time_zone = $3, ladder = $4::text::jsonb WHERE site_id = $1;

-- name: add_calendar
-- A version of a site's calendar.
INSERT INTO calendars (site_id, version, document, publish_time, published_by)
VALUES ($1, $2, $3, $4, $5);

-- name: set_calendar_version
-- Puts a version of a site's calendar in force.
UPDATE sites SET calendar_version = $2 WHERE site_id = $1;

-- name: add_policy
-- A version of a site's policy.
INSERT INTO policies (site_id, version, document, template_version, publish_time, published_by)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: set_policy_version
-- Puts a version of a site's policy in force.
UPDATE sites SET policy_version = $2 WHERE site_id = $1;

-- name: get_calendar
-- One version of a site's calendar.
SELECT version, document FROM calendars WHERE site_id = $1 AND version = $2;

-- name: get_policy
-- One version of a site's policy.
SELECT version, document FROM policies WHERE site_id = $1 AND version = $2;

-- name: get_template
-- A version of the group's template; of version 0 the newest.
SELECT version, document
FROM templates
WHERE version = CASE WHEN $1 = 0 THEN (SELECT max(version) FROM templates) ELSE $1 END;

-- name: add_template
-- A version of the group's template.
INSERT INTO templates (version, document, publish_time, published_by) VALUES ($1, $2, $3, $4);

-- name: list_site_ids
-- The next sites in sight.
SELECT site_id FROM sites WHERE site_id > $1 ORDER BY site_id LIMIT $2;

-- name: count_running
-- How many clocks of a site run or stand still; how many of them, and of how many subjects, do so
-- within some stretches of time.
SELECT
    count(*) AS clock_count,
    count(*) FILTER (WHERE touched) AS touched_count,
    count(DISTINCT subject_id) FILTER (WHERE touched) AS subject_count
FROM (
    SELECT
        subject_id,
        EXISTS (
            SELECT FROM unnest($2::timestamptz[], $3::timestamptz[]) AS stretch (since, until)
            WHERE clocks.start_time < stretch.until AND clocks.due_time > stretch.since
        ) AS touched
    FROM clocks
    WHERE site_id = $1 AND state IN ('RUNNING', 'PAUSED')
) AS live;

-- name: list_running_subjects
-- The next subjects of a site with clocks that run or stand still within the stretches.
SELECT DISTINCT subject_id
FROM clocks
WHERE site_id = $1 AND state IN ('RUNNING', 'PAUSED') AND subject_id > $4 AND EXISTS (
    SELECT FROM unnest($2::timestamptz[], $3::timestamptz[]) AS stretch (since, until)
    WHERE clocks.start_time < stretch.until AND clocks.due_time > stretch.since
)
ORDER BY subject_id
LIMIT $5;

-- name: list_running_clocks
-- The next clocks of a site that run or stand still within the stretches, by deadline.
SELECT
    clock_id::text, subject_id, site_id AS clock_site_id, kind AS clock_kind,
    cycle AS clock_cycle, reference, start_time, due_time, state AS clock_state, provisional,
    policy_version, calendar_version, rule, given, pauses, warn_time, warned_count, warned_time,
    breach_time, stop_time, born_breached
FROM clocks
WHERE site_id = $1 AND state IN ('RUNNING', 'PAUSED')
    AND (due_time, clocks.clock_id) > ($4::timestamptz, $5::text::uuid)
    AND EXISTS (
        SELECT FROM unnest($2::timestamptz[], $3::timestamptz[]) AS stretch (since, until)
        WHERE clocks.start_time < stretch.until AND clocks.due_time > stretch.since
    )
ORDER BY due_time, clocks.clock_id
LIMIT $6;

-- name: list_profiles
-- What a policy looks at in these cases; and whether a date that was promised runs, or is owed.
SELECT
    case_id, category, kind, urgency,
    EXISTS (
        SELECT FROM clocks
        WHERE clocks.subject_id = cases.case_id AND clocks.kind = 'RESOLUTION' AND (
            clocks.state IN ('RUNNING', 'PAUSED')
            OR (clocks.state = 'BREACHED' AND clocks.stop_time IS NULL)
        )
    ) AS promised
FROM cases
WHERE case_id = ANY ($1::text[]);

-- name: count_past_cases
-- How many cases of a site were spoken of before an instant.
SELECT count(*) FROM cases WHERE site_id = $1 AND occurred_time < $2;

-- name: list_past_cases
-- The next cases of a site that were spoken of before an instant.
SELECT case_id, occurred_time
FROM cases
WHERE site_id = $1 AND occurred_time < $2 AND (occurred_time, case_id) > ($3::timestamptz, $4)
ORDER BY occurred_time, case_id
LIMIT $5;

-- name: list_units_heard_of
-- Outreach of the units of a site that have a clock at present.
SELECT DISTINCT subject_id
FROM clocks
WHERE site_id = $1 AND kind = 'OUTREACH' AND (
    state IN ('RUNNING', 'PAUSED') OR (state = 'BREACHED' AND stop_time IS NULL)
);

-- name: list_ended_clocks
-- Clocks of these subjects that are over, or past their deadline, within the stretches.
SELECT
    clock_id::text, subject_id, site_id AS clock_site_id, kind AS clock_kind,
    cycle AS clock_cycle, reference, start_time, due_time, state AS clock_state, provisional,
    policy_version, calendar_version, rule, given, pauses, warn_time, warned_count, warned_time,
    breach_time, stop_time, born_breached
FROM clocks
WHERE subject_id = ANY ($1::text[]) AND state NOT IN ('RUNNING', 'PAUSED') AND EXISTS (
    SELECT FROM unnest($2::timestamptz[], $3::timestamptz[]) AS stretch (since, until)
    WHERE clocks.start_time < stretch.until AND clocks.due_time > stretch.since
);

-- name: list_writers
-- Transactions under way that may have read the terms before they changed: whoever stores a clock
-- locks its subject before it asks for terms.
SELECT DISTINCT virtualtransaction
FROM pg_locks
WHERE locktype = 'relation'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND relation = 'subjects'::regclass
    AND mode IN ('RowShareLock', 'RowExclusiveLock')
    AND pid <> pg_backend_pid();

-- name: add_year_warning
-- Notes that a site is warned of a year in a week; no row when it has been.
INSERT INTO year_warnings (site_id, year, week)
VALUES ($1, $2, $3)
ON CONFLICT (site_id, year, week) DO NOTHING
RETURNING year;

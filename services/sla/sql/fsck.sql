-- name: open_case_without_wake_up
-- Every open case has a next wake-up, and a clock that gives it.
SELECT cases.site_id, cases.case_id AS subject_id, 'state ' || cases.state AS detail
FROM cases
WHERE cases.state <> 'CLOSED' AND NOT EXISTS (
    SELECT FROM clocks
    WHERE clocks.subject_id = cases.case_id AND clocks.next_fire_time = cases.next_wake_time
);

-- name: wake_up_not_the_next
-- The wake-up of a case is the earliest of its clocks'.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    'clock ' || clocks.clock_id || ' fires before ' || cases.next_wake_time AS detail
FROM cases
JOIN clocks ON clocks.subject_id = cases.case_id
WHERE clocks.next_fire_time < cases.next_wake_time;

-- name: wake_up_overslept
-- Wake-ups lie ahead; a quarter of an hour is what an outage may cost.
SELECT site_id, subject_id, kind || ' was to fire at ' || next_fire_time AS detail
FROM clocks
WHERE next_fire_time < decision_time() - interval '15 minutes';

-- name: next_fire_not_of_its_clock
-- A running clock fires next at its next warning or its deadline, whichever comes first.
SELECT site_id, subject_id, kind || ' is to fire at ' || next_fire_time AS detail
FROM clocks
WHERE state = 'RUNNING' AND next_fire_time <> least(warn_time, due_time);

-- name: closed_case_with_live_clock
-- Nothing is owed on a closed case.
SELECT cases.site_id, cases.case_id AS subject_id, 'clock ' || clocks.clock_id AS detail
FROM cases
JOIN clocks ON clocks.subject_id = cases.case_id
WHERE cases.state = 'CLOSED' AND (
    clocks.state IN ('RUNNING', 'PAUSED')
    OR (clocks.state = 'BREACHED' AND clocks.stop_time IS NULL)
);

-- name: breach_before_its_time
-- No clock breached before its deadline, and no deadline in the future is called passed. What comes
-- again has its next deadline: outreach until a contact ends it.
SELECT site_id, subject_id, kind || ' due ' || due_time || ', breached ' || breach_time AS detail
FROM clocks
WHERE breach_time > decision_time() OR CASE
    WHEN kind = 'REMINDER' THEN breach_time >= due_time
    -- A review that was met late hadn't always reminded before.
    WHEN kind = 'REVIEW' THEN breach_time > due_time
    WHEN kind = 'OUTREACH' AND state IN ('RUNNING', 'CANCELLED') THEN breach_time >= due_time
    ELSE breach_time <> due_time
END;

-- name: warning_before_its_time
-- No clock warned before its start, or without having been counted as warned, and its next warning
-- lies between its start and its deadline.
SELECT site_id, subject_id, kind || ' warned ' || warned_time AS detail
FROM clocks
WHERE warned_time < start_time OR warned_time > decision_time()
    OR (warned_count > 0 AND warned_time IS NULL)
    OR warn_time <= start_time OR warn_time >= due_time;

-- name: paused_clock_without_pause
-- A clock stands still in an open pause of its own, and only while its case is paused.
SELECT clocks.site_id, clocks.subject_id, 'clock ' || clocks.clock_id AS detail
FROM clocks
LEFT JOIN cases ON cases.case_id = clocks.subject_id
WHERE (clocks.pauses LIKE '%null]]') <> (clocks.state = 'PAUSED')
    OR (clocks.state = 'PAUSED' AND cases.pause_reason IS NULL);

-- name: paused_case_without_its_end
-- A paused case has a PAUSE clock that runs until the pause's latest end; no other case has one.
SELECT cases.site_id, cases.case_id AS subject_id, 'paused since ' || cases.pause_start_time AS detail
FROM cases
WHERE cases.pause_reason IS NOT NULL AND NOT EXISTS (
    SELECT FROM clocks
    WHERE clocks.subject_id = cases.case_id AND clocks.kind = 'PAUSE'
        AND clocks.state = 'RUNNING' AND clocks.due_time = cases.pause_latest_end_time
)
UNION ALL
SELECT clocks.site_id, clocks.subject_id, 'a pause runs without a reason'
FROM clocks
LEFT JOIN cases ON cases.case_id = clocks.subject_id
WHERE clocks.kind = 'PAUSE' AND clocks.state = 'RUNNING' AND cases.pause_reason IS NULL;

-- name: clock_without_its_case
-- A clock has a case of the same site, or of OUTREACH is its unit's.
SELECT clocks.site_id, clocks.subject_id, 'clock ' || clocks.clock_id AS detail
FROM clocks
LEFT JOIN cases ON cases.case_id = clocks.subject_id
WHERE clocks.kind <> 'OUTREACH' AND cases.site_id IS DISTINCT FROM clocks.site_id;

-- name: outreach_without_its_unit
-- A clock of outreach names its unit, and its subject is of the same one.
SELECT site_id, subject_id, 'unit ' || reference AS detail
FROM clocks
WHERE (kind = 'OUTREACH') <> (subject_id = 'outreach/' || site_id || '/' || reference)
    OR (kind = 'OUTREACH' AND reference = '');

-- name: case_without_its_beginning
-- Everything that is known of a case began with its registration.
SELECT cases.site_id, cases.case_id AS subject_id, 'first act ' || coalesce(first.kind, 'none') AS detail
FROM cases
LEFT JOIN LATERAL (
    SELECT kind FROM acts WHERE acts.case_id = cases.case_id ORDER BY id LIMIT 1
) AS first ON true
WHERE first.kind IS DISTINCT FROM 'Registered';

-- name: act_without_its_case
-- What was applied was applied to a case of the same site, and in the order of its versions.
SELECT acts.site_id, acts.case_id AS subject_id, acts.kind || ' at ' || acts.serial AS detail
FROM (
    SELECT
        site_id, case_id, kind, serial,
        lag(serial) OVER (PARTITION BY case_id ORDER BY id) AS before
    FROM acts
) AS acts
LEFT JOIN cases ON cases.case_id = acts.case_id
WHERE cases.site_id IS DISTINCT FROM acts.site_id OR acts.serial < acts.before;

-- name: excuse_without_breach
-- Only what breached can be excused.
SELECT excuses.site_id, excuses.case_id AS subject_id, 'clock ' || excuses.clock_id AS detail
FROM excuses
LEFT JOIN clocks USING (clock_id)
WHERE clocks.breach_time IS NULL OR clocks.subject_id <> excuses.case_id;

-- name: site_without_terms
-- Every site has the policy and the calendar in force.
SELECT sites.site_id, 'directory/' || sites.site_id AS subject_id,
    'policy ' || sites.policy_version || ', calendar ' || sites.calendar_version AS detail
FROM sites
WHERE NOT EXISTS (
        SELECT FROM policies
        WHERE policies.site_id = sites.site_id AND policies.version = sites.policy_version
    )
    OR NOT EXISTS (
        SELECT FROM calendars
        WHERE calendars.site_id = sites.site_id AND calendars.version = sites.calendar_version
    );

-- name: registered_case_without_clocks
-- Every registration that was applied has its case and its first clocks.
SELECT gates.site_id, gates.subject_id, 'intake at ' || gates.version AS detail
FROM gates
WHERE gates.source = 'intake' AND gates.version >= 1
    -- What is about a site's rules, its handovers and the like is about no case.
    AND gates.subject_id NOT LIKE '%/%'
    AND NOT EXISTS (
        SELECT FROM clocks WHERE clocks.subject_id = gates.subject_id AND clocks.kind = 'FIRST_REPLY'
    );

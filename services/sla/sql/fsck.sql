-- name: open_case_without_wake_up
-- Every open case has a next wake-up, and a clock that gives it.
SELECT cases.site_id, cases.case_id AS subject_id, 'state ' || cases.state AS detail
FROM cases
WHERE cases.state <> 'CLOSED' AND NOT EXISTS (
    SELECT FROM clocks
    WHERE clocks.case_id = cases.case_id AND clocks.next_fire_time = cases.next_wake_time
);

-- name: wake_up_not_the_next
-- The wake-up of a case is the earliest of its clocks'.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    'clock ' || clocks.clock_id || ' fires before ' || cases.next_wake_time AS detail
FROM cases
JOIN clocks USING (case_id)
WHERE clocks.next_fire_time < cases.next_wake_time;

-- name: wake_up_overslept
-- Wake-ups lie ahead; a quarter of an hour is what an outage may cost.
SELECT
    site_id, case_id AS subject_id, kind || ' was to fire at ' || next_fire_time AS detail
FROM clocks
WHERE next_fire_time < decision_time() - interval '15 minutes';

-- name: closed_case_with_running_clock
-- Nothing is owed on a closed case.
SELECT cases.site_id, cases.case_id AS subject_id, 'clock ' || clocks.clock_id AS detail
FROM cases
JOIN clocks USING (case_id)
WHERE cases.state = 'CLOSED' AND clocks.state = 'RUNNING';

-- name: breach_before_its_time
-- No clock breached before its deadline, and no deadline in the future is called passed.
SELECT
    site_id, case_id AS subject_id,
    kind || ' due ' || due_time || ', breached ' || breach_time AS detail
FROM clocks
WHERE (kind <> 'REMINDER' AND breach_time <> due_time)
    OR (kind = 'REMINDER' AND breach_time >= due_time)
    OR breach_time > decision_time();

-- name: warning_before_its_time
-- No clock warned before its warning point.
SELECT site_id, case_id AS subject_id, kind || ' warned ' || warned_time AS detail
FROM clocks
WHERE warned_time < warn_time OR (warned_time IS NOT NULL AND warn_time IS NULL);

-- name: clock_without_its_case
-- A clock has a case, of the same site.
SELECT clocks.site_id, clocks.case_id AS subject_id, 'clock ' || clocks.clock_id AS detail
FROM clocks
LEFT JOIN cases USING (case_id)
WHERE cases.site_id IS DISTINCT FROM clocks.site_id;

-- name: site_without_terms
-- Every site has the policy in force and announced years.
SELECT sites.site_id, 'directory/' || sites.site_id AS subject_id,
    'policy ' || sites.policy_version AS detail
FROM sites
WHERE NOT EXISTS (
        SELECT FROM policies
        WHERE policies.site_id = sites.site_id AND policies.version = sites.policy_version
    )
    OR NOT EXISTS (SELECT FROM calendar_years WHERE calendar_years.site_id = sites.site_id);

-- name: registered_case_without_clocks
-- Every registration that was applied has its case and its first clocks.
SELECT gates.site_id, gates.subject_id, 'intake at ' || gates.version AS detail
FROM gates
WHERE gates.source = 'intake' AND gates.version >= 1
    AND NOT EXISTS (
        SELECT FROM clocks WHERE clocks.case_id = gates.subject_id AND clocks.kind = 'FIRST_REPLY'
    );

-- What the four services know of one another, compared past them over the read-only role. Each
-- check returns a row per difference: (site_id, subject_id, detail). They mean something only when
-- nothing is under way; run as one snapshot.
--
-- :source and :consumer stand for the schemas of each pair in which one listens to the other;
-- :consumer alone for each of the four. A check that names its schemas is about the service whose
-- name it begins with.

-- Travel of facts ---------------------------------------------------------------------------------

-- name: facts_not_stamped
-- Every fact has its place in the feed.
SELECT journal.site_id, journal.subject_id, 'version ' || journal.subject_version AS detail
FROM :consumer.journal_pending AS pending
JOIN :consumer.journal AS journal ON journal.id = pending.journal_id;

-- name: facts_not_published
-- Every fact in the feed is with the broker.
SELECT feed.site_id, '' AS subject_id, 'position ' || feed.position AS detail
FROM :consumer.feed AS feed
CROSS JOIN :consumer.relay_head AS head
WHERE feed.position > head.position;

-- name: facts_not_applied
-- Every subject's facts have gone through the gate of everyone who listens, up to the last, and
-- none that was never written. A gate counts without gaps, so the last version says all.
SELECT
    coalesce(subjects.site_id, gates.site_id) AS site_id,
    coalesce(subjects.subject_id, gates.subject_id) AS subject_id,
    ':source wrote ' || coalesce(subjects.version, 0) || ', :consumer applied '
        || coalesce(gates.version, 0) AS detail
FROM (SELECT * FROM :source.subjects WHERE version > 0) AS subjects
FULL JOIN (SELECT * FROM :consumer.gates WHERE source = ':source') AS gates
    ON gates.subject_id = subjects.subject_id
WHERE coalesce(subjects.version, 0) <> coalesce(gates.version, 0);

-- name: other_facts_applied
-- What went through the gate is what the source has on record: the gate keeps eight bytes of the
-- hash of each of the last 256 facts of a subject.
SELECT gates.site_id, gates.subject_id, 'version ' || journal.subject_version AS detail
FROM :consumer.gates AS gates
JOIN :source.journal AS journal
    ON journal.subject_id = gates.subject_id
    AND journal.subject_version BETWEEN
        gates.version - octet_length(gates.hashes) / 8 + 1 AND gates.version
WHERE gates.source = ':source'
    AND substr(journal.hash, 1, 8) <> substr(
        gates.hashes,
        ((journal.subject_version - gates.version) * 8 + octet_length(gates.hashes) - 7)::integer,
        8
    );

-- name: facts_parked
-- No fact waits for another.
SELECT site_id, subject_id, source || ' version ' || version AS detail
FROM :consumer.parked;

-- name: facts_quarantined
-- No fact has been set aside.
SELECT site_id, subject_id, source || ' version ' || version || ': ' || reason AS detail
FROM :consumer.quarantine;

-- name: jobs_open
-- No work over many subjects is unfinished.
SELECT site_id, job_id::text AS subject_id, kind AS detail
FROM :consumer.jobs
WHERE state = 'OPEN';

-- Every case is everywhere ------------------------------------------------------------------------

-- name: routing_case_differs
-- Every registered case has its route, of the same site, as far along.
SELECT
    coalesce(cases.site_id, routes.site_id) AS site_id,
    coalesce(cases.case_id, routes.case_id) AS subject_id,
    'intake ' || coalesce(cases.state, 'none') || ', routing ' || coalesce(routes.state, 'none')
        AS detail
FROM intake.cases AS cases
FULL JOIN routing.routes AS routes ON routes.case_id = cases.case_id
WHERE cases.site_id IS DISTINCT FROM routes.site_id
    OR routes.state <> CASE cases.state
        WHEN 'RESOLVED' THEN 'RESOLVED' WHEN 'CLOSED' THEN 'CLOSED' ELSE 'OPEN'
    END;

-- name: sla_case_differs
-- Every registered case is known to the clocks, as far along and in the same cycle.
SELECT
    coalesce(cases.site_id, timed.site_id) AS site_id,
    coalesce(cases.case_id, timed.case_id) AS subject_id,
    'intake ' || coalesce(cases.state || ' cycle ' || cases.cycle, 'none')
        || ', sla ' || coalesce(timed.state || ' cycle ' || timed.cycle, 'none') AS detail
FROM intake.cases AS cases
FULL JOIN sla.cases AS timed ON timed.case_id = cases.case_id
WHERE cases.site_id IS DISTINCT FROM timed.site_id
    OR cases.cycle <> timed.cycle
    OR timed.state <> CASE cases.state
        WHEN 'RESOLVED' THEN 'RESOLVED' WHEN 'CLOSED' THEN 'CLOSED' ELSE 'OPEN'
    END;

-- name: notify_case_differs
-- Every registered case is known to those who send, as far along and with the same people.
SELECT
    coalesce(cases.site_id, told.site_id) AS site_id,
    coalesce(cases.case_id, told.case_id::text) AS subject_id,
    'intake ' || coalesce(concat_ws(' ', cases.state, cases.number, cases.steward), 'none')
        || ', notify ' || coalesce(concat_ws(' ', told.state, told.number, told.steward), 'none')
        AS detail
FROM intake.cases AS cases
FULL JOIN notify.cases AS told ON told.case_id::text = cases.case_id
WHERE cases.site_id IS DISTINCT FROM told.site_id
    OR cases.number <> told.number
    OR cases.steward <> told.steward
    OR cases.receiver <> told.receiver
    OR cases.confidentiality <> told.confidentiality
    OR told.state <> CASE cases.state
        WHEN 'RESOLVED' THEN 'RESOLVED' WHEN 'CLOSED' THEN 'CLOSED' ELSE 'OPEN'
    END;

-- Intake's copies are their owners' ---------------------------------------------------------------

-- name: intake_owner_differs
-- The case file names the steward, the level and whoever must move as routing does.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    'intake ' || concat_ws(' ', cases.steward, cases.level, cases.accountable)
        || ', routing ' || concat_ws(' ', routes.steward, routes.level, routes.accountable)
        AS detail
FROM intake.cases AS cases
JOIN routing.routes AS routes ON routes.case_id = cases.case_id
WHERE cases.steward <> routes.steward
    OR cases.level <> routes.level
    OR (cases.state <> 'CLOSED' AND cases.accountable <> routes.accountable);

-- name: intake_wake_up_differs
-- The case file's next wake-up is the clocks'.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    'intake ' || cases.next_wake_time || ', sla ' || coalesce(timed.next_wake_time::text, 'none')
        AS detail
FROM intake.cases AS cases
JOIN sla.cases AS timed ON timed.case_id = cases.case_id
WHERE cases.state <> 'CLOSED' AND cases.next_wake_time IS DISTINCT FROM timed.next_wake_time;

-- name: intake_clocks_differ
-- The case file shows the clocks there are, as they stand; those of outreach belong to no case.
SELECT
    coalesce(shown.site_id, clocks.site_id) AS site_id,
    coalesce(shown.case_id, clocks.subject_id) AS subject_id,
    coalesce(clocks.kind, shown.kind) || ': intake ' || coalesce(shown.state, 'none')
        || ', sla ' || coalesce(clocks.state, 'none') AS detail
FROM intake.clocks AS shown
FULL JOIN (SELECT * FROM sla.clocks WHERE kind <> 'OUTREACH') AS clocks
    ON clocks.clock_id::text = shown.clock_id
WHERE (shown.case_id, shown.kind, shown.cycle, shown.due_time, shown.state, shown.breached)
    IS DISTINCT FROM (
        clocks.subject_id, clocks.kind, clocks.cycle, clocks.due_time, clocks.state,
        clocks.breach_time IS NOT NULL
    );

-- name: intake_pause_differs
-- The case file says that a case is paused, and until when, as sla does.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    'intake ' || cases.pause_reason || ', sla ' || coalesce(timed.pause_reason, 'none') AS detail
FROM intake.cases AS cases
JOIN sla.cases AS timed ON timed.case_id = cases.case_id
WHERE (nullif(cases.pause_reason, ''), cases.pause_latest_end_time)
    IS DISTINCT FROM (timed.pause_reason, timed.pause_latest_end_time);

-- name: intake_work_orders_differ
-- The case file shows the work orders there are, as they stand.
SELECT
    coalesce(shown.site_id, orders.site_id) AS site_id,
    coalesce(shown.case_id, orders.case_id) AS subject_id,
    coalesce(orders.unit_id, shown.unit_id) || ': intake ' || coalesce(shown.state, 'none')
        || ', routing ' || coalesce(orders.state, 'none') AS detail
FROM intake.work_orders AS shown
FULL JOIN routing.work_orders AS orders ON orders.work_order_id::text = shown.work_order_id
WHERE (shown.case_id, shown.unit_id, shown.lead, shown.deadline_time, shown.state)
    IS DISTINCT FROM
    (orders.case_id, orders.unit_id, orders.lead, orders.deadline_time, orders.state);

-- name: intake_resolved_with_open_work_orders
-- No work order is open on a case that is resolved or closed.
SELECT cases.site_id, cases.case_id::text AS subject_id, 'work order ' || work_order_id AS detail
FROM intake.cases AS cases
JOIN routing.work_orders AS orders USING (case_id)
WHERE cases.state IN ('RESOLVED', 'CLOSED') AND orders.state <> 'COMPLETED';

-- name: intake_messages_differ
-- The case file counts the messages there are.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    'intake ' || cases.deliveries_sent || '/' || cases.deliveries_planned
        || ', notify ' || counted.sent || '/' || counted.planned AS detail
FROM intake.cases AS cases
CROSS JOIN LATERAL (
    SELECT count(*) AS planned, count(*) FILTER (WHERE state = 'SENT') AS sent
    FROM notify.deliveries
    WHERE deliveries.case_id::text = cases.case_id
) AS counted
WHERE (cases.deliveries_planned, cases.deliveries_sent) <> (counted.planned, counted.sent);

-- name: intake_directory_differs
-- The desk knows the directory that is in force.
SELECT
    routed.site_id, 'directory/' || routed.site_id AS subject_id,
    'routing ' || routed.directory_version || ', intake '
        || coalesce(sites.directory_version, 0) AS detail
FROM routing.sites AS routed
LEFT JOIN intake.sites AS sites ON sites.site_id = routed.site_id
WHERE routed.directory_version IS DISTINCT FROM sites.directory_version
    OR (SELECT count(*) FROM routing.units WHERE units.site_id = routed.site_id)
        <> (SELECT count(*) FROM intake.units WHERE units.site_id = routed.site_id);

-- name: sla_site_missing
-- Every site has its calendar and policy.
SELECT routed.site_id, 'directory/' || routed.site_id AS subject_id, 'no such site' AS detail
FROM routing.sites AS routed
WHERE NOT EXISTS (SELECT FROM sla.sites WHERE sites.site_id = routed.site_id);

-- name: notify_site_missing
-- Every site has its names.
SELECT routed.site_id, 'directory/' || routed.site_id AS subject_id, 'no such site' AS detail
FROM routing.sites AS routed
WHERE NOT EXISTS (SELECT FROM notify.sites WHERE sites.site_id = routed.site_id);

-- What one service owes for what another did ------------------------------------------------------

-- name: sla_first_clocks_missing
-- Each cycle of each case has a clock for the first reply and one for the plan.
SELECT
    cases.site_id, cases.case_id AS subject_id, kinds.kind || ' of cycle ' || cycle.number AS detail
FROM intake.cases AS cases
CROSS JOIN LATERAL generate_series(1, cases.cycle) AS cycle (number)
CROSS JOIN (VALUES ('FIRST_REPLY'), ('PLAN')) AS kinds (kind)
WHERE NOT EXISTS (
    SELECT FROM sla.clocks
    WHERE clocks.subject_id = cases.case_id
        AND clocks.cycle = cycle.number
        AND clocks.kind = kinds.kind
);

-- name: sla_work_order_clock_differs
-- Each work order has a clock, due at its deadline, going on as long as the work order is open.
SELECT
    orders.site_id, orders.case_id AS subject_id,
    orders.unit_id || ' ' || orders.state || ', clock ' || coalesce(clocks.state, 'none') AS detail
FROM routing.work_orders AS orders
LEFT JOIN LATERAL (
    SELECT clock_id, given, state, stop_time
    FROM sla.clocks
    WHERE clocks.subject_id = orders.case_id
        AND clocks.reference = orders.work_order_id::text
        AND clocks.kind = 'WORK_ORDER'
    ORDER BY clocks.start_time DESC, clocks.due_time DESC
    LIMIT 1
) AS clocks ON true
WHERE clocks.clock_id IS NULL
    OR clocks.given <> orders.deadline_time
    OR (orders.state = 'COMPLETED') = (clocks.stop_time IS NULL);

-- name: sla_level_unwatched
-- A level of the ladder that owes an instruction has a clock on it, or the case is reminded of.
SELECT routes.site_id, routes.case_id AS subject_id, 'level ' || routes.level AS detail
FROM routing.routes AS routes
JOIN sla.cases AS timed ON timed.case_id = routes.case_id
WHERE routes.state = 'OPEN' AND routes.level > 0 AND routes.instruct_time IS NULL
    AND NOT EXISTS (
        SELECT FROM sla.clocks
        WHERE clocks.subject_id = routes.case_id
            AND clocks.kind IN ('ESCALATION', 'REMINDER')
            AND clocks.state = 'RUNNING'
    );

-- name: notify_nobody_told
-- Of each case at least its steward was told.
SELECT cases.site_id, cases.case_id AS subject_id, 'steward ' || cases.steward AS detail
FROM intake.cases AS cases
WHERE cases.steward <> '' AND NOT EXISTS (
    SELECT FROM notify.deliveries
    WHERE deliveries.case_id::text = cases.case_id AND deliveries.template = 'case_assigned'
);

-- name: notify_work_order_missing
-- Those who send know whose each work order is.
SELECT orders.site_id, orders.case_id AS subject_id, orders.unit_id AS detail
FROM routing.work_orders AS orders
WHERE NOT EXISTS (
    SELECT FROM notify.work_orders
    WHERE work_orders.work_order_id = orders.work_order_id::text
);

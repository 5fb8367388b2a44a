-- name: route_without_owner
-- Every case not closed has one accountable person or position, the one its level tells.
SELECT site_id, case_id AS subject_id, 'accountable is ' || accountable AS detail
FROM routes
WHERE state <> 'CLOSED' AND accountable <> CASE
    WHEN level > 0 AND instruction IN ('', 'TAKE_OVER') THEN level_owner
    WHEN steward <> '' THEN steward
    ELSE 'position:DISPATCH_ROOM'
END;

-- name: route_without_assignment
-- A route's first fact is its assignment, and every first assignment has its route.
SELECT
    coalesce(routes.site_id, journal.site_id) AS site_id,
    coalesce(routes.case_id, journal.subject_id) AS subject_id,
    CASE WHEN routes.case_id IS NULL THEN 'fact without a route' ELSE 'route without a fact' END
        AS detail
FROM routes
FULL JOIN (
    SELECT site_id, subject_id FROM journal
    WHERE type = 'backstop.routing.v1.CaseAssigned' AND subject_version = 1
) AS journal ON journal.subject_id = routes.case_id
WHERE routes.case_id IS NULL OR journal.subject_id IS NULL;

-- name: steward_has_left
-- The steward of a case not closed is in the directory, once handovers under way are done.
SELECT routes.site_id, routes.case_id AS subject_id, 'steward ' || routes.steward AS detail
FROM routes
WHERE
    routes.state <> 'CLOSED'
    AND routes.steward <> ''
    AND NOT EXISTS (
        SELECT FROM people
        WHERE people.site_id = routes.site_id AND people.person_id = routes.steward
    )
    AND NOT EXISTS (
        SELECT FROM jobs
        WHERE jobs.site_id = routes.site_id AND jobs.kind = 'handover' AND jobs.state = 'OPEN'
    );

-- name: steward_not_of_the_matrix
-- A steward whom the matrix named is the one it names, once handovers under way are done.
SELECT
    routes.site_id, routes.case_id AS subject_id,
    'steward ' || routes.steward || ', matrix ' || responsibilities.person_id AS detail
FROM routes
JOIN sites ON sites.site_id = routes.site_id
JOIN units ON units.site_id = routes.site_id AND units.unit_id = routes.unit_id
JOIN responsibilities
    ON responsibilities.site_id = routes.site_id
    AND responsibilities.version = sites.matrix_version
    AND responsibilities.unit_id = routes.unit_id
    AND responsibilities.role = 'STEWARD'
    AND responsibilities.start_date <= sites.handover_date
    AND (responsibilities.end_date IS NULL OR responsibilities.end_date >= sites.handover_date)
JOIN people
    ON people.site_id = responsibilities.site_id
    AND people.person_id = responsibilities.person_id
WHERE
    routes.state <> 'CLOSED'
    AND routes.rule <> 'MANUAL'
    AND routes.steward <> responsibilities.person_id
    AND NOT EXISTS (
        SELECT FROM jobs
        WHERE jobs.site_id = routes.site_id AND jobs.kind = 'handover' AND jobs.state = 'OPEN'
    );

-- name: overlapping_responsibilities
-- Nobody shares a role in a unit on a day, by the matrix in force.
SELECT
    one.site_id, 'matrix/' || one.site_id AS subject_id,
    one.unit_id || ' ' || one.role || ' from ' || one.start_date || ' and ' || other.start_date
        AS detail
FROM responsibilities AS one
JOIN sites ON sites.site_id = one.site_id AND sites.matrix_version = one.version
JOIN responsibilities AS other
    ON other.site_id = one.site_id
    AND other.version = one.version
    AND other.unit_id = one.unit_id
    AND other.role = one.role
    AND other.start_date > one.start_date
WHERE one.end_date IS NULL OR other.start_date <= one.end_date;

-- name: unit_tree_broken
-- Every unit hangs on a root.
WITH RECURSIVE hanging AS (
    SELECT site_id, unit_id FROM units WHERE parent_id = ''
    UNION
    SELECT units.site_id, units.unit_id
    FROM units
    JOIN hanging ON hanging.site_id = units.site_id AND hanging.unit_id = units.parent_id
)
SELECT units.site_id, 'directory/' || units.site_id AS subject_id, units.unit_id AS detail
FROM units
LEFT JOIN hanging USING (site_id, unit_id)
WHERE hanging.unit_id IS NULL;

-- name: list_not_of_the_journal
-- The lists in force are those of the last facts about them.
SELECT
    lists.site_id, lists.subject_id,
    'version ' || lists.version || ', subject at ' || coalesce(subjects.version, 0) AS detail
FROM (
    SELECT site_id, 'directory/' || site_id AS subject_id, directory_version AS version FROM sites
    UNION ALL
    SELECT site_id, 'matrix/' || site_id, matrix_version FROM sites
    UNION ALL
    SELECT site_id, 'roster/' || site_id, roster_version FROM sites
) AS lists
LEFT JOIN subjects ON subjects.subject_id = lists.subject_id
WHERE lists.version <> coalesce(subjects.version, 0);

-- name: work_orders_without_lead
-- The open work orders dispatched together have a leader, or had one.
SELECT work_orders.site_id, work_orders.case_id AS subject_id, 'nobody leads' AS detail
FROM work_orders
GROUP BY work_orders.site_id, work_orders.case_id
HAVING NOT bool_or(work_orders.lead);

-- name: sealed_with_open_work_orders
-- No work order is open on a case that is resolved or closed.
SELECT
    routes.site_id, routes.case_id AS subject_id,
    'work order ' || work_orders.work_order_id AS detail
FROM routes
JOIN work_orders USING (case_id)
WHERE routes.state <> 'OPEN' AND work_orders.state <> 'COMPLETED';

-- name: returns_not_of_the_journal
-- Work orders were given back as often as the facts say, and ruled on unless returned still.
SELECT
    coalesce(work.site_id, told.site_id) AS site_id,
    coalesce(work.case_id, told.case_id) AS subject_id,
    'returned ' || coalesce(work.returned, 0) || ' times, facts ' || coalesce(told.returned, 0)
        || '; ruled ' || coalesce(work.ruled, 0) || ' times, facts ' || coalesce(told.ruled, 0)
        AS detail
FROM (
    SELECT
        site_id, case_id, sum(return_count) AS returned,
        sum(return_count) - count(*) FILTER (WHERE state = 'RETURNED') AS ruled
    FROM work_orders
    WHERE return_count > 0
    GROUP BY site_id, case_id
) AS work
FULL JOIN (
    SELECT
        site_id, subject_id AS case_id,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.WorkOrderReturned') AS returned,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.WorkOrderRuled') AS ruled
    FROM journal
    WHERE type IN ('backstop.routing.v1.WorkOrderReturned', 'backstop.routing.v1.WorkOrderRuled')
    GROUP BY site_id, subject_id
) AS told ON told.case_id = work.case_id
WHERE
    coalesce(work.returned, 0) <> coalesce(told.returned, 0)
    OR coalesce(work.ruled, 0) <> coalesce(told.ruled, 0);

-- name: outreach_not_of_the_journal
-- Every contact with a unit has its fact, and every fact its contact.
SELECT
    coalesce(noted.site_id, told.site_id) AS site_id,
    coalesce(noted.subject_id, told.subject_id) AS subject_id,
    coalesce(noted.count, 0) || ' contacts, ' || coalesce(told.count, 0) || ' facts' AS detail
FROM (
    SELECT site_id, 'outreach/' || site_id || '/' || unit_id AS subject_id, count(*) AS count
    FROM outreach
    GROUP BY site_id, unit_id
) AS noted
FULL JOIN (
    SELECT site_id, subject_id, count(*) AS count
    FROM journal
    WHERE type = 'backstop.routing.v1.OutreachRecorded'
    GROUP BY site_id, subject_id
) AS told ON told.subject_id = noted.subject_id
WHERE coalesce(noted.count, 0) <> coalesce(told.count, 0);

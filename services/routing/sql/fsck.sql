-- name: route_without_owner
-- Every case not closed has one accountable person or position, the one its level tells.
SELECT site_id, case_id AS subject_id, 'accountable is ' || accountable AS detail
FROM routes
WHERE state <> 'CLOSED' AND accountable <> CASE
    WHEN level > 0 AND instruction IN ('', 'TAKE_OVER') THEN level_owner
    WHEN steward <> '' THEN steward
    WHEN fallback_position <> '' THEN 'position:' || fallback_position
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
-- The steward of a case not closed is at the site, once handovers under way are done.
SELECT routes.site_id, routes.case_id AS subject_id, 'steward ' || routes.steward AS detail
FROM routes
JOIN sites ON sites.site_id = routes.site_id
WHERE
    routes.state <> 'CLOSED'
    AND routes.steward <> ''
    AND NOT EXISTS (
        SELECT FROM people
        WHERE
            people.site_id = routes.site_id
            AND people.person_id = routes.steward
            AND (people.start_date IS NULL OR people.start_date <= sites.handover_date)
            AND (people.end_date IS NULL OR people.end_date >= sites.handover_date)
    )
    AND NOT EXISTS (
        SELECT FROM jobs
        WHERE jobs.site_id = routes.site_id AND jobs.kind = 'handover' AND jobs.state = 'OPEN'
    );

-- name: steward_not_of_the_matrix
-- A steward whom the matrix named is the one it names, or stands in for them, once handovers under
-- way are done. Cases about somebody may be with others.
WITH here AS (
    SELECT
        people.site_id, people.person_id,
        EXISTS (
            SELECT FROM absences
            WHERE
                absences.site_id = people.site_id
                AND absences.person_id = people.person_id
                AND absences.start_date <= sites.handover_date
                AND absences.end_date >= sites.handover_date
                AND absences.cancel_time IS NULL
        ) AS away,
        (
            SELECT absences.deputy
            FROM absences
            WHERE
                absences.site_id = people.site_id
                AND absences.person_id = people.person_id
                AND absences.start_date <= sites.handover_date
                AND absences.end_date >= sites.handover_date
                AND absences.cancel_time IS NULL
            LIMIT 1
        ) AS deputy
    FROM people
    JOIN sites ON sites.site_id = people.site_id
    WHERE
        (people.start_date IS NULL OR people.start_date <= sites.handover_date)
        AND (people.end_date IS NULL OR people.end_date >= sites.handover_date)
), named AS (
    SELECT
        responsibilities.site_id, responsibilities.unit_id,
        CASE WHEN here.away THEN deputy.person_id ELSE here.person_id END AS person_id
    FROM responsibilities
    JOIN sites ON sites.site_id = responsibilities.site_id
    JOIN units
        ON units.site_id = responsibilities.site_id
        AND units.unit_id = responsibilities.unit_id
        AND (units.start_date IS NULL OR units.start_date <= sites.handover_date)
        AND (units.end_date IS NULL OR units.end_date >= sites.handover_date)
    JOIN here
        ON here.site_id = responsibilities.site_id
        AND here.person_id = responsibilities.person_id
    LEFT JOIN here AS deputy
        ON deputy.site_id = responsibilities.site_id
        AND deputy.person_id = coalesce(nullif(here.deputy, ''), responsibilities.deputy)
        AND NOT deputy.away
    WHERE
        responsibilities.until_version IS NULL
        AND responsibilities.role = 'STEWARD'
        AND responsibilities.start_date <= sites.handover_date
        AND (responsibilities.end_date IS NULL OR responsibilities.end_date >= sites.handover_date)
)
SELECT
    routes.site_id, routes.case_id AS subject_id,
    'steward ' || routes.steward || ', matrix ' || named.person_id AS detail
FROM routes
JOIN named ON named.site_id = routes.site_id AND named.unit_id = routes.unit_id
WHERE
    routes.state <> 'CLOSED'
    AND routes.rule NOT IN ('MANUAL', 'ALTERNATE')
    AND routes.about_persons = '{}'
    AND routes.recused_persons = '{}'
    AND routes.steward <> named.person_id
    AND NOT EXISTS (
        SELECT FROM jobs
        WHERE jobs.site_id = routes.site_id AND jobs.kind = 'handover' AND jobs.state = 'OPEN'
    );

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
-- The lists in force are those of the last facts about them, swaps of shifts counted.
SELECT
    lists.site_id, lists.subject_id,
    'version ' || lists.version || ', subject at ' || coalesce(subjects.version, 0) AS detail
FROM (
    SELECT site_id, 'directory/' || site_id AS subject_id, directory_version AS version FROM sites
    UNION ALL
    SELECT site_id, 'matrix/' || site_id, matrix_version FROM sites
    UNION ALL
    SELECT
        sites.site_id, 'roster/' || sites.site_id, sites.roster_version + count(shift_swaps.swap_id)
    FROM sites
    LEFT JOIN shift_swaps
        ON shift_swaps.site_id = sites.site_id AND shift_swaps.version = sites.roster_version
    GROUP BY sites.site_id
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

-- name: sweep_not_of_the_journal
-- Every site's part of a sweep has its opening, and is closed exactly when a fact says so.
SELECT
    coalesce(parts.site_id, told.site_id) AS site_id,
    coalesce(parts.subject_id, told.subject_id) AS subject_id,
    coalesce(parts.state, 'no part') || ', opened ' || coalesce(told.opened, 0)
        || ' times, closed ' || coalesce(told.closed, 0) AS detail
FROM (
    SELECT site_id, 'sweep/' || sweep_id || '/' || site_id AS subject_id, state FROM sweeps
) AS parts
FULL JOIN (
    SELECT
        site_id, subject_id,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.SweepOpened') AS opened,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.SweepClosed') AS closed
    FROM journal
    WHERE type IN ('backstop.routing.v1.SweepOpened', 'backstop.routing.v1.SweepClosed')
    GROUP BY site_id, subject_id
) AS told ON told.subject_id = parts.subject_id
WHERE
    parts.state IS NULL
    OR coalesce(told.opened, 0) <> 1
    OR coalesce(told.closed, 0) <> CASE WHEN parts.state = 'CLOSED' THEN 1 ELSE 0 END;

-- name: sweep_answers_not_of_the_journal
-- No more tasks are answered than facts say, none without a fact.
SELECT
    coalesce(work.site_id, told.site_id) AS site_id,
    coalesce(work.subject_id, told.subject_id) AS subject_id,
    coalesce(work.answered, 0) || ' tasks answered, ' || coalesce(told.answers, 0) || ' facts'
        AS detail
FROM (
    SELECT
        site_id, 'sweep/' || sweep_id || '/' || site_id AS subject_id, count(*) AS answered
    FROM sweep_tasks
    WHERE finding <> ''
    GROUP BY site_id, sweep_id
) AS work
FULL JOIN (
    SELECT site_id, subject_id, count(*) AS answers
    FROM journal
    WHERE type = 'backstop.routing.v1.SweepTaskAnswered'
    GROUP BY site_id, subject_id
) AS told ON told.subject_id = work.subject_id
WHERE coalesce(work.answered, 0) > coalesce(told.answers, 0) OR work.answered IS NULL;

-- name: sweep_closed_without_a_word
-- A part that was closed without a reason has every task answered, and an open one owes some.
SELECT
    sweeps.site_id, 'sweep/' || sweeps.sweep_id || '/' || sweeps.site_id AS subject_id,
    sweeps.state || ', ' || count(*) FILTER (WHERE sweep_tasks.finding = '') || ' tasks owed'
        AS detail
FROM sweeps
LEFT JOIN sweep_tasks
    ON sweep_tasks.sweep_id = sweeps.sweep_id AND sweep_tasks.site_id = sweeps.site_id
WHERE sweeps.close_reason = ''
GROUP BY sweeps.sweep_id, sweeps.site_id
HAVING (sweeps.state = 'CLOSED') <> (count(*) FILTER (WHERE sweep_tasks.finding = '') = 0);

-- name: sweep_found_unknown_case
-- What a task found is a case that is known here, of the task's site.
SELECT
    sweep_tasks.site_id,
    'sweep/' || sweep_tasks.sweep_id || '/' || sweep_tasks.site_id AS subject_id,
    'case ' || sweep_tasks.found_case_id AS detail
FROM sweep_tasks
LEFT JOIN routes
    ON routes.case_id = sweep_tasks.found_case_id AND routes.site_id = sweep_tasks.site_id
WHERE sweep_tasks.found_case_id <> '' AND routes.case_id IS NULL;

-- name: not_lasting_not_of_the_journal
-- A repair that didn't last has its fact: a case's own, or a sweep task's.
SELECT noted.site_id, noted.subject_id, 'noted without a fact' AS detail
FROM (
    SELECT site_id, case_id AS subject_id FROM routes WHERE not_lasting_time IS NOT NULL
    UNION
    SELECT
        sweeps.site_id,
        CASE WHEN sweeps.case_site_id = sweeps.site_id THEN sweeps.case_id
            ELSE 'sweep/' || sweeps.sweep_id || '/' || sweeps.site_id END
    FROM sweep_tasks
    JOIN sweeps
        ON sweeps.sweep_id = sweep_tasks.sweep_id AND sweeps.site_id = sweep_tasks.site_id
    WHERE sweep_tasks.not_lasting_time IS NOT NULL
) AS noted
WHERE NOT EXISTS (
    SELECT FROM journal
    WHERE
        journal.subject_id = noted.subject_id
        AND journal.type = 'backstop.routing.v1.FixNotLasting'
);

-- name: reopenings_not_of_the_journal
-- Work orders were opened again as often as the facts say.
SELECT
    coalesce(work.site_id, told.site_id) AS site_id,
    coalesce(work.case_id, told.case_id) AS subject_id,
    'opened again ' || coalesce(work.count, 0) || ' times, facts ' || coalesce(told.count, 0)
        AS detail
FROM (
    SELECT site_id, case_id, sum(reopen_count) AS count
    FROM work_orders
    WHERE reopen_count > 0
    GROUP BY site_id, case_id
) AS work
FULL JOIN (
    SELECT site_id, subject_id AS case_id, count(*) AS count
    FROM journal
    WHERE type = 'backstop.routing.v1.WorkOrderReopened'
    GROUP BY site_id, subject_id
) AS told ON told.case_id = work.case_id
WHERE coalesce(work.count, 0) <> coalesce(told.count, 0);

-- name: extension_asked_by_nobody_at_work
-- More time waits for a decision only where a unit has the task.
SELECT site_id, case_id AS subject_id, 'work order ' || work_order_id AS detail
FROM work_orders
WHERE extension_deadline_time IS NOT NULL AND state NOT IN ('DISPATCHED', 'ACCEPTED');

-- name: tenure_not_of_the_route
-- The last tenure of a case says with whom it lies.
SELECT
    routes.site_id, routes.case_id AS subject_id,
    'noted ' || coalesce(array_to_string(noted.holders, ', '), 'nothing') || '; lies with '
        || array_to_string(lies.holders, ', ') AS detail
FROM routes
LEFT JOIN LATERAL (
    SELECT ARRAY (SELECT unnest(tenures.holders) ORDER BY 1) AS holders
    FROM tenures
    WHERE tenures.case_id = routes.case_id
    ORDER BY tenures.ordinal DESC
    LIMIT 1
) AS noted ON true
CROSS JOIN LATERAL (
    SELECT array_agg(
        DISTINCT CASE state WHEN 'RETURNED' THEN 'position:DISPATCH_ROOM' ELSE 'unit:' || unit_id END
    ) AS holders
    FROM work_orders
    WHERE work_orders.case_id = routes.case_id AND work_orders.state <> 'COMPLETED'
) AS working
CROSS JOIN LATERAL (
    SELECT CASE routes.state
        WHEN 'CLOSED' THEN '{}'::text[]
        WHEN 'RESOLVED' THEN ARRAY['reporter']
        ELSE coalesce(working.holders, ARRAY[routes.accountable])
    END AS holders
) AS lies
WHERE noted.holders IS DISTINCT FROM lies.holders;

-- name: tenures_out_of_order
-- Tenures follow one another in time and number.
SELECT site_id, case_id AS subject_id, 'tenure ' || ordinal AS detail
FROM (
    SELECT
        site_id, case_id, ordinal, start_time,
        lag(start_time) OVER of_case AS before,
        row_number() OVER of_case AS number
    FROM tenures
    WINDOW of_case AS (PARTITION BY case_id ORDER BY ordinal)
) AS ordered
WHERE start_time < before OR ordinal <> number;

-- name: surveys_not_of_the_journal
-- Every joint survey has its fact, and every fact its survey.
SELECT
    coalesce(kept.site_id, told.site_id) AS site_id,
    coalesce(kept.case_id, told.case_id) AS subject_id,
    coalesce(kept.count, 0) || ' surveys, ' || coalesce(told.count, 0) || ' facts' AS detail
FROM (
    SELECT site_id, case_id, count(*) AS count FROM surveys GROUP BY site_id, case_id
) AS kept
FULL JOIN (
    SELECT site_id, subject_id AS case_id, count(*) AS count
    FROM journal
    WHERE type = 'backstop.routing.v1.JointSurveyRecorded'
    GROUP BY site_id, subject_id
) AS told ON told.case_id = kept.case_id
WHERE coalesce(kept.count, 0) <> coalesce(told.count, 0);

-- name: proposals_not_of_the_journal
-- Every case that speaks for a proposal has its fact, and every decision.
SELECT
    coalesce(kept.site_id, told.site_id) AS site_id,
    'proposals/' || coalesce(kept.site_id, told.site_id) AS subject_id,
    coalesce(kept.cases, 0) || ' cases, facts ' || coalesce(told.cases, 0) || '; '
        || coalesce(kept.decided, 0) || ' decided, facts ' || coalesce(told.decided, 0) AS detail
FROM (
    SELECT
        site_id, sum(cardinality(case_ids)) AS cases,
        count(*) FILTER (WHERE decision <> '') AS decided
    FROM category_proposals
    GROUP BY site_id
) AS kept
FULL JOIN (
    SELECT
        site_id,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.CategoryProposed') AS cases,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.CategoryProposalDecided') AS decided
    FROM journal
    WHERE type IN (
        'backstop.routing.v1.CategoryProposed', 'backstop.routing.v1.CategoryProposalDecided'
    )
    GROUP BY site_id
) AS told ON told.site_id = kept.site_id
WHERE
    coalesce(kept.cases, 0) <> coalesce(told.cases, 0)
    OR coalesce(kept.decided, 0) <> coalesce(told.decided, 0);

-- name: absences_not_of_the_journal
-- Every absence has its fact, and so has every one that was cancelled.
SELECT
    coalesce(noted.site_id, told.site_id) AS site_id,
    'absences/' || coalesce(noted.site_id, told.site_id) AS subject_id,
    coalesce(noted.made, 0) || ' absences, ' || coalesce(told.made, 0) || ' facts; '
        || coalesce(noted.cancelled, 0) || ' cancelled, ' || coalesce(told.cancelled, 0) || ' facts'
        AS detail
FROM (
    SELECT site_id, count(*) AS made, count(cancel_time) AS cancelled
    FROM absences
    GROUP BY site_id
) AS noted
FULL JOIN (
    SELECT
        site_id,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.AbsenceRecorded') AS made,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.AbsenceCancelled') AS cancelled
    FROM journal
    WHERE
        type IN ('backstop.routing.v1.AbsenceRecorded', 'backstop.routing.v1.AbsenceCancelled')
    GROUP BY site_id
) AS told ON told.site_id = noted.site_id
WHERE
    coalesce(noted.made, 0) <> coalesce(told.made, 0)
    OR coalesce(noted.cancelled, 0) <> coalesce(told.cancelled, 0);

-- name: unit_uncovered
-- Where a site has a matrix, every unit has a steward on the day that its cases are at.
SELECT
    units.site_id, 'matrix/' || units.site_id AS subject_id, 'nobody for ' || units.unit_id AS detail
FROM units
JOIN sites ON sites.site_id = units.site_id
WHERE
    sites.matrix_version > 0
    AND (units.start_date IS NULL OR units.start_date <= sites.handover_date)
    AND (units.end_date IS NULL OR units.end_date >= sites.handover_date)
    AND NOT EXISTS (
        SELECT
        FROM responsibilities
        JOIN people
            ON people.site_id = responsibilities.site_id
            AND people.person_id = responsibilities.person_id
        WHERE
            responsibilities.site_id = units.site_id
            AND responsibilities.unit_id = units.unit_id
            AND responsibilities.role = 'STEWARD'
            AND responsibilities.until_version IS NULL
            AND responsibilities.start_date <= sites.handover_date
            AND (
                responsibilities.end_date IS NULL
                OR responsibilities.end_date >= sites.handover_date
            )
            AND (people.start_date IS NULL OR people.start_date <= sites.handover_date)
            AND (people.end_date IS NULL OR people.end_date >= sites.handover_date)
    );

-- name: swap_of_no_shift
-- A swap is of a shift that its version of the roster has on its day.
SELECT
    shift_swaps.site_id, 'roster/' || shift_swaps.site_id AS subject_id,
    'swap ' || shift_swaps.swap_id AS detail
FROM shift_swaps
WHERE NOT EXISTS (
    SELECT FROM shifts
    WHERE
        shifts.site_id = shift_swaps.site_id
        AND shifts.version = shift_swaps.version
        AND shifts.post_id = shift_swaps.post_id
        AND shifts.position_id = shift_swaps.position_id
        AND shifts.start_second = shift_swaps.start_second
        AND shift_swaps.day BETWEEN shifts.start_date AND shifts.end_date
);

-- name: outreach_occasion_split
-- The contacts of one occasion tell the same: who, where, when, and what was heard.
SELECT
    min(site_id) AS site_id, 'outreach/' || min(site_id) || '/' || min(unit_id) AS subject_id,
    'occasion ' || occasion_id AS detail
FROM outreach
GROUP BY occasion_id
HAVING
    count(DISTINCT (site_id, form, place, heard, done_by, outreach_time, record_time)) > 1
    OR count(DISTINCT (case_ids, heard_count)) > 1
    OR count(DISTINCT unit_id) < count(*)
    OR NOT bool_or(outreach_id = occasion_id);

-- name: shielded_in_hand
-- Nobody whom a case is about, and nobody recused, has it or is told of it.
SELECT
    site_id, case_id AS subject_id,
    'in the hands of somebody who keeps away, ' || accountable || ' is accountable' AS detail
FROM routes
WHERE
    state <> 'CLOSED'
    AND about_persons || recused_persons
    && (ARRAY[steward, accountable, level_owner, first_reply_by] || also_told);

-- name: route_unexplained
-- The last decision about a case says who has it.
SELECT
    routes.site_id, routes.case_id AS subject_id,
    routes.accountable || ' has it, ' || coalesce(last.accountable, 'nobody') || ' was decided on'
        AS detail
FROM routes
LEFT JOIN LATERAL (
    SELECT decisions.accountable
    FROM decisions
    WHERE decisions.case_id = routes.case_id
    ORDER BY decisions.ordinal DESC
    LIMIT 1
) AS last ON true
WHERE routes.state <> 'CLOSED' AND routes.accountable IS DISTINCT FROM last.accountable;

-- name: directory_not_kept
-- The directory in force is kept as it was published, under the number of the fact that tells it.
SELECT
    sites.site_id, 'directory/' || sites.site_id AS subject_id,
    'version ' || sites.directory_version AS detail
FROM sites
WHERE
    NOT EXISTS (
        SELECT FROM directory_versions
        WHERE
            directory_versions.site_id = sites.site_id
            AND directory_versions.version = sites.directory_version
    )
    OR NOT EXISTS (
        SELECT FROM journal
        WHERE
            journal.subject_id = 'directory/' || sites.site_id
            AND journal.subject_version = sites.directory_version
            AND journal.type = 'backstop.routing.v1.DirectoryPublished'
    );

-- name: directory_version_beyond
-- No kept directory is newer than the one in force, and none rests on a template nobody published.
SELECT
    directory_versions.site_id, 'directory/' || directory_versions.site_id AS subject_id,
    'version ' || directory_versions.version AS detail
FROM directory_versions
LEFT JOIN sites ON sites.site_id = directory_versions.site_id
WHERE
    sites.directory_version IS NULL
    OR directory_versions.version > sites.directory_version
    OR directory_versions.template_version > 0
    AND NOT EXISTS (
        SELECT FROM templates WHERE templates.version = directory_versions.template_version
    );

-- name: holder_not_in_directory
-- Standing holders are people of the site, and its alternate chain leads to one outside the mine.
SELECT
    positions.site_id, 'directory/' || positions.site_id AS subject_id,
    positions.position_id || ' held by ' || positions.holder AS detail
FROM positions
WHERE
    positions.holder <> ''
    AND NOT EXISTS (
        SELECT FROM people
        WHERE people.site_id = positions.site_id AND people.person_id = positions.holder
    )
UNION ALL
SELECT sites.site_id, 'directory/' || sites.site_id AS subject_id, 'no alternate chain' AS detail
FROM sites
WHERE NOT EXISTS (
    SELECT FROM positions
    WHERE
        positions.site_id = sites.site_id
        AND positions.outside
        AND positions.position_id = ANY (sites.alternate_chain)
);

-- name: ladder_without_top
-- Each ladder runs from level 1 without a step left out, over positions of the site.
SELECT
    site_id, 'directory/' || site_id AS subject_id,
    'ladder ' || category_id || ' of ' || count(*) AS detail
FROM ladder_levels
GROUP BY site_id, category_id
HAVING
    min(level) <> 1
    OR max(level) <> count(*)
    OR bool_or(
        NOT EXISTS (
            SELECT FROM positions
            WHERE
                positions.site_id = ladder_levels.site_id
                AND positions.position_id = ladder_levels.position_id
        )
    )
UNION ALL
SELECT sites.site_id, 'directory/' || sites.site_id AS subject_id, 'no ladder' AS detail
FROM sites
WHERE NOT EXISTS (
    SELECT FROM ladder_levels
    WHERE ladder_levels.site_id = sites.site_id AND ladder_levels.category_id = ''
);

-- name: level_not_of_the_journal
-- A case is no higher than it has climbed, less what it went down; each is a fact.
SELECT
    routes.site_id, routes.case_id AS subject_id,
    'at level ' || routes.level || ', went up ' || told.up || ' times and down ' || told.down
        AS detail
FROM routes
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE type = 'backstop.routing.v1.CaseEscalated') AS up,
        count(*) FILTER (WHERE type = 'backstop.routing.v1.CaseDeescalated') AS down
    FROM journal
    WHERE journal.subject_id = routes.case_id
) AS told
WHERE routes.level > told.up - told.down;

-- Finding and counting cases. The statements begin here and end in store/finding.py, which adds
-- constant pieces, of this file and of sql/filters.sql; each is an expression on the row `cases`,
-- $1, $2, … being its own parts: placeholders of the statement, never values.

-- Beginnings of statements ----------------------------------------------------------------------------

-- name: list_cases
-- A site's cases ($1) that aren't about the callers ($2), as rows of a list.
SELECT
    cases.case_id, cases.site_id, cases.number, cases.state, cases.kind, cases.category,
    cases.channel, cases.post_id, cases.place, cases.unit_id, cases.text, cases.urgency,
    cases.reporter_kind, cases.confidentiality, cases.occurred_time, cases.record_time,
    cases.cycle_start_time, cases.receiver, cases.slip_number, cases.steward, cases.accepted,
    cases.accountable, cases.level, cases.next_wake_time, cases.cycle, cases.reopen_count,
    cases.resolution, cases.proposed_outcome, cases.outcome, cases.grade, cases.basis,
    cases.confirmed, cases.rejections, cases.resolve_time, cases.resolve_record_time,
    cases.close_time, cases.deliveries_planned,
    cases.deliveries_sent, cases.promise_move_count, cases.pause_reason, cases.pause_words,
    cases.pause_approved_by, cases.pause_start_time, cases.pause_latest_end_time,
    cases.first_reply_by, cases.about_persons, cases.recused_persons, cases.late_entry,
    cases.external_system, cases.external_ref, cases.suggested_category, cases.code_attempt,
    cases.due_time,
    (SELECT version FROM subjects WHERE subjects.subject_id = cases.case_id) AS version,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'flag', flag, 'reason', reason, 'leader', leader, 'flagged_by', flagged_by,
            'flag_time', flag_time
        ) ORDER BY flag)
        FROM flags WHERE flags.case_id = cases.case_id
    ) AS flags,
    {overdue} AS overdue
FROM cases
WHERE cases.site_id = $1 AND NOT cases.about_persons && $2::text[]

-- name: find_cases
-- The ids of a site's cases ($1) that aren't about the callers ($2).
SELECT cases.case_id
FROM cases
WHERE cases.site_id = $1 AND NOT cases.about_persons && $2::text[]

-- name: count_cases
-- How many of a site's cases ($1), none about the callers ($2), have what in common.
SELECT {group} AS value, count(*) AS count
FROM cases
WHERE cases.site_id = $1 AND NOT cases.about_persons && $2::text[]

-- name: count_inboxes
-- How many open cases of a site ($1), none about the callers ($2), each inbox has.
SELECT {columns}
FROM cases
WHERE cases.site_id = $1 AND NOT cases.about_persons && $2::text[] AND cases.state <> 'CLOSED'

-- Statements of their own ------------------------------------------------------------------------------

-- name: plan_anew
-- Until the transaction ends, a statement is planned for its arguments: which index is the right
-- one depends on the words, and so does whether a partial one may be used at all. Compiling the
-- inboxes' count takes longer than counting.
SELECT
    set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('jit', 'off', true);

-- name: list_units_of
-- A person's unit and all below it.
WITH RECURSIVE below AS (
    SELECT units.unit_id
    FROM people
    JOIN units ON units.site_id = people.site_id AND units.unit_id = people.unit_id
    WHERE people.site_id = $1 AND people.person_id = $2
    UNION
    SELECT units.unit_id
    FROM units
    JOIN below ON units.parent_id = below.unit_id
    WHERE units.site_id = $1
)
SELECT unit_id FROM below;

-- What narrows a list -----------------------------------------------------------------------------------

-- name: among_ids
-- One of these.
cases.case_id = ANY ($1::text[])

-- name: in_states
-- In one of these states.
cases.state = ANY ($1::text[])

-- name: of_unit
-- Of this unit.
cases.unit_id = $1

-- name: of_accountable
-- This person answers for it.
cases.accountable = $1

-- name: is_open
-- Not struck off.
cases.state <> 'CLOSED'

-- name: near_person
-- An open case in which a person ($1) has a part at all, each by the index of that part: the cases
-- of one are few among all that are open. The site is $2.
cases.case_id IN (
    SELECT own.case_id FROM cases AS own
    WHERE own.accountable = $1 AND own.site_id = $2 AND own.state <> 'CLOSED'
    UNION ALL
    SELECT own.case_id FROM cases AS own
    WHERE own.steward = $1 AND own.site_id = $2 AND own.state <> 'CLOSED'
    UNION ALL
    SELECT own.case_id FROM cases AS own
    WHERE own.first_reply_by = $1 AND own.site_id = $2 AND own.state <> 'CLOSED'
    UNION ALL
    SELECT own.case_id FROM cases AS own
    WHERE own.receiver = $1 AND own.site_id = $2 AND own.state <> 'CLOSED'
)

-- Inboxes: what is true of an open case ---------------------------------------------------------------

-- name: owes_first_reply
-- A person ($1) owes the first reply: CaseFile.first_reply_owed_by says the same.
(
    $1 IN (cases.first_reply_by, cases.receiver, cases.steward, cases.accountable)
    AND coalesce(
        (
            SELECT owing.person
            FROM unnest(ARRAY[
                cases.first_reply_by,
                CASE WHEN cases.accepted THEN cases.steward ELSE '' END,
                cases.receiver,
                cases.steward
            ]) WITH ORDINALITY AS owing (person, turn)
            WHERE owing.person <> ''
                AND owing.person <> ALL (cases.about_persons || cases.recused_persons)
            ORDER BY owing.turn
            LIMIT 1
        ),
        cases.accountable
    ) = $1
    AND NOT EXISTS (
        SELECT FROM answers
        WHERE answers.case_id = cases.case_id AND answers.cycle = cases.cycle
            AND answers.fed_back_time IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT FROM feedbacks
        WHERE feedbacks.case_id = cases.case_id AND feedbacks.cycle = cases.cycle
            AND feedbacks.answer_id = '' AND feedbacks.way <> 'ATTEMPT'
    )
)

-- name: mine
-- A person ($1) answers for it, or owes the first reply ($2).
(cases.accountable = $1 OR cases.steward = $1 OR $2)

-- name: my_unit
-- Of these units ($1), or with work left to do there. The site is $2.
cases.case_id IN (
    SELECT own.case_id FROM cases AS own
    WHERE own.site_id = $2 AND own.unit_id = ANY ($1::text[]) AND own.state <> 'CLOSED'
    UNION ALL
    SELECT work_orders.case_id FROM work_orders
    WHERE work_orders.site_id = $2 AND work_orders.unit_id = ANY ($1::text[])
        AND work_orders.state <> 'COMPLETED'
)

-- name: due_today
-- Its nearest deadline is of the day that ends at $1: its end is 24:00, which belongs to it.
cases.due_time <= $1

-- name: waiting_for_reporter
-- Resolved, and no word of the reporter's counts yet.
(cases.state = 'RESOLVED' AND NOT cases.confirmed)

-- name: waiting_for_me
-- A person ($1) has it on a level of the ladder, or owes the first reply ($2).
((cases.accountable = $1 AND cases.level >= 1) OR $2)

-- name: unassigned
-- Nobody follows it, or an office stands in for a person.
(cases.steward = '' OR cases.accountable LIKE 'position:%')

-- name: top_level
-- As high as any open case of the site ($1), and 3 at least.
(
    cases.level >= 3 AND cases.level = (
        SELECT max(higher.level) FROM cases AS higher
        WHERE higher.site_id = $1 AND higher.level >= 3 AND higher.state <> 'CLOSED'
    )
)

-- Orders: what is compared, and how a page goes on after a place ($1 value, $2 case) -------------------

-- name: order_record_time
-- When it was written down.
cases.record_time

-- name: order_occurred_time
-- When the reporter spoke.
cases.occurred_time

-- name: order_due_time
-- Its nearest deadline.
cases.due_time

-- name: order_number
-- The number people call it by.
cases.number

-- name: order_level
-- How far up the ladder it is.
cases.level

-- name: order_close_time
-- When it was struck off.
cases.close_time

-- name: has_due_time
-- A deadline runs.
cases.due_time IS NOT NULL

-- name: lacks_due_time
-- No deadline runs.
cases.due_time IS NULL

-- name: has_close_time
-- Struck off.
cases.state = 'CLOSED'

-- name: lacks_close_time
-- Not struck off.
cases.state <> 'CLOSED'

-- name: after
-- Later in rising order: $1 is what is ordered by.
($1, cases.case_id) > ($2, $3)

-- name: before
-- Later in falling order.
($1, cases.case_id) < ($2, $3)

-- name: rising
-- Smallest first; the end of a statement.
ORDER BY $1, cases.case_id LIMIT $2

-- name: falling
-- Greatest first.
ORDER BY $1 DESC, cases.case_id DESC LIMIT $2

-- Groups -----------------------------------------------------------------------------------------------

-- name: group_none
-- All together.
''

-- name: group_state
-- How far they are.
cases.state

-- name: group_category
-- The site's category.
cases.category

-- name: group_unit
-- The unit they concern.
cases.unit_id

-- name: group_steward
-- Who follows them.
cases.steward

-- name: group_receiver
-- Who took them.
cases.receiver

-- name: group_channel
-- How they came.
cases.channel

-- name: group_level
-- How far up the ladder they are.
cases.level::text

-- name: grouped
-- Most first; the end of a statement.
GROUP BY 1 ORDER BY 2 DESC, 1

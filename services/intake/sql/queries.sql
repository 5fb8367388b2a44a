-- name: get_known
-- All that some appeals of a site name, looked up in one go.
SELECT
    sites.site_id, sites.name, sites.number_prefix, sites.time_zone,
    ARRAY(SELECT unit_id FROM units WHERE units.site_id = $1 AND unit_id = ANY ($2::text[]))
        AS units,
    (
        SELECT jsonb_object_agg(post_id, place) FROM posts
        WHERE posts.site_id = $1 AND post_id = ANY ($3::text[])
    ) AS posts,
    ARRAY(
        SELECT category_id FROM categories
        WHERE categories.site_id = $1 AND category_id = ANY ($4::text[])
    ) AS categories,
    (
        SELECT jsonb_object_agg(case_id, about_persons) FROM cases
        WHERE cases.site_id = $1 AND case_id = ANY ($5::text[])
    ) AS linked,
    ARRAY(SELECT person_id FROM people WHERE people.site_id = $1 AND person_id = ANY ($6::text[]))
        AS people
FROM sites
WHERE sites.site_id = $1;

-- name: has_case
-- Is a case on file?
SELECT EXISTS (SELECT FROM cases WHERE case_id = $1);

-- name: take_numbers
-- Gives the next numbers of a site's local day; its other registrations wait until the commit.
INSERT INTO counters (site_id, local_day, last_number) VALUES ($1, $2, $3)
ON CONFLICT (site_id, local_day) DO UPDATE
    SET last_number = counters.last_number + excluded.last_number
RETURNING last_number;

-- name: insert_cases
-- New cases of a site, their sealed reporters (unless anonymous), codes, links and hands, in one
-- statement.
WITH made AS (
    INSERT INTO cases (
        site_id, case_id, number, state, kind, category, channel, post_id, place, unit_id, text,
        urgency, reporter_kind, confidentiality, occurred_time, record_time, cycle_start_time,
        receiver, slip_number, accountable, next_wake_time, about_persons
    )
    SELECT
        $1, case_id, number, state, kind, category, channel, post_id, place, unit_id, text,
        urgency, reporter_kind, confidentiality, occurred_time, record_time, occurred_time,
        receiver, slip_number, accountable, next_wake_time,
        ARRAY(SELECT jsonb_array_elements_text(about))
    FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::timestamptz[], $16::timestamptz[], $17::text[], $18::text[], $19::text[],
        $20::timestamptz[], $32::jsonb[]
    ) AS made (
        case_id, number, state, kind, category, channel, post_id, place, unit_id, text, urgency,
        reporter_kind, confidentiality, occurred_time, record_time, receiver, slip_number,
        accountable, next_wake_time, about
    )
),
coded AS (
    INSERT INTO receipt_codes (site_id, case_id, code_hash)
    SELECT $1, case_id, code_hash FROM unnest($2::text[], $21::bytea[]) AS coded (case_id, code_hash)
),
linked AS (
    INSERT INTO links (site_id, case_id, linked_case_id, relation)
    SELECT DISTINCT $1, case_id, linked_case_id, relation
    FROM unnest($22::text[], $23::text[], $24::text[]) AS link (case_id, linked_case_id, relation)
),
held AS (
    INSERT INTO case_hands (site_id, case_id, person)
    SELECT $1, case_id, person FROM unnest($30::text[], $31::text[]) AS held (case_id, person)
)
INSERT INTO reporters (site_id, case_id, key_id, nonce, ciphertext, person_hash)
SELECT $1, case_id, key_id, nonce, ciphertext, person_hash
FROM unnest($25::text[], $26::text[], $27::bytea[], $28::bytea[], $29::bytea[])
    AS sealed (case_id, key_id, nonce, ciphertext, person_hash);

-- name: get_case
-- A case's own columns.
SELECT
    cases.case_id, cases.site_id, number, state, kind, category, channel, post_id, place, unit_id,
    text, urgency, reporter_kind, confidentiality, occurred_time, record_time,
    cycle_start_time, receiver, slip_number, steward, accepted, accountable, level, next_wake_time,
    cycle, reopen_count,
    resolution, proposed_outcome, outcome, grade, basis, confirmed, resolve_time, close_time,
    deliveries_planned, deliveries_sent, promise_move_count, pause_reason, pause_words,
    pause_approved_by, pause_start_time, pause_latest_end_time, first_reply_by, about_persons,
    recused_persons, subjects.version,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'flag', flag, 'reason', reason, 'leader', leader, 'flagged_by', flagged_by,
            'flag_time', flag_time
        ) ORDER BY flag)
        FROM flags WHERE flags.case_id = cases.case_id
    ) AS flags
FROM cases
JOIN subjects ON subjects.subject_id = cases.case_id
WHERE cases.case_id = $1;

-- name: get_file
-- The whole case file in one read; what hangs on the case comes as JSON lists, oldest first.
SELECT
    cases.case_id, cases.site_id, number, state, kind, category, channel, post_id, place, unit_id,
    text, urgency, reporter_kind, confidentiality, occurred_time, record_time,
    cycle_start_time, receiver, slip_number, steward, accepted, accountable, level, next_wake_time,
    cycle, reopen_count,
    resolution, proposed_outcome, outcome, grade, basis, confirmed, resolve_time, close_time,
    deliveries_planned, deliveries_sent, promise_move_count, pause_reason, pause_words,
    pause_approved_by, pause_start_time, pause_latest_end_time, first_reply_by, about_persons,
    recused_persons, subjects.version, sites.time_zone,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'flag', flag, 'reason', reason, 'leader', leader, 'flagged_by', flagged_by,
            'flag_time', flag_time
        ) ORDER BY flag)
        FROM flags WHERE flags.case_id = cases.case_id
    ) AS flags,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'answer_id', answer_id, 'kind', kind, 'text', text, 'promised_date', promised_date,
            'answer_time', answer_time, 'answered_by', answered_by, 'cycle', cycle,
            'fed_back_time', fed_back_time
        ) ORDER BY version)
        FROM answers WHERE answers.case_id = $1
    ) AS answers,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'answer_id', answer_id, 'previous_date', previous_date,
            'promised_date', promised_date, 'reason', reason, 'approved_by', approved_by,
            'move_time', move_time
        ) ORDER BY version)
        FROM promise_moves WHERE promise_moves.case_id = $1
    ) AS promise_moves,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'cycle', cycle, 'reached', reached, 'called_by', called_by, 'call_time', call_time,
            'words', words
        ) ORDER BY version)
        FROM callbacks WHERE callbacks.case_id = $1
    ) AS callbacks,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'way', way, 'feedback_time', feedback_time, 'note', note, 'answer_id', answer_id,
            'cycle', cycle, 'recorded_by', recorded_by
        ) ORDER BY version)
        FROM feedbacks WHERE feedbacks.case_id = $1
    ) AS feedbacks,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'place', place, 'findings', findings, 'verified_by', verified_by,
            'verify_time', verify_time
        ) ORDER BY version)
        FROM verifications WHERE verifications.case_id = $1
    ) AS verifications,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'work_order_id', work_order_id, 'unit_id', unit_id, 'lead', lead, 'task', task,
            'dispatch_time', dispatch_time, 'deadline_time', deadline_time, 'state', state
        ) ORDER BY dispatch_time, work_order_id)
        FROM work_orders WHERE work_orders.case_id = $1
    ) AS work_orders,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'clock_id', clock_id, 'kind', kind, 'cycle', cycle, 'reference', reference,
            'start_time', start_time, 'due_time', due_time, 'state', state,
            'provisional', provisional, 'breached', breached
        ) ORDER BY cycle, start_time, due_time, clock_id)
        FROM clocks WHERE clocks.case_id = $1
    ) AS clocks,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'case_id', linked_case_id, 'relation', relation, 'about', linked.about_persons
        ) ORDER BY linked_case_id, relation)
        FROM links
        JOIN cases AS linked ON linked.case_id = linked_case_id
        WHERE links.case_id = $1
    ) AS links,
    ARRAY(SELECT person FROM case_hands WHERE case_hands.case_id = $1) AS hands
FROM cases
JOIN subjects ON subjects.subject_id = cases.case_id
JOIN sites ON sites.site_id = cases.site_id
WHERE cases.case_id = $1;

-- name: save_case
-- Everything about a case that can change.
UPDATE cases SET
    state = $2, unit_id = $3, steward = $4, accepted = $5, accountable = $6, level = $7,
    next_wake_time = $8, cycle = $9, reopen_count = $10, resolution = $11,
    proposed_outcome = $12, outcome = $13, grade = $14, basis = $15, confirmed = $16,
    resolve_time = $17, close_time = $18, deliveries_planned = $19, deliveries_sent = $20,
    cycle_start_time = $21, promise_move_count = $22, pause_reason = $23, pause_words = $24,
    pause_approved_by = $25, pause_start_time = $26, pause_latest_end_time = $27,
    first_reply_by = $28, recused_persons = $29
WHERE case_id = $1;

-- name: add_hands
-- Persons who have had a hand in a case.
INSERT INTO case_hands (case_id, site_id, person)
SELECT $1, $2, person FROM unnest($3::text[]) AS held (person)
ON CONFLICT DO NOTHING;

-- name: find_number
-- Cases with a number; prefixes are the sites' own choice, so two sites may share one.
SELECT case_id FROM cases WHERE number = $1 LIMIT 2;

-- name: find_code
-- The case that a receipt code opens, by the code's keyed hash.
SELECT case_id, site_id FROM receipt_codes WHERE code_hash = $1;

-- name: is_own_case
-- Tells whether a person (by keyed hash of their code) raised the case.
SELECT EXISTS (SELECT FROM reporters WHERE case_id = $1 AND person_hash = $2);

-- name: get_reporter
-- The sealed identity of a case's reporter.
SELECT site_id, key_id, nonce, ciphertext FROM reporters WHERE case_id = $1;

-- name: insert_answer
-- An answer, fed back at once or not.
INSERT INTO answers (
    case_id, answer_id, site_id, version, cycle, kind, text, promised_date, answer_time,
    answered_by, fed_back_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: mark_fed_back
-- The answer has reached the reporter; the first time stands.
UPDATE answers SET fed_back_time = $3
WHERE case_id = $1 AND answer_id = $2 AND fed_back_time IS NULL;

-- name: move_promise
-- A plan's promised date is another from now on; the one before stays beside it.
WITH moved AS (
    UPDATE answers SET promised_date = $6
    WHERE case_id = $1 AND answer_id = $4
)
INSERT INTO promise_moves (
    case_id, version, site_id, answer_id, previous_date, promised_date, reason, approved_by,
    move_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: insert_callback
-- One call to the reporter about the result.
INSERT INTO callbacks (
    case_id, version, site_id, cycle, reached, called_by, call_time, words
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: save_flag
-- A flag that stands from now on, in place of the same one with another leader.
INSERT INTO flags (case_id, flag, site_id, reason, leader, flagged_by, flag_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (case_id, flag) DO UPDATE SET
    reason = excluded.reason, leader = excluded.leader, flagged_by = excluded.flagged_by,
    flag_time = excluded.flag_time;

-- name: delete_flag
-- A flag that stands no more.
DELETE FROM flags WHERE case_id = $1 AND flag = $2;

-- name: insert_feedback
-- One try to reach the reporter.
INSERT INTO feedbacks (
    case_id, version, site_id, answer_id, cycle, way, feedback_time, note, recorded_by
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: insert_verification
-- One on-site verification.
INSERT INTO verifications (
    case_id, version, site_id, place, findings, verified_by, verify_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: list_cases
-- Cases of a site, newest first, after a (time, id) key; empty filters let everything pass. Those
-- about the callers ($8) aren't there.
SELECT
    cases.case_id, cases.site_id, number, state, kind, category, channel, post_id, place, unit_id,
    text, urgency, reporter_kind, confidentiality, occurred_time, record_time,
    cycle_start_time, receiver, slip_number, steward, accepted, accountable, level, next_wake_time,
    cycle, reopen_count,
    resolution, proposed_outcome, outcome, grade, basis, confirmed, resolve_time, close_time,
    deliveries_planned, deliveries_sent, promise_move_count, pause_reason, pause_words,
    pause_approved_by, pause_start_time, pause_latest_end_time, first_reply_by, about_persons,
    recused_persons, subjects.version,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'flag', flag, 'reason', reason, 'leader', leader, 'flagged_by', flagged_by,
            'flag_time', flag_time
        ) ORDER BY flag)
        FROM flags WHERE flags.case_id = cases.case_id
    ) AS flags
FROM cases
JOIN subjects ON subjects.subject_id = cases.case_id
WHERE cases.site_id = $1
    AND (cardinality($2::text[]) = 0 OR state = ANY ($2::text[]))
    AND ($3 = '' OR unit_id = $3)
    AND ($4 = '' OR accountable = $4)
    AND NOT about_persons && $8::text[]
    AND (record_time, cases.case_id) < ($5::timestamptz, $6)
ORDER BY record_time DESC, cases.case_id DESC
LIMIT $7;

-- name: list_ledger
-- Cases by when they were spoken, oldest first, after a (time, id) key, none about the callers ($9).
SELECT
    number, case_id, occurred_time, category, unit_id, channel, text, steward, state, outcome,
    grade, resolution, resolve_time, close_time, reopen_count,
    (
        SELECT count(*) FROM clocks
        WHERE clocks.case_id = cases.case_id AND breached
            -- Those only remind, end a pause, or allow something.
            AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
    ) AS breach_count
FROM cases
WHERE site_id = $1
    AND occurred_time >= $2::timestamptz AND occurred_time < $3::timestamptz
    AND (NOT $4 OR outcome = 'SOLVED')
    AND ($5 = '' OR category = $5)
    AND NOT about_persons && $9::text[]
    AND (occurred_time, case_id) > ($6::timestamptz, $7)
ORDER BY occurred_time, case_id
LIMIT $8;

-- name: list_timeline
-- Every step of a case, of all services, oldest first, after a (time, source, version) key.
SELECT source, version, type, occurred_time, record_time, actor, acting_for, payload
FROM (
    SELECT
        'intake' AS source, subject_version AS version, type, occurred_time, record_time, actor,
        acting_for, payload
    FROM journal
    WHERE subject_id = $1
    UNION ALL
    SELECT source, version, type, occurred_time, record_time, actor, acting_for, payload
    FROM timeline
    WHERE case_id = $1
) AS steps
WHERE (record_time, source, version) > ($2::timestamptz, $3::text, $4::bigint)
ORDER BY record_time, source, version
LIMIT $5;

-- name: insert_step
-- A fact of another service on the timeline.
INSERT INTO timeline (
    case_id, source, version, site_id, type, occurred_time, record_time, actor, acting_for, payload
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: save_clocks
-- Clocks as sla has just told them; a breach once seen stays.
INSERT INTO clocks (
    case_id, clock_id, site_id, kind, cycle, reference, start_time, due_time, state, provisional,
    breached
)
SELECT
    $1, clock_id, $2, kind, cycle, reference, start_time, due_time, state, provisional, breached
FROM unnest(
    $3::text[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[], $8::timestamptz[],
    $9::text[], $10::boolean[], $11::boolean[]
) AS clock (
    clock_id, kind, cycle, reference, start_time, due_time, state, provisional, breached
)
ON CONFLICT (case_id, clock_id) DO UPDATE SET
    due_time = excluded.due_time, state = excluded.state, provisional = excluded.provisional,
    breached = clocks.breached OR excluded.breached;

-- name: insert_work_orders
-- Work orders that routing has dispatched.
INSERT INTO work_orders (
    case_id, work_order_id, site_id, unit_id, lead, task, deadline_time, dispatch_time, state
)
SELECT $1, work_order_id, $2, unit_id, lead, task, deadline_time, dispatch_time, state
FROM unnest(
    $3::text[], $4::text[], $5::boolean[], $6::text[], $7::timestamptz[], $8::timestamptz[],
    $9::text[]
) AS work_order (work_order_id, unit_id, lead, task, deadline_time, dispatch_time, state);

-- name: move_work_order
-- A work order's new state.
UPDATE work_orders SET state = $3 WHERE case_id = $1 AND work_order_id = $2;

-- name: rule_work_order
-- A task as the dispatch room has ruled: whose it is, until when, to be accepted anew; where it
-- leads from now on, no other open task of the case does.
UPDATE work_orders SET
    unit_id = CASE WHEN work_order_id = $2 THEN $3 ELSE unit_id END,
    deadline_time = CASE WHEN work_order_id = $2 THEN coalesce($4, deadline_time)
        ELSE deadline_time END,
    state = CASE WHEN work_order_id = $2 THEN 'DISPATCHED' ELSE state END,
    lead = CASE WHEN $5 THEN work_order_id = $2 ELSE lead END
WHERE case_id = $1
    AND (work_order_id = $2 OR ($5 AND lead AND state <> 'COMPLETED'));

-- name: reopen_work_order
-- A task as it is after it was opened again.
UPDATE work_orders SET unit_id = $3, lead = $4, task = $5, deadline_time = $6, state = $7
WHERE case_id = $1 AND work_order_id = $2;

-- name: extend_work_order
-- A task's new deadline.
UPDATE work_orders SET deadline_time = $3 WHERE case_id = $1 AND work_order_id = $2;

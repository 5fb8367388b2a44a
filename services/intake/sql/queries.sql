-- name: get_case
-- A case's own columns.
SELECT
    cases.case_id, cases.site_id, number, state, kind, category, channel, post_id, place, unit_id,
    text, urgency, reporter_kind, confidentiality, occurred_time, record_time,
    cycle_start_time, receiver, slip_number, steward, accepted, accountable, level, next_wake_time,
    cycle, reopen_count,
    resolution, proposed_outcome, outcome, grade, basis, confirmed, rejections, resolve_time,
    resolve_record_time, close_time,
    deliveries_planned, deliveries_sent, promise_move_count, pause_reason, pause_words,
    pause_approved_by, pause_start_time, pause_latest_end_time, first_reply_by, about_persons,
    recused_persons, late_entry, external_system, external_ref, suggested_category, code_attempt,
    due_time, subjects.version,
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

-- name: plan_once
-- Until the transaction ends, a statement keeps its first plan: planning get_file takes six times as
-- long as running it, and its plan is the same for every case.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true);

-- name: get_file
-- The whole case file in one read; what hangs on the case comes as JSON lists, oldest first.
SELECT
    cases.case_id, cases.site_id, number, state, kind, category, channel, post_id, place, unit_id,
    text, urgency, reporter_kind, confidentiality, occurred_time, record_time,
    cycle_start_time, receiver, slip_number, steward, accepted, accountable, level, next_wake_time,
    cycle, reopen_count,
    resolution, proposed_outcome, outcome, grade, basis, confirmed, rejections, resolve_time,
    resolve_record_time, close_time,
    deliveries_planned, deliveries_sent, promise_move_count, pause_reason, pause_words,
    pause_approved_by, pause_start_time, pause_latest_end_time, first_reply_by, about_persons,
    recused_persons, late_entry, external_system, external_ref, suggested_category, code_attempt,
    due_time, subjects.version, sites.time_zone,
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
            'fed_back_time', fed_back_time, 'next_date', next_date
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
            'words', words, 'grade', grade, 'sample_id', sample_id
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
            'version', version, 'place', place, 'findings', findings, 'verified_by', verified_by,
            'verify_time', verify_time
        ) ORDER BY version)
        FROM verifications WHERE verifications.case_id = $1
    ) AS verifications,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'version', version, 'reference', reference, 'sha256', sha256,
            'media_type', media_type, 'size_bytes', size_bytes, 'caption', caption
        ) ORDER BY version, position)
        FROM attachments WHERE attachments.case_id = $1
    ) AS attachments,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'cycle', cycle, 'reason', reason, 'basis', basis, 'counts', counts,
            'withdraw_time', withdraw_time
        ) ORDER BY version)
        FROM withdrawals WHERE withdrawals.case_id = $1
    ) AS withdrawals,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'version', version, 'cycle', cycle, 'body', body, 'reference', reference,
            'reason', reason, 'referred_by', referred_by, 'refer_time', refer_time,
            'result', result, 'result_recorded_by', result_recorded_by,
            'result_time', result_time
        ) ORDER BY version)
        FROM referrals WHERE referrals.case_id = $1
    ) AS referrals,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'cycle', cycle, 'decision', decision, 'findings', findings,
            'verified_by', verified_by, 'reviewed_by', reviewed_by, 'review_time', review_time
        ) ORDER BY version)
        FROM reviews WHERE reviews.case_id = $1
    ) AS reviews,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'version', version, 'visibility', visibility, 'text', text,
            'written_by', written_by, 'by_reporter', by_reporter, 'comment_time', comment_time
        ) ORDER BY version)
        FROM comments WHERE comments.case_id = $1
    ) AS comments,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'cycle', cycle, 'meeting_time', meeting_time, 'chaired_by', chaired_by,
            'participants', participants, 'unit_ids', unit_ids, 'decisions', decisions,
            'next_date', next_date, 'recorded_by', recorded_by
        ) ORDER BY version)
        FROM meetings WHERE meetings.case_id = $1
    ) AS meetings,
    ARRAY(
        SELECT links.case_id FROM links
        WHERE linked_case_id = $1 AND relation = 'DUPLICATE_OF' ORDER BY links.case_id
    ) AS followers,
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
            'provisional', provisional, 'breached', breached, 'excused', excused
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
    -- What else a person has raised is counted where the case is shown; here, only whether it is.
    cases.confidentiality = 'NAMED' AND EXISTS (
        SELECT FROM reporters
        WHERE reporters.case_id = $1 AND reporters.person_hash IS NOT NULL
    ) AS counts_repeats,
    (
        SELECT rules FROM window_rules
        WHERE window_rules.site_id = cases.site_id
        ORDER BY version DESC LIMIT 1
    ) AS rules,
    ARRAY(SELECT person FROM case_hands WHERE case_hands.case_id = $1) AS hands
FROM cases
JOIN subjects ON subjects.subject_id = cases.case_id
JOIN sites ON sites.site_id = cases.site_id
WHERE cases.case_id = $1;

-- name: count_repeats
-- How many other named cases of a case's person were spoken between two times ($2, $3), at most $5;
-- none about the callers ($4).
SELECT count(*)
FROM (
    SELECT
    FROM reporters AS own
    JOIN reporters AS same
        ON same.person_hash = own.person_hash AND same.case_id <> own.case_id
    JOIN cases AS other ON other.case_id = same.case_id AND other.site_id = own.site_id
    WHERE own.case_id = $1 AND other.confidentiality = 'NAMED'
        AND other.occurred_time BETWEEN $2::timestamptz AND $3::timestamptz
        AND NOT other.about_persons && $4::text[]
    LIMIT $5
) AS repeats;

-- name: save_case
-- Everything about a case that can change.
UPDATE cases SET
    state = $2, unit_id = $3, steward = $4, accepted = $5, accountable = $6, level = $7,
    next_wake_time = $8, cycle = $9, reopen_count = $10, resolution = $11,
    proposed_outcome = $12, outcome = $13, grade = $14, basis = $15, confirmed = $16,
    resolve_time = $17, close_time = $18, deliveries_planned = $19, deliveries_sent = $20,
    cycle_start_time = $21, promise_move_count = $22, pause_reason = $23, pause_words = $24,
    pause_approved_by = $25, pause_start_time = $26, pause_latest_end_time = $27,
    first_reply_by = $28, recused_persons = $29, due_time = $30,
    rejections = $31, resolve_record_time = $32
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

-- name: has_confidential_kin
-- Tells whether a case of the same appeal is confidential: one that this was split from or that was
-- split from it, over any number of steps.
WITH RECURSIVE kin (case_id) AS (
    SELECT $1::text
    UNION
    SELECT tied.case_id
    FROM kin
    CROSS JOIN LATERAL (
        SELECT linked_case_id AS case_id FROM links
        WHERE links.case_id = kin.case_id AND relation = 'SPLIT_FROM'
        UNION ALL
        SELECT links.case_id FROM links
        WHERE linked_case_id = kin.case_id AND relation = 'SPLIT_FROM'
    ) AS tied
)
SELECT EXISTS (
    SELECT FROM kin
    JOIN cases ON cases.case_id = kin.case_id
    WHERE kin.case_id <> $1 AND confidentiality = 'CONFIDENTIAL'
);

-- name: insert_answer
-- An answer, fed back at once or not.
INSERT INTO answers (
    case_id, answer_id, site_id, version, cycle, kind, text, promised_date, answer_time,
    answered_by, fed_back_time, next_date
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

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
    case_id, version, site_id, cycle, reached, called_by, call_time, words, grade, sample_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

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

-- name: list_in_sight
-- Those of some cases that are in sight and not about the callers ($2).
SELECT case_id FROM cases WHERE case_id = ANY ($1::text[]) AND NOT about_persons && $2::text[];

-- name: list_numbers
-- The numbers of those of some cases that are in sight and not about the callers ($2).
SELECT case_id, number FROM cases
WHERE case_id = ANY ($1::text[]) AND NOT about_persons && $2::text[];

-- name: list_own_numbers
-- The numbers of those of some cases that a person (by keyed hash of their code) raised and that are
-- in sight and not about the callers ($2).
SELECT cases.case_id, number
FROM cases
JOIN reporters ON reporters.case_id = cases.case_id AND person_hash = $3
WHERE cases.case_id = ANY ($1::text[]) AND NOT about_persons && $2::text[];

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
-- Clocks as sla has just told them; a breach once seen stays. With them goes the open case's nearest
-- deadline that runs, of what is told and of its other clocks.
WITH told AS (
    SELECT
        clock_id, kind, cycle, reference, start_time, due_time, state, provisional, breached,
        excused
    FROM unnest(
        $3::text[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[], $8::timestamptz[],
        $9::text[], $10::boolean[], $11::boolean[], $12::boolean[]
    ) AS clock (
        clock_id, kind, cycle, reference, start_time, due_time, state, provisional, breached,
        excused
    )
),
saved AS (
    INSERT INTO clocks (
        case_id, clock_id, site_id, kind, cycle, reference, start_time, due_time, state,
        provisional, breached, excused
    )
    SELECT
        $1, clock_id, $2, kind, cycle, reference, start_time, due_time, state, provisional,
        breached, excused
    FROM told
    ON CONFLICT (case_id, clock_id) DO UPDATE SET
        due_time = excluded.due_time, state = excluded.state, provisional = excluded.provisional,
        breached = clocks.breached OR excluded.breached, excused = excluded.excused
),
nearest AS (
    SELECT min(due_time) AS due_time
    FROM (
        SELECT kind, state, due_time FROM told
        UNION ALL
        SELECT kind, state, due_time FROM clocks
        WHERE clocks.case_id = $1 AND clock_id <> ALL ($3::text[])
    ) AS clock
    WHERE state = 'RUNNING'
        -- Those only remind, end a pause, or allow something.
        AND kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
)
UPDATE cases SET due_time = nearest.due_time
FROM nearest
WHERE cases.case_id = $1 AND cases.state <> 'CLOSED'
    AND cases.due_time IS DISTINCT FROM nearest.due_time;

-- name: list_work_orders
-- A case's work orders, as they were dispatched.
SELECT work_order_id, unit_id, lead, task, dispatch_time, deadline_time, state
FROM work_orders
WHERE case_id = $1
ORDER BY dispatch_time, work_order_id;

-- name: save_work_orders
-- Work orders as routing's facts leave them; when they were dispatched stays.
INSERT INTO work_orders (
    case_id, work_order_id, site_id, unit_id, lead, task, deadline_time, dispatch_time, state
)
SELECT $1, work_order_id, $2, unit_id, lead, task, deadline_time, dispatch_time, state
FROM unnest(
    $3::text[], $4::text[], $5::boolean[], $6::text[], $7::timestamptz[], $8::timestamptz[],
    $9::text[]
) AS work_order (work_order_id, unit_id, lead, task, deadline_time, dispatch_time, state)
ON CONFLICT (case_id, work_order_id) DO UPDATE SET
    unit_id = excluded.unit_id, lead = excluded.lead, task = excluded.task,
    deadline_time = excluded.deadline_time, state = excluded.state;

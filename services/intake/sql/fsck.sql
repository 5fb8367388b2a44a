-- name: open_case_without_owner
-- Every open case has one accountable person and a wake-up.
SELECT site_id, case_id AS subject_id, 'state ' || state AS detail
FROM cases
WHERE state <> 'CLOSED' AND (accountable = '' OR next_wake_time IS NULL);

-- name: open_case_overslept
-- The wake-up of an open case lies ahead; a quarter of an hour is what an outage of sla may cost.
SELECT site_id, case_id AS subject_id, 'next_wake_time ' || next_wake_time AS detail
FROM cases
WHERE state <> 'CLOSED' AND next_wake_time < decision_time() - interval '15 minutes';

-- name: due_time_not_of_the_clocks
-- A case's deadline is the nearest that runs of those owed to somebody; a closed case has none.
SELECT cases.site_id, cases.case_id AS subject_id,
    'due_time ' || coalesce(cases.due_time::text, 'none') || ', clocks: '
        || coalesce(nearest.due_time::text, 'none') AS detail
FROM cases
CROSS JOIN LATERAL (
    SELECT min(clocks.due_time) AS due_time FROM clocks
    WHERE clocks.case_id = cases.case_id AND clocks.state = 'RUNNING'
        AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
        AND cases.state <> 'CLOSED'
) AS nearest
WHERE cases.due_time IS DISTINCT FROM nearest.due_time;

-- name: case_without_registration
-- A case's first fact is its registration, and every registration has its case.
SELECT
    coalesce(cases.site_id, journal.site_id) AS site_id,
    coalesce(cases.case_id, journal.subject_id) AS subject_id,
    CASE WHEN cases.case_id IS NULL THEN 'fact without a case' ELSE 'case without a fact' END
        AS detail
FROM cases
FULL JOIN (
    SELECT site_id, subject_id FROM journal
    WHERE type = 'backstop.intake.v1.CaseRegistered' AND subject_version = 1
) AS journal ON journal.subject_id = cases.case_id
WHERE cases.case_id IS NULL OR journal.subject_id IS NULL;

-- name: state_not_of_the_journal
-- A case is closed, resolved or in hand as its last deciding fact says.
SELECT
    cases.site_id, cases.case_id AS subject_id,
    cases.state || ' after ' || coalesce(last.type, 'nothing') AS detail
FROM cases
LEFT JOIN LATERAL (
    SELECT type FROM journal
    WHERE journal.subject_id = cases.case_id AND type IN (
        'backstop.intake.v1.CaseRegistered', 'backstop.intake.v1.CaseResolved',
        'backstop.intake.v1.CaseRejected', 'backstop.intake.v1.CaseClosed',
        'backstop.intake.v1.CaseReopened'
    )
    ORDER BY subject_version DESC LIMIT 1
) AS last ON true
WHERE CASE last.type
    WHEN 'backstop.intake.v1.CaseClosed' THEN cases.state <> 'CLOSED'
    WHEN 'backstop.intake.v1.CaseResolved' THEN cases.state <> 'RESOLVED'
    WHEN 'backstop.intake.v1.CaseRejected' THEN cases.state <> 'IN_PROGRESS'
    WHEN 'backstop.intake.v1.CaseReopened' THEN cases.state <> 'IN_PROGRESS'
    WHEN 'backstop.intake.v1.CaseRegistered' THEN cases.state IN ('RESOLVED', 'CLOSED')
    ELSE true
END;

-- name: closed_case_not_proven
-- Every end has its proof. Of the unconfirmed, who could be called was called in vain at least once:
-- how often it takes was the rule of that day.
SELECT site_id, case_id AS subject_id, outcome || ' on ' || basis AS detail
FROM cases
WHERE state = 'CLOSED' AND NOT CASE outcome
    WHEN 'SOLVED' THEN confirmed AND proposed_outcome = outcome
    WHEN 'EXPLAINED' THEN confirmed AND proposed_outcome = outcome
    WHEN 'EXPLAINED_NOT_ACCEPTED' THEN NOT confirmed AND grade = 'DISSATISFIED'
        AND 'UPHELD' = (
            SELECT decision FROM reviews
            WHERE reviews.case_id = cases.case_id AND reviews.cycle = cases.cycle
                AND review_time >= coalesce(cases.resolve_record_time, review_time)
            ORDER BY version DESC LIMIT 1
        )
        AND rejections >= 2
    WHEN 'UNCONFIRMED' THEN NOT confirmed AND (confidentiality = 'ANONYMOUS' OR EXISTS (
        SELECT FROM callbacks
        WHERE callbacks.case_id = cases.case_id AND callbacks.cycle = cases.cycle
            AND NOT reached AND sample_id = ''
    ))
    WHEN 'REFERRED' THEN EXISTS (
        SELECT FROM referrals
        WHERE referrals.case_id = cases.case_id AND referrals.cycle = cases.cycle
            AND result <> ''
    )
    -- Its master is looked for by duplicate_without_master.
    WHEN 'DUPLICATE' THEN true
    WHEN 'WITHDRAWN' THEN EXISTS (
        SELECT FROM withdrawals
        WHERE withdrawals.case_id = cases.case_id AND withdrawals.cycle = cases.cycle AND counts
    )
    ELSE false
END;

-- name: proofs_not_of_the_journal
-- Every withdrawal, referral, result and review has its fact, and every fact what it tells of.
SELECT cases.site_id, cases.case_id AS subject_id,
    kept.kind || ': ' || kept.count || ' on file, ' || count(journal.type) || ' facts' AS detail
FROM cases
CROSS JOIN LATERAL (
    SELECT 'CaseWithdrawn' AS kind, count(*) AS count FROM withdrawals
    WHERE withdrawals.case_id = cases.case_id
    UNION ALL
    SELECT 'CaseReferred', count(*) FROM referrals WHERE referrals.case_id = cases.case_id
    UNION ALL
    SELECT 'CaseReferralResulted', count(*) FROM referrals
    WHERE referrals.case_id = cases.case_id AND result <> ''
    UNION ALL
    SELECT 'CaseReviewed', count(*) FROM reviews WHERE reviews.case_id = cases.case_id
) AS kept
LEFT JOIN journal ON journal.subject_id = cases.case_id
    AND journal.type = 'backstop.intake.v1.' || kept.kind
GROUP BY cases.site_id, cases.case_id, kept.kind, kept.count
HAVING kept.count <> count(journal.type);

-- name: case_without_receipt
-- Every case can be followed by its code.
SELECT cases.site_id, cases.case_id AS subject_id, 'no receipt code' AS detail
FROM cases
WHERE NOT EXISTS (SELECT FROM receipt_codes WHERE receipt_codes.case_id = cases.case_id);

-- name: identity_against_confidentiality
-- The reporter is on file, sealed, unless anonymous.
SELECT cases.site_id, cases.case_id AS subject_id, cases.confidentiality AS detail
FROM cases
LEFT JOIN reporters USING (case_id)
WHERE (cases.confidentiality = 'ANONYMOUS') = (reporters.case_id IS NOT NULL);

-- name: numbers_with_gaps
-- Numbers of a site and day run from 1 to the counter: without a gap, unless some were given in
-- blocks, of which a crash leaves some unused.
SELECT
    counters.site_id, counters.local_day::text AS subject_id,
    count(cases.case_id) || ' cases, counter at ' || counters.last_number AS detail
FROM counters
JOIN sites USING (site_id)
LEFT JOIN cases ON cases.site_id = counters.site_id
    AND (cases.record_time AT TIME ZONE sites.time_zone)::date = counters.local_day
GROUP BY counters.site_id, counters.local_day, counters.last_number, counters.blocks
HAVING count(cases.case_id) > counters.last_number
    OR (count(cases.case_id) < counters.last_number AND NOT counters.blocks);

-- name: number_given_twice
-- No two cases of a site have the same number.
SELECT site_id, number AS subject_id, count(*) || ' cases' AS detail
FROM cases
GROUP BY site_id, number
HAVING count(*) > 1;

-- name: applied_facts_not_on_the_timeline
-- Every fact of another service that the gate has let in stands on the timeline, once.
SELECT gates.site_id, gates.subject_id, gates.source || ' at ' || gates.version AS detail
FROM gates
JOIN cases ON cases.case_id = gates.subject_id
WHERE gates.version <> (
    SELECT count(*) FROM timeline
    WHERE timeline.case_id = gates.subject_id AND timeline.source = gates.source
);

-- name: promise_moves_not_as_counted
-- Moves are counted, each leads from where the one before ended, and the last is the promise.
SELECT cases.site_id, cases.case_id AS subject_id,
    cases.promise_move_count || ' counted, ' || moves.count || ' on record, '
        || moves.broken || ' broken' AS detail
FROM cases
CROSS JOIN LATERAL (
    SELECT count(*) AS count, count(*) FILTER (WHERE promised_date <> next_date) AS broken
    FROM (
        SELECT
            moves.promised_date,
            lead(moves.previous_date, 1, answers.promised_date)
                OVER (PARTITION BY moves.answer_id ORDER BY moves.version) AS next_date
        FROM promise_moves AS moves
        JOIN answers USING (case_id, answer_id)
        WHERE moves.case_id = cases.case_id
    ) AS chain
) AS moves
WHERE cases.promise_move_count <> moves.count OR moves.broken > 0;

-- name: paused_though_not_in_hand
-- Only a case in hand has clocks that stand still.
SELECT cases.site_id, cases.case_id AS subject_id, cases.state || ' ' || pause_reason AS detail
FROM cases
WHERE pause_reason <> '' AND state IN ('RESOLVED', 'CLOSED');

-- name: flag_without_fact
-- No flag stands without a fact that put it there.
SELECT cases.site_id, cases.case_id AS subject_id,
    count(flags.flag) || ' flags, journal: ' || facts.count || ' facts' AS detail
FROM cases
LEFT JOIN flags USING (case_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM journal
    WHERE journal.subject_id = cases.case_id AND journal.type = 'backstop.intake.v1.CaseFlagged'
) AS facts
GROUP BY cases.site_id, cases.case_id, facts.count
HAVING count(flags.flag) > facts.count;

-- name: callbacks_not_of_the_journal
-- Every call has its fact, and every fact its call.
SELECT cases.site_id, cases.case_id AS subject_id,
    calls.count || ' calls, ' || facts.count || ' facts' AS detail
FROM cases
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM callbacks WHERE callbacks.case_id = cases.case_id
) AS calls
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM journal
    WHERE journal.subject_id = cases.case_id
        AND journal.type = 'backstop.intake.v1.CaseCalledBack'
) AS facts
WHERE calls.count <> facts.count;

-- name: case_in_the_hands_of_whom_it_is_about
-- Nobody has a case about themselves in hand.
SELECT site_id, case_id AS subject_id, 'about its receiver, steward or accountable' AS detail
FROM cases
WHERE about_persons && ARRAY[receiver, steward, accountable, first_reply_by];

-- name: duplicate_without_master
-- Whatever was closed as a duplicate has one case that goes on in its place.
SELECT cases.site_id, cases.case_id AS subject_id, masters.count || ' masters' AS detail
FROM cases
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM links
    WHERE links.case_id = cases.case_id AND links.relation = 'DUPLICATE_OF'
) AS masters
WHERE cases.state = 'CLOSED' AND cases.outcome = 'DUPLICATE' AND masters.count <> 1;

-- name: comments_not_of_the_journal
-- Every comment has its fact, and every fact its comment.
SELECT cases.site_id, cases.case_id AS subject_id,
    said.count || ' comments, ' || facts.count || ' facts' AS detail
FROM cases
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM comments WHERE comments.case_id = cases.case_id
) AS said
CROSS JOIN LATERAL (
    SELECT count(*) AS count FROM journal
    WHERE journal.subject_id = cases.case_id AND journal.type = 'backstop.intake.v1.CaseCommented'
) AS facts
WHERE said.count <> facts.count;

-- Rights of intake's roles on its own tables; applied again with every migration.

-- Copies of the directory: written by the consumer alone.
GRANT SELECT ON sites, units, people, positions, posts, categories, shifts TO :app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sites, units, people, positions, posts, categories, shifts
    TO :worker;

GRANT SELECT, INSERT, UPDATE ON counters, cases, case_words, answers TO :app;
-- Nothing that was said or done is ever taken back.
GRANT SELECT, INSERT
    ON feedbacks, verifications, case_hands, promise_moves, callbacks, attachments, withdrawals,
        reviews, comments, meetings, duplicate_suggestions, callback_samples,
        callback_sample_cases, shift_handover_cases, window_rules, lexicons, slip_pads
    TO :app;
-- A referral is given its result, a handover its second signature, a reporter another telephone.
GRANT SELECT, INSERT, UPDATE ON referrals, shift_handovers, reporters TO :app;
-- A lost code opens nothing any more; a tie may be taken off.
GRANT SELECT, INSERT, UPDATE, DELETE ON receipt_codes, links TO :app;
-- Flags are as they stand; the journal has what they were.
GRANT SELECT, INSERT, UPDATE, DELETE ON flags TO :app;
GRANT SELECT ON clocks, work_orders, timeline TO :app;

-- The worker adds other services' facts, finds the site of a receipt code, and registers what a
-- sweep has found.
GRANT SELECT, INSERT, UPDATE ON cases, counters TO :worker;
GRANT SELECT, INSERT
    ON case_words, receipt_codes, links, reporters, attachments, duplicate_suggestions, flags
    TO :worker;
GRANT SELECT
    ON answers, feedbacks, verifications, promise_moves, callbacks, flags, withdrawals, referrals,
        reviews, comments, meetings, window_rules, lexicons, slip_pads, callback_samples,
        callback_sample_cases, shift_handovers, shift_handover_cases
    TO :worker;
-- Those who followed a case that was merged follow its master.
GRANT UPDATE (linked_case_id) ON links TO :worker;
GRANT SELECT, INSERT, UPDATE ON clocks, work_orders TO :worker;
GRANT SELECT, INSERT ON timeline, case_hands TO :worker;

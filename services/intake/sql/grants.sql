-- Rights of intake's roles on its own tables; applied again with every migration.

-- Copies of the directory: written by the consumer alone.
GRANT SELECT ON sites, units, people, positions, posts, categories TO :app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sites, units, people, positions, posts, categories
    TO :worker;

GRANT SELECT, INSERT, UPDATE ON counters, cases, answers TO :app;
-- Nothing that was said or done is ever taken back.
GRANT SELECT, INSERT
    ON reporters, receipt_codes, feedbacks, verifications, links, case_hands, promise_moves,
        callbacks
    TO :app;
-- Flags are as they stand; the journal has what they were.
GRANT SELECT, INSERT, UPDATE, DELETE ON flags TO :app;
GRANT SELECT ON clocks, work_orders, timeline TO :app;

-- The worker adds other services' facts, finds the site of a receipt code, and registers what a
-- sweep has found.
GRANT SELECT, INSERT, UPDATE ON cases, counters TO :worker;
GRANT SELECT, INSERT ON receipt_codes, links, reporters TO :worker;
GRANT SELECT ON answers, feedbacks, verifications, promise_moves, callbacks, flags TO :worker;
GRANT SELECT, INSERT, UPDATE ON clocks, work_orders TO :worker;
GRANT SELECT, INSERT ON timeline, case_hands TO :worker;

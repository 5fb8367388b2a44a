-- Rights of the service's roles on its own tables; applied again with every migration.
-- The app role serves the RPCs, the worker role the facts and the sending. Closing by site is the
-- foundation's: it does so for every table with a site_id.

GRANT SELECT ON sites, names, cases, deliveries TO :app;
GRANT SELECT, INSERT, UPDATE ON contacts TO :app;

GRANT SELECT, INSERT, UPDATE ON sites, cases, work_orders TO :worker;
GRANT SELECT, INSERT, DELETE ON names TO :worker;
GRANT SELECT ON contacts TO :worker;
-- What a message says and to whom is never changed after it was planned.
GRANT SELECT, INSERT ON deliveries TO :worker;
GRANT UPDATE
    (channel, digest_id, state, attempt_count, problem, finish_time, next_time, lease_time)
    ON deliveries TO :worker;

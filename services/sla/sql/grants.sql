-- Rights of sla's roles on its own tables; applied again with every migration.

-- sla is moved by facts and by time alone: callers only read.
GRANT SELECT ON sites, calendar_years, calendar_days, policies, cases, clocks TO :app;

GRANT SELECT, INSERT, UPDATE ON sites, cases, clocks TO :worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON calendar_days TO :worker;
GRANT SELECT, INSERT ON calendar_years, policies TO :worker;

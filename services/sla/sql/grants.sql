-- Rights of sla's roles on its own tables; applied again with every migration.

-- Callers publish calendars and policies, pause cases and excuse breaches; cases are moved by
-- facts and by time beside. Nothing is ever deleted.
GRANT SELECT, INSERT, UPDATE ON sites, cases, clocks TO :app, :worker;
GRANT SELECT, INSERT ON calendars, policies, templates, acts, excuses TO :app, :worker;

GRANT SELECT, INSERT, UPDATE ON year_warnings TO :worker;
GRANT SELECT ON year_warnings TO :app;

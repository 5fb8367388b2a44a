GRANT SELECT, INSERT, UPDATE ON counters TO :app, :worker;
GRANT SELECT, INSERT ON applied TO :app, :worker;

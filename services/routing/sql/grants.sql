-- Rights of the service's roles on its own tables; applied again with every migration.

GRANT SELECT, INSERT, UPDATE ON sites TO :app, :worker;
GRANT SELECT, INSERT, DELETE
    ON units, people, positions, posts, categories, place_rules, role_requirements, ladder_levels
    TO :app, :worker;
GRANT SELECT, INSERT ON directory_versions, templates TO :app, :worker;
GRANT SELECT, INSERT ON matrix_versions, roster_versions, shifts, shift_swaps TO :app, :worker;
-- A row ends, and says nothing else afterwards.
GRANT SELECT, INSERT, UPDATE (until_version) ON responsibilities TO :app, :worker;
GRANT SELECT, INSERT, UPDATE (cancel_time) ON absences TO :app, :worker;
GRANT SELECT, INSERT, UPDATE ON routes, work_orders TO :app, :worker;
GRANT SELECT, INSERT ON decisions, tenures, surveys TO :app, :worker;
GRANT SELECT, INSERT, UPDATE ON category_proposals TO :app, :worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON seals TO :app, :worker;
GRANT SELECT, INSERT, UPDATE ON sweeps, sweep_tasks TO :app, :worker;
GRANT SELECT, INSERT ON outreach TO :app, :worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON outreach_clocks TO :app, :worker;

-- Rights of the service's roles on its own tables; applied again with every migration.

GRANT SELECT, INSERT, UPDATE ON sites TO :app, :worker;
GRANT SELECT, INSERT, DELETE ON units, people, positions, posts, categories, ladder_levels
    TO :app, :worker;
GRANT SELECT, INSERT ON matrix_versions, responsibilities, roster_versions, shifts TO :app, :worker;
GRANT SELECT, INSERT, UPDATE ON routes, work_orders TO :app, :worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON seals TO :app, :worker;
GRANT SELECT, INSERT ON outreach TO :app, :worker;

-- Rights of the service's roles on the foundation; applied again with every migration.
-- :schema, :owner, :app, :worker and :fsck stand for the quoted names.

GRANT USAGE ON SCHEMA :schema TO :app, :worker, :fsck;
GRANT SELECT ON ALL TABLES IN SCHEMA :schema TO :fsck;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA :schema FROM PUBLIC;
GRANT EXECUTE ON FUNCTION decision_time() TO :app, :worker, :fsck;
GRANT SELECT ON schema_migrations TO :app, :worker;

GRANT SELECT ON suite_clock TO :app, :worker;
GRANT UPDATE (clock_offset, high_water) ON suite_clock TO :worker;

GRANT SELECT, INSERT, UPDATE ON subjects TO :app, :worker;
GRANT SELECT, INSERT ON requests TO :app, :worker;
GRANT DELETE ON requests TO :worker;

GRANT SELECT, INSERT ON journal TO :app, :worker;
GRANT INSERT ON journal_pending TO :app;
GRANT SELECT, INSERT, DELETE ON journal_pending TO :worker;
GRANT SELECT ON feed TO :app;
GRANT SELECT, INSERT ON feed TO :worker;
GRANT SELECT, INSERT, UPDATE ON feed_heads TO :worker;
GRANT SELECT, UPDATE ON relay_head TO :worker;
GRANT SELECT ON relay_head TO :app;

GRANT SELECT ON gates TO :app;
GRANT SELECT, INSERT, UPDATE ON gates TO :worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked, attempts, quarantine TO :worker;

GRANT SELECT, INSERT ON jobs TO :app;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO :worker;

GRANT SELECT, INSERT, UPDATE (wrapped, nonce) ON sealing_keys TO :app, :worker;

-- Every table with a site_id is closed by site, whoever made it: the app role sees the sites of
-- its transaction, the service's own loops and fsck see all. The owner's policy is for migrations
-- that move data.
DO $$
DECLARE
    relation record;
BEGIN
    FOR relation IN
        SELECT class.oid::regclass AS name, class.relrowsecurity AND class.relforcerowsecurity AS closed
        FROM pg_class AS class
        JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
        WHERE class.relnamespace = current_schema()::regnamespace
            AND class.relkind IN ('r', 'p')
            AND NOT class.relispartition
            AND attribute.attname = 'site_id'
            AND NOT attribute.attisdropped
        ORDER BY class.relname
    LOOP
        IF NOT relation.closed THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation.name);
            EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation.name);
        END IF;
        IF NOT EXISTS (
            SELECT FROM pg_policy WHERE polrelid = relation.name AND polname = 'own_sites'
        ) THEN
            EXECUTE format(
                $policy$CREATE POLICY own_sites ON %s TO :app USING (
                    (SELECT current_setting('backstop.sites', true)) = '*'
                    OR site_id = ANY ((
                        SELECT string_to_array(current_setting('backstop.sites', true), ',')
                    )::text[])
                )$policy$, relation.name);
            EXECUTE format(
                'CREATE POLICY all_sites ON %s TO :owner, :worker USING (true)', relation.name);
            EXECUTE format(
                'CREATE POLICY read_all_sites ON %s FOR SELECT TO :fsck USING (true)', relation.name);
        END IF;
    END LOOP;
    -- A caller finds its own request again even if it has lost the site since: it is then told
    -- what everyone without the site is told, instead of doing the thing twice.
    IF NOT EXISTS (
        SELECT FROM pg_policy WHERE polrelid = 'requests'::regclass AND polname = 'own_requests'
    ) THEN
        CREATE POLICY own_requests ON requests TO :app USING (
            caller = ANY ((
                SELECT string_to_array(current_setting('backstop.callers', true), E'\x1f')
            )::text[])
        );
    END IF;
END $$;

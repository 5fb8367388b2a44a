-- name: wait_for_lock
-- Lifts the lock timeout while another migration is waited for.
SET lock_timeout = 0;

-- name: end_wait_for_lock
-- Puts the connection's own lock timeout back.
RESET lock_timeout;

-- name: lock
-- Lets one migration of a schema run at a time.
SELECT pg_advisory_lock(hashtextextended($1, 0));

-- name: make_table
-- The list of files applied.
CREATE TABLE IF NOT EXISTS schema_migrations (
    set text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (set, number)
);

-- name: list_applied
-- Files applied so far, in order.
SELECT set, number, name, checksum FROM schema_migrations ORDER BY set, number;

-- name: add_applied
-- Remembers a file.
INSERT INTO schema_migrations (set, number, name, checksum) VALUES ($1, $2, $3, $4);

-- name: start_clock
-- Decides once whether this schema is for demonstrations.
INSERT INTO suite_clock (demonstration) VALUES ($1);

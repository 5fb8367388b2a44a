-- name: lock
-- Lets one provisioning run at a time.
SELECT pg_advisory_lock(hashtextextended('backstop provision', 0));

-- name: make_role
-- The statement that makes a role, or sets its password again.
SELECT format(
    CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1::text)
        THEN 'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT PASSWORD %L'
        ELSE 'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT PASSWORD %L'
    END, $1::text, $2::text);

-- name: database_exists
-- Tells whether the database is there.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1);

-- name: make_database
-- The statement that makes the database: UTF-8, compared byte by byte, so that indexes survive
-- a change of the system's own collations.
SELECT format(
    'CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C.UTF-8''', $1::text);

-- name: close_database
-- The statement that closes the database to roles that aren't named.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text);

-- name: admit_role
-- The statement that lets a role connect.
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', $1::text, $2::text);

-- name: close_public
-- Nobody makes anything in the schema that everyone sees.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- name: make_schema
-- The statement that makes a service's schema, its owner's alone.
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', $1::text, $2::text);

-- name: set_search_path
-- The statement that makes a role see its service's schema and nothing else by default.
SELECT format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', $1::text, $2::text, $3::text);

-- name: make_extensions_schema
-- A schema for operators that PostgreSQL ships with but doesn't load by itself.
CREATE SCHEMA IF NOT EXISTS extensions;

-- name: make_btree_gist
-- Lets exclusion constraints compare plain columns beside ranges.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA extensions;

-- name: open_extensions
-- The statement that lets a role use them.
SELECT format('GRANT USAGE ON SCHEMA extensions TO %I', $1::text);

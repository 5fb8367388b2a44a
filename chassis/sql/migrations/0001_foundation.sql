-- What every service stands on: decision time, subjects, requests, journal, feed, gate, jobs.
-- Runs inside the service's own schema, as its owner.

-- Decision time -----------------------------------------------------------------------------------

CREATE TABLE suite_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    demonstration boolean NOT NULL,
    clock_offset interval NOT NULL DEFAULT interval '0',
    -- Highest raw clock that was ever agreed on; see clock.py.
    high_water timestamptz NOT NULL DEFAULT 'epoch'
);

CREATE FUNCTION suite_clock_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the clock row stays' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF NEW.demonstration <> OLD.demonstration THEN
        RAISE EXCEPTION 'demonstration is decided when the schema is made'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF NEW.clock_offset <> OLD.clock_offset AND NOT OLD.demonstration THEN
        RAISE EXCEPTION 'the clock can be moved only in demonstration mode'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER suite_clock_guard BEFORE UPDATE OR DELETE ON suite_clock
    FOR EACH ROW EXECUTE FUNCTION suite_clock_guard();

-- The only reading of a clock in SQL.
CREATE FUNCTION decision_time() RETURNS timestamptz LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT clock_timestamp() + suite_clock.clock_offset FROM suite_clock;
END;

-- Subjects and requests ---------------------------------------------------------------------------

-- A row is the lock of a subject inside this service and holds its last version.
CREATE TABLE subjects (
    subject_id text PRIMARY KEY,
    site_id text NOT NULL,
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0)
) WITH (fillfactor = 80);

-- Mutations already done; never what was answered, only where it can be read again.
CREATE TABLE requests (
    caller text NOT NULL,
    method text NOT NULL,
    request_id text NOT NULL,
    fingerprint bytea NOT NULL,
    site_id text NOT NULL,
    subject_id text NOT NULL,
    version bigint NOT NULL,
    outcome text NOT NULL,
    record_time timestamptz NOT NULL,
    PRIMARY KEY (caller, method, request_id)
);
CREATE INDEX requests_record_time ON requests (record_time);

-- Journal and feed --------------------------------------------------------------------------------

CREATE TABLE journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact_id uuid NOT NULL UNIQUE,
    site_id text NOT NULL,
    subject_id text NOT NULL,
    subject_version bigint NOT NULL CHECK (subject_version >= 1),
    type text NOT NULL,
    occurred_time timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    actor text NOT NULL,
    acting_for text NOT NULL,
    -- [[source, subject_id, version], …]
    causes jsonb NOT NULL,
    trace text NOT NULL,
    payload bytea NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    must_understand boolean NOT NULL DEFAULT false,
    UNIQUE (subject_id, subject_version)
);

CREATE FUNCTION journal_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is only ever added to' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER journal_is_final BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_final();
CREATE TRIGGER journal_is_not_truncated BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_final();

-- Journal rows that have no place in the feed yet. A row committed late has a lower id than some
-- that are stamped already; that is why the stamper can't go by "ids above the last".
-- No foreign keys here and in the feed: they would cost each fact a lookup, and fsck looks.
CREATE TABLE journal_pending (
    journal_id bigint PRIMARY KEY
);

CREATE TABLE feed (
    position bigint PRIMARY KEY CHECK (position >= 1),
    site_id text NOT NULL,
    site_sequence bigint NOT NULL CHECK (site_sequence >= 1),
    site_hash bytea NOT NULL CHECK (octet_length(site_hash) = 32),
    journal_id bigint NOT NULL UNIQUE,
    UNIQUE (site_id, site_sequence)
);
CREATE TRIGGER feed_is_final BEFORE UPDATE OR DELETE ON feed
    FOR EACH ROW EXECUTE FUNCTION journal_is_final();
CREATE TRIGGER feed_is_not_truncated BEFORE TRUNCATE ON feed
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_final();

CREATE TABLE feed_heads (
    site_id text PRIMARY KEY,
    site_sequence bigint NOT NULL,
    site_hash bytea NOT NULL
);

-- Last position known to be with the broker.
CREATE TABLE relay_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL CHECK (position >= 0)
);
INSERT INTO relay_head (position) VALUES (0);

-- Gate --------------------------------------------------------------------------------------------

CREATE TABLE gates (
    source text NOT NULL,
    subject_id text NOT NULL,
    site_id text NOT NULL,
    -- Last version applied.
    version bigint NOT NULL CHECK (version >= 1),
    -- 8 bytes of the hash of each of the last 256 versions, the newest at the end.
    hashes bytea NOT NULL CHECK (octet_length(hashes) % 8 = 0),
    PRIMARY KEY (subject_id, source)
) WITH (fillfactor = 80);

-- Facts that came before something they follow, or that wait for another try.
CREATE TABLE parked (
    source text NOT NULL,
    subject_id text NOT NULL,
    version bigint NOT NULL,
    site_id text NOT NULL,
    fact bytea NOT NULL,
    parked_time timestamptz NOT NULL,
    -- What it waits for; null when it only waits for its next try.
    awaits_source text,
    awaits_subject_id text,
    awaits_version bigint,
    -- When it may be tried again.
    retry_time timestamptz,
    PRIMARY KEY (subject_id, source, version),
    CHECK ((awaits_source IS NULL) = (retry_time IS NOT NULL))
);
CREATE INDEX parked_awaits ON parked (awaits_source, awaits_subject_id, awaits_version);
CREATE INDEX parked_retry_time ON parked (retry_time) WHERE retry_time IS NOT NULL;

-- Tries of facts that failed, or may have brought the process down.
CREATE TABLE attempts (
    source text NOT NULL,
    subject_id text NOT NULL,
    version bigint NOT NULL,
    site_id text NOT NULL,
    attempt_count integer NOT NULL,
    PRIMARY KEY (subject_id, source, version)
);

CREATE TABLE quarantine (
    quarantine_id uuid PRIMARY KEY,
    -- Empty and zero where the bytes gave no address.
    source text NOT NULL,
    subject_id text NOT NULL,
    version bigint NOT NULL,
    site_id text NOT NULL,
    fact bytea NOT NULL,
    fact_digest bytea NOT NULL,
    reason text NOT NULL
        CHECK (reason IN ('FAILED', 'FORK', 'UNREADABLE', 'UNKNOWN_TYPE', 'DEAD_LETTERED')),
    detail text NOT NULL,
    quarantine_time timestamptz NOT NULL,
    -- The same bytes for the same address are kept once.
    UNIQUE (subject_id, source, version, fact_digest)
);
CREATE INDEX quarantine_time ON quarantine (quarantine_time, quarantine_id);

-- Jobs --------------------------------------------------------------------------------------------

CREATE TABLE jobs (
    job_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    kind text NOT NULL,
    payload bytea NOT NULL,
    cursor text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'DONE')),
    done_count bigint NOT NULL DEFAULT 0,
    total_count bigint NOT NULL DEFAULT 0,
    failure_count integer NOT NULL DEFAULT 0,
    -- Not worked on before; moved ahead after a failure.
    next_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    finish_time timestamptz,
    CHECK ((state = 'DONE') = (finish_time IS NOT NULL))
);
CREATE INDEX jobs_open ON jobs (next_time, job_id) WHERE state = 'OPEN';
CREATE INDEX jobs_create_time ON jobs (create_time DESC, job_id DESC);

-- Sealing -----------------------------------------------------------------------------------------

-- Keys wrapped by their parents; the root is a file outside of the database. A key that was
-- destroyed keeps its row and loses its bytes.
CREATE TABLE sealing_keys (
    key_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    -- Null for the site's own key.
    subject_id text,
    parent_key_id uuid REFERENCES sealing_keys (key_id),
    wrapped bytea,
    nonce bytea,
    CHECK ((subject_id IS NULL) = (parent_key_id IS NULL)),
    CHECK ((wrapped IS NULL) = (nonce IS NULL))
);
CREATE UNIQUE INDEX sealing_keys_site ON sealing_keys (site_id) WHERE subject_id IS NULL;
CREATE UNIQUE INDEX sealing_keys_subject ON sealing_keys (subject_id)
    WHERE subject_id IS NOT NULL;

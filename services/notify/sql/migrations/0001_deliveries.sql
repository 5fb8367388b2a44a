-- Sites and their names, contacts of the staff, what is known of cases, and every message.

-- Copies of the directory -------------------------------------------------------------------------

CREATE TABLE sites (
    site_id text PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL
);

-- What codes are called; replaced whole with each directory.
CREATE TABLE names (
    site_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('UNIT', 'PERSON', 'POSITION', 'CATEGORY')),
    code text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site_id, kind, code)
);

-- Contacts ----------------------------------------------------------------------------------------

-- How to reach the staff, under the key of the subject "contacts/<site>".
CREATE TABLE contacts (
    site_id text NOT NULL,
    person_id text NOT NULL,
    key_id uuid NOT NULL,
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
    ciphertext bytea NOT NULL,
    put_time timestamptz NOT NULL,
    PRIMARY KEY (site_id, person_id)
);

-- Cases -------------------------------------------------------------------------------------------

CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    number text NOT NULL,
    category text NOT NULL,
    place text NOT NULL,
    unit_id text NOT NULL,
    urgent boolean NOT NULL,
    confidentiality text NOT NULL,
    has_phone boolean NOT NULL,
    has_email boolean NOT NULL,
    receiver text NOT NULL,
    steward text NOT NULL,
    accountable text NOT NULL,
    -- In charge of a long-standing case; empty when nobody is.
    leader text NOT NULL,
    accepted boolean NOT NULL,
    level integer NOT NULL CHECK (level >= 0),
    -- Facts of routing about an older one are ignored.
    cycle integer NOT NULL CHECK (cycle >= 1),
    state text NOT NULL CHECK (state IN ('OPEN', 'RESOLVED', 'CLOSED')),
    -- Owes the first reply in the steward's place; empty when nobody does.
    first_reply_by text NOT NULL,
    -- Persons it is about, for whom it isn't there; they and the recused are told nothing of it.
    about_persons text[] NOT NULL,
    shielded text[] NOT NULL,
    -- A deadline was noticed late, by so much: what it leads to before that real time, on the
    -- database's own clock, is told late as well.
    late_until timestamptz,
    late_by interval,
    CHECK ((late_until IS NULL) = (late_by IS NULL)),
    CHECK (about_persons <@ shielded)
) WITH (fillfactor = 80);

-- Whose a work order is, for the day on which it is late.
CREATE TABLE work_orders (
    work_order_id text PRIMARY KEY,
    case_id uuid NOT NULL,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    -- Empty when nobody was known.
    head text NOT NULL,
    -- Has asked for more time, which nobody has decided on yet; empty otherwise.
    asked_by text NOT NULL DEFAULT ''
);
CREATE INDEX work_orders_case ON work_orders (case_id);

-- Messages ----------------------------------------------------------------------------------------

CREATE TABLE deliveries (
    delivery_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    -- Whose facts tell of it: the case, or what else it is about ("calendar/<site>").
    subject_id text NOT NULL,
    case_id uuid,
    -- The fact it follows from.
    fact_source text NOT NULL,
    fact_version bigint NOT NULL,
    recipient text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('PHONE', 'EMAIL', 'PAPER')),
    template text NOT NULL,
    reference text NOT NULL,
    urgent boolean NOT NULL,
    -- Goes out with others of its recipient that were noticed late; with which, is settled when it
    -- is first tried, and stays.
    digest boolean NOT NULL,
    digest_id uuid,
    context jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('PLANNED', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN')),
    attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
    problem text NOT NULL DEFAULT '',
    -- Decision times.
    plan_time timestamptz NOT NULL,
    finish_time timestamptz,
    -- Real seconds, on the database's own clock: not tried before, and end of a worker's hold.
    next_time timestamptz,
    lease_time timestamptz,
    -- A fact tells nobody the same thing twice by the same way.
    UNIQUE (subject_id, fact_source, fact_version, recipient, channel),
    CHECK (case_id::text = subject_id),
    CHECK (digest OR digest_id IS NULL),
    CHECK ((state = 'PLANNED') = (next_time IS NOT NULL)),
    CHECK ((state = 'SENDING') = (lease_time IS NOT NULL)),
    CHECK ((state IN ('SENT', 'FAILED', 'UNKNOWN')) = (finish_time IS NOT NULL))
) WITH (fillfactor = 80);
-- All three stay as small as what is in the air.
CREATE INDEX deliveries_planned ON deliveries (urgent DESC, next_time, delivery_id)
    WHERE state = 'PLANNED' AND NOT digest;
CREATE INDEX deliveries_digests ON deliveries (site_id, recipient, channel, next_time)
    WHERE state = 'PLANNED' AND digest;
CREATE INDEX deliveries_sending ON deliveries (lease_time) WHERE state = 'SENDING';
CREATE INDEX deliveries_case ON deliveries (case_id, plan_time, delivery_id);

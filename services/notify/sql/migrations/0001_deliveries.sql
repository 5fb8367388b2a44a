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
    accepted boolean NOT NULL,
    level integer NOT NULL CHECK (level >= 0),
    -- Facts of routing about an older one are ignored.
    cycle integer NOT NULL CHECK (cycle >= 1),
    state text NOT NULL CHECK (state IN ('OPEN', 'RESOLVED', 'CLOSED'))
) WITH (fillfactor = 80);

-- Whose a work order is, for the day on which it is late.
CREATE TABLE work_orders (
    work_order_id text PRIMARY KEY,
    case_id uuid NOT NULL,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    -- Empty when nobody was known.
    head text NOT NULL
);
CREATE INDEX work_orders_case ON work_orders (case_id);

-- Messages ----------------------------------------------------------------------------------------

CREATE TABLE deliveries (
    delivery_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    case_id uuid NOT NULL,
    -- The fact it follows from.
    fact_source text NOT NULL,
    fact_version bigint NOT NULL,
    recipient text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('PHONE', 'EMAIL', 'PAPER')),
    template text NOT NULL,
    reference text NOT NULL,
    urgent boolean NOT NULL,
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
    UNIQUE (case_id, fact_source, fact_version, recipient, channel),
    CHECK ((state = 'PLANNED') = (next_time IS NOT NULL)),
    CHECK ((state = 'SENDING') = (lease_time IS NOT NULL)),
    CHECK ((state IN ('SENT', 'FAILED', 'UNKNOWN')) = (finish_time IS NOT NULL))
) WITH (fillfactor = 80);
-- Both stay as small as what is in the air.
CREATE INDEX deliveries_planned ON deliveries (urgent DESC, next_time, delivery_id)
    WHERE state = 'PLANNED';
CREATE INDEX deliveries_sending ON deliveries (lease_time) WHERE state = 'SENDING';
CREATE INDEX deliveries_case ON deliveries (case_id, plan_time, delivery_id);

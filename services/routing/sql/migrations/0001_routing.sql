-- Organisation, matrix, roster, routes and work orders.
-- Runs inside the service's own schema, as its owner, after the foundation.

-- Organisation ------------------------------------------------------------------------------------
-- One directory per site, replaced whole; earlier ones are in the journal. `ordinal` keeps the
-- order in which it was published.

CREATE TABLE sites (
    site_id text PRIMARY KEY,
    name text NOT NULL,
    number_prefix text NOT NULL,
    time_zone text NOT NULL,
    directory_version bigint NOT NULL CHECK (directory_version >= 1),
    -- The ones in force; 0 before the first.
    matrix_version bigint NOT NULL DEFAULT 0 CHECK (matrix_version >= 0),
    roster_version bigint NOT NULL DEFAULT 0 CHECK (roster_version >= 0),
    -- Last local day whose rows of the matrix open cases were moved to; never goes back.
    handover_date date NOT NULL
);

CREATE TABLE units (
    site_id text NOT NULL,
    unit_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('DEPARTMENT', 'WORKSHOP', 'TEAM', 'JOINT_TEAM')),
    -- Empty for a root.
    parent_id text NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, unit_id)
);

CREATE TABLE people (
    site_id text NOT NULL,
    person_id text NOT NULL,
    name text NOT NULL,
    unit_id text NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, person_id)
);

CREATE TABLE positions (
    site_id text NOT NULL,
    position_id text NOT NULL,
    name text NOT NULL,
    -- Empty when vacant.
    holder text NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, position_id)
);

CREATE TABLE posts (
    site_id text NOT NULL,
    post_id text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, post_id)
);

CREATE TABLE categories (
    site_id text NOT NULL,
    category_id text NOT NULL,
    name text NOT NULL,
    group_category_id text NOT NULL,
    lead_unit_id text NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, category_id)
);

CREATE TABLE ladder_levels (
    site_id text NOT NULL,
    -- 1 = the first above the steward.
    level integer NOT NULL CHECK (level >= 1),
    position_id text NOT NULL,
    -- How long it may stay silent: working days, or seconds of working time; the other is 0.
    dwell_working_days integer NOT NULL CHECK (dwell_working_days >= 0),
    dwell_working_seconds integer NOT NULL CHECK (dwell_working_seconds >= 0),
    PRIMARY KEY (site_id, level),
    CHECK ((dwell_working_days = 0) <> (dwell_working_seconds = 0))
);

-- Matrix and roster -------------------------------------------------------------------------------
-- Versions are kept, so that a past instant is answered by what was known then or later.

CREATE TABLE matrix_versions (
    site_id text NOT NULL,
    version bigint NOT NULL,
    leading_office text NOT NULL,
    supporting_office text NOT NULL,
    basis_document text NOT NULL,
    publish_time timestamptz NOT NULL,
    PRIMARY KEY (site_id, version)
);

CREATE TABLE responsibilities (
    site_id text NOT NULL,
    version bigint NOT NULL,
    unit_id text NOT NULL,
    role text NOT NULL CHECK (role IN ('STEWARD', 'INSTRUCTOR', 'TECHNICIAN', 'HEAD')),
    person_id text NOT NULL,
    -- Local days, both included; null = open.
    start_date date NOT NULL,
    end_date date CHECK (end_date >= start_date),
    PRIMARY KEY (site_id, version, unit_id, role, start_date)
);

CREATE TABLE roster_versions (
    site_id text NOT NULL,
    version bigint NOT NULL,
    publish_time timestamptz NOT NULL,
    PRIMARY KEY (site_id, version)
);

CREATE TABLE shifts (
    site_id text NOT NULL,
    version bigint NOT NULL,
    ordinal integer NOT NULL,
    post_id text NOT NULL,
    position_id text NOT NULL,
    person_id text NOT NULL,
    start_date date NOT NULL,
    end_date date NOT NULL CHECK (end_date >= start_date),
    -- Seconds from local midnight; an end at or before the start is of the next day.
    start_second integer NOT NULL CHECK (start_second BETWEEN 0 AND 86399),
    end_second integer NOT NULL CHECK (end_second BETWEEN 0 AND 86400),
    PRIMARY KEY (site_id, version, ordinal),
    CHECK ((post_id = '') <> (position_id = ''))
);
CREATE INDEX shifts_position ON shifts (site_id, position_id, version) WHERE position_id <> '';
CREATE INDEX shifts_post ON shifts (site_id, post_id, version) WHERE post_id <> '';

-- Routes ------------------------------------------------------------------------------------------

CREATE TABLE routes (
    case_id text PRIMARY KEY,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'RESOLVED', 'CLOSED')),
    -- Empty while the dispatch room's queue has it.
    steward text NOT NULL,
    -- Follows from the columns below; written out so that it can be read and checked.
    accountable text NOT NULL CHECK (accountable <> ''),
    rule text NOT NULL
        CHECK (rule IN ('RESPONSIBILITY', 'DUTY_LEAD', 'QUEUE', 'MANUAL', 'HANDOVER')),
    reasons text[] NOT NULL,
    also_told text[] NOT NULL,
    assign_time timestamptz NOT NULL,
    accepted_by text NOT NULL,
    accept_time timestamptz,
    level integer NOT NULL CHECK (level >= 0),
    level_position text NOT NULL,
    level_owner text NOT NULL,
    level_time timestamptz,
    -- The present level's answer.
    instruction text NOT NULL
        CHECK (instruction IN ('', 'TAKE_OVER', 'ORDER', 'CANNOT_BE_DONE')),
    instruction_text text NOT NULL,
    instructed_by text NOT NULL,
    instruct_time timestamptz,
    -- How often the case was worked on; each time begins at level 0.
    cycle integer NOT NULL CHECK (cycle >= 1),
    CHECK ((accepted_by = '') = (accept_time IS NULL)),
    CHECK ((level = 0) = (level_time IS NULL)),
    CHECK ((level = 0) = (level_position = '')),
    CHECK ((level = 0) = (level_owner = '')),
    CHECK ((instruction = '') = (instruct_time IS NULL)),
    CHECK (level > 0 OR instruction = '')
) WITH (fillfactor = 80);
-- Handover walks a site's cases in this order.
CREATE INDEX routes_not_closed ON routes (site_id, case_id) WHERE state <> 'CLOSED';

CREATE TABLE work_orders (
    work_order_id uuid PRIMARY KEY,
    case_id text NOT NULL REFERENCES routes (case_id),
    site_id text NOT NULL,
    unit_id text NOT NULL,
    lead boolean NOT NULL,
    task text NOT NULL,
    deadline_time timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('DISPATCHED', 'ACCEPTED', 'COMPLETED', 'RETURNED')),
    dispatch_time timestamptz NOT NULL,
    accepted_by text NOT NULL,
    accept_time timestamptz,
    completed_by text NOT NULL,
    result text NOT NULL,
    complete_time timestamptz,
    -- How often units gave it back, and why the last time.
    return_count integer NOT NULL CHECK (return_count BETWEEN 0 AND 2),
    return_reason text NOT NULL,
    CHECK ((accepted_by = '') = (accept_time IS NULL)),
    CHECK (state <> 'DISPATCHED' OR accept_time IS NULL),
    CHECK (state <> 'ACCEPTED' OR accept_time IS NOT NULL),
    CHECK (state <> 'RETURNED' OR return_count > 0),
    CHECK ((return_count = 0) = (return_reason = '')),
    CHECK ((state = 'COMPLETED') = (complete_time IS NOT NULL)),
    CHECK ((completed_by = '') = (complete_time IS NULL))
);
-- Work order ids rise with their making.
CREATE INDEX work_orders_case ON work_orders (case_id, work_order_id);
-- One leads: a second lead would be nobody's.
CREATE UNIQUE INDEX work_orders_one_lead ON work_orders (case_id)
    WHERE lead AND state <> 'COMPLETED';

-- Leases on a case's work orders, one for each attempt to resolve it. A row that has lapsed says
-- that nobody told what became of the attempt. No reference to routes: a case that isn't known here
-- yet is sealed as well.
CREATE TABLE seals (
    case_id text NOT NULL,
    site_id text NOT NULL,
    holder text NOT NULL,
    until_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, holder)
);

-- Outreach ----------------------------------------------------------------------------------------
-- Contacts with units; a log, never changed. A unit that leaves the directory keeps its rows.

CREATE TABLE outreach (
    outreach_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    form text NOT NULL CHECK (form IN ('VISIT', 'CALL', 'MEETING')),
    place text NOT NULL CHECK (place <> ''),
    heard text NOT NULL CHECK (heard <> ''),
    done_by text NOT NULL,
    outreach_time timestamptz NOT NULL,
    record_time timestamptz NOT NULL
);
CREATE INDEX outreach_newest ON outreach (site_id, outreach_time, outreach_id);

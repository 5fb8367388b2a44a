-- Organisation, matrix, roster, routes and work orders.
-- Runs inside the service's own schema, as its owner, after the foundation.

-- Organisation ------------------------------------------------------------------------------------
-- One directory per site, replaced whole; earlier ones are kept as they were published. `ordinal`
-- keeps the order in which it was published. Days are local, both included; null = always.

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
    handover_date date NOT NULL,
    -- 0 = not limited; 0 = 90.
    span_limit integer NOT NULL CHECK (span_limit >= 0),
    recurrence_days integer NOT NULL CHECK (recurrence_days >= 0),
    -- Positions, in their order.
    alternate_chain text[] NOT NULL,
    -- Windows, as in posts.
    steward_hours jsonb NOT NULL
);

-- Every version, whole: `document` with what was inherited, `source` as it was published, both
-- backstop.routing.v1.Directory.
CREATE TABLE directory_versions (
    site_id text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL,
    -- 0 for none.
    template_version bigint NOT NULL CHECK (template_version >= 0),
    document bytea NOT NULL,
    source bytea NOT NULL,
    PRIMARY KEY (site_id, version)
);
CREATE INDEX directory_versions_time ON directory_versions (site_id, publish_time, version);

-- The group's; no site's. `document` is a backstop.routing.v1.GroupTemplate.
CREATE TABLE templates (
    version bigint PRIMARY KEY CHECK (version >= 1),
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL,
    document bytea NOT NULL
);

CREATE TABLE units (
    site_id text NOT NULL,
    unit_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('DEPARTMENT', 'WORKSHOP', 'TEAM', 'JOINT_TEAM')),
    -- Empty for a root.
    parent_id text NOT NULL,
    start_date date,
    end_date date CHECK (end_date >= start_date),
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, unit_id)
);

CREATE TABLE people (
    site_id text NOT NULL,
    person_id text NOT NULL,
    name text NOT NULL,
    unit_id text NOT NULL,
    start_date date,
    end_date date CHECK (end_date >= start_date),
    group_code text NOT NULL,
    contact_ref text NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, person_id)
);

CREATE TABLE positions (
    site_id text NOT NULL,
    position_id text NOT NULL,
    name text NOT NULL,
    -- Empty when vacant.
    holder text NOT NULL,
    -- Outside the mine.
    outside boolean NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, position_id)
);

CREATE TABLE posts (
    site_id text NOT NULL,
    post_id text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    -- Whose place it is; may be empty.
    unit_id text NOT NULL,
    -- [{"start", "end": seconds from midnight, "weekdays": [0–6], "from", "to": days or null}]
    windows jsonb NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, post_id)
);

CREATE TABLE categories (
    site_id text NOT NULL,
    category_id text NOT NULL,
    name text NOT NULL,
    group_category_id text NOT NULL,
    lead_unit_id text NOT NULL,
    supporting_unit_ids text[] NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (site_id, category_id)
);

CREATE TABLE place_rules (
    site_id text NOT NULL,
    ordinal integer NOT NULL,
    place text NOT NULL CHECK (place <> ''),
    -- Empty for all.
    category_id text NOT NULL,
    unit_id text NOT NULL,
    PRIMARY KEY (site_id, ordinal)
);

CREATE TABLE role_requirements (
    site_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('DEPARTMENT', 'WORKSHOP', 'TEAM', 'JOINT_TEAM')),
    roles text[] NOT NULL,
    PRIMARY KEY (site_id, kind)
);

CREATE TABLE ladder_levels (
    site_id text NOT NULL,
    -- Empty for the site's own; categories may have one of their own.
    category_id text NOT NULL,
    -- 1 = the first above the steward.
    level integer NOT NULL CHECK (level >= 1),
    position_id text NOT NULL,
    -- How long it may stay silent: working days, or seconds of working time; the other is 0.
    dwell_working_days integer NOT NULL CHECK (dwell_working_days >= 0),
    dwell_working_seconds integer NOT NULL CHECK (dwell_working_seconds >= 0),
    PRIMARY KEY (site_id, category_id, level),
    CHECK ((dwell_working_days = 0) <> (dwell_working_seconds = 0))
);

-- Matrix and roster -------------------------------------------------------------------------------

CREATE TABLE matrix_versions (
    site_id text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    leading_office text NOT NULL,
    supporting_office text NOT NULL,
    basis_document text NOT NULL,
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (site_id, version)
);
CREATE INDEX matrix_versions_time ON matrix_versions (site_id, publish_time, version);

-- Two times: a row holds on its days, and was part of the matrix from one version up to another.
-- So every past instant can be asked about, as it was known then or later.
CREATE TABLE responsibilities (
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    role text NOT NULL CHECK (role IN ('STEWARD', 'INSTRUCTOR', 'TECHNICIAN', 'HEAD')),
    person_id text NOT NULL,
    -- Who stands in while the person is away; may be empty.
    deputy text NOT NULL,
    -- Local days, both included; null = open.
    start_date date NOT NULL,
    end_date date CHECK (end_date >= start_date),
    -- First version that has the row, and first that hasn't any more; null = in force.
    since_version bigint NOT NULL CHECK (since_version >= 1),
    until_version bigint CHECK (until_version > since_version),
    -- Nobody shares a role in a unit on a day, by whatever version. The hash leads the tree, since
    -- keys of one site differ late in their text; and expressions, not columns, keep the planner
    -- from taking this index for lookups, for which it is slow.
    CONSTRAINT responsibilities_one_holder EXCLUDE USING gist (
        hashtextextended(site_id || '/' || unit_id || '/' || role, 0)
            extensions.gist_int8_ops WITH =,
        (site_id || '/' || unit_id || '/' || role) extensions.gist_text_ops WITH =,
        int8range(since_version, until_version) WITH &&,
        daterange(start_date, end_date, '[]') WITH &&
    )
);
CREATE INDEX responsibilities_unit ON responsibilities (site_id, unit_id, role, since_version);
CREATE INDEX responsibilities_in_force ON responsibilities (site_id, unit_id, role)
    WHERE until_version IS NULL;
CREATE INDEX responsibilities_person ON responsibilities (site_id, person_id)
    WHERE until_version IS NULL;

-- Days on which a person answers for nothing. Never changed but for `cancel_time`.
CREATE TABLE absences (
    absence_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    person_id text NOT NULL,
    start_date date NOT NULL,
    end_date date NOT NULL CHECK (end_date >= start_date),
    -- Stands in for everything; when empty each row's own deputy does.
    deputy text NOT NULL,
    reason text NOT NULL,
    recorded_by text NOT NULL,
    record_time timestamptz NOT NULL,
    cancel_time timestamptz,
    CONSTRAINT absences_once EXCLUDE USING gist (
        site_id extensions.gist_text_ops WITH =,
        person_id extensions.gist_text_ops WITH =,
        daterange(start_date, end_date, '[]') WITH &&
    ) WHERE (cancel_time IS NULL)
);
CREATE INDEX absences_site ON absences (site_id, end_date, start_date);
CREATE INDEX absences_person ON absences (site_id, person_id, end_date);

CREATE TABLE roster_versions (
    site_id text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (site_id, version)
);
CREATE INDEX roster_versions_time ON roster_versions (site_id, publish_time, version);

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
CREATE INDEX shifts_person ON shifts (site_id, person_id, version);

-- One day's shift of one person, taken by another; of one version of the roster. The last one of a
-- shift counts.
CREATE TABLE shift_swaps (
    swap_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    version bigint NOT NULL,
    post_id text NOT NULL,
    position_id text NOT NULL,
    -- Local day on which the shift begins.
    day date NOT NULL,
    start_second integer NOT NULL CHECK (start_second BETWEEN 0 AND 86399),
    from_person_id text NOT NULL,
    to_person_id text NOT NULL,
    reason text NOT NULL,
    approved_by text NOT NULL,
    record_time timestamptz NOT NULL,
    CHECK ((post_id = '') <> (position_id = '')),
    CHECK (from_person_id <> to_person_id)
);
CREATE INDEX shift_swaps_day ON shift_swaps (site_id, version, day);

-- Routes ------------------------------------------------------------------------------------------

CREATE TABLE routes (
    case_id text PRIMARY KEY,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    -- What intake registered, as far as routing decides by it.
    category text NOT NULL,
    place text NOT NULL,
    post_id text NOT NULL,
    receiver text NOT NULL,
    register_time timestamptz NOT NULL,
    -- Whom the case is about, and who was recused: none of them has it in hand.
    about_persons text[] NOT NULL,
    recused_persons text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'RESOLVED', 'CLOSED')),
    -- Of the last resolution; null while it is worked on.
    resolve_time timestamptz,
    -- When it came out that the repair did not last.
    not_lasting_time timestamptz,
    -- Empty while a position has it: the dispatch room, or this one.
    steward text NOT NULL,
    fallback_position text NOT NULL CHECK (fallback_position = '' OR steward = ''),
    -- Follows from the columns below; written out so that it can be read and checked.
    accountable text NOT NULL CHECK (accountable <> ''),
    accountable_since timestamptz NOT NULL,
    -- Owes the first reply while the steward has not accepted, or is off shift; may be empty.
    first_reply_by text NOT NULL,
    rule text NOT NULL CHECK (rule IN (
        'RESPONSIBILITY', 'DUTY_LEAD', 'QUEUE', 'MANUAL', 'HANDOVER', 'DEPUTY', 'POST', 'ALTERNATE'
    )),
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
        CHECK (instruction IN ('', 'TAKE_OVER', 'ORDER', 'CANNOT_BE_DONE', 'SEND_DOWN')),
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
-- Load of stewards.
CREATE INDEX routes_steward ON routes (site_id, steward) WHERE state = 'OPEN';
-- Does an appeal say that a repair did not last?
CREATE INDEX routes_solved ON routes (site_id, category, place, resolve_time)
    WHERE state <> 'OPEN' AND place <> '';
-- Contacts with a unit: a case taken there counts.
CREATE INDEX routes_unit ON routes (site_id, unit_id, register_time);

-- How a case came to whoever had it, from the first time to the last; never changed.
CREATE TABLE decisions (
    case_id text NOT NULL REFERENCES routes (case_id),
    site_id text NOT NULL,
    ordinal integer NOT NULL CHECK (ordinal >= 1),
    accountable text NOT NULL,
    rule text NOT NULL,
    level integer NOT NULL CHECK (level >= 0),
    -- [{"rule", "candidate", "outcome", "zh", "en"}], in the order in which they were looked at.
    steps jsonb NOT NULL,
    decided_by text NOT NULL,
    decide_time timestamptz NOT NULL,
    handover_note text NOT NULL,
    PRIMARY KEY (case_id, ordinal)
);

-- With whom a case lay, from when on: persons, "position:<id>", "unit:<id>", "reporter"; several
-- share the time. Empty once it is closed.
CREATE TABLE tenures (
    case_id text NOT NULL REFERENCES routes (case_id),
    site_id text NOT NULL,
    ordinal integer NOT NULL CHECK (ordinal >= 1),
    start_time timestamptz NOT NULL,
    holders text[] NOT NULL,
    PRIMARY KEY (case_id, ordinal)
);

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
    -- [{"name", "reference", "sha256"}]
    evidence jsonb NOT NULL,
    reopen_count integer NOT NULL CHECK (reopen_count >= 0),
    -- The last time: its unit can't have done before what was opened again then.
    reopen_time timestamptz,
    -- The extension that was asked for and waits for a decision.
    extension_deadline_time timestamptz,
    extension_reason text NOT NULL,
    extension_asked_by text NOT NULL,
    extension_ask_time timestamptz,
    CHECK ((extension_deadline_time IS NULL) = (extension_ask_time IS NULL)),
    CHECK ((extension_deadline_time IS NULL) = (extension_asked_by = '')),
    CHECK ((accepted_by = '') = (accept_time IS NULL)),
    CHECK (state <> 'DISPATCHED' OR accept_time IS NULL),
    CHECK (state <> 'ACCEPTED' OR accept_time IS NOT NULL),
    CHECK (state <> 'RETURNED' OR return_count > 0),
    CHECK ((return_count = 0) = (return_reason = '')),
    CHECK ((state = 'COMPLETED') = (complete_time IS NOT NULL)),
    CHECK ((completed_by = '') = (complete_time IS NULL)),
    CHECK ((reopen_count = 0) = (reopen_time IS NULL))
);
-- Work order ids rise with their making.
CREATE INDEX work_orders_case ON work_orders (case_id, work_order_id);
-- Load of units.
CREATE INDEX work_orders_unit ON work_orders (site_id, unit_id) WHERE state <> 'COMPLETED';
-- One leads: a second lead would be nobody's.
CREATE UNIQUE INDEX work_orders_one_lead ON work_orders (case_id)
    WHERE lead AND state <> 'COMPLETED';

-- Several departments looked together; a log, never changed.
CREATE TABLE surveys (
    survey_id uuid PRIMARY KEY,
    case_id text NOT NULL REFERENCES routes (case_id),
    site_id text NOT NULL,
    unit_ids text[] NOT NULL,
    place text NOT NULL,
    findings text NOT NULL,
    evidence jsonb NOT NULL,
    recorded_by text NOT NULL,
    survey_time timestamptz NOT NULL
);
CREATE INDEX surveys_case ON surveys (case_id, survey_time);

-- What rulings say about the category table, until somebody decides.
CREATE TABLE category_proposals (
    proposal_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    category_id text NOT NULL,
    -- The unit of the table when it was first proposed; may be empty.
    table_unit_id text NOT NULL,
    unit_id text NOT NULL,
    case_ids text[] NOT NULL,
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    decision text NOT NULL CHECK (decision IN ('', 'TAKEN_OVER', 'DECLINED')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    decide_time timestamptz,
    CHECK ((decision = '') = (decide_time IS NULL))
);
CREATE UNIQUE INDEX category_proposals_open ON category_proposals (site_id, category_id, unit_id)
    WHERE decision = '';

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

-- Sweeps ------------------------------------------------------------------------------------------
-- One row per site that is to look: each sees its own share.

CREATE TABLE sweeps (
    sweep_id uuid NOT NULL,
    site_id text NOT NULL,
    -- The solved case that it starts from.
    case_id text NOT NULL,
    case_site_id text NOT NULL,
    category text NOT NULL,
    defect text NOT NULL CHECK (defect <> ''),
    due_date date NOT NULL,
    opened_by text NOT NULL,
    open_time timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'CLOSED')),
    closed_by text NOT NULL,
    close_reason text NOT NULL,
    close_time timestamptz,
    PRIMARY KEY (sweep_id, site_id),
    CHECK ((state = 'CLOSED') = (close_time IS NOT NULL))
);
CREATE INDEX sweeps_newest ON sweeps (site_id, open_time, sweep_id);
-- A site sees those that start from its cases as well, wherever they look.
CREATE INDEX sweeps_started ON sweeps (case_site_id, open_time, sweep_id);
CREATE INDEX sweeps_case ON sweeps (case_id);

CREATE TABLE sweep_tasks (
    task_id uuid PRIMARY KEY,
    sweep_id uuid NOT NULL,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    place text NOT NULL,
    finding text NOT NULL CHECK (finding IN ('', 'NONE', 'FOUND', 'FIXED', 'PLANNED')),
    words text NOT NULL,
    planned_date date,
    evidence jsonb NOT NULL,
    answered_by text NOT NULL,
    answer_time timestamptz,
    late boolean NOT NULL,
    -- The case that was registered for it; empty until intake has.
    found_case_id text NOT NULL,
    not_lasting_time timestamptz,
    FOREIGN KEY (sweep_id, site_id) REFERENCES sweeps (sweep_id, site_id),
    CHECK ((finding = '') = (answer_time IS NULL)),
    CHECK ((finding = 'PLANNED') = (planned_date IS NOT NULL))
);
CREATE INDEX sweep_tasks_sweep ON sweep_tasks (sweep_id, task_id);
CREATE INDEX sweep_tasks_fixed ON sweep_tasks (site_id, unit_id, answer_time)
    WHERE finding = 'FIXED';

-- Outreach ----------------------------------------------------------------------------------------
-- Contacts with units; a log, never changed. A unit that leaves the directory keeps its rows.

CREATE TABLE outreach (
    outreach_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    form text NOT NULL CHECK (form IN ('VISIT', 'CALL', 'MEETING', 'DESK_TALK')),
    place text NOT NULL CHECK (place <> ''),
    heard text NOT NULL CHECK (heard <> ''),
    done_by text NOT NULL,
    outreach_time timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    -- The same for all units of one meeting.
    occasion_id uuid NOT NULL,
    case_ids text[] NOT NULL,
    -- 0 when nobody counted.
    heard_count integer NOT NULL CHECK (heard_count >= 0)
);
CREATE INDEX outreach_newest ON outreach (site_id, outreach_time, outreach_id);
CREATE INDEX outreach_unit ON outreach (site_id, unit_id, outreach_time);
CREATE INDEX outreach_occasion ON outreach (occasion_id);

-- By when a unit should be heard of, as sla counts it.
CREATE TABLE outreach_clocks (
    site_id text NOT NULL,
    unit_id text NOT NULL,
    clock_id text NOT NULL,
    start_time timestamptz NOT NULL,
    due_time timestamptz NOT NULL,
    -- Reported as overdue.
    breach_time timestamptz,
    PRIMARY KEY (site_id, unit_id)
);

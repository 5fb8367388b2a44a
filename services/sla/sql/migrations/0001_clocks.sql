-- Sites with their calendars and policies; cases as sla knows them; their clocks.

CREATE TABLE sites (
    site_id text PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    -- In force.
    calendar_version integer NOT NULL CHECK (calendar_version >= 1),
    policy_version integer NOT NULL CHECK (policy_version >= 1),
    -- [[working days, seconds of working time], …] of each level's dwell, from level 1 up.
    ladder jsonb NOT NULL DEFAULT '[]'
);

-- Never changed, only followed by the next version: verdicts can be explained by the calendar that
-- they were counted with.
CREATE TABLE calendars (
    site_id text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    -- backstop.sla.v1.Calendar.
    document bytea NOT NULL,
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (site_id, version)
);

-- The group's template, which sites inherit; of no site, so everyone may read it.
CREATE TABLE templates (
    version integer PRIMARY KEY CHECK (version >= 1),
    -- backstop.sla.v1.Policy.
    document bytea NOT NULL,
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL
);

-- Never changed, only followed by the next version: running clocks refer to the one they began with.
CREATE TABLE policies (
    site_id text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    -- backstop.sla.v1.Policy, as published for the site.
    document bytea NOT NULL,
    -- Of the group's template that it inherits; 0 = none.
    template_version integer NOT NULL CHECK (template_version >= 0),
    publish_time timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (site_id, version)
);

CREATE TABLE cases (
    case_id text PRIMARY KEY,
    site_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'RESOLVED', 'CLOSED')),
    cycle integer NOT NULL CHECK (cycle >= 1),
    occurred_time timestamptz NOT NULL,
    category text NOT NULL,
    kind text NOT NULL,
    urgency text NOT NULL,
    unit_id text NOT NULL,
    anonymous boolean NOT NULL,
    -- Persons of the site whom it is about; for them it isn't there.
    about_persons text[] NOT NULL DEFAULT '{}',
    long_standing boolean NOT NULL,
    steward text NOT NULL,
    -- A person, a position that nobody holds ("position:…"), or empty while nobody is named.
    accountable text NOT NULL,
    -- The position that has it while there is no steward, "position:…"; empty for the dispatch room.
    fallback text NOT NULL DEFAULT '',
    level integer NOT NULL CHECK (level >= 0),
    -- When it came to its level of the ladder; null at the foot of it.
    level_time timestamptz,
    -- At the top of the ladder, or at a level that nobody holds.
    at_ladder_end boolean NOT NULL,
    pause_reason text CHECK (
        pause_reason IN ('WAITING_FOR_REPORTER', 'WAITING_FOR_OUTAGE_WINDOW', 'FORCE_MAJEURE')
    ),
    pause_words text NOT NULL,
    pause_approved_by text NOT NULL,
    pause_start_time timestamptz,
    pause_latest_end_time timestamptz,
    -- Earliest next_fire_time of its clocks.
    next_wake_time timestamptz,
    CHECK ((next_wake_time IS NULL) = (state = 'CLOSED')),
    CHECK ((pause_reason IS NULL) = (pause_start_time IS NULL)),
    CHECK ((pause_reason IS NULL) = (pause_latest_end_time IS NULL)),
    CHECK (pause_reason IS NULL OR state = 'OPEN')
) WITH (fillfactor = 80);

-- History of a site's period, and when a unit was last heard of.
CREATE INDEX cases_occurred ON cases (site_id, occurred_time, case_id);
CREATE INDEX cases_unit ON cases (site_id, unit_id, occurred_time);

-- Everything that ever happened to a case, as it was applied: clocks follow from it, and can be
-- computed again from it. Only ever added to; `id` is the order within a case, whose subject is
-- locked.
CREATE TABLE acts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    case_id text NOT NULL,
    site_id text NOT NULL,
    -- Name of the class in domain/acts.py, and its fields.
    kind text NOT NULL,
    detail jsonb NOT NULL,
    -- Decision time at which it was applied, when the suite first knew, and the case's version then.
    apply_time timestamptz NOT NULL,
    known_time timestamptz NOT NULL,
    serial bigint NOT NULL,
    policy_version integer NOT NULL,
    calendar_version integer NOT NULL,
    actor text NOT NULL,
    cause text NOT NULL,
    PRIMARY KEY (case_id, id)
);
CREATE TRIGGER acts_are_final BEFORE UPDATE OR DELETE ON acts
    FOR EACH ROW EXECUTE FUNCTION journal_is_final();
CREATE TRIGGER acts_are_not_truncated BEFORE TRUNCATE ON acts
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_final();

-- No foreign key to cases: every clock would pay a lookup for it, and fsck looks.
CREATE TABLE clocks (
    clock_id uuid PRIMARY KEY,
    -- The case; of OUTREACH "outreach/<site>/<unit>".
    subject_id text NOT NULL,
    site_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'FIRST_REPLY', 'PLAN', 'PROGRESS', 'RESOLUTION', 'WORK_ORDER', 'CONFIRMATION',
        'ESCALATION', 'REMINDER', 'RULING', 'OUTREACH', 'PAUSE', 'CALLBACK', 'SILENCE', 'REVIEW'
    )),
    cycle integer NOT NULL CHECK (cycle >= 1),
    -- Id of the work order, answer or unit, "level:<number>" of the ladder, or empty.
    reference text NOT NULL,
    start_time timestamptz NOT NULL,
    -- The first instant that is too late.
    due_time timestamptz NOT NULL,
    state text NOT NULL
        CHECK (state IN ('RUNNING', 'PAUSED', 'BREACHED', 'MET', 'MET_LATE', 'CANCELLED')),
    provisional boolean NOT NULL,
    policy_version integer NOT NULL,
    calendar_version integer NOT NULL,
    -- How it is counted and what follows, complete, as JSON: it keeps the rule it began with.
    rule text NOT NULL,
    -- The deadline before any pause, of clocks whose deadline is given.
    given timestamptz,
    -- [[start, end], …] of the times it stood still, as JSON; the last end may be null. '' = none.
    pauses text NOT NULL,
    -- The next warning; null when none is to come.
    warn_time timestamptz,
    warned_count integer NOT NULL CHECK (warned_count >= 0),
    warned_time timestamptz,
    breach_time timestamptz,
    stop_time timestamptz,
    born_breached boolean NOT NULL,
    -- Warning or deadline, whichever comes next; null once nothing more can fire.
    next_fire_time timestamptz,
    CHECK ((next_fire_time IS NOT NULL) = (state = 'RUNNING')),
    CHECK ((stop_time IS NULL) OR state NOT IN ('RUNNING', 'PAUSED')),
    CHECK ((breach_time IS NOT NULL) OR state NOT IN ('BREACHED', 'MET_LATE')),
    CHECK (state <> 'PAUSED' OR pauses <> ''),
    CHECK (state <> 'MET' OR stop_time < due_time)
) WITH (fillfactor = 80);

-- What the timer asks for; holds armed clocks only, so looking costs the same however many are done.
CREATE INDEX clocks_due ON clocks (next_fire_time, clock_id) INCLUDE (subject_id)
    WHERE next_fire_time IS NOT NULL;
CREATE INDEX clocks_subject ON clocks (subject_id, start_time);
-- What is listed, and amended when terms change.
CREATE INDEX clocks_live ON clocks (site_id, due_time, clock_id)
    WHERE state IN ('RUNNING', 'PAUSED') OR (state = 'BREACHED' AND stop_time IS NULL);
-- A case owes each thing once.
CREATE UNIQUE INDEX clocks_running ON clocks (subject_id, kind, reference)
    WHERE state IN ('RUNNING', 'PAUSED');

-- A director's word on a breach, which stays on record.
CREATE TABLE excuses (
    clock_id uuid PRIMARY KEY,
    site_id text NOT NULL,
    case_id text NOT NULL,
    reason text NOT NULL,
    excused_by text NOT NULL,
    excuse_time timestamptz NOT NULL
);

-- Which years a site has been warned of, and in which week, so that it is told once a week.
CREATE TABLE year_warnings (
    site_id text NOT NULL,
    year integer NOT NULL,
    -- Monday of the week.
    week date NOT NULL,
    PRIMARY KEY (site_id, year, week)
);

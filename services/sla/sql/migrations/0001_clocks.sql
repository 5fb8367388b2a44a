-- Sites with their calendars and policies; cases as sla knows them; their clocks.

CREATE TABLE sites (
    site_id text PRIMARY KEY,
    name text NOT NULL,
    time_zone text NOT NULL,
    -- A new one with every change of the site's days, so that a copy in memory can be trusted.
    calendar_id uuid NOT NULL,
    policy_version integer NOT NULL CHECK (policy_version >= 1)
);

-- Years whose holidays and make-up days are announced; days of other years are provisional.
CREATE TABLE calendar_years (
    site_id text NOT NULL,
    year integer NOT NULL,
    PRIMARY KEY (site_id, year)
);

-- Days of announced years that differ from the plain week.
CREATE TABLE calendar_days (
    site_id text NOT NULL,
    day date NOT NULL,
    working boolean NOT NULL,
    PRIMARY KEY (site_id, day)
);

-- Never changed, only followed by the next version: running clocks refer to the one they began with.
CREATE TABLE policies (
    site_id text NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    first_reply_floor interval NOT NULL CHECK (first_reply_floor >= interval '0'),
    plan_working_days integer NOT NULL CHECK (plan_working_days >= 1),
    -- 0 = no progress clock.
    progress_working_days integer NOT NULL CHECK (progress_working_days >= 0),
    confirmation_working_days integer NOT NULL CHECK (confirmation_working_days >= 1),
    work_order_grace_working_days integer NOT NULL CHECK (work_order_grace_working_days >= 1),
    PRIMARY KEY (site_id, version)
);

CREATE TABLE cases (
    case_id text PRIMARY KEY,
    site_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'RESOLVED', 'CLOSED')),
    cycle integer NOT NULL CHECK (cycle >= 1),
    -- The dispatch-room queue answers for it, nobody by name.
    on_queue boolean NOT NULL,
    -- Nor does anyone below the ladder: a new cycle begins on the queue.
    no_steward boolean NOT NULL,
    -- When it came to its level of the ladder; null at the foot of it.
    level_time timestamptz,
    -- At the top of the ladder, or at a level that nobody holds.
    at_ladder_end boolean NOT NULL,
    -- Earliest next_fire_time of its clocks.
    next_wake_time timestamptz,
    CHECK ((next_wake_time IS NULL) = (state = 'CLOSED'))
) WITH (fillfactor = 80);

-- No foreign key to cases: every clock would pay a lookup for it, and fsck looks.
CREATE TABLE clocks (
    clock_id uuid PRIMARY KEY,
    case_id text NOT NULL,
    site_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'FIRST_REPLY', 'PLAN', 'PROGRESS', 'RESOLUTION', 'WORK_ORDER', 'CONFIRMATION',
        'ESCALATION', 'REMINDER'
    )),
    cycle integer NOT NULL CHECK (cycle >= 1),
    -- Id of the work order or answer, "level:<number>" of the ladder, or empty.
    reference text NOT NULL,
    start_time timestamptz NOT NULL,
    -- The first instant that is too late.
    due_time timestamptz NOT NULL,
    state text NOT NULL
        CHECK (state IN ('RUNNING', 'BREACHED', 'MET', 'MET_LATE', 'CANCELLED')),
    provisional boolean NOT NULL,
    policy_version integer NOT NULL,
    warn_time timestamptz,
    warned_time timestamptz,
    breach_time timestamptz,
    stop_time timestamptz,
    born_breached boolean NOT NULL,
    -- Warning or deadline, whichever comes next; null once nothing more can fire.
    next_fire_time timestamptz,
    CHECK ((next_fire_time IS NOT NULL) = (state = 'RUNNING')),
    CHECK ((stop_time IS NULL) OR state <> 'RUNNING'),
    CHECK ((breach_time IS NOT NULL) OR state NOT IN ('BREACHED', 'MET_LATE')),
    CHECK (state <> 'MET' OR stop_time < due_time)
) WITH (fillfactor = 80);

-- What the timer asks for; holds armed clocks only, so looking costs the same however many are done.
CREATE INDEX clocks_due ON clocks (next_fire_time, clock_id) INCLUDE (case_id)
    WHERE next_fire_time IS NOT NULL;
CREATE INDEX clocks_case ON clocks (case_id, start_time);
-- A case owes each thing once.
CREATE UNIQUE INDEX clocks_running ON clocks (case_id, kind, reference) WHERE state = 'RUNNING';

-- The whole life of a case: every way to register it, every way it ends, and what finds, counts and
-- hands it over. Old code goes on beside it: what is new has a default or a table of its own.

ALTER TABLE people ADD COLUMN unit_id text NOT NULL DEFAULT '';
-- Those who don't know a unit's id say its name.
CREATE INDEX units_name ON units (site_id, name);
ALTER TABLE categories ADD COLUMN group_category_id text NOT NULL DEFAULT '';

-- Numbers of the day were also given in blocks: some may never have been used.
ALTER TABLE counters ADD COLUMN blocks boolean NOT NULL DEFAULT false;

-- The site's duty roster, as far as entries are late by it.
CREATE TABLE shifts (
    site_id text NOT NULL,
    person_id text NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL CHECK (end_time > start_time),
    PRIMARY KEY (site_id, person_id, start_time)
);

-- A site's rules of the window and its lexicon; every version stays.
CREATE TABLE window_rules (
    site_id text NOT NULL,
    version bigint NOT NULL,
    -- backstop.intake.v1.WindowRules, as it was published.
    rules bytea NOT NULL,
    published_by text NOT NULL,
    publish_time timestamptz NOT NULL,
    PRIMARY KEY (site_id, version)
);

CREATE TABLE lexicons (
    site_id text NOT NULL,
    version bigint NOT NULL,
    -- backstop.intake.v1.Lexicon, as it was published.
    lexicon bytea NOT NULL,
    published_by text NOT NULL,
    publish_time timestamptz NOT NULL,
    PRIMARY KEY (site_id, version)
);

-- Numbered slips that were printed.
CREATE TABLE slip_pads (
    pad_id text PRIMARY KEY,
    site_id text NOT NULL,
    prefix text NOT NULL,
    first_number integer NOT NULL CHECK (first_number >= 1),
    last_number integer NOT NULL CHECK (last_number >= first_number),
    note text NOT NULL,
    issued_by text NOT NULL,
    issue_time timestamptz NOT NULL,
    UNIQUE (site_id, prefix, first_number)
);

ALTER TABLE cases
    ADD COLUMN late_entry boolean NOT NULL DEFAULT false,
    -- The system that handed it in, and what it calls it.
    ADD COLUMN external_system text NOT NULL DEFAULT '',
    ADD COLUMN external_ref text NOT NULL DEFAULT '',
    -- What the lexicon said when it was registered; ACCEPTED, OVERRULED, or empty without an idea.
    ADD COLUMN suggested_category text NOT NULL DEFAULT '',
    ADD COLUMN suggestion text NOT NULL DEFAULT '' CHECK (suggestion IN ('', 'ACCEPTED', 'OVERRULED')),
    -- Rejections in all cycles that were the reporter's own word.
    ADD COLUMN rejections integer NOT NULL DEFAULT 0,
    -- When the resolution was put on record, which may be later than it was done.
    ADD COLUMN resolve_record_time timestamptz,
    -- How often the receipt's code was made anew.
    ADD COLUMN code_attempt integer NOT NULL DEFAULT 0,
    -- The earliest deadline of a running clock that is owed to somebody; null without one.
    ADD COLUMN due_time timestamptz;

CREATE UNIQUE INDEX cases_external_ref ON cases (external_system, external_ref)
    WHERE external_ref <> '';
CREATE INDEX cases_due ON cases (site_id, due_time, case_id) WHERE due_time IS NOT NULL;
CREATE INDEX cases_closed ON cases (site_id, close_time, case_id) WHERE state = 'CLOSED';
CREATE INDEX cases_open_unit ON cases (site_id, unit_id, record_time DESC) WHERE state <> 'CLOSED';
CREATE INDEX cases_open ON cases (site_id, record_time DESC, case_id DESC) WHERE state <> 'CLOSED';
CREATE INDEX cases_resolved ON cases (site_id, record_time DESC, case_id DESC)
    WHERE state = 'RESOLVED';
CREATE INDEX cases_steward ON cases (steward) WHERE state <> 'CLOSED';
CREATE INDEX cases_steward_newest ON cases (site_id, steward, record_time DESC, case_id DESC);
CREATE INDEX cases_receiver ON cases (receiver) WHERE state <> 'CLOSED';
CREATE INDEX cases_first_reply_by ON cases (first_reply_by)
    WHERE state <> 'CLOSED' AND first_reply_by <> '';
CREATE INDEX cases_level ON cases (site_id, level, case_id);
CREATE INDEX cases_raised ON cases (site_id, level, case_id) WHERE state <> 'CLOSED' AND level >= 1;
CREATE INDEX cases_unit ON cases (site_id, unit_id, record_time DESC, case_id DESC);
CREATE INDEX clocks_breached ON clocks (site_id, case_id, cycle)
    WHERE state = 'BREACHED' AND kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE');
CREATE INDEX work_orders_open ON work_orders (site_id, unit_id, case_id) WHERE state <> 'COMPLETED';

-- Text and place as they are searched. Beside `cases`, whose rows change with every deadline: each
-- change would put all of a text's pieces into the index again.
CREATE TABLE case_words (
    case_id text PRIMARY KEY REFERENCES cases (case_id),
    site_id text NOT NULL,
    -- Folded, without spaces and marks.
    normal_text text NOT NULL,
    -- Its pairs of characters and the like.
    grams text[] NOT NULL
);
CREATE INDEX case_words_grams ON case_words USING gin (grams);

-- Codes that open nothing any more: a reporter who lost one has another.
ALTER TABLE receipt_codes ADD COLUMN attempt integer NOT NULL DEFAULT 0;

CREATE INDEX links_to ON links (linked_case_id, relation);

-- A director has excused the breach; measures show it apart.
ALTER TABLE clocks ADD COLUMN excused boolean NOT NULL DEFAULT false;
-- Measures of a period ask what fell due in it.
CREATE INDEX clocks_due ON clocks (site_id, due_time);

-- Duplicates that were suggested while a case was typed in, and whether it was one.
CREATE TABLE duplicate_suggestions (
    case_id text NOT NULL REFERENCES cases (case_id),
    suggested_case_id text NOT NULL,
    site_id text NOT NULL,
    accepted boolean NOT NULL,
    PRIMARY KEY (case_id, suggested_case_id)
);

-- Files that lie elsewhere; `version` is the case's version of the fact that they came with.
CREATE TABLE attachments (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    position integer NOT NULL,
    site_id text NOT NULL,
    reference text NOT NULL,
    sha256 text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    caption text NOT NULL,
    PRIMARY KEY (case_id, version, position)
);

-- When the reporter will hear again, as a progress note may say.
ALTER TABLE answers
    ADD COLUMN next_date date CHECK (next_date IS NULL OR kind = 'PROGRESS');

CREATE TABLE withdrawals (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    cycle integer NOT NULL,
    reason text NOT NULL,
    basis text NOT NULL,
    counts boolean NOT NULL,
    withdraw_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, version)
);

-- `version` is that of the referral; its result is added later.
CREATE TABLE referrals (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    cycle integer NOT NULL,
    body text NOT NULL,
    reference text NOT NULL,
    reason text NOT NULL,
    referred_by text NOT NULL,
    refer_time timestamptz NOT NULL,
    result text NOT NULL DEFAULT '',
    result_recorded_by text NOT NULL DEFAULT '',
    result_time timestamptz,
    PRIMARY KEY (case_id, version),
    CHECK ((result = '') = (result_time IS NULL))
);

CREATE TABLE reviews (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    cycle integer NOT NULL,
    decision text NOT NULL CHECK (decision IN ('UPHELD', 'WORK_AGAIN')),
    findings text NOT NULL,
    verified_by text NOT NULL,
    reviewed_by text NOT NULL,
    review_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, version)
);

CREATE TABLE comments (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('INTERNAL', 'REPORTER')),
    text text NOT NULL,
    -- Empty for what the reporter said.
    written_by text NOT NULL,
    by_reporter boolean NOT NULL,
    comment_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, version)
);

CREATE TABLE meetings (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    cycle integer NOT NULL,
    meeting_time timestamptz NOT NULL,
    chaired_by text NOT NULL,
    participants text[] NOT NULL,
    unit_ids text[] NOT NULL,
    decisions text NOT NULL,
    next_date date,
    recorded_by text NOT NULL,
    PRIMARY KEY (case_id, version)
);

-- Closed cases drawn for a second call.
CREATE TABLE callback_samples (
    sample_id text PRIMARY KEY,
    site_id text NOT NULL,
    start_date date NOT NULL,
    end_date date NOT NULL CHECK (end_date >= start_date),
    seed bigint NOT NULL,
    asked_count integer NOT NULL,
    population_count integer NOT NULL,
    drawn_by text NOT NULL,
    draw_time timestamptz NOT NULL
);
CREATE INDEX callback_samples_newest ON callback_samples (site_id, draw_time DESC, sample_id DESC);

CREATE TABLE callback_sample_cases (
    sample_id text NOT NULL REFERENCES callback_samples (sample_id),
    case_id text NOT NULL REFERENCES cases (case_id),
    site_id text NOT NULL,
    -- The one that was over when it was drawn: a call is about that result and no later one.
    cycle integer NOT NULL,
    position integer NOT NULL,
    stratum text NOT NULL CHECK (stratum IN ('UNHAPPY', 'UNHEARD', 'LOT')),
    declared_outcome text NOT NULL,
    declared_grade text NOT NULL,
    PRIMARY KEY (sample_id, case_id)
);
CREATE INDEX callback_sample_cases_case ON callback_sample_cases (case_id);

ALTER TABLE callbacks
    ADD COLUMN grade text NOT NULL DEFAULT '',
    ADD COLUMN sample_id text NOT NULL DEFAULT '';

-- What a shift handed over to the next, and how it follows from the one before.
CREATE TABLE shift_handovers (
    handover_id text PRIMARY KEY,
    site_id text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 1),
    prepared_by text NOT NULL,
    prepare_time timestamptz NOT NULL,
    incoming text NOT NULL,
    note text NOT NULL,
    incoming_note text NOT NULL DEFAULT '',
    incoming_sign_time timestamptz,
    open_before integer NOT NULL,
    UNIQUE (site_id, sequence)
);

CREATE TABLE shift_handover_cases (
    handover_id text NOT NULL REFERENCES shift_handovers (handover_id),
    case_id text NOT NULL REFERENCES cases (case_id),
    site_id text NOT NULL,
    state text NOT NULL,
    change text NOT NULL CHECK (change IN ('CARRIED', 'NEW', 'REOPENED', 'CLOSED')),
    at_risk boolean NOT NULL,
    promised_today boolean NOT NULL,
    due_time timestamptz,
    accountable text NOT NULL,
    PRIMARY KEY (handover_id, case_id)
);
CREATE INDEX shift_handover_cases_case ON shift_handover_cases (case_id);

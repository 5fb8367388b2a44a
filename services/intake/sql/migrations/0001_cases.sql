-- The case file: intake's own record, what the other services' facts add to it, and the copies of
-- the directory that registering needs. site_id closes every table by site (grants.sql).

-- Copies of the directory ---------------------------------------------------------------------------

CREATE TABLE sites (
    site_id text PRIMARY KEY,
    name text NOT NULL,
    number_prefix text NOT NULL,
    time_zone text NOT NULL,
    -- Version of the subject directory/<site> that the copies come from.
    directory_version bigint NOT NULL
);

CREATE TABLE units (
    site_id text NOT NULL,
    unit_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    parent_id text NOT NULL,
    PRIMARY KEY (site_id, unit_id)
);

CREATE TABLE people (
    site_id text NOT NULL,
    person_id text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site_id, person_id)
);

CREATE TABLE positions (
    site_id text NOT NULL,
    position_id text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site_id, position_id)
);

CREATE TABLE posts (
    site_id text NOT NULL,
    post_id text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    PRIMARY KEY (site_id, post_id)
);

CREATE TABLE categories (
    site_id text NOT NULL,
    category_id text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site_id, category_id)
);

-- Cases -----------------------------------------------------------------------------------------------

-- Last number given per site and local day; its row orders registrations of a site.
CREATE TABLE counters (
    site_id text NOT NULL,
    local_day date NOT NULL,
    last_number integer NOT NULL CHECK (last_number >= 1),
    PRIMARY KEY (site_id, local_day)
) WITH (fillfactor = 50);

CREATE TABLE cases (
    case_id text PRIMARY KEY,
    site_id text NOT NULL,
    number text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('REGISTERED', 'ASSIGNED', 'IN_PROGRESS', 'RESOLVED', 'CLOSED')),
    kind text NOT NULL,
    category text NOT NULL,
    channel text NOT NULL,
    post_id text NOT NULL,
    place text NOT NULL,
    unit_id text NOT NULL,
    text text NOT NULL,
    urgency text NOT NULL,
    reporter_kind text NOT NULL,
    confidentiality text NOT NULL CHECK (confidentiality IN ('NAMED', 'CONFIDENTIAL', 'ANONYMOUS')),
    occurred_time timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    receiver text NOT NULL,
    slip_number text NOT NULL,
    steward text NOT NULL DEFAULT '',
    accepted boolean NOT NULL DEFAULT false,
    accountable text NOT NULL,
    level integer NOT NULL DEFAULT 0 CHECK (level >= 0),
    next_wake_time timestamptz,
    cycle integer NOT NULL DEFAULT 1 CHECK (cycle >= 1),
    -- When the reporter spoke, or last said no: nothing of this cycle happened before.
    cycle_start_time timestamptz NOT NULL,
    reopen_count integer NOT NULL DEFAULT 0,
    resolution text NOT NULL DEFAULT '',
    proposed_outcome text NOT NULL DEFAULT '',
    outcome text NOT NULL DEFAULT '',
    grade text NOT NULL DEFAULT '',
    basis text NOT NULL DEFAULT '',
    confirmed boolean NOT NULL DEFAULT false,
    resolve_time timestamptz,
    close_time timestamptz,
    deliveries_planned integer NOT NULL DEFAULT 0,
    deliveries_sent integer NOT NULL DEFAULT 0,
    promise_move_count integer NOT NULL DEFAULT 0,
    -- Whom routing named for the first reply, in the steward's place.
    first_reply_by text NOT NULL DEFAULT '',
    -- Those it is about, for whom it isn't there; and those who may read it and no more.
    about_persons text[] NOT NULL DEFAULT '{}',
    recused_persons text[] NOT NULL DEFAULT '{}',
    -- sla's pause, while it lasts.
    pause_reason text NOT NULL DEFAULT '',
    pause_words text NOT NULL DEFAULT '',
    pause_approved_by text NOT NULL DEFAULT '',
    pause_start_time timestamptz,
    pause_latest_end_time timestamptz,
    UNIQUE (site_id, number),
    -- Every open case has somebody who must move, and a time at which they are reminded.
    CHECK (state = 'CLOSED' OR (accountable <> '' AND next_wake_time IS NOT NULL)),
    CHECK ((state = 'CLOSED') = (outcome <> '')),
    CHECK ((state = 'CLOSED') = (close_time IS NOT NULL)),
    CHECK ((pause_reason = '') = (pause_start_time IS NULL))
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX cases_slip ON cases (site_id, slip_number) WHERE slip_number <> '';
CREATE INDEX cases_newest ON cases (site_id, record_time DESC, case_id DESC);
CREATE INDEX cases_number ON cases (number);
CREATE INDEX cases_ledger ON cases (site_id, occurred_time, case_id);
CREATE INDEX cases_accountable ON cases (accountable, record_time DESC) WHERE state <> 'CLOSED';

-- Who raised a case, as sealed by its own key; nothing here can be read without the root key file.
CREATE TABLE reporters (
    case_id text PRIMARY KEY REFERENCES cases (case_id),
    site_id text NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    -- Keyed hash of the person's code: lets an account find its own cases. Null without a code.
    person_hash bytea
);
CREATE INDEX reporters_person ON reporters (person_hash) WHERE person_hash IS NOT NULL;

-- Receipt and slip codes, by keyed hash.
CREATE TABLE receipt_codes (
    code_hash bytea PRIMARY KEY,
    site_id text NOT NULL,
    case_id text NOT NULL REFERENCES cases (case_id)
);

CREATE TABLE answers (
    case_id text NOT NULL REFERENCES cases (case_id),
    answer_id text NOT NULL,
    site_id text NOT NULL,
    -- Place among the answers of the case: its version when the answer was given.
    version bigint NOT NULL,
    cycle integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('FIRST_REPLY', 'PLAN', 'PROGRESS')),
    text text NOT NULL,
    promised_date date,
    answer_time timestamptz NOT NULL,
    answered_by text NOT NULL,
    fed_back_time timestamptz,
    PRIMARY KEY (case_id, answer_id),
    CHECK ((kind = 'PLAN') = (promised_date IS NOT NULL))
);

-- Promised dates that were moved before they had passed; the one that holds is the answer's.
CREATE TABLE promise_moves (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    answer_id text NOT NULL,
    previous_date date NOT NULL,
    promised_date date NOT NULL CHECK (promised_date <> previous_date),
    reason text NOT NULL,
    approved_by text NOT NULL,
    move_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, version),
    FOREIGN KEY (case_id, answer_id) REFERENCES answers (case_id, answer_id)
);

CREATE TABLE feedbacks (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    -- Empty for the feedback of a resolution.
    answer_id text NOT NULL,
    cycle integer NOT NULL,
    way text NOT NULL CHECK (way IN ('TOLD', 'LEFT', 'POSTED', 'ATTEMPT')),
    feedback_time timestamptz NOT NULL,
    note text NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (case_id, version)
);

CREATE TABLE verifications (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    place text NOT NULL,
    findings text NOT NULL,
    verified_by text NOT NULL,
    verify_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, version)
);

-- Calls to the reporter about the result, by someone outside the handling chain.
CREATE TABLE callbacks (
    case_id text NOT NULL REFERENCES cases (case_id),
    version bigint NOT NULL,
    site_id text NOT NULL,
    cycle integer NOT NULL,
    reached boolean NOT NULL,
    called_by text NOT NULL,
    call_time timestamptz NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (case_id, version)
);

-- Flags that stand on a case; what they were before is in the journal.
CREATE TABLE flags (
    case_id text NOT NULL REFERENCES cases (case_id),
    flag text NOT NULL CHECK (flag IN ('HAZARD', 'LONG_STANDING')),
    site_id text NOT NULL,
    reason text NOT NULL,
    leader text NOT NULL CHECK (leader = '' OR flag = 'LONG_STANDING'),
    flagged_by text NOT NULL,
    flag_time timestamptz NOT NULL,
    PRIMARY KEY (case_id, flag)
);

CREATE TABLE links (
    case_id text NOT NULL REFERENCES cases (case_id),
    linked_case_id text NOT NULL REFERENCES cases (case_id),
    relation text NOT NULL,
    site_id text NOT NULL,
    PRIMARY KEY (case_id, linked_case_id, relation)
);

-- Persons who have had a hand in a case, for good: they can't prove its result.
CREATE TABLE case_hands (
    case_id text NOT NULL REFERENCES cases (case_id),
    person text NOT NULL,
    site_id text NOT NULL,
    PRIMARY KEY (case_id, person)
);

-- What the other services' facts add ------------------------------------------------------------------

CREATE TABLE clocks (
    case_id text NOT NULL REFERENCES cases (case_id),
    clock_id text NOT NULL,
    site_id text NOT NULL,
    kind text NOT NULL,
    cycle integer NOT NULL,
    reference text NOT NULL,
    start_time timestamptz NOT NULL,
    due_time timestamptz NOT NULL,
    state text NOT NULL,
    provisional boolean NOT NULL,
    -- Passed its deadline, whatever became of it since.
    breached boolean NOT NULL,
    PRIMARY KEY (case_id, clock_id)
) WITH (fillfactor = 80);

CREATE TABLE work_orders (
    case_id text NOT NULL REFERENCES cases (case_id),
    work_order_id text NOT NULL,
    site_id text NOT NULL,
    unit_id text NOT NULL,
    lead boolean NOT NULL,
    task text NOT NULL,
    deadline_time timestamptz NOT NULL,
    dispatch_time timestamptz NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (case_id, work_order_id)
);

-- Facts of the other services about a case; intake's own are in its journal.
CREATE TABLE timeline (
    case_id text NOT NULL REFERENCES cases (case_id),
    source text NOT NULL,
    version bigint NOT NULL,
    site_id text NOT NULL,
    type text NOT NULL,
    occurred_time timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    actor text NOT NULL,
    acting_for text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (case_id, source, version)
);

CREATE TABLE counters (
    counter_id text PRIMARY KEY,
    site_id text NOT NULL,
    value bigint NOT NULL
);
CREATE TABLE applied (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL,
    source text NOT NULL,
    subject_id text NOT NULL,
    version bigint NOT NULL
);

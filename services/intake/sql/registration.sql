-- name: get_known
-- All that some appeals of a site name, looked up in one go; with the site's rules of the window.
SELECT
    sites.site_id, sites.name, sites.number_prefix, sites.time_zone,
    published.version AS rules_version, published.rules,
    ARRAY(SELECT unit_id FROM units WHERE units.site_id = $1 AND unit_id = ANY ($2::text[]))
        AS units,
    -- Places that are the name of one unit alone.
    (
        SELECT jsonb_object_agg(called, unit_id)
        FROM (
            SELECT units.name AS called, min(unit_id) AS unit_id FROM units
            WHERE units.site_id = $1 AND units.name = ANY ($13::text[])
            GROUP BY units.name HAVING count(*) = 1
        ) AS named
    ) AS named_units,
    (
        SELECT jsonb_object_agg(post_id, place) FROM posts
        WHERE posts.site_id = $1 AND post_id = ANY ($3::text[])
    ) AS posts,
    ARRAY(
        SELECT category_id FROM categories
        WHERE categories.site_id = $1 AND category_id = ANY ($4::text[])
    ) AS categories,
    (
        SELECT jsonb_object_agg(case_id, about_persons) FROM cases
        WHERE cases.site_id = $1 AND case_id = ANY ($5::text[])
    ) AS linked,
    ARRAY(SELECT person_id FROM people WHERE people.site_id = $1 AND person_id = ANY ($6::text[]))
        AS people,
    -- Of each appeal, when the receiver's shift ends in which it was spoken.
    ARRAY(
        SELECT (
            SELECT max(end_time) FROM shifts
            WHERE shifts.site_id = $1 AND person_id = spoken.receiver
                AND start_time <= spoken.at AND end_time > spoken.at
        )
        FROM unnest($7::text[], $8::timestamptz[]) WITH ORDINALITY AS spoken (receiver, at, place)
        ORDER BY spoken.place
    ) AS shift_ends,
    ARRAY(SELECT subject_id FROM subjects WHERE subject_id = ANY ($9::text[])) AS taken_ids,
    (
        SELECT jsonb_agg(jsonb_build_object(
            'system', external_system, 'reference', cases.external_ref, 'number', number,
            'about', about_persons
        ))
        FROM unnest($10::text[], $11::text[]) AS asked (system, reference)
        JOIN cases ON external_system = asked.system AND cases.external_ref = asked.reference
        WHERE cases.external_ref <> '' AND cases.site_id = $1
    ) AS referred,
    EXISTS (SELECT FROM slip_pads WHERE slip_pads.site_id = $1) AS has_pads,
    (
        SELECT jsonb_agg(jsonb_build_array(prefix, first_number, last_number, issued_by))
        FROM slip_pads
        WHERE slip_pads.site_id = $1 AND prefix = ANY ($12::text[])
    ) AS pads
FROM sites
LEFT JOIN LATERAL (
    SELECT version, rules FROM window_rules
    WHERE window_rules.site_id = sites.site_id
    ORDER BY version DESC LIMIT 1
) AS published ON true
WHERE sites.site_id = $1;

-- name: has_case
-- Is a case on file?
SELECT EXISTS (SELECT FROM cases WHERE case_id = $1);

-- name: take_numbers
-- Gives the next numbers of a site's local day; its other registrations wait until the commit.
INSERT INTO counters (site_id, local_day, last_number, blocks) VALUES ($1, $2, $3, $4)
ON CONFLICT (site_id, local_day) DO UPDATE
    SET last_number = counters.last_number + excluded.last_number,
        blocks = counters.blocks OR excluded.blocks
RETURNING last_number;

-- name: insert_cases
-- New cases of a site with all that comes with them, in one statement: their sealed reporters
-- (unless anonymous), what they are searched by, codes, links, hands, flags, attachments, and the duplicates suggested.
WITH made AS (
    INSERT INTO cases (
        site_id, case_id, number, state, kind, category, channel, post_id, place, unit_id, text,
        urgency, reporter_kind, confidentiality, occurred_time, record_time, cycle_start_time,
        receiver, slip_number, accountable, next_wake_time, about_persons, late_entry,
        external_system, external_ref, suggested_category, suggestion, recused_persons
    )
    SELECT
        $1, case_id, number, state, kind, category, channel, post_id, place, unit_id, text,
        urgency, reporter_kind, confidentiality, occurred_time, record_time, cycle_start_time,
        receiver, slip_number, accountable, next_wake_time,
        ARRAY(SELECT jsonb_array_elements_text(about)), late_entry,
        external_system, external_ref, suggested_category, suggestion,
        ARRAY(SELECT jsonb_array_elements_text(recused))
    FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::timestamptz[], $16::timestamptz[], $17::text[], $18::text[], $19::text[],
        $20::timestamptz[], $32::jsonb[], $33::timestamptz[], $34::boolean[], $35::text[],
        $36::text[], $37::text[], $38::text[], $57::jsonb[]
    ) AS made (
        case_id, number, state, kind, category, channel, post_id, place, unit_id, text, urgency,
        reporter_kind, confidentiality, occurred_time, record_time, receiver, slip_number,
        accountable, next_wake_time, about, cycle_start_time, late_entry, external_system,
        external_ref, suggested_category, suggestion, recused
    )
),
worded AS (
    INSERT INTO case_words (site_id, case_id, normal_text, grams)
    SELECT $1, case_id, normal_text, string_to_array(grams, ' ')
    FROM unnest($2::text[], $39::text[], $40::text[]) AS worded (case_id, normal_text, grams)
),
coded AS (
    INSERT INTO receipt_codes (site_id, case_id, code_hash)
    SELECT $1, case_id, code_hash FROM unnest($2::text[], $21::bytea[]) AS coded (case_id, code_hash)
),
linked AS (
    INSERT INTO links (site_id, case_id, linked_case_id, relation)
    SELECT DISTINCT $1, case_id, linked_case_id, relation
    FROM unnest($22::text[], $23::text[], $24::text[]) AS link (case_id, linked_case_id, relation)
),
held AS (
    INSERT INTO case_hands (site_id, case_id, person)
    SELECT $1, case_id, person FROM unnest($30::text[], $31::text[]) AS held (case_id, person)
),
flagged AS (
    INSERT INTO flags (site_id, case_id, flag, reason, leader, flagged_by, flag_time)
    SELECT $1, case_id, flag, reason, leader, flagged_by, flag_time
    FROM unnest(
        $41::text[], $42::text[], $43::text[], $44::text[], $45::text[], $46::timestamptz[]
    ) AS flagged (case_id, flag, reason, leader, flagged_by, flag_time)
),
attached AS (
    INSERT INTO attachments (
        site_id, case_id, version, position, reference, sha256, media_type, size_bytes, caption
    )
    SELECT $1, case_id, 1, position, reference, sha256, media_type, size_bytes, caption
    FROM unnest(
        $47::text[], $48::integer[], $49::text[], $50::text[], $51::text[], $52::bigint[],
        $53::text[]
    ) AS attached (case_id, position, reference, sha256, media_type, size_bytes, caption)
),
suggested AS (
    INSERT INTO duplicate_suggestions (site_id, case_id, suggested_case_id, accepted)
    SELECT $1, case_id, suggested_case_id, accepted
    FROM unnest($54::text[], $55::text[], $56::boolean[])
        AS suggested (case_id, suggested_case_id, accepted)
)
INSERT INTO reporters (site_id, case_id, key_id, nonce, ciphertext, person_hash)
SELECT $1, case_id, key_id, nonce, ciphertext, person_hash
FROM unnest($25::text[], $26::text[], $27::bytea[], $28::bytea[], $29::bytea[])
    AS sealed (case_id, key_id, nonce, ciphertext, person_hash);

-- name: list_registered
-- What a batch tells of its cases.
SELECT case_id, site_id, number, slip_number, code_attempt, late_entry, about_persons
FROM cases WHERE case_id = ANY ($1::text[]);

-- name: replace_code
-- A case's new code; the one before opens nothing any more.
WITH gone AS (
    DELETE FROM receipt_codes WHERE case_id = $1
),
counted AS (
    UPDATE cases SET code_attempt = $4 WHERE case_id = $1
)
INSERT INTO receipt_codes (site_id, case_id, code_hash, attempt) VALUES ($2, $1, $3, $4);

-- name: save_shifts
-- A site's roster from an instant ($6) on: what ended before stays as it was, until it is of no
-- use any more ($5).
WITH gone AS (
    DELETE FROM shifts
    WHERE site_id = $1 AND (end_time <= $5 OR end_time > $6)
        AND (person_id, start_time) NOT IN (
            SELECT person_id, start_time
            FROM unnest($2::text[], $3::timestamptz[]) AS kept (person_id, start_time)
        )
)
INSERT INTO shifts (site_id, person_id, start_time, end_time)
SELECT $1, person_id, start_time, end_time
FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[])
    AS shift (person_id, start_time, end_time)
ON CONFLICT (site_id, person_id, start_time) DO UPDATE SET end_time = excluded.end_time
WHERE shifts.end_time <> excluded.end_time;

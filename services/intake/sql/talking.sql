-- name: insert_comment
-- Something said about a case.
INSERT INTO comments (
    case_id, version, site_id, visibility, text, written_by, by_reporter, comment_time
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_attachments
-- Files that came with one fact about a case, in their order.
INSERT INTO attachments (
    case_id, version, site_id, position, reference, sha256, media_type, size_bytes, caption
)
SELECT $1, $2, $3, position, reference, sha256, media_type, size_bytes, caption
FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[])
    WITH ORDINALITY AS attached (reference, sha256, media_type, size_bytes, caption, position);

-- name: insert_meeting
-- A meeting of several units about a case.
INSERT INTO meetings (
    case_id, version, site_id, cycle, meeting_time, chaired_by, participants, unit_ids, decisions,
    next_date, recorded_by
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: list_public_steps
-- The newest steps of a case that are of these types, of all services, oldest first; of deadlines
-- that passed only those that the reporter waits for.
SELECT source, version, type, occurred_time, record_time, actor, acting_for, payload
FROM (
    SELECT
        'intake' AS source, subject_version AS version, type, occurred_time, record_time, actor,
        acting_for, payload
    FROM journal
    WHERE subject_id = $1 AND type = ANY ($2::text[])
    UNION ALL
    SELECT source, version, type, occurred_time, record_time, actor, acting_for, payload
    FROM timeline
    WHERE case_id = $1 AND type = ANY ($2::text[])
        -- What fires daily would push all else out. The fact names its clock by the clock's id,
        -- which nothing else in it holds.
        AND (
            type <> 'backstop.sla.v1.ClockBreached'
            OR EXISTS (
                SELECT FROM clocks
                WHERE clocks.case_id = $1
                    AND kind IN ('FIRST_REPLY', 'PLAN', 'PROGRESS', 'RESOLUTION')
                    AND position(convert_to(clock_id, 'UTF8') IN timeline.payload) > 0
            )
        )
    ORDER BY record_time DESC, source DESC, version DESC
    LIMIT $3
) AS steps
ORDER BY record_time, source, version;

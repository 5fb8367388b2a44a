-- What must hold at any instant. Each check returns (site_id, subject_id, detail) for every row
-- that breaks it.

-- name: finished_delivery_without_fact
-- A message that ended must have the fact that says so, in the same transaction.
SELECT
    deliveries.site_id, deliveries.subject_id,
    deliveries.state || ' messages: ' || count(*) || ', facts: ' || facts.count AS detail
FROM deliveries
CROSS JOIN LATERAL (
    SELECT count(*) AS count
    FROM journal
    WHERE journal.subject_id = deliveries.subject_id
        AND journal.type = CASE deliveries.state
            WHEN 'SENT' THEN 'backstop.notify.v1.DeliverySent'
            WHEN 'FAILED' THEN 'backstop.notify.v1.DeliveryFailed'
            ELSE 'backstop.notify.v1.DeliveryUnknown'
        END
) AS facts
WHERE deliveries.state IN ('SENT', 'FAILED', 'UNKNOWN')
GROUP BY deliveries.site_id, deliveries.subject_id, deliveries.state, facts.count
HAVING count(*) > facts.count;

-- name: planned_facts_and_messages_differ
-- Every fact that led to messages is planned once: as many plans as facts with messages.
SELECT planned.site_id, planned.subject_id,
    'facts with messages: ' || planned.count || ', plans: ' || facts.count AS detail
FROM (
    SELECT site_id, subject_id, count(DISTINCT (fact_source, fact_version)) AS count
    FROM deliveries
    GROUP BY site_id, subject_id
) AS planned
CROSS JOIN LATERAL (
    SELECT count(*) AS count
    FROM journal
    WHERE journal.subject_id = planned.subject_id
        AND journal.type = 'backstop.notify.v1.DeliveriesPlanned'
) AS facts
WHERE planned.count <> facts.count;

-- name: delivery_without_case
-- A message about a case is about one that is known.
SELECT deliveries.site_id, deliveries.subject_id, 'message ' || deliveries.delivery_id AS detail
FROM deliveries
LEFT JOIN cases USING (case_id)
WHERE deliveries.case_id IS NOT NULL
    AND (cases.case_id IS NULL OR cases.site_id <> deliveries.site_id);

-- name: digest_of_several
-- What goes out together goes to one recipient by one way, in the same attempts.
SELECT min(site_id) AS site_id, min(subject_id) AS subject_id, 'digest ' || digest_id AS detail
FROM deliveries
WHERE digest_id IS NOT NULL
GROUP BY digest_id
HAVING count(DISTINCT (site_id, recipient, channel)) > 1
    OR count(DISTINCT attempt_count) > 1;

-- name: message_from_fact_not_applied
-- A message follows from a fact that the gate has let through.
SELECT deliveries.site_id, deliveries.subject_id,
    deliveries.fact_source || ' version ' || deliveries.fact_version AS detail
FROM deliveries
LEFT JOIN gates
    ON gates.subject_id = deliveries.subject_id AND gates.source = deliveries.fact_source
WHERE gates.version IS NULL OR gates.version < deliveries.fact_version;

-- name: open_case_without_accountable
-- Every open case has someone who is told of it.
SELECT site_id, case_id::text AS subject_id, number AS detail
FROM cases
WHERE state <> 'CLOSED' AND accountable = '';

-- name: contact_without_key
-- A sealed contact has its key.
SELECT contacts.site_id, 'contacts/' || contacts.site_id AS subject_id, contacts.person_id AS detail
FROM contacts
LEFT JOIN sealing_keys USING (key_id)
WHERE sealing_keys.key_id IS NULL;

-- name: get_site_key
-- A site's own key, wrapped by the root.
SELECT key_id::text, wrapped, nonce
FROM sealing_keys WHERE site_id = $1 AND subject_id IS NULL;

-- name: add_site_key
-- Stores a site's key unless another transaction was first.
INSERT INTO sealing_keys (key_id, site_id, wrapped, nonce)
VALUES ($1::text::uuid, $2, $3, $4)
ON CONFLICT (site_id) WHERE subject_id IS NULL DO NOTHING;

-- name: get_subject_key
-- A subject's key with its site's.
SELECT
    own.key_id::text, own.site_id, own.wrapped, own.nonce,
    parent.key_id::text AS parent_key_id,
    parent.wrapped AS parent_wrapped, parent.nonce AS parent_nonce
FROM sealing_keys AS own
JOIN sealing_keys AS parent ON parent.key_id = own.parent_key_id
WHERE own.subject_id = $1;

-- name: get_key
-- A subject's key by its id, with its site's.
SELECT
    own.key_id::text, own.site_id, own.wrapped, own.nonce,
    parent.key_id::text AS parent_key_id,
    parent.wrapped AS parent_wrapped, parent.nonce AS parent_nonce
FROM sealing_keys AS own
JOIN sealing_keys AS parent ON parent.key_id = own.parent_key_id
WHERE own.key_id = $1::text::uuid;

-- name: add_subject_keys
-- Stores new subjects' keys.
INSERT INTO sealing_keys (key_id, site_id, subject_id, parent_key_id, wrapped, nonce)
SELECT key_id::uuid, site_id, subject_id, parent_key_id::uuid, wrapped, nonce
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])
    AS made (key_id, site_id, subject_id, parent_key_id, wrapped, nonce);

-- name: destroy_subject_key
-- Erases a subject's key and leaves the row as a sign that there was one.
UPDATE sealing_keys SET wrapped = NULL, nonce = NULL
WHERE subject_id = $1 AND wrapped IS NOT NULL;

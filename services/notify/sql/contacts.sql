-- name: save_contacts
-- Keeps sealed contacts of a site, in place of older ones of the same people.
INSERT INTO contacts (site_id, person_id, key_id, nonce, ciphertext, put_time)
SELECT $1, person_id, key_id::uuid, nonce, ciphertext, $6
FROM unnest($2::text[], $3::text[], $4::bytea[], $5::bytea[])
    AS given (person_id, key_id, nonce, ciphertext)
ON CONFLICT (site_id, person_id) DO UPDATE SET
    key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
    put_time = excluded.put_time;

-- name: load_contact
-- Reads one person's sealed contact.
SELECT key_id::text, nonce, ciphertext FROM contacts WHERE site_id = $1 AND person_id = $2;

-- name: amend_case
-- What was registered, as it is from now on, with the pieces it is searched by; and in whose hands.
WITH worded AS (
    UPDATE case_words SET normal_text = $17, grams = $18 WHERE case_id = $1
)
UPDATE cases SET
    text = $2, place = $3, post_id = $4, unit_id = $5, category = $6, kind = $7, urgency = $8,
    about_persons = $9, reporter_kind = $10, confidentiality = $11, receiver = $12, steward = $13,
    accepted = $14, accountable = $15, first_reply_by = $16
WHERE case_id = $1;

-- name: replace_reporter
-- Another sealed identity in the place of the one on file.
UPDATE reporters SET key_id = $2, nonce = $3, ciphertext = $4, person_hash = $5
WHERE case_id = $1;

-- Which position has a case for want of a steward, while a level of the ladder has it. Old code goes
-- on beside it: it begins again with the dispatch room, as it did.

ALTER TABLE cases ADD COLUMN fallback text NOT NULL DEFAULT '';

-- One that a level has now is known again once it has come down.
UPDATE cases SET fallback = accountable
WHERE level = 0 AND steward = '' AND accountable LIKE 'position:%';

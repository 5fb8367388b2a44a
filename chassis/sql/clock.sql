-- name: get_decision_time
-- The time decisions are taken by.
SELECT decision_time();

-- name: get_offset
-- The demonstration's offset.
SELECT clock_offset FROM suite_clock;

-- name: lock_clock
-- Locks the clock's row before its offset is moved.
SELECT demonstration, clock_offset FROM suite_clock FOR UPDATE;

-- name: set_offset
-- Moves decision time; a trigger refuses outside of demonstrations.
UPDATE suite_clock SET clock_offset = $1;

-- name: read_clocks
-- The database's raw clock and the highest one ever agreed on.
SELECT clock_timestamp() AS raw_time, high_water FROM suite_clock;

-- name: raise_high_water
-- Keeps the highest clock agreed on; every 10 s at most, which the 5 s tolerance doesn't need finer.
UPDATE suite_clock SET high_water = $1
WHERE high_water < $1::timestamptz - interval '10 seconds';

-- name: set_high_water
-- Takes a lower clock for true after it has been agreed on for long enough.
UPDATE suite_clock SET high_water = $1;

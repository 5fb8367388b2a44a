-- Pieces that a caller's filter is put together from (store/filters.py). None is a statement: each
-- is an expression on the row that the statement around it calls `cases`. $1, $2, … are the piece's
-- own parts: another piece of this file or a placeholder of the statement, never a value.

-- What is compared -------------------------------------------------------------------------------------

-- name: state
-- How far the case is.
cases.state

-- name: outcome
-- How it ended; empty while it is open.
cases.outcome

-- name: kind
-- What sort of appeal it is.
cases.kind

-- name: channel
-- How it came.
cases.channel

-- name: urgency
-- Whether it is pressing.
cases.urgency

-- name: confidentiality
-- Who may know who raised it.
cases.confidentiality

-- name: reporter_kind
-- What sort of person raised it.
cases.reporter_kind

-- name: grade
-- How content the reporter is; empty until a word was given.
cases.grade

-- name: confirmation_basis
-- On what the confirmation rests; empty until there is one.
cases.basis

-- name: category
-- The site's category.
cases.category

-- name: unit_id
-- The unit it concerns.
cases.unit_id

-- name: post_id
-- The post that took it.
cases.post_id

-- name: steward
-- Who follows it to the end; empty until routing has named somebody.
cases.steward

-- name: accountable
-- Who must move now.
cases.accountable

-- name: receiver
-- Who took it in.
cases.receiver

-- name: slip_number
-- The printed slip it came on; empty without one.
cases.slip_number

-- name: external_system
-- The system it came from; empty when it came from people.
cases.external_system

-- name: number
-- The number people call it by.
cases.number

-- name: place
-- Where it is, in the reporter's words.
cases.place

-- name: level
-- How far up the ladder it is.
cases.level

-- name: cycle
-- How many times it was begun.
cases.cycle

-- name: reopen_count
-- How many times it was opened again.
cases.reopen_count

-- name: promise_move_count
-- How many promised dates were moved.
cases.promise_move_count

-- name: occurred_time
-- When the reporter spoke.
cases.occurred_time

-- name: record_time
-- When it was written down.
cases.record_time

-- name: resolve_time
-- When it was resolved, if it is.
cases.resolve_time

-- name: close_time
-- When it was struck off, if it is.
cases.close_time

-- name: due_time
-- The nearest deadline that runs, if one does; save_clocks keeps it.
cases.due_time

-- How it is compared -----------------------------------------------------------------------------------

-- name: is_equal
-- The same value or instant.
$1 = $2

-- name: is_different
-- Another value or instant.
$1 <> $2

-- name: is_less
-- Smaller, or before an instant or the first one of a day.
$1 < $2

-- name: is_at_most
-- Not greater, or not after an instant.
$1 <= $2

-- name: is_more
-- Greater, or after an instant.
$1 > $2

-- name: is_at_least
-- Not smaller, or not before an instant or the first one of a day.
$1 >= $2

-- name: is_within
-- From an instant and before another: within a day.
($1 >= $2 AND $1 < $3)

-- name: is_outside
-- Before an instant, or from another on: on another day.
($1 < $2 OR $1 >= $3)

-- name: has_part
-- The words stand in it as they are written.
position($2::text in $1) > 0

-- name: has_choice
-- A value of a list has been chosen.
$1 NOT IN ('', 'UNSPECIFIED')

-- name: has_string
-- Something has been written.
$1 <> ''

-- name: has_number
-- It isn't zero.
$1 <> 0

-- name: has_time
-- It has happened, or is going to.
$1 IS NOT NULL

-- What is true or not ----------------------------------------------------------------------------------

-- name: everything
-- What a filter without a condition asks.
true

-- name: open
-- Not struck off yet.
cases.state <> 'CLOSED'

-- name: overdue
-- Open, and past a deadline of the present cycle that counts. OFFSET 0 keeps it a question to each
-- open case, in the list's order: as a join all that are late would be read for every page.
(
    cases.state <> 'CLOSED' AND EXISTS (
        SELECT FROM clocks
        WHERE clocks.case_id = cases.case_id AND clocks.cycle = cases.cycle
            AND clocks.site_id = cases.site_id
            AND clocks.state = 'BREACHED'
            AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
        OFFSET 0
    )
)

-- name: paused
-- Its clocks stand still.
cases.pause_reason <> ''

-- name: late_entry
-- Written down later than the shift it came in.
cases.late_entry

-- name: hazard
-- Flagged as a hazard (隐患).
EXISTS (SELECT FROM flags WHERE flags.case_id = cases.case_id AND flags.flag = 'HAZARD')

-- What there may be several of -------------------------------------------------------------------------

-- name: flag
-- This flag stands on it.
EXISTS (SELECT FROM flags WHERE flags.case_id = cases.case_id AND flags.flag = $1)

-- name: any_flag
-- Any flag stands on it.
EXISTS (SELECT FROM flags WHERE flags.case_id = cases.case_id)

-- name: link
-- It is tied to another case like this.
EXISTS (SELECT FROM links WHERE links.case_id = cases.case_id AND links.relation = $1)

-- name: any_link
-- It is tied to another case.
EXISTS (SELECT FROM links WHERE links.case_id = cases.case_id)

-- name: work_order_unit
-- This unit has had a task in it.
EXISTS (
    SELECT FROM work_orders
    WHERE work_orders.case_id = cases.case_id AND work_orders.unit_id = $1
)

-- name: any_work_order_unit
-- Any unit has had a task in it.
EXISTS (SELECT FROM work_orders WHERE work_orders.case_id = cases.case_id)

-- name: hand
-- This person has had a hand in it.
EXISTS (
    SELECT FROM case_hands WHERE case_hands.case_id = cases.case_id AND case_hands.person = $1
)

-- name: any_hand
-- Anybody has had a hand in it.
EXISTS (SELECT FROM case_hands WHERE case_hands.case_id = cases.case_id)

-- name: clock
-- A clock that counts stands like this, whatever the cycle.
EXISTS (
    SELECT FROM clocks
    WHERE clocks.case_id = cases.case_id AND clocks.state = $1
        AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
)

-- name: any_clock
-- It has had a clock that counts.
EXISTS (
    SELECT FROM clocks
    WHERE clocks.case_id = cases.case_id
        AND clocks.kind NOT IN ('REMINDER', 'REVIEW', 'PAUSE', 'SILENCE')
)

-- name: clock_of_kind
-- A clock of a kind ($1) stands like this ($2) in the present cycle.
EXISTS (
    SELECT FROM clocks
    WHERE clocks.case_id = cases.case_id AND clocks.cycle = cases.cycle
        AND clocks.kind = $1 AND clocks.state = $2
)

-- name: any_clock_of_kind
-- There is a clock of a kind in the present cycle.
EXISTS (
    SELECT FROM clocks
    WHERE clocks.case_id = cases.case_id AND clocks.cycle = cases.cycle AND clocks.kind = $1
)

-- What it says -----------------------------------------------------------------------------------------

-- name: says
-- Its text holds all of the grams ($1), which the index finds, and then the words ($2) as they are.
EXISTS (
    SELECT FROM case_words
    WHERE case_words.case_id = cases.case_id AND case_words.grams @> $1::text[]
        AND position($2::text in case_words.normal_text) > 0
)

-- name: says_briefly
-- Its text holds words too short for a gram.
EXISTS (
    SELECT FROM case_words
    WHERE case_words.case_id = cases.case_id AND position($1::text in case_words.normal_text) > 0
)

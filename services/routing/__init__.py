"""routing: who answers — for a unit, a position, a case — and the climb up the ladder."""

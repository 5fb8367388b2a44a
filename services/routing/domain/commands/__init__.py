"""What callers ask for, as values: one class per mutation. Absent times are None."""

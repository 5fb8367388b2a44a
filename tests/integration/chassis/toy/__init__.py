"""A service's SQL for tests of the chassis: counters, and a list of what was applied."""

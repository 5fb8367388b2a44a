"""Measurements of the suite beside others that do the same work; see docs/benchmarks.md."""

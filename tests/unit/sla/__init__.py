"""Unit tests of sla: no input, no output, time given."""

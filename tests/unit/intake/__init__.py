"""Unit tests of intake: no input, no output, time given."""

"""Unit tests of notify: no input, no output, time given."""

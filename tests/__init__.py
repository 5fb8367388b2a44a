"""Tests of the suite; `make test` runs them all."""

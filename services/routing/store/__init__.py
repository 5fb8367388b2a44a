"""Rows ↔ domain. SQL stands in sql/queries.sql and is used by name only."""

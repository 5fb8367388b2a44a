"""Rows ↔ domain. SQL stands in sql/, a file for each module here, and is used by name only."""

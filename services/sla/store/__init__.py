"""Rows ↔ domain, over the named statements of sql/*.sql; the caller owns the transaction."""

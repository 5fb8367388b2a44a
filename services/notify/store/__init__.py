"""Rows ↔ domain, over the statements of sql/. Who calls it owns the transaction."""

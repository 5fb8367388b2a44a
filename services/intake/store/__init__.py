"""Rows ↔ domain, over the named statements of sql/; the caller owns the transaction."""

from chassis.queries import load_queries

Q = load_queries("services.intake")

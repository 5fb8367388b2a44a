"""sla against a real PostgreSQL: facts in, clocks and facts out."""

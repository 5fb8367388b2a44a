"""Messages ↔ domain: facts in, facts and resources out, policies and calendars both ways."""

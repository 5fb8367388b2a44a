"""sla: keeps every clock of the suite, and says when one has run out."""

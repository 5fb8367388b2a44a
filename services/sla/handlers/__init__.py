"""What sla does within one transaction: for a fact, a deadline, a command, a step of a job."""

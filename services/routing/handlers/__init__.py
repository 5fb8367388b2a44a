"""One function per command, fact or job step; each is one transaction, or one step of one."""

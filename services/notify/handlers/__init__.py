"""One function per command, fact or step of sending = one transaction."""

"""One function per command or fact, each of them one transaction."""

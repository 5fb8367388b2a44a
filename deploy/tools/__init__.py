"""Tools of the build that need more than a line of make."""

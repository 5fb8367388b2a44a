"""What deploy/ does without servers."""

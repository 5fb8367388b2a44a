"""The one kind of error that `deploy.local` shows to a person as a sentence."""


class Problem(Exception):
    """Something the person at the terminal can put right; the text says what."""

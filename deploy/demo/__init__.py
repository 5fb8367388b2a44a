"""The play: the article's own cases, told to a running suite by those who would tell them.

Nothing here reaches past the API. Stewards, departments, the dispatch room and workers act with
their own tokens; only the operator moves the clock, which a suite in demonstration mode allows.
"""

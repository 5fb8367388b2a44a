"""backstopctl: the window from a terminal, for people and for scripts.

A client of the suite like any other: it stands on the stubs alone, so whatever it can do, another
enterprise system can do too.
"""

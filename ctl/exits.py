"""What backstopctl's exit codes mean, in one place: scripts decide by them.

They are documented in the program's own help; a test keeps the two together.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes; the numbers are part of the interface and never change their meaning."""

    DONE = 0
    # The suite understood and said no: not found, not allowed, not in this state.
    REFUSED = 1
    # The command line itself is wrong; nothing was asked.
    USAGE = 2
    # Nobody answered, or not in time. Repeat with the same --request-id.
    UNAVAILABLE = 3
    # The command worked and found something wrong: fsck, coverage.
    FINDINGS = 4
    # The suite failed at its own work; its log has the call under the id shown.
    FAULT = 5
    INTERRUPTED = 130

"""What fsck finds, asked as an operator would ask."""

from tests.harness import Caller, Inspector


async def findings(caller: Caller, inside: Inspector) -> list[dict[str, str]]:
    """Returns the findings of `backstopctl fsck --live --settled`; empty is good."""
    raise NotImplementedError

"""Whose a case's clocks are to see: everyone's who may see its site, but for whom it is about."""


def behind(subject: str, acting_for: str) -> list[str]:
    """Returns the persons who stand behind a call: the caller, and whom they act for."""
    return sorted({subject, acting_for} - {""})

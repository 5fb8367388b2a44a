"""Measures of the window: what each means, of which period, and which figures are kept back."""

from services.intake.domain.measures.definitions import BY_NAME, DEFINITIONS, Definition, Unit
from services.intake.domain.measures.figures import Figure, FigureSet, Group, arrange
from services.intake.domain.measures.periods import Period, month_of, period
from services.intake.domain.measures.suppression import suppress

__all__ = [
    "BY_NAME",
    "DEFINITIONS",
    "Definition",
    "Figure",
    "FigureSet",
    "Group",
    "Period",
    "Unit",
    "arrange",
    "month_of",
    "period",
    "suppress",
]

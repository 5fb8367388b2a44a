"""Faults of a published list, all of them at once, so that it is put right in one round."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.errors import FieldViolation


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, in both languages since whoever typed the list reads it."""

    field: str
    zh: str
    en: str

    @property
    def words(self) -> str:
        """The fault in Chinese, then in English."""
        return f"{self.zh} ({self.en})"


def violations(faults: Sequence[Fault]) -> list[FieldViolation]:
    """Returns the faults as the refusal of a call carries them."""
    return [FieldViolation(fault.field, fault.words) for fault in faults]

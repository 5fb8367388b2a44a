"""Faults of a published list, all of them at once, so that it is put right in one round."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.errors import FieldViolation, Refused


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


def refuse(reason: str, faults: Sequence[Fault]) -> None:
    """Raises Refused with every fault when there is one; `problem` is the first."""
    if faults:
        raise Refused(
            reason,
            fields=[FieldViolation(fault.field, fault.words) for fault in faults],
            problem=faults[0].words,
            count=len(faults),
        )

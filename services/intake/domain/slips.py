"""Numbers of pre-printed slips: "A-0001", four digits at least, up to 999,999 of a prefix."""

from dataclasses import dataclass
from datetime import datetime

from chassis.errors import Refused

LAST_NUMBER = 999_999


@dataclass(frozen=True, slots=True)
class IssuePad:
    """A pad that is asked for; `prefix` in capitals."""

    site_id: str
    prefix: str
    count: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pad:
    """A pad of slips, `first` to `last`; `used` are bound to a case."""

    pad_id: str
    site_id: str
    prefix: str
    first: int
    last: int
    note: str
    issued_by: str
    issue_time: datetime
    used: int = 0

    @property
    def numbers(self) -> tuple[str, ...]:
        """The slips' numbers as printed, in order."""
        return tuple(slip_number(self.prefix, one) for one in range(self.first, self.last + 1))


@dataclass(frozen=True, slots=True)
class Printed:
    """Slips of one prefix that a pad has, `first` to `last`, and who has seen their codes."""

    first: int
    last: int
    issued_by: str


def slip_number(prefix: str, number: int) -> str:
    """Returns a slip's number as it is printed."""
    return f"{prefix}-{number:04d}"


def slip_parts(number: str) -> tuple[str, int]:
    """Returns the prefix and the number of a slip; number 0 for what no slip can be printed as.

    "A-1" is none: the code on a slip belongs to its number exactly as it is printed.
    """
    prefix, _, digits = number.rpartition("-")
    if not (prefix and digits.isascii() and digits.isdigit() and len(digits) <= len("999999")):
        return number, 0
    parts = prefix, int(digits)
    return parts if slip_number(*parts) == number else (number, 0)


def follow(prefix: str, last: int, count: int) -> tuple[int, int]:
    """Returns the first and the last number of a pad that follows on `last`.

    Raises Refused SLIP_NUMBERS_EXHAUSTED.
    """
    if last + count > LAST_NUMBER:
        raise Refused("SLIP_NUMBERS_EXHAUSTED", prefix=prefix)
    return last + 1, last + count

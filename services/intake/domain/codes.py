"""Receipt codes and keyed hashes of persons: derived, never stored in the clear.

Whoever steals the tables can neither follow a case nor tell who raised it; whoever holds a code
or an account finds the case through an index of keyed hashes. HMAC under a secret file instead of
a slow hash: the codes are 16 unguessable digits, not passwords.
"""

import hmac
from dataclasses import dataclass

CODE_DIGITS = 16


def _derive(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, "\0".join(parts).encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Codes:
    """Derives everything from one pepper (32 bytes, outside the database)."""

    pepper: bytes

    def of_case(self, site_id: str, case_id: str, attempt: int = 0) -> str:
        """Returns the receipt code of a case without a slip: 16 digits.

        `attempt` counts how often there was a new one; no two of them have to do with each other.
        """
        return self._digits(site_id, "case", f"{case_id} {attempt}" if attempt else case_id)

    def of_slip(self, site_id: str, slip_number: str) -> str:
        """Returns the code printed on a slip: 16 digits, known before any case is."""
        return self._digits(site_id, "slip", slip_number)

    def receipt(self, site_id: str, case_id: str, slip_number: str, attempt: int = 0) -> str:
        """Returns the code that serves as a case's receipt: the slip's where there is one.

        A slip that was lost opens nothing any more: from the first `attempt` on the case has codes
        of its own.
        """
        if slip_number and not attempt:
            return self.of_slip(site_id, slip_number)
        return self.of_case(site_id, case_id, attempt)

    def index(self, code: str) -> bytes:
        """Returns the hash under which a code is found."""
        return _derive(self.pepper, "receipt index", code)

    def person(self, site_id: str, person_code: str) -> bytes:
        """Returns the hash under which a person's own cases are found."""
        return _derive(self.pepper, "person index", site_id, person_code)

    def pseudonym(self, who: str, request_id: str) -> str:
        """Returns the name under which a reporter's own call is recorded.

        Stable for repeats of one request, and never the same for two: the journal says that a
        reporter did it, and nobody can tell which of them, or that two were the same.
        """
        return _derive(self.pepper, "pseudonym", who, request_id).hex()[:16]

    def _digits(self, site_id: str, kind: str, number: str) -> str:
        secret = _derive(self.pepper, "site receipts", site_id)
        value = int.from_bytes(_derive(secret, kind, number)) % 10**CODE_DIGITS
        return f"{value:0{CODE_DIGITS}d}"

"""How to reach the staff, checked before it is sealed away."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import phonenumbers

from chassis.errors import Refused

# Numbers without a country code are read as of this region.
REGION = "CN"
DEFAULT_LANGUAGE = "zh"

# What every mail server takes; the rest is for the server to say.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

_USABLE = frozenset(
    {
        phonenumbers.ValidationResult.IS_POSSIBLE,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    }
)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach one person; empty where there is no such way. Never shown in logs."""

    person_id: str
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    language: str = DEFAULT_LANGUAGE


@dataclass(frozen=True, slots=True)
class PutContacts:
    """Contacts of a site's staff, to be kept in place of the same people's older ones."""

    site_id: str
    contacts: tuple[Contact, ...]


def check_contacts(contacts: Sequence[Contact]) -> tuple[Contact, ...]:
    """Returns the contacts with numbers in one form (E.164 where they have a country).

    Raises Refused CONTACT_INVALID, naming the person alone, for a person given twice and for a
    number or address that can't be one.
    """
    seen: set[str] = set()
    checked = []
    for contact in contacts:
        if contact.person_id in seen:
            raise Refused("CONTACT_INVALID", person_id=contact.person_id)
        seen.add(contact.person_id)
        if contact.email and not _EMAIL.fullmatch(contact.email):
            raise Refused("CONTACT_INVALID", person_id=contact.person_id)
        checked.append(replace(contact, phone=_phone(contact)))
    return tuple(checked)


def _phone(contact: Contact) -> str:
    if not contact.phone:
        return ""
    try:
        number = phonenumbers.parse(contact.phone, REGION)
    except phonenumbers.NumberParseException:
        raise Refused("CONTACT_INVALID", person_id=contact.person_id) from None
    if phonenumbers.is_possible_number_with_reason(number) not in _USABLE:
        raise Refused("CONTACT_INVALID", person_id=contact.person_id)
    if phonenumbers.is_valid_number(number) or contact.phone.lstrip().startswith("+"):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # A subscriber's number without its area code: kept as the mine's own exchange dials it.
    return phonenumbers.normalize_digits_only(contact.phone)

"""What counts as a contact."""

import pytest

from chassis.errors import Refused
from services.notify.domain.contacts import Contact, check_contacts


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("13900000000", "+8613900000000"),
        ("+86 139-0000-0000", "+8613900000000"),
        ("0355-5920000", "+863555920000"),
        # Without an area code: as the mine's own exchange dials it.
        ("5920000", "5920000"),
        ("", ""),
    ],
)
def test_numbers_come_into_one_form(given: str, kept: str) -> None:
    assert check_contacts([Contact("p1", phone=given)])[0].phone == kept


@pytest.mark.parametrize(
    "contact",
    [
        Contact("p1", phone="12"),
        Contact("p1", phone="call me"),
        Contact("p1", phone="1" * 29),
        Contact("p1", email="nobody"),
        Contact("p1", email="a@b\r\nBcc: c@d"),
        Contact("p1", email="王@example.com"),
        Contact("p1", email="a b@example.com"),
    ],
)
def test_what_can_be_no_contact_is_refused_by_the_person_alone(contact: Contact) -> None:
    with pytest.raises(Refused) as refused:
        check_contacts([Contact("p0", phone="13900000000"), contact])
    assert refused.value.reason == "CONTACT_INVALID"
    assert refused.value.metadata == {"person_id": "p1"}


def test_a_person_given_twice_is_refused() -> None:
    with pytest.raises(Refused, match="CONTACT_INVALID"):
        check_contacts([Contact("p1"), Contact("p2"), Contact("p1")])


def test_a_contact_shows_nothing_when_it_is_logged() -> None:
    shown = repr(Contact("p1", phone="+8613900000000", email="a@b.cn"))
    assert "139" not in shown
    assert "a@b" not in shown

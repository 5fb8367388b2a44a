"""What callers ask for."""

from chassis.errors import Refused
from chassis.sealing import SubjectKeys
from chassis.work import Receipt, Work
from services.notify import convert
from services.notify.domain.contacts import PutContacts, check_contacts
from services.notify.store import contacts as store


async def put_contacts(work: Work, command: PutContacts, keys: SubjectKeys) -> Receipt:
    """Seals and stores contacts; the receipt's outcome is their number.

    Nothing of a contact leaves its seal, so no fact tells of it: what remains of who did it is
    the request row.
    """
    if not work.actor.may_see(command.site_id):
        raise Refused("PERMISSION_DENIED", needed=f"site:{command.site_id}")
    contacts = check_contacts(command.contacts)
    subject_id = contacts_subject(command.site_id)
    await work.lock(command.site_id, subject_id)
    key = await keys.subject_key(work, command.site_id, subject_id)
    sealed = {
        contact.person_id: keys.ring.seal(key, convert.contact_message(contact))
        for contact in contacts
    }
    await store.save_contacts(work.connection, command.site_id, sealed, work.time)
    return Receipt(subject_id, work.version(subject_id), outcome=str(len(contacts)))


def contacts_subject(site_id: str) -> str:
    """Returns the subject under whose key a site's contacts are sealed."""
    return f"contacts/{site_id}"

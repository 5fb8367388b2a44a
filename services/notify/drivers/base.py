"""What every driver is given and has to say."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.notify.domain.deliveries import Channel, Result


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to go.

    `address` is a telephone number or a mail address, empty on paper; `to` is what the recipient
    is called on paper. Neither is ever logged. `message_id` is the delivery's, or that of the
    digest in which several go out, and the same in every attempt. `case_id` is empty for a digest,
    and for what is about no case.
    """

    message_id: str
    case_id: str
    site_id: str
    channel: Channel
    to: str = field(repr=False)
    address: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    language: str
    urgent: bool
    plan_time: datetime
    digest: bool = False


class Driver(Protocol):
    """Takes a message out of the suite.

    `send` raises nothing for what the other side does: Sent once it took the message, NotSent
    only when it certainly did not, Uncertain otherwise.
    """

    async def send(self, message: Outgoing) -> Result:
        """Tries once."""
        ...

    async def close(self) -> None:
        """Lets go of what it holds open."""
        ...

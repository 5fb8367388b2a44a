"""Who is told what of a sweep (举一反三). As in plans.py, of a message about no case."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.notify.domain.deliveries import UNIT_PREFIX, Plan, preferred_channel


@dataclass(frozen=True, slots=True)
class SweepTaskView:
    """One unit's share of a sweep; `head` is empty when nobody is known."""

    task_id: str
    unit_id: str
    place: str
    head: str = ""

    @property
    def recipient(self) -> str:
        """Returns who is told of it: the unit's head, else the unit, on paper."""
        return self.head or UNIT_PREFIX + self.unit_id


def sweep_opened(
    tasks: Sequence[SweepTaskView],
    *,
    defect: str,
    due_date: str,
    opened_by: str,
    shielded: AbstractSet[str],
) -> tuple[Plan, ...]:
    """The head of each unit that is to look, with all their places in one message.

    The case that it starts from may be about one of them: they are `shielded` and hear nothing.
    """
    by_recipient: dict[str, list[SweepTaskView]] = {}
    for task in tasks:
        by_recipient.setdefault(task.recipient, []).append(task)
    return tuple(
        Plan(
            recipient=recipient,
            channel=preferred_channel(recipient),
            template="sweep_opened",
            context={
                "urgent": False,
                "work_unit": own[0].unit_id,
                "text": defect,
                "due_date": due_date,
                "by": opened_by,
                "places": [task.place for task in own if task.place],
            },
            reference=own[0].task_id,
        )
        for recipient, own in by_recipient.items()
        if recipient not in shielded
    )

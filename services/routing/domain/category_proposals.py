"""What rulings say about the category table: a category's matters are another unit's."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from services.routing.domain.directory import Category, Directory


@dataclass(frozen=True, slots=True)
class CategoryProposal:
    """That `unit_id` should lead a category, in place of `table_unit_id` (may be empty).

    `case_ids` are those whose rulings say so, the newest last.
    """

    proposal_id: str
    site_id: str
    category_id: str
    table_unit_id: str
    unit_id: str
    case_ids: tuple[str, ...]
    first_time: datetime
    last_time: datetime
    decided: bool = False

    def without(self, hidden: Collection[str]) -> "CategoryProposal":
        """Returns it as those see it from whom some cases are hidden."""
        return replace(self, case_ids=tuple(one for one in self.case_ids if one not in hidden))


def contradicts(category: Category | None, unit_id: str) -> bool:
    """Tells whether the table names another unit than the one that got a task by a ruling."""
    return category is not None and category.lead_unit_id != unit_id


def grown(proposal: CategoryProposal, case_id: str, time: datetime) -> CategoryProposal | None:
    """Returns the proposal with one more case; None when the case is among them already."""
    if case_id in proposal.case_ids:
        return None
    return replace(proposal, case_ids=(*proposal.case_ids, case_id), last_time=time)


def led_by(directory: Directory, category_id: str, unit_id: str) -> Directory:
    """Returns a directory in which another unit leads a category."""
    categories = tuple(
        replace(category, lead_unit_id=unit_id) if category.category_id == category_id else category
        for category in directory.categories
    )
    return replace(directory, categories=categories)

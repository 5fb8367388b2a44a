"""How cases hang together: ties between them, a duplicate merged into its master, a split."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chassis.errors import Refused
from services.intake.domain.commands import RegisterCase
from services.intake.domain.marks import Flag, FlagKind
from services.intake.domain.transitions import NOT_CLOSED, Act, require, struck_off
from services.intake.domain.values import (
    DISPATCH_ROOM,
    Case,
    CaseFile,
    Link,
    Outcome,
    Relation,
    Reporter,
)

# Ties that are made by hand; the others come with a merge or a split.
BY_HAND = frozenset({Relation.RELATED, Relation.RECURRENCE_OF, Relation.FOUND_BY_SWEEP})


@dataclass(frozen=True, slots=True)
class LinkCases:
    case_id: str
    expected_version: int
    linked_case_id: str
    relation: Relation
    remove: bool
    reason: str


@dataclass(frozen=True, slots=True)
class MergeCase:
    case_id: str
    expected_version: int
    master_case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SplitCase:
    """What is empty is as the old case has it; but the place not where the unit is another."""

    case_id: str
    expected_version: int
    text: str
    category: str
    unit_id: str
    place: str
    reason: str


def check_link(case: Case, command: LinkCases) -> None:
    """Raises Refused LINK_NOT_ALLOWED and LINK_CYCLE for what no case can be tied by."""
    if command.relation not in BY_HAND:
        raise Refused("LINK_NOT_ALLOWED", relation=command.relation)
    if command.linked_case_id == case.case_id:
        raise in_a_circle(case, case)


def in_a_circle(case: Case, other: Case) -> Refused:
    """Returns the refusal of a tie that would lead from the other case back to the first."""
    return Refused(
        "LINK_CYCLE", case_id=other.case_id, number=case.number, linked_number=other.number
    )


def changes(file: CaseFile, command: LinkCases) -> bool:
    """Tells whether the tie isn't there yet, or is still there when it is to be taken off."""
    tied = any(
        one.case_id == command.linked_case_id and one.relation is command.relation
        for one in file.links
    )
    return tied is command.remove


def master_of(file: CaseFile) -> str:
    """Returns the id of the case in whose place a duplicate was closed; empty for any other."""
    return next((one.case_id for one in file.links if one.relation is Relation.DUPLICATE_OF), "")


def merge(file: CaseFile, master: CaseFile, act: Act) -> Case:
    """The case is closed as a duplicate of another, which goes on.

    Raises Refused LINK_CYCLE for itself, WRONG_STATE, MASTER_CLOSED, and MERGE_LOSES_SHIELD where
    somebody who has to keep away from it needn't from the other.
    """
    case = file.case
    if case.case_id == master.case.case_id:
        raise in_a_circle(case, case)
    require(case, "MergeCase", *NOT_CLOSED)
    # A duplicate is closed; one that was reopened is a duplicate no longer.
    if not master.case.open or master_of(master):
        raise Refused("MASTER_CLOSED", number=master.case.number)
    _check_shield(case, master.case)
    return struck_off(case, Outcome.DUPLICATE, act.time)


def _check_shield(case: Case, master: Case) -> None:
    """Raises Refused MERGE_LOSES_SHIELD: the matter must stay out of the same sights and hands."""
    seen = frozenset(case.about_persons) - frozenset(master.about_persons)
    held = frozenset(case.recused_persons) - master.shielded
    if seen or held:
        raise Refused("MERGE_LOSES_SHIELD", number=master.number)


def split(
    file: CaseFile, command: SplitCase, reporter: Reporter, people: AbstractSet[str]
) -> RegisterCase:
    """Returns the appeal that the new case is registered with; raises Refused WRONG_STATE.

    `people` are those of `split_people` whom the site still has. Whoever has left, or has to keep
    away, neither receives it nor is in charge of it; the dispatch room receives it then.
    """
    case = file.case
    present = people - case.shielded
    flag = _long_standing(case)
    require(case, "SplitCase", *NOT_CLOSED)
    elsewhere = command.unit_id not in ("", case.unit_id)
    return RegisterCase(
        site_id=case.site_id,
        text=command.text,
        channel=case.channel,
        reporter=reporter,
        # The old place is that of the old unit's matter.
        place=command.place or ("" if elsewhere else case.place),
        post_id=case.post_id,
        unit_id=command.unit_id or case.unit_id,
        kind=case.kind,
        category=command.category or case.category,
        urgency=case.urgency,
        occurred_time=case.occurred_time,
        receiver=case.receiver if case.receiver in present else DISPATCH_ROOM,
        slip_number="",
        links=(Link(case.case_id, Relation.SPLIT_FROM),),
        about_persons=case.about_persons,
        recused_persons=case.recused_persons,
        long_standing=flag is not None,
        leader=flag.leader if flag is not None and flag.leader in present else "",
    )


def split_people(case: Case) -> list[str]:
    """Returns who would have a second matter in hand: the receiver, and the leader in charge."""
    flag = _long_standing(case)
    return [case.receiver, *([] if flag is None else [flag.leader])]


def _long_standing(case: Case) -> Flag | None:
    return next((one for one in case.flags if one.kind is FlagKind.LONG_STANDING), None)

"""Which ties there can be, what a merge closes, and what a split starts with."""

from dataclasses import replace
from typing import Any

import pytest

from chassis.errors import Refused
from services.intake.domain.linking import (
    LinkCases,
    SplitCase,
    changes,
    check_link,
    master_of,
    merge,
    split,
    split_people,
)
from services.intake.domain.marks import Flag, FlagKind, Pause
from services.intake.domain.values import DISPATCH_ROOM, CaseState, Link, Outcome, Relation
from tests.unit.intake.examples import ACT, NOW, REPORTER, case, file

OTHER = "0190a5d0-0000-7000-8000-000000000002"
SECOND = SplitCase("", 0, "早饭太凉", "", "", "", "两件事")


def tie(relation: Relation, other: str = OTHER, *, remove: bool = False) -> LinkCases:
    return LinkCases(case().case_id, 0, other, relation, remove, "同一处")


@pytest.mark.parametrize("relation", list(Relation))
def test_which_ties_are_made_by_hand(relation: Relation) -> None:
    if relation in (Relation.DUPLICATE_OF, Relation.SPLIT_FROM):
        with pytest.raises(Refused, match="LINK_NOT_ALLOWED"):
            check_link(case(), tie(relation))
        return
    check_link(case(), tie(relation))
    with pytest.raises(Refused, match="LINK_CYCLE"):
        check_link(case(), tie(relation, case().case_id))


def test_what_is_so_already_is_nothing_new() -> None:
    tied = replace(file(), links=(Link(OTHER, Relation.RELATED),))
    assert not changes(tied, tie(Relation.RELATED))
    assert changes(tied, tie(Relation.RELATED, remove=True))
    assert changes(tied, tie(Relation.RECURRENCE_OF))
    assert not changes(file(), tie(Relation.RELATED, remove=True))


def test_a_merge_closes_the_duplicate_and_ends_its_pause() -> None:
    pause = Pause("FORCE_MAJEURE", "停电", "d-1", NOW, None)
    closed = merge(file(pause=pause), file(case_id=OTHER), ACT)
    assert (closed.state, closed.outcome) == (CaseState.CLOSED, Outcome.DUPLICATE)
    assert (closed.close_time, closed.accountable, closed.next_wake_time) == (NOW, "", None)
    assert closed.pause is None


@pytest.mark.parametrize(
    ("mine", "masters", "reason"),
    [
        ({}, {"case_id": case().case_id}, "LINK_CYCLE"),
        ({"state": CaseState.CLOSED}, {}, "WRONG_STATE"),
        ({}, {"state": CaseState.CLOSED}, "MASTER_CLOSED"),
        # Nobody gets in sight, or in hand, of what they had to keep away from.
        ({"about_persons": ("x-1",)}, {}, "MERGE_LOSES_SHIELD"),
        ({"about_persons": ("x-1",)}, {"recused_persons": ("x-1",)}, "MERGE_LOSES_SHIELD"),
        ({"recused_persons": ("x-1", "x-2")}, {"about_persons": ("x-1",)}, "MERGE_LOSES_SHIELD"),
    ],
)
def test_what_is_not_merged(mine: dict[str, Any], masters: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        merge(file(**mine), file(**{"case_id": OTHER} | masters), ACT)


def test_a_shielded_case_is_merged_into_one_that_keeps_the_same_away() -> None:
    mine = file(about_persons=("x-1",), recused_persons=("x-2", "x-3"))
    master = file(
        case_id=OTHER, about_persons=("x-0", "x-1", "x-2"), recused_persons=("x-3", "x-4")
    )
    assert merge(mine, master, ACT).outcome is Outcome.DUPLICATE


def test_a_duplicate_is_no_master() -> None:
    follower = replace(file(case_id=OTHER), links=(Link("x", Relation.DUPLICATE_OF),))
    assert master_of(follower) == "x"
    with pytest.raises(Refused, match="MASTER_CLOSED"):
        merge(file(), follower, ACT)


def test_a_split_is_as_the_old_one_where_nothing_else_is_said() -> None:
    old = file(about_persons=("x-1",), slip_number="A-0001")
    appeal = split(old, SECOND, REPORTER, {"c-1"})
    assert (appeal.category, appeal.unit_id, appeal.place) == ("OTHER", "bath", "南风井食堂")
    assert (appeal.occurred_time, appeal.receiver) == (old.case.occurred_time, "c-1")
    assert (appeal.about_persons, appeal.slip_number) == (("x-1",), "")
    assert appeal.links == (Link(old.case.case_id, Relation.SPLIT_FROM),)
    other = replace(SECOND, category="FOOD", unit_id="canteen", place="食堂")
    told = split(old, other, REPORTER, set())
    assert told.receiver == DISPATCH_ROOM
    assert (told.category, told.unit_id, told.place) == ("FOOD", "canteen", "食堂")
    with pytest.raises(Refused, match="WRONG_STATE"):
        split(file(state=CaseState.CLOSED), other, REPORTER, set())


def test_a_split_keeps_the_same_persons_away_and_stays_long_standing() -> None:
    flag = Flag(FlagKind.LONG_STANDING, "多年未解决", "l-1", "d-1", NOW)
    old = file(recused_persons=("c-1",), flags=(flag,))
    assert split_people(old.case) == ["c-1", "l-1"]
    appeal = split(old, SECOND, REPORTER, {"c-1", "l-1"})
    assert (appeal.long_standing, appeal.leader) == (True, "l-1")
    assert (appeal.recused_persons, appeal.receiver) == (("c-1",), DISPATCH_ROOM)
    # In charge of it is nobody who has left, or has to keep away.
    assert split(old, SECOND, REPORTER, set()).leader == ""
    kept = file(recused_persons=("l-1",), flags=(flag,))
    assert split(kept, SECOND, REPORTER, {"c-1", "l-1"}).leader == ""
    hazard = file(flags=(replace(flag, kind=FlagKind.HAZARD),))
    assert not split(hazard, SECOND, REPORTER, {"c-1"}).long_standing

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
)
from services.intake.domain.marks import Pause
from services.intake.domain.values import CaseState, Link, Outcome, Relation
from tests.unit.intake.examples import ACT, NOW, REPORTER, case, file

OTHER = "0190a5d0-0000-7000-8000-000000000002"


def tie(relation: Relation, other: str = OTHER, *, remove: bool = False) -> LinkCases:
    return LinkCases(case().case_id, 0, other, relation, remove, "同一处")


@pytest.mark.parametrize("relation", list(Relation))
def test_which_ties_are_made_by_hand(relation: Relation) -> None:
    if relation in (Relation.DUPLICATE_OF, Relation.SPLIT_FROM):
        with pytest.raises(Refused, match="LINK_NOT_ALLOWED"):
            check_link(tie(relation))
        return
    check_link(tie(relation))
    with pytest.raises(Refused, match="LINK_CYCLE"):
        check_link(tie(relation, case().case_id))


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
    ],
)
def test_what_is_not_merged(mine: dict[str, Any], masters: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        merge(file(**mine), file(**{"case_id": OTHER} | masters), ACT)


def test_a_duplicate_is_no_master() -> None:
    follower = replace(file(case_id=OTHER), links=(Link("x", Relation.DUPLICATE_OF),))
    assert master_of(follower) == "x"
    with pytest.raises(Refused, match="MASTER_CLOSED"):
        merge(file(), follower, ACT)


def test_a_split_is_as_the_old_one_where_nothing_else_is_said() -> None:
    old = file(about_persons=("x-1",), slip_number="A-0001")
    appeal = split(old, SplitCase("", 0, "早饭太凉", "", "", "", "两件事"), REPORTER, "c-1")
    assert (appeal.category, appeal.unit_id, appeal.place) == ("OTHER", "bath", "南风井食堂")
    assert (appeal.occurred_time, appeal.receiver) == (old.case.occurred_time, "c-1")
    assert (appeal.about_persons, appeal.slip_number) == (("x-1",), "")
    assert appeal.links == (Link(old.case.case_id, Relation.SPLIT_FROM),)
    other = SplitCase("", 0, "早饭太凉", "FOOD", "canteen", "食堂", "两件事")
    told = split(old, other, REPORTER, "")
    assert (told.category, told.unit_id, told.place) == ("FOOD", "canteen", "食堂")
    with pytest.raises(Refused, match="WRONG_STATE"):
        split(file(state=CaseState.CLOSED), other, REPORTER, "")

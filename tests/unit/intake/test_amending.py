"""What an amendment changes, and who may make it."""

from dataclasses import replace
from typing import Any

import pytest

from chassis.errors import Refused
from services.intake.domain.amending import (
    AmendCase,
    Amendment,
    Codes,
    amend,
    check_codes,
    next_reporter,
)
from services.intake.domain.values import (
    DISPATCH_ROOM,
    CaseState,
    Confidentiality,
    Reporter,
    ReporterKind,
    Urgency,
)
from tests.unit.intake.examples import ACT, REPORTER, case, file

CLERK = frozenset({"CLERK"})
ROOM = frozenset({"DISPATCHER"})


def command(**fields: Any) -> AmendCase:
    return AmendCase(case().case_id, 0, "登记有误", **fields)


def test_amendments_are_in_the_order_of_the_fields() -> None:
    told = command(urgency=Urgency.URGENT, text="灯坏了", place="井口", unit_id="bath")
    amended = amend(file(), told, ACT, CLERK, REPORTER)
    assert amended.amendments == (
        Amendment("text", "淋浴头坏了", "灯坏了"),
        Amendment("place", "南风井食堂", "井口"),
        Amendment("urgency", "NORMAL", "URGENT"),
    )
    assert amended.case == replace(case(), text="灯坏了", place="井口", urgency=Urgency.URGENT)
    assert amended.reporter is None


@pytest.mark.parametrize("state", list(CaseState))
def test_only_what_is_in_hand_is_amended(state: CaseState) -> None:
    if state in (CaseState.RESOLVED, CaseState.CLOSED):
        with pytest.raises(Refused, match="WRONG_STATE"):
            amend(file(state=state), command(text="x"), ACT, CLERK, REPORTER)
    else:
        assert amend(file(state=state), command(text="x"), ACT, CLERK, REPORTER).amendments


def test_the_hands_of_whom_it_is_about_are_emptied() -> None:
    held = file(
        steward="s-1", accepted=True, accountable="s-1", first_reply_by="s-2", receiver="c-1"
    )
    one = amend(held, command(add_about_persons=("s-1",)), ACT, ROOM, REPORTER).case
    assert (one.steward, one.accepted, one.accountable) == ("", False, DISPATCH_ROOM)
    assert (one.first_reply_by, one.receiver) == ("s-2", "c-1")
    both = command(add_about_persons=("s-2", "c-1"))
    two = amend(held, both, ACT, ROOM, REPORTER).case
    assert (two.first_reply_by, two.receiver) == ("", DISPATCH_ROOM)
    assert (two.steward, two.accepted, two.accountable) == ("s-1", True, "s-1")


@pytest.mark.parametrize(
    ("roles", "receiver", "allowed"),
    [(ROOM, "c-1", True), (CLERK, "s-1", True), (CLERK, "c-1", False)],
)
def test_who_may_say_who_it_is_about(roles: frozenset[str], receiver: str, allowed: bool) -> None:
    for told in (
        command(add_about_persons=("x-1",)),
        command(reporter=replace(REPORTER, phone="1")),
    ):
        if allowed:
            assert amend(file(receiver=receiver), told, ACT, roles, REPORTER).amendments
        else:
            with pytest.raises(Refused, match="PERMISSION_DENIED"):
                amend(file(receiver=receiver), told, ACT, roles, REPORTER)


@pytest.mark.parametrize("person", ["s-1", "b-1", "h-1"])
def test_nobody_makes_themselves_the_reporter(person: str) -> None:
    held, act = replace(file(), hands=frozenset({"h-1"})), replace(ACT, acting_for="b-1")
    told = command(reporter=replace(REPORTER, person_code=person))
    with pytest.raises(Refused, match="INVALID_FIELD") as refused:
        amend(held, told, act, ROOM, REPORTER)
    assert refused.value.metadata["field"] == "reporter.person_code"
    # Whoever was so from the beginning stays so.
    theirs = replace(REPORTER, person_code=person)
    more = command(reporter=replace(theirs, phone="1"))
    assert amend(held, more, act, ROOM, theirs).amendments


def test_how_far_a_reporter_is_known_only_narrows() -> None:
    reaches = (Confidentiality.NAMED, Confidentiality.CONFIDENTIAL, Confidentiality.ANONYMOUS)
    passed = set()
    for before in reaches:
        for after in reaches:
            there = replace(REPORTER, confidentiality=before)
            name = "" if Confidentiality.ANONYMOUS in (before, after) else "样例"
            told = Reporter(ReporterKind.UNSPECIFIED, after, name=name)
            try:
                settled = next_reporter(there, told)
            except Refused:
                continue
            assert settled.confidentiality is (
                before if before is Confidentiality.ANONYMOUS else after
            )
            assert settled.kind is REPORTER.kind
            passed.add((before, after))
    named, hidden, nobody = reaches
    assert passed == {
        (named, named),
        (named, hidden),
        (hidden, hidden),
        # Whatever is said of them, the anonymous stay so.
        (nobody, nobody),
        (nobody, named),
        (nobody, hidden),
    }


def test_codes_are_those_of_their_own_kind() -> None:
    known = Codes(frozenset({"bath"}), frozenset({"canteen"}), frozenset({"B"}), frozenset({"c-1"}))
    good = command(unit_id="bath", post_id="canteen", category="OTHER", add_about_persons=("c-1",))
    check_codes("yuwu", good, known)
    check_codes("yuwu", command(unit_id="", post_id=""), known)
    for told, reason in (
        (command(unit_id="canteen"), "UNIT_UNKNOWN"),
        (command(post_id="bath"), "POST_UNKNOWN"),
        (command(category="bath"), "CATEGORY_UNKNOWN"),
        (command(add_about_persons=("bath",)), "ABOUT_PERSON_UNKNOWN"),
    ):
        with pytest.raises(Refused, match=reason):
            check_codes("yuwu", told, known)

"""What must be said at the window, and what is filled in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.errors import Refused
from services.intake.domain import registration
from services.intake.domain.codes import Codes
from services.intake.domain.commands import RegisterCase
from services.intake.domain.values import (
    Confidentiality,
    Link,
    Relation,
    Reporter,
    ReporterKind,
    Site,
)
from tests.unit.intake.examples import APPEAL, NOW, REPORTER, ZONE

SITE = Site("yuwu", "样例矿", "YW", ZONE)
KNOWN = registration.Known(
    site=SITE,
    units=frozenset({"bath"}),
    posts={"canteen": "食堂门口"},
    categories=frozenset({"BATHING"}),
    linked={"about-c-1": ["c-1"]},
    people=frozenset({"s-1"}),
)
CLERK = registration.Caller("c-1", staff=True, persons=frozenset({"c-1"}))


def reporter(confidentiality: Confidentiality, **identity: Any) -> Reporter:
    return Reporter(ReporterKind.EMPLOYEE, confidentiality, **identity)


@pytest.mark.parametrize(
    ("told", "settled"),
    [
        (reporter(Confidentiality.UNSPECIFIED, name="甲"), Confidentiality.NAMED),
        (reporter(Confidentiality.UNSPECIFIED, person_code="w"), Confidentiality.NAMED),
        (reporter(Confidentiality.CONFIDENTIAL, name="甲"), Confidentiality.CONFIDENTIAL),
        (reporter(Confidentiality.ANONYMOUS), Confidentiality.ANONYMOUS),
    ],
)
def test_confidentiality_is_settled(told: Reporter, settled: Confidentiality) -> None:
    assert registration.settle_reporter(told).confidentiality is settled


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (reporter(Confidentiality.ANONYMOUS, phone="1"), "ANONYMOUS_WITH_IDENTITY"),
        (reporter(Confidentiality.NAMED), "REPORTER_MISSING"),
        (reporter(Confidentiality.UNSPECIFIED), "REPORTER_MISSING"),
        (reporter(Confidentiality.CONFIDENTIAL, phone="1"), "REPORTER_MISSING"),
        (reporter(Confidentiality.UNSPECIFIED, email="a@b"), "REPORTER_MISSING"),
    ],
)
def test_half_an_identity_is_refused(told: Reporter, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        registration.settle_reporter(told)


def test_a_reporter_speaks_for_themselves_only() -> None:
    for confidentiality, code in (
        (Confidentiality.UNSPECIFIED, "w-7"),
        (Confidentiality.ANONYMOUS, ""),
    ):
        handed_in = replace(APPEAL, reporter=reporter(confidentiality), receiver="s-1")
        own = registration.own_appeal(handed_in, "w-7")
        assert (own.reporter.person_code, own.receiver) == (code, "")
    with pytest.raises(Refused, match="NOT_THE_REPORTER"):
        registration.own_appeal(replace(APPEAL, reporter=REPORTER), "w-8")


@pytest.mark.parametrize("receiver", ["", "c-1", "s-1", "position:DISPATCH_ROOM"])
def test_a_receiver_is_known_or_the_caller(receiver: str) -> None:
    registration.check_known(replace(APPEAL, receiver=receiver), KNOWN, CLERK)


@pytest.mark.parametrize("receiver", ["x-1", "position:DUTY_LEAD", "w-7"])
def test_an_unknown_receiver_is_refused(receiver: str) -> None:
    caller = registration.Caller("w-7", staff=False)
    with pytest.raises(Refused, match="INVALID_FIELD") as caught:
        registration.check_known(replace(APPEAL, receiver=receiver), KNOWN, caller)
    assert caught.value.fields[0].field == "receiver"


@pytest.mark.parametrize(
    ("known", "command", "reason"),
    [
        (replace(KNOWN, units=frozenset()), APPEAL, "UNIT_UNKNOWN"),
        (replace(KNOWN, posts={}), APPEAL, "POST_UNKNOWN"),
        (KNOWN, replace(APPEAL, category="X"), "CATEGORY_UNKNOWN"),
        (KNOWN, replace(APPEAL, links=(Link("c", Relation.RELATED),)), "LINK_NOT_FOUND"),
        # There it is, and not for whom it is about.
        (KNOWN, replace(APPEAL, links=(Link("about-c-1", Relation.RELATED),)), "LINK_NOT_FOUND"),
        (KNOWN, replace(APPEAL, about_persons=("s-1", "s-9")), "ABOUT_PERSON_UNKNOWN"),
    ],
)
def test_what_the_site_lacks_is_refused(
    known: registration.Known, command: RegisterCase, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        registration.check_known(command, known, CLERK)


def test_other_is_a_category_of_every_site() -> None:
    known = replace(KNOWN, categories=frozenset())
    registration.check_known(replace(APPEAL, category="OTHER"), known, CLERK)
    registration.check_known(replace(APPEAL, category=""), known, CLERK)


def test_a_case_has_an_owner_and_a_wake_up_from_the_start() -> None:
    case = registration.register(APPEAL, KNOWN, CLERK, NOW, "id", 7)
    assert case.number == "YW-20261123-0007"
    assert case.accountable == "position:DISPATCH_ROOM"
    assert case.next_wake_time is not None
    assert case.next_wake_time > NOW
    assert (case.receiver, case.place, case.category) == ("c-1", "食堂门口", "OTHER")


def test_what_lies_too_far_back_is_a_slip_of_the_pen() -> None:
    late = replace(APPEAL, occurred_time=NOW - timedelta(days=90))
    assert registration.register(late, KNOWN, CLERK, NOW, "id", 1).occurred_time < NOW
    older = replace(APPEAL, occurred_time=NOW - timedelta(days=91))
    with pytest.raises(Refused, match="TOO_LONG_AGO"):
        registration.register(older, KNOWN, CLERK, NOW, "id", 1)


def test_neither_a_reporter_nor_a_system_is_the_receiver() -> None:
    caller = registration.Caller("w-7", staff=False)
    case = registration.register(APPEAL, KNOWN, caller, NOW, "id", 1)
    assert case.receiver == "position:DISPATCH_ROOM"


def test_numbers_go_on_beyond_four_digits() -> None:
    assert registration.case_number(SITE, NOW.date(), 12345) == "YW-20261123-12345"


def test_anyone_else_may_tie_a_case_to_it() -> None:
    tied = replace(APPEAL, links=(Link("about-c-1", Relation.RECURRENCE_OF),))
    other = registration.Caller("c-2", staff=True, persons=frozenset({"c-2", "w-9"}))
    registration.check_known(tied, KNOWN, other)
    behind = replace(other, persons=frozenset({"c-2", "c-1"}))
    with pytest.raises(Refused):
        registration.check_known(tied, KNOWN, behind)


@pytest.mark.parametrize("named", ["", "c-1", "s-1"])
def test_nobody_receives_an_appeal_about_themselves(named: str) -> None:
    about = replace(APPEAL, about_persons=("c-1", "s-1"), receiver=named)
    case = registration.register(about, KNOWN, CLERK, NOW, "id", 1)
    assert case.receiver == "position:DISPATCH_ROOM"
    assert case.about_persons == ("c-1", "s-1")


def test_codes_are_sixteen_digits_and_differ_by_site_kind_and_pepper() -> None:
    codes = Codes(bytes(32))
    made = {
        codes.of_case("yuwu", "1"),
        codes.of_slip("yuwu", "1"),
        codes.of_slip("other", "1"),
        Codes(bytes(31) + b"x").of_slip("yuwu", "1"),
    }
    assert len(made) == 4
    assert all(len(code) == 16 and code.isdigit() for code in made)
    assert codes.receipt("yuwu", "1", "") == codes.of_case("yuwu", "1")
    assert codes.receipt("yuwu", "1", "A") == codes.of_slip("yuwu", "A")
    assert codes.index("1") != codes.person("yuwu", "1")


def test_a_pseudonym_is_of_one_request_only() -> None:
    codes = Codes(bytes(32))
    assert codes.pseudonym("w-7", "r-1") == codes.pseudonym("w-7", "r-1")
    assert len({codes.pseudonym(who, r) for who in ("w-7", "w-8") for r in ("r-1", "r-2")}) == 4


def test_a_new_code_has_nothing_to_do_with_the_one_before() -> None:
    codes = Codes(bytes(32))
    made = [codes.receipt("yuwu", "1", "A-1", attempt) for attempt in range(4)]
    assert made[0] == codes.of_slip("yuwu", "A-1")
    assert made[1:] == [codes.of_case("yuwu", "1", attempt) for attempt in (1, 2, 3)]
    assert len({*made, codes.of_case("yuwu", "1")}) == 5


@pytest.mark.parametrize(
    ("category", "suggested", "verdict"),
    [
        ("BATHING", "BATHING", "ACCEPTED"),
        ("OTHER", "BATHING", "OVERRULED"),
        ("", "BATHING", ""),
        ("BATHING", "", ""),
    ],
)
def test_only_a_choice_accepts_or_overrules(category: str, suggested: str, verdict: str) -> None:
    chosen = replace(APPEAL, category=category)
    assert registration.verdict_of(chosen, suggested) == verdict


def test_what_was_split_off_may_be_as_old_as_what_it_came_from() -> None:
    old = replace(APPEAL, occurred_time=NOW - timedelta(days=200))
    with pytest.raises(Refused, match="TOO_LONG_AGO"):
        registration.register(old, KNOWN, CLERK, NOW, "id", 1)
    split = replace(old, links=(Link("first", Relation.SPLIT_FROM),))
    case = registration.register(split, KNOWN, CLERK, NOW, "id", 1)
    assert not case.late_entry
    assert case.cycle_start_time == case.occurred_time


def test_the_long_standing_begin_when_they_are_entered() -> None:
    old = replace(APPEAL, occurred_time=NOW - timedelta(days=900), long_standing=True, hazard=True)
    case = registration.register(old, KNOWN, CLERK, NOW, "id", 1, flagged_by="c-1")
    assert (case.occurred_time, case.cycle_start_time) == (old.occurred_time, NOW)
    assert [(flag.kind.value, flag.flagged_by) for flag in case.flags] == [
        ("HAZARD", "c-1"),
        ("LONG_STANDING", "c-1"),
    ]

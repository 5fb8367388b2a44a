"""Who is told that they may call about a case that was drawn in a sample."""

from dataclasses import replace

from services.intake.convert.access import ACCESS
from services.intake.domain.actions import Caller, Circumstances, allowed, needs_circumstances
from services.intake.domain.values import CaseFile, CaseState, Confidentiality, Outcome
from tests.unit.intake.examples import NOW, file, resolved_file

CLOSED = file(
    state=CaseState.CLOSED, outcome=Outcome.SOLVED, close_time=NOW, accountable="", confirmed=True
)
DRAWN = Circumstances(NOW, sampled=True)


def caller(role: str) -> Caller:
    return Caller("u-1", frozenset({role}), frozenset({"u-1"}))


def may_call(about: CaseFile, role: str, around: Circumstances = DRAWN) -> bool:
    return "RecordCallback" in allowed(about, caller(role), ACCESS, around)


def test_a_closed_case_is_called_about_once_it_was_drawn() -> None:
    for role in ("SUPPORT", "DISPATCHER"):
        assert may_call(CLOSED, role)
        assert not may_call(CLOSED, role, Circumstances(NOW))
    for role in ("DIRECTOR", "STEWARD", "CLERK", "LEADER"):
        assert not may_call(CLOSED, role)


def test_not_by_a_hand_in_it_nor_to_the_anonymous_nor_while_it_is_open() -> None:
    assert not may_call(replace(CLOSED, hands=frozenset({"u-1"})), "SUPPORT")
    nameless = replace(CLOSED.case, confidentiality=Confidentiality.ANONYMOUS)
    assert not may_call(replace(CLOSED, case=nameless), "SUPPORT")
    assert not may_call(file(), "SUPPORT")
    # What waits for its reporter is called about without any sample.
    assert may_call(resolved_file(), "SUPPORT", Circumstances(NOW))


def test_the_samples_are_looked_at_only_where_they_decide() -> None:
    assert needs_circumstances(CLOSED, caller("SUPPORT"), ACCESS)
    assert not needs_circumstances(CLOSED, caller("LEADER"), ACCESS)
    assert not needs_circumstances(file(), caller("SUPPORT"), ACCESS)
    handled = replace(CLOSED, hands=frozenset({"u-1"}))
    assert not needs_circumstances(handled, caller("SUPPORT"), ACCESS)

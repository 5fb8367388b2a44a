"""Level, pause, flags and who must keep away stand beside the state: none of them moves it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.domain import commands, follow_up, read_model
from services.intake.domain.marks import FlagKind, Pause
from services.intake.domain.values import Case, CaseFile, CaseState
from tests.unit.intake.examples import ACT, NOW, ZONE, case

PAUSE = Pause("WAITING_FOR_REPORTER", "", "d-1", NOW, None)


def flagged(one: Case, kind: FlagKind, is_set: bool) -> Case:
    command = commands.FlagCase("", 0, kind, is_set, "样例", "")
    if one.state is CaseState.CLOSED:
        with pytest.raises(Refused, match="WRONG_STATE"):
            follow_up.flag(CaseFile(one, ZONE), command, ACT)
        return one
    return follow_up.flag(CaseFile(one, ZONE), command, ACT).case


def beside(one: Case, what: int) -> Case:
    """One of all that stands beside the state happens to a case."""
    match what:
        case 0:
            return read_model.moved_to_level(one, one.cycle, one.level + 1, "boss")
        case 1:
            return read_model.moved_to_level(one, one.cycle, 0, "s-1")
        case 2:
            return read_model.instructed(one, one.cycle, "boss")
        case 3:
            return read_model.paused(one, PAUSE)
        case 4:
            return read_model.resumed(one)
        case 5:
            return flagged(one, FlagKind.HAZARD, True)
        case 6:
            return flagged(one, FlagKind.LONG_STANDING, True)
        case 7:
            return flagged(one, FlagKind.HAZARD, False)
        case _:
            return read_model.recused(one, "p-9")


@given(st.sampled_from(CaseState), st.lists(st.integers(0, 8), min_size=1))
def test_whatever_happens_beside_it_the_state_stays(state: CaseState, whats: list[int]) -> None:
    before = after = case(state=state)
    for what in whats:
        after = beside(after, what)
    assert (after.state, after.outcome, after.cycle) == (before.state, before.outcome, before.cycle)


def test_each_of_them_shows() -> None:
    one = case(state=CaseState.IN_PROGRESS)
    level, pause, flags = beside(one, 0), beside(one, 3), beside(one, 5)
    assert (level.level, pause.pause) == (1, PAUSE)
    assert [flag.kind for flag in flags.flags] == [FlagKind.HAZARD]

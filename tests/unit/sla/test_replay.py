"""A case computed again from its acts: as it was, as it stood, and as it would have gone."""

from datetime import date, timedelta

import pytest

from services.sla.domain.acts import AnswerKind, DispatchedOrder, Logged
from services.sla.domain.kinds import (
    AmendmentCause,
)
from services.sla.domain.policy import Terms
from services.sla.domain.replay import LadderLevel, as_of, replay, simulate
from tests.unit.sla.life import CASE, SITE, TERMS, Life, at, closed_on

LADDER = (LadderLevel(1), LadderLevel(working_time=timedelta(hours=4)), LadderLevel())
LONG_AFTER = at("12-31 00:00")


def long_life() -> Life:
    life = Life()
    life.assign("p-7", at("11-23 09:01"))
    life.fire(at("11-23 16:30"))
    life.answer(AnswerKind.PLAN, at("11-23 18:00"), date(2026, 12, 4), answer_id="a-1")
    life.dispatch(at("11-23 18:30"), DispatchedOrder("w-1", at("11-27 18:00")))
    life.amend(closed_on(date(2026, 11, 25)), at("11-24 09:00"), AmendmentCause.CALENDAR)
    life.pause(at("11-24 10:00"), at("12-15 00:00"))
    life.resume(at("11-26 10:00"))
    life.fire(at("12-20 10:00"))
    life.resolve(at("12-20 11:00"))
    life.close(at("12-22 11:00"))
    return life


def test_acts_give_what_was_stored() -> None:
    life = long_life()
    history = life.replayed()
    assert history.case == life.change.case
    assert {clock.clock_id: clock for clock in history.clocks} == life.clocks
    assert [clock.start_time for clock in history.clocks] == sorted(
        clock.start_time for clock in life.clocks.values()
    )
    assert history.changes[-1] == (life.logged[-1], life.change)


def test_an_act_is_applied_under_the_terms_that_it_was_applied_under() -> None:
    life = long_life()
    asked: list[tuple[int, int]] = []

    def terms_of(logged: Logged) -> Terms:
        asked.append((logged.policy_version, logged.calendar_version))
        return TERMS

    replay(CASE, SITE, life.logged, terms_of)
    assert asked == [(1, 1)] * 5 + [(1, 2)] * 6


def test_a_case_as_it_stood_at_an_instant() -> None:
    life = long_life()
    paused = as_of(CASE, SITE, life.logged, lambda _: life.terms, at("11-25 00:00"))
    assert paused is not None and paused.case.pause is not None
    resumed = as_of(CASE, SITE, life.logged, lambda _: life.terms, at("11-26 10:00"))
    assert resumed is not None and resumed.case.pause is None
    assert as_of(CASE, SITE, life.logged, lambda _: life.terms, at("11-23 08:59")) is None


def test_a_list_without_a_registration_is_no_case() -> None:
    life = long_life()
    with pytest.raises(LookupError):
        replay(CASE, SITE, life.logged[1:], lambda _: TERMS)
    with pytest.raises(LookupError):
        replay(CASE, SITE, [], lambda _: TERMS)
    with pytest.raises(LookupError):
        simulate(CASE, SITE, life.logged[1:], TERMS, LADDER, LONG_AFTER)

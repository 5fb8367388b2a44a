"""Facts in and out: what stands in where a message is silent, and ids that come out the same."""

from datetime import UTC, date, datetime, timedelta

import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import to_date_message, to_timestamp
from services.sla import convert
from services.sla.domain.clocks import ClockKind, ClockState, Consequence
from services.sla.domain.transitions import AnswerKind
from tests.unit.sla.life import CASE, MONDAY, Life, at

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def answered(**fields: object) -> intake_facts_pb2.CaseAnswered:
    message = intake_facts_pb2.CaseAnswered(
        case_id=CASE,
        cycle=1,
        answer_id="a-1",
        kind=intake_pb2.ANSWER_KIND_PLAN,
        promised_date=to_date_message(date(2026, 12, 1)),
        fed_back=True,
    )
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def test_an_answer_counts_from_its_feedback() -> None:
    message = answered()
    message.feedback.feedback_time.CopyFrom(to_timestamp(NOON))
    answer = convert.fed_back_answer(message, MONDAY)
    assert answer is not None
    assert (answer.time, answer.kind) == (NOON, AnswerKind.PLAN)
    assert answer.promised_date == date(2026, 12, 1)


def test_without_a_time_of_its_own_the_facts_time_stands_in() -> None:
    answer = convert.fed_back_answer(answered(), NOON)
    assert answer is not None
    assert answer.time == NOON


def test_an_answer_not_fed_back_is_none() -> None:
    assert convert.fed_back_answer(answered(fed_back=False), NOON) is None


def test_an_answer_of_an_unknown_kind_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="UNSPECIFIED"):
        convert.fed_back_answer(answered(kind=0), NOON)


def test_a_result_told_in_the_same_act_was_told_when_it_was_resolved() -> None:
    message = intake_facts_pb2.CaseResolved(fed_back=True, resolve_time=to_timestamp(NOON))
    resolution = convert.resolution(message, MONDAY)
    assert resolution.fed_back_time == resolution.time == NOON
    message.fed_back = False
    assert convert.resolution(message, MONDAY).fed_back_time is None


def test_the_same_firing_is_the_same_fact() -> None:
    ids = []
    for _ in range(2):
        life = Life()
        change = life.fire(at("12-01 08:00"))
        facts = list(convert.published(change, NOON, at("12-01 08:00")))
        ids.append([fact.fact_id for fact in facts if fact.fact_id is not None])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_daily_firings_of_one_reminder_are_facts_of_their_own() -> None:
    life = Life()
    life.assign("", at("11-23 09:30"))
    ids = set()
    for day in ("11-24", "11-25", "11-26"):
        change = life.fire(at(f"{day} 00:00"))
        ids |= {
            fact.fact_id
            for fact in convert.published(change, NOON, at(f"{day} 00:00"))
            if isinstance(fact.message, sla_facts_pb2.ClockBreached)
            and fact.message.consequence == sla_pb2.CONSEQUENCE_REMINDER
        }
    assert len(ids) == 3


def test_what_fires_is_dated_by_its_deadline_and_tells_how_late_it_was_noticed() -> None:
    now = at("11-24 03:00")
    change = Life().fire(now)
    first, *_ = convert.published(change, NOON, now)
    assert isinstance(first.message, sla_facts_pb2.ClockBreached)
    assert first.occurred_time == at("11-24 00:00")
    assert first.message.detected_late_by.ToTimedelta() == timedelta(hours=3)
    assert first.message.next_wake_time == to_timestamp(at("11-26 00:00"))


def test_a_breach_comes_before_what_it_starts_and_an_alert_after_it_was_told_of() -> None:
    born = Life(MONDAY, known=at("12-01 09:00"))
    names = [type(fact.message).__name__ for fact in convert.published(born.change, NOON, NOON)]
    assert names == ["ClocksStarted", "ClockBreached"]
    slept = Life().fire(at("12-01 08:00"))
    names = [type(fact.message).__name__ for fact in convert.published(slept, NOON, NOON)]
    assert names == ["ClockBreached", "ClockBreached", "ClocksStarted"]


@pytest.mark.parametrize(
    ("words", "prefix", "enum"),
    [
        (ClockKind, "CLOCK_KIND_", sla_pb2.ClockKind),
        (ClockState, "CLOCK_STATE_", sla_pb2.ClockState),
        (Consequence, "CONSEQUENCE_", sla_pb2.Consequence),
        (AnswerKind, "ANSWER_KIND_", intake_pb2.AnswerKind),
    ],
)
def test_words_are_the_protos(words: type[ClockKind], prefix: str, enum: object) -> None:
    names = {name.removeprefix(prefix) for name in enum.keys()}  # type: ignore[attr-defined]  # noqa: SIM118 - not a mapping
    assert {word.value for word in words} == names - {"UNSPECIFIED"}

"""Facts in and out: what stands in where a message is silent, and ids that come out the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2, intake_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.convert import to_date_message, to_duration, to_timestamp
from services.sla import consumers
from services.sla.convert import clocks as words
from services.sla.convert.clocks import clock_message
from services.sla.convert.facts_in import READERS, about_persons, act_of, ladders_of
from services.sla.convert.facts_out import published
from services.sla.domain import acts
from services.sla.domain.clocks import Clock, Span, breach
from services.sla.domain.docket import Amendment, Case, CasePause, Change, Verdict
from services.sla.domain.kinds import (
    AmendmentCause,
    CaseState,
    ClockKind,
    ClockState,
    Consequence,
    PauseReason,
    Threshold,
)
from services.sla.domain.policy import DEFAULTS, Profile

CASE = "0198c5a0-0000-7000-8000-000000000001"
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)

CLOCK = Clock(
    clock_id="0198c5a0-0000-7000-8000-00000000000c",
    subject_id=CASE,
    site_id="yuwu",
    kind=ClockKind.PLAN,
    cycle=1,
    reference="",
    start_time=NOON,
    due_time=MIDNIGHT,
    state=ClockState.RUNNING,
    provisional=False,
    policy_version=3,
    calendar_version=2,
    rule=replace(DEFAULTS[ClockKind.PLAN], name="井下"),
)


def change(**fields: Any) -> Change:
    case = Case(CASE, "yuwu", CaseState.OPEN, 1, NOON, next_wake_time=MIDNIGHT)
    return replace(Change(acts.Elapsed(), case), **fields)


def breached(clock: Clock, *, born: bool = False) -> Verdict:
    done = replace(breach(clock), born_breached=born)
    return Verdict(done, Threshold.DUE, clock.due_time, Consequence.LADDER)


def names(made: Change) -> list[str]:
    return [type(fact.message).__name__ for fact in published(made, NOON, MIDNIGHT)]


# Facts in -------------------------------------------------------------------------------------


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
    kind, day = acts.AnswerKind.PLAN, date(2026, 12, 1)
    assert act_of(message, MIDNIGHT) == acts.Answered(1, "a-1", kind, day, NOON)


@pytest.mark.parametrize(
    "message",
    [
        answered(),
        intake_facts_pb2.CaseRegistered(case_id=CASE),
        intake_facts_pb2.CaseResolved(fed_back=True),
        intake_facts_pb2.CaseCalledBack(reached=True),
        intake_facts_pb2.CaseConfirmed(counts=True),
        intake_facts_pb2.CaseRejected(new_cycle=2),
        intake_facts_pb2.CaseClosed(),
        intake_facts_pb2.CaseReopened(new_cycle=2),
        intake_facts_pb2.CaseAmended(category="WATER"),
        intake_facts_pb2.CaseMeetingRecorded(),
        intake_facts_pb2.CaseFlagged(flag=intake_pb2.CASE_FLAG_HAZARD),
        intake_facts_pb2.CasePromiseMoved(promised_date=to_date_message(date(2026, 12, 1))),
        routing_facts_pb2.CaseAssigned(),
        routing_facts_pb2.CaseEscalated(),
        routing_facts_pb2.CaseDeescalated(),
        routing_facts_pb2.CaseInstructed(),
        routing_facts_pb2.WorkOrdersDispatched(),
        routing_facts_pb2.WorkOrderReopened(),
        routing_facts_pb2.WorkOrderCompleted(),
        routing_facts_pb2.WorkOrderReturned(),
        routing_facts_pb2.WorkOrderRuled(),
        routing_facts_pb2.WorkOrderExtended(),
    ],
    ids=lambda message: type(message).__name__,
)
def test_without_a_time_of_its_own_the_facts_time_stands_in(message: Any) -> None:
    act: Any = act_of(message, NOON)
    assert act.time == NOON


def test_what_does_not_count_is_no_act() -> None:
    assert act_of(answered(fed_back=False), NOON) is None
    assert act_of(intake_facts_pb2.CaseConfirmed(counts=False), NOON) is None
    # About a closed case, and about another one.
    sampled = intake_facts_pb2.CaseCalledBack(cycle=1, reached=True, sample_id="s-1")
    assert act_of(sampled, NOON) is None
    master = intake_facts_pb2.CaseConfirmed(cycle=1, counts=True, master_case_id="c-2")
    assert act_of(master, NOON) is None


def test_whom_a_case_is_about_is_read_from_what_says_it() -> None:
    assert about_persons(intake_facts_pb2.CaseRegistered(about_persons=["p-1"])) == ["p-1"]
    assert about_persons(intake_facts_pb2.CaseAmended(about_persons=["p-1", "p-2"])) == [
        "p-1",
        "p-2",
    ]
    assert about_persons(intake_facts_pb2.CaseClosed()) == []


def test_the_clocks_of_a_registration_may_begin_later_than_it_was_spoken() -> None:
    message = intake_facts_pb2.CaseRegistered(case_id=CASE)
    assert act_of(message, NOON) == acts.Registered(NOON, Profile("", "", "NORMAL"))
    message.clock_start_time.CopyFrom(to_timestamp(MIDNIGHT))
    act = act_of(message, NOON)
    assert isinstance(act, acts.Registered)
    assert (act.time, act.clock_start) == (NOON, MIDNIGHT)


def test_words_that_are_unknown_are_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="UNSPECIFIED"):
        act_of(answered(kind=0), NOON)
    with pytest.raises(ValueError, match="UNSPECIFIED"):
        act_of(intake_facts_pb2.CaseFlagged(flag=0), NOON)  # type: ignore[arg-type]  # 0 is what is tried


def test_a_registration_keeps_what_rules_look_at() -> None:
    message = intake_facts_pb2.CaseRegistered(
        category="WAGES",
        kind=intake_pb2.CASE_KIND_GRIEVANCE,
        urgency=intake_pb2.URGENCY_URGENT,
        unit_id="mining-1",
        confidentiality=intake_pb2.CONFIDENTIALITY_ANONYMOUS,
        occurred_time=to_timestamp(NOON),
    )
    profile = Profile("WAGES", "GRIEVANCE", "URGENT")
    assert act_of(message, MIDNIGHT) == acts.Registered(NOON, profile, "mining-1", anonymous=True)
    message.confidentiality = intake_pb2.CONFIDENTIALITY_CONFIDENTIAL
    act = act_of(message, MIDNIGHT)
    assert isinstance(act, acts.Registered)
    assert not act.anonymous
    nothing = act_of(intake_facts_pb2.CaseRegistered(), NOON)
    assert nothing == acts.Registered(NOON, Profile("", "", "NORMAL"))


def test_a_result_told_in_the_same_act_was_told_when_it_was_resolved() -> None:
    message = intake_facts_pb2.CaseResolved(fed_back=True, resolve_time=to_timestamp(NOON))
    assert act_of(message, MIDNIGHT) == acts.Resolved(NOON, NOON)
    message.fed_back = False
    assert act_of(message, MIDNIGHT) == acts.Resolved(NOON, None)


def test_a_level_dwells_in_days_or_in_working_time() -> None:
    message = routing_facts_pb2.CaseEscalated(
        cycle=2, to_level=1, dwell_working_days=1, accountable="p-9"
    )
    act = act_of(message, NOON)
    assert isinstance(act, acts.Escalated)
    assert (act.cycle, act.number, act.accountable) == (2, 1, "p-9")
    assert (act.dwell_working_days, act.dwell_working_time) == (1, timedelta(0))
    assert not act.by_hand
    message.dwell_working_days = 0
    message.dwell_working_time.CopyFrom(to_duration(4 * HOUR))
    message.cause = routing_facts_pb2.ESCALATION_CAUSE_MANUAL
    act = act_of(message, NOON)
    assert isinstance(act, acts.Escalated)
    assert (act.dwell_working_days, act.dwell_working_time) == (0, 4 * HOUR)
    assert act.by_hand


def test_another_owner_of_a_level_is_no_new_level() -> None:
    message = routing_facts_pb2.CaseEscalated(from_level=2, to_level=2, dwell_working_days=1)
    act = act_of(message, NOON)
    assert isinstance(act, acts.Escalated)
    assert act.again
    message.from_level = 1
    act = act_of(message, NOON)
    assert isinstance(act, acts.Escalated)
    assert not act.again


def test_a_level_lower_has_its_dwell_as_well() -> None:
    message = routing_facts_pb2.CaseDeescalated(
        cycle=2,
        from_level=3,
        to_level=2,
        dwell_working_days=2,
        accountable="p-2",
        fallback=True,
        deescalate_time=to_timestamp(NOON),
    )
    assert act_of(message, MIDNIGHT) == acts.Deescalated(2, 2, 2, True, NOON, timedelta(0), "p-2")
    message.dwell_working_days = 0
    message.dwell_working_time.CopyFrom(to_duration(4 * HOUR))
    act = act_of(message, MIDNIGHT)
    assert isinstance(act, acts.Deescalated)
    assert (act.dwell_working_days, act.dwell_working_time) == (0, 4 * HOUR)


def test_a_task_is_owed_again_from_when_it_was_reopened() -> None:
    message = routing_facts_pb2.WorkOrderReopened(
        work_order=routing_pb2.WorkOrder(work_order_id="w-1", deadline_time=to_timestamp(MIDNIGHT)),
        reopen_time=to_timestamp(NOON),
    )
    assert act_of(message, MIDNIGHT) == acts.Reopened("w-1", MIDNIGHT, NOON)


def test_a_joint_meetings_ruling_is_a_ruling() -> None:
    message = routing_facts_pb2.WorkOrderRuled(
        work_order_id="w-1",
        kind=routing_pb2.RULING_KIND_JOINT_MEETING,
        rule_time=to_timestamp(NOON),
        deadline_time=to_timestamp(MIDNIGHT),
    )
    assert act_of(message, MIDNIGHT) == acts.Ruled("w-1", NOON, MIDNIGHT)


def test_a_ruling_may_leave_the_deadline() -> None:
    message = routing_facts_pb2.WorkOrderRuled(work_order_id="w-1")
    assert act_of(message, NOON) == acts.Ruled("w-1", NOON, None)
    message.deadline_time.CopyFrom(to_timestamp(MIDNIGHT))
    assert act_of(message, NOON) == acts.Ruled("w-1", NOON, MIDNIGHT)


def test_words_of_what_was_approved_are_kept() -> None:
    day = date(2026, 12, 9)
    moved = intake_facts_pb2.CasePromiseMoved(
        cycle=1,
        answer_id="a-1",
        promised_date=to_date_message(day),
        reason="备件未到",
        approved_by="p-2",
    )
    assert act_of(moved, NOON) == acts.PromiseMoved(1, "a-1", day, NOON, "备件未到", "p-2")
    extended = routing_facts_pb2.WorkOrderExtended(
        work_order_id="w-1",
        deadline_time=to_timestamp(MIDNIGHT),
        reason="备件未到",
        approved_by="p-2",
    )
    assert act_of(extended, NOON) == acts.Extended("w-1", MIDNIGHT, NOON, "备件未到", "p-2")


def test_the_ladder_is_its_dwells() -> None:
    directory = routing_pb2.Directory(
        ladder=[
            routing_pb2.LadderLevel(dwell_working_days=2),
            routing_pb2.LadderLevel(dwell_working_time=to_duration(HOUR)),
        ],
        category_ladders=[
            routing_pb2.CategoryLadder(
                category_id="BATHING", levels=[routing_pb2.LadderLevel(dwell_working_days=5)]
            )
        ],
    )
    assert ladders_of(directory) == {"": [(2, 0), (0, 3600)], "BATHING": [(5, 0)]}


def test_every_fact_that_can_be_read_is_listened_to() -> None:
    listened = {kind for by_type in consumers.handlers().values() for kind in by_type}
    others = {routing_facts_pb2.DirectoryPublished, routing_facts_pb2.OutreachRecorded}
    assert listened == set(READERS) | others


# Facts out ------------------------------------------------------------------------------------


def test_the_same_firing_is_the_same_fact_and_another_one_is_not() -> None:
    warned = Verdict(CLOCK, Threshold.WARNING, NOON)
    later = replace(CLOCK, due_time=MIDNIGHT + HOUR)
    fired = (warned, breached(CLOCK), breached(later))
    ids = [
        [fact.fact_id for fact in published(change(fired=fired), NOON, now)]
        for now in (MIDNIGHT, MIDNIGHT + HOUR)
    ]
    assert ids[0] == ids[1]
    assert len({*ids[0]} - {None}) == 3


def test_what_fires_is_dated_by_its_deadline_and_tells_how_late_it_was_noticed() -> None:
    (fact,) = published(change(fired=(breached(CLOCK),)), NOON, MIDNIGHT + 3 * HOUR)
    assert isinstance(fact.message, sla_facts_pb2.ClockBreached)
    assert fact.occurred_time == MIDNIGHT
    assert fact.message.detected_late_by.ToTimedelta() == 3 * HOUR
    assert fact.message.consequence == sla_pb2.CONSEQUENCE_LADDER
    assert fact.message.next_wake_time == to_timestamp(MIDNIGHT)


def test_the_order_in_which_a_change_is_told() -> None:
    made = change(
        fired=(breached(CLOCK, born=True), Verdict(CLOCK, Threshold.WARNING, NOON)),
        stopped=(CLOCK,),
        paused=(CLOCK,),
        resumed=(CLOCK,),
        amended=(Amendment(CLOCK, NOON, AmendmentCause.CALENDAR),),
        started=(CLOCK,),
    )
    assert names(made) == [
        "ClockDueSoon",
        "ClocksStopped",
        "ClocksPaused",
        "ClocksResumed",
        "ClocksAmended",
        "ClocksStarted",
        "ClockBreached",
    ]
    assert {fact.message.case_id for fact in published(made, NOON, NOON)} == {CASE}
    assert names(change()) == []


def test_a_pause_tells_why_and_until_when() -> None:
    pause = CasePause(PauseReason.FORCE_MAJEURE, "暴雨", "p-2", NOON, MIDNIGHT)
    made = change(paused=(CLOCK,))
    made = replace(made, case=replace(made.case, pause=pause))
    (fact,) = published(made, NOON, NOON)
    assert isinstance(fact.message, sla_facts_pb2.ClocksPaused)
    assert fact.message.reason == sla_pb2.PAUSE_REASON_FORCE_MAJEURE
    assert (fact.message.words, fact.message.approved_by) == ("暴雨", "p-2")
    assert fact.message.latest_end_time == to_timestamp(MIDNIGHT)


@pytest.mark.parametrize("reached", [True, False])
def test_resuming_tells_whether_somebody_resumed(reached: bool) -> None:
    pause = breached(replace(CLOCK, kind=ClockKind.PAUSE))
    made = change(resumed=(CLOCK,), fired=(pause,) if reached else ())
    *_, fact = published(made, NOON, NOON)
    assert isinstance(fact.message, sla_facts_pb2.ClocksResumed)
    assert fact.message.latest_end_reached == reached


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (acts.Extended("w-1", MIDNIGHT, NOON, "备件未到", "p-2"), ("备件未到", "p-2")),
        (acts.PromiseMoved(1, "a-1", date(2026, 12, 1), NOON, "缺料", "p-3"), ("缺料", "p-3")),
        (acts.Ruled("w-1", NOON, MIDNIGHT), ("", "")),
    ],
)
def test_moving_a_deadline_tells_from_where_and_why(act: acts.Act, said: Sequence[str]) -> None:
    amended = (Amendment(CLOCK, NOON, AmendmentCause.EXTENSION),)
    (fact,) = published(change(act=act, amended=amended), NOON, NOON)
    assert isinstance(fact.message, sla_facts_pb2.ClocksAmended)
    assert list(fact.message.previous_due_times) == [to_timestamp(NOON)]
    assert fact.message.clocks[0].due_time == to_timestamp(MIDNIGHT)
    assert fact.message.cause == sla_pb2.AMENDMENT_CAUSE_EXTENSION
    assert (fact.message.reason, fact.message.approved_by) == said


def test_a_clock_tells_its_rule_its_calendar_and_its_pauses() -> None:
    pauses = (Span(NOON, NOON + HOUR), Span(MIDNIGHT))
    message = clock_message(replace(CLOCK, state=ClockState.PAUSED, pauses=pauses))
    assert (message.rule, message.policy_version, message.calendar_version) == ("井下", 3, 2)
    assert message.state == sla_pb2.CLOCK_STATE_PAUSED
    assert [pause.HasField("end_time") for pause in message.pauses] == [True, False]
    assert message.pauses[0].end_time == to_timestamp(NOON + HOUR)
    assert not message.HasField("breach_time")


def test_a_units_clock_is_of_no_case() -> None:
    unit = replace(CLOCK, subject_id="outreach/yuwu/mining-1", kind=ClockKind.OUTREACH)
    assert clock_message(unit).case_id == ""
    assert clock_message(CLOCK).case_id == CASE


@pytest.mark.parametrize(
    ("table", "prefix", "enum"),
    [
        (words.KINDS, "CLOCK_KIND_", sla_pb2.ClockKind),
        (words.STATES, "CLOCK_STATE_", sla_pb2.ClockState),
        (words.CONSEQUENCES, "CONSEQUENCE_", sla_pb2.Consequence),
        (words.PAUSE_REASONS, "PAUSE_REASON_", sla_pb2.PauseReason),
        (words.AMENDMENT_CAUSES, "AMENDMENT_CAUSE_", sla_pb2.AmendmentCause),
        (words.ANSWER_KINDS, "ANSWER_KIND_", intake_pb2.AnswerKind),
        (words.FLAGS, "CASE_FLAG_", intake_pb2.CaseFlag),
    ],
)
def test_words_are_the_protos(table: words.Words[Any, Any], prefix: str, enum: Any) -> None:
    kinds: type[StrEnum] = table.words
    names = {name.removeprefix(prefix) for name in enum.keys()}  # noqa: SIM118 - not a mapping
    assert {word.value for word in kinds} == names - {"UNSPECIFIED"}
    for word in kinds:
        assert table.word(table.number(word)) is word

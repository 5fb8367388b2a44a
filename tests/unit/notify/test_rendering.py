"""Every template says something in both languages, with nothing missing and nobody's name in it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from jinja2 import TemplateError

from backstop.intake.v1 import intake_marks_pb2, intake_pb2
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_pb2
from services.notify.domain import (
    cases,
    clock_plans,
    life_plans,
    plans,
    sweep_plans,
    work_order_plans,
)
from services.notify.domain.deliveries import REPORTER, Channel, Plan
from services.notify.domain.digests import TEMPLATE as DIGEST
from services.notify.domain.digests import Held, context_of
from services.notify.domain.names import Code, NameKind, codes_in, named
from services.notify.rendering import IN_PERSON, LANGUAGES, render
from tests.unit.notify.examples import (
    CASE,
    HELD,
    MIDNIGHT,
    SILENT,
    URGENT,
    clock,
    delivery,
    moved,
    sweep_task,
    work_order,
)


def names_of(enum: Any) -> list[str]:
    """Returns the names of an enum's values as plans know them: without prefix and without zero."""
    prefix = enum.DESCRIPTOR.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return [value.name.removeprefix(prefix) for value in enum.DESCRIPTOR.values if value.number]


# Names of enums that a text must not show: it has words for them.
_NAMES = re.compile(
    r"\b("
    + "|".join(
        sorted(
            {
                *names_of(sla_pb2.ClockKind),
                *names_of(sla_pb2.PauseReason),
                *names_of(sla_pb2.AmendmentCause),
                *names_of(routing_pb2.InstructionKind),
                *names_of(routing_pb2.RulingKind),
                *names_of(intake_pb2.Outcome),
                *names_of(intake_marks_pb2.ReviewDecision),
            }
        )
    )
    + r")\b"
)


def every_plan() -> Iterator[Plan]:
    """Yields what every rule plans, in its variants."""
    bare = replace(CASE, place="", unit_id="")
    for case in (CASE, SILENT, URGENT, bare):
        yield from plans.registered(URGENT)
        yield from of_clocks(case)
        yield from of_case(case)
    yield from clock_plans.calendar_year_missing(2027)
    yield from life_plans.handed_over(
        sequence=7, outgoing="dd00", incoming="dd02", open_count=12, at_risk_count=2
    )
    for places in (("", ""), ("南风井", "北风井")):
        yield from sweep_plans.sweep_opened(
            [sweep_task(1, "bathhouse", "head1", places[0]), sweep_task(2, "x", "", places[1])],
            defect="淋浴头老化",
            due_date="2026-12-03",
            opened_by="dd01",
            shielded=frozenset(),
        )


def of_case(case: cases.CaseView) -> Iterator[Plan]:
    """Yields what every rule about a case and its work orders plans, in its variants."""
    for handover, note in ((True, ""), (False, "配件已订")):
        yield from plans.assigned(
            replace(case, first_reply_by="clerk2"),
            also_told=["ins1"],
            previous="dd02",
            handover=handover,
            note=note,
        )
    for level, position in ((1, "DIRECTOR"), (0, "")):
        yield from plans.deescalated(
            cases.escalate(case, "director", level, cycle=1),
            position_id=position,
            reason="班组可办",
            decided_by="dd00",
            fallback=level == 1,
        )
    yield from plans.recused(case, "dd02")
    yield from plans.fix_not_lasting(case, again=None, days=7)
    yield from plans.fix_not_lasting(case, again=CASE, days=7)
    for kind in names_of(routing_pb2.RulingKind):
        yield from work_order_plans.work_order_ruled(
            case,
            work_order(1, "logistics", "head1"),
            kind=kind,
            text="" if kind == "UPHOLD" else "归后勤",
            previous=None if kind == "UPHOLD" else HELD,
            met=["head3"],
        )
    yield from work_order_plans.work_order_reopened(
        case, work_order(1, "bathhouse", "head2"), reason="未修好", reopened_by="dd01"
    )
    yield from work_order_plans.extension_asked(
        case,
        work_order_id="wo-1",
        unit_id="bathhouse",
        due_time=MIDNIGHT,
        asked_due_time=MIDNIGHT + timedelta(days=1),
        reason="配件未到",
        asked_by="asker1",
    )
    for words in ("配件未到", ""):
        yield from work_order_plans.extended(
            case, work_order_id="wo-1", whose=HELD, due_time=MIDNIGHT, reason=words
        )
        yield from work_order_plans.extension_declined(
            case, work_order_id="wo-1", whose=HELD, asked_by="", words=words
        )
    for cause in ("MANUAL", "BREACH", "DWELL"):
        yield from plans.escalated(
            cases.escalate(case, "director", 2, cycle=1),
            position_id="DIRECTOR",
            cause=cause,
            top=cause == "DWELL",
            fallback=cause == "BREACH",
        )
    for kind in names_of(routing_pb2.InstructionKind):
        yield from plans.instructed(
            case, level=2, kind=kind, text="三日内办结", instructed_by="director"
        )
    yield from work_order_plans.work_orders_dispatched(
        case, [work_order(1, "logistics", "head1"), work_order(2, "bathhouse")]
    )
    for open_count, result in ((0, ""), (2, "已更换")):
        yield from work_order_plans.work_order_completed(
            case, work_order_id="wo-1", unit_id="bathhouse", result=result,
            open_count=open_count,
        )  # fmt: skip
    for kind, promised in (("FIRST_REPLY", ""), ("PLAN", "2026-12-08"), ("PROGRESS", "")):
        yield from plans.answered(
            case, answer_id="a1", kind=kind, text="半月内更换", promised_date=promised, way=""
        )
    yield from plans.answered(
        case, answer_id="a1", kind="PROGRESS", text="等配件", promised_date="", way="",
        next_date="2026-11-30",
    )  # fmt: skip
    for way in ("ATTEMPT", "LEFT", "POSTED"):
        yield from plans.fed_back(case, answer_id="a1", kind="PLAN", way=way)
    for outcome in ("SOLVED", "EXPLAINED", "EXPLAINED_NOT_ACCEPTED"):
        yield from plans.resolved(case, resolution="已更换", outcome=outcome)
    yield from plans.rejected(case, reopen_count=1)
    yield from of_its_end(case)


def of_its_end(case: cases.CaseView) -> Iterator[Plan]:
    """Yields what the rules about a case's ends and what hangs on it plan, in their variants."""
    for outcome in names_of(intake_pb2.Outcome):
        yield from life_plans.closed(case, outcome=outcome)
        yield from life_plans.closed(
            case, outcome=outcome, master="YW-20261123-0002", appeal="集团信访办"
        )
    yield from life_plans.reopened(case, outcome="SOLVED", reopen_count=1)
    yield from life_plans.referred(case, body="区住建局", their_reference="JS-17")
    yield from life_plans.hazard(case)
    yield from life_plans.withdrawn(case)
    yield from life_plans.referral_resulted(case, body="区住建局", result="已更换")
    for decision in names_of(intake_marks_pb2.ReviewDecision):
        yield from life_plans.reviewed(
            case, decision=decision, findings="水压不足", reviewed_by="dd00"
        )
    for by_reporter in (True, False):
        yield from life_plans.commented(case, by_reporter=by_reporter, text="明日上门")
    for day in ("2026-12-03", ""):
        yield from life_plans.met(case, chaired_by="dd00", next_date=day)
    for state in names_of(intake_pb2.CaseState):
        for outcome in ("", "SOLVED"):
            yield from life_plans.master_moved(
                case,
                master="YW-20261123-0002",
                state=state,
                resolution="已更换",
                outcome=outcome,
            )


def of_clocks(case: cases.CaseView) -> Iterator[Plan]:
    """Yields what every rule about clocks plans, in its variants."""
    yield from clock_plans.clocks_started(case, [clock(), clock("PLAN")])
    yield from clock_plans.clocks_started(case, [clock(born_breached=True)])
    for kind in KINDS:
        yield from clock_plans.clock_due_soon(case, replace(clock(kind), provisional=True))
        for consequence in names_of(sla_pb2.Consequence):
            late = clock(kind, born_breached=consequence == "ALERT")
            yield from clock_plans.clock_breached(case, late, consequence)
    for unit in ("logistics", ""):
        yield from clock_plans.clock_breached(
            case, clock("WORK_ORDER"), "HEAD_OF_UNIT", work_order=unit
        )
    for reason in names_of(sla_pb2.PauseReason):
        for words, end in (("等停机检修", MIDNIGHT), ("", None)):
            yield from clock_plans.clocks_paused(
                case,
                reason=reason,
                words=words,
                latest_end_time=end,
                approved_by="dd00",
            )
    clocks = [clock(kind) for kind in KINDS]
    yield from clock_plans.clocks_resumed(case, clocks, latest_end_reached=True)
    for cause in names_of(sla_pb2.AmendmentCause):
        for words in ("配件未到", ""):
            yield from clock_plans.clocks_amended(
                case,
                [moved(kind, timedelta(days=1)) for kind in KINDS],
                cause=cause,
                reason=words,
            )


# OUTREACH is no case's.
KINDS = [kind for kind in names_of(sla_pb2.ClockKind) if kind != "OUTREACH"]
PLANS = list(every_plan())
ABOUT_NO_CASE = {"calendar_year_missing", "shift_handover", "sweep_opened"}
NAMES = {
    Code(NameKind.CATEGORY, "BATHING"): "洗浴",
    Code(NameKind.UNIT, "bathhouse"): "澡堂队",
    Code(NameKind.PERSON, "dd01"): "包保·甲",
    Code(NameKind.POSITION, "DIRECTOR"): "调度室主任",
}


def templates() -> set[str]:
    """Returns the names of all templates, without language and ending."""
    folder = files("services.notify").joinpath("templates")
    return {item.name.split(".")[0] for item in folder.iterdir() if item.name.endswith(".txt")}


def test_every_template_is_used_and_there_in_both_languages() -> None:
    assert {plan.template for plan in PLANS} | {IN_PERSON, DIGEST} == templates()
    folder = files("services.notify").joinpath("templates")
    for name in templates():
        for language in LANGUAGES:
            assert folder.joinpath(f"{name}.{language}.txt").is_file(), (name, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_a_subject_and_a_body_and_no_code_words(language: str) -> None:
    for plan in PLANS:
        text = render(
            plan.template,
            named(plan.context, NAMES),
            language=language,
            time_zone="Asia/Shanghai",
            recipient=plan.recipient,
            channel=plan.channel,
        )
        both = text.subject + "\n" + text.body
        assert text.subject, plan.template
        assert len(text.body) > 10, plan.template
        assert CASE.number in both or plan.template in ABOUT_NO_CASE
        # Left-over markup, or an enum's name instead of a word.
        assert not re.search(r"[{}%]|\b[A-Z]+_[A-Z_]+\b", both), both
        assert not _NAMES.search(both), both
        assert ("【紧急】" in both or "[URGENT]" in both) == (
            plan.urgent and plan.recipient != REPORTER
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_about_a_deadline_has_its_line_in_a_digest(language: str) -> None:
    about_one = [plan for plan in PLANS if {"clock", "due_time"} <= plan.context.keys()]
    # These say that a deadline has passed and something is owed.
    of_one_kind = {
        "clock_breached", "clock_missed_before", "clock_breached_director", "work_order_late",
    }  # fmt: skip
    assert of_one_kind < {plan.template for plan in about_one}
    for plan in about_one:
        lines = []
        for template in (plan.template, "clock_breached"):
            held = Held(timedelta(0), timedelta(hours=3))
            context = held.context(plan.context)
            told = replace(delivery(1), template=template, context=context)
            text = render(
                DIGEST, context_of([told]), language=language, time_zone="Asia/Shanghai",
                recipient="dd01", channel=Channel.PHONE,
            )  # fmt: skip
            lines += re.findall(r"(?m)^- .*$", text.body)
            assert CASE.number in lines[-1]
            assert not re.search(r"[{}%]|\b[A-Z]+_[A-Z_]+\b", text.body), text.body
            assert not _NAMES.search(text.body), text.body
        assert (lines[0] == lines[1]) is (plan.template in of_one_kind), plan.template


def test_chinese_is_written_with_chinese_punctuation() -> None:
    folder = files("services.notify").joinpath("templates")
    for name in templates():
        text = folder.joinpath(f"{name}.zh.txt").read_text(encoding="utf-8")
        words = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text)
        assert not re.search(r"[一-鿿][,:;()]|[,:;()][一-鿿]", words), name


def test_a_deadline_at_midnight_is_the_end_of_the_day_before() -> None:
    (plan,) = clock_plans.clocks_started(CASE, [clock()])
    text = render(
        plan.template, plan.context, language="zh", time_zone="Asia/Shanghai",
        recipient=REPORTER, channel=Channel.PHONE,
    )  # fmt: skip
    assert "2026年11月23日 24:00" in text.body
    assert MIDNIGHT.hour == 16


def test_paper_for_a_reporter_is_a_note_to_whoever_tells_them() -> None:
    (plan,) = plans.resolved(SILENT, resolution="已更换全部淋浴头", outcome="SOLVED")
    context = named(plan.context, NAMES)
    told = render(
        plan.template, context, language="zh", time_zone="Asia/Shanghai",
        recipient=REPORTER, channel=Channel.PAPER,
    )  # fmt: skip
    assert "包保·甲" in told.body
    assert "已更换全部淋浴头" in told.body
    direct = render(
        plan.template, context, language="zh", time_zone="Asia/Shanghai",
        recipient=REPORTER, channel=Channel.PHONE,
    )  # fmt: skip
    assert "包保·甲" not in direct.body
    assert direct.body.strip() in told.body


def test_a_missing_field_is_a_fault_and_never_a_blank() -> None:
    with pytest.raises(TemplateError):
        render(
            "receipt", {"number": "YW-1"}, language="zh", time_zone="Asia/Shanghai",
            recipient=REPORTER, channel=Channel.PHONE,
        )  # fmt: skip


def test_words_of_people_are_never_read_as_a_template() -> None:
    (plan,) = plans.answered(
        CASE, answer_id="a", kind="PLAN", text="{{ 7 * 7 }}{% raw %}", promised_date="", way=""
    )
    text = render(
        plan.template, plan.context, language="en", time_zone="Asia/Shanghai",
        recipient=REPORTER, channel=Channel.PHONE,
    )  # fmt: skip
    assert "{{ 7 * 7 }}{% raw %}" in text.body


def test_codes_become_names_and_unknown_ones_stay() -> None:
    context = {"category": "BATHING", "unit": "nowhere", "accountable": "position:DIRECTOR"}
    assert codes_in(context) == {
        Code(NameKind.CATEGORY, "BATHING"),
        Code(NameKind.UNIT, "nowhere"),
        Code(NameKind.POSITION, "DIRECTOR"),
    }
    assert named(context, NAMES) == {
        "category": "洗浴",
        "unit": "nowhere",
        "accountable": "调度室主任",
    }

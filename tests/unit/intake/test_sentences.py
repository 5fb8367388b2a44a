"""Every fact that the suite can publish has its sentence in both languages."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_facts_pb2, intake_marks_pb2, intake_pb2
from backstop.notify.v1 import notify_facts_pb2, notify_pb2
from backstop.routing.v1 import routing_facts_pb2, routing_pb2, routing_sweeps_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from services.intake.domain.values import Step
from services.intake.sentences import Narrator, en, zh
from tests.unit.intake.examples import NOW, ZONE

MODULES = (intake_facts_pb2, routing_facts_pb2, sla_facts_pb2, notify_facts_pb2)
FACTS = [
    getattr(module, name)
    for module in MODULES
    for name in sorted(module.DESCRIPTOR.message_types_by_name)
]


def filled(kind: type[Message], depth: int = 0) -> Message:
    """A message whose every field is set, lists with one element."""
    message = kind()
    for field in message.DESCRIPTOR.fields:
        value: object
        if field.message_type is not None:
            made = type(getattr(message, field.name)) if not field.is_repeated else None
            if made is None:
                getattr(message, field.name).add()
                item = getattr(message, field.name)[0]
                item.CopyFrom(filled(type(item), depth + 1))
            elif made is Timestamp:
                # Midnight at the mine.
                getattr(message, field.name).FromDatetime(datetime(2026, 11, 23, 16, tzinfo=UTC))
            elif made is Date:
                getattr(message, field.name).CopyFrom(Date(year=2026, month=12, day=3))
            else:
                getattr(message, field.name).CopyFrom(filled(made, depth + 1))
            continue
        if field.type == FieldDescriptor.TYPE_STRING:
            value = "s-1"
        elif field.type == FieldDescriptor.TYPE_BOOL:
            value = True
        else:
            value = 1
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
    return message


def tell(message: Message, language: str) -> str:
    step = Step(
        "x", 1, message.DESCRIPTOR.full_name, NOW, NOW, "s-1", "", message.SerializeToString()
    )
    return Narrator([step], language, ZONE).tell({("person", "s-1"): "样例乙"})[0]


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: str(kind.DESCRIPTOR.name))
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_fact_has_a_sentence(kind: type[Message], language: str) -> None:
    table = (en if language == "en" else zh).LANGUAGE.sentences
    assert kind in table
    assert "  " not in tell(filled(kind), language)
    # Nothing set, as from a newer release that moved its fields: dull, and still no error.
    assert tell(kind(), language).strip()


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: str(kind.DESCRIPTOR.name))
def test_every_label_is_a_word(kind: type[Message]) -> None:
    for language in ("zh-CN", "en"):
        sentence = tell(filled(kind), language)
        assert not any(word.isupper() and "_" in word for word in sentence.split("(")), sentence


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: str(kind.DESCRIPTOR.name))
def test_chinese_is_written_with_chinese_punctuation(kind: type[Message]) -> None:
    for message in (filled(kind), kind()):
        sentence = tell(message, "zh-CN")
        # No sign beside a Chinese character is only half as wide.
        assert not re.search(r"[一-鿿][,:;()?!]|[,:;()?!][一-鿿]", sentence), sentence


def test_every_value_of_an_enum_that_is_told_has_a_word() -> None:
    enums = [
        enum
        for module in (
            intake_pb2,
            intake_marks_pb2,
            routing_facts_pb2,
            routing_pb2,
            routing_sweeps_pb2,
            sla_pb2,
            notify_pb2,
        )
        for enum in module.DESCRIPTOR.enum_types_by_name.values()
    ]
    words = zh.LANGUAGE.labels.keys()
    told = [enum for enum in enums if any(value.name in words for value in enum.values)]
    assert len(told) > 12
    for enum in told:
        assert {value.name for value in enum.values if value.number} <= words, enum.name


def test_what_moved_is_told_with_what_it_was() -> None:
    moved = sla_facts_pb2.ClocksAmended(
        clocks=[sla_pb2.Clock(kind=sla_pb2.CLOCK_KIND_PLAN, provisional=True)] * 2,
        cause=sla_pb2.AMENDMENT_CAUSE_CALENDAR,
    )
    for hours, clock in zip((0, 24), moved.clocks, strict=True):
        clock.due_time.FromDatetime(datetime(2026, 11, 23, 16, tzinfo=UTC) + timedelta(hours=hours))
    for _ in moved.clocks:
        moved.previous_due_times.add().CopyFrom(moved.clocks[0].due_time)
    assert tell(moved, "zh-CN") == (
        "期限调整（工作日历调整）：解决方案或进度说明 2026年11月23日 24:00 到期（暂定）；"
        "解决方案或进度说明 2026年11月24日 24:00 到期（暂定）（原 2026年11月23日 24:00）。"
    )
    assert "(before: 2026-11-23 24:00)" in tell(moved, "en")


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=3)])
@pytest.mark.parametrize("kind", [sla_pb2.CLOCK_KIND_REMINDER, sla_pb2.CLOCK_KIND_REVIEW])
def test_a_clock_that_comes_again_is_told_with_the_deadline_that_passed(
    kind: sla_pb2.ClockKind.ValueType, late: timedelta
) -> None:
    passed = datetime(2026, 11, 23, 16, tzinfo=UTC)
    fact = sla_facts_pb2.ClockBreached(clock=sla_pb2.Clock(kind=kind))
    fact.clock.due_time.FromDatetime(passed + timedelta(days=1))
    fact.clock.breach_time.FromDatetime(passed + late)
    fact.detected_late_by.FromTimedelta(late)
    assert "（2026年11月23日 24:00）" in tell(fact, "zh-CN")
    assert "due 2026-11-23 24:00 " in tell(fact, "en")


def test_a_call_in_vain_tells_the_days() -> None:
    fact = intake_facts_pb2.CaseCalledBack(called_by="s-1", unanswered_days=2, words="关机")
    assert tell(fact, "zh-CN") == "样例乙回访诉求人未联系上，本轮共 2 天未联系上：关机"
    fact.reached = True
    assert tell(fact, "zh-CN") == "样例乙回访诉求人，已联系上：关机"


def test_an_assignment_tells_what_the_next_one_has_to_know() -> None:
    fact = routing_facts_pb2.CaseAssigned(
        steward="s-1",
        rule=routing_pb2.ASSIGNMENT_RULE_MANUAL,
        first_reply_by="c-1",
        handover_note="配件已订",
        assigned_by="d-1",
    )
    assert tell(fact, "zh-CN") == (
        "分派给样例乙包保，依据：人工指派（d-1），初步回复由c-1负责。交接说明：配件已订"
    )
    assert tell(fact, "en").endswith(
        " by hand (d-1); first reply owed by c-1. Handover note: 配件已订"
    )


def test_an_assignment_to_the_same_hands_names_nobody_before() -> None:
    fact = routing_facts_pb2.CaseAssigned(
        steward="s-1", previous="s-1", rule=routing_pb2.ASSIGNMENT_RULE_MANUAL
    )
    assert tell(fact, "zh-CN") == "分派给样例乙包保，依据：人工指派。"
    assert "before" not in tell(fact, "en")
    fact.previous = "d-1"
    assert "（原由d-1负责）" in tell(fact, "zh-CN")


def test_a_recusal_tells_whose_wish_it_was() -> None:
    fact = routing_facts_pb2.PersonRecused(person_id="s-1", reason="亲属", recorded_by="s-1")
    assert tell(fact, "zh-CN") == "样例乙申请回避本诉求，理由：亲属"
    fact.recorded_by = "d-1"
    assert tell(fact, "zh-CN") == "d-1登记样例乙回避本诉求，理由：亲属"
    fact.asked_by_reporter = True
    assert tell(fact, "zh-CN") == "d-1应诉求人要求，登记样例乙回避本诉求，理由：亲属"


def test_a_case_that_goes_down_tells_to_whom() -> None:
    fact = routing_facts_pb2.CaseDeescalated(
        from_level=2, to_level=1, position_id="DUTY_LEAD", accountable="s-1", decided_by="d-1",
        reason="班组可办",
    )  # fmt: skip
    assert tell(fact, "zh-CN") == (
        "d-1将诉求由第 2 级交回第 1 级 值班领导（样例乙），理由：班组可办"
    )
    fact.to_level = 0
    assert tell(fact, "zh-CN") == "d-1将诉求由第 2 级交回包保人员（样例乙），理由：班组可办"


def test_a_sweep_is_told_with_what_it_found() -> None:
    answered = routing_facts_pb2.SweepTaskAnswered(
        task=routing_sweeps_pb2.SweepTask(
            unit_id="bath",
            finding=routing_sweeps_pb2.SWEEP_FINDING_PLANNED,
            planned_date=Date(year=2026, month=12, day=3),
            words="待采购",
            evidence=[routing_pb2.Evidence(name="照片", reference="x")],
        )
    )
    assert tell(answered, "zh-CN") == (
        "bath反馈排查结果（列入计划，计划 2026年12月3日 完成），附材料 1 份：待采购"
    )
    closed = routing_facts_pb2.SweepClosed(closed_by="s-1")
    assert tell(closed, "zh-CN") == "各单位均已反馈，举一反三排查结束。"
    closed.reason = "已由集团统一排查"
    assert tell(closed, "zh-CN") == "样例乙结束举一反三排查，理由：已由集团统一排查"


def test_a_case_that_is_the_same_again_says_so() -> None:
    fact = intake_facts_pb2.CaseRegistered(receiver="s-1", number="YW-1", place="南风井")
    fact.channel = intake_pb2.CHANNEL_DESK
    for _ in range(2):
        fact.links.add(relation=intake_pb2.RELATION_RECURRENCE_OF)
    assert tell(fact, "zh-CN") == "样例乙经值守点登记诉求 YW-1（南风井），关联：复发。"


def test_the_same_again_is_told_with_the_number_of_the_new_case() -> None:
    fact = routing_facts_pb2.FixNotLasting(case_id="c-1", again_case_id="c-2", days=3)
    step = Step("routing", 1, fact.DESCRIPTOR.full_name, NOW, NOW, "", "", fact.SerializeToString())
    narrator = Narrator([step], "zh-CN", ZONE)
    assert narrator.cases() == ["c-2"]
    assert narrator.tell({("case", "c-2"): "YW-2"}) == [
        "整改未能持久：3 天后同一问题再次出现（诉求 YW-2）。"
    ]
    # Of a case that isn't for the reader to see there is no id, either.
    assert narrator.tell({}) == ["整改未能持久：3 天后同一问题再次出现。"]


def test_an_amendment_tells_what_it_was_and_what_it_is() -> None:
    fact = intake_facts_pb2.CaseAmended(amended_by="s-1", reason="听错了")
    for field, before, now in (
        ("text", "水冷", "水太冷"),
        ("place", "", "南风井"),
        ("category", "BATH", "WATER"),
        ("urgency", "NORMAL", "URGENT"),
        ("add_about_persons", "", "p-7"),
        ("reporter", "", ""),
    ):
        fact.amendments.add(field=field, previous_value=before, value=now)
    assert tell(fact, "zh-CN") == (
        "样例乙更正登记内容（诉求内容；地点补为“南风井”；类别由“BATH”改为“WATER”；"
        "紧急程度由“一般”改为“紧急”；涉及人员；诉求人信息），理由：听错了"
    )
    # Whom it is about is nobody's news on a timeline.
    assert "p-7" not in tell(fact, "en")
    assert 'urgency from "normal" to "urgent"' in tell(fact, "en")


def test_an_internal_comment_keeps_its_words_to_the_file() -> None:
    fact = intake_facts_pb2.CaseCommented()
    fact.comment.text, fact.comment.written_by = "家属在场", "s-1"
    fact.comment.visibility = intake_marks_pb2.COMMENT_VISIBILITY_INTERNAL
    assert tell(fact, "zh-CN") == "样例乙写了内部备注。"
    assert "家属" not in tell(fact, "en")
    fact.comment.visibility = intake_marks_pb2.COMMENT_VISIBILITY_REPORTER
    assert tell(fact, "zh-CN") == "样例乙留言给诉求人：家属在场"
    fact.comment.by_reporter = True
    assert tell(fact, "zh-CN") == "诉求人补充：家属在场"


def test_a_duplicate_is_told_with_the_number_of_the_case_that_goes_on() -> None:
    fact = intake_facts_pb2.CaseClosed(
        outcome=intake_pb2.OUTCOME_DUPLICATE, master_case_id="c-2", master_number="YW-2"
    )
    step = Step("intake", 1, fact.DESCRIPTOR.full_name, NOW, NOW, "", "", fact.SerializeToString())
    narrator = Narrator([step], "zh-CN", ZONE)
    assert narrator.cases() == ["c-2"]
    assert narrator.tell({("case", "c-2"): "YW-2"}) == ["无人销号，结果：重复诉求，并入诉求 YW-2。"]
    # Of a master that isn't for the reader to see not even the number.
    assert narrator.tell({}) == ["无人销号，结果：重复诉求。"]


def test_who_had_it_reopened_is_said() -> None:
    fact = intake_facts_pb2.CaseReopened(
        reason="又坏了", reopen_count=1, previous_outcome=intake_pb2.OUTCOME_SOLVED
    )
    assert tell(fact, "zh-CN") == ("样例乙恢复办理，原以“已解决”销号，第 1 次重新办理：又坏了")
    fact.basis = intake_pb2.CONFIRMATION_BASIS_CODE
    assert tell(fact, "zh-CN").startswith("诉求人要求恢复办理（凭证号），")
    assert tell(fact, "en").startswith("The reporter had it worked on again (receipt code), ")


def test_why_a_message_did_not_go_out_is_said_in_words() -> None:
    failed = notify_facts_pb2.DeliveryFailed()
    failed.delivery.recipient = "s-1"
    failed.delivery.channel = notify_pb2.DELIVERY_CHANNEL_PAPER
    failed.delivery.problem = "KEPT_FROM_THEM"
    assert tell(failed, "zh-CN") == "通知样例乙失败（书面转告）：此人应当回避，不予告知"
    assert tell(failed, "en") == "Telling 样例乙 failed (on paper): it is kept from them"
    failed.delivery.problem = "SMTP_550"
    assert tell(failed, "zh-CN").endswith("：SMTP_550")


def test_both_languages_have_the_same_labels_and_roles() -> None:
    assert zh.LANGUAGE.labels.keys() == en.LANGUAGE.labels.keys()
    assert zh.LANGUAGE.roles.keys() == en.LANGUAGE.roles.keys()


def test_midnight_is_the_end_of_the_day_before() -> None:
    sentence = tell(filled(sla_facts_pb2.ClockDueSoon), "zh-CN")
    assert "2026年11月23日 24:00" in sentence
    assert "2026-11-23 24:00" in tell(filled(sla_facts_pb2.ClockDueSoon), "en")


def test_names_take_the_place_of_codes() -> None:
    sentence = tell(filled(routing_facts_pb2.CaseAccepted), "zh-CN")
    assert sentence == "样例乙接手办理。"


def test_an_unknown_or_broken_fact_is_told_by_its_name() -> None:
    for kind, payload in (
        ("backstop.routing.v1.NotThoughtOfYet", b""),
        ("backstop.routing.v1.CaseAccepted", b"\xff\xff"),
    ):
        step = Step("routing", 1, kind, NOW, NOW, "", "", payload)
        sentence = Narrator([step], "zh-CN", ZONE).tell({})[0]
        assert sentence == f"routing 记录了 {kind.rpartition('.')[2]}。"

"""A refusal in the reader's words: states, actions, people, fields and rules, not their codes."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import grpc
import protovalidate
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from backstop.access.v1 import access_pb2
from backstop.intake.v1 import (
    intake_finding_pb2,
    intake_pb2,
    intake_registration_pb2,
    intake_service_pb2,
)
from backstop.notify.v1 import notify_service_pb2
from backstop.operations.v1 import operations_service_pb2
from backstop.routing.v1 import routing_service_pb2
from backstop.sla.v1 import sla_service_pb2
from ctl import refusals, rules, vocabulary
from ctl.failures import Answer, FieldFault
from ctl.names import Names
from ctl.refusals import Told
from ctl.words import Words

ROOT = Path(__file__).parents[3]
AWAY = grpc.StatusCode.UNAVAILABLE
ZH, EN = Words("zh"), Words("en")
NAMES = Names(people={"dd13": "样例·乙三"}, units={"bathhouse": "澡堂队"})
SERVICES = tuple(
    service
    for module in (
        intake_service_pb2,
        routing_service_pb2,
        sla_service_pb2,
        notify_service_pb2,
        operations_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)


def _answer(reason: str, *faults: FieldFault, said: str = "as said", **metadata: str) -> Answer:
    return Answer(
        "intake",
        grpc.StatusCode.FAILED_PRECONDITION,
        said,
        reason=reason,
        metadata=metadata,
        faults=faults,
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            _answer(
                "WRONG_STATE",
                state="RESOLVED",
                action="VerifyCase",
                allowed="ASSIGNED, IN_PROGRESS",
            ),
            "诉求现为 待确认，不能执行 现场核查（只限 已分派、办理中）",
        ),
        (_answer("WORK_ORDER_WRONG_STATE", state="COMPLETED", action="AcceptWorkOrder"), "已完成"),
        (_answer("END_NOT_PROVEN", outcome="SOLVED", missing="confirmation"), "诉求人的确认"),
        (_answer("NOT_THE_STEWARD", steward="dd13"), "样例·乙三"),
        (_answer("NOT_OF_THE_UNIT", unit_id="bathhouse"), "澡堂队"),
        (_answer("TIME_IN_FUTURE", field="occurred_time"), "提出时间"),
        (_answer("UNAUTHENTICATED", problem="expired"), "令牌已过期"),
        (_answer("DEPENDENCY_UNAVAILABLE", dependency="postgres"), "数据库"),
        (_answer("PERMISSION_DENIED", needed="OPERATOR, service:sla"), "需要：运维。"),
        (_answer("PERIOD_INVALID", problem="it has not begun"), "时段有误：还没有开始"),
        (
            _answer(
                "PERIOD_INVALID",
                problem="止于 2026-01-01，早于 2026-02-01 (ends before it starts)",
            ),
            "时段有误：止于 2026-01-01，早于 2026-02-01",
        ),
        (_answer("ATTEMPTS_MISSING", needed="2", attempts="1"), "as said"),
    ],
    ids=lambda value: value.reason if isinstance(value, Answer) else "",
)
def test_codes_become_words(answer: Answer, expected: str) -> None:
    assert expected in refusals.sentence(answer, ZH, NAMES)


def test_the_same_in_english() -> None:
    answer = _answer("WRONG_STATE", state="RESOLVED", action="CloseCase", allowed="IN_PROGRESS")
    text = refusals.sentence(answer, EN, NAMES)
    assert "striking it off" in text
    assert "in progress" in text


def test_a_reason_of_a_newer_suite_keeps_its_sentence() -> None:
    assert refusals.sentence(_answer("FROM_TOMORROW", state="RESOLVED"), ZH, NAMES) == "as said"


def test_a_sentence_with_places_that_nothing_fills_stays_as_it_came() -> None:
    assert refusals.sentence(_answer("WRONG_STATE", state="RESOLVED"), ZH, NAMES) == "as said"


def test_fields_are_called_by_their_names_and_none_is_empty() -> None:
    answer = _answer(
        "INVALID_FIELD",
        FieldFault("", "one of place, post_id, unit_id is needed"),
        FieldFault("reporter", "value is required"),
        FieldFault("tasks[1].deadline_time", "more than ten years away"),
        field=", reporter, tasks[1].deadline_time",
    )
    assert refusals.sentence(answer, ZH, NAMES) == (
        "字段不合要求：地点、值守点、单位至少写一项、诉求人、第 2 个任务·期限"
    )
    assert refusals.faults(answer, ZH, NAMES) == [
        Told("诉求人", "必须填写"),
        Told("第 2 个任务·期限", "不能超过十年"),
    ]
    assert refusals.faults(answer, EN, NAMES)[0] == Told("reporter", "value is required")


def test_what_the_state_allows_instead_is_told() -> None:
    answer = _answer(
        "WRONG_STATE", state="CLOSED", action="RejectCase", allowed="RESOLVED", instead="ReopenCase"
    )
    assert refusals.faults(answer, ZH, NAMES) == [Told("", "可以改办：重新办理")]
    assert refusals.faults(answer, EN, NAMES) == [Told("", "possible instead: reopening")]


def test_a_field_that_the_sentence_is_about_is_only_named() -> None:
    answer = _answer("SLIP_IN_USE", FieldFault("slip_number", "as said"), slip_number="A-1")
    assert refusals.faults(answer, ZH, NAMES) == [Told("纸条号", "")]


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (AWAY, "failed to connect to all addresses", "intake 未运行：先 make up"),
        (AWAY, "Socket closed", "与 intake 的连接中断，没有收到答复"),
        (grpc.StatusCode.CANCELLED, "CANCELLED", "与 intake 的连接中断，没有收到答复"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", "intake 未在期限内答复"),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "SERVER: Received message larger than max (12000068 vs. 4194304)",
            "内容太大，intake 没有收下，也没有办理；请缩短内容或分几次提交",
        ),
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CLIENT: Received message larger than max (12000068 vs. 4194304)",
            "intake 的答复太大，没有收全；请缩小查询范围，办理类的请先查看是否已办成",
        ),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "quota", "quota"),
        (grpc.StatusCode.INTERNAL, "oops", "oops"),
    ],
)
def test_what_grpc_says_is_for_programmers(
    code: grpc.StatusCode, details: str, expected: str
) -> None:
    assert refusals.sentence(Answer("intake", code, details), ZH, NAMES) == expected


def _broken() -> list[Message]:
    reporter = intake_pb2.Reporter(kind=77)  # type: ignore[arg-type]  # no such kind
    links = [intake_pb2.Link()] * 21
    register = intake_registration_pb2.RegisterCaseRequest
    return [
        *(GetMessageClass(method.input_type)() for one in SERVICES for method in one.methods),
        register(text="x" * 5000, slip_number="!", reporter=reporter, links=links),
        register(about_persons=["a", "a"]),
        intake_service_pb2.GetCaseRequest(case_id="x"),
        intake_finding_pb2.ListCasesRequest(
            page_size=999, states=[intake_pb2.CASE_STATE_UNSPECIFIED] * 6
        ),
        intake_service_pb2.VerifyCaseRequest(expected_version=-1),
        intake_service_pb2.AnswerCaseRequest(kind=intake_pb2.ANSWER_KIND_PLAN),
    ]


def test_every_rule_that_a_request_can_break_is_told_in_chinese() -> None:
    told = {
        violation.proto.message
        for request in _broken()
        for violation in protovalidate.collect_violations(request)
    }
    assert len(told) > 10
    for text in told:
        assert not re.search("[a-z]{4}", rules.in_chinese(text)), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("must be at least 8 characters", "至少 8 个字符"),
        ("does not match regex pattern `^[A-Za-z0-9-]*$`", "只能用字母、数字和连字符"),
        ("does not match regex pattern `^([0-9]{16})?$`", "应为 16 位数字"),
        ("does not match regex pattern `^a$`", "格式不对，应符合 ^a$"),
        ("must not be blank", "不能只有空格"),
        ("repeated value must contain unique items", "有重复的"),
        ("something new", "something new"),
    ],
)
def test_rules(text: str, expected: str) -> None:
    assert rules.in_chinese(text) == expected


def _described() -> set[str]:
    """What services and chassis say of a field in a literal; a value stands as 7."""
    found = set()
    for path in (ROOT / "services", ROOT / "chassis"):
        for file in path.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or len(node.args) != 2:
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ("FieldViolation", "invalid", "_invalid"):
                    found.add(_literal(node.args[1]))
    return found - {""}


def _problems_of_periods() -> set[str]:
    """What services say is wrong with a period, in a literal; a value stands as 7."""
    found = set()
    for file in (ROOT / "services").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if "PERIOD_INVALID" not in file.read_text(encoding="utf-8"):
            continue
        for node in ast.walk(tree):
            match node:
                case ast.keyword(arg="problem") | ast.Assign(targets=[ast.Name(id="problem")]):
                    found.add(_literal(node.value))
    return found - {""}


def test_every_problem_of_a_period_is_told_in_chinese_alone() -> None:
    problems = _problems_of_periods()
    assert len(problems) > 8
    told = {
        refusals.sentence(_answer("PERIOD_INVALID", problem=one), ZH, NAMES) for one in problems
    }
    assert [one for one in told if re.search("[a-z]{3}", one)] == []


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts = (part.value if isinstance(part, ast.Constant) else 7 for part in node.values)
    return "".join(map(str, parts))


def test_every_description_of_a_field_is_told_in_chinese() -> None:
    described = _described() | {
        "is nobody of the site's directory",
        "may not have the case in hand",
        "the category 7 is no longer in the table",
    }
    assert len(described) > 30
    untold = [text for text in described if rules.in_chinese(text) == text]
    assert [text for text in untold if not re.search("[一-鿿]", text)] == []


def test_a_field_is_called_by_what_it_means_to_its_service() -> None:
    fault = FieldFault("words", "say why not")
    told = _answer("INVALID_FIELD", fault, field="words")
    assert refusals.faults(told, ZH, NAMES)[0].label == "诉求人的话"
    asked = replace(told, service="routing")
    assert refusals.faults(asked, ZH, NAMES) == [Told("意见", "不同意的须说明理由")]
    assert refusals.sentence(asked, ZH, NAMES) == "字段不合要求：意见"


def _fields(descriptor: Descriptor, seen: set[str]) -> set[str]:
    if descriptor.full_name in seen:
        return set()
    seen.add(descriptor.full_name)
    found = {field.name for field in descriptor.fields}
    for field in descriptor.fields:
        if field.message_type is not None:
            found |= _fields(field.message_type, seen)
    return found


def test_every_word_is_for_something_that_exists() -> None:
    methods = {method.name for one in SERVICES for method in one.methods}
    assert vocabulary.ACTIONS.keys() <= methods
    assert vocabulary.FIELDS_OF.keys() <= {one.full_name.split(".")[1] for one in SERVICES}
    seen: set[str] = set()
    fields = set[str]().union(
        *(_fields(method.input_type, seen) for one in SERVICES for method in one.methods)
    )
    parts = {part for path in vocabulary.FIELDS for part in path.split(".")}
    assert parts - fields <= {"accountable", "resolution"}


def test_every_role_and_every_case_field_has_a_word() -> None:
    roles = {value.name.removeprefix("ROLE_") for value in access_pb2.Role.DESCRIPTOR.values[1:]}
    assert vocabulary.ROLES.keys() == roles
    intake = intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"]
    fields = set[str]().union(*(_fields(method.input_type, set()) for method in intake.methods))
    internal = {"seconds", "nanos", "year", "month", "day", "solved_only"}
    assert fields - internal <= vocabulary.FIELDS.keys() | {"name"}

"""A refusal's reason is a promise: documented where it is given, and given where documented."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from google.protobuf.descriptor_pb2 import EnumDescriptorProto, FileDescriptorProto
from google.rpc import code_pb2

from backstop.error.v1 import error_pb2
from chassis.errors import Retry, retry_of
from deploy.tools import reasons
from tests.contract import descriptors
from tests.contract.documented import WORD, undocumented

ROOT = descriptors.ROOT


def _reasons(file: FileDescriptorProto) -> set[str]:
    return {
        value.name.removeprefix("ERROR_REASON_")
        for enum in file.enum_type
        if enum.name == "ErrorReason"
        for value in enum.value
        if value.number
    }


def _declared(package: str) -> set[str]:
    found: set[str] = set()
    for file in descriptors.files():
        if file.name == f"backstop/{package}/v1/error_reason.proto":
            found |= _reasons(file)
    return found


def _refusals(folder: Path) -> Iterator[tuple[str, str, ast.Call]]:
    """Yields each Refused(…) of a literal reason: the reason, the place, the call."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name | ast.Attribute)
                and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr)
                == "Refused"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value), f"{path.relative_to(ROOT)}:{node.lineno}", node


def _raised(folder: Path) -> dict[str, str]:
    """Returns each reason given as a literal to Refused(…), with the place of one of them."""
    return {reason: place for reason, place, _ in _refusals(folder)}


COMMON = _declared("error")


def test_no_reason_stands_in_two_files() -> None:
    seen: dict[str, str] = {}
    for package in ("error", *descriptors.SERVICES):
        for reason in _declared(package):
            assert reason not in seen, f"{reason} stands in {package} and {seen[reason]}"
            seen[reason] = package


@pytest.mark.parametrize("service", descriptors.SERVICES)
def test_every_reason_raised_is_declared(service: str) -> None:
    unknown = {
        reason: place
        for reason, place in _raised(ROOT / "services" / service).items()
        if reason not in _declared(service) | COMMON
    }
    assert not unknown


@pytest.mark.parametrize("service", descriptors.SERVICES)
def test_every_reason_declared_is_raised(service: str) -> None:
    assert _declared(service) - set(_raised(ROOT / "services" / service)) == set()


def test_every_common_reason_is_raised_by_the_chassis() -> None:
    raised = set(_raised(ROOT / "chassis"))
    for service in descriptors.SERVICES:
        raised |= set(_raised(ROOT / "services" / service))
    assert COMMON - raised == set()


@pytest.mark.parametrize("service", descriptors.SERVICES)
def test_every_reason_stands_in_the_comment_of_some_rpc(service: str) -> None:
    documented: set[str] = set()
    for rpc in descriptors.rpcs():
        if rpc.name.startswith(f"backstop.{service}."):
            documented |= set(WORD.findall(rpc.comment))
    assert _declared(service) - documented == set()


@pytest.mark.parametrize("rpc", list(descriptors.rpcs()), ids=lambda rpc: rpc.name)
def test_every_reason_in_an_rpc_comment_is_declared(rpc: descriptors.Commented) -> None:
    match = re.search(r"Fails with:(.*?)(?:\n\s*[A-Z][a-z]+:|\Z)", rpc.comment, re.DOTALL)
    if match is None:
        return
    service = rpc.name.split(".")[1]
    states = {"IN_PROGRESS"}
    assert set(WORD.findall(match[1])) - states <= _declared(service) | COMMON


def test_a_reason_that_an_rpc_gives_and_does_not_list_is_seen() -> None:
    reissue = "/backstop.intake.v1.IntakeService/ReissueReceiptCode"
    refusals = [
        (reissue, "CODE_REPLACED"),
        (reissue, "FILTER_INVALID"),
        # Any RPC may give this one, and of a server of the tests nothing is promised.
        (reissue, "INTERNAL"),
        ("/toy.Toy/Ask", "FILTER_INVALID"),
    ]
    assert undocumented(refusals) == {(reissue, "FILTER_INVALID")}


def test_an_rpc_that_fails_as_another_lists_what_that_one_does() -> None:
    sla = "/backstop.sla.v1.SlaService"
    told = {
        (f"{sla}/PreviewCalendar", "YEAR_TWICE"),
        (f"{sla}/BacktestPolicy", "RULES_OVERLAP"),
        (f"{sla}/BacktestPolicy", "YEAR_TWICE"),
    }
    untold = {(f"{sla}/PreviewCalendar", "RULES_OVERLAP")}
    assert undocumented(told | untold) == untold


ALL = [reason for file in descriptors.files() for reason in reasons.of_file(file)]
EVERY_REASON = pytest.mark.parametrize("reason", ALL, ids=lambda one: one.name)
# What Refused takes beside metadata.
DETAILS = {"fields", "preconditions", "retry_after"}
FOLDERS = ("chassis", *(f"services/{service}" for service in descriptors.SERVICES))


@EVERY_REASON
def test_an_annotation_says_only_what_the_code_does_not(reason: reasons.Reason) -> None:
    if reason.meaning.retry != error_pb2.RETRY_UNSPECIFIED:
        assert reason.retry is not retry_of(error_pb2.Meaning(code=reason.meaning.code))


def test_each_code_says_of_asking_again_what_the_proto_tells() -> None:
    (told,) = [
        " ".join(value.comment.split())
        for value in descriptors.enum_values()
        if value.name.endswith(".Retry.RETRY_UNSPECIFIED")
    ]
    says = {
        code: Retry(retry)
        for codes, retry in re.findall(r"([A-Z_, ]+): (SAME_REQUEST|READ_AGAIN)\.", told)
        for code in codes.replace(" ", "").split(",")
    }
    assert "Any other: NEVER." in told
    assert len(says) == 6
    for code, number in code_pb2.Code.items():
        expected = says.get(code, Retry.NEVER)
        assert retry_of(error_pb2.Meaning(code=number)) is expected, code


@EVERY_REASON
def test_a_full_service_is_the_only_thing_exhausted(reason: reasons.Reason) -> None:
    """A client that repeats on this code without reading the reason must not do so for ever."""
    assert (reason.meaning.code == code_pb2.RESOURCE_EXHAUSTED) is (reason.name == "OVERLOADED")


def test_a_delay_is_named_only_where_repeating_helps() -> None:
    helps = {one.name for one in ALL if one.retry is Retry.SAME_REQUEST}
    delayed = {
        reason
        for folder in ("chassis", "services")
        for reason, _, call in _refusals(ROOT / folder)
        if any(word.arg == "retry_after" for word in call.keywords)
    }
    assert delayed
    assert delayed <= helps


@EVERY_REASON
def test_every_word_of_a_sentence_is_in_the_example(reason: reasons.Reason) -> None:
    meaning = reason.meaning
    texts = (meaning.zh, meaning.en, meaning.field)
    words = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    assert words <= set(reason.example["metadata"])


@EVERY_REASON
def test_an_example_is_of_its_reason(reason: reasons.Reason) -> None:
    assert reason.example["reason"] == reason.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_key_that_is_sent_is_in_the_example(folder: str) -> None:
    keys = {one.name: set(one.example["metadata"]) for one in ALL}
    missing = {
        f"{place} {reason}": sent
        for reason, place, call in _refusals(ROOT / folder)
        if (sent := {word.arg for word in call.keywords if word.arg} - DETAILS - keys[reason])
    }
    assert not missing


ENUMS: dict[str, EnumDescriptorProto] = {
    file.package: enum
    for file in descriptors.files()
    for enum in file.enum_type
    if enum.name == "ErrorReason"
}


@pytest.mark.parametrize("package", ENUMS)
def test_numbers_are_in_order_and_gaps_are_reserved(package: str) -> None:
    enum = ENUMS[package]
    numbers = [value.number for value in enum.value]
    assert numbers == sorted(numbers)
    reserved = {n for gap in enum.reserved_range for n in range(gap.start, gap.end + 1)}
    assert set(range(max(numbers))) - set(numbers) == reserved

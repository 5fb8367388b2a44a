"""A refusal's reason is a promise: documented where it is given, and given where documented."""

import ast
import re
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from tests.contract import descriptors

ROOT = descriptors.ROOT
WORD = re.compile(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")


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


def _raised(folder: Path) -> dict[str, str]:
    """Returns each reason given as a literal to Refused(…), with the place of one of them."""
    found: dict[str, str] = {}
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
                found[str(node.args[0].value)] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


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

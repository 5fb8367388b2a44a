"""Who may call intake is said twice, to readers and to the walls: the same both times."""

import re

import pytest
from google.protobuf.descriptor_pb2 import MethodOptions

from backstop.access.v1 import access_pb2
from tests.contract import descriptors
from tests.contract.descriptors import Commented

RPCS = {
    rpc.name.split("/")[1]: rpc
    for rpc in descriptors.rpcs()
    if rpc.name.startswith("backstop.intake.")
}
# What each role is called in the comments.
ROLES = {
    "clerks": "CLERK",
    "stewards": "STEWARD",
    "handlers": "HANDLER",
    "dispatchers": "DISPATCHER",
    "directors": "DIRECTOR",
    "the supporting office": "SUPPORT",
    "leaders": "LEADER",
    "reporters": "REPORTER",
    "the reporter with an account": "REPORTER",
    "systems": "SYSTEM",
    "administrators": "ADMINISTRATOR",
    "operators": "OPERATOR",
}
EVERYONE = "everyone of the window"


def _words(comment: str, heading: str) -> str:
    """Returns a comment's text from a heading on, until the next or the end, in one line."""
    found = re.search(rf"{heading}:(.*?)(?:\n\s*[A-Z][A-Za-z ]+:|\n\s*\n|\Z)", comment, re.DOTALL)
    assert found is not None, f"no {heading!r}"
    return " ".join(found[1].split())


def _roles(words: str) -> set[str]:
    return {role for called, role in ROLES.items() if re.search(rf"\b{called}\b", words)}


def _window() -> set[str]:
    """Returns whom the service's own comment calls everyone of the window."""
    (comment,) = [
        one.comment for one in descriptors.services() if one.name.endswith(".IntakeService")
    ]
    return _roles(_words(comment, EVERYONE.capitalize()))


def _said(words: str) -> tuple[set[str], set[str], bool]:
    """Returns the roles and services that a comment names, and whether it is anyone."""
    like = re.search(r"\bas ([A-Z]\w+)", words)
    if like is not None:
        return _said(_words(RPCS[like[1]].comment, "Who may call"))
    roles = _roles(words) | (_window() if EVERYONE in words else set())
    services = set(re.findall(r"the (\w+) service\b", words))
    return roles, services, re.search(r"\banyone\b", words) is not None


def test_the_window_is_everyone_who_works_at_it() -> None:
    staff = {"CLERK", "STEWARD", "HANDLER", "DISPATCHER", "DIRECTOR", "SUPPORT", "LEADER"}
    assert _window() == staff


@pytest.mark.parametrize("rpc", RPCS.values(), ids=RPCS)
def test_the_comment_names_whom_the_rule_lets_in_and_nobody_else(rpc: Commented) -> None:
    options = MethodOptions.FromString(rpc.descriptor.options.SerializeToString())
    rule = options.Extensions[access_pb2.rule]
    roles = {access_pb2.Role.Name(role).removeprefix("ROLE_") for role in rule.roles}
    told = _said(_words(rpc.comment, "Who may call"))
    assert told == (roles, set(rule.services), rule.anyone)

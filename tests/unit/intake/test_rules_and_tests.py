"""The page of rules and their tests: every rule names tests, and every test named is one."""

import ast
import re
from functools import cache

import pytest

from deploy.local.layout import ROOT

PAGE = (ROOT / "docs" / "rules-and-tests.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
# Heads of tables and what is below them are no rules.
ROWS = [
    line
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| rule |", "| what is bad |"))
]


@cache
def functions_of(path: str) -> frozenset[str]:
    """Names what pytest would collect from a module."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def test_the_page_has_rules() -> None:
    rules = [row.split("|")[1].strip() for row in ROWS]
    assert len(rules) > 70
    assert len(set(rules)) == len(rules)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_each_rule_names_tests_and_each_of_them_exists(row: str) -> None:
    _, _, tests, _ = row.split("|")
    found = NAMED.findall(tests)
    # Nothing else stands in the cell, such as a name that was misspelt.
    assert ", ".join(f"`{path}::{name}`" for path, name in found) == tests.strip() != ""
    for path, name in found:
        assert name in functions_of(path)


def test_what_the_text_names_exists_too() -> None:
    assert NAMED.findall(PAGE)
    for path, name in NAMED.findall(PAGE):
        assert name in functions_of(path)

"""Every named statement is used, every used name exists, and none builds SQL by hand."""

import re
from pathlib import Path

import pytest

from chassis.queries import parse_queries

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1;", "before the first name"),
        ("-- name: a\nSELECT 1;", "purpose"),
        ("-- name: a\n-- For this.\n", "no SQL"),
        ("-- name: a\n-- For this.\nSELECT 1;\n-- name: a\n-- Again.\nSELECT 2;", "twice"),
    ],
)
def test_a_file_that_breaks_the_rules_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_queries("test.sql", text)


def test_blocks_are_read_as_they_stand() -> None:
    queries = parse_queries(
        "test.sql",
        "-- A head.\n-- name: one\n-- Says one.\nSELECT 1;\n\n"
        "-- name: two\n-- Two.\nSELECT\n  2;\n",
    )
    assert [(query.name, query.purpose) for query in queries] == [
        ("one", "Says one."), ("two", "Two."),
    ]  # fmt: skip
    assert queries.two == "/* two */ SELECT\n  2"
    with pytest.raises(AttributeError, match="three"):
        _ = queries.three


@pytest.mark.parametrize(
    "path",
    sorted(p for p in (ROOT / "chassis" / "sql").glob("*.sql") if p.stem not in ("grants", "fsck")),
    ids=lambda path: path.stem,
)
def test_every_statement_of_the_chassis_is_used(path: Path) -> None:
    names = {query.name for query in parse_queries(path.name, path.read_text())}
    users = [
        text
        for module in (ROOT / "chassis").glob("*.py")
        if f"sql/{path.name}" in (text := module.read_text())
        or (path.stem == "queries" and 'load_queries("chassis")' in text)
    ]
    used = {name for text in users for name in re.findall(r"queries\.([a-z_]+)", text)}
    assert names - used == set()

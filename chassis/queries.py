"""Named SQL in files, so that every statement of a service can be read, grepped and explained.

A file holds blocks: `-- name: get_unit`, a comment line that says what the statement is for, the
SQL. Code refers to them as attributes of the loaded object.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\s*$")


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement: its text and the line that says what it is for."""

    name: str
    purpose: str
    sql: str


@dataclass(frozen=True, slots=True)
class Queries:
    """Statements of one file; `queries.get_unit` is the SQL text of the block of that name."""

    path: str
    blocks: Mapping[str, Query] = field(repr=False)

    def __getattr__(self, name: str) -> str:
        try:
            return self.blocks[name].sql
        except KeyError:
            raise AttributeError(f"{self.path} has no query named {name}") from None

    def __iter__(self) -> Iterator[Query]:
        return iter(self.blocks.values())


def parse_queries(path: str, text: str) -> Queries:
    """Splits a file into its blocks.

    Raises ValueError for a name used twice, a block without a purpose line or without SQL, and
    for SQL before the first name.
    """
    blocks: dict[str, Query] = {}
    name = ""
    lines: list[str] = []

    def close() -> None:
        body = [line for line in lines if line.strip()]
        if not name:
            if any(not line.lstrip().startswith("--") for line in body):
                raise ValueError(f"{path}: SQL before the first name")
            return
        if name in blocks:
            raise ValueError(f"{path}: {name} stands there twice")
        if not body or not body[0].startswith("-- "):
            raise ValueError(f"{path}: {name} lacks its purpose line")
        statement = [line for line in body if not line.lstrip().startswith("--")]
        if not statement:
            raise ValueError(f"{path}: {name} has no SQL")
        purpose = body[0].removeprefix("-- ").strip()
        # The name leads the text, so that it shows in pg_stat_activity and in slow-query logs.
        sql = f"/* {name} */ " + "\n".join(statement).rstrip().rstrip(";")
        blocks[name] = Query(name, purpose, sql)

    for line in text.splitlines():
        match = _NAME.match(line)
        if match:
            close()
            name, lines = match["name"], []
        else:
            lines.append(line)
    close()
    return Queries(path, MappingProxyType(blocks))


def load_queries(package: str, path: str = "sql/queries.sql") -> Queries:
    """Reads a file of named queries that ships inside `package`."""
    text = files(package).joinpath(path).read_text(encoding="utf-8")
    return parse_queries(f"{package}/{path}", text)

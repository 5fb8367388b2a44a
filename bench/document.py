"""docs/benchmarks.md: one section for each bench, made anew by its long run."""

from typing import Final

from deploy.local import files
from deploy.local.layout import ROOT

DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"
_HEAD: Final = """# Benchmarks

Written by the benches themselves (`make bench`), with everything of a section measured in one run
on one machine. Compare the lines of a table with one another rather than with another machine's.
"""


def write_section(name: str, made: str) -> None:
    """Puts what a bench made into its section; those of others stay."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.is_file() else _HEAD
    files.write(DOCUMENT, with_section(text, name, made))


def with_section(text: str, name: str, made: str) -> str:
    """Returns a document with a bench's section made anew, or put at its end."""
    begin, end = f"<!-- {name}: written by make bench-{name} -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    after = rest.partition(end)[2].strip() if found else ""
    marked = f"{before.rstrip()}\n\n{begin}\n{made.strip()}\n{end}\n"
    return f"{marked}\n{after}\n" if after else marked

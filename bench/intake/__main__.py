"""Measures intake among many cases: `python -m bench.intake [--short]`.

The service's RPCs and their one caller share a process and an event loop, on loopback, with tokens
and row-level security as in earnest; so the times are upper bounds. The long run writes
bench/results/intake.json and its section of docs/benchmarks.md; the short one prints only. Exit
code 1: a limit was exceeded in the long run, or it could not be measured. The servers and all data
are erased at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import uvloop

from bench.document import write_section
from bench.intake import measure
from bench.intake.measure import Row
from bench.intake.scenario import LONG, SHORT, Sizes
from bench.timers import servers
from chassis.telemetry import configure_logging
from deploy.local import files
from deploy.local.layout import ROOT
from deploy.local.problem import Problem

RESULTS: Final = ROOT / "bench" / "results" / "intake.json"
# A list among many cases takes at most this many times as long as among few.
GROWTH: Final = 1.3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.intake", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a small part of everything")
    options = parser.parse_args(arguments)
    sizes = SHORT if options.short else LONG
    load = os.getloadavg()[0]
    configure_logging("intake", level="warning", stream=sys.stderr)
    try:
        with files.locked(ROOT / ".backstop" / "bench.lock"):
            small, large = uvloop.run(_run(sizes))
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    for name, row in large.items():
        before = small.get(name)
        print(
            f"{name:44}{before.p99 if before else 0:9.2f}{row.p50:9.2f}{row.p99:9.2f} {row.unit}"
            f" of {row.calls}  {_verdict(before, row)}"
        )
    if not options.short:
        machine = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            # What else ran: above the half of the cores the times say little.
            "load_before": round(load, 2),
        }
        results = {
            "machine": machine,
            "sizes": asdict(sizes),
            "small": {name: asdict(row) for name, row in small.items()},
            "large": {name: asdict(row) for name, row in large.items()},
        }
        files.write(RESULTS, json.dumps(results, indent=2, ensure_ascii=False) + "\n")
        write_section("intake", _section(sizes, small, large))
        print(f"written: {RESULTS}")
    # The short run shows that it works; what it measures depends on what else runs.
    missed = any("missed" in _verdict(small.get(name), row) for name, row in large.items())
    return int(not options.short and missed)


async def _run(sizes: Sizes) -> tuple[Mapping[str, Row], Mapping[str, Row]]:
    try:
        running = await servers.start()
        with tempfile.TemporaryDirectory() as folder:
            small = await measure.among(running, sizes.small, sizes.calls, Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            large = await measure.among(running, sizes.large, sizes.calls, Path(folder))
        return small, large
    finally:
        servers.erase()


def _verdict(small: Row | None, large: Row) -> str:
    """Tells which goals there are, and whether they are met."""
    said = []
    if large.limit:
        said.append(f"< {large.limit:g}: {'met' if large.p99 < large.limit else 'missed'}")
    # Only a page as full as the other can be compared.
    if large.grows_little and small is not None and small.rows == large.rows:
        growth = large.p99 / small.p99
        said.append(f"{growth:.2f} ×, ≤ {GROWTH} ×: {'met' if growth <= GROWTH else 'missed'}")
    return "; ".join(said)


def _section(sizes: Sizes, small: Mapping[str, Row], large: Mapping[str, Row]) -> str:
    """Returns the section of docs/benchmarks.md."""
    rows = [
        f"| {name}{'' if row.unit == 'ms' else f', {row.unit}'} | {small[name].p99:,.1f} |"
        f" {row.p50:,.1f} | {row.p99:,.1f} | {row.calls} |"
        f" {row.rows or ''} | {_verdict(small[name], row)} |"
        for name, row in large.items()
    ]
    about = (
        f"{sizes.large:,} cases of a site, a few in a hundred of them open, and {sizes.small:,}. "
        f"One caller, in the service's own process, {os.cpu_count()} cores shared with "
        f"PostgreSQL; milliseconds. Of fewer than a hundred calls, p99 is the longest. Growth is "
        f"told of pages that have as many rows among few."
    )
    few, many = f"{sizes.small:,}", f"{sizes.large:,}"
    return "\n".join(
        [
            "## Finding cases",
            "",
            about,
            "",
            f"| what | p99 of {few} | p50 of {many} | p99 | calls | rows | goals |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

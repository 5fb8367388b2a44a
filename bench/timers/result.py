"""What a run found, as JSON, as a table for a terminal and as a section of docs/benchmarks.md."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from bench.document import write_section
from bench.timers.outcome import Looks, Outcome
from bench.timers.scenario import Sizes
from deploy.local import files
from deploy.local.layout import ROOT

RESULTS: Final = ROOT / "bench" / "results" / "timers.json"


@dataclass(frozen=True, slots=True)
class Results:
    """Everything of one run."""

    sizes: Sizes
    postgres_version: str
    rabbitmq_version: str
    outcomes: Sequence[Outcome]

    @property
    def sound(self) -> bool:
        """Tells whether nobody broke off, and who is held to it fired all, once, and none early."""
        return all(
            not outcome.broke_off
            and (not outcome.held or (outcome.account.sound and bool(outcome.steadies)))
            for outcome in self.outcomes
        )


def save(results: Results) -> None:
    """Writes the JSON and the section of the document."""
    files.write(RESULTS, json.dumps(as_json(results), indent=2) + "\n")
    write_section("timers", section(results))


def as_json(results: Results) -> dict[str, Any]:
    """Returns the run as JSON knows it; what isn't a number there is null."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.system(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
            "postgresql": results.postgres_version,
            "rabbitmq": results.rabbitmq_version,
        },
        "sizes": asdict(results.sizes),
        "outcomes": [_finite(asdict(outcome)) for outcome in results.outcomes],
    }


def table(results: Results) -> str:
    """Returns the main table with its columns under one another."""
    rows = [_COLUMNS_SHORT, *(_row(outcome) for outcome in results.outcomes)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def section(results: Results) -> str:
    """Returns the section of the document, without its marks."""
    sizes = results.sizes
    looks = [look for outcome in results.outcomes for look in outcome.looks]
    parts = [
        "## Timers",
        (
            f"Many armed far ahead, then {sizes.steady_rate} a second due one after the other for "
            f"{sizes.steady_seconds:.0f} s, then {sizes.burst:,} due at one instant. "
            f"{os.cpu_count()} cores, shared by the scheduler, PostgreSQL, RabbitMQ and the bench. "
            "Medians; smallest and largest of the repeats in brackets."
        ),
        _markdown(_COLUMNS, [_row(outcome) for outcome in results.outcomes]),
        _MEANING,
    ]
    if looks:
        parts += ["What it costs sla to look, with nothing due:", _looks(looks)]
    parts += [_goals(results), "Settings:", _settings(results)]
    notes = [f"- {one.title}: {note}" for one in results.outcomes for note in one.notes]
    if notes:
        parts += ["In this run:", "\n".join(notes)]
    return "\n\n".join(part for part in parts if part)


_COLUMNS: Final = (
    "scheduler",
    "armed far ahead",
    "idle, % of a core",
    "due at once: fired/s",
    "worker, ms of a core each",
    "servers, ms of a core each",
    "steady: late p50, ms",
    "p99, ms",
    "longest, ms",
    "memory at start, armed, highest; MiB",
    "early, not fired, twice",
)
_COLUMNS_SHORT: Final = (
    "scheduler",
    "ahead",
    "idle %",
    "burst/s",
    "worker ms",
    "servers ms",
    "p50 ms",
    "p99 ms",
    "max ms",
    "MiB",
    "early, not, twice",
)

_MEANING: Final = """\
- *idle*: worker and servers together, with nothing due, over some seconds.
- *due at once*: armed before, until the last was committed. *servers* are
  PostgreSQL and, for Celery and sla that publishes, RabbitMQ.
- *late*: from the due time to the commit of what the firing wrote, by PostgreSQL's own commit
  timestamp. *early*: decided on before the due time.
- *memory*: resident, of the worker with the processes it made; it was started, then everything
  was armed.
- *not fired*: by the end of the run; what is more than a minute late isn't waited for.

A firing of the others is a task that inserts a row (timer, due time, time) in a transaction. A
firing of sla is a breach: the verdict on the clock, the case's next clock, the act, and the facts
of both in the journal, all in the transaction of its batch. Arming a million of theirs would take
too long, so fewer are armed far ahead."""


def _row(outcome: Outcome) -> tuple[str, ...]:
    rates = [burst.rate for burst in outcome.bursts]
    count = outcome.account
    return (
        outcome.title,
        f"{outcome.background:,}",
        f"{outcome.idle_worker_percent + outcome.idle_servers_percent:.1f}",
        _spread(rates, lambda value: f"{value:,.0f}"),
        _spread([burst.worker_ms_each for burst in outcome.bursts if burst.fired], _two),
        _spread([burst.servers_ms_each for burst in outcome.bursts if burst.fired], _two),
        _spread([steady.p50_ms for steady in outcome.steadies], _one),
        _spread([steady.p99_ms for steady in outcome.steadies], _one),
        _spread([steady.max_ms for steady in outcome.steadies], _one),
        f"{outcome.start_mib:.0f}, {outcome.armed_mib:.0f}, {outcome.highest_mib:.0f}",
        f"{count.early}, {count.missing}, {count.doubled}",
    )


def _looks(looks: Iterable[Looks]) -> str:
    rows, first = [], 0.0
    for look in looks:
        first = first or look.quickest_ms
        cost = _spread(look.medians_ms, lambda value: f"{value:.3f}")
        rows.append((f"{look.armed:,}", cost, f"{look.quickest_ms / first:.2f}"))
    return _markdown(("armed", "ms a look", "quickest round, of the first's"), rows)


def _goals(results: Results) -> str:
    """What was asked of sla, and what it did in this run."""
    ours = next((outcome for outcome in results.outcomes if outcome.held), None)
    if ours is None or not (ours.bursts and ours.steadies and ours.looks):
        return ""
    first, last = ours.looks[0], ours.looks[-1]
    growth = last.quickest_ms / first.quickest_ms
    rate = median(burst.rate for burst in ours.bursts)
    p50 = median(steady.p50_ms for steady in ours.steadies)
    p99 = median(steady.p99_ms for steady in ours.steadies)
    rows = [
        (
            f"a look, from {first.armed:,} to {last.armed:,} armed",
            "≤ 1.3 ×",
            f"{growth:.2f} ×",
            _met(growth <= 1.3),
        ),
        (f"{results.sizes.burst:,} due at once", "≥ 3,000/s", f"{rate:,.0f}/s", _met(rate >= 3000)),
        (f"{results.sizes.steady_rate}/s, p50", "< 10 ms", f"{p50:.1f} ms", _met(p50 < 10)),
        (f"{results.sizes.steady_rate}/s, p99", "< 100 ms", f"{p99:.1f} ms", _met(p99 < 100)),
        ("fired early", "0", str(ours.account.early), _met(ours.account.early == 0)),
    ]
    return "Goals for sla:\n\n" + _markdown(("", "goal", "this run", ""), rows)


def _settings(results: Results) -> str:
    servers = [f"- PostgreSQL {results.postgres_version}, fsync and synchronous_commit on"]
    if results.rabbitmq_version:
        servers.append(f"- RabbitMQ {results.rabbitmq_version}")
    python = f"- Python {platform.python_version()}"
    return "\n".join(
        [
            *(
                f"- {one.title} ("
                + ", ".join(f"{name} {version}" for name, version in one.versions.items())
                + f"): {one.settings}"
                for one in results.outcomes
            ),
            *servers,
            python,
        ]
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spread(values: Sequence[float], text: Callable[[float], str]) -> str:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "–"
    middle = text(median(known))
    if len(known) == 1:
        return middle
    return f"{middle} ({text(min(known))}–{text(max(known))})"


def _one(value: float) -> str:
    return f"{value:,.1f}"


def _two(value: float) -> str:
    return f"{value:,.2f}"


def _met(condition: bool) -> str:
    return "met" if condition else "not met"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

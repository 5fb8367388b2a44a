"""Measures everybody in one run: `make bench-timers`, or `make bench-timers SHORT=1` for a look.

    python -m bench.timers [--short] [--only NAME …]

The long run writes bench/results/timers.json and the section of docs/benchmarks.md, if all were
measured to the end; the others print their table and write nothing. Exit code 1: somebody wasn't,
or sla fired something early, twice or never. Servers, databases and processes are ended and erased
at the end, whatever it was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from bench import environment
from bench.document import DOCUMENT
from bench.timers import result, runner, servers
from bench.timers.contenders import OTHERS, OURS, Contender
from bench.timers.result import Results
from bench.timers.scenario import LONG, SHORT, Sizes
from deploy.local import files
from deploy.local.layout import ROOT
from deploy.local.problem import Problem


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    sizes = SHORT if options.short else LONG
    everybody = OURS | OTHERS
    wanted = [everybody[name] for name in options.only or sizes.contenders]
    begun = time.monotonic()
    try:
        with files.locked(ROOT / ".backstop" / "bench.lock"):
            results = asyncio.run(_run(wanted, sizes))
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\nbench/requirements.lock can't be installed: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("\ninterrupted; nothing was written", file=sys.stderr)
        return 130
    print(f"\n{result.table(results)}\n")
    for outcome in results.outcomes:
        for note in outcome.notes:
            print(f"{outcome.title}: {note}")
    complete = len(results.outcomes) == len(wanted) and results.sound
    if complete and not (options.short or options.only):
        result.save(results)
        print(f"written: {result.RESULTS}, {DOCUMENT}")
    print(f"{time.monotonic() - begun:.0f} s")
    return 0 if complete else 1


async def _run(wanted: Sequence[Contender], sizes: Sizes) -> Results:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
    python = str(await asyncio.to_thread(environment.ensure))
    try:
        running = await servers.start()
        outcomes = []
        begun = time.monotonic()
        for contender in wanted:
            if time.monotonic() - begun > sizes.run_seconds:
                print(f"{contender.title}: not measured, the time is over", flush=True)
                continue
            print(f"{contender.title} …", end=" ", flush=True)
            before = time.monotonic()
            outcomes.append(await runner.measure(contender, running, sizes, python))
            print(f"{time.monotonic() - before:.0f} s", flush=True)
        return Results(sizes, running.postgres_version, running.rabbitmq_version, outcomes)
    finally:
        # Not to be cut short by a second signal: what is left running here is left for ever.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with contextlib.suppress(RuntimeError):
                loop.add_signal_handler(number, lambda: None)
        servers.erase()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.timers", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small, ours and one other")
    parser.add_argument(
        "--only", nargs="+", choices=(*OURS, *OTHERS), help="measure these and write nothing"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Command line of the local deployment; `make up`, `down`, `status` and `logs` call it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final

from deploy.local import accounts, files, report, suite, vacancy
from deploy.local.layout import (
    REPLICAS,
    ROOT,
    SERVICES,
    Instance,
    make,
    open_instance,
    process_name,
)
from deploy.local.problem import Problem

NOT_RUNNING = 3
# Commands that make an instance when there is none of the name.
_BEGINNING: Final = ("up", "demo")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        instance = open_instance(
            options.instance,
            base_port=options.base_port,
            demonstration=getattr(options, "demonstration", False),
            new=options.command in _BEGINNING,
        )
        if options.command == "logs":
            return _logs(instance, options.service)
        if options.command == "status":
            return _status(instance)
        return _alone(instance, options)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _alone(instance: Instance, options: argparse.Namespace) -> int:
    """Two of these actions at once on one instance would start everything twice."""
    # Beside the folder, because the folder can be erased while it is held.
    lock = instance.folder.with_name(f"{instance.name}.lock")
    with files.locked(lock):
        try:
            return _ACTIONS[options.command](instance, options)
        except vacancy.PortsTaken as taken:
            raise Problem(f"{taken}\n{vacancy.advice(instance, options.command)}") from taken
        finally:
            if not instance.folder.exists():
                lock.unlink()


def _up(instance: Instance, options: argparse.Namespace) -> int:
    suite.up(instance, load_samples=not options.empty)
    rows = report.states(instance)
    print()
    report.show(rows)
    report.show_access(instance)
    return 0


def _down(instance: Instance, options: argparse.Namespace) -> int:
    stopped = suite.stop(instance)
    print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    if options.erase:
        accounts.erase(instance.folder)
        print(f"erased {instance.folder}")
    return 0


def _demo(instance: Instance, options: argparse.Namespace) -> int:
    """Each time from nothing: the play moves the suite's clock, which never goes back."""
    suite.stop(instance)
    accounts.erase(instance.folder)
    succeeded = False
    command = [sys.executable, "-m", "deploy.demo", "--instance", instance.name]
    if options.lang:
        command += ["--lang", options.lang]
    try:
        suite.up(instance, load_samples=False)
        played = subprocess.run(command, cwd=ROOT, env=suite.clean_environment(), check=False)
        succeeded = played.returncode == 0
        return played.returncode
    finally:
        if not options.keep:
            suite.stop(instance)
            if succeeded:
                accounts.erase(instance.folder)
            elif instance.folder.exists():
                erase = make("down", instance.name, "--erase")
                print(f"\nkept to look into: {instance.folder}; afterwards {erase}")


def _replica(instance: Instance, options: argparse.Namespace) -> int:
    number = suite.start_replica(instance, options.service)
    mine = process_name(options.service, number)
    report.show([row for row in report.states(instance) if row[0] == mine])
    return 0


def _status(instance: Instance) -> int:
    rows = report.states(instance)
    report.show(rows)
    return 0 if report.all_up(rows) else NOT_RUNNING


def _logs(instance: Instance, service: str | None) -> int:
    logs = [
        str(log)
        for name in ([service] if service else SERVICES)
        for log in (instance.log_file(name, number) for number in (1, *REPLICAS))
        if log.exists()
    ]
    if not logs:
        raise Problem("no logs yet; `up` makes them")
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", "50", "-F", *logs])  # noqa: S606 - it takes our place


_ACTIONS: Final[dict[str, Callable[[Instance, argparse.Namespace], int]]] = {
    "up": _up,
    "down": _down,
    "demo": _demo,
    "replica": _replica,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str, *, instance: str = "up") -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument(
            "--instance", default=instance, help=f"name of the private deployment ({instance})"
        )
        made.add_argument(
            "--base-port", type=int, help="first of its ports; the 103 above it are used too"
        )
        return made

    start = command("up", "start what isn't running")
    start.add_argument(
        "--demonstration", action="store_true", help="let the suite's clock be moved; never undone"
    )
    start.add_argument("--empty", action="store_true", help="don't load the sample site")
    end = command("down", "stop everything; data stays")
    end.add_argument("--erase", action="store_true", help="remove the data, keys and logs too")
    command("status", "what runs; exit code 3 unless all do")
    more = command("replica", "start one more process of a service that runs; `down` ends it")
    more.add_argument("service", choices=SERVICES)
    logs = command("logs", "follow the services' logs")
    logs.add_argument("service", nargs="?", choices=SERVICES)
    play = command("demo", "play the article's cases, from nothing", instance="demo")
    play.set_defaults(demonstration=True)
    play.add_argument("--lang", choices=("zh", "en"), help="language of the telling")
    play.add_argument("--keep", action="store_true", help="leave it running, with its data")
    return parser


if __name__ == "__main__":
    sys.exit(main())

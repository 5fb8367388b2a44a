"""The command line of a service, and the names its app.py and __main__.py need, in one place."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import NoReturn

from chassis import commands, serving
from chassis.server import Registration
from chassis.settings import SettingsError, load_settings
from chassis.spec import Parts, Runtime, S, ServiceSpec
from chassis.telemetry import configure_logging

__all__ = ["Parts", "Registration", "Runtime", "ServiceSpec", "main", "run"]


def main(spec: ServiceSpec[S]) -> NoReturn:
    """Runs the command line of a service's __main__ and exits with its code."""
    sys.exit(run(spec, sys.argv[1:]))


def run(spec: ServiceSpec[S], arguments: Sequence[str]) -> int:
    """Runs `serve`, `migrate` or `check-config` and returns the exit code.

    2 = the settings or arguments can't be used, 1 = anything else that failed, told in words on
    standard error.
    """
    options = _parser(spec.package).parse_args(arguments)
    try:
        settings = load_settings(spec.settings_type, spec.name)
        configure_logging(spec.name, level=settings.log_level, form=settings.log_format)
        return _run(spec, settings, options)
    except SettingsError as error:
        print(f"{spec.name}: {error}", file=sys.stderr)  # noqa: T201 - for whoever started it
        return 2


def _run(spec: ServiceSpec[S], settings: S, options: argparse.Namespace) -> int:
    if options.command == "serve":
        return serving.serve(spec, settings)
    if options.command == "migrate":
        return asyncio.run(commands.migrate(spec, settings, demonstration=options.demonstration))
    return commands.check_config(spec, settings)


def _parser(package: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    choices.add_parser("serve", help="serve RPCs and consume facts until SIGTERM")
    migrate = choices.add_parser("migrate", help="bring the schema and the broker up to date")
    migrate.add_argument(
        "--demonstration",
        action="store_true",
        help="let the clock of a schema made by this very run be moved",
    )
    choices.add_parser("check-config", help="read the settings and files, then exit")
    return parser

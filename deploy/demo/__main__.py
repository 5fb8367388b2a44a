"""Plays the article's cases against a running instance: `python -m deploy.demo --lang zh|en`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import yaml
from rich.console import Console

from ctl import fsck, settings, site, site_folder
from ctl.connection import Client, Connections
from ctl.failures import Failure, Problem
from ctl.names import names_in
from ctl.settings import Settings
from ctl.shell import console_of
from deploy.demo import month, play, story, verdict
from deploy.demo.stage import Stage
from deploy.demo.story import Story, StoryError
from deploy.demo.telling import Teller

SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples" / "yuwu"
_ENDED: Final = (
    "{count} 件诉求全部如所述办结，不变量 {checks} 项检查无问题，演示用时 {seconds:.1f} 秒。",
    "All {count} cases ended as told, {checks} invariant checks found nothing, in {seconds:.1f} s.",
)
_NOT_ENDED: Final = ("有诉求未如所述办结。", "Some cases did not end as told.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every case ended as told, 1 when not, 2 when the play can't begin."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    console = console_of(stderr=False)
    if options.width:
        console.width = options.width
    try:
        instance = "" if os.environ.get(f"{settings.PREFIX}ENDPOINTS") else options.instance
        found = settings.load(os.environ, instance=instance)
        return asyncio.run(_play(found, options.lang, console))
    except (Problem, StoryError, LookupError) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 2 if isinstance(problem, Problem) and problem.field else 1
    except Failure as failure:
        print(f"\n{failure.answer.service}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def _play(found: Settings, language: str, console: Console) -> int:
    started = time.monotonic()
    stories = story.read_all()
    folder = site_folder.read(SAMPLES)
    connections = Connections(found.endpoints, found.ca_file)
    try:
        operator = Client(connections, token=found.token_of("operator"), language=language)
        administrator = Client(
            connections, token=found.token_of("administrator"), language=language
        )
        await site.publish(administrator, folder)
        await site.wait_known(operator, folder.site_id)
        zone = ZoneInfo(folder.directory.directory.time_zone)
        days = await month.find(operator, folder.site_id, zone)
        stage = Stage(connections, found, language, days, folder.site_id)
        teller = Teller(console, language, days, names_in(folder.directory.directory))
        teller.begin()
        await play.perform(stage, stories, teller, _actors())
        return await _epilogue(stage, stories, teller, started)
    finally:
        await connections.close()


async def _epilogue(stage: Stage, stories: Sequence[Story], teller: Teller, started: float) -> int:
    """Shows timelines, ledger and verdicts; returns the exit code."""
    cases = [stage.told[one.key] for one in stories]
    timelines = await asyncio.gather(*(play.timeline(stage, told.case_id) for told in cases))
    for one, told, entries in zip(stories, cases, timelines, strict=True):
        teller.timeline(one, told.number, entries)
    teller.ledger(await play.ledger(stage))
    verdicts = await asyncio.gather(*(verdict.judge(stage, one) for one in stories))
    teller.verdicts(verdicts)
    report = await fsck.live(stage.operator)
    for service, finding in report.findings:
        teller.end(f"{service}: {finding.check} {finding.subject_id} {finding.detail}", good=False)
    good = not report.findings and not any(one.differences for one in verdicts)
    index = 1 if stage.language == "en" else 0
    sentence = _ENDED[index] if good else _NOT_ENDED[index]
    teller.end(
        sentence.format(
            count=len(verdicts),
            checks=report.check_count,
            seconds=time.monotonic() - started,
        ),
        good=good,
    )
    return 0 if good else 1


def _actors() -> dict[str, str]:
    """Token name → person code, from the samples."""
    text = (SAMPLES / "tokens.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    return {entry["name"]: entry["subject"] for entry in document["tokens"]}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("--instance", default="demo", help="local instance (demo)")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh", help="zh, en")
    parser.add_argument("--width", type=int, help="columns of the screen; found out by default")
    return parser


if __name__ == "__main__":
    sys.exit(main())

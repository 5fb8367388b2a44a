"""A case as it is told: who does what when, and how it must end. Read from cases/*.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, Final

import yaml

CASES: Final = Path(__file__).parent / "cases"

ACTIONS: Final = frozenset(
    {
        "accept", "accept-order", "close", "complete-order", "confirm", "dispatch", "escalate",
        "feedback", "instruct", "plan", "progress", "register", "reject", "reply", "resolve",
        "sweep", "sweep-answer", "unseal", "verify",
    }
)  # fmt: skip


class StoryError(Exception):
    """A story can't be read; the text names the file and the step."""


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A working day of the play, from 0, and a local time in it."""

    day: int
    at: time


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that someone does; `data` holds what belongs to the action."""

    moment: Moment
    # Name of a token, or "receipt" for the reporter with the code and no token.
    by: str
    do: str
    data: Mapping[str, Any]

    def text(self, name: str, language: str) -> str:
        """Returns one of the step's texts; empty when it has none."""
        value = self.data.get(name)
        if value is None:
            return ""
        return Text(value["zh"], value["en"]).of(language)

    @property
    def refused(self) -> str:
        """Reason with which the suite must refuse; empty when it must not."""
        return str(self.data.get("refused", ""))


@dataclass(frozen=True, slots=True)
class Story:
    """One case from its first word to its end."""

    key: str
    title: Text
    steps: Sequence[Step]
    expect: Mapping[str, Any]


def read_all(folder: Path = CASES) -> list[Story]:
    """Reads all stories in the order of their files; StoryError names what is wrong."""
    stories = [read(path) for path in sorted(folder.glob("*.yaml"))]
    if not stories:
        raise StoryError(f"no stories in {folder}")
    return stories


def read(path: Path) -> Story:
    """Reads one story."""
    # As text throughout: YAML takes 18:30 for a number in base 60, and 0017 for an octal.
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    try:
        steps = [_step(entry) for entry in document["steps"]]
        story = Story(
            key=document["key"],
            title=Text(document["title"]["zh"], document["title"]["en"]),
            steps=steps,
            expect=document["expect"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoryError(f"{path.name}: {type(error).__name__} {error}") from None
    if [step.moment for step in steps] != sorted(step.moment for step in steps):
        raise StoryError(f"{path.name}: the steps are not in the order of time")
    if not steps or steps[0].do not in ("register", "sweep"):
        raise StoryError(f"{path.name}: a story begins with register, or with a sweep")
    return story


def _step(entry: Mapping[str, Any]) -> Step:
    day, _, hour = str(entry["at"]).partition(" ")
    if entry["do"] not in ACTIONS:
        raise ValueError(f"no such action: {entry['do']}")
    data = {key: value for key, value in entry.items() if key not in ("at", "by", "do")}
    moment = Moment(int(day), time.fromisoformat(hour.strip()))
    return Step(moment, str(entry["by"]), str(entry["do"]), data)

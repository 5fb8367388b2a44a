"""The README's commands, played as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.layout import ROOT, Instance

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"[A-Z]+-\d{8}-\d{4,}")
_CODE = re.compile(r"\d{4} ?\d{4} ?\d{4} ?\d{4}")
# Files and folders that the commands write.
_FILE = re.compile(r"\b(my-site|[a-z]+\.(pdf|xlsx|html))\b")
REFUSED, INTERRUPTED = 1, 130


def _interrupted(line: str) -> str:
    """What goes on until it is interrupted, interrupted after a while."""
    if "Ctrl-C" not in line:
        return line
    return f"timeout --preserve-status -s INT 5 {line}"


def _plays() -> list[list[str]]:
    """Returns the lines of each block that plays a case by the command line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block.splitlines() for block in _BLOCK.findall(text)]
    return [lines for lines in blocks if any(line.startswith("$ctl ") for line in lines)]


def test_the_readme_plays_two_cases_and_asks_who_answers() -> None:
    assert len(_plays()) == 4


@pytest.mark.parametrize("lines", _plays(), ids=["rejected", "slip", "day", "answers"])
def test_each_command_does_what_the_readme_says(
    instance: Instance, lines: list[str], tmp_path: Path
) -> None:
    environment = os.environ | {
        "ctl": f"{sys.executable} -m ctl --instance {instance.name}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'gen'}",
    }
    done = 0
    for line in lines:
        if not line.startswith("$ctl "):
            continue  # assignments: the case's own number and code, taken from what was printed
        run = subprocess.run(
            ["sh", "-c", _FILE.sub(lambda found: str(tmp_path / found[0]), _interrupted(line))],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        expected = REFUSED if "# refused" in line else INTERRUPTED if "Ctrl-C" in line else 0
        assert run.returncode == expected, f"{line}\n{run.stdout}{run.stderr}"
        if " case register " in line:
            number, code = _NUMBER.search(run.stdout), _CODE.search(run.stdout)
            assert number is not None, run.stdout
            assert code is not None, run.stdout
            environment |= {"CASE": number[0], "CODE": code[0].replace(" ", "")}
        done += 1
    assert done >= 6

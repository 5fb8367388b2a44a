"""What fsck finds, asked as an operator would ask."""

import asyncio
import json
import os
import sys

from deploy.local.layout import ROOT, Instance

_NOTHING, _FINDINGS = 0, 4


async def findings(instance: Instance) -> list[object]:
    """Returns the findings of `backstopctl fsck --live --settled`; empty is good."""
    command = ["-m", "ctl", "--instance", instance.name, "--as", "operator", "--json", "fsck"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        "--live",
        "--settled",
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'gen'}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode in (_NOTHING, _FINDINGS), err.decode()
    report = json.loads(out)
    assert report["check_count"] > 0
    found: list[object] = report["findings"]
    assert bool(found) == (process.returncode == _FINDINGS)
    return found

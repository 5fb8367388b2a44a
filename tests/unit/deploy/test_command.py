"""The command line says what is missing, in one line."""

import subprocess
import sys

from deploy.local.layout import ROOT


def test_before_the_environment_exists_it_names_make_up() -> None:
    done = subprocess.run(
        # Neither site nor its path files: the standard library alone, as before `make up`.
        [sys.executable, "-S", "-m", "deploy.local", "status"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run `make up`" in done.stderr
    assert done.stderr.count("\n") == 1

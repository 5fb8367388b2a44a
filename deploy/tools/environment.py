"""Makes .venv from requirements-dev.lock; standard library only, because it runs before it.

The stamp inside holds the digest of the lock, so a second run costs nothing and
a changed lock is installed. Nothing of ours is installed: a path file puts the
root and gen/ on the path, and `backstopctl` becomes a program of the environment.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements-dev.lock"
STAMP = VENV / ".stamp"
CTL = f"""#!/bin/sh
exec "{VENV}/bin/python" -m ctl "$@"
"""


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever python3 there is runs this
        print("backstop needs Python 3.11 or newer; give one as make PYTHON=…", file=sys.stderr)
        return 1
    wanted = hashlib.sha256(
        LOCK.read_bytes() + Path(__file__).read_bytes() + str(VENV).encode()
    ).hexdigest()
    if _stamped(wanted):
        return 0
    work = ROOT / ".backstop"
    work.mkdir(exist_ok=True)
    with (work / "venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _stamped(wanted):
            return 0
        return _make(wanted)


def _make(wanted: str) -> int:
    python = VENV / "bin" / "python"
    # A venv that was cut short has no pip; making it again completes it.
    if (
        not python.exists()
        or subprocess.run(
            [python, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
    ):
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
        if made.returncode:
            print("on Debian: apt-get install python3-venv", file=sys.stderr)
            return 1
    print("installing requirements-dev.lock into .venv", flush=True)
    installed = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        + ["--require-hashes", "--requirement", str(LOCK)],
        check=False,
    )
    if installed.returncode:
        return installed.returncode
    [site] = VENV.glob("lib/python3.*/site-packages")
    (site / "backstop-tree.pth").write_text(f"{ROOT}\n{ROOT / 'gen'}\n")
    ctl = VENV / "bin" / "backstopctl"
    ctl.write_text(CTL)
    ctl.chmod(0o755)
    STAMP.write_text(wanted)
    return 0


def _stamped(wanted: str) -> bool:
    return STAMP.is_file() and STAMP.read_text() == wanted


if __name__ == "__main__":
    sys.exit(main())

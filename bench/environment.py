"""Makes the environment of the other schedulers from requirements.lock, beside the suite's own.

They must not be dependencies of the suite, nor bring others' versions into it.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import venv
from pathlib import Path
from typing import Final

from deploy.local.layout import ROOT

ENVIRONMENT: Final = ROOT / ".backstop" / "bench-venv"
LOCK: Final = Path(__file__).with_name("requirements.lock")


def ensure() -> Path:
    """Returns the environment's Python; installs it when it is absent or the lock has changed.

    Raises subprocess.CalledProcessError when pip can't.
    """
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / ".stamp"
    wanted = hashlib.sha256(LOCK.read_bytes() + str(ENVIRONMENT).encode()).hexdigest()
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with (ENVIRONMENT.parent / "bench-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return python
        print("installing bench/requirements.lock into .backstop/bench-venv", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "--requirement", str(LOCK)], check=True)
        stamp.write_text(wanted)
    return python

"""Renews the lock files; here because pip-tools must not be a dependency of what it locks.

Hashes are those of the public package index: whatever mirrors, extra indexes or
local folders this machine's pip is set up with stay out of the lock.

    python -m deploy.tools.lock [--upgrade]
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ENVIRONMENT: Final = ROOT / ".backstop" / "lock-venv"
PIP_TOOLS: Final = "pip-tools==7.6.2"
OPTIONS: Final = (
    "--quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header "
    "--no-annotate --strip-extras --allow-unsafe"
).split()
LOCKS: Final = (
    (ROOT, "requirements"),
    (ROOT, "requirements-dev"),
    (Path(__file__).parent, "requirements"),
    (ROOT / "bench", "requirements"),
)


def main() -> int:
    if not (ENVIRONMENT / "bin" / "pip-compile").exists():
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(ENVIRONMENT / "bin" / "pip"), "install", "--quiet", PIP_TOOLS]
        subprocess.run(pip, check=True)
    clean = {key: value for key, value in os.environ.items() if key not in _ELSEWHERE}
    clean["PIP_CONFIG_FILE"] = os.devnull
    for folder, name in LOCKS:
        command = [str(ENVIRONMENT / "bin" / "pip-compile"), *OPTIONS, *sys.argv[1:]]
        command += ["--output-file", f"{name}.lock", f"{name}.in"]
        subprocess.run(command, cwd=folder, env=clean, check=True)
    return 0


_ELSEWHERE: Final = frozenset({"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"})

if __name__ == "__main__":
    sys.exit(main())

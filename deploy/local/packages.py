"""Gets PostgreSQL and RabbitMQ onto a Debian machine without starting its system services."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local.problem import Problem

RABBITMQ_SERVER: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_POLICY: Final = Path("/usr/sbin/policy-rc.d")
_DENY: Final = "#!/bin/sh\n# Here while backstop installs packages.\nexit 101\n"


def postgres_programs() -> Path | None:
    """The folder with initdb and postgres; Debian keeps it off the path. None when absent."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parents[1].name) if path.parents[1].name.isdigit() else 0,
    )
    if versions:
        return versions[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def rabbitmq_server() -> Path | None:
    """The server's own script. Debian's wrapper on the path insists on the system's folders."""
    return RABBITMQ_SERVER if RABBITMQ_SERVER.exists() else None


def ensure(*, postgres: bool = True, rabbitmq: bool = True) -> None:
    """Installs what is wanted and absent; Problem with the line to run when we may not."""
    wanted = _missing(postgres=postgres, rabbitmq=rabbitmq)
    if not wanted:
        return
    line = f"sudo apt-get install -y --no-install-recommends {' '.join(wanted)}"
    privilege = _privilege()
    if privilege is None or shutil.which("apt-get") is None:
        raise Problem(f"missing: {', '.join(wanted)}. Run this once, then try again:\n  {line}")
    print(f"installing {', '.join(wanted)}", flush=True)
    with _services_stay_off(privilege):
        install = ["install", "-y", "-qq", "--no-install-recommends", *wanted]
        # The lists may be as old as the machine; without them the packages aren't found.
        for step in (["update", "-qq"], install):
            if _quietly([*privilege, *_apt(privilege), *step]):
                raise Problem(f"apt-get {step[0]} failed (see above); by hand:\n  {line}")
    if Path("/run/systemd/system").is_dir():
        for unit in wanted:
            _quietly([*privilege, "systemctl", "disable", "--now", unit])
    if still := _missing(postgres=postgres, rabbitmq=rabbitmq):
        raise Problem(f"installed, yet not found where Debian puts it: {', '.join(still)}")


def _missing(*, postgres: bool, rabbitmq: bool) -> list[str]:
    checks: list[tuple[bool, str, Callable[[], Path | None]]] = [
        (postgres, "postgresql", postgres_programs),
        (rabbitmq, "rabbitmq-server", rabbitmq_server),
    ]
    return [package for needed, package, find in checks if needed and find() is None]


def _privilege() -> list[str] | None:
    """The words before a command that needs root; None when we can't have it unasked."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and not _quietly(["sudo", "-n", "true"]):
        return ["sudo", "-n"]
    return None


def _apt(privilege: Sequence[str]) -> list[str]:
    # sudo forgets the environment, so it is given as words.
    env = ["env", "DEBIAN_FRONTEND=noninteractive"] if privilege else []
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    return [*env, "apt-get", "-o", "DPkg::Lock::Timeout=120"]


@contextmanager
def _services_stay_off(privilege: Sequence[str]) -> Iterator[None]:
    """Debian starts a service as it installs it, on the standard ports; a policy can forbid it."""
    if _POLICY.exists():
        yield
        return
    write = [*privilege, "sh", "-c", 'cat > "$0" && chmod 755 "$0"', str(_POLICY)]
    subprocess.run(write, input=_DENY.encode(), check=True)
    try:
        yield
    finally:
        subprocess.run([*privilege, "rm", "-f", str(_POLICY)], check=True)


def _quietly(command: Sequence[str]) -> int:
    """Runs a command and returns its code; what it said is shown only when it failed."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode and command[-1] != "true":
        print(done.stdout + done.stderr, flush=True)
    return done.returncode

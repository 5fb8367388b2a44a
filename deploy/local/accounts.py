"""As whom the private servers run, and where that account can keep data.

Neither PostgreSQL nor a careful operator runs a server as root. A plain user
runs them as themselves; root lends them to the accounts that the Debian
packages made, which may not be able to reach a checkout under /root.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from deploy.local.problem import Problem
from deploy.local.processes import Account


def server_account(*candidates: str) -> Account:
    """Ourselves; for root, the first of these system users that exists."""
    if os.geteuid() != 0:
        return Account()
    for name in candidates:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Problem(f"none of these users exists to run a server as: {', '.join(candidates)}")


def data_folder(instance: Path, name: str, account: Account) -> Path:
    """A folder for a server's data that its account owns and can reach.

    Inside the instance where possible; else under /var/tmp, by a name that
    belongs to this instance alone and is always the same.
    """
    instance.mkdir(parents=True, exist_ok=True)
    if account.uid is None:
        folder = instance / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder
    if _reachable(instance, account):
        folder = instance / name
    else:
        parent = _elsewhere(instance)
        parent.mkdir(mode=0o711, exist_ok=True)
        if parent.is_symlink() or parent.stat().st_uid != os.geteuid():
            raise Problem(f"{parent} belongs to someone else; remove it")
        folder = parent / name
    folder.mkdir(mode=0o700, exist_ok=True)
    own(folder, account)
    return folder


def erase(instance: Path) -> None:
    """Removes everything of an instance whose servers are stopped."""
    for folder in (instance, _elsewhere(instance)):
        if folder.is_dir() and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder)


def own(path: Path, account: Account) -> None:
    """Gives a file or folder to the account, when it is not ours to keep."""
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)


def _elsewhere(instance: Path) -> Path:
    digest = hashlib.sha256(str(instance).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"backstop-{digest}"  # noqa: S108 - its owner is checked


def _reachable(folder: Path, account: Account) -> bool:
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return tried.returncode == 0

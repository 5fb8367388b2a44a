"""A private PostgreSQL: its own data folder, port and password, on loopback TCP alone."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import accounts, files, packages, processes
from deploy.local.problem import Problem
from deploy.local.processes import Account, Process

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
# Not a benchmark's settings: a commit is on the disk when it is acknowledged.
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # TCP alone: a socket's path may not be longer than 107 characters, a checkout's may.
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "2s",
    # Statements that fail hold parameters, and these may be personal data.
    "log_parameter_max_length_on_error": "0",
    "log_parameter_max_length": "0",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """The private server of an instance; methods may be called at any time, in any state."""

    instance: Path
    port: int

    @property
    def dsn(self) -> str:
        """Of the superuser; the password is made with the first start."""
        return f"postgresql://postgres:{self._password()}@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> Path:
        return self.instance / "logs" / "postgres.log"

    def ready(self) -> bool:
        programs = packages.postgres_programs()
        return programs is not None and self._answers(programs)

    def process(self) -> Process | None:
        return self._running(self._place()[1])

    def start(self) -> None:
        """Makes the data folder when there is none, starts the server unless it runs, waits."""
        programs = packages.postgres_programs()
        if programs is None:
            raise Problem("PostgreSQL is not installed")
        account, data = self._place()
        self._initialise(programs, data, account)
        if self._running(data) is None:
            if not processes.port_free(self.port):
                raise Problem(f"port {self.port} was taken by another program meanwhile")
            self._launch(programs, data, account)
        if not processes.wait_for(lambda: self._answers(programs), _START_SECONDS):
            raise Problem(f"PostgreSQL does not answer; see {self.log}")

    def stop(self) -> bool:
        """Ends the server; True when it ran."""
        _, data = self._place()
        process = self._running(data)
        if process is None:
            return False
        # "Fast": open transactions are rolled back, nobody is waited for.
        processes.stop(process, grace=_STOP_SECONDS, first=signal.SIGINT)
        return True

    def _place(self) -> tuple[Account, Path]:
        account = accounts.server_account("postgres", "nobody")
        return account, accounts.data_folder(self.instance, "pg", account)

    def _password(self) -> str:
        return files.once(self.instance / "secrets" / "servers" / "postgres", files.password)

    def _initialise(self, programs: Path, data: Path, account: Account) -> None:
        """initdb into a folder beside the real one: half of one is never taken for a whole."""
        cluster = data / "data"
        if cluster.is_dir():
            return
        fresh = data / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret = data / "password"
        files.write(secret, self._password(), mode=0o600)
        accounts.own(secret, account)
        command: list[str | Path] = [programs / "initdb", "--pgdata", fresh, "--username=postgres"]
        command += ["--auth=scram-sha-256", "--pwfile", secret, "--encoding=UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync", "--data-checksums"]
        made = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=data,
            user=account.uid,
            group=account.gid,
            extra_groups=None if account.uid is None else [],
            check=False,
        )
        secret.unlink()
        if made.returncode:
            raise Problem(f"initdb failed:\n{made.stdout}{made.stderr}")
        # On the disk before it gets its name, as initdb without --no-sync would, but once.
        subprocess.run(["sync", "--file-system", str(fresh)], check=False)
        fresh.rename(cluster)

    def _launch(self, programs: Path, data: Path, account: Account) -> None:
        cluster = data / "data"
        self._forget_stale_lock(cluster)
        command: list[str | Path] = [programs / "postgres", "-D", cluster, "-p", str(self.port)]
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        environment = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}

        def launched() -> bool:
            process = processes.spawn(
                command, log=self.log, environment=environment, folder=data, account=account
            )
            processes.wait_for(lambda: self._answers(programs) or not process.alive(), 30)
            return process.alive()

        # Backends of a killed server need a moment to notice; until then it refuses to start.
        if not processes.wait_for(launched, 15):
            raise Problem(f"PostgreSQL does not start; see {self.log}")

    def _answers(self, programs: Path) -> bool:
        command = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def _running(self, data: Path) -> Process | None:
        """The postmaster of exactly this folder, however it was started."""
        cluster = str(data / "data")
        pid = _postmaster_pid(data / "data")
        if pid is None or cluster not in processes.command_line(pid):
            return None
        return processes.identify(pid)

    def _forget_stale_lock(self, cluster: Path) -> None:
        """Removes a lock file whose number now belongs to some other program.

        PostgreSQL would take that program for a postmaster. A number that belongs to nobody
        is left to it: it then also looks for backends that outlived their postmaster.
        """
        pid = _postmaster_pid(cluster)
        if pid is not None and processes.identify(pid) is not None:
            (cluster / "postmaster.pid").unlink(missing_ok=True)


def _postmaster_pid(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None

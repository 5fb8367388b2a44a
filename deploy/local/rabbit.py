"""A private RabbitMQ: its own node, data folder and ports, on loopback alone.

Debian's wrappers force the system's user, folders and node name; the server's
own script, called directly, takes all of them from the environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import accounts, files, packages, processes
from deploy.local.definitions import ADMINISTRATOR, VHOST, definitions, service_user
from deploy.local.layout import SERVICES, Ports
from deploy.local.management import Management
from deploy.local.problem import Problem
from deploy.local.processes import Account, Process

_START_SECONDS: Final = 90
_STOP_SECONDS: Final = 30
_CONFIGURATION: Final = """\
listeners.tcp.local = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
# Statistics are for the metrics of a real deployment; here they cost a tenth of a core.
management_agent.disable_metrics_collector = true
load_definitions = {definitions}
log.file.level = info
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.absolute = 1GiB
"""


@dataclass(frozen=True, slots=True)
class Rabbit:
    """The private broker of an instance; methods may be called at any time, in any state."""

    instance: Path
    ports: Ports

    @property
    def node(self) -> str:
        # Of the folder, not of the ports: the data belongs to the node's name.
        digest = hashlib.sha256(str(self.instance).encode()).hexdigest()[:8]
        return f"backstop_{digest}@localhost"

    @property
    def log(self) -> Path:
        return self.instance / "logs" / "rabbitmq.log"

    @property
    def management_url(self) -> str:
        password = self.password(ADMINISTRATOR)
        return f"http://{ADMINISTRATOR}:{password}@127.0.0.1:{self.ports.management}"

    def url(self, user: str, vhost: str = VHOST) -> str:
        return f"amqp://{user}:{self.password(user)}@127.0.0.1:{self.ports.amqp}/{vhost}"

    def password(self, user: str) -> str:
        return files.once(self.instance / "secrets" / "servers" / f"amqp-{user}", files.password)

    def ready(self) -> bool:
        return processes.accepts(self.ports.amqp) and Management(self.management_url).has_policy(
            VHOST
        )

    def process(self) -> Process | None:
        """The Erlang machine of exactly this node, however it was started."""
        # The node's name is set from within; what the command line shows of it is its home.
        home = str(self._place()[1] / "home")
        found = processes.find(lambda words: words[0].endswith("beam.smp") and home in words)
        return found[0] if found else None

    def wanted(self) -> dict[int, str]:
        """Ports that must be free for it to start, and what for."""
        ports = self.ports
        found = {ports.amqp: "AMQP", ports.distribution: "Erlang", ports.management: "management"}
        # A port mapper that is there already serves as well, whoever started it.
        if not _is_mapper(ports.epmd):
            found[ports.epmd] = "epmd"
        return {port: f"rabbitmq, {purpose}" for port, purpose in found.items()}

    def start(self) -> None:
        """Starts the broker unless it runs, and waits until it takes connections."""
        server = packages.rabbitmq_server()
        if server is None:
            raise Problem("RabbitMQ is not installed")
        process = self.process()
        if process is None:
            self._free_ports()
            process = self._launch(server)
        ready = processes.wait_for(lambda: self.ready() or not process.alive(), _START_SECONDS)
        if not ready or not process.alive():
            raise Problem(f"RabbitMQ does not start; see {self.log}")
        _, data = self._place()
        files.write(data / "booted", "")

    def stop(self) -> bool:
        """Ends the broker and its port mapper; True when it ran."""
        process = self.process()
        if process is not None:
            processes.stop(process, grace=_STOP_SECONDS)
        self._stop_mapper()
        return process is not None

    def _place(self) -> tuple[Account, Path]:
        account = accounts.server_account("rabbitmq", "nobody")
        return account, accounts.data_folder(self.instance, "rabbit", account)

    def _launch(self, server: Path) -> Process:
        account, data = self._place()
        if not (data / "booted").exists():
            # A first start that was cut short leaves a database nobody can use, with nothing in it.
            shutil.rmtree(data)
            account, data = self._place()
        home = data / "home"
        home.mkdir(exist_ok=True)
        accounts.own(home, account)
        configuration = {
            "rabbitmq.conf": _CONFIGURATION.format(
                amqp=self.ports.amqp,
                management=self.ports.management,
                definitions=data / "definitions.json",
            ),
            "definitions.json": self._definitions(),
            "enabled_plugins": "[rabbitmq_management].\n",
        }
        for name, content in configuration.items():
            files.write(data / name, content, mode=0o600)
            accounts.own(data / name, account)
        return processes.spawn(
            [server],
            log=self.log,
            environment=self._environment(data),
            folder=data,
            account=account,
        )

    def _environment(self, data: Path) -> dict[str, str]:
        first, last = self.ports.tools
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "HOME": str(data / "home"),
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            # The script then becomes the Erlang machine instead of waiting beside it.
            "RUNNING_UNDER_SYSTEMD": "true",
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(first),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(last),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "advanced.config"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(data / "config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(data / "plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(data / "feature_flags"),
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_LOG_BASE": str(data / "log"),
            "RABBITMQ_PID_FILE": str(data / "pid"),
        }

    def _definitions(self) -> str:
        users = (ADMINISTRATOR, *map(service_user, SERVICES))
        return definitions({user: self.password(user) for user in users})

    def _free_ports(self) -> None:
        self._stop_mapper()
        for port in (self.ports.amqp, self.ports.distribution, self.ports.management):
            if not processes.port_free(port):
                raise Problem(f"port {port} was taken by another program meanwhile")

    def _stop_mapper(self) -> None:
        """Ends epmd, which the broker starts and never ends; nobody else's, by its home."""
        mapper = processes.listener(self.ports.epmd)
        if mapper is None:
            return
        home = str(self._place()[1] / "home")
        if processes.environment(mapper.pid).get("HOME") == home:
            processes.stop(mapper, grace=5, first=signal.SIGTERM)


def _is_mapper(port: int) -> bool:
    """Asks for the names that an epmd knows; it answers with its own port first."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"\x00\x01n")
            return connection.recv(4) == port.to_bytes(4, "big")
    except OSError:
        return False

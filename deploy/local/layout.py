"""Where an instance keeps its things and which ports it uses, in one place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import files
from deploy.local.problem import Problem

ROOT: Final = Path(__file__).resolve().parents[2]
SERVICES: Final = ("intake", "routing", "sla", "notify")
# A service's processes are numbered: 1 is `up`'s, the others are started by hand.
REPLICAS: Final = range(2, 7)
_BASE_PORTS: Final = {"up": 7101, "demo": 7301, "test": 7501, "system": 7601, "faults": 8201}
_LAST_OFFSET: Final = 103


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of an instance, counted from its base."""

    base: int

    @property
    def last(self) -> int:
        return self.base + _LAST_OFFSET

    def grpc(self, service: str, number: int = 1) -> int:
        return self.base + _place(service, number, first=0, others=50)

    def metrics(self, service: str, number: int = 1) -> int:
        return self.base + _place(service, number, first=100, others=70)

    @property
    def postgres(self) -> int:
        return self.base + 21

    @property
    def amqp(self) -> int:
        return self.base + 22

    @property
    def distribution(self) -> int:
        return self.base + 23

    @property
    def epmd(self) -> int:
        return self.base + 24

    @property
    def management(self) -> int:
        return self.base + 25

    @property
    def tools(self) -> tuple[int, int]:
        """Range from which rabbitmqctl takes the port it is answered on."""
        return self.base + 26, self.base + 35


@dataclass(frozen=True, slots=True)
class Instance:
    """One private deployment: a folder and a range of ports."""

    name: str
    folder: Path
    ports: Ports
    demonstration: bool = False

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox"

    @property
    def exists(self) -> bool:
        return _recorded(self.folder) is not None

    def pid_file(self, service: str, number: int = 1) -> Path:
        return self.folder / "run" / f"{process_name(service, number)}.json"

    def log_file(self, service: str, number: int = 1) -> Path:
        return self.logs / f"{process_name(service, number)}.log"

    def address(self, service: str, number: int = 1) -> str:
        return f"127.0.0.1:{self.ports.grpc(service, number)}"

    def metrics_address(self, service: str, number: int = 1) -> str:
        return f"127.0.0.1:{self.ports.metrics(service, number)}"

    def save(self) -> None:
        record = {"base_port": self.ports.base, "demonstration": self.demonstration}
        files.write(self.folder / "instance.json", json.dumps(record, indent=2) + "\n")


def process_name(service: str, number: int = 1) -> str:
    return service if number == 1 else f"{service}-{number}"


def open_instance(
    name: str, *, base_port: int | None = None, demonstration: bool = False, new: bool = True
) -> Instance:
    """The instance of that name, with what it was first started with unless told otherwise.

    Raises Problem when it is asked to change what is fixed at its creation, and for a name that
    nobody has used unless it may be `new`.
    """
    if not name.isidentifier() or not name.isascii():
        raise Problem(f"an instance's name is letters, digits and underscores, not {name!r}")
    folder = ROOT / ".backstop" / name
    known = _recorded(folder)
    if known is None:
        if base_port is None and name not in _BASE_PORTS:
            reason = f"instance {name} is new: give it --base-port"
            raise Problem(reason if new else f"there is no instance {name}")
        base = base_port or _BASE_PORTS[name]
    else:
        base, was_demonstration = known
        if base_port not in (None, base):
            raise Problem(
                f"instance {name} has base port {base}. To move it, erase it with its data first:\n"
                f"  {make('down', name, '--erase')}"
            )
        if demonstration and not was_demonstration:
            raise Problem(f"instance {name} was not made for demonstration; use another --instance")
        demonstration = was_demonstration
    if not 1024 <= base <= 65535 - _LAST_OFFSET:
        raise Problem(f"base port {base}: the {_LAST_OFFSET} above it must be ports too")
    return Instance(name, folder, Ports(base), demonstration)


def make(target: str, instance: str, *arguments: str) -> str:
    """The command line that does something to an instance, as a person would type it."""
    usual = "demo" if target == "demo" else "up"
    words = [*([] if instance == usual else ["--instance", instance]), *arguments]
    return f'make {target} ARGS="{" ".join(words)}"' if words else f"make {target}"


def _place(service: str, number: int, *, first: int, others: int) -> int:
    index = SERVICES.index(service)
    if number == 1:
        return first + index
    return others + REPLICAS.index(number) * len(SERVICES) + index


def _recorded(folder: Path) -> tuple[int, bool] | None:
    try:
        record = json.loads((folder / "instance.json").read_text())
        return int(record["base_port"]), bool(record["demonstration"])
    except (OSError, ValueError, KeyError, TypeError):
        return None

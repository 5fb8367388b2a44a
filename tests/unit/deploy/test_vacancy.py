"""A taken port is told before anything is started, with what can be done about it."""

import socket
from pathlib import Path

import pytest

from deploy.local import processes, suite, vacancy
from deploy.local.layout import REPLICAS, SERVICES, Instance, Ports, make


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RELEASE_SECONDS", 0)
    for name in ("BACKSTOP_POSTGRES_DSN", "BACKSTOP_AMQP_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance("trial", tmp_path / "trial", Ports(7101))


def test_a_taken_port_stops_up_before_it_does_anything(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        # The third service's port is the one that is taken.
        instance = Instance("trial", tmp_path / "trial", Ports(other.getsockname()[1] - 2))
        with pytest.raises(vacancy.PortsTaken, match=r"\(sla, gRPC\) is taken by process"):
            suite.up(instance)
    assert not instance.folder.exists()


def test_everything_that_will_listen_is_asked_for(instance: Instance) -> None:
    ports = instance.ports
    expected = {ports.postgres, ports.amqp, ports.distribution, ports.epmd, ports.management}
    expected |= {ports.grpc(service) for service in SERVICES}
    expected |= {ports.metrics(service) for service in SERVICES}
    assert set(vacancy.wanted(instance)) == expected


def test_a_port_of_the_instance_itself_is_not_asked_for(instance: Instance) -> None:
    ourselves = processes.identify(1) or pytest.skip("no process 1")
    processes.remember(instance.pid_file("sla"), ourselves)
    assert instance.ports.grpc("sla") not in vacancy.wanted(instance)
    assert instance.ports.grpc("intake") in vacancy.wanted(instance)


def test_a_server_of_somebody_else_needs_no_port(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKSTOP_POSTGRES_DSN", "postgresql://db.example/postgres")
    assert instance.ports.postgres not in vacancy.wanted(instance)
    assert instance.ports.amqp in vacancy.wanted(instance)


def test_only_an_instance_that_exists_must_be_erased_to_move(instance: Instance) -> None:
    assert "--erase" not in vacancy.advice(instance, "up")
    instance.save()
    told = vacancy.advice(instance, "up")
    assert 'make down ARGS="--instance trial --erase"' in told
    assert 'make up ARGS="--instance trial --base-port ' in told


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("up", "up"), "make up"),
        (("down", "up", "--erase"), 'make down ARGS="--erase"'),
        (("demo", "demo", "--base-port", "9"), 'make demo ARGS="--base-port 9"'),
        (("down", "demo", "--erase"), 'make down ARGS="--instance demo --erase"'),
    ],
)
def test_a_command_is_told_as_it_is_typed(arguments: tuple[str, ...], line: str) -> None:
    assert make(*arguments) == line


def test_processes_of_a_service_do_not_meet() -> None:
    ports = Ports(7101)
    used = [ports.postgres, ports.amqp, ports.distribution, ports.epmd, ports.management]
    used += range(ports.tools[0], ports.tools[1] + 1)
    for number in (1, *REPLICAS):
        used += [ports.grpc(service, number) for service in SERVICES]
        used += [ports.metrics(service, number) for service in SERVICES]
    assert len(used) == len(set(used))
    assert max(used) == ports.last
    assert (ports.grpc("intake", 2), ports.metrics("notify", 2)) == (7151, 7174)

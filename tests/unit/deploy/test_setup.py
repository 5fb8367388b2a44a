"""Keys, tokens, definitions and layout of an instance, without starting anything."""

import base64
import hashlib
import json
import stat
import threading
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from chassis.provision import roles_of
from chassis.tokens import TokenVerifier
from deploy.local import definitions, files, keys, layout, tokens
from deploy.local.layout import SERVICES, Instance, Ports
from deploy.local.problem import Problem
from deploy.local.servers import Endpoints
from deploy.tools import manifests, proto

ADMIN = "postgresql://postgres:secret@db.example:5433/postgres?sslmode=require"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance("trial", tmp_path / "trial", Ports(7101))


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints(ADMIN, "amqp://a:b@mq.example:5672/backstop", "")


def test_secrets_are_made_once(instance: Instance, endpoints: Endpoints) -> None:
    keys.make(instance, endpoints)
    before = {path: path.read_bytes() for path in instance.secrets.rglob("*") if path.is_file()}
    keys.make(instance, endpoints)
    assert {path: path.read_bytes() for path in before} == before


def test_nobody_else_may_read_a_secret(instance: Instance, endpoints: Endpoints) -> None:
    keys.make(instance, endpoints)
    tokens.mint_all(instance, instance.folder)
    for folder in (instance.secrets, instance.tokens):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.rglob("*"):
            assert path.is_dir() or stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_service_gets_its_own_roles_and_no_owner(
    instance: Instance, endpoints: Endpoints
) -> None:
    keys.make(instance, endpoints)
    sla = instance.secrets / "sla"
    assert not (sla / "owner_dsn").exists()
    assert not (sla / "root.key").exists()
    password = keys.password_of(instance, "backstop_sla_app")
    expected = f"postgresql://backstop_sla_app:{password}@db.example:5433/backstop?sslmode=require"
    assert (sla / "app_dsn").read_text() == expected


def test_roles_are_those_of_provision() -> None:
    assert set(keys.roles()) == set(roles_of(SERVICES))


def test_tokens_are_believed_by_the_services(instance: Instance, endpoints: Endpoints) -> None:
    keys.make(instance, endpoints)
    (instance.folder / "tokens.yaml").write_text(
        "tokens:\n- {name: anna, subject: p-1, roles: [CLERK], sites: [yuwu]}\n"
    )
    made = tokens.mint_all(instance, instance.folder)
    actor = TokenVerifier(instance.secrets / "trust.json").verify(made["anna"].read_text().strip())
    assert actor.subject == "p-1"
    assert actor.roles == {"CLERK"}
    assert actor.sites == {"yuwu"}
    first = made["anna"].read_text()
    assert tokens.mint_all(instance, instance.folder)["anna"].read_text() == first


def test_passwords_are_in_the_definitions_as_hashes_only() -> None:
    users = [definitions.ADMINISTRATOR, *map(definitions.service_user, SERVICES)]
    document = json.loads(definitions.definitions({user: f"pw-{user}" for user in users}))
    assert [user["name"] for user in document["users"]] == users
    for user in document["users"]:
        raw = base64.b64decode(user["password_hash"])
        assert raw[4:] == hashlib.sha256(raw[:4] + f"pw-{user['name']}".encode()).digest()
    assert "pw-" not in json.dumps(document)


def test_ports_of_an_instance_do_not_meet() -> None:
    for base in (7101, 7301, 7501):
        ports = Ports(base)
        used = [ports.grpc(service) for service in SERVICES]
        used += [ports.metrics(service) for service in SERVICES]
        used += [ports.postgres, ports.amqp, ports.distribution, ports.epmd, ports.management]
        used += range(ports.tools[0], ports.tools[1] + 1)
        assert len(used) == len(set(used))


def test_an_instance_keeps_its_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    with pytest.raises(Problem, match="give it --base-port"):
        layout.open_instance("mine")
    with pytest.raises(Problem, match="there is no instance mine"):
        layout.open_instance("mine", new=False)
    layout.open_instance("mine", base_port=9001).save()
    assert layout.open_instance("mine").ports.base == 9001
    with pytest.raises(Problem, match="has base port 9001"):
        layout.open_instance("mine", base_port=9101)
    with pytest.raises(Problem, match="not made for demonstration"):
        layout.open_instance("mine", demonstration=True)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "a b", "Ⅳ"])
def test_a_name_can_not_lead_out_of_the_folder(name: str) -> None:
    with pytest.raises(Problem):
        layout.open_instance(name, base_port=9001)


def test_a_file_is_whole_to_every_reader(tmp_path: Path) -> None:
    target = tmp_path / "x"
    contents = ("a" * 200_000, "b" * 100_000)
    files.write(target, contents[0])
    stop = threading.Event()

    def rewrite() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            files.write(target, contents[turn % 2])

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = {target.read_text() for _ in range(200)}
    stop.set()
    writer.join()
    assert seen <= set(contents)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_lock_file_may_be_removed_by_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    inside, most, turns = 0, 0, 0

    def hold() -> None:
        nonlocal inside, most, turns
        for _ in range(50):
            with files.locked(path):
                inside += 1
                most = max(most, inside)
                turns += 1
                inside -= 1
                path.unlink()

    holders = [threading.Thread(target=hold) for _ in range(4)]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()
    assert (most, turns) == (1, 200)
    assert not path.exists()


def test_validate_proto_is_where_the_proto_tool_takes_it_from() -> None:
    described = descriptor_pb2.FileDescriptorSet.FromString(proto.validate_descriptor_set())
    assert [file.name for file in described.file] == [proto.VALIDATE]
    assert described.file[0].extension


def test_a_manifest_that_does_not_fit_is_told() -> None:
    labels = {"app": "x"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x"}]}}
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "y"}}, "template": pod},
    }
    budget = {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "x"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}},
    }
    told = "\n".join(manifests.fit([(Path("x.yaml"), deployment), (Path("x.yaml"), budget)]))
    assert "selector and labels differ" in told
    assert "its budget lets no pod go" in told
    assert "0 NetworkPolicy select its pods" in told
    assert "enableServiceLinks must be false" in told

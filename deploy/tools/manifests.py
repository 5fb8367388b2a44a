"""Checks Dockerfile, compose file and Kubernetes manifests without an engine or a cluster.

Schemas find misspelt fields; what they can't see is whether the parts fit
together, so the second half compares the manifests with one another.

    python -m deploy.tools.manifests
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).resolve().parents[1]
KUBERNETES: Final = DEPLOY / "k8s"
COMPOSE: Final = DEPLOY / "compose" / "compose.yaml"
DOCKERFILE: Final = DEPLOY / "docker" / "Dockerfile"
# Oldest and newest version whose schemas the validator knows and that we mean.
VERSIONS: Final = ("1.28", "1.34")
Document = dict[str, Any]


def main() -> int:
    problems = [*_tools(), *_kustomizations(), *fit(_documents()), *_compose_folders()]
    for problem in problems:
        print(f"manifests: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _tools() -> Iterator[str]:
    manifests = [str(path) for path in _manifests()]
    commands = [
        ["hadolint", str(DOCKERFILE)],
        ["check-jsonschema", "--quiet", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
    ]
    for number in VERSIONS:
        validate = ["kubernetes-validate", "--strict", "--quiet", "--kubernetes-version", number]
        commands.append([*validate, *manifests])
    for command in commands:
        program = Path(sysconfig.get_path("scripts")) / command[0]
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
        # The validator only warns of a kind it has no schema for; we have none of those.
        if done.returncode or "warning" in (done.stdout + done.stderr).lower():
            yield f"{' '.join(command[:5])}:\n{done.stdout}{done.stderr}"


def _manifests() -> list[Path]:
    found = sorted(KUBERNETES.rglob("*.yaml"))
    return [path for path in found if path.name != "kustomization.yaml"]


def _documents() -> list[tuple[Path, Document]]:
    return [
        (path.relative_to(KUBERNETES), document)
        for path in _manifests()
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


def _kustomizations() -> Iterator[str]:
    """Every file named is there, and every file there is named."""
    for path in sorted(KUBERNETES.rglob("kustomization.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = set(document.get("resources", []))
        for name in sorted(named):
            if not (path.parent / name).exists():
                yield f"{path}: no {name}"
        for file in sorted(path.parent.glob("*.yaml")):
            if file.name not in named and file != path and not _patches(document, file.name):
                yield f"{path}: does not name {file.name}"


def _patches(kustomization: Document, name: str) -> bool:
    return any(patch.get("path") == name for patch in kustomization.get("patches", []))


def fit(documents: list[tuple[Path, Document]]) -> Iterator[str]:
    maps = {_name(document) for _, document in documents if document["kind"] == "ConfigMap"}
    for path, deployment in documents:
        if deployment["kind"] not in ("Deployment", "Job"):
            continue
        where = f"{path}: {deployment['kind']} {_name(deployment)}"
        pod = deployment["spec"]["template"]
        yield from _pod(where, pod, maps)
        labels = pod["metadata"]["labels"]
        for kind in ("NetworkPolicy", "Service", "PodDisruptionBudget"):
            if kind != "NetworkPolicy" and deployment["kind"] == "Job":
                continue
            chosen = [other for _, other in documents if _selects(other, kind, labels)]
            if len(chosen) != 1:
                yield f"{where}: {len(chosen)} {kind} select its pods instead of one"
            elif kind == "Service":
                yield from _service(where, chosen[0], pod)
            elif kind == "PodDisruptionBudget" and _blocks(chosen[0], deployment):
                yield f"{where}: its budget lets no pod go"
        if deployment["kind"] == "Deployment":
            wanted = deployment["spec"]["selector"]["matchLabels"]
            if not wanted.items() <= labels.items():
                yield f"{where}: selector and labels differ"


def _pod(where: str, pod: Document, maps: set[str]) -> Iterator[str]:
    spec = pod["spec"]
    if spec.get("enableServiceLinks") is not False:
        yield f"{where}: enableServiceLinks must be false, or services refuse to start"
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
        if mounted != volumes:
            yield f"{where}: mounts {sorted(mounted)} of the volumes {sorted(volumes)}"
        for source in container.get("envFrom", []):
            if source["configMapRef"]["name"] not in maps:
                yield f"{where}: no ConfigMap {source['configMapRef']['name']}"
        numbers = {port["containerPort"] for port in container.get("ports", [])}
        names = {port["name"] for port in container.get("ports", [])}
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            target = container.get(probe, {})
            port = target.get("grpc", target.get("tcpSocket", {})).get("port")
            if port is not None and port not in numbers | names:
                yield f"{where}: {probe} asks a port that isn't served"
        address = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        own = address.get("BACKSTOP_GRPC_ADDRESS")
        if own is not None and int(own.rpartition(":")[2]) not in numbers:
            yield f"{where}: listens on {own}, which is none of its ports"


def _service(where: str, service: Document, pod: Document) -> Iterator[str]:
    names = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
    for port in service["spec"]["ports"]:
        if port["targetPort"] not in names:
            yield f"{where}: Service port {port['name']} leads to no port of the pod"


def _blocks(budget: Document, deployment: Document) -> bool:
    return bool(budget["spec"]["minAvailable"] >= deployment["spec"]["replicas"])


def _selects(document: Document, kind: str, labels: dict[str, str]) -> bool:
    if document["kind"] != kind:
        return False
    spec = document["spec"]
    selector = spec["podSelector"] if kind == "NetworkPolicy" else spec["selector"]
    wanted: dict[str, str] = selector.get("matchLabels", {}) if kind != "Service" else selector
    return wanted.items() <= labels.items()


def _name(document: Document) -> str:
    return str(document["metadata"]["name"])


def _compose_folders() -> Iterator[str]:
    """Whatever compose mounts is either in the tree or made by deploy.compose.prepare."""
    document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    for name, service in document["services"].items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            known = source.startswith("./private/") or source in document["volumes"]
            if not known and not (COMPOSE.parent / source).exists():
                yield f"{COMPOSE}: {name} mounts {source}, which isn't there"


if __name__ == "__main__":
    sys.exit(main())

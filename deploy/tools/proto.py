"""Builds the stubs under gen/ and checks the protos, because plain protoc can do neither here.

Three things stand in the way of a one-line protoc call:

* Stubs bind their importers to the protobuf of the compiler that made them. The
  compiler is therefore old and pinned (requirements.lock beside this file) and
  lives in an environment of its own, `.backstop/tools-venv`.
* `buf/validate/validate.proto` is shipped by nobody as a file. Its descriptor is
  taken from the installed protovalidate and given to protoc as a descriptor
  set; `buf/validate/validate_pb2.py` is made from it, because our own stubs
  import it. google/rpc and google/type come with googleapis-common-protos.
* The mypy plugins need a newer protobuf than the compiler; protoc starts them as
  programs of the development environment, the one this module runs in.

gen/ is on the path beside the root and holds namespace packages: no __init__.
Files are replaced one by one and only where they differ, so a running program
or a second build never sees a half-written tree.

    python -m deploy.tools.proto build     # nothing to do: a few milliseconds
    python -m deploy.tools.proto check     # buf lint, buf breaking against the last tag
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROTOS: Final = ROOT / "protos"
GEN: Final = ROOT / "gen"
WORK: Final = ROOT / ".backstop"
TOOLS: Final = WORK / "tools-venv"
LOCK: Final = Path(__file__).with_name("requirements.lock")
BUF_CONFIG: Final = PROTOS / "buf.yaml"
IMAGE: Final = "backstop.binpb"
STAMP: Final = ".stamp"
VALIDATE: Final = "buf/validate/validate.proto"
# Packages of this environment that the outcome depends on.
INPUTS: Final = ("protovalidate", "googleapis-common-protos")
TYPES_INPUT: Final = "mypy-protobuf"


class ToolError(Exception):
    """A tool refused its input; its own words are already on the terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.tools.proto")
    parser.add_argument("action", choices=("build", "check"))
    parser.add_argument(
        "--without-types", action="store_true", help="no .pyi: for images, which check no types"
    )
    chosen = parser.parse_args(arguments)
    try:
        with _alone():
            if chosen.action == "build":
                build(types=not chosen.without_types)
            else:
                check()
    except ToolError as error:
        print(f"proto: {error}", file=sys.stderr)
        return 1
    return 0


def build(*, types: bool = True) -> None:
    """Brings gen/ up to date with protos/; leaves it as it was when a proto is faulty."""
    stamp = _inputs_digest(types=types)
    stamp_file = GEN / STAMP
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        return
    _ensure_tools()
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        made = Path(folder) / "gen"
        made.mkdir()
        _generate(PROTOS, made, types=types)
        (made / STAMP).write_text(stamp)
        changed = _replace_tree(made, GEN)
    print(f"proto: {len(_proto_files(PROTOS))} protos, {changed} files changed in gen/")


def check() -> None:
    """Lints the protos, and compares them with the last tagged ones if there is a tag."""
    _ensure_tools()
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        image = Path(folder) / "now.binpb"
        _image(PROTOS, image)
        # The image holds the imports too; only our own files are ours to judge.
        ours = [f"--path={path}" for path in _proto_files(PROTOS)]
        _run([_program("buf"), "lint", str(image), "--config", str(BUF_CONFIG), *ours])
        tag = _last_tag()
        if tag is None:
            print("proto: linted; no tag yet to compare with")
            return
        before = Path(folder) / "before"
        if not _export(tag, before):
            print(f"proto: linted; {tag} has no protos to compare with")
            return
        then = Path(folder) / "then.binpb"
        _image(before / "protos", then)
        ours = [f"--path={path}" for path in _proto_files(before / "protos")]
        _run(
            [_program("buf"), "breaking", str(image), "--config", str(BUF_CONFIG)]
            + ["--against", str(then), "--against-config", str(BUF_CONFIG), *ours]
        )
        print(f"proto: linted; nothing broken since {tag}")


def _generate(protos: Path, out: Path, *, types: bool) -> None:
    files = _proto_files(protos)
    services = [name for name in files if name.endswith("_service.proto")]
    if not services:
        raise ToolError(f"no *_service.proto under {protos}")
    _protoc(protos, f"--python_out={out}", *_types("mypy", out) if types else (), *files, VALIDATE)
    # Only files with a service: elsewhere the plugin writes modules with nothing in them.
    _protoc(
        protos,
        f"--grpc_python_out={out}",
        *_types("mypy_grpc", out) if types else (),
        *services,
    )
    _image(protos, out / IMAGE)


def _types(plugin: str, out: Path) -> tuple[str, str]:
    program = _program(f"protoc-gen-{plugin}")
    return f"--plugin=protoc-gen-{plugin}={program}", f"--{plugin}_out=quiet:{out}"


def _image(protos: Path, target: Path) -> None:
    """Everything in one descriptor set: for buf, gateways and clients without reflection."""
    _protoc(
        protos,
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={target}",
        *_proto_files(protos),
    )


def _protoc(protos: Path, *arguments: str) -> None:
    common = sysconfig.get_path("purelib")
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        validate = Path(folder) / "validate.binpb"
        validate.write_bytes(validate_descriptor_set())
        _run(
            [str(TOOLS / "bin" / "python"), "-m", "grpc_tools.protoc"]
            + [f"-I{protos}", f"-I{common}", f"--descriptor_set_in={validate}", *arguments]
        )


def validate_descriptor_set() -> bytes:
    """The descriptor of validate.proto as the installed protovalidate understands it.

    The module is private to protovalidate; a unit test fails when it moves.
    """
    # Here, so that finding nothing to do stays quick.
    from google.protobuf import descriptor_pb2  # noqa: PLC0415
    from protovalidate._gen.buf.validate import validate_pb  # noqa: PLC0415

    file = descriptor_pb2.FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
    return descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()


def _ensure_tools() -> None:
    """Makes the compiler's environment when it is absent, or not of this lock."""
    stamp = TOOLS / STAMP
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(TOOLS, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(TOOLS)])
    _run(
        [str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        + ["--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
    )
    stamp.write_text(wanted)


def _inputs_digest(*, types: bool) -> str:
    digest = hashlib.sha256()
    for path in (Path(__file__), LOCK, *(PROTOS / name for name in _proto_files(PROTOS))):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    for package in (*INPUTS, TYPES_INPUT) if types else INPUTS:
        digest.update(f"{package}=={version(package)}\0".encode())
    return digest.hexdigest()


def _replace_tree(source: Path, target: Path) -> int:
    """Makes target equal to source, file by file; returns how many files changed."""
    changed = 0
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    # The stamp last: it vouches for all the others.
    for name in sorted(wanted, key=lambda name: (name.name == STAMP, name)):
        old, new = target / name, source / name
        if old.is_file() and old.read_bytes() == new.read_bytes():
            continue
        old.parent.mkdir(parents=True, exist_ok=True)
        # A rename is only whole within one file system, hence the work folder beside gen/.
        new.replace(old)
        changed += 1
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
            changed += 1
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return changed


def _proto_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.proto"))


def _last_tag() -> str | None:
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


def _export(tag: str, target: Path) -> bool:
    """Writes the protos of a tag under target; False when it had none."""
    target.mkdir()
    archive = subprocess.run(
        ["git", "archive", tag, "protos"], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        return False
    subprocess.run(["tar", "-x", "-C", str(target)], input=archive.stdout, check=True)
    return True


def _program(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def _run(command: Sequence[str]) -> None:
    if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise ToolError(f"{Path(command[0]).name} {' '.join(command[1:3])} … failed ({code})")


@contextmanager
def _alone() -> Iterator[None]:
    """One build at a time; a second one waits and then finds its work done."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "proto.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())

"""Keeps the documentation true where a machine can: links that lead somewhere, generated tables.

python -m deploy.tools.docs check     # every relative link and anchor; tables up to date
python -m deploy.tools.docs write     # renews docs/error-reasons.md and docs/rpcs.md
"""

import argparse
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import (
    FileDescriptorProto,
    FileDescriptorSet,
    MethodOptions,
)
from google.rpc import code_pb2
from prometheus_client.metrics import MetricWrapperBase

from backstop.access.v1 import access_pb2
from deploy.tools import reasons

ROOT: Final = Path(__file__).resolve().parents[2]
_METRIC_MODULES: Final = ("chassis.metrics",)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *$", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.tools.docs")
    parser.add_argument("action", choices=("check", "write"))
    if parser.parse_args().action == "write":
        for path, text in generated().items():
            path.write_text(text, encoding="utf-8")
        return 0
    problems = [*broken_links(), *stale_tables()]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print("docs: links lead somewhere, tables are up to date")
    return 1 if problems else 0


def broken_links() -> Iterator[str]:
    """Yields a line for every relative link to a file or heading that isn't there."""
    for path in _documents():
        text = _FENCE.sub("", path.read_text(encoding="utf-8"))
        for match in _LINK.finditer(text):
            target = match["target"]
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            if not file.exists():
                yield f"{path.relative_to(ROOT)}: {target} leads nowhere"
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
                yield f"{path.relative_to(ROOT)}: {target} names no heading"


def stale_tables() -> Iterator[str]:
    """Yields a line for every generated document that differs from what would be written."""
    for path, text in generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield f"{path.relative_to(ROOT)} is out of date: python -m deploy.tools.docs write"


def generated() -> dict[Path, str]:
    """Returns the text of each generated document."""
    return {
        ROOT / "docs" / "error-reasons.md": "\n".join(_reasons()),
        ROOT / "docs" / "rpcs.md": "\n".join(_rpcs()),
        ROOT / "docs" / "telemetry.md": "\n".join(_telemetry()),
    }


def _documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).exists()]


def _anchors(path: Path) -> set[str]:
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    return {_slug(match["text"]) for match in _HEADING.finditer(text)}


def _slug(heading: str) -> str:
    kept = (c for c in heading.lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return "".join(kept).replace(" ", "-")


def _files() -> list[FileDescriptorProto]:
    image = FileDescriptorSet.FromString((ROOT / "gen" / "backstop.binpb").read_bytes())
    return sorted(
        (file for file in image.file if file.name.startswith("backstop/")), key=lambda f: f.name
    )


def _leading_comment(file: FileDescriptorProto, *path: int) -> str:
    for location in file.source_code_info.location:
        if tuple(location.path) == path:
            return location.leading_comments
    return ""


def _reasons() -> Iterator[str]:
    yield "# Reasons for which a call is refused"
    yield ""
    yield "Made from the protos by `python -m deploy.tools.docs write`. Every refusal carries a"
    yield "canonical code, one `ErrorInfo` with the reason, the domain `<service>.backstop` and the"
    yield "metadata listed, and a `LocalizedMessage`; see [integrating](integrating.md#refusals)."
    yield ""
    yield "Again: *same request*, with the same `request_id`, after the delay of the `RetryInfo`,"
    yield "which these have and no others; *read again*: read the present state first, then decide;"
    yield "*never*: as it stands it will be refused again."
    for file in _files():
        found = list(reasons.of_file(file))
        if not found:
            continue
        package = file.package.split(".")[1]
        yield ""
        yield f"## {'Any service' if package == 'error' else package}"
        yield ""
        yield "| reason | code | again | when | metadata | 中文 | English |"
        yield "|---|---|---|---|---|---|---|"
        yield from map(row_of_reason, found)
    yield ""


def row_of_reason(reason: reasons.Reason) -> str:
    """Returns a reason's line of the table."""
    again = reason.retry.lower().replace("_", " ")
    keys = ", ".join(f"`{key}`" for key in reason.example["metadata"])
    return (
        f"| `{reason.name}` | {code_pb2.Code.Name(reason.meaning.code)} | {again} | {reason.when} "
        f"| {keys} | {reason.meaning.zh} | {reason.meaning.en} |"
    )


def _rpcs() -> Iterator[str]:
    yield "# RPCs, and who may call them"
    yield ""
    yield "Made from the protos by `python -m deploy.tools.docs write`; what each does, in which"
    yield "states, and how it fails stands beside it in `protos/`."
    for file in _files():
        for s, service in enumerate(file.service):
            yield ""
            yield f"## {file.package}.{service.name}"
            yield ""
            yield "| RPC | what it does | who may call |"
            yield "|---|---|---|"
            for m, method in enumerate(service.method):
                options = MethodOptions.FromString(method.options.SerializeToString())
                rule = options.Extensions[access_pb2.rule]
                callers = [
                    access_pb2.Role.Name(role).removeprefix("ROLE_").lower() for role in rule.roles
                ]
                callers += [f"service {name}" for name in rule.services]
                callers += ["anyone, by a code"] if rule.anyone else []
                comment = _leading_comment(file, 6, s, 2, m)
                yield f"| `{method.name}` | {what_it_does(comment)} | {', '.join(callers)} |"
    yield ""


def what_it_does(comment: str) -> str:
    """Returns the first sentence of an RPC's comment, as far as a list that it leads to."""
    paragraph = re.split(r"\n\s*\n|\n\s*- ", comment, maxsplit=1)[0]
    first = " ".join(paragraph.split()).split(". ")[0].rstrip(".:")
    return f"{first}."


def _telemetry() -> Iterator[str]:
    yield "# Telemetry"
    yield ""
    yield "Metrics stand on each service's metrics port at `/metrics` (Prometheus). Logs are one"
    yield "JSON object a line: a constant event name and fields, among them `x_request_id`, which"
    yield "callers get back, and the trace id. Traces go by OTLP to `BACKSTOP_OTLP_ENDPOINT`, one"
    yield "call in a hundred (`BACKSTOP_TRACE_RATIO`); a fact carries its trace to whoever"
    yield "applies it. No name, telephone number or receipt code is ever in any of them."
    yield ""
    yield "This table is made from the code by `python -m deploy.tools.docs write`."
    yield ""
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for name in _METRIC_MODULES:
        module = import_module(name)
        for metric in vars(module).values():
            if isinstance(metric, MetricWrapperBase):
                described = next(iter(metric.describe()))
                suffix = "_total" if described.type == "counter" else ""
                labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001
                yield (
                    f"| `{described.name}{suffix}` | {described.type} | {labels} "
                    f"| {described.documentation} |"
                )
    yield ""


if __name__ == "__main__":
    sys.exit(main())

"""Compares the reasons that calls were refused with to those that the RPCs' comments list.

What is declared can be read; which of a handler's refusals an RPC meets only its calls show. So
the integration tests, which make them, end with this.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from chassis import metrics
from tests.contract import descriptors

WORD = re.compile(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")
# Of the kind of: as PublishPolicy and PublishCalendar, VERSION_MISMATCH apart.
_NAME = re.compile(r"[A-Z]\w+")
_AS = re.compile(r"Fails with:[^:]*?\bas\s+([A-Z]\w+(?:(?:,|\s+and)\s+[A-Z]\w+)*)")

Given = tuple[str, str]


def given() -> Iterator[Given]:
    """Yields the method and the reason of every refusal that this process has given."""
    for metric in metrics.RPC_CODES.collect():
        for sample in metric.samples:
            if sample.labels["reason"]:
                yield sample.labels["method"], sample.labels["reason"]


def undocumented(refusals: Iterable[Given]) -> set[Given]:
    """Returns those whose RPC doesn't list the reason, though it is its service's own."""
    own, listed = _own(), _listed()
    return {
        (method, reason)
        for method, reason in refusals
        if method in listed and reason in own and reason not in listed[method]
    }


@cache
def _listed() -> dict[str, set[str]]:
    comments = {f"/{rpc.name}": rpc.comment for rpc in descriptors.rpcs()}
    listed = {}
    for method, comment in comments.items():
        service, _, _ = method.rpartition("/")
        others = (
            f"{service}/{name}" for names in _AS.findall(comment) for name in _NAME.findall(names)
        )
        texts = (comment, *(comments.get(other, "") for other in others))
        listed[method] = {word for text in texts for word in WORD.findall(text)}
    return listed


@cache
def _own() -> set[str]:
    return {
        value.name.rpartition(".ERROR_REASON_")[2]
        for value in descriptors.enum_values()
        if ".v1.ErrorReason." in value.name and not value.name.startswith("backstop.error.")
    }

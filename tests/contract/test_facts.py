"""Facts outlive the code that wrote them: bytes written once must say the same for ever.

`golden/facts.json` holds, for each fact, its bytes and what they said when they were recorded.
Fields may be added; a field that is renumbered, retyped or renamed fails here. Record a new
fact with `python -m tests.contract.record_facts`.
"""

import json
from typing import Any

import pytest
from google.protobuf import json_format

from tests.contract.record_facts import GOLDEN, fact_types, sample


def _golden() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return loaded


def test_every_fact_has_a_golden_sample() -> None:
    assert sorted(_golden()) == sorted(fact_types())


@pytest.mark.parametrize("name", sorted(fact_types()))
def test_old_bytes_still_say_the_same(name: str) -> None:
    golden = _golden()[name]
    message = fact_types()[name]()
    message.ParseFromString(bytes.fromhex(golden["bytes"]))
    assert json_format.MessageToDict(message) == golden["says"]
    # Nothing of it fell among the unknown fields.
    message.DiscardUnknownFields()
    assert message.SerializeToString(deterministic=True).hex() == golden["bytes"]


@pytest.mark.parametrize("name", sorted(fact_types()))
def test_the_sample_fills_every_field(name: str) -> None:
    message = sample(fact_types()[name])
    assert {field.name for field, _ in message.ListFields()} == {
        field.name for field in message.DESCRIPTOR.fields
    }

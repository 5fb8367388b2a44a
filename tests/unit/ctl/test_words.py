"""Every word people read exists in both languages, and none is left over."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import EnumDescriptor, FileDescriptor
from google.type import dayofweek_pb2

import ctl
from backstop.intake.v1 import (
    intake_finding_pb2,
    intake_handover_pb2,
    intake_life_pb2,
    intake_marks_pb2,
    intake_measures_pb2,
    intake_pb2,
    intake_rules_pb2,
)
from backstop.notify.v1 import notify_pb2
from backstop.operations.v1 import operations_service_pb2
from backstop.routing.v1 import routing_organisation_pb2, routing_pb2, routing_sweeps_pb2
from backstop.sla.v1 import sla_pb2, sla_policy_pb2, sla_service_pb2
from ctl.values import VALUES
from ctl.vocabulary import TEMPLATES
from ctl.words import LABELS, Words

FILES: tuple[FileDescriptor, ...] = tuple(
    module.DESCRIPTOR
    for module in (
        intake_finding_pb2,
        intake_handover_pb2,
        intake_life_pb2,
        intake_marks_pb2,
        intake_measures_pb2,
        intake_pb2,
        intake_rules_pb2,
        routing_organisation_pb2,
        routing_pb2,
        routing_sweeps_pb2,
        sla_pb2,
        sla_policy_pb2,
        sla_service_pb2,
        notify_pb2,
        operations_service_pb2,
        dayofweek_pb2,
    )
)
# Told by sentences, of the timeline or of the service, never by a table.
NOT_SHOWN = {"DayReason", "AmendmentCause", "DocumentFormat"}


def _enums() -> Iterator[EnumDescriptor]:
    for file in FILES:
        for enum in file.enum_types_by_name.values():
            if enum.name not in NOT_SHOWN:
                yield enum


@pytest.mark.parametrize("enum", list(_enums()), ids=lambda enum: enum.name)
def test_every_value_has_a_word(enum: EnumDescriptor) -> None:
    names = {value.name for value in enum.values if value.number}
    assert names <= VALUES.keys()


def test_no_word_is_for_a_value_that_is_gone() -> None:
    names = {value.name for enum in _enums() for value in enum.values}
    assert VALUES.keys() <= names


def test_every_label_is_used_and_every_label_used_exists() -> None:
    folder = Path(ctl.__file__).parent
    sources = [p.read_text() for p in folder.rglob("*.py") if p.name != "words.py"]
    text = (
        "\n".join(sources)
        + Path(ctl.__file__).parents[1].joinpath("deploy/demo/telling.py").read_text()
    )
    literals = set(re.findall(r"""["']([a-z_]+)["']""", text))
    assert LABELS.keys() - literals == set()
    called = set(re.findall(r"""words\(["']([a-z_]+)["']""", text))
    assert called - LABELS.keys() == set()


def test_both_languages_fill_in_the_same_places() -> None:
    for zh, en in LABELS.values():
        assert set(re.findall(r"{(\w+)}", zh)) == set(re.findall(r"{(\w+)}", en))


def test_values_that_are_unspecified_or_new() -> None:
    words = Words("zh")
    assert words.value(intake_pb2.Channel.DESCRIPTOR, 0) == ""
    assert words.value(intake_pb2.Channel.DESCRIPTOR, 99) == "99"
    assert words.named("CLOCK_KIND", "PLAN") == "方案或说明"
    assert words.named("CLOCK_KIND", "SOMETHING_NEW") == "SOMETHING_NEW"


def test_every_text_of_a_message_has_words() -> None:
    folder = Path(ctl.__file__).parents[1] / "services" / "notify" / "templates"
    assert {file.name.split(".")[0] for file in folder.glob("*.txt")} == TEMPLATES.keys()

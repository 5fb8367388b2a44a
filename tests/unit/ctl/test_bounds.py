"""A text that is too long is told with its limit before anything is sent."""

from typing import Any

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2, intake_registration_pb2, intake_service_pb2
from ctl import bounds
from ctl.connection import Client, Connections
from ctl.failures import Problem

REGISTER = intake_registration_pb2.RegisterCaseRequest


@pytest.mark.parametrize(
    ("request_", "field", "limit", "length"),
    [
        (REGISTER(text="长" * 4001), "内容", 4000, 4001),
        (REGISTER(reporter=intake_pb2.Reporter(name="长" * 80)), "诉求人姓名", 60, 80),
        (REGISTER(reporter=intake_pb2.Reporter(phone="1" * 31)), "诉求人·电话", 30, 31),
        (REGISTER(about_persons=["a", "b" * 41]), "涉及人员", 40, 41),
        (REGISTER(text="😀" * 4001), "内容", 4000, 4001),
    ],
)
def test_a_text_past_its_limit_is_told(
    request_: Message, field: str, limit: int, length: int
) -> None:
    with pytest.raises(Problem) as caught:
        bounds.check(request_)
    assert caught.value.field == field
    assert f"最多 {limit} 个字符，现有 {length} 个" in str(caught.value)


def test_in_english_the_field_has_its_own_name() -> None:
    with pytest.raises(Problem) as caught:
        bounds.check(REGISTER(text="x" * 4001), language="en")
    assert caught.value.field == "text"


@pytest.mark.parametrize(
    "request_",
    [
        REGISTER(text="😀" * 4000),
        intake_service_pb2.GetCaseRequest(number="YW-20261122-0001"),
        # Of a batch, each appeal is refused on its own.
        intake_registration_pb2.BatchRegisterCasesRequest(appeals=[REGISTER(text="x" * 4001)]),
    ],
)
def test_what_fits_is_let_through(request_: Message) -> None:
    bounds.check(request_)


async def test_nothing_is_sent_then() -> None:
    async def method(*_: Any, **__: Any) -> None:
        raise AssertionError("sent")

    with pytest.raises(Problem, match="没有发出"):
        await Client(Connections({})).call("intake", method, REGISTER(text="x" * 4001))  # type: ignore[arg-type]  # stands in for a stub's method

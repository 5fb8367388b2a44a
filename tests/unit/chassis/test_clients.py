"""A call inside a call has less time than its caller, and repeats only what may be repeated."""

import json
import time

import pytest

from backstop.operations.v1 import operations_service_pb2 as pb
from chassis.actor import Actor
from chassis.call import CallContext, enter_call
from chassis.client import retry_policy, shave
from chassis.errors import Refused


def enter(remaining: float | None) -> None:
    deadline = None if remaining is None else time.monotonic() + remaining
    enter_call(CallContext("/m", "x", "", "en", b"", deadline=deadline, actor=Actor("p")))


async def test_outside_of_a_call_the_timeout_stands() -> None:
    assert shave(5.0) == 5.0
    assert shave(None) is None


async def test_streams_have_no_deadline_to_shave() -> None:
    enter(None)
    assert shave(5.0) == 5.0


async def test_inside_a_call_the_shorter_one_counts() -> None:
    enter(2.0)
    assert shave(0.05) == 0.05
    long, none = shave(5.0), shave(None)
    assert long is not None
    assert none is not None
    assert 1.8 < long < 1.96
    assert 1.8 < none < 1.96


async def test_too_little_time_is_told_before_asking() -> None:
    enter(0.05)
    with pytest.raises(Refused) as caught:
        shave(5.0)
    assert caught.value.reason == "DEADLINE_EXCEEDED"


def test_retry_policy_covers_all_methods_unless_services_are_named() -> None:
    (everything,) = json.loads(retry_policy())["methodConfig"]
    assert everything["name"] == [{}]
    assert "UNAVAILABLE" in everything["retryPolicy"]["retryableStatusCodes"]
    assert "DEADLINE_EXCEEDED" not in everything["retryPolicy"]["retryableStatusCodes"]
    (named,) = json.loads(retry_policy([pb.DESCRIPTOR.services_by_name["FeedService"]]))[
        "methodConfig"
    ]
    assert named["name"] == [{"service": "backstop.operations.v1.FeedService"}]

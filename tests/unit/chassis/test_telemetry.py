"""Logs carry the call and no row; traces go on from the caller's."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import structlog

from chassis.call import CallContext, enter_call
from chassis.telemetry import (
    Tracing,
    configure_logging,
    format_exception,
    parse_traceparent,
    safe_text,
)

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def logs() -> Iterator[Any]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("intake", level="info", form="json", stream=stream)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_log_line_names_the_call(logs: Any) -> None:
    enter_call(CallContext("/m", "x-1", PARENT, "en", b""))
    structlog.get_logger("t").info("something_happened", count=3)
    (line,) = logs()
    assert line["event"] == "something_happened"
    assert (line["count"], line["service"], line["level"]) == (3, "intake", "info")
    assert (line["x_request_id"], line["trace"]) == ("x-1", PARENT)


def test_level_is_kept(logs: Any) -> None:
    structlog.get_logger("t").debug("too_fine")
    assert logs() == []


def test_libraries_log_in_the_same_form(logs: Any) -> None:
    logging.getLogger("some.library").warning("odd %s", "thing")
    logging.getLogger("aio_pika").info("chatter")
    (line,) = logs()
    assert (line["event"], line["logger"], line["level"]) == (
        "odd thing",
        "some.library",
        "warning",
    )


def test_stack_is_logged_without_rows(logs: Any) -> None:
    error = asyncpg.PostgresError.new(
        {
            "S": "ERROR",
            "C": "23505",
            "M": "duplicate key value violates unique constraint",
            "D": "Key (phone)=(13800000000) already exists.",
        }
    )
    try:
        try:
            raise error
        except asyncpg.PostgresError as cause:
            raise RuntimeError("while saving") from cause
    except RuntimeError as caught:
        structlog.get_logger("t").error("failed", exc_info=caught)
    (line,) = logs()
    assert "13800000000" not in json.dumps(line)
    assert "RuntimeError: while saving" in line["exception"]
    assert "duplicate key value" in line["exception"]
    assert "test_telemetry.py" in line["exception"]


def test_long_texts_are_cut() -> None:
    assert len(safe_text(ValueError("x" * 10_000))) == 300


def test_suppressed_context_stays_out() -> None:
    def fail() -> None:
        try:
            raise KeyError("hidden")
        except KeyError:
            raise ValueError("shown") from None

    with pytest.raises(ValueError, match="shown") as caught:
        fail()
    assert "hidden" not in format_exception(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-0-0-01",
        PARENT.upper(),
        PARENT.replace("00-0a", "ff-0a"),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        PARENT + "-extra",
        PARENT.replace("0af", "xyz"),
    ],
)
def test_bad_traceparent_is_none(text: str) -> None:
    assert parse_traceparent(text) is None


def test_trace_goes_on_from_the_caller() -> None:
    span = Tracing("intake").start("m", PARENT)
    trace_id, span_id, sampled = parse_traceparent(span.traceparent) or ("", "", False)
    assert (trace_id, sampled) == ("0af7651916cd43dd8448eb211c80319c", True)
    assert span_id != "b7ad6b7169203331"


@pytest.mark.parametrize(("ratio", "flag"), [(0.0, False), (1.0, True)])
def test_new_traces_are_sampled_at_the_ratio(ratio: float, flag: bool) -> None:
    parsed = parse_traceparent(Tracing("intake", ratio=ratio).start("m").traceparent)
    assert parsed is not None
    assert parsed[2] is flag

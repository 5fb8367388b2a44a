"""A process is stopped only when it is provably the one that was started."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import processes

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[processes.Process]:
    started = processes.spawn(
        SLEEP, log=tmp_path / "log", environment=dict(os.environ), folder=tmp_path
    )
    yield started
    processes.stop(started, grace=5)


def test_a_recorded_process_is_found_again(child: processes.Process, tmp_path: Path) -> None:
    processes.remember(tmp_path / "pid.json", child)
    assert processes.recall(tmp_path / "pid.json") == child


@pytest.mark.parametrize("field", ["started", "boot"])
def test_a_number_that_was_given_to_another_process_is_not_ours(
    child: processes.Process, tmp_path: Path, field: str
) -> None:
    record = {"pid": child.pid, "started": child.started, "boot": child.boot}
    record[field] = 1 if field == "started" else "another boot"
    (tmp_path / "pid.json").write_text(json.dumps(record))
    assert processes.recall(tmp_path / "pid.json") is None


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}', "[]", '{"pid": "x", "started": 1}'])
def test_a_damaged_record_is_no_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid.json").write_text(content)
    assert processes.recall(tmp_path / "pid.json") is None


def test_stopping_another_process_of_the_same_number_does_nothing(
    child: processes.Process,
) -> None:
    stranger = processes.Process(child.pid, child.started + 1, child.boot)
    assert processes.stop(stranger, grace=0)
    assert child.alive()


def test_a_process_that_ignores_the_request_is_made_to_end(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    command = [sys.executable, "-c", f"{code}; time.sleep(600)"]
    log = tmp_path / "log"
    stubborn = processes.spawn(command, log=log, environment=dict(os.environ), folder=tmp_path)
    assert processes.wait_for(lambda: log.read_text() != "", 20)
    assert not processes.stop(stubborn, grace=0.2)
    assert not stubborn.alive()


def test_an_ended_child_is_not_alive(tmp_path: Path) -> None:
    ended = processes.spawn(["/bin/true"], log=tmp_path / "log", environment={}, folder=tmp_path)
    assert processes.wait_for(lambda: not ended.alive(), 20)


def test_a_listener_is_found_by_its_port() -> None:
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        port = int(server.stdout.readline())
        found = processes.listener(port)
        assert found is not None
        assert found.pid == server.pid
        assert processes.port_taken(port)
        server.stdin.close()
    assert processes.port_free(port)
    assert processes.listener(port) is None

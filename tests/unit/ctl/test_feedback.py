"""What is said to have reached the reporter says how, before anything is sent."""

import pytest
from typer.testing import CliRunner

from ctl import connection, main, settings
from ctl.exits import Exit

CASE = "0190a5d0-0000-7000-8000-000000000001"
STEPS = {
    "reply": ("--text", "已派人"),
    "progress": ("--text", "等配件"),
    "feedback": ("--answer", CASE),
    "resolve": ("--resolution", "已更换"),
}


def run(monkeypatch: pytest.MonkeyPatch, step: str, *arguments: str) -> tuple[int, str]:
    """Runs a step on a case where no service is ever reached."""
    monkeypatch.setattr(settings, "client_env", lambda *_: None)
    monkeypatch.setattr(connection, "BACKOFF_SECONDS", ())
    endpoints = ("--endpoints", "intake=127.0.0.1:9,routing=127.0.0.1:9")
    command = ("case", step, CASE, *STEPS[step], *arguments)
    result = CliRunner().invoke(main.app, [*endpoints, *main.hoist(command)])
    return result.exit_code, result.output


@pytest.mark.parametrize("step", STEPS)
def test_a_message_that_was_left_needs_a_note(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    for note in ((), ("--note", " ")):
        code, output = run(monkeypatch, step, "--fed-back", "left", *note)
        assert (code, "--note" in output) == (Exit.USAGE, True), output
    for told in (("left", "--note", "回条交班长"), ("told",)):
        code, output = run(monkeypatch, step, "--fed-back", *told)
        assert code == Exit.UNAVAILABLE, output

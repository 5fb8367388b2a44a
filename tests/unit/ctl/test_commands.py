"""The command line from outside: what is usage, what the codes are, what help promises."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ctl import main, settings
from ctl.exits import Exit

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No instance is found, and no service is ever reached."""
    monkeypatch.setattr(settings, "client_env", lambda *_: None)
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str, endpoints: bool = True) -> Result:
    front = ["--endpoints", "intake=127.0.0.1:9,routing=127.0.0.1:9"] if endpoints else []
    return RUNNER.invoke(main.app, [*front, *main.hoist(arguments)])


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("case", "register"), "--where"),
        (("case", "register", "--post", "p"), "--what"),
        (("case", "register", "--post", "p", "--what", "x"), "--channel"),
        (("case", "register", "--post", "p", "--what", "x", "--channel", "desk"), "--who"),
        (("clock", "advance"), "SPAN"),
        (("clock", "advance", "nonsense"), "SPAN"),
        (("case", "confirm"), "CASE"),
        (("case", "reject", "--code", "1"), "--reason"),
        (("case", "list"), "--site"),
        (("ledger", "--site", "yuwu", "--from", "yesterday"), "--from"),
        (("fsck", "--settled"), "BACKSTOPCTL_FSCK_DSN"),
        (("quarantine", "list", "--service", "desk"), "--service"),
    ],
)
def test_a_command_that_lacks_something_says_what(arguments: tuple[str, ...], option: str) -> None:
    result = _run(*arguments, "--json")
    assert result.exit_code == Exit.USAGE
    assert json.loads(result.stderr)["error"]["field"] == option


@pytest.mark.parametrize(
    "arguments",
    [
        ("case", "nonsense"),
        ("case", "plan", "N"),
        ("--lang", "fr", "flow"),
        ("case", "list", "--x"),
    ],
)
def test_what_the_parser_refuses_is_usage_too(arguments: tuple[str, ...]) -> None:
    assert _run(*arguments).exit_code == Exit.USAGE


def test_without_endpoints_it_says_how_to_get_some() -> None:
    result = _run("case", "list", "--site", "yuwu", endpoints=False)
    assert result.exit_code == Exit.USAGE
    assert "make up" in result.stderr


def test_help_documents_every_exit_code() -> None:
    text = _run("--help").stdout
    for code in Exit:
        assert re.search(rf"\b{int(code)} ", text), code.name


@pytest.mark.parametrize(
    "command",
    [
        *("case register|show|list|timeline|verify|reply|plan|progress|feedback|resolve|confirm"
          "|reject|close|escalate|track|accept").split("|"),
    ],
)  # fmt: skip
def test_case_commands_are_there(command: str) -> None:
    words = command.removeprefix("case ").split()
    assert _run("case", *words, "--help").exit_code == Exit.DONE


@pytest.mark.parametrize(
    "command",
    [
        "work-order dispatch", "work-order accept", "work-order complete", "instruct", "ledger",
        "clocks", "coverage", "who", "deliveries", "quarantine list", "quarantine show",
        "quarantine replay", "quarantine drop", "relay show", "relay rewind", "flow", "fsck",
        "site load", "clock advance",
    ],
)  # fmt: skip
def test_other_commands_are_there(command: str) -> None:
    assert _run(*command.split(), "--help").exit_code == Exit.DONE

"""The command line from outside: what is usage, what the codes are, what help promises."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ctl import connection, main, names, settings
from ctl.exits import Exit
from ctl.names import Names

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No instance is found, and no service is ever reached."""
    monkeypatch.setattr(settings, "client_env", lambda *_: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(connection, "BACKOFF_SECONDS", ())
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
        (("case", "confirm", "--grade", "satisfied"), "CASE"),
        (("case", "confirm", "--code", "1234567812345678"), "--grade"),
        (("case", "reject", "--code", "1"), "--reason"),
        (("case", "list"), "--site"),
        (("ledger", "--site", "yuwu", "--from", "yesterday"), "--from"),
        (("ledger", "--site", "yuwu", "--from", "2026-12-02", "--to", "2026-12-01"), "--from"),
        (
            ("case", "register", "--post", "p", "--what", "x", "--channel", "slip", "--who", "w"),
            "--slip",
        ),
        (("case", "track", "1234", "5678"), "CODE"),
        (("case", "confirm", "--grade", "satisfied", "--code", "1234 5678"), "--code"),
        (("coverage", "--site", "yuwu", "--at", "2020-13-01"), "--at"),
        (("who", "DUTY_LEAD", "--site", "yuwu", "--at", "tomorrow"), "--at"),
        (("fsck", "--settled"), "BACKSTOPCTL_FSCK_DSN"),
        (("handover", "show", "newest", "--site", "yuwu"), "HANDOVER"),
        (("handover", "print", "--out", "sheet.doc", "--site", "yuwu"), "sheet.doc"),
        (("case", "list", "--site", "yuwu", "--state", "gone"), "--state"),
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


REGISTER = (
    "case", "register", "--site", "yuwu", "--what", "x", "--channel", "desk", "--who", "w",
)  # fmt: skip


def test_without_names_a_place_is_not_guessed() -> None:
    result = _run(*REGISTER, "--where", "澡堂队", "--json")
    assert result.exit_code == Exit.UNAVAILABLE
    error = json.loads(result.stderr)["error"]
    assert error["field"] == "--where"
    assert "--place" in error["message"]


@pytest.mark.parametrize("place", [("--place", "南风井"), ("--unit", "bathhouse")])
def test_without_names_a_place_that_is_said_goes_to_intake(place: tuple[str, str]) -> None:
    result = _run(*REGISTER, *place, "--json")
    assert result.exit_code == Exit.UNAVAILABLE
    assert json.loads(result.stderr)["error"]["service"] == "intake"


def test_names_of_last_time_serve_while_routing_is_away(tmp_path: Path) -> None:
    folder = settings.load(
        {"XDG_CACHE_HOME": str(tmp_path / "cache")}, endpoints="routing=127.0.0.1:9"
    ).cache
    names.keep(folder, "yuwu", Names(units={"bathhouse": "澡堂队"}))
    result = _run(*REGISTER, "--where", "澡堂队", "--json")
    assert json.loads(result.stderr)["error"]["service"] == "intake"


def _keep_names(tmp_path: Path) -> None:
    """Names of last time, so that routing need not be asked."""
    folder = settings.load(
        {"XDG_CACHE_HOME": str(tmp_path / "cache")}, endpoints="routing=127.0.0.1:9"
    ).cache
    names.keep(folder, "yuwu", Names(units={"bathhouse": "澡堂队"}, categories={"BATHING": "洗浴"}))


@pytest.mark.parametrize(
    ("command", "written", "known"),
    [
        ("case list --unit", "{}", "澡堂队"),
        ("case list --filter", "单位 = {}", "澡堂队"),
        ("ledger --category", "{}", "洗浴"),
    ],
)
def test_a_name_that_nothing_has_is_said_so(
    tmp_path: Path, command: str, written: str, known: str
) -> None:
    _keep_names(tmp_path)
    stranger = _run("--site", "yuwu", *command.split(), written.format("澡糖队"))
    assert "没有叫这个的：澡糖队" in stranger.stderr
    found = _run("--site", "yuwu", *command.split(), written.format(known))
    assert "没有叫这个的" not in found.stderr
    assert found.exit_code == Exit.UNAVAILABLE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("ledger", "--from", "+0d", "--to", "+3d"), Exit.UNAVAILABLE),
        (("ledger", "--from", "+x"), Exit.USAGE),
        (("case", "list", "--filter", "期限 <= +3d"), Exit.UNAVAILABLE),
        (("case", "list", "--filter", "期限 <= +x"), Exit.USAGE),
    ],
)
def test_days_may_count_from_today(
    tmp_path: Path, arguments: tuple[str, ...], expected: Exit
) -> None:
    _keep_names(tmp_path)
    assert _run(*arguments, "--site", "yuwu").exit_code == expected


def test_a_service_that_does_not_run_is_said_so() -> None:
    result = _run("case", "list", "--site", "yuwu")
    assert "intake 未运行：先 make up" in result.stderr
    assert "failed to connect" not in result.stderr


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
        "site load", "clock advance", "handover prepare", "handover sign", "handover show",
        "handover print", "handover list", "sample draw", "sample show", "sample list",
    ],
)  # fmt: skip
def test_other_commands_are_there(command: str) -> None:
    assert _run(*command.split(), "--help").exit_code == Exit.DONE

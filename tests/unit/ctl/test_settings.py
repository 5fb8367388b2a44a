"""Where backstopctl finds the suite: what goes before what, and what is refused by name."""

import base64
import json
from pathlib import Path

import pytest

from ctl import settings
from ctl.failures import Problem


def _instance(root: Path, name: str = "up", text: str = "") -> Path:
    folder = root / ".backstop" / name
    (folder / "tokens").mkdir(parents=True)
    (folder / "client.env").write_text(text or "BACKSTOPCTL_ENDPOINTS=intake=a:1,routing=b:2\n")
    return folder


def _token(sites: list[str]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"sites": sites}).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


def test_the_instance_above_the_working_folder_is_found(tmp_path: Path) -> None:
    _instance(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    found = settings.load({}, start=below)
    assert found.endpoint("routing") == "b:2"


def test_an_option_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    _instance(tmp_path)
    environment = {"BACKSTOPCTL_ENDPOINTS": "intake=c:3"}
    assert settings.load(environment, start=tmp_path).endpoint("intake") == "c:3"
    chosen = settings.load(environment, start=tmp_path, endpoints="intake=d:4")
    assert chosen.endpoint("intake") == "d:4"


def test_an_unknown_variable_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        settings.load({"BACKSTOPCTL_ENDPOINT": "intake=a:1"}, start=tmp_path)
    assert caught.value.field == "BACKSTOPCTL_ENDPOINT"


def test_an_instance_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        settings.load({}, instance="nowhere", start=tmp_path)
    assert caught.value.field == "--instance"


def test_a_token_is_chosen_by_name_and_tells_the_site(tmp_path: Path) -> None:
    folder = _instance(tmp_path)
    (folder / "tokens" / "clerk.jwt").write_text(_token(["yuwu"]) + "\n")
    found = settings.load({}, acting_as="clerk", start=tmp_path)
    assert found.token == _token(["yuwu"])
    assert found.site == "yuwu"


def test_a_token_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    folder = _instance(tmp_path)
    (folder / "tokens" / "clerk.jwt").write_text("x")
    with pytest.raises(Problem, match="clerk"):
        settings.load({}, acting_as="nobody", start=tmp_path)


def test_operating_commands_take_the_operator_unless_somebody_was_named(tmp_path: Path) -> None:
    folder = _instance(tmp_path, text="BACKSTOPCTL_AS=clerk\n")
    (folder / "tokens" / "clerk.jwt").write_text("the clerk's")
    assert settings.load({}, start=tmp_path).operator_token == "the clerk's"
    (folder / "tokens" / "operator.jwt").write_text("the operator's")
    assert settings.load({}, start=tmp_path).operator_token == "the operator's"
    assert settings.load({}, start=tmp_path).token == "the clerk's"
    chosen = settings.load({}, acting_as="clerk", start=tmp_path)
    assert chosen.operator_token == "the clerk's"
    exported = settings.load({"BACKSTOPCTL_AS": "clerk"}, start=tmp_path)
    assert exported.operator_token == "the clerk's"


def test_names_are_kept_with_the_instance_or_in_the_users_cache(tmp_path: Path) -> None:
    folder = _instance(tmp_path)
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert settings.load(environment, start=tmp_path).cache == folder
    one, other = (
        settings.load(environment, endpoints=f"routing={host}:1", start=tmp_path).cache
        for host in ("one", "other")
    )
    assert one is not None and one.is_relative_to(tmp_path / "cache")
    assert one != other
    assert settings.load({}, endpoints="routing=one:1", start=tmp_path).cache is None


def test_two_ways_to_name_a_token_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(Problem):
        settings.load({}, acting_as="clerk", token_file=tmp_path / "t", start=tmp_path)


def test_the_token_does_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    folder = _instance(tmp_path)
    (folder / "tokens" / "clerk.jwt").write_text("secret")
    found = settings.load({"BACKSTOPCTL_FSCK_DSN": "secret"}, acting_as="clerk", start=tmp_path)
    assert "secret" not in repr(found)


@pytest.mark.parametrize("sites", [["*"], ["yuwu", "other"], []])
def test_a_token_of_no_one_site_gives_none(sites: list[str]) -> None:
    assert settings.only_site(_token(sites)) == ""


@pytest.mark.parametrize("token", ["", "a.b", "a.%%.c", "a.bm90IGpzb24.c"])
def test_a_token_that_is_none_gives_no_site(token: str) -> None:
    assert settings.only_site(token) == ""


def test_endpoints_may_be_json() -> None:
    assert settings.parse_endpoints('{"sla": "h:9"}') == {"sla": "h:9"}


@pytest.mark.parametrize("text", ["intake", "desk=a:1", "{nonsense"])
def test_endpoints_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        settings.parse_endpoints(text)
    assert caught.value.field == "BACKSTOPCTL_ENDPOINTS"


def test_a_line_that_is_not_a_setting_is_refused_with_its_number(tmp_path: Path) -> None:
    _instance(tmp_path, text="# fine\n\nexport BACKSTOPCTL_SITE='yuwu'\noops\n")
    with pytest.raises(Problem, match="4"):
        settings.load({}, start=tmp_path)

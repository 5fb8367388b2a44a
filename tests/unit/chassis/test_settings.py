"""Settings are refused early, in words, and never show a password."""

import base64
from pathlib import Path
from typing import Any

import pytest

from chassis.settings import (
    ServiceSettings,
    SettingsError,
    is_loopback,
    load_settings,
    read_key,
)

DSN = "postgresql://backstop_intake_app:geheim@127.0.0.1:7122/backstop"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("BACKSTOP_"):
            monkeypatch.delenv(name)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> ServiceSettings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings(ServiceSettings, "intake")


def test_reads_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        BACKSTOP_APP_DSN=DSN,
        BACKSTOP_PEERS='{"routing": "127.0.0.1:7102"}',
        BACKSTOP_REFLECTION="true",
    )
    assert settings.app_dsn.get_secret_value() == DSN
    assert settings.peers == {"routing": "127.0.0.1:7102"}
    assert settings.reflection


def test_unknown_variable_is_refused_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, BACKSTOP_GRCP_ADDRESS="127.0.0.1:7101")
    assert str(caught.value) == (
        "BACKSTOP_GRCP_ADDRESS is not a setting of intake; did you mean BACKSTOP_GRPC_ADDRESS?"
    )


def test_variables_of_others_are_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, BACKSTOPCTL_AS="dispatcher", GRPC_ADDRESS="x").pool_size == 8


def test_secret_files_stand_in_for_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "app_dsn").write_text(f"{DSN}\n")
    (tmp_path / "peers").write_text('{"sla": "127.0.0.1:7103"}')
    (tmp_path / "unrelated").write_text("x")
    settings = load(monkeypatch, BACKSTOP_SECRETS_DIR=str(tmp_path))
    assert settings.app_dsn.get_secret_value() == DSN
    assert settings.peers == {"sla": "127.0.0.1:7103"}


def test_variable_wins_over_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "log_level").write_text("error")
    settings = load(monkeypatch, BACKSTOP_SECRETS_DIR=str(tmp_path), BACKSTOP_LOG_LEVEL="debug")
    assert settings.log_level == "debug"


def test_missing_secrets_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BACKSTOP_SECRETS_DIR is not a folder"):
        load(monkeypatch, BACKSTOP_SECRETS_DIR=str(tmp_path / "absent"))


def test_no_password_is_ever_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        BACKSTOP_APP_DSN=DSN,
        BACKSTOP_AMQP_URL="amqp://backstop:geheim@127.0.0.1:7122/backstop",
        BACKSTOP_AMQP_MANAGEMENT_URL="http://backstop:geheim@127.0.0.1:7125",
    )
    assert "geheim" not in repr(settings)
    assert "geheim" not in str(settings.model_dump())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BACKSTOP_POOL_SIZE", "geheim"),
        ("BACKSTOP_POOL_SIZE", "0"),
        ("BACKSTOP_LOG_FORMAT", "geheim"),
        ("BACKSTOP_GRPC_ADDRESS", "localhost"),
        ("BACKSTOP_TLS_CERT_FILE", "/cert.pem"),
        ("BACKSTOP_PEERS", '{"sla": "nowhere"}'),
    ],
)
def test_bad_value_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **{name: value})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("address", ["0.0.0.0:7101", "10.0.0.5:7101", "[::]:7101", "intake:7101"])
def test_open_address_needs_tls_or_consent(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    with pytest.raises(SettingsError, match="not a loopback address"):
        load(monkeypatch, BACKSTOP_GRPC_ADDRESS=address)
    agreed = load(monkeypatch, BACKSTOP_ALLOW_PLAINTEXT="true")
    assert agreed.grpc_address == address


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.8.8.8:1"])
def test_loopback_addresses(address: str) -> None:
    assert is_loopback(address)


def test_require_names_everything_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, BACKSTOP_APP_DSN=DSN)
    settings.require("app_dsn", "grpc_address")
    with pytest.raises(SettingsError, match="BACKSTOP_WORKER_DSN, BACKSTOP_TRUST_FILE"):
        settings.require("app_dsn", "worker_dsn", "trust_file")


@pytest.mark.parametrize(
    "content", [b"", b"short", base64.b64encode(b"x" * 31), b"\xff" * 44, b"!" * 44]
)
def test_key_file_of_another_form_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError):
        read_key(tmp_path / "key", "pepper_file")


def test_key_file_is_read(tmp_path: Path) -> None:
    key = bytes(range(32))
    (tmp_path / "key").write_bytes(base64.b64encode(key) + b"\n")
    assert read_key(tmp_path / "key", "pepper_file") == key


def test_a_services_own_settings_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings(ServiceSettings):
        mailbox_dir: str = ""

    monkeypatch.setenv("BACKSTOP_MAILBOX_DIR", "/m")
    loaded: Any = load_settings(Settings, "notify")
    assert loaded.mailbox_dir == "/m"
    with pytest.raises(SettingsError, match="BACKSTOP_MAILBOX_DIR is not a setting of intake"):
        load_settings(ServiceSettings, "intake")
